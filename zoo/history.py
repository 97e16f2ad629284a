"""Somebody's file over an existing catalogue: items found by id, or by title and year, with a report to review.

Two steps, so that a wrong match can be mended without the file: `read_histories` reads the rows and finds each thing
that they name; `corrected` puts the same rows together again where somebody said what they mean.
"""

from collections.abc import Mapping as Corrections
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from zoo.catalogue import Catalogue
from zoo.columns import RECOGNISE, Mapping, find_columns, is_count, require
from zoo.errors import DataError
from zoo.exports import ASIDE, DISLIKE, LIKE, SEEN, Reading, Reason, foreign_key, open_export, recognise
from zoo.files import NO_LIMITS, Limits, Table
from zoo.ids import as_text, distinct, id_text, number_ids
from zoo.match_report import MatchReport
from zoo.matching import find_items
from zoo.rows import check_id_column, number
from zoo.titles import year_number

EXAMPLES = 5
LETTERS = 80  # of an example
THING = ["item", "title", "also", "year"]  # what a row says about its item; also: another title of it
BELOW = Reason("below the threshold", ASIDE)
PLAIN = [Reason("named", LIKE), BELOW]  # the reasons of a file that is no service's
WORDS = {LIKE: "like", DISLIKE: "dislike", SEEN: "seen"}
MATCHES = ["given", "item_idx", "title", "how", "score", "rows", "says"]
NO_RATINGS = "It has no ratings: every row counts as a like."
OTHER_KIND = (
    "{service} tells of {theirs}, and this catalogue holds {ours}: only what has the same title and the same year was "
    "taken for one of them."
)
MOST_MENDED = 100_000  # rows that are kept for corrections by hand


@dataclass(frozen=True)
class _Read:
    """A file as it was read: what is needed to put it together once more."""

    rows: pl.DataFrame  # thing UInt32, user Int32, reason UInt8; of several rows on one item the last one decides
    found: pl.DataFrame  # one row per thing: given, item_idx, how, score, rows
    user_ids: list[str | int | None]
    reading: Reading
    notes: tuple[str, ...]
    name: str


@dataclass(frozen=True)
class Histories:
    """B users of a file, also those of whom nothing matched; without a user column it is one user with the id None."""

    user_ids: list[str | int | None]  # [B] sorted
    X: csr_array  # likes, float32 [B, I], 1.0 per item
    dislikes: csr_array  # the same
    seen: csr_array  # the same: known to the user, who says nothing of them
    report: MatchReport
    read: _Read | None = field(default=None, repr=False)  # None: too long to be mended by hand


def read_histories(
    source: Path | bytes,
    name: str,
    catalogue: Catalogue,
    *,
    mapping: Mapping = RECOGNISE,
    threshold: float | None = None,
    like_from: float | None = None,
    dislike_below: float | None = None,
    limits: Limits = NO_LIMITS,
) -> Histories:
    """Read a file of likes, or the export of a service, and find its items in the catalogue.

    Parameters
    ----------
    source : CSV, TSV, JSON lines or Parquet, or one of them in a gzip or zip file; an item column or a title column
        (with or without a year), perhaps a user column and a rating. Or an export: its service is recognised by its
        columns, unless columns are named
    name : what the person calls the file
    mapping : columns by name; those not named are recognised
    threshold : rows with a lower rating are no likes; None, or a file without ratings = every row is one. Not for
        exports
    like_from, dislike_below : for exports, on the service's scale; None = as usual for the service

    Raises
    ------
    DataError when the file cannot be read or understood, and when nothing in it is in the catalogue
    """
    table = open_export(source, name, limits)
    service = recognise(table.columns) if mapping == RECOGNISE else None
    if service is None:
        reading = _plain_reading(table, mapping, threshold)
    else:
        reading = service.read(table, service.stars.changed(like_from, dislike_below), catalogue.items.columns)
    rows, values, user_ids = _read_rows(table, reading)
    said = pl.col("reason").is_in([place for place, one in enumerate(reading.reasons) if one.verdict != ASIDE])
    things = rows.filter(said).group_by(THING, maintain_order=True).agg(rows=pl.len())
    spelled = _spelled_out(things, values, reading.foreign, catalogue)
    notes = list(table.notes)
    if service and catalogue.kind and service.of != catalogue.kind:
        notes.append(OTHER_KIND.format(service=service.name, theirs=service.of, ours=catalogue.kind))
    found = _find(spelled, catalogue, year_needed=len(notes) > len(table.notes))
    numbered = things.select(THING).with_row_index("thing")
    rows = rows.join(numbered, on=THING, how="left", nulls_equal=True, maintain_order="left")
    read = _Read(rows.select("thing", "user", "reason"), found, user_ids, reading, tuple(notes), table.name)
    histories = _put_together(read, catalogue)
    if histories.report.matched == 0:
        raise DataError(f"{table.name}: {histories.report.sentence()} {_remedy(histories.report, catalogue)}")
    return histories if rows.height <= MOST_MENDED else replace(histories, read=None)


