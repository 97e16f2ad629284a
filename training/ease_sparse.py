"""EASE beyond memory: every column of S is solved exactly, among the items that can say most about it.

Steck 2019, "Markov Random Fields for Collaborative Filtering", NeurIPS, arXiv:1910.09645 (blocks in place of one
inverse); the objective is EASE's (Steck 2019, arXiv:1905.03375).

    S = argmin ||X - X S||_F^2 + l2 ||S||_F^2   subject to   diag(S) = 0,   S_ij = 0 for i outside D(j)

The columns are independent of each other. With P = (X_D^T X_D + l2 I)^-1 over the items of D alone, EASE's own
derivation gives S_Dj = -P_Dj / P_jj: what one item j is predicted from is chosen, and the weights are exact.

    D(j)      the union, over the items of a group that j is in, of the `n_support` items i with the largest
              c_ij^2 / (c_ii + l2), c = X^T X: what i alone, as the only predictor, takes off ||x_j||^2
    groups    items of similar users: parted along the longest principal axis of their unit vectors, again and again,
              into as few groups of at most `group` items as there can be, so that their D have most in common
    kept      of each row of S the `n_neighbours` strongest weights: an item speaks for so many others

Memory: a few rectangles [I, n_neighbours], X, and one block of D; never [I, I]. Time: I / group blocks, each a sparse
product and Cholesky's factor of X_D^T X_D.

Differs from the paper:
1. D is chosen by what an item explains alone, not by a threshold on correlations; a group is solved at once, and every
   column by one block only, so nothing has to be averaged.
2. Its sparsity is per column; here the rows of the result are cut too, for they are what is served.

    menagerie train ease_sparse --data interactions.parquet --out zoo --set l2=100
    python -m training.ease_sparse --help

Expected: Recall@20 0.1743, nDCG@20 0.1438 on gowalla (`--split column:part`, l2=80), where EASE itself has 0.1765 and
0.1467: 98 % of its nDCG@20 from 500 of 40,981 weights of each row. From 400 of them it is 97.9 %, and EASE itself, cut
to 400 of each row, has 0.1745 and 0.1437.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csc_array, csr_array
from scipy.sparse.linalg import svds

from training.gram import product
from training.item_knn import blocks, most_similar, rows_of
from training.model import Fitted, Run, Step, setting
from training.scorers import Neighbours
from zoo.card import About
from zoo.errors import ModelError

ABOUT = About(
    name="ease_sparse",
    title="EASE, sparse",
    family="linear autoencoder",
    summary="EASE for large catalogues: each item is predicted from those that can say most about it.",
    equation=r"S_{Dj} = -P_{Dj} / P_{jj}, \quad P = (X_D^\top X_D + \lambda I)^{-1}, \quad D = D(j)",
    paper="Steck 2019, arXiv:1910.09645 and arXiv:1905.03375",
    dislikes="linear",
)

AXES = 24  # of the space in which groups are formed
KEPT_PER_COLUMN = 1000  # weights of a column that wait for their rows: what bounds the memory


@dataclass(frozen=True)
class Config:
    l2: float = setting(100.0, "Weight of ||S||^2, in squared units of X: larger for fewer users.", low=1e-6)
    n_support: int = setting(400, "Items that each item brings into what its group is predicted from.", low=1)
    group: int = setting(64, "Items solved at once, at most.", low=1)
    largest_block: int = setting(4000, "Items that a group is predicted from, at most.", low=2)
    n_neighbours: int = setting(500, "Weights kept of each row of S.", low=1)


def supports(X: csr_array, l2: float, n: int) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """For a block of items j: the n items that say most about each, int64 [b, n], and how much, float32 [b, n].

    c_ij / sqrt(c_ii + l2), the root of what i takes off ||x_j||^2 alone; 0 and 0 where fewer do.
    """
    X = X.astype(np.float32)
    items = X.T.tocsr()  # X^T                                                                                 [I, U]
    scale = 1.0 / np.sqrt(np.asarray(X.power(2).sum(axis=0)) + l2)  # [I]
    for rows in blocks(X):
        C = items[rows] @ X  # c_ji                                                                            [b, I]
        C.data *= scale[C.indices]
        C.data[rows.start + rows_of(C) == C.indices] = 0.0  # no item predicts itself
        yield rows, *most_similar(C, n)


def groups_of(X: csr_array, size: int) -> list[np.ndarray]:
    """Items of similar users together: at most `size` columns each, every column of X once."""
    n_axes = min(AXES, min(X.shape) - 1)
    if n_axes < 1 or X.shape[1] <= size:
        return [np.arange(X.shape[1])]
    length = np.sqrt(np.maximum(np.asarray(X.power(2).sum(axis=0)), 1e-12))
    unit = csr_array((X.data / length[X.indices], X.indices, X.indptr), shape=X.shape).astype(np.float32)
    _, values, axes = svds(unit, k=n_axes, rng=np.random.default_rng(0))
    return list(_parted(axes.T * values, np.arange(X.shape[1]), math.ceil(X.shape[1] / size)))


def _parted(points: np.ndarray, members: np.ndarray, n_parts: int) -> Iterator[np.ndarray]:
    """points float [I, A]; members int64 [n] -> so many parts, of ceil(n / n_parts) at most."""
    if n_parts == 1:
        yield members
        return
    own = points[members] - points[members].mean(axis=0)
    _, axes = np.linalg.eigh(own.T @ own)
    order = np.argsort(own @ axes[:, -1], kind="stable")
    n_left = n_parts // 2
    middle = len(members) * n_left // n_parts
    yield from _parted(points, members[order[:middle]], n_left)
    yield from _parted(points, members[order[middle:]], n_parts - n_left)


def block_of(group: np.ndarray, support: np.ndarray, strength: np.ndarray, largest: int) -> np.ndarray:
    """D: the group itself, and of its items' supports the strongest, sorted columns [m]; support, strength [I, n]."""
    of_group, said = support[group].ravel(), strength[group].ravel()
    items, place = np.unique(of_group[said > 0], return_inverse=True)
    total = np.bincount(place, weights=said[said > 0])
    room = max(0, largest - len(group))
    others = ~np.isin(items, group)
    items, total = items[others], total[others]
    return np.union1d(group, items[np.argsort(-total, kind="stable")[:room]])


