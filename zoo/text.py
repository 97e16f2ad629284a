"""Text of unknown encoding -> UTF-8, its line endings and a count of its lines, in one pass over the bytes."""

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from zoo.errors import DataError

BLOCK = 16 * 2**20  # bytes looked at together
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Bytes that are no UTF-8 are decoded to lone surrogates (Python's "surrogateescape"): one search finds either kind.
NOT_UTF8 = re.compile("[\udc80-\udcff]")
BEYOND_ASCII = re.compile("[^\x00-\x7f\udc80-\udcff]")
NOTE_UTF16 = "The file is UTF-16."
NOTE_LATIN1 = "The file is not UTF-8 and was read as Latin-1 (Windows-1252): check accented letters."


@dataclass(frozen=True)
class Text:
    """A text file that is UTF-8 now, perhaps with a byte order mark."""

    source: Path | bytes
    lines: int  # those within quotes included: never fewer than header + rows
    end_of_line: str  # "\n" (also for "\r\n"), or "\r" as old Macs write it
    notes: list[str]


@dataclass
class Survey:
    """What one pass over the text saw; lines count from 1."""

    newlines: int = 0
    returns: int = 0
    ends_in_line_end: bool = True
    utf8_line: int | None = None  # first line with a letter beyond ASCII in valid UTF-8
    other_line: int | None = None  # first line with bytes that are no UTF-8

    def look_at(self, text: str) -> None:
        if not text:
            return
        if not text.isascii():
            self.utf8_line = self.utf8_line or self._line_of(BEYOND_ASCII, text)
            self.other_line = self.other_line or self._line_of(NOT_UTF8, text)
        self.newlines += text.count("\n")
        self.returns += text.count("\r")
        self.ends_in_line_end = text[-1] in "\r\n"

    def _line_of(self, pattern: re.Pattern[str], text: str) -> int | None:
        found = pattern.search(text)
        return None if found is None else self.newlines + text.count("\n", 0, found.start()) + 1


def read_text(source: Path | bytes, name: str) -> Text:
    """Find the encoding and count the lines. UTF-8 stays where it is; UTF-16 and Latin-1 become UTF-8 in memory.

    `DataError` for encodings that are mixed, and for what is text in none of the three.
    """
    if head(source, 2) in UTF16:
        return replace(read_text(_to_utf8(source, "utf-16", name), name), notes=[NOTE_UTF16])
    decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
    seen = Survey()
    for block in _blocks(source):
        seen.look_at(decode(block))
    seen.look_at(decode(b"", True))
    if seen.utf8_line and seen.other_line:
        raise DataError(
            f"{name} mixes encodings: line {seen.utf8_line:,} is UTF-8, line {seen.other_line:,} is not. "
            "Save it again, all of it in UTF-8."
        )
    if seen.other_line:
        return replace(read_text(_to_utf8(source, "cp1252", name), name), notes=[NOTE_LATIN1])
    lines = (seen.newlines or seen.returns) + (not seen.ends_in_line_end)
    return Text(source, lines, "\n" if seen.newlines or not seen.returns else "\r", [])


def visible(text: str) -> str:
    """What a stranger wrote, fit for a sentence: marks that cannot be seen, or turn what follows round, become "?".

    >>> visible("gnp\\u202e.csv\\x00")
    'gnp?.csv?'
    """
    return text if text.isprintable() else "".join(mark if mark.isprintable() else "?" for mark in text)


def head(source: Path | bytes, size: int) -> bytes:
    """The first bytes of a file."""
    with open_binary(source) as file:
        return file.read(size)


def open_binary(source: Path | bytes) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def _blocks(source: Path | bytes) -> Iterator[bytes]:
    with open_binary(source) as file:
        while block := file.read(BLOCK):
            yield block


def _to_utf8(source: Path | bytes, encoding: str, name: str) -> bytes:
    decode = codecs.getincrementaldecoder(encoding)().decode
    out = io.BytesIO()
    try:
        for block in _blocks(source):
            out.write(decode(block).encode())
        out.write(decode(b"", True).encode())
    except UnicodeError:
        raise DataError(f"{name} is no text in UTF-8, UTF-16 or Latin-1. Save it again in UTF-8.") from None
    return out.getvalue()
