"""Somebody's file over an existing catalogue: items found by id, or by title and year, with a report to review."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from zoo.catalogue import Catalogue
from zoo.columns import RECOGNISE, Mapping, find_columns, require
from zoo.errors import DataError
from zoo.files import NO_LIMITS, Limits, Table, open_table
from zoo.ids import as_text, distinct, id_text, number_ids
from zoo.matching import find_items
from zoo.rows import check_id_column, number
from zoo.titles import year_number

EXAMPLES = 5
LETTERS = 80  # of an example
THING = ["item", "title", "year"]  # what a row says about its item


@dataclass(frozen=True)
class MatchReport:
    """rows == matched + unknown + below_threshold; matched == by_id + by_title; X.nnz == matched - repeated."""

    rows: int
    matched: int  # rows whose item is in the catalogue, repeats included
    unknown: int  # rows that name no item of the catalogue, or no user where the others do
    repeated: int  # of the matched rows: the same user and item once more
    below_threshold: int  # rows whose rating is below the threshold, or no number
    by_id: int
    by_title: int
    unknown_examples: list[str]  # up to 5, the most frequent first
    matches: pl.DataFrame  # given, item_idx (-1 unknown), title, how ("id", "title", "unknown"), score 0..100, rows

    def sentence(self) -> str:
        """Such as "412 of 450 rows matched; 38 unknown; 3 repeated."."""
        facts = [
            f"{self.matched:,} of {self.rows:,} rows matched",
            f"{self.unknown:,} unknown",
            f"{self.repeated:,} repeated",
        ]
        below = [f"{self.below_threshold:,} below the threshold"] if self.below_threshold else []
        return "; ".join(facts + below) + "."


@dataclass(frozen=True)
class Histories:
    """B users of a file, also those of whom nothing matched; without a user column it is one user with the id None."""

    user_ids: list[str | int | None]  # [B] sorted
    X: csr_array  # float32 [B, I], 1.0 per item
    report: MatchReport


def read_histories(
    source: Path | bytes,
    name: str,
    catalogue: Catalogue,
    *,
    mapping: Mapping = RECOGNISE,
    threshold: float | None = None,
    limits: Limits = NO_LIMITS,
) -> Histories:
    """Read a file of likes and find its items in the catalogue.

    Parameters
    ----------
    source : CSV, TSV, JSON lines or Parquet, or one of them in a gzip or zip file; an item column or a title column
        (with or without a year), perhaps a user column and a rating
    name : what the person calls the file
    mapping : columns by name; those not named are recognised
    threshold : rows with a lower rating are no likes; None = every row is one

    Raises
    ------
    DataError when the file cannot be read or understood, and when nothing in it is in the catalogue
    """
    table = open_table(source, name, limits)
    rows, values, user_ids = _read_rows(table, mapping, threshold)
    things = rows.filter("liked").group_by(THING, maintain_order=True).agg(rows=pl.len())
    found = find_items(_spelled_out(things, values), catalogue)
    rows = rows.join(things.with_columns(found["item_idx", "how"]), on=THING, how="left", nulls_equal=True)
    matched = rows.filter("liked", pl.col("item_idx") >= 0, pl.col("user").is_not_null())
    entries = matched.select("user", "item_idx").unique().sort("user", "item_idx")
    report = _report(rows, matched, _with_words(found, catalogue), repeated=matched.height - entries.height)
    if matched.is_empty():
        raise DataError(f"{table.name}: {report.sentence()} {_remedy(report)}")
    ones = np.ones(entries.height, dtype=np.float32)
    X = csr_array((ones, (entries["user"].to_numpy(), entries["item_idx"].to_numpy())), (len(user_ids), len(catalogue)))
    return Histories(user_ids, X, report)


def _read_rows(
    table: Table, mapping: Mapping, threshold: float | None
) -> tuple[pl.DataFrame, dict[str, pl.Series], list[str | int | None]]:
    """liked, user, item, title, year: codes, null where there is nothing; the values behind the codes; the user ids."""
    found = table.columns
    columns = find_columns(found, ("user", "value", *THING), mapping, table.name)
    if "title" not in columns:
        require(columns, "item", found, table.name)
    if threshold is not None:
        require(columns, "value", found, table.name)
    for column in columns.values():
        check_id_column(table, column)
    liked = pl.lit(True) if threshold is None else number(table, columns["value"]) >= threshold
    wanted = [pl.col(columns[role]) if role in columns else pl.lit(None, pl.String) for role in THING]
    wanted.append(pl.col(columns["user"]) if "user" in columns else pl.lit(0))  # 0: all rows are one user's
    named = (column.alias(role) for column, role in zip(wanted, (*THING, "user"), strict=True))
    rows = table.collect(*named, liked.fill_null(False).alias("liked"))
    users, user_ids = number_ids(rows["user"])
    coded = {role: distinct(rows[role]) for role in THING}
    rows = rows.select("liked", user=users, **{role: codes for role, (codes, _) in coded.items()})
    values = {role: values for role, (_, values) in coded.items()}
    return rows, values, user_ids.to_list() if "user" in columns else [None]


def _spelled_out(things: pl.DataFrame, values: dict[str, pl.Series]) -> pl.DataFrame:
    """`things` with item and title as text and year as a number in place of their codes."""
    texts = {"item": id_text(values["item"]), "title": as_text(values["title"]), "year": year_number(values["year"])}
    return things.with_columns(text.gather(things[role]).alias(role) for role, text in texts.items())


def _with_words(things: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """`given`: what the file says, in words; `found`: the title of the item in the catalogue."""
    year = pl.format(" ({})", "year").fill_null("")
    given = pl.coalesce(pl.col("title") + year, "item", pl.lit("(blank)"))
    idx = things["item_idx"]
    return things.with_columns(given=given, found=catalogue.items["title"].gather(idx.set(idx < 0, None)))


def _report(rows: pl.DataFrame, matched: pl.DataFrame, things: pl.DataFrame, repeated: int) -> MatchReport:
    liked = int(rows["liked"].sum())
    by_id = int((matched["how"] == "id").sum())
    unknown = things.filter(pl.col("item_idx") < 0).sort("rows", descending=True, maintain_order=True)
    nobody = ["(a row without a user)"] if rows["user"].has_nulls() else []
    return MatchReport(
        rows=rows.height,
        matched=matched.height,
        unknown=liked - matched.height,
        repeated=repeated,
        below_threshold=rows.height - liked,
        by_id=by_id,
        by_title=matched.height - by_id,
        unknown_examples=(nobody + unknown["given"].head(EXAMPLES).str.slice(0, LETTERS).to_list())[:EXAMPLES],
        matches=things.select("given", "item_idx", title="found", how="how", score="score", rows="rows"),
    )


def _remedy(report: MatchReport) -> str:
    if report.below_threshold == report.rows:
        return "Lower the threshold."
    return f"Bring ids or titles of this catalogue, not such as {', '.join(report.unknown_examples)}."
