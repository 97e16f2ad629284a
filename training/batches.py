"""Batches of users for a loop: rows of X as PyTorch reads them, and the sum over a history's rows of a table.

A GPU keeps all of X where there is room, 12 bytes an entry, and batches are cut there: nothing but the users' numbers
travels. Where there is none, one thread draws the next batch into pinned memory while the device works on this one, and
the copy waits for nobody. On the CPU both cores have work: batches are cut as they are needed.

A batch also lies in the order of its items. The gradient of `x @ table` by the table, x^T g, is then the same sum over
rows that the forward pass is, of g instead of the table: PyTorch's own backward sorts the entries anew, on one core.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from training.loop import shuffled


@dataclass(frozen=True)
class Batch:
    """The n stored entries of rows X [B, I], on a device: row by row, and how they follow each other by column."""

    shape: tuple[int, int]
    on_host: Callable[[], csr_array]
    weights: Tensor  # float32 [n]
    columns: Tensor  # int64 [n], and so are the others
    rows: Tensor  # [n]
    starts: Tensor  # [B + 1]: row u has entries starts[u] to starts[u + 1]
    by_column: Tensor  # [n]: the entries' numbers, sorted by column
    column_rows: Tensor  # [n]: their rows
    column_starts: Tensor  # [I + 1]

    @staticmethod
    def of(X: "csr_array | Batch", device: torch.device) -> "Batch":
        return X if isinstance(X, Batch) else on_device(packed(X), device)

    @property
    def X(self) -> csr_array:
        """The rows themselves, for what is done to them on the host."""
        return self.on_host()

    def normalized(self) -> Tensor:
        """The entries of x / ||x||: float32 [n]."""
        squares = torch.zeros(self.shape[0], device=self.weights.device).index_add_(0, self.rows, self.weights**2)
        return self.weights / squares.sqrt()[self.rows]


@dataclass(frozen=True)
class Packed:
    X: csr_array
    weights: Tensor
    places: Tensor  # all integers of a batch in one piece: one copy to the device


def packed(X: csr_array, pinned: bool = False) -> Packed:
    n = X.nnz
    numbered = csr_array((np.arange(n), X.indices, X.indptr), shape=X.shape).tocsc()
    rows = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    parts = (X.indices, rows, X.indptr, numbered.data, numbered.indices, numbered.indptr)
    places = torch.from_numpy(np.concatenate(parts, dtype=np.int64))
    weights = torch.from_numpy(X.data.astype(np.float32))
    return Packed(X, weights.pin_memory(), places.pin_memory()) if pinned else Packed(X, weights, places)


def on_device(batch: Packed, device: torch.device) -> Batch:
    n, (n_rows, n_columns) = batch.X.nnz, batch.X.shape
    places = batch.places.to(device, non_blocking=True).split([n, n, n_rows + 1, n, n, n_columns + 1])
    return Batch(batch.X.shape, lambda: batch.X, batch.weights.to(device, non_blocking=True), *places)


class Resident:
    """X [U, I] kept on a device, whose batches are cut there."""

    def __init__(self, X: csr_array, device: torch.device):
        self.X, self.device = X, device
        self.first = X.indptr.astype(np.int64)  # [U + 1], on the host: sizes are known without asking the device
        self.columns = torch.from_numpy(X.indices.astype(np.int64)).to(device)
        self.weights = torch.from_numpy(X.data.astype(np.float32)).to(device)

    @staticmethod
    def fits(X: csr_array, device: torch.device) -> bool:
        """Whether its 12 bytes an entry are at most a quarter of what is free there."""
        return 12 * X.nnz <= torch.cuda.mem_get_info(device)[0] / 4

    def batch(self, users: np.ndarray) -> Batch:
        """Rows X[users] [B, I]."""
        starts = np.concatenate([[0], np.cumsum(self.first[users + 1] - self.first[users])])
        n, (B, n_columns) = int(starts[-1]), (len(users), self.X.shape[1])
        sent = torch.from_numpy(np.concatenate([starts, self.first[users]])).to(self.device, non_blocking=True)
        starts_there, first = sent.split([B + 1, B])
        numbers = torch.arange(max(B, n_columns + 1), device=self.device)
        rows = torch.repeat_interleave(numbers[:B], starts_there.diff(), output_size=n)
        entries = torch.arange(n, device=self.device) + (first - starts_there[:-1])[rows]
        columns = self.columns[entries]
        sorted_columns, by_column = columns.sort(stable=True)
        column_starts = torch.searchsorted(sorted_columns, numbers[: n_columns + 1])
        parts = (columns, rows, starts_there, by_column, rows[by_column], column_starts)
        return Batch((B, n_columns), lambda: self.X[users], self.weights[entries], *parts)


def batches(X: csr_array, batch_size: int, rng: np.random.Generator, device: torch.device) -> Iterator[Batch]:
    """The rows of X [U, I] once each, in random order, so many at a time."""
    if device.type != "cuda":
        for users in shuffled(X.shape[0], batch_size, rng):
            yield Batch.of(X[users], device)
        return
    if Resident.fits(X, device):
        there = Resident(X, device)
        for users in shuffled(X.shape[0], batch_size, rng):
            yield there.batch(users)
        return
    with ThreadPoolExecutor(1) as loader:
        waiting = None
        for users in shuffled(X.shape[0], batch_size, rng):
            following = loader.submit(lambda users=users: packed(X[users], pinned=True))
            if waiting is not None:
                yield on_device(waiting.result(), device)
            waiting = following
        if waiting is not None:
            yield on_device(waiting.result(), device)


def sum_of_rows(table: Tensor, x: Tensor, batch: Batch) -> Tensor:
    """x @ table [B, H] for the entries x [n] of a batch and a table [I, H]. No gradient flows to x."""
    return _SumOfRows.apply(table, x, batch)


class _SumOfRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx, table, x, batch):
        ctx.save_for_backward(x)
        ctx.batch = batch
        return bags(batch.columns, table.detach(), batch.starts, x)

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        (x,), batch = ctx.saved_tensors, ctx.batch
        return bags(batch.column_rows, g.contiguous(), batch.column_starts, x[batch.by_column]), None, None


def bags(places: Tensor, table: Tensor, starts: Tensor, weights: Tensor) -> Tensor:
    """sum of weights[n] table[places[n]] from starts[b] to starts[b + 1], for each b."""
    return F.embedding_bag(places, table, starts, per_sample_weights=weights, mode="sum", include_last_offset=True)
