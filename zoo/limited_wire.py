"""What two processes say to each other (zoo/limited.py): a length, JSON, and bytes. Never a pickle."""

import json
import struct
import sys
from collections.abc import Mapping
from typing import IO, Any

from zoo.errors import DataError, ZooError
from zoo.text import visible

MOST_ANSWER = 2**28  # bytes that are taken from a process
LENGTH = struct.Struct("<Q")

Facts = dict[str, Any]  # what JSON can say
Parts = Mapping[str, bytes]
Message = tuple[Facts, dict[str, bytes]]


def told(error: ZooError) -> Facts:
    """An error as facts, and `error_of` them: of the same class, with its sentence and what else it knows."""
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    return {"kind": kind, "sentence": str(error), "more": vars(error)}


def error_of(facts: Facts) -> ZooError:
    module, _, name = str(facts["kind"]).rpartition(".")
    kind = getattr(sys.modules.get(module), name, None)
    if not (isinstance(kind, type) and issubclass(kind, ZooError)):
        kind = DataError
    error: ZooError = kind.__new__(kind)
    error.args = (visible(str(facts["sentence"])),)
    error.__dict__.update(facts["more"])
    return error


def packed(facts: Facts, parts: Parts) -> list[bytes]:
    """A message: its length, JSON with the lengths of the parts, the parts."""
    sizes = [[name, len(content)] for name, content in parts.items()]
    head = json.dumps({"facts": facts, "parts": sizes}).encode()  # lone surrogates too: JSON is written in ASCII
    return [LENGTH.pack(len(head)), head, *parts.values()]


def read(pipe: IO[bytes], most: int) -> Message | None:
    """A message; None where it is not whole, longer than `most` bytes, or none at all."""
    try:
        (length,) = LENGTH.unpack(pipe.read(LENGTH.size))
        if length > most:
            return None
        head = json.loads(pipe.read(length))
        sizes = [(str(name), int(size)) for name, size in head["parts"]]
        if min((size for _, size in sizes), default=0) < 0 or sum(size for _, size in sizes) > most:
            return None
        parts = {name: pipe.read(size) for name, size in sizes}
    except (struct.error, ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError):
        return None
    whole = all(len(parts[name]) == size for name, size in sizes)
    return (head["facts"], parts) if whole and isinstance(head["facts"], dict) else None
