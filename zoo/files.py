"""Any file -> a polars table, within limits. Formats by content first, then by name; nothing is written to disk.

CSV and its kin (comma, tab, semicolon, bar), JSON lines, a JSON array, Parquet; each also in a gzip or zip file.
"""

from pathlib import Path

import polars as pl

from zoo.errors import DataError
from zoo.formats import BOM, HEAD, LONGEST_NAME, open_csv, open_json, open_parquet
from zoo.table import NO_LIMITS, Limits, Table
from zoo.text import UTF16, head, read_text
from zoo.unpack import unpack

__all__ = ["NO_LIMITS", "Limits", "Table", "open_table", "read_table"]

PARQUET = b"PAR1"
FOREIGN = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF document",
    b"SQLite format 3": "an SQLite database",
    b"ARROW1": "an Arrow file",
    b"(\xb5/\xfd": "packed with Zstandard",
    b"BZh": "packed with bzip2",
    b"\xfd7zXZ": "packed with xz",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"\xd0\xcf\x11\xe0": "an old Office document",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a NumPy array",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
}
BRING = "Bring CSV, TSV, JSON lines or Parquet, or one of them in a gzip or zip file."
CONTROL = bytes([*range(9), *range(14, 27), *range(28, 32)])  # what text hardly has
MOST_CONTROL = 0.01  # share of them at the start of a text; titles from the web have one now and then


def read_table(source: Path | bytes, name: str | None = None, limits: Limits = NO_LIMITS) -> pl.DataFrame:
    """All of a file. `DataError` on anything that is no table."""
    return open_table(source, name, limits).collect(pl.all())


def open_table(source: Path | bytes, name: str | None = None, limits: Limits = NO_LIMITS) -> Table:
    """Recognise a file and check it against the limits, without decoding it.

    Parameters
    ----------
    source : a path, or the bytes of an upload
    name : what the person calls it (a path's own name when not given); its content has the first word about its format

    Raises
    ------
    DataError for what is missing, empty, over a limit, damaged, or no table
    """
    name = name or (source.name if isinstance(source, Path) else "The upload")
    check_source(source, name, limits)
    content, inside = unpack(source, name, limits.bytes)
    start = head(content, HEAD)
    for magic, what in FOREIGN.items():
        if start.startswith(magic):
            raise DataError(f"{name} is {what}. {BRING}")
    if start.startswith(PARQUET):
        return _with_short_names(open_parquet(content, name, limits))
    if inside.lower().endswith((".parquet", ".pq", ".gz", ".zip")):
        raise DataError(f"{name} is named {Path(inside).suffix}, but its content is not. Export or download it again.")
    return _with_short_names(_open_text(content, name, limits))


def _with_short_names(table: Table) -> Table:
    longest = max(map(len, table.columns), default=0)
    if longest > LONGEST_NAME:
        raise DataError(f"{table.name} has a column whose name has {longest:,} letters. Give it a short one.")
    return table


def check_source(source: Path | bytes, name: str, limits: Limits = NO_LIMITS) -> None:
    """`DataError` for what is missing, empty, or over a limit."""
    if isinstance(source, Path) and not source.is_file():
        what = "a folder" if source.is_dir() else "no ordinary file" if source.exists() else "not there"
        raise DataError(f"{source} is {what}. Give the path of a file.")
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size == 0:
        raise DataError(f"{name} is empty. Bring a file with a header and rows.")
    limits.check_bytes(size, name)


def _open_text(content: Path | bytes, name: str, limits: Limits) -> Table:
    start = head(content, HEAD)
    if not start.startswith(UTF16) and _is_binary(start):
        raise DataError(f"{name} is not text, nor a file of another kind that can be read here. {BRING}")
    text = read_text(content, name)
    start = head(text.source, HEAD).removeprefix(BOM).lstrip(b" \t\r\n")
    if not start:
        raise DataError(f"{name} is blank. Bring a file with a header and rows.")
    opener = open_json if start[:1] in (b"{", b"[") else open_csv
    return opener(text, start, name, limits)


def _is_binary(start: bytes) -> bool:
    return b"\0" in start or len(start) - len(start.translate(None, CONTROL)) > MOST_CONTROL * len(start)
