"""What is known of linear autoencoders, shown on a small matrix in float64: S = W_in W_out, [I, K] times [K, I].

X [U, I], G = X^T X = V diag(d^2) V^T. The optimum is found by gradients from a random start, then compared with what
theory says it is. With l2 on both factors, why they are each other's transpose (A = W_in, B = W_out^T):

    both gradients vanish:  l2 A = G (B - A B^T B)     l2 B = G A - B A^T G A     hence A^T A = B^T B = H
    M = A^T G A, P = l2 I + M:  B P = G A, A^T B = M P^-1 = I - l2 P^-1, and with G^+ the pseudo-inverse of G
        l2 A^T G^+ A = A^T B - H^2 >= 0               so H^2 <= A^T B < I, hence E = I - H > 0
        (A - B)^T (A - B) = 2 (l2 P^-1 - E) >= 0      so F = P^1/2 E P^1/2 / l2 <= I
        (A - B)^T G (A - B) = E P E - l2^2 P^-1 >= 0  so F^2 >= I
    0 < F <= I and F^2 >= I leave F = I: (A - B)^T (A - B) = 0, A = B.
"""

import numpy as np
import pytest
import torch

from training.asymmetric_svd import asymmetry

N_ITEMS, K = 7, 3
X = (np.random.default_rng(0).random((40, N_ITEMS)) < np.linspace(0.8, 0.2, N_ITEMS)).astype(np.float64)
G = X.T @ X
_, D, VT = np.linalg.svd(X, full_matrices=False)
V = VT.T  # [I, I]; G is invertible, and no two of D are equal
L2 = 4.0


