"""Recommendation lists made elsewhere, such as those of the system in use today: measured beside the models.

A file of user, item, and rank or score. Nothing is mended on the quiet: what is odd is counted and told.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from zoo.columns import RECOGNISE, find_columns, require
from zoo.dataset import Dataset
from zoo.errors import DataError
from zoo.files import NO_LIMITS, Limits, open_table
from zoo.ids import as_text, id_text
from zoo.metrics import LONGEST_LIST
from zoo.rows import check_id_column
from zoo.split import Fold
from zoo.text import visible

ROLES = ("user", "item", "rank", "value")


@dataclass(frozen=True, eq=False)
class OutsideLists:
    """Lists of some of the test users; the others have none, and are left out of every comparison with these."""

    rows: np.ndarray  # int64 [m], positions in the test fold
    ranked: np.ndarray  # int32 [m, 100 or I], item columns, best first; -1 for an unknown item, or behind the end
    notes: list[str]  # what was odd, a sentence each

    def part_of(self, fold: Fold) -> Fold:
        """The users who have a list."""
        return fold.part(self.rows)


@dataclass(frozen=True, eq=False)
class Placed:
    """The rows of a file of lists; those without a user or an item were dropped."""

    table: pl.DataFrame  # user, item as text; place Float64, grows down the list
    by_rank: bool  # whether the place is a rank, from 0
    notes: list[str]


def read_lists(
    source: Path | bytes, dataset: Dataset, name: str | None = None, limits: Limits = NO_LIMITS
) -> OutsideLists:
    """Lists of the data set's test users.

    Parameters
    ----------
    source : CSV, TSV, JSON lines or Parquet with a column for the user, one for the item, and rank (1 is the first) or
        score (the highest is the first); with neither the order of the rows is the order of the list

    Returns
    -------
    OutsideLists. An item that the catalogue does not have keeps its place in the list and finds nothing; so does a rank
    that the file leaves out. One that is named twice counts where it stands first; by score or order, those below move
    up. Of equal ranks the first row comes first. People who are not test users are left out.

    Raises
    ------
    DataError where the columns are missing, a rank is no whole number from 0 or 1, a score no number, or no test user
    has a list
    """
    name = name or (source.name if isinstance(source, Path) else "The upload")
    return lists_of(placed(source, name, limits), dataset, name)


def placed(source: Path | bytes, name: str, limits: Limits = NO_LIMITS) -> Placed:
    """A file's rows, each with its place in a list: what is left to do knows nothing of files."""
    table = open_table(source, name, limits)
    for column in find_columns(table.columns, ROLES, RECOGNISE, name).values():
        check_id_column(table, column)
    return _placed(table.collect(pl.all()), name)


def lists_of(rows_of_file: Placed, dataset: Dataset, name: str) -> OutsideLists:
    """`read_lists` of rows that were read."""
    table, by_rank, notes = rows_of_file.table, rows_of_file.by_rank, [*rows_of_file.notes]
    fold = dataset.test
    ids = id_text(dataset.users["user_id"].gather(fold.user_idx))
    rows = pl.DataFrame({"user": ids, "row": np.arange(len(fold))})
    table = table.join(rows, on="user", how="left", maintain_order="left")
    strangers = table.filter(pl.col("row").is_null())
    if strangers.height:
        notes.append(f"{_n(strangers['user'].n_unique(), 'person is', 'people are')} no test user here: left out.")
    table = table.drop_nulls("row").sort("row", "place", maintain_order=True)
    if table.is_empty():
        raise DataError(
            f"{name} has no list for any of the {len(fold):,} test users of {dataset.name} (it names "
            f"{strangers['user'].n_unique():,} other people). Make lists for `menagerie recommend --held-out` users."
        )
    table, repeated = _first_of_each(table)
    if repeated:
        notes.append(f"{_n(repeated, 'row repeats', 'rows repeat')} an item of the same list: the first one counts.")
    return _lists(_at_ranks(table, notes) if by_rank else _closed_up(table), dataset, notes)


