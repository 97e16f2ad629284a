"""The inverse behind EASE by way of the users, where they are fewer than the items: U^3 operations in place of I^3.

    P = (X^T X + l2 I)^-1 = (I - X^T K X) / l2        K = (X X^T + l2 I)^-1  [U, U]

(Woodbury's identity; Petersen and Pedersen, The Matrix Cookbook, section 3.2.2.) What comes after K are products with
the sparse X: n (2 U + I) operations for n interactions. The result is the same P up to rounding: both matrices have the
same condition.

Everything lies in the one square [I, I] that holds P in the end. P needs its lower triangle, and K, in the corner above
it, its own upper one; the two do not meet while U < I:

    . . K K K        U = 3, I = 5: K[r, c] lies in row r, column I - U + c, and for c >= r that is right of the
    P . . K K        diagonal of P
    P P . . K
    P P P . .
    P P P P .
"""

from collections.abc import Callable

import torch
from scipy.sparse import csr_array
from torch import Tensor

from training.gram import STRIP, add_sparse_product, gram_into, mirror
from training.inverse import inverse_in_place

FEW = 0.8  # users to items: from here on up there is little to gain
PANEL = 1024  # users whose rows of K are multiplied at once
SLOWER = 20  # times that an operation of a sparse product takes what one of a dense product does, measured on Gowalla


def worth_it(n_users: int, n_items: int, device: torch.device) -> bool:
    """Whether this way is the shorter one. Not on a GPU, where the plain way takes seconds."""
    return device.type == "cpu" and n_users <= FEW * n_items


def panels(n_users: int, n_items: int) -> int:
    """Numbers that stand beside the square at most."""
    return (n_users + 2 * n_items) * min(PANEL, n_users)


def minus_inverse(
    X: csr_array, l2: float, dtype: torch.dtype, step: Callable[[int, int], None] | None = None
) -> Tensor:
    """-(X^T X + l2 I)^-1 in the lower triangle of [I, I]; what lies above it means nothing. X : csr [U, I], U < I

    step : told how many users' columns of K are done, of how many

    Raises
    ------
    ModelError if X X^T + l2 I is not positive definite in this precision
    """
    n_users, n_items = X.shape
    G = torch.empty(n_items, n_items, dtype=dtype)
    K = G[:n_users, n_items - n_users :]
    items = X.T.tocsr()  # [I, U]
    mirror(inverse_in_place(gram_into(K, items, l2), step))  # -K
    width = min(STRIP, n_items - n_users)  # of strips of G: what they hold above its diagonal does not reach K
    for start in range(0, n_items, width):
        G[start : start + width, : start + width] = 0.0
    G.diagonal().fill_(-1.0 / l2)
    for start in range(0, n_users, PANEL):
        R = slice(start, min(start + PANEL, n_users))
        KX = torch.zeros(n_items, R.stop - R.start, dtype=dtype)  # (-K X)^T of these users                 [I, r]
        add_sparse_product(KX, items, _columns(K, R))
        _add_users(G, X[R], KX.T.contiguous(), -1.0 / l2, width)
    return G


def _columns(K: Tensor, R: slice) -> Tensor:
    """Columns R of the symmetric K, [U, r], read from its upper triangle."""
    corner = K[R, R].triu()
    return torch.cat([K[: R.start, R], corner + corner.triu(1).T, K[R, R.stop :].T])


def _add_users(G: Tensor, X: csr_array, KX: Tensor, alpha: float, width: int) -> None:
    """G + alpha X^T KX, the lower triangle of it. X : csr [r, I], these users' rows; KX [r, I]"""
    columns = X.tocsc()
    for start in range(0, len(G), width):
        J = slice(start, min(start + width, len(G)))
        strip = columns[:, J].T.tocsr()  # [b, r]
        if strip.nnz:
            add_sparse_product(G[J, : J.stop], strip, KX[:, : J.stop], alpha)