def corrected(histories: Histories, corrections: Corrections[str, int], catalogue: Catalogue) -> Histories:
    """The same file where some of what it names means another item.

    corrections : what the file says, as `matches` has it under "given" -> the column of the item; -1 leaves it out
    """
    if histories.read is None:
        raise DataError(f"Files of more than {MOST_MENDED:,} rows cannot be mended by hand. Mend the file.")
    return _put_together(histories.read, catalogue, corrections)


def star_rule(
    source: Path | bytes, name: str, mapping: Mapping = RECOGNISE, limits: Limits = NO_LIMITS
) -> float | None:
    """From which rating on a row of a plain file reads as a like, by the scale that its ratings seem to have.

    3.5 where the highest is 5 at most, 7 where it is 10 at most, as in exports; None where the file has no ratings, or
    they are no stars: 0 and 1, or numbers without end such as plays; None for exports, which have rules of their own.
    """
    table = open_export(source, name, limits)
    column = find_columns(table.columns, ("value",), mapping, table.name).get("value")
    exported = mapping == RECOGNISE and recognise(table.columns) is not None  # has a rule of its own
    if column is None or is_count(column) or exported:
        return None
    ratings = table.collect(number(table, column).alias("rating"))["rating"].drop_nulls().to_numpy()
    return like_from_stars(column, float(ratings.max()) if len(ratings) else 0.0)


def like_from_stars(column: str, highest: float) -> float | None:
    """`star_rule` of a column whose highest rating is known."""
    if is_count(column):
        return None
    return next((like_from for most, like_from in ((1.0, None), (5.0, 3.5), (10.0, 7.0)) if highest <= most), None)


def _plain_reading(table: Table, mapping: Mapping, threshold: float | None) -> Reading:
    found = table.columns
    columns = find_columns(found, ("user", "value", "item", "title", "year"), mapping, table.name)
    if "title" not in columns:
        require(columns, "item", found, table.name)
    if threshold is not None and "value" not in columns:
        threshold = None
        table.notes.append(NO_RATINGS)
    for column in columns.values():
        check_id_column(table, column)
    roles = ("user", "item", "title", "also", "year")
    wanted = {role: pl.col(columns[role]) if role in columns else pl.lit(None, pl.String) for role in roles}
    liked = pl.lit(True) if threshold is None else number(table, columns["value"]) >= threshold
    wanted["reason"] = pl.when(liked.fill_null(False)).then(pl.lit(0, pl.UInt8)).otherwise(pl.lit(1, pl.UInt8))
    return Reading(None, wanted, PLAIN, by_user="user" in columns)


