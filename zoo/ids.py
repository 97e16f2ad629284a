"""Outside ids of any type: made comparable, and numbered. 12, 12.0, "12" and " 12.0 " are one id; 007 is not 7."""

import polars as pl

EXACT_FLOATS = 2**53  # integers above it are no longer exact as floats
INTEGER = r"^(?:0|-?[1-9]\d{0,18})$"
INTEGER_AS_FLOAT = r"^(0|-?[1-9]\d*)\.0+$"

PLAIN = (pl.String, pl.Boolean, pl.Categorical, pl.Enum, pl.Date, pl.Datetime, pl.Time, pl.Null)


def is_plain(dtype: pl.DataType) -> bool:
    """Whether values of this type can be written as text: numbers, text, dates; not lists, records or bytes."""
    return dtype.is_numeric() or dtype in PLAIN


def as_text(values: pl.Series) -> pl.Series:
    """String; all null where the type cannot be written as text, and where a date lies beyond the years there are.

    >>> as_text(pl.Series([0, 2**62]).cast(pl.Datetime("ms"))).to_list()
    ['1970-01-01 00:00:00.000', None]
    """
    plain = is_plain(values.dtype)
    if values.dtype in (pl.Date, pl.Datetime):  # polars panics when it has to write one
        values = values.set(values.dt.year().is_null(), None)
    return values.cast(pl.String, strict=False) if plain else values.clear(len(values)).cast(pl.String)


def id_text(ids: pl.Series) -> pl.Series:
    """Each id as text, in the one form in which ids are compared; null where there is none (blank, nan).

    >>> id_text(pl.Series([12.0, None, 1.5])).to_list()
    ['12', None, '1.5']
    """
    if ids.dtype.is_float():
        whole = (ids == ids.floor()) & (ids.abs() < EXACT_FLOATS)
        frame = pl.DataFrame({"id": ids, "whole": whole})
        integer, other = pl.col("id").cast(pl.Int64, strict=False).cast(pl.String), pl.col("id").cast(pl.String)
        return frame.select(pl.when("whole").then(integer).when(pl.col("id").is_finite()).then(other)).to_series()
    text = as_text(ids).str.strip_chars().str.replace(INTEGER_AS_FLOAT, "$1")
    return text.replace("", None)


def clean_ids(ids: pl.Series) -> pl.Series:
    """The ids as Int64 where all are integers, else as text; null where there is none.

    >>> clean_ids(pl.Series(["12", "3.0", ""])).to_list()
    [12, 3, None]
    >>> clean_ids(pl.Series(["12", "007"])).to_list()
    ['12', '007']
    """
    text = id_text(ids)
    if not text.str.contains(INTEGER).all():
        return text
    integers = text.cast(pl.Int64, strict=False)
    return text if integers.null_count() > text.null_count() else integers


def distinct(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Int32 [n]: the position of each value among the distinct ones, null for null; and those, in no order.

    What is costly is then done on the distinct values only: 25 million rows are one hash table and one look-up, and a
    Parquet file may repeat a long text two million times at no cost of its own.
    """
    values = values if values.dtype.is_integer() or values.dtype.is_float() else as_text(values)
    found = values.unique().drop_nulls()
    positions = pl.int_range(len(found), dtype=pl.Int32, eager=True)
    return values.replace_strict(found, positions, default=None, return_dtype=pl.Int32), found


def number_ids(ids: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Int32 [n]: the position of each id among the distinct ones, null where there is none; and those, sorted.

    >>> codes, sorted_ids = number_ids(pl.Series([30, 10, None, 30]))
    >>> codes.to_list(), sorted_ids.to_list()
    ([1, 0, None, 1], [10, 30])
    """
    codes, found = distinct(ids)
    cleaned = clean_ids(found)
    sorted_ids = cleaned.drop_nulls().unique().sort()
    positions = pl.int_range(len(sorted_ids), dtype=pl.Int32, eager=True)
    position = cleaned.replace_strict(sorted_ids, positions, default=None, return_dtype=pl.Int32)
    return position.gather(codes), sorted_ids
