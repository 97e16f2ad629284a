"""What an ONNX file says of itself, read without running it: its opset, its operators, and where its weights lie.

The base install has no `onnx`: 30 MB more for ten fields, and a parser in C++ before the first limit holds. So the wire
format of protobuf is walked here, field by field over the bytes as they are: nothing is copied but names, weights are
stepped over, and how many fields, how deep and how many different operators are bounded.

A field that appears twice counts twice, and an unknown one is passed over: whatever ONNX Runtime may take from the file
has been seen here.
"""

import mmap
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from zoo.errors import ModelError

MOST_FIELDS = 300_000  # of one file, weights apart; our largest graph has some hundreds
DEEPEST = 8  # graphs within graphs: a branch within a branch
MOST_NAMES = 500  # different operators, opsets, or places of weights that are remembered
LONGEST_NAME = 200  # letters of a name that are shown
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types; 3 and 4 are groups, which ONNX has none of
EXTERNAL = 1  # TensorProto.data_location
WHOLE = "Export it again, and upload the whole .onnx file."


@dataclass
class Anatomy:
    """What a file holds. Operators are counted wherever they stand: in branches and functions, too."""

    ir_version: int = 0
    opsets: dict[str, int] = field(default_factory=dict)  # domain -> the lowest version that it is imported with
    operators: Counter[tuple[str, str]] = field(default_factory=Counter)  # (domain, operator)
    external: set[str] = field(default_factory=set)  # names of weights that lie outside the file
    places: set[str] = field(default_factory=set)  # and the files that it names for them
    n_functions: int = 0  # operators that the file defines itself
    n_graphs: int = 0  # the graph, and every branch or body within it
    trains: bool = False  # whether it carries what a training step needs

    @property
    def n_nodes(self) -> int:
        return sum(self.operators.values())


def anatomy(content: bytes | mmap.mmap) -> Anatomy:
    """
    Raises
    ------
    ModelError where the bytes are no ONNX model, end too early, or hold more than any recommender needs
    """
    reader = _Reader(content)
    reader.model()
    if not reader.found.n_graphs:
        raise ModelError(f"The file holds no ONNX graph. {WHOLE}")
    return reader.found


class _Reader:
    """Walks one file. A message is a span (start, end) of the bytes."""

    def __init__(self, content: bytes | mmap.mmap) -> None:
        self._content = content
        self._left = MOST_FIELDS
        self.found = Anatomy()

    def model(self) -> None:
        """ModelProto."""
        found = self.found
        for number, value in self._fields(0, len(self._content)):
            if number == 1 and isinstance(value, int):
                found.ir_version = value
            elif number == 7 and not isinstance(value, int):
                self._graph(value, 1)
            elif number == 8 and not isinstance(value, int):
                self._opset(value)
            elif number == 20:
                found.trains = True
            elif number == 25 and not isinstance(value, int):
                found.n_functions += 1
                self._each(value, {7: lambda node: self._node(node, 1), 9: self._opset})

    def _opset(self, span: tuple[int, int]) -> None:
        domain, version = "", 0
        for number, value in self._fields(*span):
            if number == 1 and not isinstance(value, int):
                domain = self._text(value)
            elif number == 2 and isinstance(value, int):
                version = value
        domain = _standard(domain)
        self.found.opsets[domain] = min(version, self.found.opsets.get(domain, version))
        self._check_names(self.found.opsets)

    def _graph(self, span: tuple[int, int], depth: int) -> None:
        if depth > DEEPEST:
            raise ModelError(f"The graph holds graphs within graphs, more than {DEEPEST} deep. Export it without them.")
        self.found.n_graphs += 1
        self._each(span, {1: lambda node: self._node(node, depth), 5: self._tensor, 15: self._sparse})

    def _node(self, span: tuple[int, int], depth: int) -> None:
        operator, domain = "", ""
        for number, value in self._fields(*span):
            if isinstance(value, int):
                continue
            if number == 4:
                operator = self._text(value)
            elif number == 7:
                domain = self._text(value)
            elif number == 5:
                inside = {5: self._tensor, 10: self._tensor, 22: self._sparse, 23: self._sparse}
                graphs = dict.fromkeys((6, 11), lambda graph: self._graph(graph, depth + 1))
                self._each(value, inside | graphs)
        self.found.operators[_standard(domain), operator] += 1
        self._check_names(self.found.operators)

    def _tensor(self, span: tuple[int, int]) -> None:
        """TensorProto: only whether its numbers lie elsewhere; they themselves are not looked at."""
        name, outside = "", False
        for number, value in self._fields(*span):
            if number == 8 and not isinstance(value, int):
                name = self._text(value)
            elif number == 13 and not isinstance(value, int):
                self._place(value)
            outside = outside or number == 13 or (number == 14 and value == EXTERNAL)
        if outside and len(self.found.external) < MOST_NAMES:
            self.found.external.add(name)

    def _place(self, span: tuple[int, int]) -> None:
        """StringStringEntryProto of a tensor's external_data; only where, not from which byte on."""
        said = {number: self._text(value) for number, value in self._fields(*span) if not isinstance(value, int)}
        if said.get(1, "location") == "location" and len(self.found.places) < MOST_NAMES:
            self.found.places.add(said.get(2, ""))

    def _sparse(self, span: tuple[int, int]) -> None:
        self._each(span, {1: self._tensor, 2: self._tensor})

    def _each(self, span: tuple[int, int], inside: dict[int, Callable[[tuple[int, int]], None]]) -> None:
        """Some fields of a message, each read by its own reader; the others are stepped over."""
        for number, value in self._fields(*span):
            if number in inside and not isinstance(value, int):
                inside[number](value)

    def _fields(self, start: int, end: int) -> Iterator[tuple[int, int | tuple[int, int]]]:
        """(number, value) of each field: an int, or the span of what is long."""
        at = start
        while at < end:
            self._left -= 1
            if self._left < 0:
                raise ModelError(f"The file has more than {MOST_FIELDS:,} parts. Export a smaller graph.")
            key, at = self._varint(at, end)
            number, kind = key >> 3, key & 7
            if kind == VARINT:
                value, at = self._varint(at, end)
                yield number, value
                continue
            if kind == BYTES:
                length, at = self._varint(at, end)
            elif kind in (FIXED64, FIXED32):
                length = 8 if kind == FIXED64 else 4
            else:
                raise ModelError(f"The file is no ONNX model, or it is damaged (byte {at:,}). {WHOLE}")
            if number == 0 or length > end - at:
                raise ModelError(f"The file is no ONNX model, or it ends too early (byte {at:,}). {WHOLE}")
            yield number, (at, at + length)
            at += length

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        value = 0
        for place in range(10):
            if at + place >= end:
                break
            byte = self._content[at + place]
            value |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                return value & 0xFFFF_FFFF_FFFF_FFFF, at + place + 1
        raise ModelError(f"The file is no ONNX model, or it ends too early (byte {at:,}). {WHOLE}")

    def _text(self, span: tuple[int, int]) -> str:
        start, end = span
        return self._content[start : min(end, start + LONGEST_NAME)].decode("utf-8", errors="replace")

    def _check_names(self, names: dict[str, int] | Counter[tuple[str, str]]) -> None:
        if len(names) > MOST_NAMES:
            raise ModelError(f"The file names more than {MOST_NAMES} different operators. Export a plain graph.")


def _standard(domain: str) -> str:
    return "" if domain == "ai.onnx" else domain
