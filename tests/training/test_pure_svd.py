import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from training.model import Run
from training.pure_svd import Config, fit, right_singular_vectors
from zoo.errors import ModelError


def random_interactions(n_users, n_items, share=0.3, seed=0):
    return csr_array((np.random.default_rng(seed).random((n_users, n_items)) < share).astype(np.float32))


SMALL = random_interactions(30, 12)  # K = 4: the exact way
LARGE = random_interactions(120, 90)  # K = 4: Lanczos
both_ways = pytest.mark.parametrize("X", [SMALL, LARGE], ids=["exact", "Lanczos"])


@both_ways
def test_S_is_a_symmetric_projection_of_rank_K(X):
    V, _ = right_singular_vectors(X, 4, seed=0)
    S = V @ V.T
    np.testing.assert_allclose(S, S.T, atol=1e-12)
    np.testing.assert_allclose(S @ S, S, atol=1e-12)
    assert np.linalg.matrix_rank(S) == 4


@both_ways
def test_nothing_of_rank_K_is_nearer_to_the_data(X):
    V, s = right_singular_vectors(X, 4, seed=0)
    dense = X.toarray().astype(np.float64)
    all_singular = np.linalg.svd(dense, compute_uv=False)
    np.testing.assert_allclose(s, all_singular[:4], rtol=1e-10)
    residual = ((dense - dense @ V @ V.T) ** 2).sum()
    assert residual == pytest.approx((all_singular[4:] ** 2).sum(), rel=1e-10)  # Eckart-Young


def test_a_tied_linear_autoencoder_trained_to_the_end_spans_the_same_subspace():
    X = torch.from_numpy(SMALL.toarray()).double()
    W = torch.randn(12, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64).mul_(0.1).requires_grad_()
    optimizer = torch.optim.LBFGS(
        [W], max_iter=500, tolerance_grad=1e-12, tolerance_change=1e-15, line_search_fn="strong_wolfe"
    )

    def loss():
        optimizer.zero_grad()
        value = (X - X @ W @ W.T).square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    V, _ = right_singular_vectors(SMALL, 4, seed=0)
    np.testing.assert_allclose((W @ W.T).detach().numpy(), V @ V.T, atol=1e-5)


@both_ways
def test_the_sign_is_fixed(X):
    V, _ = right_singular_vectors(X, 4, seed=0)
    again, _ = right_singular_vectors(X, 4, seed=1)  # another start of Lanczos
    assert (V[np.abs(V).argmax(axis=0), np.arange(4)] > 0).all()
    np.testing.assert_allclose(V, again, atol=1e-8)


def test_scores_are_the_history_times_S():
    fitted = fit(SMALL, Config(n_factors=4), Run())
    V, _ = right_singular_vectors(SMALL, 4, seed=0)
    scores, embedding = fitted.scorer(torch.tensor([[2, 5]]), torch.ones(1, 2))
    np.testing.assert_allclose(scores[0].numpy(), (V @ V.T)[[2, 5]].sum(axis=0), atol=1e-6)
    np.testing.assert_allclose(embedding[0].numpy(), V[[2, 5]].sum(axis=0), atol=1e-6)


def test_users_without_a_history_change_nothing():
    held_out = csr_array(np.vstack([SMALL.toarray(), np.zeros((50, 12), dtype=np.float32)]))
    assert torch.equal(fit(held_out, Config(), Run()).scorer.W_in, fit(SMALL, Config(), Run()).scorer.W_in)


def test_directions_without_data_are_left_out_and_the_rank_is_told():
    board = csr_array((np.add.outer(np.arange(10), np.arange(8)) % 2 == 0).astype(np.float32))
    fitted = fit(board, Config(n_factors=5), Run())
    assert fitted.details["rank"] == 2
    assert fitted.details["explained"] == pytest.approx(1.0)
    assert fitted.scorer.W_in.shape == (8, 2)


def test_more_factors_than_the_data_allow_are_refused_with_the_most_that_they_do():
    with pytest.raises(ModelError, match=r"13 factors in \d+ users and 12 items; set n_factors to at most 12"):
        fit(SMALL, Config(n_factors=13), Run())


def test_the_default_is_a_fifth_of_the_smaller_side():
    assert fit(SMALL, Config(), Run()).scorer.W_in.shape == (12, 3)