def _read_rows(table: Table, reading: Reading) -> tuple[pl.DataFrame, dict[str, pl.Series], list[str | int | None]]:
    """reason, user and THING: codes, null where there is nothing; the values behind the codes; the user ids."""
    expressions = dict(reading.expressions)
    if not reading.by_user:
        expressions["user"] = pl.lit(0)  # all rows are one user's
    rows = table.collect(*(expression.alias(role) for role, expression in expressions.items()))
    if reading.service is not None:  # of several rows on one item the latest decides, and one with a rating before
        told = pl.col("reason").is_in([place for place, one in enumerate(reading.reasons) if one.told])
        rows = rows.sort(told, pl.col("time").fill_null(float("-inf")), maintain_order=True)
    users, user_ids = number_ids(rows["user"])
    coded = {role: distinct(rows[role]) for role in THING}
    rows = rows.select("reason", user=users, **{role: codes for role, (codes, _) in coded.items()})
    values = {role: values for role, (_, values) in coded.items()}
    return rows, values, user_ids.to_list() if reading.by_user else [None]


def _spelled_out(
    things: pl.DataFrame, values: dict[str, pl.Series], foreign: str | None, catalogue: Catalogue
) -> pl.DataFrame:
    """`things` with texts, and the year as a number, in place of their codes."""
    items = id_text(values["item"])
    texts = {
        "item": items if foreign is None else _looked_up(items, foreign, catalogue),
        "title": as_text(values["title"]),
        "also": as_text(values["also"]),
        "year": year_number(values["year"]),
    }
    given = {"said": items.gather(things["item"])}  # what the file calls it, where there is no title
    return things.with_columns(*(text.gather(things[role]).alias(role) for role, text in texts.items()), **given)


def _looked_up(ids: pl.Series, foreign: str, catalogue: Catalogue) -> pl.Series:
    """Ids of our own for those of another catalogue, which ours knows as well; null where it does not."""
    known = catalogue.items.select(key=foreign_key(catalogue.items[foreign]), own=id_text(catalogue.items["item_id"]))
    known = known.drop_nulls().unique("key", keep="first", maintain_order=True)
    wanted = foreign_key(ids).alias("key").to_frame()
    return wanted.join(known, on="key", how="left", maintain_order="left")["own"]


def _find(things: pl.DataFrame, catalogue: Catalogue, *, year_needed: bool = False) -> pl.DataFrame:
    """given (in words), item_idx, how, score, rows. What its title does not find is tried by its other title."""
    dated = pl.col("year").is_not_null() | (not year_needed)
    sought = things.with_columns(called="title", title=pl.when(dated).then("title"), also=pl.when(dated).then("also"))
    found = find_items(sought.select("item", "title", "year", "rows", "also", "said", "called"), catalogue)
    again = found.with_row_index("row").filter(pl.col("item_idx") < 0, pl.col("also").is_not_null())
    if not again.is_empty():
        other = find_items(again.select("row", item=pl.lit(None, pl.String), title="also", year="year"), catalogue)
        better = other.select("row", "item_idx", "how", "score")
        found = found.with_row_index("row").update(better, on="row").drop("row")
    year = pl.format(" ({})", "year").fill_null("")
    given = pl.coalesce(pl.col("called") + year, "said", pl.lit("(blank)"))
    return found.select("item_idx", "how", "score", "rows", given=given)


def _put_together(read: _Read, catalogue: Catalogue, corrections: Corrections[str, int] | None = None) -> Histories:
    things = _with_corrections(read.found, corrections or {}, catalogue)
    reasons = read.reading.reasons
    verdicts = pl.Series([one.verdict for one in reasons], dtype=pl.Int8)
    rows = read.rows.with_columns(
        verdict=verdicts.gather(read.rows["reason"]),
        item_idx=things["item_idx"].gather(read.rows["thing"]),
        how=things["how"].gather(read.rows["thing"]),
    )
    said = rows.filter(pl.col("verdict") != ASIDE)
    matched = said.filter(pl.col("item_idx") >= 0, pl.col("user").is_not_null())
    keep, ordered = ("last", True) if read.reading.service else ("any", False)
    entries = matched.unique(["user", "item_idx"], keep=keep, maintain_order=ordered).sort("user", "item_idx")  # type: ignore[arg-type]
    shape = (len(read.user_ids), len(catalogue))
    likes, dislikes, seen = (
        _matrix(entries.filter(pl.col("verdict") == verdict), shape) for verdict in (LIKE, DISLIKE, SEEN)
    )
    says = said.group_by("thing").agg(says=pl.col("verdict").last().replace_strict(WORDS, return_dtype=pl.String))
    things = things.with_row_index("thing").join(says, on="thing", how="left", maintain_order="left")
    report = _report(read, rows, said, matched, things, repeated=matched.height - entries.height)
    return Histories(read.user_ids, likes, dislikes, seen, report, read)


