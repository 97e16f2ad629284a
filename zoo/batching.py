"""Histories into batches: which of them go through which graph together, and as what rectangle.

Padding costs as much as history, so histories of like length go together. How many: as many as the limit on
intermediates allows. Long ones of an item-item model go through `dense`, where there are enough of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

READ_ALL = 1 / 6  # of reading I rows one by one: what it costs to read all of S in order
MULTIPLY = 1 / 43  # of the same: what one user's products with all of S cost


@dataclass(frozen=True)
class Limits:
    """What one batch of a model may take."""

    n_items: int  # I
    gather_width: int  # floats that one history item brings in
    bytes: int  # the largest intermediates of one batch, through `rows`
    dense_bytes: int | None = None  # and through `dense`; None: there is no such graph

    def of_users(self, length: int, dense: bool) -> int:
        """Bytes that one user takes: [L, width] of the gather, and a few [I]."""
        return 4 * ((0 if dense else length * self.gather_width) + 4 * self.n_items)


def batches(lengths: np.ndarray, limits: Limits, graph: str | None = None) -> Iterator[tuple[np.ndarray, str]]:
    """Rows int64 [b] that are asked together, and through which graph ("rows" or "dense").

    lengths : int [B], of the histories
    graph : the one to take, in place of the choice made here
    """
    order = np.argsort(lengths, kind="stable")
    ascending = lengths[order]
    turn = {None: first_dense(ascending, limits), "rows": len(order), "dense": 0}[graph]
    for role, start, end, most in (
        ("rows", 0, turn, limits.bytes),
        ("dense", turn, len(order), limits.dense_bytes or 0),
    ):
        each = [limits.of_users(length, role == "dense") for length in ascending[start:end].tolist()]
        first = 0
        for stop in range(1, len(each) + 1):
            if stop == len(each) or (stop + 1 - first) * each[stop] > most:
                yield order[start + first : start + stop], role
                first = stop


def first_dense(ascending: np.ndarray, limits: Limits) -> int:
    """From which place on histories, the shortest first, are cheaper through `dense`; their number where none is.

    `rows` reads L rows of the item-item matrix per user; `dense` all of it once per batch, and multiplies more. What
    costs the same was measured on two cores at I = 10,000 (benchmarks/item_item_graphs.py).
    """
    if limits.dense_bytes is None:
        return len(ascending)
    turn = int(np.searchsorted(ascending, limits.n_items * MULTIPLY, side="right"))
    products = limits.n_items * max(READ_ALL, (len(ascending) - turn) * MULTIPLY)
    return turn if int(ascending[turn:].sum()) > products else len(ascending)


def rectangles(histories: csr_array, masked: csr_array | None, rows: np.ndarray, n_items: int) -> dict[str, np.ndarray]:
    """Some rows of csr [B, I] as padded `items` int64 and `weights` float32 [b, L].

    A masked item is one of weight 0: it is kept out of the list and adds nothing.
    """
    if masked is None and len(rows) == 1:  # one visitor: nothing to pad
        own = slice(histories.indptr[rows[0]], histories.indptr[rows[0] + 1])
        items, weights = histories.indices[None, own], histories.data[None, own]
        return {"items": items.astype(np.int64), "weights": weights.astype(np.float32)}
    blocks = [histories] if masked is None else [histories, masked]
    lengths = [X.indptr[rows + 1] - X.indptr[rows] for X in blocks]
    width = int(sum(lengths).max(initial=0))
    items = np.full((len(rows), width), n_items, dtype=np.int64)
    weights = np.zeros((len(rows), width), dtype=np.float32)
    places, start = np.arange(width), np.zeros((len(rows), 1), dtype=np.int64)
    for X, length in zip(blocks, lengths, strict=True):
        ends = length.cumsum(dtype=np.int64)
        entries = np.arange(int(length.sum())) + np.repeat(X.indptr[rows] - (ends - length), length)
        inside = (places >= start) & (places < start + length[:, None])  # [b, L]
        items[inside] = X.indices[entries]
        if X is histories:
            weights[inside] = X.data[entries]
        start = start + length[:, None]
    return {"items": items, "weights": weights}
