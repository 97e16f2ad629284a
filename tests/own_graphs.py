"""Graphs that somebody might bring: a good one in ONNX's own text, and each fault as a change of its lines."""

import os
from collections.abc import Callable

import numpy as np
import onnx
from onnx import numpy_helper, parser

from zoo import own_graph_server
from zoo.ort_session import open_session
from zoo.own_graph_worker import Worker
from zoo.settings import Settings

N_ITEMS = 60
GOOD = """
<ir_version: 10, opset_import: ["" : 18]>
own (int64[B, L] items, float[B, L] weights, bool[60] candidates, bool exclude_seen, int64 k)
 => (int64[B, K] ranked, float[B, K] scores, float[B, 60] all_scores)
{
  axis0 = Constant <value = int64[1] {0}> ()
  axis1 = Constant <value = int64[1] {1}> ()
  axis2 = Constant <value = int64[1] {2}> ()
  gathered = Gather (table, items)
  column = Unsqueeze (weights, axis2)
  parts = Mul (gathered, column)
  summed = ReduceSum <keepdims = 0> (parts, axis1)
  all_scores = Add (summed, bias)
  rows = Shape <start = 0, end = 1> (items)
  wide = Constant <value = int64[1] {61}> ()
  width = Constant <value = int64[1] {60}> ()
  board_shape = Concat <axis = 0> (rows, wide)
  board = ConstantOfShape <value = float[1] {0.0}> (board_shape)
  items_shape = Shape (items)
  ones = ConstantOfShape <value = float[1] {1.0}> (items_shape)
  marked = ScatterElements <axis = 1> (board, items, ones)
  cut = Slice (marked, axis0, width, axis1)
  half = Constant <value = float {0.5}> ()
  seen = Greater (cut, half)
  hidden = And (seen, exclude_seen)
  open = Not (hidden)
  offered = Unsqueeze (candidates, axis0)
  allowed = And (open, offered)
  masked = Where (allowed, all_scores, nothing)
  most = Constant <value = int64 {60}> ()
  fits = Min (k, most)
  length = Unsqueeze (fits, axis0)
  scores, best = TopK <axis = 1> (masked, length)
  ended = IsInf (scores)
  none = Constant <value = int64 {-1}> ()
  ranked = Where (ended, none, best)
}
"""
RNG = np.random.default_rng(5)
TABLE = np.vstack([RNG.standard_normal((N_ITEMS, N_ITEMS)), np.zeros((1, N_ITEMS))]).astype(np.float32)
BIAS = np.linspace(0.0, 1.0, N_ITEMS, dtype=np.float32)


def model(*changes: tuple[str, str], n_items: int = N_ITEMS, weights: dict[str, np.ndarray] | None = None):
    """The good graph with some lines changed, as a protobuf message. weights : more of them, or others"""
    text = GOOD
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    if n_items != N_ITEMS:
        text = (
            text.replace("{61}", f"{{{n_items + 1}}}").replace("{60}", f"{{{n_items}}}").replace("60]", f"{n_items}]")
        )
    table, bias = np.resize(TABLE, (n_items + 1, n_items)), np.resize(BIAS, n_items)
    table[-1] = 0
    made = parser.parse_model(text)
    usual = {"table": table, "bias": bias, "nothing": np.array(-np.inf, dtype=np.float32)}
    for name, array in (usual | (weights or {})).items():
        made.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
    return made


def graph(*changes: tuple[str, str], **options: object) -> bytes:
    """The same as the bytes of a file."""
    return model(*changes, **options).SerializeToString()


def changed(change: Callable[[onnx.ModelProto], object], *changes: tuple[str, str]) -> bytes:
    """The good graph after a change of the message itself."""
    made = model(*changes)
    change(made)
    return made.SerializeToString()


def nested(depth: int) -> bytes:
    """A model whose graph's only node holds a graph, whose only node holds a graph, and so on; byte by byte, for
    protobuf itself writes no more than a hundred levels."""
    inner = b""
    for _ in range(depth - 1):
        inner = field(1, field(4, b"If") + field(5, field(1, b"then_branch") + field(6, inner)))
    return field(7, inner or field(2, b"empty")) + field(8, b"\x10\x12")


class Here(Worker):
    """Runs the graph in this process: for tests of what is asked of it, and not of what keeps it apart."""

    session = None

    def _exchange(self, told, feeds, most, to):
        try:
            if self.session is None:
                self.session = open_session(f"/dev/fd/{self._file.fileno()}", Settings(provider="cpu"), 1)
            return own_graph_server._answer(self.session, told, feeds)
        except own_graph_server.FAILURES as error:
            raise self._refused(own_graph_server._failed(error), to) from None


def alive(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def field(number: int, content: bytes) -> bytes:
    """One field of the wire format that has a length."""
    size, length = bytearray(), len(content)
    while length > 0x7F:
        size.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes([number << 3 | 2]) + bytes(size) + bytes([length]) + content
