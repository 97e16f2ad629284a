"""Another list from the same candidates: more varied, less popular, truer to a history's genres, or two models in one.

The pool of a taste is what a model ranks first, or what either of two models does. Every wish is a weight in 0..1, and
0 changes nothing. They work in this order, each on the value that the one before it left; n() scales to 0..1 over the
pool, and L is the list so far:

    r_i = n((1 - share) n(first_i) + share n(second_i))                   blend of scores
    r_i = n((1 - share) / (60 + rank1_i) + share / (60 + rank2_i))        blend of ranks
    v_i = (1 - penalty) r_i - penalty n(log(1 + users_i))                 popularity
    m_i = (1 - diversity) v_i - diversity max_{j in L} alike(i, j)        diversity
    c_i = (1 - calibration) m_i - calibration KL(p || q~(L + i))          genres

and the list grows by the item with the highest c_i. Where share is 0 or 1 one model answers alone, as if there were no
other. Equals stand as their model ranks them (the one with the larger share), which puts the lower column first.

Blend of ranks: reciprocal rank fusion, Cormack, Clarke and Buettcher 2009, SIGIR; there every list weighs the same.
Diversity: maximal marginal relevance, Carbonell and Goldstein 1998, SIGIR, with lambda = 1 - diversity.
Genres: Steck 2018, "Calibrated recommendations", RecSys, greedy; p and q~ as in zoo.metrics (alpha = 0.01), every item
of the history weighing the same.
"""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.sparse import csr_array

from zoo.candidates import Calibration, GenresInCommon, SharedAudience
from zoo.errors import DataError
from zoo.metrics.items import ItemFacts

POOL = 200  # items of a model that are ranked anew: deeper ones are hardly ever chosen, and cost as much
FUSION = 60  # k of reciprocal rank fusion, as in the paper
DIGITS = 12  # values that agree so far are equal: what is summed in another order differs behind them


@dataclass(frozen=True)
class Wishes:
    """What is asked of a list beyond a model's own order: weights in 0..1, 0 = nothing.

    Raises
    ------
    DataError for a weight that is none
    """

    share: float = 0.0  # of the second model; 1: it answers alone
    fusion: Literal["scores", "ranks"] = "scores"  # what of the two models is blended
    penalty: float = 0.0  # against popular items
    diversity: float = 0.0  # against items like those that stand above
    calibration: float = 0.0  # for the genres of the history, in their shares

    def __post_init__(self) -> None:
        for field in fields(self):
            weight = getattr(self, field.name)
            if field.name != "fusion" and not 0 <= weight <= 1:
                raise DataError(f"{field.name} = {weight} is no weight; take one from 0 to 1.")
        if self.fusion not in ("scores", "ranks"):
            raise DataError(f"Two models are blended by scores or by ranks, not by {self.fusion!r}.")


@dataclass(frozen=True, eq=False)
class Pool:
    """The candidates of B tastes, at most P each, as one model or two see them."""

    items: np.ndarray  # int64 [B, P], item columns, none twice; -1 where there is none, anywhere in a row
    scores: np.ndarray  # float64 [M, B, P] of M = 1 or 2 models, finite; anything where items is -1
    depth: int  # so many of each model's best are in it, or all that may be recommended
    histories: csr_array  # [B, I], non-zero: what the shares of genres are read from
    facts: ItemFacts

    @cached_property
    def places(self) -> np.ndarray:
        """int64 [M, B, P], 0 for what a model ranks first; among equals the lower column. Behind all where -1."""
        places = np.empty(self.scores.shape, dtype=np.int64)
        for place, scores in zip(places, self.scores, strict=True):
            order = np.lexsort((self.items, np.where(self.items < 0, np.inf, -scores)), axis=1)
            np.put_along_axis(place, order, np.arange(order.shape[1])[None], axis=1)
        return places

    @property
    def by_genre(self) -> bool:
        """Whether items are alike by their genres; else, where too few have any, by who chose them."""
        return knows_genres(self.facts)

    @cached_property
    def alike(self) -> GenresInCommon | SharedAudience:
        kind = GenresInCommon if self.by_genre else SharedAudience
        return kind(self.items, self.facts)

    @cached_property
    def calibration(self) -> Calibration:
        return Calibration(self.items, self.facts, self.histories)


