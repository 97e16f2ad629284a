"""The forms that a trained model can take: histories (or users) in, scores out.

A history comes as two matrices [B, L]: the columns of its items and their weights. Padding is column I. The work of the
first layer is then proportional to the history, not to the catalogue. All but `ItemItem` are written in operations that
`torch.onnx.export` knows; L may be 0, and then the scores are those of an empty history.
"""

import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.ort_session import open_session
from zoo.settings import Settings


def without_padding(items: Tensor, weights: Tensor, n_items: int) -> tuple[Tensor, Tensor]:
    """The same history with padding that can do no harm: a column that exists, and weight 0. Both [B, L]."""
    return items.clamp_max(n_items - 1), torch.where(items < n_items, weights, 0.0)


def gather_sum(table: Tensor, items: Tensor, weights: Tensor) -> Tensor:
    """x @ table for sparse rows x: table [I, K], items and weights [B, L] -> [B, K]. Needs B L K floats in between."""
    items, weights = without_padding(items, weights, table.shape[0])
    return torch.einsum("bl,blk->bk", weights, table[items])


class SameForAll(nn.Module):
    """One list for everybody: scores [I], whatever the history."""

    scores: Tensor

    def __init__(self, scores: Tensor):
        super().__init__()
        self.register_buffer("scores", scores)

    def forward(self, items: Tensor, weights: Tensor) -> tuple[Tensor]:
        return (self.scores.expand(items.shape[0], -1),)  # [B, I]


class ItemItem(nn.Module):
    """scores = x S with S [I, I]. `S` is kept as it is given: no copy."""

    S: Tensor

    def __init__(self, S: Tensor):
        super().__init__()
        self.register_buffer("S", S)

    def forward(self, items: Tensor, weights: Tensor) -> tuple[Tensor]:
        items, weights = without_padding(items, weights, self.S.shape[0])
        starts = torch.arange(len(items), device=items.device) * items.shape[1]  # one bag of L items per user
        bags = F.embedding_bag(items.flatten(), self.S, starts, per_sample_weights=weights.flatten(), mode="sum")
        return (bags,)  # gather + sum without the [B, L, I] between them


class RoundedItemItem(nn.Module):
    """scores = x S with S_ij = steps_i S_int8_ij. S int8 [I, I], steps float32 [I]. No float32 S is ever formed."""

    S: Tensor
    steps: Tensor

    def __init__(self, S: Tensor, steps: Tensor):
        super().__init__()
        self.register_buffer("S", S)
        self.register_buffer("steps", steps)

    @property
    def gather_width(self) -> int:
        """Floats that one history item brings in: a row of S, as it is stored and widened."""
        return len(self.S) * 5 // 4

    @property
    def n_parameters(self) -> int:
        return self.S.numel()

    def forward(self, items: Tensor, weights: Tensor) -> tuple[Tensor]:
        items, weights = without_padding(items, weights, len(self.S))
        scaled = weights * self.steps[items]
        rows = [w @ self.S[i].float() for i, w in zip(items, scaled, strict=True)]  # one user at a time: [L, I]
        return (torch.stack(rows) if rows else torch.zeros(0, len(self.S)),)


class Graph(nn.Module):
    """A model that is there as a graph, the whole contract in it; its scores are those of a second one, `meant`.

    graph, meant : they differ in how their weights are stored
    n_parameters, gather_width : as the card says
    """

    def __init__(self, graph: onnx.ModelProto, meant: onnx.ModelProto, n_parameters: int, gather_width: int):
        super().__init__()
        self.graph, self.n_parameters, self.gather_width = graph, n_parameters, gather_width
        self._names = [entry.name for entry in meant.graph.input][: 1 if meant.graph.input[0].name == "users" else 2]
        with tempfile.TemporaryDirectory() as folder:
            onnx.save(meant, Path(folder) / "meant.onnx")
            self._session = open_session(f"{folder}/meant.onnx", Settings(provider="cpu"))
        sizes = {entry.name: entry.shape for entry in self._session.get_inputs()}
        self._rest = {
            "candidates": np.ones(sizes["candidates"], dtype=bool),
            "exclude_seen": np.array(False),
            "k": np.array(1),
        }

    def forward(self, *inputs: Tensor) -> tuple[Tensor]:
        feeds = {name: tensor.numpy() for name, tensor in zip(self._names, inputs, strict=True)} | self._rest
        if "items" not in feeds:
            feeds["items"] = np.zeros((len(inputs[0]), 0), dtype=np.int64)  # memory-based: what is kept out only
        return (torch.from_numpy(self._session.run(["all_scores"], feeds)[0]),)


class Neighbours(nn.Module):
    """scores = x S with S [I, I] sparse: at most N entries per row, row i in columns[i] and similarities[i].

    columns int64 [I, N], similarities float32 [I, N]; 0 in the places that a row does not need. S is never formed.
    """

    columns: Tensor
    similarities: Tensor

    def __init__(self, columns: Tensor, similarities: Tensor):
        super().__init__()
        self.register_buffer("columns", columns)
        self.register_buffer("similarities", similarities)

    @property
    def gather_width(self) -> int:
        """Floats that one history item brings in: N similarities, products and columns (2 floats), and a copy of these.

        ONNX Runtime's ScatterElements makes the copy. Measured on the CPU: 5.98 N at L N = 50,000.
        """
        return 6 * self.columns.shape[1]

    def forward(self, items: Tensor, weights: Tensor) -> tuple[Tensor]:
        n_items = len(self.columns)
        items, weights = without_padding(items, weights, n_items)
        to = self.columns[items].flatten(1)  # where the entries of the rows belong                  [B, L N]
        entries = (weights[:, :, None] * self.similarities[items]).flatten(1)  # x_i S_ij             [B, L N]
        scores = torch.zeros(items.shape[0], n_items, device=items.device)
        return (scores.scatter_add(1, to, entries),)  # sum over i                                    [B, I]


class LinearAutoencoder(nn.Module):
    """embedding = x W_in [B, K]; scores = embedding W_out [B, I]. Tied, W_out = W_in^T, where W_out is not given.

    W_in [I, K], W_out [K, I]. Returns (scores, embedding).
    """

    W_in: Tensor
    W_out: Tensor | None

    def __init__(self, W_in: Tensor, W_out: Tensor | None = None):
        super().__init__()
        self.register_buffer("W_in", W_in)
        self.register_buffer("W_out", W_out)

    def forward(self, items: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        embedding = gather_sum(self.W_in, items, weights)  # [B, K]
        scores = F.linear(embedding, self.W_in) if self.W_out is None else embedding @ self.W_out
        return scores, embedding


class DotProduct(nn.Module):
    """Memory-based: scores = E_users[u] . E_items^T. E_users [U, K], E_items [I, K]. Returns (scores, embedding)."""

    E_users: Tensor
    E_items: Tensor

    def __init__(self, E_users: Tensor, E_items: Tensor):
        super().__init__()
        self.register_buffer("E_users", E_users)
        self.register_buffer("E_items", E_items)

    def forward(self, users: Tensor) -> tuple[Tensor, Tensor]:
        embedding = self.E_users[users]  # [B, K]
        return F.linear(embedding, self.E_items), embedding  # s_ui = e_u . e_i
