"""A file of who chose what, block by block: one row per choice, or one row per user with a list of items."""

import gzip
import shutil
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from zoo.columns import Mapping, find_columns, require
from zoo.errors import DataError
from zoo.exports import recognise
from zoo.files import Table, open_table
from zoo.ids import clean_ids, distinct, id_text
from zoo.rows import check_id_column, number
from zoo.table import decode
from zoo.text import head
from zoo.unpack import BLOCK, GZIP, ZIP_MAGICS

ROWS_AT_ONCE = 2**18
THING = ("item", "title", "year")  # what a row says about its item


@dataclass(frozen=True)
class Source:
    """A file that was recognised. Lists within its rows are laid out as one row per item."""

    table: Table
    columns: dict[str, str]  # role -> column

    def blocks(self) -> Iterator[pl.DataFrame]:
        """user, item, title, year (null where the file has none) and value, some rows at once, in the file's order."""
        roles = {role: self.columns.get(role) for role in ("user", *THING)}
        wanted = [(pl.lit(None, pl.String) if of is None else pl.col(of)).alias(role) for role, of in roles.items()]
        value = self.columns.get("value")
        wanted.append((pl.lit(None, pl.Float64) if value is None else number(self.table, value)).alias("value"))
        return self.table.blocks(*wanted, rows=ROWS_AT_ONCE)


def open_source(path: Path, mapping: Mapping, scratch: Path) -> Source:
    """Recognise a file by its content. What is packed with gzip is unpacked into the folder `scratch`.

    Raises
    ------
    DataError for what is neither Parquet nor CSV, and where no column names the user or the item
    """
    start = head(path, len(ZIP_MAGICS[0])) if path.is_file() else b""
    if start in ZIP_MAGICS:
        raise DataError(f"{path.name} is a zip archive, which cannot be read bit by bit. Unpack it, or use gzip.")
    packed = start.startswith(GZIP)
    table = open_table(_unpacked(path, scratch), path.name.removesuffix(".gz")) if packed else open_table(path)
    if table.in_memory:
        raise DataError(f"{path.name} cannot be read bit by bit. Bring Parquet, or CSV in UTF-8.")
    if mapping == Mapping() and (service := recognise(table.columns)):
        raise DataError(f"{path.name} is an export of {service.name}, of one person. Give it with --history instead.")
    columns = _columns(table, mapping)
    table = _laid_out(table, columns)
    for column in columns.values():
        check_id_column(table, column)
    return Source(table, columns)


def all_integers(users: pl.Series) -> bool:
    """Whether these outside ids, as far as there are any, may be Int64."""
    if users.dtype.is_integer():
        return users.cast(pl.Int64, strict=False).null_count() == users.null_count()
    return clean_ids(distinct(users)[1]).dtype == pl.Int64


def user_ids(users: pl.Series, integers: bool) -> pl.Series:
    """The ids as they are compared and written: Int64 where all of the file are integers, else text; null: none."""
    if integers and users.dtype.is_integer():
        return users.cast(pl.Int64)
    codes, found = distinct(users)
    text = id_text(found)
    return (text.cast(pl.Int64) if integers else text).gather(codes)


def _unpacked(path: Path, scratch: Path) -> Path:
    """On disk, block by block: what it unpacks to may be larger than the memory."""
    target = scratch / "unpacked"
    try:
        with gzip.open(path) as packed, target.open("wb") as file:
            shutil.copyfileobj(packed, file, BLOCK)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path.name} cannot be unpacked ({error}). Make or download the archive again.") from error
    return target


def _columns(table: Table, mapping: Mapping) -> dict[str, str]:
    """Role -> column. The only column of lists that plays no other role is that of the items."""
    columns = find_columns(table.columns, ("user", "value", *THING), mapping, table.name)
    lists = [column for column in _lists(table, table.columns) if column not in columns.values()]
    if "item" not in columns and len(lists) == 1:
        columns["item"] = lists[0]
    for role in ("user",) if "title" in columns else ("user", "item"):
        require(columns, role, table.columns, table.name)
    return columns


def _lists(table: Table, columns: Iterable[str]) -> list[str]:
    return [column for column in columns if table.schema[column] in (pl.List, pl.Array)]


def _laid_out(table: Table, columns: dict[str, str]) -> Table:
    lists = _lists(table, columns.values())
    if not lists or columns["user"] in lists:
        return table
    if columns.get("item") not in lists:
        raise DataError(f"{table.name}: column {lists[0]} holds lists, and that of the items holds none. Mend one.")
    frame = table.frame.select(columns.values()).explode(lists, empty_as_null=True)
    schema = decode(frame.collect_schema, table.name)
    nested = frozenset(column for column, dtype in schema.items() if dtype.is_nested())
    return replace(table, frame=frame, schema=schema, nested=nested)
