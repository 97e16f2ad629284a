"""EASE: a linear autoencoder without a hidden layer, in which no item may recommend itself. Closed form.

Steck 2019, "Embarrassingly Shallow Autoencoders for Sparse Data", arXiv:1905.03375.

    S = argmin ||X - X S||_F^2 + l2 ||S||_F^2   subject to   diag(S) = 0             scores = x S

Derivation. With one multiplier gamma_j per constraint S_jj = 0 (doubled, so that no 2 is left), the Lagrangian is

    ||X - X S||_F^2 + l2 ||S||_F^2 + 2 sum_j gamma_j S_jj

and its gradient vanishes where (X^T X + l2 I) S = X^T X - diag(gamma). With P = (X^T X + l2 I)^-1:

    S = P (P^-1 - l2 I - diag(gamma)) = I - P diag(l2 + gamma)
    diag(S) = 0   =>   (l2 + gamma_j) P_jj = 1   =>   gamma = 1 / diag(P) - l2       S = I - P diag(1 / diag P)

So S_ij = -P_ij / P_jj off the diagonal. 1 / P_jj is the Schur complement of all other items in X^T X + l2 I, hence

    gamma_j = min over s without s_j of ||x_j - X s||^2 + l2 ||s||^2

what column j leaves of the objective: large for a popular item that no other explains. sum_j gamma_j is its minimum.

Shapes: X [U, I]; X^T X, P and S [I, I] float32 in the same 4 I^2 bytes (10,000 items: 0.4 GB; 40,981: 6.7 GB).
Time: about I^3 multiply-adds, all of them in matrix products.

Differs from the paper:
1. X may hold weights (counts); the paper's experiments use 0/1. What is learned is then served on the same weights.
2. float32, inverted in place by a blocked symmetric sweep over one triangle, not by a library's inverse.

    menagerie train ease --data interactions.parquet --out zoo --set l2=100
    python -m training.ease --help

Expected: nDCG@100 0.411 on MovieLens latest-small (61 test users of strong:98765; 95 % interval 0.359 to 0.462),
2.07 times popularity's 0.199.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from scipy.sparse import csr_array
from torch import Tensor

from training.model import Fitted, Run, Step, setting
from training.scorers import ItemItem
from zoo.card import About
from zoo.errors import ModelError

ABOUT = About(
    name="ease",
    title="EASE",
    family="linear autoencoder",
    summary="Adds up, over everything in your history, how strongly each item speaks for each other one.",
    equation=r"S = I - P \operatorname{diag}(1 / \operatorname{diag} P), \quad P = (X^\top X + \lambda I)^{-1}",
    paper="Steck 2019, arXiv:1905.03375",
    dislikes="linear",
    item_item=True,
)

BLOCK = 512  # columns swept at once: the panels take 2 x 4 I BLOCK bytes beside the matrix


@dataclass(frozen=True)
class Config:
    l2: float = setting(100.0, "Weight of ||S||^2, in squared units of X: larger for fewer users.", low=1e-6)


def gram(X: csr_array, l2: float, device: torch.device) -> Tensor:
    """X^T X + l2 I, float32 [I, I]: the lower triangle (and whole diagonal blocks); what is above is not written."""
    n_items = X.shape[1]
    columns, items = X.tocsc(), X.T.tocsr()  # X by column, X^T by row
    G = torch.empty(n_items, n_items, device=device)
    for start in range(0, n_items, BLOCK):
        block = items[start:] @ columns[:, start : start + BLOCK]  # rows start.. of X^T X      [I - start, BLOCK]
        G[start:, start : start + BLOCK] = torch.from_numpy(block.toarray()).to(device)
    G.diagonal().add_(l2)
    return G


def inverse_in_place(G: Tensor, step: Callable[[int, int], None] | None = None, block: int = BLOCK) -> Tensor:
    """Turns the lower triangle of a positive definite G into that of -G^-1, block after block; returns G.

    One sweep over the columns K, with A = G_KK and V = G_:K (symmetric sweep operator; i, j outside K):
        G_ij <- G_ij - V_i A^-1 V_j^T          G_iK <- V_i A^-1          G_KK <- -A^-1
    After all of them the matrix is -G^-1. Only matrix products, and only below the diagonal: I^3 multiply-adds in all.
    """
    n = len(G)
    for start in range(0, n, block):
        K = slice(start, min(start + block, n))
        A_inv = inverse_of_block(G[K, K])
        V = torch.cat([G[K, :start].T, G[start:, K]])  # G_:K, its upper part read from the lower triangle   [I, b]
        V[K] = 0.0  # the update leaves the rows and columns of K alone
        W = V @ A_inv  # V A^-1                                                                              [I, b]
        for j in range(0, n, block):
            G[j:, j : j + block].addmm_(W[j:], V[j : j + block].T, alpha=-1.0)  # G_ij - W_i V_j^T
        G[K, :start] = W[:start].T
        G[K.stop :, K] = W[K.stop :]
        G[K, K] = -A_inv
        if step is not None:
            step(K.stop, n)  # columns done, of all
    return G


def inverse_of_block(A: Tensor) -> Tensor:
    """A^-1 of a small positive definite block, in float64 through its Cholesky factor."""
    factor, failed = torch.linalg.cholesky_ex(A.double())
    if failed.item() or not factor.isfinite().all():
        raise ModelError("X^T X + l2 I is not positive definite in float32; train EASE again with a larger l2.")
    return torch.cholesky_inverse(factor).to(A.dtype)


def weights_in_place(G: Tensor) -> tuple[Tensor, Tensor]:
    """From -P in the lower triangle of G to S in all of it. Returns S (the memory of G) and diag(P) [I]."""
    P_diagonal = -G.diagonal()  # a copy: negation makes one
    for start in range(0, len(G), BLOCK):
        stop = start + BLOCK
        G[start:stop, stop:] = G[stop:, start:stop].T  # P is symmetric
        lower = G[start:stop, start:stop].tril()
        G[start:stop, start:stop] = lower + lower.tril(-1).T
    G /= P_diagonal  # S_ij = -P_ij / P_jj
    G.diagonal().zero_()  # diag(S) = 0: an item may not recommend itself
    return G, P_diagonal


def fit(X: csr_array, config: Config, run: Run) -> Fitted:
    G = gram(X, config.l2, run.device)  # X^T X + l2 I
    minus_P = inverse_in_place(G, step=lambda done, total: run.report(Step(done, total, "columns")))
    S, P_diagonal = weights_in_place(minus_P)
    gamma = 1.0 / P_diagonal.double() - config.l2  # the Lagrange multipliers                                 [I]
    details = {"objective": float(gamma.sum()), "largest_multiplier": float(gamma.max())}
    return Fitted(ItemItem(S.cpu()), curve=[], details=details)


def main() -> None:
    from training import command

    command.main(ABOUT.name)


if __name__ == "__main__":
    main()
