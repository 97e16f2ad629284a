"""X^T X of sparse rows, the positive definite matrix behind EASE: its lower triangle, in one square of memory.

A processor multiplies sparse by sparse, strip by strip of columns. A GPU lays users out densely, block by block, for
its products are a thousand times faster than its scattered additions.

training/inverse.py inverts it. Where users are fewer than items, training/few_users.py does, by the smaller of the two
Gram matrices.
"""

import warnings
from collections.abc import Callable

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor

from training import strassen

STRIP = 512  # columns of X^T X at once on a processor
DENSE_BYTES = 2**30  # of users laid out densely on a GPU
LEAF = {"cpu": 256, "cuda": 1024}  # below so many rows, a triangle is not halved again: its upper half is computed too


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


def add_product(
    G: Tensor,
    A: Tensor,
    B: Tensor,
    alpha: float,
    temporaries: Tensor | None = None,
    told: Callable[[int], None] | None = None,
) -> None:
    """G + alpha A B^T into the lower triangle of G [n, n]; A, B [n, b]. n^2 b operations, half of the whole product's.

    The square below the middle at once, then both triangles in the same way: few products, and large ones.

    temporaries, told : as of strassen.add_product, by which the squares are made; None: plain products, and not a word
    """
    n = len(G)
    if n <= LEAF[G.device.type]:
        G.addmm_(A, B.T, alpha=alpha)
        if told is not None:
            told(n**2 * A.shape[1])
        return
    half = strassen.half(n)
    if temporaries is None:
        G[half:, :half].addmm_(A[half:], B[:half].T, alpha=alpha)
    else:
        strassen.add_product(G[half:, :half], A[half:], B[:half].T, alpha, temporaries, told)
    add_product(G[:half, :half], A[:half], B[:half], alpha, temporaries, told)
    add_product(G[half:, half:], A[half:], B[half:], alpha, temporaries, told)


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