def optimum(objective, n_factors=K, seed=0):
    """W_in and W_out at a minimum of objective(W_in, W_out)."""
    start = torch.randn(2, N_ITEMS, n_factors, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    A, B = (0.3 * W for W in start)
    A.requires_grad_()
    B.requires_grad_()
    tight = {"max_iter": 5000, "max_eval": 20_000, "tolerance_grad": 1e-11, "tolerance_change": 1e-16}
    optimizer = torch.optim.LBFGS([A, B], history_size=50, line_search_fn="strong_wolfe", **tight)

    def value():
        optimizer.zero_grad()
        found = objective(A, B.T)
        found.backward()
        return found

    optimizer.step(value)
    assert max(A.grad.abs().max(), B.grad.abs().max()) < 1e-5  # it did arrive
    return A.detach(), B.detach().T


def squared(S, data=X):
    x = torch.from_numpy(data)
    return (x - x @ S).square().sum()


def on_both(A, B, l2=L2):
    return squared(A @ B) + l2 * (A.square().sum() + B.square().sum())


def on_the_product(A, B):
    return squared(A @ B) + L2 * (A @ B).square().sum()


def under_dropout(A, B, p=0.5):
    """The expected squared error when a share p of the input is dropped and the rest divided by 1 - p."""
    popularity = torch.from_numpy(np.diag(G).copy())
    return squared(A @ B) + p / (1 - p) * (popularity * (A @ B).square().sum(dim=1)).sum()


def softmax(A, B):
    x = torch.from_numpy(X[X.any(axis=1)])
    scores = x / x.norm(dim=1, keepdim=True) @ A @ B
    return -(x * scores.log_softmax(dim=1)).sum() + 0.1 * (A.square().sum() + B.square().sum())


def test_free_matrices_on_squared_error_are_pure_svd():
    A, B = optimum(lambda A, B: squared(A @ B))
    assert float(squared(A @ B)) == pytest.approx((D[K:] ** 2).sum(), rel=1e-9)  # Eckart-Young
    np.testing.assert_allclose((A @ B).numpy(), V[:, :K] @ V[:, :K].T, atol=1e-5)
    assert asymmetry(A, B) < 1e-5
    assert not np.allclose(A.numpy(), B.numpy().T, atol=0.1)  # only the product is determined: A R, R^-1 B is as good


def test_with_fewer_users_than_items_what_nobody_chose_is_free():
    few = X[:4]  # rank 4 of 7
    V_few = np.linalg.svd(few, full_matrices=False)[2].T
    S = V_few @ V_few.T
    N = np.linalg.svd(few)[2][4:].T @ np.random.default_rng(1).standard_normal((3, N_ITEMS))  # few N = 0
    np.testing.assert_allclose(few @ (S + N), few @ S, atol=1e-12)
    assert np.linalg.norm(N - N.T) > 1.0  # as good, and not symmetric


@pytest.mark.parametrize("seed", range(3))
def test_l2_on_both_matrices_ties_them_and_shrinks_the_directions(seed):
    A, B = optimum(on_both, seed=seed)
    np.testing.assert_allclose(A.numpy(), B.numpy().T, atol=1e-5)
    kept = np.maximum(0.0, 1.0 - L2 / D[:K] ** 2)
    np.testing.assert_allclose((A @ B).numpy(), V[:, :K] @ np.diag(kept) @ V[:, :K].T, atol=1e-5)


def test_l2_on_both_matrices_leaves_weak_directions_out():
    l2 = (D[3] ** 2 + D[4] ** 2) / 2
    A, B = optimum(lambda A, B: on_both(A, B, l2), n_factors=N_ITEMS)
    kept = np.maximum(0.0, 1.0 - l2 / D**2)
    assert np.count_nonzero(kept) == 4
    np.testing.assert_allclose((A @ B).numpy(), V @ np.diag(kept) @ V.T, atol=1e-4)
    np.testing.assert_allclose(A.numpy(), B.numpy().T, atol=1e-4)


def test_l2_on_the_product_keeps_it_symmetric_but_does_not_tie_the_matrices():
    A, B = optimum(on_the_product)
    kept = D[:K] ** 2 / (D[:K] ** 2 + L2)
    np.testing.assert_allclose((A @ B).numpy(), V[:, :K] @ np.diag(kept) @ V[:, :K].T, atol=1e-5)
    assert not np.allclose(A.numpy(), B.numpy().T, atol=0.1)


@pytest.mark.parametrize("n_factors", [K, N_ITEMS])
def test_dropout_makes_it_asymmetric(n_factors):
    """S* = (G + L)^-1 G, and at rank K its part in the K strongest directions of S*^T (G + L) S*."""
    A, B = optimum(under_dropout, n_factors=n_factors)
    L = np.diag(np.diag(G))  # p / (1 - p) = 1
    full = np.linalg.solve(G + L, G)
    W = np.linalg.eigh(full.T @ (G + L) @ full)[1][:, -n_factors:]
    np.testing.assert_allclose((A @ B).numpy(), full @ W @ W.T, atol=1e-5)
    assert asymmetry(A, B) > 0.05


def test_dropout_of_equally_popular_items_that_are_alike_keeps_it_symmetric():
    """L = c I commutes with G: no price, no preference."""
    ring = np.eye(6) + np.roll(np.eye(6), 1, axis=1)  # every item has two users
    gram = ring.T @ ring
    S = np.linalg.solve(gram + 2 * np.eye(6), gram)
    np.testing.assert_allclose(S, S.T, atol=1e-12)


def test_softmax_makes_it_asymmetric():
    assert asymmetry(*optimum(softmax)) > 0.05


@pytest.mark.parametrize("n_factors", [N_ITEMS, 2 * N_ITEMS])
def test_overcomplete_and_unconstrained_it_learns_the_identity_and_offers_nothing_new(n_factors):
    """Why EASE wants diag(S) = 0, and others a narrow code or noise."""
    A, B = optimum(lambda A, B: squared(A @ B), n_factors=n_factors)
    np.testing.assert_allclose((A @ B).numpy(), np.eye(N_ITEMS), atol=1e-4)
    scores = X @ (A @ B).numpy()
    assert np.abs(scores[X == 0]).max() < 1e-3  # whatever one has not chosen scores nothing
