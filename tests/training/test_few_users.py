"""The inverse by way of the users against NumPy's, and where it is taken."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array, random_array

import training.few_users
import training.gram
import training.inverse
from training.few_users import minus_inverse, panels, worth_it
from zoo.errors import ModelError

L2 = 2.0
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Panels, strips and leaves that a small matrix needs many of; and what was not written yet is no number."""
    monkeypatch.setattr(torch, "empty", lambda *shape, **options: torch.full(shape, torch.nan, **options))
    monkeypatch.setattr(training.few_users, "PANEL", 4)
    monkeypatch.setattr(training.few_users, "STRIP", 3)
    monkeypatch.setattr(training.gram, "STRIP", 5)
    monkeypatch.setattr(training.gram, "LEAF", {"cpu": 3})
    monkeypatch.setattr(training.inverse, "BLOCK", {"cpu": 4})


def drawn(n_users, n_items):
    X = random_array((n_users, n_items), density=0.3, format="csr", rng=np.random.default_rng(n_users))
    X.data = np.ceil(3 * X.data).astype(np.float32)
    return csr_array(X)


@pytest.mark.parametrize("mkl", [True, False])
@pytest.mark.parametrize("shape", [(0, 3), (1, 2), (1, 9), (6, 7), (13, 14), (9, 23), (18, 23)])
@pytest.mark.parametrize(("dtype", "off"), [(torch.float64, 1e-13), (torch.float32, 1e-5)])
def test_it_is_the_inverse_of_the_items_gram_matrix(mkl, shape, dtype, off, monkeypatch):
    if not mkl:
        monkeypatch.setattr(torch.backends.mkl, "is_available", lambda: False)
    X = drawn(*shape)
    dense = X.toarray().astype(np.float64)
    found = minus_inverse(X, L2, dtype)
    assert found.dtype == dtype
    expected = -np.linalg.inv(dense.T @ dense + L2 * np.eye(shape[1]))
    np.testing.assert_allclose(np.tril(found.numpy()), np.tril(expected), atol=off)


def test_it_tells_how_many_of_the_users_columns_are_done():
    told = []
    minus_inverse(drawn(9, 23), L2, torch.float32, lambda done, total: told.append((done, total)))
    assert told == [(4, 9), (8, 9), (9, 9)]


def test_what_is_not_positive_definite_is_refused():
    with pytest.raises(ModelError, match="not positive definite in float32"):
        minus_inverse(csr_array(np.full((2, 3), 1e4, dtype=np.float32)), 1e-9, torch.float32)


def test_it_is_taken_for_few_users_on_a_processor():
    assert worth_it(80, 100, CPU)
    assert not worth_it(81, 100, CPU)
    assert not worth_it(10, 100, torch.device("cuda"))


def test_beside_the_square_lie_panels_of_some_users_only():
    assert panels(9, 23) == (9 + 23 + 23) * 4
    assert panels(2, 23) == (2 + 23 + 23) * 2
