"""The theory of EASE on small matrices, float64."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from training.ease import Config, fit, gram, inverse_in_place, weights_in_place
from training.model import Run
from zoo.errors import ModelError

L2 = 2.0


@pytest.fixture
def dense():
    """Interactions of 40 users with 7 items; item 0 is popular, item 6 nobody's."""
    X = np.random.default_rng(0).random((40, 7)) < np.linspace(0.8, 0.1, 7)
    X[:, 6] = False
    return X.astype(np.float64)


def solve(X, l2=L2):
    """S and diag(P) in float64, by the very functions that fit calls."""
    G = torch.from_numpy(X.T @ X + l2 * np.eye(X.shape[1]))
    S, P_diagonal = weights_in_place(inverse_in_place(G, block=3))
    return S.numpy(), P_diagonal.numpy()


def objective(X, S, l2=L2):
    return ((X - X @ S) ** 2).sum() + l2 * (S**2).sum()


@pytest.mark.parametrize("block", [1, 2, 3, 5, 16, 17, 100])
def test_the_blocked_sweep_is_the_inverse_for_any_block_size(block):
    A = np.random.default_rng(1).standard_normal((17, 30))
    G = A @ A.T + np.eye(17)
    swept = inverse_in_place(torch.from_numpy(G.copy()), block=block)
    np.testing.assert_allclose(np.tril(-swept.numpy()), np.tril(np.linalg.inv(G)), rtol=1e-10, atol=1e-12)


def test_the_sweep_reads_the_lower_triangle_only():
    A = np.random.default_rng(2).standard_normal((6, 9))
    G = A @ A.T + np.eye(6)
    spoilt = G.copy()
    spoilt[:2, 2:] = np.nan  # above the diagonal blocks of size 2
    spoilt[2:4, 4:] = np.nan
    swept = inverse_in_place(torch.from_numpy(spoilt), block=2)
    np.testing.assert_allclose(np.tril(-swept.numpy()), np.tril(np.linalg.inv(G)), rtol=1e-10)


def test_the_sweep_works_in_the_memory_it_was_given():
    G = torch.eye(5, dtype=torch.float64)
    assert inverse_in_place(G, block=2).data_ptr() == G.data_ptr()


def test_the_gram_matrix_is_the_product_plus_l2(dense):
    G = gram(csr_array(dense.astype(np.float32)), L2, torch.device("cpu")).numpy()
    np.testing.assert_array_equal(np.tril(G), np.tril(dense.T @ dense + L2 * np.eye(7)))


def test_the_gradient_vanishes_off_the_diagonal(dense):
    S, P_diagonal = solve(dense)
    gradient = 2 * dense.T @ (dense @ S - dense) + 2 * L2 * S
    off = ~np.eye(7, dtype=bool)
    np.testing.assert_allclose(gradient[off], 0.0, atol=1e-10)
    np.testing.assert_allclose(np.diag(gradient), -2 * (1 / P_diagonal - L2), atol=1e-10)  # held by the multipliers


def test_no_item_recommends_itself(dense):
    S, _ = solve(dense)
    assert (np.diag(S) == 0).all()


def test_it_equals_least_squares_without_the_own_column(dense):
    S, _ = solve(dense)
    for j in range(7):
        others = np.delete(np.arange(7), j)
        X = np.vstack([dense[:, others], np.sqrt(L2) * np.eye(6)])  # ridge regression as plain least squares
        y = np.concatenate([dense[:, j], np.zeros(6)])
        np.testing.assert_allclose(S[others, j], np.linalg.lstsq(X, y, rcond=None)[0], atol=1e-10)


def test_the_multipliers_add_up_to_the_least_objective(dense):
    S, P_diagonal = solve(dense)
    assert (1 / P_diagonal - L2).sum() == pytest.approx(objective(dense, S), rel=1e-10)


def test_without_the_constraint_the_identity_would_win(dense):
    """Why diag(S) = 0 is needed: the best S without it recommends what one already has."""
    G = dense.T @ dense
    free = np.linalg.solve(G + 1e-9 * np.eye(7), G)
    np.testing.assert_allclose(free[:6, :6], np.eye(6), atol=1e-6)


def test_a_large_l2_leaves_nothing(dense):
    S, _ = solve(dense, l2=1e12)
    assert np.abs(S).max() < 1e-9


def test_fit_gives_the_same_in_float32_and_says_its_objective(dense):
    S, _ = solve(dense)
    fitted = fit(csr_array(dense.astype(np.float32)), Config(l2=L2), Run())
    np.testing.assert_allclose(fitted.scorer.S.numpy(), S, atol=1e-5)
    assert fitted.details["objective"] == pytest.approx(objective(dense, S), rel=1e-4)


def test_fit_tells_how_many_columns_are_done(dense):
    steps = []
    fit(csr_array(dense.astype(np.float32)), Config(l2=L2), Run(progress=steps.append))
    assert [(step.done, step.total) for step in steps] == [(7, 7)]


def test_a_matrix_that_is_not_positive_definite_is_refused():
    with pytest.raises(ModelError, match="larger l2"):
        inverse_in_place(torch.tensor([[1.0, 0.0], [2.0, 1.0]], dtype=torch.float64))
