"""X^T X of sparse rows, the positive definite matrix behind EASE, and its inverse, all in one square of memory.

Only the lower triangle is computed: a matrix product of [n, n] costs 2 n^3 operations, Gram matrix and inverse n^3.

    X^T X        a processor multiplies sparse by sparse, strip by strip of columns; a GPU lays users out densely, block
                 by block, for its products are a thousand times faster than its scattered additions
    inverse      a symmetric sweep, block after block of columns: nothing but matrix products, and no second matrix

Where users are fewer than items, training/few_users.py inverts the smaller of the two Gram matrices.
"""

import warnings
from collections.abc import Callable

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor

from zoo.errors import ModelError

STRIP = 512  # columns of X^T X at once on a processor
DENSE_BYTES = 2**30  # of users laid out densely on a GPU
LEAF = {"cpu": 256, "cuda": 1024}  # below so many rows, a triangle is not halved again: its upper half is computed too
BLOCK = {"cpu": 256, "cuda": 1024}  # columns swept at once
WIDER = ((16_384, 2.0), (8192, 1.5))  # from so many columns on, so many times: 1.5 was the fastest at 10,000 by 7 %


def gram(X: csr_array, l2: float, device: torch.device, dtype: torch.dtype = torch.float32) -> Tensor:
    """X^T X + l2 I, [I, I]: the lower triangle, and what lies above it in the blocks on the diagonal.

    What is further up is not written. X : csr [U, I]
    """
    return gram_into(torch.empty(X.shape[1], X.shape[1], device=device, dtype=dtype), X, l2)


def gram_into(G: Tensor, X: csr_array, l2: float) -> Tensor:
    """The same, in a square that is there already. Returns it."""
    if G.device.type == "cuda":
        _dense_products(X, G)
    else:
        _sparse_products(X, G)
    G.diagonal().add_(l2)
    return G


def mirror(G: Tensor) -> Tensor:
    """Writes the lower triangle of G into its upper one, strip by strip. Returns G."""
    for start in range(0, len(G), STRIP):
        stop = start + STRIP
        G[start:stop, stop:] = G[stop:, start:stop].T
        lower = G[start:stop, start:stop].tril()
        G[start:stop, start:stop] = lower + lower.tril(-1).T
    return G


def _sparse_products(X: csr_array, G: Tensor) -> None:
    items, columns = X.T.tocsr(), X.tocsc()  # X^T by row, X by column
    for start in range(0, len(G), STRIP):
        strip = columns[:, start : start + STRIP].tocsr()
        G[start:, start : start + STRIP] = product(items[start:], strip)  # rows start.. of X^T X


def product(a: csr_array, b: csr_array) -> Tensor:
    """a b, dense. MKL's is two to four times as fast as SciPy's and takes every core; not every processor has it."""
    if not torch.backends.mkl.is_available():
        return torch.from_numpy((a @ b).toarray())
    found = torch.zeros(a.shape[0], b.shape[1], dtype=torch.float32)
    return torch.addmm(found, as_tensor(a), as_tensor(b), out=found)


def as_tensor(X: csr_array, device: torch.device | None = None, kind: type[np.floating] = np.float32) -> Tensor:
    """X as torch's sparse rows, which torch calls a beta, aloud. Its indices end at 2^31 entries."""
    indices = (X.indptr.astype(np.int32), X.indices.astype(np.int32))
    parts = [torch.from_numpy(part).to(device) for part in (*indices, X.data.astype(kind))]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse", category=UserWarning)
        return torch.sparse_csr_tensor(*parts, size=X.shape, check_invariants=False)


def add_sparse_product(G: Tensor, a: csr_array, B: Tensor, alpha: float = 1.0) -> None:
    """G + alpha a B in the memory of G. a sparse [m, n]; B [n, k] and G [m, k] dense, each row in one piece."""
    if torch.backends.mkl.is_available():
        kind = np.float64 if G.dtype == torch.float64 else np.float32
        torch.addmm(G, as_tensor(a, kind=kind), B, alpha=alpha, out=G)
    else:
        G.add_(torch.from_numpy(a @ B.numpy()), alpha=alpha)


