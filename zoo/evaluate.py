"""Measure lists on a fold: every metric for every user, then means with intervals.

Users are asked in batches and only their lists of 100 are kept, as int32: the scores [U, I] never exist.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from zoo.card import About, Interval
from zoo.metrics import EXPOSURES, LONGEST_LIST, METRICS, Answers, Exposure, ItemFacts, Metric
from zoo.metrics.exposure import exposure_at_k
from zoo.runtime import Model
from zoo.significance import jackknife_interval, mean_intervals
from zoo.split import Fold

USERS_PER_BATCH = 1024  # asked together; the scores of a batch never leave the runtime
USERS_PER_PART = 8192  # measured together: what a metric makes on its way stays in the tens of megabytes
GROUPS = 20  # of users, for the intervals of figures over all lists


@dataclass(frozen=True)
class Evaluation:
    """What was measured of one model, or of lists made elsewhere."""

    per_user: pl.DataFrame  # user_idx, n_fold_in, n_held_out, and a float32 column per metric, nan where undefined
    over_all: dict[str, Interval]  # figures of all lists together; n: the users whose lists they are

    @property
    def figures(self) -> dict[str, Interval]:
        """Mean and interval of every metric, by name; a metric that is defined for nobody is left out."""
        return summarize(self.per_user) | self.over_all


def cannot_measure(about: About, split: str) -> str | None:
    """Why a model has no figures under a split; None where it has."""
    if about.input == "users" and split.startswith("strong:"):
        return (
            f"Not applicable: {about.title} is memory-based. It knows only the people it was trained on, "
            f"and under {split} the test users were kept from training. "
            "Train it under leave-last-out, temporal:SHARE or column:NAME to measure it."
        )
    return None


def evaluate(model: Model, fold: Fold, items: ItemFacts) -> Evaluation:
    """What `measure` says of the lists that a model gives to every user of the fold."""
    return measure(lists_of(model, fold), fold, items)


def lists_of(model: Model, fold: Fold) -> np.ndarray:
    """int32 [n, 100 or I]: the users' lists, best first; -1 where nothing was left to offer."""
    ranked = np.full((len(fold), min(LONGEST_LIST, fold.held_out.shape[1])), -1, dtype=np.int32)
    for rows in _parts(len(fold), USERS_PER_BATCH):
        part = fold.part(rows)
        users = part.user_idx if model.card.about.input == "users" else None
        answer = model.run(part.fold_in, users=users, masked=part.masked, k=LONGEST_LIST, outputs=("ranked",))
        ranked[rows] = answer["ranked"][:, : ranked.shape[1]]
    return ranked


def measure(ranked: np.ndarray, fold: Fold, items: ItemFacts) -> Evaluation:
    """Every metric of `zoo.metrics` for every user of the fold, and over all their lists.

    Parameters
    ----------
    ranked : int [n, 100 or I], the users' lists, best first; -1 where nothing was left to offer
    """
    columns = {name: column_of(metric, ranked, fold, items) for name, metric in METRICS.items()}
    counts = {"n_fold_in": np.diff(fold.fold_in.indptr), "n_held_out": np.diff(fold.held_out.indptr)}
    return Evaluation(
        pl.DataFrame({"user_idx": fold.user_idx, **counts, **columns}),
        over_all(ranked, len(items.counts), EXPOSURES.values()),
    )


def column_of(metric: Metric, ranked: np.ndarray, fold: Fold, items: ItemFacts) -> np.ndarray:
    """float32 [n]: one metric for every user, nan where undefined."""
    column = np.empty(len(fold), dtype=np.float32)
    for rows in _parts(len(fold), len(fold) if metric.all_at_once else USERS_PER_PART):
        column[rows] = metric(Answers(ranked[rows].astype(np.int64), fold.part(rows), items))
    return column


def over_all(ranked: np.ndarray, n_items: int, figures: Iterable[Exposure]) -> dict[str, Interval]:
    """Figures of all lists together. Users are dealt into groups: leaving each out tells how far the figure moves."""
    groups, found = min(GROUPS, len(ranked)), {}
    for figure in figures if groups else ():
        exposure = np.stack([exposure_at_k(ranked[group::groups], n_items, figure.k) for group in range(groups)])
        value, low, high = jackknife_interval(figure.of, exposure)
        if np.isfinite([value, low, high]).all():
            found[figure.name] = Interval(mean=value, low=max(0.0, low), high=min(high, figure.most), n=len(ranked))
    return found


def summarize(per_user: pl.DataFrame) -> dict[str, Interval]:
    """Mean and interval of each metric per user; a metric that is defined for nobody is left out."""
    names = [name for name in METRICS if name in per_user.columns]
    if not names:
        return {}
    intervals = mean_intervals(per_user.select(names).to_numpy())
    return {name: interval for name, interval in zip(names, intervals, strict=True) if interval is not None}


def read_per_user(model_folder: Path) -> pl.DataFrame | None:
    """The figures stored with a model; None where it could not be measured."""
    path = model_folder / "per_user.parquet"
    return pl.read_parquet(path) if path.exists() else None


def _parts(n: int, size: int) -> Iterator[slice]:
    """Slices that together are 0..n."""
    for start in range(0, n, max(1, size)):
        yield slice(start, min(start + size, n))
