"""The multinomial likelihood with its gradient written where the scores were."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from training.losses import LOSSES, negative_log_likelihood, reconstruction_loss

RNG = np.random.default_rng(0)
X = csr_array((RNG.random((7, 11)) < 0.4) * RNG.integers(1, 4, (7, 11)).astype(np.float32))  # counts
DENSE = torch.from_numpy(X.toarray())
HIDDEN, W, b = (torch.randn(*shape, generator=torch.Generator().manual_seed(1)) for shape in ((7, 5), (5, 11), (11,)))
UPSTREAM = torch.arange(1.0, 8.0)  # another weight for each user


def gradients(loss_of):
    """Of the weighted losses of the users, by what stands before the scores."""
    inputs = [part.clone().requires_grad_() for part in (HIDDEN, W, b)]
    scores = torch.addmm(inputs[2], inputs[0], inputs[1])
    loss = loss_of(scores)
    (loss * UPSTREAM).sum().backward()
    return loss.detach(), [part.grad for part in inputs], scores.detach()


def dense(scores):
    return -(DENSE * scores.log_softmax(dim=1)).sum(dim=1)


@pytest.mark.parametrize("in_place", [False, True])
def test_loss_and_gradient_are_those_of_the_dense_target(in_place):
    loss, found, _ = gradients(lambda scores: negative_log_likelihood(scores, X, in_place))
    expected_loss, expected, _ = gradients(dense)
    torch.testing.assert_close(loss, expected_loss)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_scores_are_left_alone_unless_they_may_be_overwritten():
    scores = HIDDEN @ W
    before = scores.clone()
    negative_log_likelihood(scores, X)
    assert torch.equal(scores, before)
    negative_log_likelihood(scores, X, in_place=True)
    torch.testing.assert_close(scores, before.softmax(dim=1))


def test_in_place_the_gradient_lies_where_the_scores_were():
    kept = []
    inputs = HIDDEN.clone().requires_grad_()
    scores = inputs @ W
    scores.register_hook(kept.append)
    negative_log_likelihood(scores, X, in_place=True).sum().backward()
    assert kept[0].data_ptr() == scores.data_ptr()


def test_a_gradient_that_was_written_over_the_softmax_is_not_given_twice():
    scores = HIDDEN.clone().requires_grad_() @ W
    loss = negative_log_likelihood(scores, X).sum()
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="asked for once"):
        loss.backward()


def test_scores_far_apart_have_finite_losses_and_gradients():
    """e^-200 is no float32: the chosen item's softmax is 0, its loss is 200."""
    scores = torch.tensor([[0.0, -200.0], [300.0, 0.0]]).requires_grad_()
    x = csr_array(np.array([[0, 1], [0, 1]], dtype=np.float32))
    loss = negative_log_likelihood(scores, x)
    torch.testing.assert_close(loss.detach(), torch.tensor([200.0, 300.0]))
    loss.sum().backward()
    torch.testing.assert_close(scores.grad, torch.tensor([[1.0, -1.0], [1.0, -1.0]]))


def test_scores_in_bfloat16_have_gradients_of_their_kind():
    scores = (HIDDEN @ W).bfloat16().requires_grad_()
    loss = negative_log_likelihood(scores, X)
    torch.testing.assert_close(loss.detach(), dense(HIDDEN @ W), rtol=2e-2, atol=0.1)
    loss.sum().backward()
    assert scores.grad.dtype == torch.bfloat16
    expected = DENSE.sum(dim=1, keepdim=True) * (HIDDEN @ W).softmax(dim=1) - DENSE
    torch.testing.assert_close(scores.grad.float(), expected, rtol=5e-2, atol=5e-2)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_user_without_choices_has_a_loss_too(loss):
    empty = csr_array((1, 11), dtype=np.float32)
    expected = {"multinomial": 0.0, "bce": float(torch.log1p((HIDDEN @ W)[:1].exp()).sum()),
                "mse": float((HIDDEN @ W)[:1].square().sum())}[loss]  # fmt: skip
    assert float(reconstruction_loss(loss, (HIDDEN @ W)[:1], empty)[0]) == pytest.approx(expected, rel=1e-5)
