"""Every metric that the zoo reports, with its definition in one sentence. The functions are in the modules beside.

accuracy    how much of what was held out a list finds, and how high
beyond      how popular, new, varied, surprising it is
exposure    what all lists together show of the catalogue
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from zoo.metrics import beyond
from zoo.metrics.accuracy import (
    average_precision_at_k,
    average_precision_at_k_capped,
    hit_rate_at_k,
    hits_at_k,
    ndcg_at_k,
    precision_at_k,
    r_precision_at_k,
    recall_among_at_k,
    recall_at_k,
    recall_at_k_capped,
    reciprocal_rank_at_k,
)
from zoo.metrics.exposure import coverage, entropy, gini
from zoo.metrics.items import ItemFacts
from zoo.split import Fold

__all__ = [
    "DEFINITIONS",
    "EXPOSURES",
    "EXPOSURE_FAMILIES",
    "FAMILIES",
    "LONGEST_LIST",
    "METRICS",
    "Answers",
    "Exposure",
    "Family",
    "ItemFacts",
    "Metric",
    "hits_at_k",
]

LONGEST_LIST = 100  # the largest k: longer lists are not kept


Better = Literal["higher", "lower", "neither"]


@dataclass(frozen=True, eq=False)
class Answers:
    """Lists and what they are measured against; rows are users."""

    ranked: np.ndarray  # int64 [B, 100 or I], best first; -1 where nothing was left to offer
    fold: Fold
    items: ItemFacts


@dataclass(frozen=True)
class Metric:
    """A figure per user; the mean over users is what tables show."""

    name: str
    title: str
    definition: str  # one sentence, for somebody who reads no formulas
    of: Callable[[Answers], np.ndarray]  # -> float64 [B], nan where undefined
    better: Better = "higher"
    all_at_once: bool = False  # much cheaper for all users together than in parts

    def __call__(self, answers: Answers) -> np.ndarray:
        return self.of(answers)


@dataclass(frozen=True)
class Exposure:
    """A figure over all lists together."""

    name: str
    title: str
    definition: str
    of: Callable[[np.ndarray], float]  # from int64 [I], in how many lists each item stands
    k: int  # the first so many of each list
    most: float = np.inf  # no interval reaches beyond what the figure can be, 0 to this
    better: Better = "neither"


@dataclass(frozen=True)
class Family:
    """A metric at any length of list. {k} stands for that length in its texts."""

    name: str  # "recall_at_{k}"
    title: str
    definition: str
    of: Callable[[Answers, int], np.ndarray]
    usual: int = 20  # the k where nobody asks for another
    better: Better = "higher"
    all_at_once: bool = False

    def at(self, k: int | None = None) -> Metric:
        """The metric at k, 1 to 100; None: at its usual one."""
        k = k or self.usual
        return Metric(*_written(self, k), partial(_at, self.of, k), self.better, self.all_at_once)


@dataclass(frozen=True)
class ExposureFamily:
    """The same for a figure over all lists together."""

    name: str
    title: str
    definition: str
    of: Callable[[np.ndarray], float]
    most: float = np.inf
    usual: int = 20

    def at(self, k: int | None = None) -> Exposure:
        k = k or self.usual
        return Exposure(*_written(self, k), self.of, k, self.most)


def _written(family: Family | ExposureFamily, k: int) -> tuple[str, str, str]:
    """Name, title and definition at k."""
    return family.name.format(k=k), family.title.format(k=k), family.definition.format(k=k)


def _at(of: Callable[[Answers, int], np.ndarray], k: int, answers: Answers) -> np.ndarray:
    return of(answers, k)


def _accuracy(function: Callable[..., np.ndarray]) -> Callable[[Answers, int], np.ndarray]:
    return lambda a, k: function(a.ranked, a.fold.held_out, k)


_MAP = "The precision at each item found in the first {{k}}, summed and divided by {}."

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family(
            "ndcg_at_{k}",
            "nDCG@{k}",
            "Items found in the first {k}, counted more the higher they stand; 1 is the best possible order.",
            _accuracy(ndcg_at_k),
            usual=100,
        ),
        Family(
            "recall_at_{k}",
            "Recall@{k}",
            "Of the held-out items, the share found in the first {k}.",
            _accuracy(recall_at_k),
        ),
        Family(
            "recall_at_{k}_capped",
            "Recall@{k}, capped",
            "Items found in the first {k}, divided by the most that could be found: min({k}, held out).",
            _accuracy(recall_at_k_capped),
        ),
        Family(
            "precision_at_{k}",
            "Precision@{k}",
            "Of the first {k}, the share that the user really chose.",
            _accuracy(precision_at_k),
        ),
        Family(
            "hit_rate_at_{k}",
            "Hit rate@{k}",
            "Share of users for whom the first {k} hold anything that they chose.",
            _accuracy(hit_rate_at_k),
        ),
        Family(
            "average_precision_at_{k}",
            "MAP@{k}",
            _MAP.format("the number of held-out items"),
            _accuracy(average_precision_at_k),
        ),
        Family(
            "average_precision_at_{k}_capped",
            "MAP@{k}, capped",
            _MAP.format("min({k}, held out)"),
            _accuracy(average_precision_at_k_capped),
        ),
        Family(
            "reciprocal_rank_at_{k}",
            "MRR@{k}",
            "1 / the rank of the first item found, 0 where the first {k} hold none.",
            _accuracy(reciprocal_rank_at_k),
            usual=100,
        ),
        Family(
            "r_precision_at_{k}",
            "R-precision",
            "Of the first n, where n is the number of held-out items, the share found (of lists of {k}).",
            _accuracy(r_precision_at_k),
            usual=100,
        ),
        Family(
            "cold_item_recall_at_{k}",
            "Recall@{k} of cold items",
            "Of the held-out items that nobody had chosen in training, the share found in the first {k}.",
            lambda a, k: recall_among_at_k(a.ranked, a.fold.held_out, a.items.cold, k),
        ),
        Family(
            "tail_item_recall_at_{k}",
            "Recall@{k} of the tail",
            "Of the held-out items outside the most chosen ones that got 80 % of all training choices, the share found "
            "in the first {k}.",
            lambda a, k: recall_among_at_k(a.ranked, a.fold.held_out, a.items.tail, k),
        ),
        Family(
            "serendipity_at_{k}",
            "Serendipity@{k}",
            "Share of the first {k} that the user really chose and that a list of the most popular items does not "
            "hold.",
            lambda a, k: beyond.serendipity_at_k(a.ranked, a.fold.held_out, a.fold.fold_in + a.fold.masked, a.items, k),
        ),
        Family(
            "popularity_at_{k}",
            "Popularity@{k}",
            "Share of training users who chose an item of the first {k}, on average.",
            lambda a, k: beyond.popularity_at_k(a.ranked, a.items, k),
            better="neither",
        ),
        Family(
            "popularity_lift_at_{k}",
            "Popularity lift@{k}",
            "How much more popular the first {k} are than the user's own history: 0 = as popular, 1 = twice as "
            "popular.",
            lambda a, k: beyond.popularity_lift_at_k(a.ranked, a.fold.fold_in, a.items, k),
            better="neither",
        ),
        Family(
            "novelty_at_{k}",
            "Novelty@{k}, bits",
            "How rarely the first {k} were chosen: mean of -log2 of the share of training users who chose an item.",
            lambda a, k: beyond.novelty_at_k(a.ranked, a.items, k),
            better="neither",
        ),
        Family(
            "diversity_by_genre_at_{k}",
            "Diversity@{k} by genre",
            "How different the genres of two items of the first {k} are: 0 = the same, 1 = nothing in common.",
            lambda a, k: beyond.diversity_by_genre_at_k(a.ranked, a.items, k),
            better="neither",
        ),
        Family(
            "diversity_by_cooccurrence_at_{k}",
            "Diversity@{k} by audience",
            "How different the audiences of two items of the first {k} are: 0 = the same people, 1 = nobody chose "
            "both.",
            lambda a, k: beyond.diversity_by_cooccurrence_at_k(a.ranked, a.items, k),
            better="neither",
            all_at_once=True,
        ),
        Family(
            "genre_miscalibration_at_{k}",
            "Genre miscalibration@{k}",
            "How far the genres of the first {k} are from those of the history (Kullback-Leibler): 0 = the same "
            "shares.",
            lambda a, k: beyond.genre_miscalibration_at_k(a.ranked, a.fold.fold_in, a.items, k),
            better="lower",
        ),
    )
}

EXPOSURE_FAMILIES: dict[str, ExposureFamily] = {
    family.name: family
    for family in (
        ExposureFamily(
            "coverage_at_{k}",
            "Coverage@{k}",
            "Share of the catalogue that any user's first {k} hold.",
            coverage,
            most=1,
        ),
        ExposureFamily(
            "exposure_gini_at_{k}",
            "Exposure Gini@{k}",
            "How unequally the first {k} of all users show the catalogue: 0 = every item as often, 1 = one item only.",
            gini,
            most=1,
        ),
        ExposureFamily(
            "exposure_entropy_at_{k}",
            "Exposure entropy@{k}, bits",
            "How evenly the first {k} of all users show the catalogue: 2 to this power is as many items shown equally.",
            entropy,
        ),
    )
}


_FIRST = (  # of what is measured of every model: what decides, and what papers report at another k than the usual one
    FAMILIES["ndcg_at_{k}"].at(100),
    FAMILIES["recall_at_{k}"].at(20),
    FAMILIES["ndcg_at_{k}"].at(20),
    FAMILIES["recall_at_{k}"].at(50),
    FAMILIES["recall_at_{k}_capped"].at(20),
    FAMILIES["recall_at_{k}_capped"].at(50),
)
METRICS: dict[str, Metric] = {
    metric.name: metric for metric in (*_FIRST, *(family.at() for family in FAMILIES.values()))
}
EXPOSURES: dict[str, Exposure] = {of.name: of for of in (family.at() for family in EXPOSURE_FAMILIES.values())}

DEFINITIONS: dict[str, str] = {name: of.definition for name, of in (METRICS | EXPOSURES).items()}
