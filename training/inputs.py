"""What a two-tower model is built of: inputs -> (a hidden layer) -> embedding.

Each input of a tower gives a vector [N, H]; the vectors are added, which is what one linear layer over all of them put
side by side does. Without a hidden layer the sum is the embedding, H = K; with one, embedding = W tanh(sum + b) + c.

    one_hot    a row of a table
    profile    sum_j x_j T_j / ||x||: the rows of what somebody chose, or of those who chose an item
    text       sum_t T_t / sqrt(n): n hashed words (zoo/content.py). A user's text: the words of what they chose
    picture    three convolutions; the mean and the largest of every channel
    features   a linear layer

What is not there (no words, no picture, an item that nobody chose) has a learned "unknown" in its place. one_hot beside
other inputs is dropped at random in training, so that the others learn to do without it.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.nn import functional as F

from training import loop
from zoo.content import KINDS, Content

CHANNELS = (16, 32, 64)  # of the picture's three convolutions
ITEMS_AT_ONCE = 1024  # described together: what a picture makes on its way is 100 kB


class OneHot(nn.Module):
    """Who it is: indices int64 [N] -> rows [N, H]. sparse: gradients for the rows touched only (SparseAdam)."""

    def __init__(self, n: int, width: int, sparse: bool = False, dropout: float = 0.0):
        super().__init__()
        self.table = nn.Parameter(0.1 * torch.randn(n, width))
        self.unknown = nn.Parameter(torch.zeros(width)) if dropout > 0 else None
        self.sparse, self.dropout = sparse, dropout

    def forward(self, idx: Tensor, known: Tensor | None = None) -> Tensor:
        """known bool [N]: False is unknown; None: all are known."""
        rows = F.embedding(idx, self.table, sparse=self.sparse)
        if self.unknown is None:
            return rows
        known = torch.ones_like(idx, dtype=torch.bool) if known is None else known
        if self.training:
            known = known & (torch.rand(len(idx), device=idx.device) >= self.dropout)
        return torch.where(known[:, None], rows, self.unknown)


class Profile(nn.Module):
    """Who or what is in a history: sparse rows x [N, J] -> [N, H]; a share of the entries is dropped in training."""

    def __init__(self, n: int, width: int, dropout: float):
        super().__init__()
        self.table = nn.Parameter(0.1 * torch.randn(n, width))
        self.dropout = dropout

    def forward(self, x: csr_array, rows: np.ndarray, without: np.ndarray | None = None) -> Tensor:
        """Histories x[rows], without column without[n] of each: x csr [M, J], rows and without int64 [N] -> [N, H].

        Each of the M histories is summed once, and what is left out is taken off again.
        """
        device = self.table.device
        kept = self._dropped(x) if self.training and self.dropout > 0 else x
        total = summed(kept, self.table)[torch.from_numpy(rows).to(device)]  # [N, H]
        squares = (x * x).sum(axis=1)[rows]  # ||x||^2                                                          [N]
        if without is not None:
            own = torch.from_numpy(kept[rows, without].astype(np.float32)).to(device)
            total = total - own[:, None] * F.embedding(torch.from_numpy(without).to(device), self.table)
            squares = squares - x[rows, without] ** 2
        length = np.sqrt(np.maximum(squares, 1e-12))
        return total / torch.from_numpy(length.astype(np.float32)).to(device)[:, None]

    def _dropped(self, x: csr_array) -> csr_array:
        keep = torch.rand(x.nnz).numpy() >= self.dropout
        return csr_array((x.data * keep / (1.0 - self.dropout), x.indices, x.indptr), shape=x.shape)


def summed(x: csr_array, table: Tensor) -> Tensor:
    """x T of sparse rows: x csr [N, J], T [J, H] -> [N, H]."""
    columns, _, weights = loop.sparse_rows(x, table.device)
    starts = torch.from_numpy(x.indptr[:-1].astype(np.int64)).to(table.device)
    return F.embedding_bag(columns, table, starts, per_sample_weights=weights, mode="sum")


def bag(x: csr_array, table: Tensor) -> Tensor:
    """The same, each row of x divided by its length."""
    lengths = np.sqrt(np.maximum((x * x).sum(axis=1), 1e-12)).astype(np.float32)
    return summed(x, table) / torch.from_numpy(lengths).to(table.device)[:, None]


class Text(nn.Module):
    """A bag of hashed words: ids int64 [N, T], 0 = nothing -> [N, H]; a share of the words is dropped in training.

    The rows begin in random directions, the longer the rarer their words are. So the dot product of two texts begins as
    that of their TF-IDF vectors, up to the error of a random projection (Johnson and Lindenstrauss 1984), and training
    starts from what counting words knows.
    """

    def __init__(self, ids: np.ndarray, n_buckets: int, width: int, dropout: float):
        super().__init__()
        idf = torch.from_numpy(inverse_document_frequency(ids, n_buckets))  # [1 + n_buckets]
        self.table = nn.Parameter(idf[:, None] * torch.randn(n_buckets + 1, width) / math.sqrt(width))
        self.dropout = dropout

    def forward(self, ids: Tensor) -> Tensor:
        there = (ids > 0).float()  # [N, T]
        weights = there / there.sum(dim=1, keepdim=True).clamp_min(1.0).sqrt()
        if torch.compiler.is_exporting():  # the graph gathers [N, T, H]; training sums without it
            return torch.einsum("nt,nth->nh", weights, self.table[ids])
        weights = F.dropout(weights, self.dropout, self.training)
        lengths = (ids > 0).sum(dim=1)
        starts = lengths.cumsum(0) - lengths
        return F.embedding_bag(
            ids[ids > 0], self.table, starts, per_sample_weights=weights[ids > 0], mode="sum"
        )  # the same sum


def inverse_document_frequency(ids: np.ndarray, n_buckets: int) -> np.ndarray:
    """log((1 + N) / (1 + n_b)) / log(1 + N), float32 [1 + n_buckets]: 0 for what all N hold, 1 for what none does."""
    rows = np.repeat(np.arange(len(ids)), (ids > 0).sum(axis=1))
    pairs = np.unique(rows * (n_buckets + 1) + ids[ids > 0])
    holding = np.bincount(pairs % (n_buckets + 1), minlength=n_buckets + 1)
    return (np.log((1 + len(ids)) / (1 + holding)) / math.log(1 + len(ids))).astype(np.float32)


class Picture(nn.Module):
    """uint8 [N, 96, 64, 3] -> [N, H]."""

    def __init__(self, width: int):
        super().__init__()
        self.layers = nn.Sequential()
        for n_in, n_out in pairwise((3, *CHANNELS)):
            self.layers.extend([nn.Conv2d(n_in, n_out, 3, stride=2, padding=1), nn.ReLU()])
        self.out = nn.Linear(2 * CHANNELS[-1], width)

    def forward(self, pixels: Tensor) -> Tensor:
        maps = self.layers(pixels.permute(0, 3, 1, 2).float() / 127.5 - 1.0)  # [N, C, 12, 8]
        return self.out(torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1))


class Described(nn.Module):
    """What items are, by any of text, picture and features -> [N, H]; what an item lacks is "unknown"."""

    def __init__(self, kinds: Sequence[str], content: Content, n_buckets: int, width: int, dropout: float):
        super().__init__()
        self.kinds = [kind for kind in KINDS if kind in kinds]
        self.content = content  # of the catalogue
        makers = {
            "text": lambda: Text(content.text_ids, n_buckets, width, dropout),
            "picture": lambda: Picture(width),
            "features": lambda: nn.Linear(content.features.shape[1], width),
        }
        self.parts = nn.ModuleDict({kind: makers[kind]() for kind in self.kinds})
        self.unknown = nn.Parameter(torch.zeros(len(KINDS), width))

    def forward(self, text_ids: Tensor, picture: Tensor, features: Tensor, present: Tensor) -> Tensor:
        """The inputs of zoo/content.py."""
        given = dict(zip(KINDS, (text_ids, picture, features), strict=True))
        vectors = []
        for kind in self.kinds:
            place = KINDS.index(kind)
            told = present[:, place : place + 1]  # [N, 1]
            vectors.append(torch.where(told, self.parts[kind](given[kind]), self.unknown[place]))
        return torch.stack(vectors).sum(dim=0)

    def of_items(self, items: np.ndarray) -> Tensor:
        """[N, H] of these columns of the catalogue."""
        blocks = [
            self(*(torch.from_numpy(values).to(self.unknown.device) for values in part.feeds().values()))
            for part in (
                self.content.part(items[start : start + ITEMS_AT_ONCE])
                for start in range(0, max(1, len(items)), ITEMS_AT_ONCE)
            )
        ]
        return torch.cat(blocks)


class Layers(nn.Module):
    """From the sum of the inputs [N, H] to the embedding [N, K]; cosine: of length 1."""

    def __init__(self, width: int, n_factors: int, hidden: bool, cosine: bool):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(width)) if hidden else None
        self.out = nn.Linear(width, n_factors) if hidden else None
        self.cosine = cosine

    def forward(self, total: Tensor) -> Tensor:
        e = total if self.out is None else self.out(torch.tanh(total + self.bias))
        return F.normalize(e, dim=1, eps=1e-6) if self.cosine else e
