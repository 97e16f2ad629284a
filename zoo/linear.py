"""Linear autoencoders solved on the spot, for every rank and every l2, from one eigendecomposition.

    X^T X = V diag(lengths) V^T                         of the training matrix X [U, I], once per data set

    PureSVD    S_K = V_K V_K^T, V_K the first K columns of V: what training/pure_svd.py finds as singular vectors
               K small: a few directions that many people share; K = I: S = I, the history given back
               Cremonesi, Koren, Turrin 2010, doi:10.1145/1864708.1864721
    EASE       P = V diag(1 / (lengths + l2)) V^T,   S = I - P diag(1 / diag P)
               Steck 2019, arXiv:1905.03375: the same P as training/ease.py inverts, for one l2
    scores     x S, in O(I^2) per row x: S itself is never formed

A whole decomposition takes O(I^3). Above `MOST_ITEMS` the factors of a published PureSVD stand in (`published`): as
many ranks as it has, and no EASE, which needs them all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh
from scipy.sparse import csr_array

from zoo.errors import ModelError
from zoo.metrics import Answers, ItemFacts, Metric
from zoo.recommend import Taste, rank
from zoo.runtime import Model
from zoo.split import Fold

MOST_ITEMS = 2000  # solved whole; 1,375 took 5.4 s of processor time, and that grows with the third power
NOISE = 1e-9  # of the largest entry of x: smaller scores are rounding errors, and no reason to rank by
DEPTH = 100  # of the lists that are measured


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Eigenvectors of X^T X, of the largest eigenvalue first. R = I where all are known."""

    lengths: np.ndarray  # float64 [R], eigenvalues: the squared length of the data along each direction
    V: np.ndarray  # float64 [I, R], orthonormal columns

    @property
    def n_items(self) -> int:
        return len(self.V)

    @property
    def n_factors(self) -> int:
        """R, the largest K that can be asked for."""
        return len(self.lengths)

    @property
    def whole(self) -> bool:
        return self.n_factors == self.n_items


def spectrum(X: csr_array) -> Spectrum:
    """All of it. X : csr [U, I], 1 or counts

    Raises
    ------
    ModelError if there are more than `MOST_ITEMS` items
    """
    n_items = X.shape[1]
    if n_items > MOST_ITEMS:
        raise ModelError(f"{n_items:,} items are too many to solve on the spot; {MOST_ITEMS:,} are the limit.")
    wide = X.astype(np.float64)
    values, vectors = eigh((wide.T @ wide).toarray(), overwrite_a=True, check_finite=False)
    return Spectrum(values[::-1].clip(0.0), np.ascontiguousarray(vectors[:, ::-1]))


def published(model: Model, X: csr_array) -> Spectrum:
    """The factors of a published PureSVD, read off its answers: the code of a history of item i alone is row i of V.

    Raises
    ------
    ModelError if the model's code is not x V with orthonormal columns
    """
    n_items = model.card.n_items
    alone = csr_array((np.ones(n_items, np.float32), np.arange(n_items), np.arange(n_items + 1)), shape=(n_items,) * 2)
    V = model.run(alone, k=1, outputs=("embedding",))["embedding"].astype(np.float64)
    if np.abs(V.T @ V - np.eye(V.shape[1])).max() > 1e-2:  # 16-bit weights are off by some 1e-4
        raise ModelError(f"The code of {model.card.about.title} is not made of orthonormal factors.")
    lengths = np.square(X.astype(np.float64) @ V).sum(axis=0)
    order = np.argsort(-lengths, kind="stable")
    return Spectrum(lengths[order], V[:, order])


def profiles(tastes: Sequence[Taste], n_items: int) -> np.ndarray:
    """x float64 [B, I]: the weight of each like, -1 for each dislike (the rule of zoo/recommend.py, where a = 1)."""
    x = np.zeros((len(tastes), n_items))
    for row, taste in zip(x, tastes, strict=True):
        row[list(taste.likes)] = taste.weights or 1.0
        row[list(taste.dislikes)] = -1.0
    return x


def pure_svd_scores(of: Spectrum, x: np.ndarray, n_factors: int) -> np.ndarray:
    """x S_K, float64 [B, I]. x : float64 [B, I]; n_factors : K in 1..R"""
    V = of.V[:, :n_factors]
    return _without_noise((x @ V) @ V.T, x)


