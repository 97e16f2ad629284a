"""Measure a model on a fold: every metric for every user, then means with intervals."""

from pathlib import Path

import numpy as np
import polars as pl

from zoo.card import About, Interval
from zoo.metrics import LONGEST_LIST, METRICS
from zoo.runtime import Model
from zoo.significance import mean_interval
from zoo.split import Fold

USERS_PER_BATCH = 1024  # lists of 100 for these are held at once; the scores never leave the runtime


def cannot_measure(about: About, split: str) -> str | None:
    """Why a model has no figures under a split; None where it has."""
    if about.input == "users" and split.startswith("strong:"):
        return (
            f"Not applicable: {about.title} is memory-based. It knows only the people it was trained on, "
            f"and under {split} the test users were kept from training. "
            "Train it under leave-last-out or column:NAME to measure it."
        )
    return None


def evaluate(model: Model, fold: Fold) -> pl.DataFrame:
    """What `measure_lists` says of the lists that a model gives to every user of the fold."""
    tables = [measure_lists(np.empty((0, LONGEST_LIST), dtype=np.int64), fold.part(slice(0, 0)))]
    for start in range(0, len(fold), USERS_PER_BATCH):
        part = fold.part(slice(start, start + USERS_PER_BATCH))
        users = part.user_idx if model.card.about.input == "users" else None
        answer = model.run(part.fold_in, users=users, masked=part.masked, k=LONGEST_LIST, outputs=("ranked",))
        tables.append(measure_lists(answer["ranked"], part))
    return pl.concat(tables)


def measure_lists(ranked: np.ndarray, fold: Fold) -> pl.DataFrame:
    """Every metric of `zoo.metrics.METRICS` for every user of the fold.

    Parameters
    ----------
    ranked : int64 [n, 100 or I], the users' lists, best first; -1 where nothing was left to offer

    Returns
    -------
    one row per user: user_idx, n_fold_in, n_held_out, and a float32 column per metric (nan where undefined)
    """
    columns = {name: metric(ranked, fold.held_out).astype(np.float32) for name, metric in METRICS.items()}
    counts = {"n_fold_in": np.diff(fold.fold_in.indptr), "n_held_out": np.diff(fold.held_out.indptr)}
    return pl.DataFrame({"user_idx": fold.user_idx, **counts, **columns})


def summarize(per_user: pl.DataFrame) -> dict[str, Interval]:
    """Mean and interval of each metric; a metric that is defined for nobody is left out."""
    intervals = {name: mean_interval(per_user[name].to_numpy()) for name in METRICS if name in per_user.columns}
    return {name: interval for name, interval in intervals.items() if interval is not None}


def read_per_user(model_folder: Path) -> pl.DataFrame | None:
    """The figures stored with a model; None where it could not be measured."""
    path = model_folder / "per_user.parquet"
    return pl.read_parquet(path) if path.exists() else None
