"""The inverse of a positive definite matrix in its own square of memory, made of matrix products alone.

    halves      a large matrix on a processor: the inverse of one half, of what is left of the other, and four products
                between them, each large enough for Strassen's (training/strassen.py). What lies above the diagonal is
                never part of the result, so that the products find their room there
    sweep       a small one, and any on a GPU: block after block of columns

Both take n^3 operations, what Cholesky's factor and the inverse from it take together; Strassen's take less.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from training import strassen
from training.gram import add_product, mirror
from zoo.errors import ModelError

HALVED = 4096  # columns from which on a matrix is inverted by halves, on a processor
BLOCK = {"cpu": 256, "cuda": 2048}  # columns swept at once


@dataclass
class _Told:
    """Counts operations, and says how many of the matrix's columns so many would be. step : (done, of all)"""

    n: int
    step: Callable[[int, int], None] | None
    done: int = 0

    def __call__(self, operations: int) -> None:
        self.done += operations
        if self.step is not None:
            self.step(self.done // self.n**2, self.n)


def inverse_in_place(G: Tensor, step: Callable[[int, int], None] | None = None) -> Tensor:
    """Turns the lower triangle of a positive definite G into that of -G^-1; returns G. What lies above means nothing.

    G : [n, n], of which only the lower triangle is read
    step : told how many columns' share of the work is done, of how many

    Raises
    ------
    ModelError if G is not positive definite in its own precision
    """
    told = _Told(len(G), step)
    if by_halves(len(G), G.device):
        scale = _scale(G.diagonal())
        G.mul_(scale).mul_(scale[:, None])
        _halves(G, G.new_empty(_room(len(G))), told)
        G.mul_(scale).mul_(scale[:, None])  # D (D G D)^-1 D
    else:
        _sweep(G, told)
    return G


def _scale(diagonal: Tensor) -> Tensor:
    """D, by which D G D has a diagonal of 1/2 to 2; powers of two, so that nothing is rounded. [n] -> [n]

    Strassen's errors are those of the largest rows: those of popular items, a hundred times too large for rare ones.
    """
    return diagonal.sqrt().log2().round().neg().exp2()


def by_halves(n: int, device: torch.device) -> bool:
    return device.type == "cpu" and n >= HALVED


def panels(n: int, device: torch.device) -> int:
    """Numbers that stand beside the square at most."""
    if by_halves(n, device):
        return 4 * HALVED * BLOCK["cpu"] + _room(n)
    return 4 * n * BLOCK[device.type]


def _room(n: int) -> int:
    larger = n - strassen.half(n)
    return strassen.room(larger, larger, larger)


def _halves(G: Tensor, room: Tensor, told: Callable[[int], None]) -> None:
    """With A = G_11, B = G_21, C = G_22 and S = C - B A^-1 B^T, the Schur complement of A:

    G^-1 = [A^-1 + A^-1 B^T S^-1 B A^-1      .   ]        T = -A^-1 B^T lies in the corner that is not read
           [       -S^-1 B A^-1             S^-1 ]
    """
    n, half = len(G), strassen.half(len(G))
    if n < HALVED:
        _sweep(G, told)
        return
    A, T, B, C = G[:half, :half], G[:half, half:], G[half:, :half], G[half:, half:]
    _halves(A, room, told)  # -A^-1
    strassen.add_product(T.zero_(), mirror(A), B.T, 1.0, room, told)  # T = -A^-1 B^T
    add_product(C, B, T.T, 1.0, room, told)  # S = C + B T
    _halves(C, room, told)  # -S^-1
    strassen.add_product(B.zero_(), mirror(C), T.T, 1.0, room, told)  # S^-1 B A^-1
    add_product(A, T, B.T, 1.0, room, told)  # -A^-1 - A^-1 B^T S^-1 B A^-1


def _sweep(G: Tensor, told: Callable[[int], None]) -> None:
    """One sweep over the columns K, with A = G_KK and V = G_:K (symmetric sweep operator; i, j outside K):

        G_ij <- G_ij - V_i A^-1 V_j^T          G_iK <- V_i A^-1          G_KK <- -A^-1

    After all of them the matrix is -G^-1.
    """
    n, block = len(G), BLOCK[G.device.type]
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
        told((K.stop - K.start) * n**2)


def inverse_of_block(A: Tensor) -> Tensor:
    """A^-1 of a small positive definite block, in float64 through its Cholesky factor."""
    factor, failed = torch.linalg.cholesky_ex(A.double())
    if failed.item() or not factor.isfinite().all():
        name = str(A.dtype).removeprefix("torch.")
        raise ModelError(f"X^T X + l2 I is not positive definite in {name}; train EASE again with a larger l2.")
    return torch.cholesky_inverse(factor).to(A.dtype)
