"""The simulator's own answers for the test users of a split: what zoo/references.py keeps and evaluation measures."""

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from zoo.datasets.films.simulator import Simulation
from zoo.errors import DataError
from zoo.interactions import Interactions
from zoo.references import references_table
from zoo.split import Fold, Split


def references(simulation: Simulation, interactions: Interactions, parts: Split) -> pl.DataFrame:
    """Lists by the true probability of the next observed film and by true preference, for every test user.

    When? Users held out whole hide choices from any time of their history, and so do those who chose an item that is
    withheld: the probability is the mean over the times of what is shown. Where the last choices are hidden (other
    splits) the time is that of the last one shown.
    """
    if interactions.last_time is None:
        raise DataError("The references need the time of each choice; name the column with --timestamp.")
    fold = parts.test
    column = {item_id: number for number, item_id in enumerate(simulation.films.item_ids)}
    films = np.array([column[item_id] for item_id in interactions.item_ids], dtype=np.int64)  # column -> film
    viewers = interactions.user_ids.to_numpy()[fold.user_idx] - 1
    when = _seasons(simulation, fold, interactions.last_time, spread=parts.holds_users_out or parts.holds_items_out)
    known = fold.fold_in + fold.masked
    seen = csr_array((known.data, films[known.indices], known.indptr), shape=(len(fold), len(column)))
    truth = {"oracle": simulation.next_probability, "preference": simulation.preference}
    scores = {name: ask(viewers, when, seen)[:, films] for name, ask in truth.items()}
    return references_table({name: np.where(p > 0, p, -np.inf) for name, p in scores.items()}, fold.user_idx)


def _seasons(simulation: Simulation, fold: Fold, last_time: csr_array, spread: bool) -> np.ndarray:
    """float [n, S], rows sum to 1: the seasons of the shown choices, or only the last one's."""
    shown = ((fold.fold_in + fold.masked) > 0).astype(float)
    times = (shown * last_time[fold.user_idx]).tocsr()
    rows = np.repeat(np.arange(len(fold)), np.diff(times.indptr))
    when = np.zeros((len(fold), simulation.config.n_seasons))
    np.add.at(when, (rows, simulation.season(times.data)), 1.0)
    if not spread:
        last = when.shape[1] - 1 - np.argmax(when[:, ::-1] > 0, axis=1)
        when = np.eye(when.shape[1])[last]
    return when / when.sum(axis=1, keepdims=True)