def ease_scores(of: Spectrum, x: np.ndarray, l2: float) -> np.ndarray:
    """x S of EASE with this l2 > 0, float64 [B, I]. x : float64 [B, I]

    Raises
    ------
    ModelError if only some of the eigenvectors are known
    """
    return _ease(of, x, x @ of.V, np.square(of.V), l2)


def _ease(of: Spectrum, x: np.ndarray, codes: np.ndarray, squares: np.ndarray, l2: float) -> np.ndarray:
    """codes = x V [B, I] and squares = V * V [I, I] are the same for every l2."""
    if not of.whole:
        raise ModelError("EASE needs every eigenvector; this catalogue is too large to find them on the spot.")
    shrunk = 1.0 / (of.lengths + l2)
    xP = (codes * shrunk) @ of.V.T  # [B, I]
    return x - xP / (squares @ shrunk)  # x - x P diag(1 / diag P)


def diagonal(of: Spectrum, n_factors: int) -> np.ndarray:
    """diag(S_K) float64 [I], 0..1: how strongly each item recommends itself. Its mean is trace(S_K) / I = K / I."""
    return np.square(of.V[:, :n_factors]).sum(axis=1)


def kept_share(of: Spectrum, x: np.ndarray, n_factors: int) -> float:
    """Of the squared length of one x [I], the share that K factors give back, 0..1; nan for an empty x."""
    whole = float(np.square(x).sum())
    return float(np.square(x @ of.V[:, :n_factors]).sum()) / whole if whole else float("nan")


def ranks_between(n_factors: int, n: int = 16) -> list[int]:
    """At most n ranks from 1 to R, evenly on a logarithmic scale.

    >>> ranks_between(60)
    [1, 2, 3, 4, 5, 7, 9, 12, 15, 20, 26, 35, 46, 60]
    """
    return sorted({round(float(rank)) for rank in np.geomspace(1, n_factors, n)})


def pure_svd_accuracy(of: Spectrum, fold: Fold, facts: ItemFacts, metric: Metric, ranks: Sequence[int]) -> np.ndarray:
    """float64 [n, len(ranks)]: the metric of every user of the fold under each rank, which grow.

    Codes are made once, and each rank adds its factors to the scores of the one before: all ranks cost one product.
    """
    x = fold.fold_in.toarray().astype(np.float32)
    V = of.V[:, : max(ranks, default=0)].astype(np.float32)
    codes, scores, found, before = x @ V, np.zeros_like(x), [], 0
    for n_factors in ranks:
        scores += codes[:, before:n_factors] @ V[:, before:n_factors].T
        found.append(_measured(_without_noise(scores, x, 1e-5), fold, facts, metric))
        before = n_factors
    return np.stack(found, axis=1)


def ease_accuracy(of: Spectrum, fold: Fold, facts: ItemFacts, metric: Metric, l2s: Sequence[float]) -> np.ndarray:
    """float64 [n, len(l2s)]: the metric of every user of the fold under each l2."""
    narrow = Spectrum(of.lengths.astype(np.float32), of.V.astype(np.float32))
    x = fold.fold_in.toarray().astype(np.float32)
    codes, squares = x @ narrow.V, np.square(narrow.V)
    found = [_measured(_ease(narrow, x, codes, squares, l2), fold, facts, metric) for l2 in l2s]
    return np.stack(found, axis=1)


def _measured(scores: np.ndarray, fold: Fold, facts: ItemFacts, metric: Metric) -> np.ndarray:
    """The metric per user of lists by these scores, without what a user is known for."""
    allowed = np.ones(scores.shape, dtype=bool)
    for known in (fold.fold_in, fold.masked):
        allowed[np.repeat(np.arange(len(fold)), np.diff(known.indptr)), known.indices] = False
    ranked, _ = rank(scores, allowed, DEPTH)
    return metric(Answers(ranked, fold, facts))


def _without_noise(scores: np.ndarray, x: np.ndarray, noise: float = NOISE) -> np.ndarray:
    """With all factors, items beyond the history have exactly 0, where products leave rounding errors."""
    return np.where(np.abs(scores) < noise * np.abs(x).max(initial=0.0), np.zeros((), scores.dtype), scores)
