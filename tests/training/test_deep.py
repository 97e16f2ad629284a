"""What the deep autoencoders share."""

import dataclasses

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from torch.nn import functional as F

from training import autoencoder, deep, denoising, variational
from training.losses import negative_log_likelihood
from training.model import Run
from training.updates import adam

N_ITEMS = 9
X = csr_array((np.random.default_rng(0).random((12, N_ITEMS)) < 0.4).astype(np.float32))
SCORES = torch.randn(12, N_ITEMS, generator=torch.Generator().manual_seed(0))
DENSE = torch.from_numpy(X.toarray())
MODULES = {"autoencoder": autoencoder, "denoising": denoising, "variational": variational}
every_model = pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)


def quick(module, **settings):
    return module.Config(**({"hidden": 8, "n_factors": 4, "batch_size": 5, "n_epochs": 3} | settings))


def fitted(module, X=X, seed=0, **settings):
    return module.fit(X, quick(module, **settings), Run(seed=seed)).scorer


def history(*columns):
    """A history as the scorer takes it, with two columns of padding."""
    items = torch.tensor([[*columns, N_ITEMS, N_ITEMS]])
    return items, torch.ones(items.shape)


def test_the_multinomial_likelihood_is_that_of_the_dense_target():
    expected = -(DENSE * SCORES.log_softmax(dim=1)).sum(dim=1)
    torch.testing.assert_close(deep.reconstruction_loss("multinomial", SCORES, X), expected)


def test_the_multinomial_likelihood_is_that_of_shares_that_sum_to_one():
    """Adding the same number to every score of a user changes nothing; raising one item's score lowers the others'."""
    shifted = SCORES + torch.arange(12.0)[:, None]
    torch.testing.assert_close(
        negative_log_likelihood(shifted, X), negative_log_likelihood(SCORES, X), rtol=1e-5, atol=1e-4
    )
    scores = SCORES.clone().requires_grad_()
    negative_log_likelihood(scores, X).sum().backward()
    n_chosen = DENSE.sum(dim=1, keepdim=True)
    torch.testing.assert_close(scores.grad, n_chosen * SCORES.softmax(dim=1) - DENSE)


def test_bce_is_that_of_the_dense_target():
    expected = F.binary_cross_entropy_with_logits(SCORES, DENSE, reduction="none").sum(dim=1)
    torch.testing.assert_close(deep.reconstruction_loss("bce", SCORES, X), expected)


def test_mse_is_that_of_the_dense_target_counts_too():
    expected = (SCORES - 3 * DENSE).square().sum(dim=1)
    torch.testing.assert_close(deep.reconstruction_loss("mse", SCORES, 3 * X), expected)


@pytest.mark.parametrize("loss", deep.LOSSES)
def test_the_first_scores_are_the_best_that_tell_nobody_apart(loss):
    model = autoencoder.Autoencoder(N_ITEMS, 8, 4)
    model.start_at_popularity(X, loss)
    start = model.to_items.bias.detach()
    counts = DENSE.sum(dim=0)
    assert torch.equal(start.argsort(descending=True, stable=True), counts.argsort(descending=True, stable=True))
    bias = start.clone().requires_grad_()
    deep.reconstruction_loss(loss, bias.expand(12, -1), X).mean().backward()
    assert bias.grad.abs().max() < 0.05 * DENSE.sum(dim=1).mean()  # next to a minimum: the + 1 moves it a little


@pytest.mark.parametrize("loss", deep.LOSSES)
def test_items_that_nobody_or_everybody_chose_start_at_finite_scores(loss):
    all_or_none = csr_array(np.tile(np.array([[1, 0, 1, 0]], dtype=np.float32), (5, 1)))
    model = autoencoder.Autoencoder(4, 8, 4)
    model.start_at_popularity(3 * all_or_none, loss)
    assert model.to_items.bias.isfinite().all()


@every_model
def test_serving_gives_what_training_validates(module):
    scorer = fitted(module)
    for row in range(3):
        x = X[[row]]
        scores = scorer(*history(*x.indices.tolist()))[0]
        torch.testing.assert_close(scores, scorer.reconstruct(x))


@every_model
def test_a_new_user_is_answered_without_retraining(module):
    scorer = fitted(module)
    before = {name: weight.clone() for name, weight in scorer.state_dict().items()}
    profile = next(p for p in ([0, 5], [1, 6], [2, 7]) if not (X[:, p].toarray().all(axis=1)).all())
    scores = scorer(*history(*profile))[0]
    assert scores.shape == (1, N_ITEMS)
    assert scores.isfinite().all()
    assert all(torch.equal(before[name], weight) for name, weight in scorer.state_dict().items())


