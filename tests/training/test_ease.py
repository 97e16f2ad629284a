"""The theory of EASE on small matrices, float64; what a fit predicts, checks and refuses."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

import training.ease
from training.ease import Config, fit, plan, seconds_for, weights_in_place
from training.inverse import inverse_in_place
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
    S, P_diagonal = weights_in_place(inverse_in_place(G))
    return S.numpy(), P_diagonal.numpy()


def objective(X, S, l2=L2):
    return ((X - X @ S) ** 2).sum() + l2 * (S**2).sum()


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


def test_fewer_users_than_items_give_the_same_by_way_of_the_users(dense):
    few = dense[:5]
    S, _ = solve(few)
    said = []
    fitted = fit(csr_array(few.astype(np.float32)), Config(l2=L2), Run(say=said.append))
    np.testing.assert_allclose(fitted.scorer.S.numpy(), S, atol=1e-5)
    assert said[0].startswith("float32, by way of the users, ")
    assert fitted.details["inverted"] == "X X^T + l2 I, users by users"
    assert fitted.details["objective"] == pytest.approx(objective(few, S), rel=1e-4)


def test_fit_tells_how_many_columns_are_done(dense):
    steps = []
    fit(csr_array(dense.astype(np.float32)), Config(l2=L2), Run(progress=steps.append))
    assert [(step.done, step.total) for step in steps] == [(7, 7)]


def test_a_fit_says_beforehand_what_it_will_take_and_afterwards_how_exact_it_is(dense):
    said = []
    fitted = fit(csr_array(dense.astype(np.float32)), Config(l2=L2), Run(say=said.append))
    (words,) = said
    assert re.match(r"float32, 0\.00 GiB and about 0 s ahead \(condition at most", words)
    assert fitted.details["precision"] == "float32"
    assert fitted.details["condition"] >= np.linalg.cond(dense.T @ dense + L2 * np.eye(7))
    assert fitted.details["residual"] < 1e-5


def ill(l2):
    """Two items that always go together, chosen by a thousand: without l2 nothing tells them apart."""
    X = np.random.default_rng(1).random((1000, 6)) < 0.5
    X[:, 1] = X[:, 0]
    return X.astype(np.float64), Config(l2=l2)


def test_float64_is_taken_where_float32_would_be_off():
    X, config = ill(l2=1e-4)
    S, _ = solve(X, config.l2)
    fitted = fit(csr_array(X.astype(np.float32)), config, Run())
    assert fitted.details["precision"] == "float64"
    assert fitted.scorer.S.dtype == torch.float32
    np.testing.assert_allclose(fitted.scorer.S.numpy(), S, atol=1e-5)


def test_an_inverse_that_came_out_wrong_is_refused():
    X, config = ill(l2=1e-4)
    with pytest.raises(ModelError, match=r"came out wrong|not positive definite in float32"):
        fit(csr_array(X.astype(np.float32)), replace(config, precision="float32"), Run())


def test_memory_is_predicted(dense):
    X = csr_array((20_000, 20_000), dtype=np.float32)
    single, double = (plan(X, Config(precision=kind), torch.device("cpu")).bytes for kind in ("float32", "float64"))
    assert 4 * 20_000**2 < single < 1.15 * 4 * 20_000**2
    assert 12 * 20_000**2 < double < 1.15 * 12 * 20_000**2  # and S itself, in float32


def test_few_users_are_predicted_to_take_less_time_and_hardly_more_memory():
    few, many = (plan(csr_array((n, 20_000), dtype=np.float32), Config(), torch.device("cpu")) for n in (5000, 20_000))
    assert few.seconds < many.seconds / 10
    assert 4 * 20_000**2 < few.bytes < 1.15 * 4 * 20_000**2
    assert (few.through_users, many.through_users) == (True, False)


def test_time_is_predicted_from_a_small_product(monkeypatch):
    ticks = iter([0.0, 1.0, 1.0, 3.0, 3.0, 3.5])  # three products: 1, 2 and 0.5 s
    monkeypatch.setattr(training.ease.time, "perf_counter", lambda: next(ticks))
    monkeypatch.setattr(training.ease, "PROBE", 10)
    found = seconds_for(40**3, torch.float32, torch.device("cpu"))
    assert found == pytest.approx(1.3 * 40**3 / (2 * 10**3) * 0.5)  # I^3 operations at 2 n^3 in half a second


def test_what_cannot_fit_is_refused_before_it_starts_and_alternatives_are_named(dense, monkeypatch):
    monkeypatch.setattr(training.ease, "available_bytes", lambda device: 100)
    with pytest.raises(ModelError, match=r"7 items needs .* GiB .* free\. Train ease_sparse.*--min-item"):
        fit(csr_array(dense.astype(np.float32)), Config(), Run())
    monkeypatch.setattr(training.ease, "available_bytes", lambda device: None)  # the system does not tell
    fit(csr_array(dense.astype(np.float32)), Config(), Run())
