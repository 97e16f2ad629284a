"""Every metric that the zoo reports, with its definition in one sentence. The functions are in the modules beside.

accuracy    how much of what was held out a list finds, and how high
beyond      how popular, new, varied, surprising it is
exposure    what all lists together show of the catalogue
"""

from collections.abc import Callable
from dataclasses import dataclass
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

__all__ = ["DEFINITIONS", "EXPOSURES", "LONGEST_LIST", "METRICS", "Answers", "ItemFacts", "hits_at_k"]

LONGEST_LIST = 100  # the largest k below
EXPOSED = 20  # the k of figures over all lists


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
    better: Literal["higher", "lower", "neither"] = "higher"
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
    most: float = np.inf  # no interval reaches beyond what the figure can be, 0 to this
    better: Literal["higher", "lower", "neither"] = "neither"


def _accuracy(function: Callable[..., np.ndarray], k: int) -> Callable[[Answers], np.ndarray]:
    return lambda a: function(a.ranked, a.fold.held_out, k)


_RECALL = "Of the held-out items, the share found in the first {}."
_CAPPED = "Items found in the first {0}, divided by the most that could be found: min({0}, held out)."
_NDCG = "Items found in the first {}, counted more the higher they stand; 1 is the best possible order."
_MAP = "The precision at each item found in the first 20, summed and divided by {}."

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("ndcg_at_100", "nDCG@100", _NDCG.format(100), _accuracy(ndcg_at_k, 100)),
        Metric("recall_at_20", "Recall@20", _RECALL.format(20), _accuracy(recall_at_k, 20)),
        Metric("ndcg_at_20", "nDCG@20", _NDCG.format(20), _accuracy(ndcg_at_k, 20)),
        Metric("recall_at_50", "Recall@50", _RECALL.format(50), _accuracy(recall_at_k, 50)),
        Metric("recall_at_20_capped", "Recall@20, capped", _CAPPED.format(20), _accuracy(recall_at_k_capped, 20)),
        Metric("recall_at_50_capped", "Recall@50, capped", _CAPPED.format(50), _accuracy(recall_at_k_capped, 50)),
        Metric(
            "precision_at_20",
            "Precision@20",
            "Of the first 20, the share that the user really chose.",
            _accuracy(precision_at_k, 20),
        ),
        Metric(
            "hit_rate_at_20",
            "Hit rate@20",
            "Share of users for whom the first 20 hold anything that they chose.",
            _accuracy(hit_rate_at_k, 20),
        ),
        Metric(
            "average_precision_at_20",
            "MAP@20",
            _MAP.format("the number of held-out items"),
            _accuracy(average_precision_at_k, 20),
        ),
        Metric(
            "average_precision_at_20_capped",
            "MAP@20, capped",
            _MAP.format("min(20, held out)"),
            _accuracy(average_precision_at_k_capped, 20),
        ),
        Metric(
            "reciprocal_rank_at_100",
            "MRR@100",
            "1 / the rank of the first item found, 0 where the first 100 hold none.",
            _accuracy(reciprocal_rank_at_k, 100),
        ),
        Metric(
            "r_precision_at_100",
            "R-precision",
            "Of the first n, where n is the number of held-out items, the share found (of lists of 100).",
            _accuracy(r_precision_at_k, 100),
        ),
        Metric(
            "cold_item_recall_at_20",
            "Recall@20 of cold items",
            "Of the held-out items that nobody had chosen in training, the share found in the first 20.",
            lambda a: recall_among_at_k(a.ranked, a.fold.held_out, a.items.cold, 20),
        ),
        Metric(
            "tail_item_recall_at_20",
            "Recall@20 of the tail",
            "Of the held-out items outside the most chosen ones that got 80 % of all training choices, the share found "
            "in the first 20.",
            lambda a: recall_among_at_k(a.ranked, a.fold.held_out, a.items.tail, 20),
        ),
        Metric(
            "serendipity_at_20",
            "Serendipity@20",
            "Share of the first 20 that the user really chose and that a list of the most popular items does not hold.",
            lambda a: beyond.serendipity_at_k(a.ranked, a.fold.held_out, a.fold.fold_in + a.fold.masked, a.items, 20),
        ),
        Metric(
            "popularity_at_20",
            "Popularity@20",
            "Share of training users who chose an item of the first 20, on average.",
            lambda a: beyond.popularity_at_k(a.ranked, a.items, 20),
            "neither",
        ),
        Metric(
            "popularity_lift_at_20",
            "Popularity lift@20",
            "How much more popular the first 20 are than the user's own history: 0 = as popular, 1 = twice as popular.",
            lambda a: beyond.popularity_lift_at_k(a.ranked, a.fold.fold_in, a.items, 20),
            "neither",
        ),
        Metric(
            "novelty_at_20",
            "Novelty@20, bits",
            "How rarely the first 20 were chosen: mean of -log2 of the share of training users who chose an item.",
            lambda a: beyond.novelty_at_k(a.ranked, a.items, 20),
            "neither",
        ),
        Metric(
            "diversity_by_genre_at_20",
            "Diversity@20 by genre",
            "How different the genres of two items of the first 20 are: 0 = the same, 1 = nothing in common.",
            lambda a: beyond.diversity_by_genre_at_k(a.ranked, a.items, 20),
            "neither",
        ),
        Metric(
            "diversity_by_cooccurrence_at_20",
            "Diversity@20 by audience",
            "How different the audiences of two items of the first 20 are: 0 = the same people, 1 = nobody chose both.",
            lambda a: beyond.diversity_by_cooccurrence_at_k(a.ranked, a.items, 20),
            "neither",
            all_at_once=True,
        ),
        Metric(
            "genre_miscalibration_at_20",
            "Genre miscalibration@20",
            "How far the genres of the first 20 are from those of the history (Kullback-Leibler): 0 = the same shares.",
            lambda a: beyond.genre_miscalibration_at_k(a.ranked, a.fold.fold_in, a.items, 20),
            "lower",
        ),
    )
}

EXPOSURES: dict[str, Exposure] = {
    exposure.name: exposure
    for exposure in (
        Exposure("coverage_at_20", "Coverage@20", "Share of the catalogue that any user's first 20 hold.", coverage, 1),
        Exposure(
            "exposure_gini_at_20",
            "Exposure Gini@20",
            "How unequally the first 20 of all users show the catalogue: 0 = every item as often, 1 = one item only.",
            gini,
            1,
        ),
        Exposure(
            "exposure_entropy_at_20",
            "Exposure entropy@20, bits",
            "How evenly the first 20 of all users show the catalogue: 2 to this power is as many items shown equally.",
            entropy,
        ),
    )
}

DEFINITIONS: dict[str, str] = {name: of.definition for name, of in (METRICS | EXPOSURES).items()}
