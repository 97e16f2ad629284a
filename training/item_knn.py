"""ItemKNN: whoever chose this also chose those. The cosine between items, its popularity corrected, the N nearest kept.

Sarwar, Karypis, Konstan, Riedl 2001, "Item-Based Collaborative Filtering Recommendation Algorithms", WWW,
doi 10.1145/371920.372071; Deshpande, Karypis 2004, "Item-Based Top-N Recommendation Algorithms", TOIS,
doi 10.1145/963770.963776.

    c_ij = sum_u w_u x_ui x_uj          n_i = c_ii          w_u: how much a user who chose n_u items counts
    s_ij = c_ij / (n_i^a n_j^b + h)     s_ii = 0            i of the history, j offered; h: shrinkage
    S keeps the N largest of each row i: an item speaks for its N nearest only                          scores = x S

    w_u = 1, 1 / log(1 + n_u) or 1 / n_u (none, log, inverse): who chose a thousand items says little of any two
    a = own_exponent, b = other_exponent. a = b = 1/2 without weights is the cosine; a = 1, b = 0 the share of i's users
    who chose j. The larger a, the more a rare item of the history says; b below a leaves popular items in the lists.

With w = 1 / n_u a row of 0/1 data counts as if it had length 1: the row normalisation of Deshpande and Karypis.

Shapes: X [U, I], S [I, I] sparse: columns int64 [I, N] and similarities float32 [I, N]. X^T diag(w) X is made some rows
at a time, which are pruned before the next ones: neither it nor a dense [I, I] ever exists.

Differs from the papers:
1. Zeros are "not chosen"; Sarwar et al. compare ratings, and divide a prediction by the similarities that went into it.
2. N is per item of the history (row), as in Deshpande and Karypis; Sarwar et al. keep N per offered item (column).
   By row is better with 1 / n_u, by column with the plain cosine; see below.
3. Two exponents, a user weight and a shrinkage in one formula; each paper has its own special case.

Chosen on validation: MovieLens latest-small's (nDCG@100, N = 200, 61 users), and a fifth of gowalla's train, held out
for it (Recall@20, N = 100, 2,500 users). In brackets: pruned by column.

    w_u        a, b        latest-small       gowalla
    1          1/2, 1/2    0.377 (0.417)      0.141 (0.156)
    1          0.7, 0.3    0.378 (0.420)      0.172 (0.167)
    1 / n_u    1/2, 1/2    0.414 (0.417)      0.160 (0.153)
    1 / n_u    0.7, 0.3    0.418 (0.409)      0.187 (0.162)     N = 200: 0.190
    1 / n_u    0.3, 0.7    0.238 (0.344)      0.113 (0.121)     the exponents swapped

On gowalla b = 0.2 was better still (0.196), on latest-small 0.4 (0.429). Shrinkage gained little on gowalla and lost on
latest-small.

    menagerie train item_knn --data interactions.parquet --out zoo --set n_neighbours=200
    python -m training.item_knn --help

Expected: Recall@20 0.1774 (95 % interval 0.1748 to 0.1798), nDCG@20 0.1453 (0.1432 to 0.1474) on gowalla
(`--split column:part`, recall divided by the number held out; popularity 0.0416, 0.0317); 57 s, 0.46 GiB.
nDCG@100 0.354 on MovieLens latest-small (61 test users of strong:98765; 0.298 to 0.411), popularity 0.199.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_array

from training.model import Fitted, Run, Step, setting
from training.scorers import Neighbours
from zoo.card import About

ABOUT = About(
    name="item_knn",
    title="ItemKNN",
    family="baseline",
    summary="Offers what people chose who chose the same things as you, and adds up over your history.",
    equation=r"s_{ij} = \frac{c_{ij}}{n_i^a \, n_j^b + h}, \quad c_{ij} = \sum_u w_u x_{ui} x_{uj}, \quad n_i = c_{ii}",
    paper="Deshpande, Karypis 2004, doi:10.1145/963770.963776; Sarwar et al. 2001, doi:10.1145/371920.372071",
    dislikes="linear",
)

PRODUCTS = 4 * 10**6  # x_ui x_uj that one block of rows may need: some 40 bytes each

WEIGHTINGS = {  # w_u of a user who chose n_u items
    "none": np.ones_like,
    "log": lambda n_u: 1.0 / np.log1p(n_u),
    "inverse": lambda n_u: 1.0 / n_u,
}


@dataclass(frozen=True)
class Config:
    user_weighting: str = setting(
        "inverse", "What a user of n items counts: 1, 1 / log(1 + n) or 1 / n.", choices=tuple(WEIGHTINGS)
    )
    own_exponent: float = setting(
        0.7, "How far an item of the history is divided by its popularity.", low=0.0, high=2.0
    )
    other_exponent: float = setting(0.3, "How far an offered item is divided by its popularity.", low=0.0, high=2.0)
    shrinkage: float = setting(0.0, "Added to the divisor, in its unit: rare pairs count less.", low=0.0)
    n_neighbours: int = setting(200, "Items that one item of the history speaks for (N).", low=1)


def user_weights(X: csr_array, weighting: str) -> np.ndarray:
    """w_u float64 [U]; 1 or so for somebody who chose nothing, who is in no sum."""
    return WEIGHTINGS[weighting](np.maximum(np.diff(X.indptr), 1).astype(np.float64))


def blocks(X: csr_array) -> Iterator[slice]:
    """Rows of S that are made at once: so many that about PRODUCTS products go into them, at least one."""
    n_chosen = np.diff(X.indptr)
    ends = np.bincount(X.indices, weights=np.repeat(n_chosen, n_chosen), minlength=X.shape[1]).cumsum()
    start = 0
    while start < len(ends):
        done = ends[start - 1] if start else 0.0
        stop = max(start + 1, int(np.searchsorted(ends, done + PRODUCTS, side="right")))
        yield slice(start, stop)
        start = stop


def similarities(X: csr_array, config: Config) -> Iterator[tuple[slice, csr_array]]:
    """S before pruning, a block of rows at a time: which rows, and these rows, csr float32 [b, I]."""
    X = X.astype(np.float64)
    w = user_weights(X, config.user_weighting)[rows_of(X)]  # w_u, once per entry x_ui
    n = np.bincount(X.indices, weights=w * X.data**2, minlength=X.shape[1])  # n_i = c_ii                     [I]
    n_own, n_other = n**config.own_exponent, n**config.other_exponent  # n_i^a, n_j^b
    items = csr_array(
        (w * X.data, X.indices, X.indptr), shape=X.shape
    ).T.tocsr()  # X^T diag(w)                                                              [I, U]
    for rows in blocks(X):
        S = items[rows] @ X  # c_ij                                                                        [b, I]
        i, j = rows.start + rows_of(S), S.indices
        S.data /= n_own[i] * n_other[j] + config.shrinkage
        S.data[i == j] = 0.0  # an item is no neighbour of its own
        yield rows, S.astype(np.float32)


def rows_of(S: csr_array) -> np.ndarray:
    """The row of each stored entry, int64 [n]."""
    return np.repeat(np.arange(S.shape[0]), np.diff(S.indptr))


def most_similar(S: csr_array, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The n largest entries of each row, largest first: columns int64 [b, n], values float32 [b, n]; unused: 0 and 0.

    Among equals the lower column comes first. Only what reaches a row's n-th value is sorted: of two billion entries
    (150,000 items) that took a twentieth of the time.
    """
    S = _reaching(S, n)
    order = np.lexsort((S.indices, -S.data, rows_of(S)))  # by row, then value, then column
    order = order[S.data[order] > 0]
    row = rows_of(S)[order]
    rank = np.arange(len(row)) - np.searchsorted(row, row)  # 0, 1, ... within each row
    kept = rank < n
    columns, values = np.zeros((S.shape[0], n), dtype=np.int64), np.zeros((S.shape[0], n), dtype=np.float32)
    columns[row[kept], rank[kept]] = S.indices[order[kept]]
    values[row[kept], rank[kept]] = S.data[order[kept]]
    return columns, values


def _reaching(S: csr_array, n: int) -> csr_array:
    """S without what is below its row's n-th largest value."""
    kept = np.ones(S.nnz, dtype=bool)
    for i in np.flatnonzero(np.diff(S.indptr) > n):
        row = slice(S.indptr[i], S.indptr[i + 1])
        kept[row] = S.data[row] >= np.partition(S.data[row], -n)[-n]
    starts = np.concatenate([[0], np.cumsum(kept)])[S.indptr]
    return csr_array((S.data[kept], S.indices[kept], starts), shape=S.shape)


def fit(X: csr_array, config: Config, run: Run) -> Fitted:
    n_items = X.shape[1]
    n = min(config.n_neighbours, n_items)
    columns, values = torch.zeros(n_items, n, dtype=torch.int64), torch.zeros(n_items, n)
    for rows, S in similarities(X, config):
        columns[rows], values[rows] = (torch.from_numpy(part) for part in most_similar(S, n))
        run.report(Step(rows.stop, n_items, "items"))
    details = {"neighbours_per_item": float((values > 0).sum() / n_items)}
    return Fitted(Neighbours(columns, values), curve=[], details=details)


def main() -> None:
    from training import command

    command.main(ABOUT.name)


if __name__ == "__main__":
    main()
