"""The rows of a file of interactions, typed: ids numbered, ratings and times as numbers, labels coded."""

from dataclasses import dataclass

import polars as pl

from zoo.columns import Mapping, find_columns, other_candidates, require
from zoo.errors import DataError
from zoo.files import Table
from zoo.ids import is_plain, number_ids
from zoo.report import Ledger

NO_USER, NO_ITEM = "without a user", "without an item"
NO_RATING = "whose rating is not a number"
NO_LABEL = "without a label"
MAX_LABELS = 1_000
SAMPLE = 1_000  # rows that decide how dates are written
DATE_FORMATS = (
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.fZ",
    "%Y-%m-%dT%H:%M:%S%.f%:z",
    "%Y-%m-%d %H:%M:%S%.f%:z",
    "%Y-%m-%d %H:%M:%S UTC",
    "%Y-%m-%d",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y",
)


@dataclass
class Rows:
    """Rows with a user and an item, and with a rating and a label where they were asked for."""

    table: Table
    frame: pl.DataFrame  # row UInt32, user Int32, item Int32; perhaps value Float64, time Float64, label Int16
    user_ids: pl.Series
    item_ids: pl.Series
    labels: list[str]
    columns: dict[str, str]  # role -> column
    notes: list[str]
    ledger: Ledger


def read_rows(table: Table, mapping: Mapping, needs_value: bool) -> Rows:
    """Decode the needed columns, number the ids, and drop the rows that cannot be used (counted in the ledger)."""
    found = table.columns
    columns = find_columns(found, ("user", "item", "value", "timestamp", "part"), mapping, table.name)
    for role in ("user", "item", *(["value"] if needs_value else [])):
        require(columns, role, found, table.name)
    notes = table.notes + _notes(columns, found, needs_value)
    frame = table.collect(*_expressions(table, columns, needs_value)).with_row_index("row")
    frame, user_ids = _numbered(frame, "user")
    frame, item_ids = _numbered(frame, "item")
    ledger = Ledger(frame.height, user_ids, item_ids)
    frame = ledger.drop(frame, frame["user"].is_null(), NO_USER)
    frame = ledger.drop(frame, frame["item"].is_null(), NO_ITEM)
    frame = _with_numbers(frame, ledger, table.name, columns)
    frame, labels = _with_labels(frame, ledger, table.name, columns)
    return Rows(table, _with_times(frame, columns, notes), user_ids, item_ids, labels, columns, notes, ledger)


def _notes(columns: dict[str, str], found: list[str], needs_value: bool) -> list[str]:
    notes = []
    for role in ("user", "item"):
        if others := other_candidates(found, role, columns[role]):
            notes.append(f"Column {columns[role]} was taken for the {role}, not {' or '.join(others)}.")
    if "value" in columns and not needs_value:
        notes.append(f"Column {columns['value']} was not used: without a threshold every row is a positive.")
    return notes


def _expressions(table: Table, columns: dict[str, str], needs_value: bool) -> list[pl.Expr]:
    """What to decode. Text becomes numbers block by block, so that 25 million rows of text never lie in memory."""
    expressions = [_id(table, columns[role]).alias(role) for role in ("user", "item")]
    if needs_value:
        expressions.append(number(table, columns["value"]).alias("value"))
    if "timestamp" in columns:
        expressions.append(moment(table, columns["timestamp"]).alias("time"))
    if "part" in columns:
        expressions.append(_id(table, columns["part"]).cast(pl.String).alias("label"))
    return expressions


def _id(table: Table, column: str) -> pl.Expr:
    check_id_column(table, column)
    return pl.col(column)


def check_id_column(table: Table, column: str) -> None:
    """`DataError` when the column holds what cannot be an id."""
    dtype = table.schema[column]
    if column in table.nested or not is_plain(dtype):
        held = "lists or records" if column in table.nested else str(dtype).lower()
        raise DataError(f"{table.name}: column {column} holds {held}, not ids. Name a column of numbers or text.")


def number(table: Table, column: str) -> pl.Expr:
    """The column as Float64; null where it is no finite number."""
    dtype, values = table.schema[column], pl.col(column)
    if dtype == pl.String:
        values = values.str.strip_chars().str.replace(table.decimal, ".", literal=True).cast(pl.Float64, strict=False)
    elif dtype.is_numeric() or dtype == pl.Boolean:
        values = values.cast(pl.Float64, strict=False)
    else:
        values = pl.lit(None, pl.Float64)
    return pl.when(values.is_finite()).then(values)


def moment(table: Table, column: str) -> pl.Expr:
    """The column as Float64: numbers as they are, dates as seconds since 1970 (UTC where they name no zone)."""
    dtype, values = table.schema[column], pl.col(column)
    if dtype in (pl.Date, pl.Datetime):
        return values.cast(pl.Datetime("us")).to_physical() / 1e6
    if dtype != pl.String:
        return number(table, column)
    sample = table.collect(column, first=SAMPLE)
    readers = [number(table, column), *(_date(values, form) for form in DATE_FORMATS)]
    return min(readers, key=lambda reader: sample.select(reader).to_series().null_count())  # the first of the best


def _date(values: pl.Expr, form: str) -> pl.Expr:
    moments = values.str.strip_chars().str.to_datetime(form, strict=False, time_unit="us")
    return moments.to_physical() / 1e6


def _numbered(frame: pl.DataFrame, role: str) -> tuple[pl.DataFrame, pl.Series]:
    codes, ids = number_ids(frame[role])
    return frame.with_columns(codes.alias(role)), ids


def _with_numbers(frame: pl.DataFrame, ledger: Ledger, name: str, columns: dict[str, str]) -> pl.DataFrame:
    if "value" not in frame.columns or frame.is_empty():
        return frame
    if frame["value"].null_count() == frame.height:
        raise DataError(
            f"{name}: no value in column {columns['value']} is a number. Name another column for the value."
        )
    return ledger.drop(frame, frame["value"].is_null(), NO_RATING)


def _with_labels(
    frame: pl.DataFrame, ledger: Ledger, name: str, columns: dict[str, str]
) -> tuple[pl.DataFrame, list[str]]:
    if "label" not in frame.columns:
        return frame, []
    codes, labels = number_ids(frame["label"].str.to_lowercase())
    if len(labels) > MAX_LABELS:
        raise DataError(
            f"{name}: column {columns['part']} has {len(labels):,} labels. Name the column that says train or test."
        )
    frame = frame.with_columns(label=codes.cast(pl.Int16))
    return ledger.drop(frame, frame["label"].is_null(), NO_LABEL), [str(label) for label in labels]


def _with_times(frame: pl.DataFrame, columns: dict[str, str], notes: list[str]) -> pl.DataFrame:
    """Unknown times become 0.0; a column in which no time can be read is left out, and said."""
    if "time" not in frame.columns:
        return frame
    unknown = frame["time"].null_count()
    if unknown:
        what = "no time could" if unknown == frame.height else f"{unknown:,} times could not"
        notes.append(f"Column {columns['timestamp']}: {what} be read (write Unix seconds or 2015-03-04 12:30:00).")
    return frame.drop("time") if unknown == frame.height else frame.with_columns(pl.col("time").fill_null(0.0))