def _with_corrections(found: pl.DataFrame, corrections: Corrections[str, int], catalogue: Catalogue) -> pl.DataFrame:
    """`found` with the titles of the catalogue, as somebody mended it."""
    if corrections:
        meant = pl.DataFrame({"given": list(corrections), "meant": list(corrections.values())})
        found = found.join(meant.cast({"meant": pl.Int64}), on="given", how="left", maintain_order="left")
        mended = pl.col("meant").is_not_null()
        by_hand = pl.when(pl.col("meant") >= 0).then(pl.lit("hand")).otherwise(pl.lit("left out"))
        found = found.with_columns(
            item_idx=pl.coalesce("meant", "item_idx"),
            how=pl.when(mended).then(by_hand).otherwise("how"),
            score=pl.when(mended).then(100.0 * (pl.col("meant") >= 0)).otherwise("score"),
        ).drop("meant")
    idx = found["item_idx"]
    return found.with_columns(found=catalogue.items["title"].gather(idx.set(idx < 0, None)))


def _matrix(entries: pl.DataFrame, shape: tuple[int, int]) -> csr_array:
    ones = np.ones(entries.height, dtype=np.float32)
    return csr_array((ones, (entries["user"].to_numpy(), entries["item_idx"].to_numpy())), shape)


def _report(
    read: _Read, rows: pl.DataFrame, said: pl.DataFrame, matched: pl.DataFrame, things: pl.DataFrame, repeated: int
) -> MatchReport:
    reasons = read.reading.reasons
    counts = np.bincount(rows["reason"].to_numpy(), minlength=len(reasons)).tolist()
    ways = dict(matched["how"].value_counts().iter_rows())
    left_out = said.filter(pl.col("how") == "left out").height
    aside, service = rows.height - said.height, read.reading.service
    unknown = things.filter(pl.col("how") == "unknown").sort("rows", descending=True, maintain_order=True)
    nobody = ["(a row without a user)"] if said["user"].has_nulls() else []
    return MatchReport(
        rows=rows.height,
        matched=matched.height,
        unknown=said.height - matched.height - left_out,
        repeated=repeated,
        below_threshold=0 if service else aside,
        by_id=ways.get("id", 0),
        by_title=ways.get("title", 0),
        unknown_examples=(nobody + unknown["given"].head(EXAMPLES).str.slice(0, LETTERS).to_list())[:EXAMPLES],
        matches=things.select("given", "item_idx", "how", "score", "rows", "says", title="found").select(MATCHES),
        left_aside=left_out + (aside if service else 0),
        by_hand=ways.get("hand", 0),
        service=service,
        reasons=tuple(zip(reasons, counts, strict=True)) if service else (),
        notes=read.notes,
    )


def _remedy(report: MatchReport, catalogue: Catalogue) -> str:
    if report.below_threshold == report.rows:
        return "Lower the threshold."
    if report.left_aside == report.rows:
        return "Nothing in it says what somebody likes. Bring what was watched, read or rated."
    if catalogue.has_titles and all(example.isdecimal() for example in report.unknown_examples):
        return (
            f"It names items by numbers that mean nothing here, such as {', '.join(report.unknown_examples)}. Bring "
            "their titles too: with MovieLens' ratings.csv, join movies.csv by movieId."
        )
    return f"Bring ids or titles of this catalogue, not such as {', '.join(report.unknown_examples)}."
