"""A table that is recognised but not decoded: what every reader of files hands on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import polars as pl

from zoo.errors import DataError
from zoo.text import visible

CELLS_PER_ROW = 16  # a file may hold this many values for each row of the limit
T = TypeVar("T")
Fault = Callable[[], str | None]


@dataclass(frozen=True)
class Limits:
    """How much may be read; None = any amount. Checked before decoding."""

    bytes: int | None = None  # of the file, and again of what it unpacks to
    rows: int | None = None

    def check_bytes(self, size: int, name: str) -> None:
        if self.bytes is not None and size > self.bytes:
            raise DataError(f"{name} has {size:,} bytes; the limit here is {self.bytes:,}. Bring a smaller file.")

    def check_rows(self, rows: int, name: str) -> None:
        if self.rows is not None and rows > self.rows:
            raise DataError(f"{name} has {rows:,} rows; the limit here is {self.rows:,}. Bring a shorter file.")

    def check_cells(self, cells: int, name: str) -> None:
        """Lists, and a thousand columns of nothing, cost time and memory that neither bytes nor rows tell of."""
        if self.rows is not None and cells > self.rows * CELLS_PER_ROW:
            raise DataError(f"{name} holds {cells:,} values. Bring only the columns that are needed.")


NO_LIMITS = Limits()


@dataclass(frozen=True)
class Table:
    """A file that was recognised and is within its limits, but not decoded yet."""

    name: str  # what the person calls the file; every error sentence begins with it
    frame: pl.LazyFrame  # text formats: every column is String, and lines without any value are left out
    schema: pl.Schema  # the columns as found, in order
    notes: list[str] = field(default_factory=list)  # what was odd about the file, one sentence each
    nested: frozenset[str] = frozenset()  # columns of lists or records
    decimal: str = "."  # "," where the separator is ";": Excel in half of Europe
    find_fault: Fault = lambda: None  # where a file that cannot be decoded is broken
    in_memory: bool = False  # whether all of it lies in memory; else it is read from where it is, bit by bit

    @property
    def columns(self) -> list[str]:
        return self.schema.names()

    def collect(self, *columns: pl.Expr | str, first: int | None = None) -> pl.DataFrame:
        """Decode these columns, and only these, of all rows or the first few. `DataError` when broken or empty."""
        frame = self.frame.select(*columns)
        frame = frame if first is None else frame.head(first)
        table = decode(lambda: frame.collect(engine="streaming"), self.name, self.find_fault)
        if table.is_empty():
            raise DataError(f"{self.name} has no rows. Bring a file with a header and at least one row.")
        return table

    def blocks(self, *columns: pl.Expr | str, rows: int) -> Iterator[pl.DataFrame]:
        """Decode these columns, so many rows at once, in the order of the file. `DataError` when broken."""
        blocks = decode(lambda: self.frame.select(*columns).collect_batches(chunk_size=rows), self.name)
        while (block := decode(lambda: next(blocks, None), self.name, self.find_fault)) is not None:
            yield block


def decode(read: Callable[[], T], name: str, find_fault: Fault = lambda: None) -> T:
    """What polars reads, or a `DataError` with its reason. (A panic of polars is no `Exception`.)"""
    try:
        return read()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        reason = visible(find_fault() or " ".join(str(error).partition("\n\n")[0].split())[:200].rstrip(" ."))
        raise DataError(f"{name} cannot be read: {reason}. Mend it, or export it again.") from error
