"""X^T X in one square of memory, against NumPy."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array, random_array

import training.gram
from training.gram import add_product, gram, largest_eigenvalue, product, residual

CPU = torch.device("cpu")


@pytest.fixture
def X():
    """50 users, 23 items, counts of 1 to 3."""
    X = random_array((50, 23), density=0.2, format="csr", rng=np.random.default_rng(0))
    X.data = np.ceil(3 * X.data).astype(np.float32)
    return csr_array(X)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Strips and leaves that a small matrix needs many of."""
    monkeypatch.setattr(training.gram, "STRIP", 5)
    monkeypatch.setattr(training.gram, "LEAF", {"cpu": 3})
    monkeypatch.setattr(training.gram, "DENSE_BYTES", 4 * 23 * 7)  # seven users


@pytest.mark.parametrize("mkl", [True, False])
def test_the_gram_matrix_is_the_product_plus_l2(X, mkl, monkeypatch):
    if not mkl:
        monkeypatch.setattr(torch.backends.mkl, "is_available", lambda: False)
    G = gram(X, 2.0, CPU).numpy()
    dense = X.toarray()
    np.testing.assert_array_equal(np.tril(G), np.tril(dense.T @ dense + 2.0 * np.eye(23)))


def test_float64_is_kept(X):
    assert gram(X, 1e-9, CPU, torch.float64)[0, 0] - 1e-9 == X[:, [0]].power(2).sum()


@pytest.mark.parametrize("weight", [1.0, 0.3])
def test_a_gpu_multiplies_users_laid_out_densely(X, weight):
    """The same code on a processor: what differs on a GPU is only the precision that it may choose."""
    X.data *= weight
    G = torch.full((23, 23), torch.nan)
    training.gram._dense_products(X, G)
    dense = X.toarray()
    np.testing.assert_allclose(np.tril(G.numpy()), np.tril(dense.T @ dense), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("weight", "allowed"), [(1.0, True), (2047.0, True), (0.3, False), (5000.5, False)])
def test_tensor_cores_are_used_only_where_they_are_exact(weight, allowed, monkeypatch):
    seen = []
    monkeypatch.setattr(training.gram, "add_product", lambda *given: seen.append(torch.backends.cuda.matmul.allow_tf32))
    before = torch.backends.cuda.matmul.allow_tf32
    training.gram._dense_products(csr_array(np.full((2, 3), weight, dtype=np.float32)), torch.empty(3, 3))
    assert seen == [allowed]
    assert torch.backends.cuda.matmul.allow_tf32 == before


def test_sparse_times_sparse_is_the_product(X):
    other = csr_array(X[:23, :].T.tocsr())  # [23, 23]
    np.testing.assert_array_equal(product(X, other).numpy(), X.toarray() @ other.toarray())


def test_a_product_is_added_to_the_lower_triangle_only():
    rng = np.random.default_rng(0)
    G, A, B = rng.random((23, 23)), rng.random((23, 4)), rng.random((23, 4))
    found = torch.from_numpy(G.copy())
    add_product(found, torch.from_numpy(A), torch.from_numpy(B), -2.0)
    np.testing.assert_allclose(np.tril(found.numpy()), np.tril(G - 2.0 * A @ B.T), rtol=1e-12)
    np.testing.assert_array_equal(found.numpy()[:11, 12:], G[:11, 12:])  # above the middle: not touched


def test_the_largest_eigenvalue_comes_from_below(X):
    dense = X.toarray()
    true = np.linalg.eigvalsh(dense.T @ dense)[-1]
    assert 0.95 * true <= largest_eigenvalue(X) <= true * (1 + 1e-9)
    assert largest_eigenvalue(csr_array((3, 4), dtype=np.float32)) == 0.0


def test_the_residual_is_what_the_inverse_misses_of_the_identity(X):
    dense = X.toarray().astype(np.float64)
    minus_P = -np.linalg.inv(dense.T @ dense + 2.0 * np.eye(23))
    lower = torch.from_numpy(np.tril(minus_P))
    assert residual(X, 2.0, lower) < 1e-12
    wrong = lower.clone()
    wrong[22, 0] += 0.5  # read by columns 0 and 22
    column = dense.T @ dense + 2.0 * np.eye(23)
    expected = max(np.abs(0.5 * column[:, 22]).max(), np.abs(0.5 * column[:, 0]).max())
    assert residual(X, 2.0, wrong) == pytest.approx(expected, rel=1e-6)
