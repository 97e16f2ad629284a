"""gzip and zip, in memory: unpacked block by block, and stopped at the limit, so that a bomb never goes off."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from zoo.errors import DataError
from zoo.text import head, visible

BLOCK = 2**20
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
ZIP_MAGICS = (ZIP, b"PK\x05\x06", b"PK\x07\x08")  # a file, an empty archive, a spanned one
MAX_ZIP_ENTRIES = 1_000
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".parquet", ".pq", ".jsonl", ".ndjson", ".json")


def is_packed(source: Path | bytes) -> bool:
    start = head(source, 4)
    return start.startswith(GZIP) or start in ZIP_MAGICS


def unpack(source: Path | bytes, name: str, limit: int | None) -> tuple[Path | bytes, str]:
    """The one table inside a gzip or zip file, and its name; anything else comes back as it is.

    `DataError` for an archive that is damaged, encrypted, holds another archive or not exactly one table, or that
    unpacks to more than `limit` bytes.
    """
    if not is_packed(source):
        return source, name
    data = source if isinstance(source, bytes) else source.read_bytes()
    with _sound(name):
        if data.startswith(GZIP):
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
                content, inside = _read_up_to(stream, name, limit), PurePosixPath(name).stem
        else:
            content, inside = _unzip(data, name, limit)
    if is_packed(content):
        raise DataError(f"{name} holds another archive. Unpack it, and bring what is inside.")
    if not content:
        raise DataError(f"{name} unpacks to an empty file. Bring one with a header and rows.")
    return content, inside


def members(source: Path | bytes, name: str, wanted: Sequence[str], limit: int | None) -> dict[str, bytes]:
    """Those of the wanted files that a zip archive holds, at its top or in its only folder; {} for anything else.

    `DataError` for an archive that is damaged or encrypted, or that unpacks to more than `limit` bytes.
    """
    if head(source, 4) != ZIP:
        return {}
    data = source if isinstance(source, bytes) else source.read_bytes()
    with _sound(name), _opened(data, name) as archive:
        names = [one for one in archive.namelist() if not one.startswith("__MACOSX/")]
        tops = {one.partition("/")[0] + "/" for one in names}
        top = tops.pop() if len(tops) == 1 and all("/" in one for one in names) else ""
        contents: dict[str, bytes] = {}
        for one in wanted:
            if top + one in names:
                left = None if limit is None else limit - sum(map(len, contents.values()))
                with archive.open(top + one) as stream:
                    contents[one] = _read_up_to(stream, name, left)
        return contents


@contextmanager
def _sound(name: str) -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError) as error:
        # the last three: a compression that Python lacks, encryption, and fields that make no sense
        reason = (
            str(error).rpartition(": ")[2] if isinstance(error, zlib.error) else str(error)
        )  # "Error -3 while ...:"
        raise DataError(f"{name} cannot be unpacked ({reason}). Make or download the archive again.") from error


def _opened(data: bytes, name: str) -> zipfile.ZipFile:
    if data.count(b"PK\x01\x02") > MAX_ZIP_ENTRIES:  # one for each entry of its list, before Python reads that list
        raise DataError(f"{name} holds more than {MAX_ZIP_ENTRIES:,} files. Bring the one table.")
    return zipfile.ZipFile(io.BytesIO(data))


def _unzip(data: bytes, name: str, limit: int | None) -> tuple[bytes, str]:
    with _opened(data, name) as archive:
        inside = _only_table([entry for entry in archive.infolist() if not entry.is_dir()], name)
        with archive.open(inside) as stream:
            return _read_up_to(stream, name, limit), PurePosixPath(inside.filename).name


def _only_table(entries: list[zipfile.ZipInfo], name: str) -> zipfile.ZipInfo:
    if any(entry.filename == "[Content_Types].xml" for entry in entries):
        raise DataError(f"{name} is an Office document. Save the sheet as CSV, and bring that.")
    shown = [entry for entry in entries if not PurePosixPath(entry.filename).name.startswith(".")]
    tables = [entry for entry in shown if PurePosixPath(entry.filename).suffix.lower() in TABLE_SUFFIXES]
    candidates = tables or shown
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise DataError(f"{name} has no file inside. Put one table into it.")
    listed = ", ".join(visible(entry.filename[:80]) for entry in candidates[:8]) + (
        ", ..." if len(candidates) > 8 else ""
    )
    raise DataError(f"{name} holds {len(candidates)} tables ({listed}). Bring the one with the interactions.")


def _read_up_to(stream: IO[bytes] | gzip.GzipFile, name: str, limit: int | None) -> bytes:
    out = io.BytesIO()
    while block := stream.read(BLOCK):
        out.write(block)
        if limit is not None and out.tell() > limit:
            raise DataError(f"{name} unpacks to more than {limit:,} bytes, the limit here. Bring a smaller file.")
    return out.getvalue()