@every_model
def test_a_longer_history_of_somebody_known_is_answered_without_retraining(module):
    scorer = fitted(module)
    known = X[[0]].indices.tolist()
    new = next(item for item in range(N_ITEMS) if item not in known)
    before, after = scorer(*history(*known))[0], scorer(*history(*known, new))[0]
    assert not torch.allclose(before, after)


@every_model
def test_the_order_of_a_history_and_its_padding_do_not_matter(module):
    scorer = fitted(module)
    torch.testing.assert_close(scorer(*history(4, 0, 7))[0], scorer(*history(0, N_ITEMS, 4, 7))[0])


@every_model
def test_an_empty_history_has_finite_scores(module):
    scores, *codes = fitted(module)(torch.zeros(2, 0, dtype=torch.int64), torch.zeros(2, 0))
    assert scores.isfinite().all()
    assert all(code.isfinite().all() for code in codes)


@every_model
def test_the_same_seed_gives_the_same_weights(module):
    first, again, other = (fitted(module, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["table"], other["table"])


@every_model
def test_users_without_a_history_are_not_trained_on(module):
    with_empty = csr_array(np.vstack([np.zeros((3, N_ITEMS), dtype=np.float32), X.toarray()]))
    first, again = (fitted(module, X=data).state_dict() for data in (X, with_empty))
    assert all(torch.equal(first[name], again[name]) for name in first)


@every_model
def test_weight_decay_makes_matrices_smaller(module):
    free, held = (fitted(module, l2=l2, learning_rate=0.01) for l2 in (0.0, 10.0))
    for name in ("table", "to_code.weight", "from_code.weight", "to_items.weight"):
        assert held.state_dict()[name].norm() < free.state_dict()[name].norm()


def test_weight_decay_leaves_biases_alone():
    model = autoencoder.Autoencoder(N_ITEMS, 8, 4)
    model.start_at_popularity(X)
    before = model.to_items.bias.detach().clone()
    for weight in model.parameters():
        weight.grad = torch.zeros_like(weight)
    table = model.table.detach().clone()
    adam(list(model.parameters()), learning_rate=0.1, l2=1.0).step()
    assert torch.equal(model.to_items.bias, before)
    torch.testing.assert_close(model.table.detach(), 0.9 * table)  # 1 - learning_rate * l2


@every_model
def test_what_is_served_is_the_running_mean_of_the_weights(module):
    """With decay 0 it is the last weights; with a decay near 1 it stays near those after the first update."""
    last, slow = (fitted(module, averaging=decay, learning_rate=0.05) for decay in (0.0, 0.9999))
    first = fitted(module, averaging=0.0, learning_rate=0.05, n_epochs=1, batch_size=12)
    assert not torch.allclose(last.to_items.bias, slow.to_items.bias, atol=0.01)
    assert (slow.to_items.bias - first.to_items.bias).abs().max() < (
        last.to_items.bias - first.to_items.bias
    ).abs().max()


@pytest.mark.parametrize(
    ("n_users", "asked", "expected"), [(30, 7, 7), (488, 0, 100), (10_000, 0, 200), (10**6, 0, 500)]
)
def test_the_size_of_a_batch_follows_the_number_of_users(n_users, asked, expected):
    assert deep.users_per_update(n_users, asked) == expected


def test_a_smaller_last_batch_is_an_update_too():
    assert deep.updates_per_epoch(488, 0) == 5
    assert deep.updates_per_epoch(500, 0) == 5


@every_model
def test_every_config_has_what_the_loop_reads(module):
    names = {field.name for field in dataclasses.fields(module.Config)}
    assert names >= {"learning_rate", "l2", "averaging", "batch_size", "n_epochs", "patience", "precision", "n_sampled"}


@pytest.mark.parametrize(("name", "on_gpu"), [("float32", "highest"), ("tf32", "high"), ("bfloat16", "high")])
@pytest.mark.filterwarnings("ignore:.*CUDA is not available")
def test_precision_is_that_of_the_gpu_within_the_block_only(name, on_gpu):
    before = torch.get_float32_matmul_precision()
    with deep.precision(name, torch.device("cuda")):
        assert torch.get_float32_matmul_precision() == on_gpu
    assert torch.get_float32_matmul_precision() == before
    with deep.precision(name, torch.device("cpu")):
        assert torch.get_float32_matmul_precision() == before
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


@every_model
def test_on_the_cpu_the_precision_changes_nothing(module):
    exact, rounded = (fitted(module, precision=name).state_dict() for name in ("float32", "bfloat16"))
    assert all(torch.equal(exact[name], rounded[name]) for name in exact)
