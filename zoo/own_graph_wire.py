"""Arrays between two processes of which one may be hostile: a length, JSON, and the numbers. Never a pickle."""

import json
import socket
import struct
import time
from typing import Any

import numpy as np

LENGTH = struct.Struct("<QQ")  # of the JSON, of all numbers
MOST_JSON = 2**20  # bytes
KINDS = frozenset(("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
                   "float16", "float32", "float64"))  # fmt: skip

Message = tuple[dict[str, Any], dict[str, np.ndarray]]


class Garbled(Exception):
    """What came is no message, or one that is too long."""


def send(to: socket.socket, told: dict[str, Any], arrays: dict[str, np.ndarray], until: float | None) -> None:
    """until : time.monotonic() at which to give up; None: never. `TimeoutError` then, `OSError` where nobody is left"""
    whole = {name: np.ascontiguousarray(array).reshape(array.shape) for name, array in arrays.items()}
    told = told | {"arrays": [[name, str(array.dtype), list(array.shape)] for name, array in whole.items()]}
    numbers = {name: array for name, array in whole.items() if str(array.dtype) in KINDS}
    head = json.dumps(told).encode()
    _within(to, until)
    to.sendall(LENGTH.pack(len(head), sum(array.nbytes for array in numbers.values())) + head)
    for array in numbers.values():
        _within(to, until)
        to.sendall(array.data.cast("B") if array.size else b"")


def receive(source: socket.socket, most: int, until: float | None) -> Message | None:
    """A message of at most `most` bytes of numbers; None where the other side hung up.

    An array of a kind that does not travel (text) is there as an empty one of kind "object".
    """
    start = _read(source, LENGTH.size, until)
    if start is None:
        return None
    n_head, n_numbers = LENGTH.unpack(start)
    if n_head > MOST_JSON or n_numbers > most:
        raise Garbled(f"a message of {n_head + n_numbers:,} bytes")
    head = _read(source, n_head, until)
    numbers = None if head is None else _read(source, n_numbers, until)
    if head is None or numbers is None:
        return None
    try:
        told = json.loads(head)
        return told, _arrays(told.pop("arrays"), numbers)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise Garbled(str(error)) from None


def _arrays(described: list[Any], numbers: bytearray) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    start = 0
    for name, kind, shape in described:
        if kind not in KINDS:
            found[str(name)] = np.empty(0, dtype=object)
            continue
        if not all(isinstance(n, int) and n >= 0 for n in shape):
            raise ValueError("a shape")
        size = 1
        for n in shape:
            size *= n
        flat = np.frombuffer(numbers, kind, size, start) if size else np.empty(0, kind)
        found[str(name)] = flat.reshape(shape)
        start += flat.nbytes
    return found


def _read(source: socket.socket, size: int, until: float | None) -> bytearray | None:
    content = bytearray(size)
    view, at = memoryview(content), 0
    while at < size:
        _within(source, until)
        if not (n := source.recv_into(view[at:])):
            return None
        at += n
    return content


def _within(link: socket.socket, until: float | None) -> None:
    if until is None:
        return
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    link.settimeout(left)