def _dense_products(X: csr_array, G: Tensor) -> None:
    """The products of small whole numbers are exact in TF32 (10 bits), and their sums in float32 up to 2^24."""
    exact = G.dtype == torch.float32 and bool((X.data.astype(np.float16) == X.data).all())
    G.zero_()
    n_users = max(1, DENSE_BYTES // (G.itemsize * len(G)))
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = exact
    try:
        for start in range(0, X.shape[0], n_users):
            x = as_tensor(X[start : start + n_users], G.device).to_dense().to(G.dtype)  # [B, I]
            add_product(G, x.T, x.T, 1.0)
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before


def add_product(G: Tensor, A: Tensor, B: Tensor, alpha: float) -> None:
    """G + alpha A B^T into the lower triangle of G [n, n]; A, B [n, b]. n^2 b operations, half of the whole product's.

    The square below the middle at once, then both triangles in the same way: few products, and large ones.
    """
    n = len(G)
    if n <= LEAF[G.device.type]:
        G.addmm_(A, B.T, alpha=alpha)
        return
    half = n // 2
    G[half:, :half].addmm_(A[half:], B[:half].T, alpha=alpha)
    add_product(G[:half, :half], A[:half], B[:half], alpha)
    add_product(G[half:, half:], A[half:], B[half:], alpha)


def inverse_in_place(G: Tensor, step: Callable[[int, int], None] | None = None, block: int | None = None) -> Tensor:
    """Turns the lower triangle of a positive definite G into that of -G^-1, block after block; returns G.

    One sweep over the columns K, with A = G_KK and V = G_:K (symmetric sweep operator; i, j outside K):
        G_ij <- G_ij - V_i A^-1 V_j^T          G_iK <- V_i A^-1          G_KK <- -A^-1
    After all of them the matrix is -G^-1. Only matrix products, and only below the diagonal: n^3 operations in all,
    what Cholesky's factor and the inverse from it take together.

    Raises
    ------
    ModelError if G is not positive definite in its own precision
    """
    n = len(G)
    block = block or block_for(n, G.device)
    for start in range(0, n, block):
        K, above, below = slice(start, min(start + block, n)), slice(start), slice(min(start + block, n), n)
        A_inv = inverse_of_block(G[K, K])
        V_above, V_below = G[K, above].T, G[below, K]  # G_:K, read from the lower triangle, outside K    [n - b, b]
        W_above, W_below = V_above @ A_inv, V_below @ A_inv  # V A^-1
        add_product(G[above, above], W_above, V_above, -1.0)  # G_ij - W_i V_j^T, in the three parts around K
        G[below, above].addmm_(W_below, V_above.T, alpha=-1.0)
        add_product(G[below, below], W_below, V_below, -1.0)
        G[K, above] = W_above.T
        G[below, K] = W_below
        G[K, K] = -A_inv
        if step is not None:
            step(K.stop, n)  # columns done, of all
    return G


def block_for(n: int, device: torch.device) -> int:
    """Columns swept at once: a panel of [n, block] stands beside the matrix."""
    return round(BLOCK[device.type] * next((times for size, times in WIDER if n >= size), 1.0))


def inverse_of_block(A: Tensor) -> Tensor:
    """A^-1 of a small positive definite block, in float64 through its Cholesky factor."""
    factor, failed = torch.linalg.cholesky_ex(A.double())
    if failed.item() or not factor.isfinite().all():
        name = str(A.dtype).removeprefix("torch.")
        raise ModelError(f"X^T X + l2 I is not positive definite in {name}; train EASE again with a larger l2.")
    return torch.cholesky_inverse(factor).to(A.dtype)


def largest_eigenvalue(X: csr_array, n_steps: int = 30) -> float:
    """Of X^T X, from below and within a few percent, by the power method. X : csr [U, I]"""
    v = np.sqrt(np.asarray(X.power(2).sum(axis=0), dtype=np.float64))  # near the popular items already   [I]
    value = 0.0
    for _ in range(n_steps):
        length = float(np.linalg.norm(v))
        if length == 0.0:
            break
        v /= length
        v, before = X.T @ (X @ v), value
        value = float(np.linalg.norm(v))
        if value - before < 1e-3 * value:
            break
    return value


def residual(X: csr_array, l2: float, minus_P: Tensor, n_columns: int = 8) -> float:
    """The largest |(X^T X + l2 I) p - e| over some columns p of P, evenly spread: 0 in exact arithmetic.

    minus_P : [I, I], -P in the lower triangle. The product is made from X itself, in float64.
    """
    worst = 0.0
    for j in np.unique(np.linspace(0, len(minus_P) - 1, n_columns).astype(int)):
        p = -torch.cat([minus_P[j, :j], minus_P[j:, j]]).double().cpu().numpy()  # [I]
        off = X.T @ (X @ p) + l2 * p
        off[j] -= 1.0
        worst = max(worst, float(np.abs(off).max()))
    return worst