def _placed(table: pl.DataFrame, name: str) -> Placed:
    columns = find_columns(table.columns, ROLES, RECOGNISE, name)
    user, item = (require(columns, role, table.columns, name) for role in ("user", "item"))
    notes: list[str] = []
    if "rank" in columns:
        place = _from_0(_numbers(table[columns["rank"]], "rank", name), name, notes)
        if "value" in columns:
            notes.append(f"It has the columns {columns['rank']} and {columns['value']}: the rank counts.")
    elif "value" in columns:
        place = -_numbers(table[columns["value"]], "score", name)
    else:
        place = pl.int_range(table.height, dtype=pl.Int64, eager=True).cast(pl.Float64)
        notes.append("There is no column rank or score: the order of the rows is the order of the lists.")
    rows = pl.DataFrame({"user": id_text(table[user]), "item": id_text(table[item]), "place": place})
    kept = rows.drop_nulls(["user", "item"])
    if lost := rows.height - kept.height:
        notes.append(f"{_n(lost, 'row names', 'rows name')} no user or no item: left out.")
    return Placed(kept, "rank" in columns, notes)


def _from_0(ranks: pl.Series, name: str, notes: list[str]) -> pl.Series:
    bad = (ranks < 0) | (ranks != ranks.round())
    if bad.any():
        row = int(bad.arg_true()[0])
        raise DataError(
            f"{name}: row {row + 1} has {ranks[row]:g} as its rank. Ranks are whole numbers: 1 is the first."
        )
    if (ranks == 0).any():
        notes.append("Its ranks begin at 0: that is taken as the first place.")
        return ranks
    return ranks - 1


def _numbers(values: pl.Series, what: str, name: str) -> pl.Series:
    texts = as_text(values)
    numbers = texts.str.strip_chars().cast(pl.Float64, strict=False)
    bad = numbers.is_null() | ~numbers.is_finite().fill_null(False)
    if bad.any():
        row = int(bad.arg_true()[0])
        found = "nothing" if texts[row] is None else repr(visible(texts[row][:80]))
        raise DataError(f"{name}: row {row + 1} has {found} as its {what}. Give every row a number.")
    return numbers


def _first_of_each(table: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    once = table.unique(["row", "item"], keep="first", maintain_order=True)
    return once, table.height - once.height


def _closed_up(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(rank=pl.int_range(pl.len()).over("row"))


def _at_ranks(table: pl.DataFrame, notes: list[str]) -> pl.DataFrame:
    """Everything where its rank says; where two have one rank, the second and those right behind it move down."""
    if tied := int(table.select((pl.col("place").diff().over("row") == 0).sum()).item()):
        notes.append(f"{_n(tied, 'row has', 'rows have')} the rank of another row of the same list: next to it.")
    order, rank = pl.int_range(pl.len()).over("row"), pl.col("place").cast(pl.Int64)
    table = table.with_columns(order=order).with_columns(
        rank=pl.col("order") + (rank - pl.col("order")).cum_max().over("row")
    )
    ends = table.group_by("row").agg(pl.col("rank").max() + 1 - pl.len())
    if gaps := int(ends["rank"].sum()):
        notes.append(f"{_n(gaps, 'place is', 'places are')} empty within the lists, no row has that rank: a miss.")
    return table


def _lists(table: pl.DataFrame, dataset: Dataset, notes: list[str]) -> OutsideLists:
    """table : row, item, rank (from 0)"""
    rows, user = np.unique(table["row"].to_numpy(), return_inverse=True)
    columns = dataset.catalogue.columns_of(table["item"])
    fold = dataset.test
    ranked = np.full((len(rows), min(LONGEST_LIST, fold.held_out.shape[1])), -1, dtype=np.int32)
    rank = table["rank"].to_numpy()
    fits = rank < ranked.shape[1]
    ranked[user[fits], rank[fits]] = columns[fits]
    if unknown := int((columns[fits] < 0).sum()):
        notes.append(f"{_n(unknown, 'place holds', 'places hold')} an item that the catalogue does not have: a miss.")
    known = (fold.fold_in + fold.masked)[rows]
    if seen := _already_known(ranked, known):
        notes.append(f"{_n(seen, 'place holds', 'places hold')} what the person already has: a miss.")
    if missing := len(fold) - len(rows):
        notes.append(f"{missing:,} of {len(fold):,} test users have no list: they are not measured.")
    return OutsideLists(rows.astype(np.int64), ranked, notes)


def _already_known(ranked: np.ndarray, known: csr_array) -> int:
    """Places that hold an item of the user's own history."""
    user, place = np.nonzero(ranked >= 0)
    keys = user * known.shape[1] + ranked[user, place]
    own = np.repeat(np.arange(known.shape[0]), np.diff(known.indptr)) * known.shape[1] + known.indices
    return int(np.isin(keys, own).sum())


def _n(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
