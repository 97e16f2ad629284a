"""Any file of who chose what -> Interactions: a sparse matrix, the outside ids, and what was dropped and why.

The order of the steps decides what the numbers mean:

1. rows without a user, an item, a label (when one was asked for) or a readable rating (when it is used) are dropped;
2. repeats = "count": rows below the threshold are dropped, then the rows of a pair become one entry, its weight their
   number; repeats = "last" or "max": a pair's last row (in time, else in the file), or its highest, stays, and then
   the threshold applies;
3. users and items with too few entries are dropped, until every one that is left has enough.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from zoo.columns import RECOGNISE, Mapping
from zoo.errors import DataError
from zoo.files import NO_LIMITS, Limits, open_table
from zoo.fingerprint import fingerprint
from zoo.report import Ledger, Report
from zoo.rows import Rows, read_rows

__all__ = ["Interactions", "Limits", "Mapping", "Part", "Report", "Rules", "read_interactions"]

REPEATED = "repeated"
BELOW = "below the threshold"
FEW_ITEMS = "from users with too few items"
FEW_USERS = "of items with too few users"


@dataclass(frozen=True)
class Rules:
    """What becomes of the rows."""

    threshold: float | None = None  # a row is a positive when its rating >= threshold; None = every row is one
    min_user: int = 1  # fewest items of a user, and
    min_item: int = 1  # fewest users of an item; both hold at once in the end
    repeats: str = "count"  # a pair that occurs again: "count" (its weight), "last" (in time), or "max" (of the rating)

    def __post_init__(self) -> None:
        if self.repeats not in ("count", "last", "max"):
            raise DataError(f"repeats is {self.repeats!r}; choose count, last or max.")
        if min(self.min_user, self.min_item) < 1:
            raise DataError(f"The minimum activity is {self.min_user} and {self.min_item}; give whole numbers from 1.")
        if self.threshold is not None and not np.isfinite(self.threshold):
            raise DataError(f"The threshold is {self.threshold}; give a number.")

    @property
    def needs_value(self) -> bool:
        return self.threshold is not None or self.repeats == "max"


EVERY_ROW = Rules()


@dataclass(frozen=True)
class Part:
    """The label of every stored interaction, for the split rule `column:NAME`."""

    labels: list[str]  # lower case, sorted
    codes: np.ndarray  # int16 [nnz], positions in `labels`, aligned with X.data

    def select(self, X: csr_array, label: str) -> csr_array:
        """The entries of X [U, I] that carry the label, as csr [U, I]; no entries when nothing carries it."""
        chosen = self.codes == (self.labels.index(label) if label in self.labels else -1)
        before = np.concatenate([[0], np.cumsum(chosen)])  # chosen entries before each entry
        return csr_array((X.data[chosen], X.indices[chosen], before[X.indptr]), shape=X.shape)


@dataclass(frozen=True)
class Interactions:
    """Who chose what. U users, I items; row and column numbers are positions in `user_ids` and `item_ids`."""

    X: csr_array  # float32 [U, I]; 1.0 per pair, or how often it occurred with repeats="count"
    user_ids: pl.Series  # [U] sorted; Int64 where all are integers, else String
    item_ids: pl.Series  # [I] the same
    last_time: (
        csr_array | None
    )  # float64 [U, I], same entries: when it was (last) chosen; dates in seconds; 0.0 unknown
    part: Part | None  # when a column was named for it
    report: Report
    fingerprint: str  # sha256 hex of ids, X, last_time, part and rules; the order of the rows does not matter


def read_interactions(
    source: Path | bytes,
    mapping: Mapping = RECOGNISE,
    rules: Rules = EVERY_ROW,
    part: str | None = None,
    limits: Limits = NO_LIMITS,
) -> Interactions:
    """Read, clean and number a file of interactions.

    Parameters
    ----------
    source : CSV, TSV, JSON lines or Parquet, or one of them in a gzip or zip file
    mapping : columns by name; those not named are recognised
    rules : what counts as a positive, what is too little, what to do with repeats
    part : the column with the labels of `column:NAME`; the same as mapping.part

    Raises
    ------
    DataError when the file cannot be read or understood, when a pair has two labels, and when fewer than two users
    or two items are left
    """
    table = open_table(source, limits=limits)
    rows = read_rows(table, replace(mapping, part=part) if part else mapping, needs_value=rules.needs_value)
    pairs = _to_pairs(rows, rules)
    pairs = _with_enough(pairs, rules, rows.ledger)
    _check_enough_left(pairs, rows, table.name)
    return _index(pairs, rows, rules)


def _to_pairs(rows: Rows, rules: Rules) -> pl.DataFrame:
    """One row per (user, item), sorted; `count` = its rows."""
    frame = rows.frame
    if rules.repeats == "count":
        frame = _above_threshold(frame, rules, rows.ledger)
    frame = frame.with_columns(pair=pl.col("user").cast(pl.Int64) * len(rows.item_ids) + pl.col("item"))
    best_last = ("value", "time") if rules.repeats == "max" else ("time",)
    order = [column for column in best_last if column in frame.columns]
    frame = frame.sort("pair", *order, maintain_order=True)  # one Int64 key: four times as fast as two columns
    _check_labels(frame, rows)
    is_last = (frame["pair"] != frame["pair"].shift(-1)).fill_null(True)
    ends = is_last.arg_true().cast(pl.Int64)
    frame = rows.ledger.drop(frame.drop("pair"), ~is_last, REPEATED)
    frame = frame.with_columns(count=ends - ends.shift(1, fill_value=-1))
    return frame if rules.repeats == "count" else _above_threshold(frame, rules, rows.ledger)


def _above_threshold(frame: pl.DataFrame, rules: Rules, ledger: Ledger) -> pl.DataFrame:
    return frame if rules.threshold is None else ledger.drop(frame, frame["value"] < rules.threshold, BELOW)


def _check_labels(frame: pl.DataFrame, rows: Rows) -> None:
    """`frame` is sorted by pair: two labels of one pair stand beside each other."""
    if "label" not in frame.columns:
        return
    clash = (frame["pair"] == frame["pair"].shift(1)) & (frame["label"] != frame["label"].shift(1))
    if clash.any():
        at = clash.arg_true()[0]
        first, second = (rows.labels[code] for code in frame["label"][at - 1 : at + 1])
        raise DataError(
            f"{rows.table.name}: user {rows.user_ids[frame['user'][at]]} with item {rows.item_ids[frame['item'][at]]} "
            f"is both {first} and {second} in column {rows.columns['part']}. Give each pair one label."
        )


def _with_enough(pairs: pl.DataFrame, rules: Rules, ledger: Ledger) -> pl.DataFrame:
    """Drop users and items with too few pairs until nothing changes."""
    while True:
        before = pairs.height
        pairs = ledger.drop(pairs, _occurrences(pairs["user"]) < rules.min_user, FEW_ITEMS)
        pairs = ledger.drop(pairs, _occurrences(pairs["item"]) < rules.min_item, FEW_USERS)
        if pairs.height == before:
            return pairs


def _occurrences(codes: pl.Series) -> pl.Series:
    numbers = codes.to_numpy()
    return pl.Series(np.bincount(numbers)[numbers] if len(numbers) else numbers)


def _check_enough_left(pairs: pl.DataFrame, rows: Rows, name: str) -> None:
    facts = rows.ledger.report(pairs.height, rows.notes, rows.columns).sentence()
    if pairs.is_empty():
        raise DataError(
            f"{name}: nothing is left. {facts} Loosen the threshold or the minimum activity, or mend the file."
        )
    for role in ("user", "item"):
        if pairs[role].n_unique() < 2:
            raise DataError(
                f"{name} has a single {role}. {facts} Loosen the rules, or bring a file with two {role}s or more."
            )


def _index(pairs: pl.DataFrame, rows: Rows, rules: Rules) -> Interactions:
    """Number what is left from 0, and put it into matrices that share one structure."""
    users, user_ids = _renumber(pairs["user"], rows.user_ids)
    items, item_ids = _renumber(pairs["item"], rows.item_ids)
    shape = (len(user_ids), len(item_ids))
    index_type = np.int32 if pairs.height < 2**31 else np.int64
    indptr = np.concatenate([[0], np.cumsum(np.bincount(users, minlength=shape[0]))]).astype(index_type)

    def matrix(values: np.ndarray) -> csr_array:
        return csr_array((values, items, indptr), shape=shape)  # pairs are sorted: this is the canonical form

    weights = pairs["count"] if rules.repeats == "count" else pl.repeat(1, pairs.height, eager=True)
    X = matrix(weights.cast(pl.Float32).to_numpy())
    last_time = matrix(pairs["time"].to_numpy()) if "time" in pairs.columns else None
    part = Part(rows.labels, pairs["label"].to_numpy()) if "label" in pairs.columns else None
    report = rows.ledger.report(pairs.height, rows.notes, rows.columns)
    threshold = None if rules.threshold is None else float(rules.threshold)  # 4 and 4.0 are one rule
    applied = (threshold, rules.min_user, rules.min_item, rules.repeats)
    digest = fingerprint(user_ids, item_ids, X, last_time, (part.labels, part.codes) if part else None, applied)
    return Interactions(X, user_ids, item_ids, last_time, part, report, digest)


def _renumber(codes: pl.Series, ids: pl.Series) -> tuple[np.ndarray, pl.Series]:
    """Codes without gaps, int32, and the ids that still occur, in the same order."""
    numbers = codes.to_numpy()
    occurs = np.bincount(numbers, minlength=len(ids)) > 0
    return (np.cumsum(occurs) - 1).astype(np.int32)[numbers], ids.filter(pl.Series(occurs))
