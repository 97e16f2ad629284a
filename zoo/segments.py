"""Test users in groups: by how much they chose, how popular what they chose is, and what stands out in their history.

All of it is read from the history that a model is shown (fold-in), never from what it must find.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from zoo.metrics import ItemFacts
from zoo.split import Fold

ACTIVITY, POPULARITY = "activity", "popularity"
STEPS = (1, 10, 20, 50, 100, 200)  # items of a history, from which on a group begins
MOST_GROUPS = 12  # of a column's values; the others are told together
QUARTERS = ("the rarest quarter", "rather rare", "rather popular", "the most popular quarter")
REST = "all others"
ALIKE = "equally popular choices"
_PART = 4096  # users at a time
NOT_TOLD = frozenset({"item_id", "title", "also", "n_users", "description"})  # columns that group nobody


@dataclass(frozen=True, eq=False)
class Segments:
    """Every test user belongs to one group, or to none."""

    by: str  # "activity", "popularity", or a column of the items
    labels: list[str]  # as they stand behind "users with": of the groups, in order
    of: np.ndarray  # int64 [n], a position in labels; -1: none

    def rows(self, label: str) -> np.ndarray:
        """bool [n]: who belongs to a group; everybody where there is no such group."""
        return self.of == self.labels.index(label) if label in self.labels else np.ones(len(self.of), dtype=bool)


def ways(items: pl.DataFrame) -> list[str]:
    """By what users can be grouped: activity, popularity, and the columns of the items that repeat their values."""
    return [ACTIVITY, POPULARITY, *(name for name in items.columns if name not in NOT_TOLD and _repeats(items[name]))]


def segments(by: str, fold: Fold, items: pl.DataFrame, facts: ItemFacts) -> Segments:
    """The groups of one way of `ways`."""
    if by == ACTIVITY:
        return by_activity(fold)
    if by == POPULARITY:
        return by_popularity(fold, facts)
    return by_column(by, fold, items, facts)


def by_activity(fold: Fold) -> Segments:
    """How many items their history holds."""
    n = np.diff(fold.fold_in.indptr)
    group = np.searchsorted(STEPS, n, side="right") - 1
    ends = [str(step - 1) for step in STEPS[1:]]
    labels = [f"{start} to {end} items" for start, end in zip(STEPS, ends, strict=False)] + [f"{STEPS[-1]} or more"]
    return _without_empty(ACTIVITY, labels, group)


def by_popularity(fold: Fold, facts: ItemFacts) -> Segments:
    """Quarters of the users, by the mean share of training users who chose an item of their history."""
    n = np.diff(fold.fold_in.indptr)
    total = np.add.reduceat(np.append(facts.counts[fold.fold_in.indices], 0), fold.fold_in.indptr[:-1])
    mean = np.divide(total / facts.n_users, n, out=np.full(len(n), np.nan), where=n > 0)
    known = np.isfinite(mean)
    group = np.full(len(n), -1)
    if known.any():
        group[known] = np.searchsorted(np.quantile(mean[known], (0.25, 0.5, 0.75)), mean[known], side="left")
    found = _without_empty(POPULARITY, list(QUARTERS), group)
    return found if len(found.labels) != 1 else Segments(POPULARITY, [ALIKE], found.of)


def by_column(name: str, fold: Fold, items: pl.DataFrame, facts: ItemFacts) -> Segments:
    """What stands out in a history: the value whose share there is furthest above its share of all training choices.

    Years count as decades. An item of several values (genres) counts as a part of each. Users whose history has no
    value belong to no group; the values of fewest users stand together as "all others".
    """
    values, V = _values(name, items[name])
    sums = np.asarray(V.sum(axis=1)).ravel()
    V = csr_array(V.multiply(np.divide(1.0, sums, out=np.zeros_like(sums), where=sums > 0)[:, None]))  # rows add to 1
    everybody = facts.counts @ V
    everybody = everybody / max(everybody.sum(), 1e-12)
    parts = [_stands_out(fold.fold_in[start : start + _PART], V, everybody) for start in range(0, len(fold), _PART)]
    return _largest(name, values, np.concatenate([*parts, np.empty(0, dtype=np.int64)]))


def _stands_out(fold_in: csr_array, V: csr_array, everybody: np.ndarray) -> np.ndarray:
    """int64 [B]: the value whose share in a history is furthest above everybody's; -1 where it has none."""
    history = csr_array((np.ones(fold_in.nnz), fold_in.indices, fold_in.indptr), shape=fold_in.shape)
    shares = (history @ V).toarray()  # [B, values]
    if not shares.shape[1]:
        return np.full(len(shares), -1)
    own = shares.sum(axis=1)
    shares /= np.maximum(own, 1e-12)[:, None]
    return np.where(own > 0, (shares - everybody).argmax(axis=1), -1)


def _largest(name: str, values: list[str], group: np.ndarray) -> Segments:
    """The groups of most users, in the order of their size, or of time where they are decades; then the others."""
    counts = np.bincount(group[group >= 0], minlength=len(values))
    there = np.flatnonzero(counts)
    kept = there[np.argsort(-counts[there], kind="stable")]
    kept, others = (kept, kept[:0]) if len(kept) <= MOST_GROUPS else (kept[: MOST_GROUPS - 1], kept[MOST_GROUPS - 1 :])
    kept = np.sort(kept) if name == "year" else kept
    place = np.full(len(values) + 1, -1)  # the last one answers -1
    place[kept] = np.arange(len(kept))
    place[others] = len(kept)
    return Segments(name, [values[one] for one in kept] + ([REST] if len(others) else []), place[group])


def _without_empty(by: str, labels: list[str], group: np.ndarray) -> Segments:
    there = [place for place in range(len(labels)) if (group == place).any()]
    moved = np.full(len(labels) + 1, -1)
    moved[there] = np.arange(len(there))
    return Segments(by, [labels[place] for place in there], moved[group])


def _repeats(column: pl.Series) -> bool:
    """Whether the values of a column gather items: a number of others than years says nothing by being equal."""
    if column.name != "year" and column.dtype not in (pl.String, pl.List(pl.String), pl.Boolean, pl.Categorical):
        return False
    column = column // 10 if column.name == "year" else column
    values = (column.explode() if column.dtype == pl.List(pl.String) else column).drop_nulls()
    return values.n_unique() > 1 and 2 * values.n_unique() <= len(values)


def _values(name: str, column: pl.Series) -> tuple[list[str], csr_array]:
    """The values of a column, and which item has which: float64 0/1 [I, values]."""
    texts: pl.Series = (column // 10 * 10).cast(pl.String) + "s" if name == "year" else column
    table = pl.DataFrame({"item": np.arange(len(column)), "value": texts})
    table = table.explode("value") if texts.dtype.base_type() == pl.List else table
    pairs = table.with_columns(pl.col("value").cast(pl.String)).drop_nulls().unique(maintain_order=True)
    values = _in_order(name, pairs["value"].unique())
    columns = pairs["value"].replace_strict({value: place for place, value in enumerate(values)}, return_dtype=pl.Int64)
    shape = (len(column), len(values))
    return values, csr_array((np.ones(pairs.height), (pairs["item"].to_numpy(), columns.to_numpy())), shape=shape)


def _in_order(name: str, values: Iterable[str]) -> list[str]:
    return sorted(values, key=(lambda text: int(text[:-1])) if name == "year" else None)