def knows_genres(facts: ItemFacts) -> bool:
    """Whether half of the items or more have a genre."""
    return bool(2 * np.count_nonzero(np.diff(facts.genres.indptr)) >= max(1, facts.genres.shape[0]))


def rerank(pool: Pool, wishes: Wishes, k: int) -> np.ndarray:
    """The lists that come of some wishes.

    Parameters
    ----------
    k : list length, 1 or more; a list of k begins with the list of fewer

    Returns
    -------
    int64 [B, k], item columns, best first, none twice; -1 where the pool has no more

    Raises
    ------
    DataError where a second model is wished for that the pool does not know, or k is below 1
    """
    if k < 1:
        raise DataError(f"A list of {k} items was asked for; ask for 1 or more.")
    relevance, there, places = relevances(pool, wishes)
    popularity = _scaled(np.log1p(pool.facts.counts[np.maximum(pool.items, 0)]), there)
    value = (1 - wishes.penalty) * relevance - wishes.penalty * popularity
    ranked = np.full((len(pool.items), k), -1, dtype=np.int64)
    if wishes.diversity or wishes.calibration:
        best = _greedy(pool, wishes, value, there, places, min(k, value.shape[1]))
    else:
        best = np.lexsort((places, np.where(there, -value, np.inf)), axis=1)[:, :k]
        best = np.where(np.take_along_axis(there, best, axis=1), best, -1)
    ranked[:, : best.shape[1]] = np.where(best < 0, -1, np.take_along_axis(pool.items, np.maximum(best, 0), axis=1))
    return ranked


def relevances(pool: Pool, wishes: Wishes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """r of the equations, float64 [B, P] in 0..1; which items it is for, bool [B, P]; and who comes first among equals.

    One model alone has its own best and no others. places : int64 [B, P], 0 first
    """
    share = wishes.share
    if share > 0 and len(pool.scores) < 2:
        raise DataError("A second model was wished for, but only one was asked; name it, or take a share of 0.")
    known = pool.items >= 0
    if share in (0, 1):
        alone = int(share)
        there = known & (pool.places[alone] < pool.depth)
        return _scaled(pool.scores[alone], there), there, pool.places[alone]
    if wishes.fusion == "ranks":
        first, second = 1 / (FUSION + 1.0 + pool.places)
    else:
        first, second = (_scaled(scores, known) for scores in pool.scores)
    return _scaled((1 - share) * first + share * second, known), known, pool.places[int(share > 0.5)]


def _scaled(values: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Rows as 0..1 from the lowest to the highest of those that count; 0 where all are equal. float64 [B, P]"""
    low = np.where(there, values, np.inf).min(axis=1, keepdims=True, initial=np.inf)
    high = np.where(there, values, -np.inf).max(axis=1, keepdims=True, initial=-np.inf)
    span = high - low
    scaled = np.zeros(values.shape)
    np.divide(values - low, span, out=scaled, where=there & (span > 0))
    return scaled


def _greedy(pool: Pool, wishes: Wishes, value: np.ndarray, there: np.ndarray, places: np.ndarray, k: int) -> np.ndarray:
    """Positions in the pool, int64 [B, k], one place of all lists after the other; -1 where nothing is left."""
    users = np.arange(len(value))
    order = np.argsort(places, axis=1, kind="stable")  # argmax takes the first of equals: they stand in this order
    left = there.copy()
    chosen = np.full((len(value), k), -1, dtype=np.int64)
    nearest = np.zeros(value.shape)  # max_{j in L} alike(i, j); of an empty list 0
    genres = pool.calibration.begin() if wishes.calibration else None
    for step in range(k):
        worth = (1 - wishes.diversity) * value - wishes.diversity * nearest
        if genres:
            worth = (1 - wishes.calibration) * worth - wishes.calibration * genres.with_each()
        worth = np.where(left, np.round(worth, DIGITS), -np.inf)
        best = order[users, np.take_along_axis(worth, order, axis=1).argmax(axis=1)]  # [B]
        found = left[users, best]
        chosen[found, step] = best[found]
        left[users, best] = False
        if wishes.diversity:
            nearest = np.maximum(nearest, pool.alike.to(best))
        if genres:
            genres.add(best, found)
    return chosen
