"""The rows of somebody's file over an existing catalogue: what each counts as, and which item is meant.

The part of zoo/history.py that touches a stranger's bytes: it can be another process's (zoo/decoding.py).
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from zoo.catalogue import Catalogue
from zoo.columns import RECOGNISE, Mapping, find_columns, is_count, require
from zoo.errors import DataError
from zoo.exports import ASIDE, LIKE, SEEN, Reading, Reason, foreign_key, open_export, recognise
from zoo.files import NO_LIMITS, Limits, Table
from zoo.ids import as_text, distinct, id_text, number_ids
from zoo.matching import find_items
from zoo.rows import check_id_column, number
from zoo.titles import MAX_LENGTH, year_number

THING = ["item", "title", "also", "year"]  # what a row says about its item; also: another title of it
# The reasons of a file that is no service's. Who rated something low knows it: no like, and not to be recommended
PLAIN = [Reason("named", LIKE), Reason("rated below the threshold", SEEN), Reason("without a rating", ASIDE)]
NO_RATINGS = "It has no ratings: every row counts as a like."
OTHER_KIND = (
    "{service} tells of {theirs}, and this catalogue holds {ours}: only what has the same title and the same year was "
    "taken for one of them."
)


@dataclass(frozen=True)
class Read:
    """A file as it was read: what is needed to put it together once more."""

    rows: pl.DataFrame  # thing UInt32, user Int32, reason UInt8; of several rows on one item the last one decides
    found: pl.DataFrame  # one row per thing: given, item_idx, how, score, rows
    user_ids: list[str | int | None]
    reading: Reading
    notes: tuple[str, ...]
    name: str


def find_in(
    table: Table,
    catalogue: Catalogue,
    *,
    mapping: Mapping = RECOGNISE,
    threshold: float | None = None,
    like_from: float | None = None,
    dislike_below: float | None = None,
) -> Read:
    """The rows of a file that was opened, and which item each thing in them is; as `read_histories`."""
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
    return Read(rows.select("thing", "user", "reason"), found, user_ids, reading, tuple(notes), table.name)


def star_rule(
    source: Path | bytes, name: str, mapping: Mapping = RECOGNISE, limits: Limits = NO_LIMITS
) -> float | None:
    """From which rating on a row of a plain file reads as a like, by the scale that its ratings seem to have.

    3.5 where the highest is 5 at most, 7 where it is 10 at most, as in exports; None where the file has no ratings, or
    they are no stars: 0 and 1, or numbers without end such as plays; None for exports, which have rules of their own.
    """
    return stars_of(open_export(source, name, limits), mapping)


def stars_of(table: Table, mapping: Mapping = RECOGNISE) -> float | None:
    """`star_rule` of a file that was opened."""
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
    named, low, unrated = (pl.lit(place, pl.UInt8) for place in range(len(PLAIN)))
    if threshold is None:
        wanted["reason"] = named
    else:
        rating = number(table, columns["value"])
        wanted["reason"] = pl.when(rating >= threshold).then(named).when(rating.is_null()).then(unrated).otherwise(low)
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
    if user_ids.dtype == pl.String and (user_ids.str.len_chars() > MAX_LENGTH).any():
        raise DataError(
            f"{table.name}: what stands for the user is longer than {MAX_LENGTH} letters. Name another column for it."
        )
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
    given = pl.coalesce(pl.col("called") + year, "said", pl.lit("(blank)")).str.slice(0, MAX_LENGTH)
    return found.select("item_idx", "how", "score", "rows", given=given)