def solved(X: csc_array, D: np.ndarray, group: np.ndarray, l2: float) -> torch.Tensor:
    """S_Dj of every j of the group, float32 [m, g]: EASE among the items of D.

    Raises
    ------
    ModelError if X_D^T X_D + l2 I is not positive definite
    """
    of_D = X[:, D].tocsr()
    G = product(of_D.T.tocsr(), of_D)  # X_D^T X_D                                                             [m, m]
    G.diagonal().add_(l2)
    place = torch.from_numpy(np.searchsorted(D, group))
    columns = torch.zeros(len(D), len(group)).index_put_((place, torch.arange(len(group))), torch.ones(()))
    factor, failed = torch.linalg.cholesky_ex(G)
    if failed.item():
        raise ModelError("X^T X + l2 I is not positive definite in float32; train again with a larger l2.")
    P = torch.cholesky_solve(columns, factor)  # P_Dj                                                          [m, g]
    S = -P / P[place, torch.arange(len(group))]  # -P_Dj / P_jj
    S[place, torch.arange(len(group))] = 0.0  # no item predicts itself
    return S


def fit(X: csr_array, config: Config, run: Run) -> Fitted:
    n_items = X.shape[1]
    n = min(config.n_support, n_items)
    support, strength = np.zeros((n_items, n), dtype=np.int32), np.zeros((n_items, n), dtype=np.float32)
    for rows, items, values in supports(X, config.l2, n):
        support[rows], strength[rows] = items, values
    columns, groups = X.tocsc(), groups_of(X, config.group)
    rows = np.zeros((n_items, min(KEPT_PER_COLUMN, n_items)), dtype=np.int32)
    values, sizes, done = np.zeros(rows.shape, dtype=np.float32), [], 0
    for group in groups:
        D = block_of(group, support, strength, config.largest_block)
        best, kept = strongest(solved(columns, D, group, config.l2), rows.shape[1])
        rows[group, : len(best)], values[group, : len(best)] = D[best].T, kept.T
        sizes.append(len(D))
        done += len(group)
        run.report(Step(done, n_items, "items"))
    S = from_columns(rows, values)
    neighbours, weights = strongest_of_rows(S, min(config.n_neighbours, n_items))
    details = {
        "neighbours_per_item": float(np.count_nonzero(weights) / n_items),
        "items_per_block": float(np.mean(sizes)),
        "weight_kept": float(np.abs(weights).sum() / max(np.abs(S.data).sum(), 1e-12)),
    }
    return Fitted(Neighbours(torch.from_numpy(neighbours), torch.from_numpy(weights)), curve=[], details=details)


def strongest(S: torch.Tensor, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each column of S [m, g] the n largest |weights|: their rows and values, both [min(n, m), g]."""
    _, rows = S.abs().topk(min(n, len(S)), dim=0)
    return rows.numpy(), S.gather(0, rows).numpy()


def from_columns(rows: np.ndarray, values: np.ndarray) -> csr_array:
    """S, csr float32 [I, I], whose column j has values[j] [n] in rows[j] [n]; a value of 0 is none."""
    n_items, n = rows.shape
    starts = np.arange(0, n_items * n + 1, n, dtype=np.int64)
    S = csc_array((values.ravel(), rows.ravel(), starts), shape=(n_items, n_items)).tocsr()
    S.eliminate_zeros()
    return S


def strongest_of_rows(S: csr_array, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The n largest |weights| of each row: columns int64 [I, n], weights float32 [I, n]; unused: 0 and 0."""
    columns = np.zeros((S.shape[0], n), dtype=np.int64)
    weights = np.zeros((S.shape[0], n), dtype=np.float32)
    for i in range(S.shape[0]):
        row = slice(S.indptr[i], S.indptr[i + 1])
        values = S.data[row]
        best = np.argsort(-np.abs(values), kind="stable")[:n]
        columns[i, : len(best)], weights[i, : len(best)] = S.indices[row][best], values[best]
    return columns, weights


def main() -> None:
    from training import command

    command.main(ABOUT.name)


if __name__ == "__main__":
    main()
