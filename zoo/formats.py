"""One opener per format: Parquet, CSV and its kin, JSON lines or a JSON array -> Table.

Text formats give every column as String, so that the id 007 keeps its zeros; who uses a column gives it its type.
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from zoo.errors import DataError
from zoo.table import NO_LIMITS, Limits, Table, decode
from zoo.text import Text, open_binary

HEAD = 2**20  # bytes: the header line, or the first JSON record, must fit
MAX_COLUMNS = 1_000
JSON_SAMPLE = 1_000  # records whose keys become the columns
SEPARATORS = ",\t;|"  # the first one wins a tie
TEXTS_AT_ONCE = 2**16  # rows of a Parquet file whose texts are measured together
BOM = b"\xef\xbb\xbf"
BROKEN = "its JSON is not whole, says more behind its end, or is nested too deeply"
LONGEST_NAME = 1_000  # letters of a column's name


def open_parquet(source: Path | bytes, name: str, limits: Limits) -> Table:
    """Parquet, its columns with their own types."""
    frame = pl.scan_parquet(source, glob=False)
    schema = decode(frame.collect_schema, name)
    if limits != NO_LIMITS:
        _check_footer(source, name, limits)
    nested = frozenset(column for column, dtype in schema.items() if dtype.is_nested())
    return Table(name, frame, schema, nested=nested)


def _check_footer(source: Path | bytes, name: str, limits: Limits) -> None:
    """Rows, values, bytes, and the texts that are worked with: a page of some bytes may repeat a long one two million
    times, and a footer counts it once. Dictionaries are read as such, so that looking costs no memory."""
    from pyarrow import ArrowException, BufferReader, types  # half a second to import, and only uploads have limits
    from pyarrow.parquet import ParquetFile

    try:
        plain = ParquetFile(BufferReader(source) if isinstance(source, bytes) else source)
        footer = plain.metadata
        limits.check_rows(footer.num_rows, name)
        groups = [footer.row_group(group) for group in range(footer.num_row_groups)]
        limits.check_bytes(sum(group.total_byte_size for group in groups), name)
        values = sum(group.column(column).num_values for group in groups for column in range(group.num_columns))
        limits.check_cells(values, name)
        kinds = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
        types_of = {field.name: getattr(field.type, "value_type", field.type) for field in plain.schema_arrow}
        flat = [field.name for field in plain.schema_arrow if not types.is_nested(field.type)]
        texts = [column for column in flat if any(kind(types_of[column]) for kind in kinds)]
        for size in _text_bytes(source, texts) if texts else ():
            limits.check_bytes(size, name)
    except (ArrowException, OSError, ValueError) as error:
        raise DataError(
            f"{name} has a Parquet footer that cannot be read: it may be cut short or damaged. Export it again."
        ) from error


def _text_bytes(source: Path | bytes, columns: list[str]) -> Iterator[int]:
    """How long the texts are that were met so far, all together, repeats counted each time."""
    from pyarrow import BufferReader, compute, types
    from pyarrow.parquet import ParquetFile

    file = ParquetFile(BufferReader(source) if isinstance(source, bytes) else source, read_dictionary=columns)
    total = 0
    for batch in file.iter_batches(TEXTS_AT_ONCE, columns=columns):
        for values in batch.columns:
            coded = types.is_dictionary(values.type)
            lengths = compute.binary_length(values.dictionary if coded else values)
            total += compute.sum(lengths.take(values.indices) if coded else lengths).as_py() or 0
        yield total


def open_csv(text: Text, start: bytes, name: str, limits: Limits) -> Table:
    """Comma, tab, semicolon or bar, whichever the header has most of. `start`: the first bytes, not blank."""
    limits.check_rows(text.lines - 1, name)
    line, *more = start.split(text.end_of_line.encode(), 1)
    header = re.sub(r'"[^"]*"', "", line.decode(errors="replace"))
    separator = max(SEPARATORS, key=header.count)
    if header.count(separator) >= MAX_COLUMNS or (not more and len(line) > HEAD // 2):
        raise DataError(f"{name} has no header: its first line is {len(line):,} bytes long. Name the columns there.")
    limits.check_cells(text.lines * (header.count(separator) + 1), name)
    rows = pl.scan_csv(text.source, separator=separator, eol_char=text.end_of_line, infer_schema=False, glob=False)
    return Table(
        name,
        # every column is looked at: polars lets lines with too many values pass when it reads but some of the columns
        frame=rows.filter(pl.any_horizontal(pl.all().is_not_null())),
        schema=decode(rows.collect_schema, name),
        notes=text.notes,
        decimal="," if separator == ";" else ".",
        find_fault=lambda: _odd_line(text.source, separator),
        in_memory=isinstance(text.source, bytes),
    )


def _odd_line(source: Path | bytes, separator: str) -> str | None:
    """The first line with more values than the header. Runs row by row, but only once a file is known to be broken."""
    with io.TextIOWrapper(open_binary(source), encoding="utf-8-sig", newline="") as lines:
        rows = csv.reader(lines, delimiter=separator)
        try:
            width = len(next(rows))
            odd = next((row for row in rows if len(row) > width), None)
        except (csv.Error, StopIteration):
            return None
    if odd is None:
        return None
    return f"line {rows.line_num:,} has {len(odd)} values under {width} column names (are quotes missing?)"


def open_json(text: Text, start: bytes, name: str, limits: Limits) -> Table:
    """JSON lines, or one array of records. The keys of the first records are the columns."""
    records = _first_records(start.decode(errors="ignore"), name)
    columns = list(dict.fromkeys(key for record in records for key in record))
    if not 0 < len(columns) <= MAX_COLUMNS:
        raise DataError(
            f"{name} names {len(columns):,} columns in its first records. Give each value a short, common name."
        )
    data = (text.source if isinstance(text.source, bytes) else text.source.read_bytes()).removeprefix(BOM)
    nested = frozenset(key for record in records for key, value in record.items() if isinstance(value, (list, dict)))
    schema = pl.Schema(dict.fromkeys(columns, pl.String()))
    if start.startswith(b"["):
        limits.check_rows(data.count(b"{"), name)  # never fewer than there are records
        flat = {column: dtype for column, dtype in schema.items() if column not in nested}
        frame = decode(lambda: pl.read_json(data, schema_overrides=flat), name, lambda: BROKEN).lazy()
    else:
        limits.check_rows(text.lines, name)
        limits.check_cells(text.lines * len(columns), name)
        frame = pl.scan_ndjson(data, schema=schema)
    schema = frame.collect_schema()
    return Table(name, frame, schema, text.notes, nested, find_fault=lambda: _odd_record(data), in_memory=True)


def _odd_record(data: bytes) -> str | None:
    """The first line that is no JSON. Runs line by line, but only once a file is known to be broken."""
    for number, line in enumerate(io.BytesIO(data), 1):
        try:
            json.loads(line, parse_constant=_no_number) if line.strip() else None
        except RecursionError:
            return f"line {number:,} is no table's row: it is nested too deeply"
        except ValueError as error:
            return f"line {number:,} is no JSON ({error.args[0].partition(':')[0].lower()})"
    return None


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _first_records(start: str, name: str) -> list[dict[str, Any]]:
    """The first records, as far as they lie whole in `start`."""
    decoder = json.JSONDecoder()
    between = re.compile(r"[\s,]*")
    records: list[dict[str, Any]] = []
    position = int(start.startswith("["))
    while len(records) < JSON_SAMPLE:
        try:
            record, position = decoder.raw_decode(start, between.match(start, position).end())  # type: ignore[union-attr]
        except (ValueError, RecursionError):
            break
        if not isinstance(record, dict):
            raise DataError(
                f"{name} is JSON, but its record {len(records) + 1} has no names. Write {{...}} for each row."
            )
        records.append(record)
    if not records:
        raise DataError(
            f"{name} begins like JSON but has no whole record near its start. Write one {{...}} for each row."
        )
    return records
