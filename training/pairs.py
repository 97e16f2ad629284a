"""Pairs of a user and an item they chose: which ones there are, what else may be drawn, and the losses over them."""

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor
from torch.nn import functional as F


class Pairs:
    """What is learned from: each pair (u, i) of X [U, I] once, how popular the items are, and what u did not choose.

    pool : columns that may be drawn as negatives; None: all
    """

    def __init__(self, X: csr_array, pool: np.ndarray | None = None):
        self.X = X.sorted_indices()
        n_users, self.n_items = X.shape
        self.pool = np.arange(self.n_items) if pool is None else np.sort(pool)
        self.users = np.repeat(np.arange(n_users), np.diff(X.indptr))  # int64 [n]
        self.items = self.X.indices.astype(np.int64)  # int64 [n]
        self.n_chosen = np.diff(X.indptr).astype(np.int64)  # [U]
        self.q = np.bincount(self.items, minlength=self.n_items) / max(1, len(self.items))  # [I], sums to 1
        self._starts = X.indptr[:-1].astype(np.int64)
        place = np.full(self.n_items, -1)
        place[self.pool] = np.arange(len(self.pool))
        t = np.arange(len(self.items)) - self._starts[self.users]  # 0, 1, ... within each user
        self._keys = self.users * (self.n_items + 1) + place[self.items] - t  # ascending

    def draw_not_chosen(self, users: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
        """Items [B, n] of the pool that these users [B] did not choose, each equally likely, without rejection or loop.

        With u's items p_0 < p_1 < ..., p_t - t items below p_t are not chosen; so the r-th item that is not chosen
        (from 0) is r + |{t : p_t - t <= r}|. One search in one sorted array counts them for the whole batch.
        """
        r = rng.integers(0, (len(self.pool) - self.n_chosen[users])[:, None], size=(len(users), n))
        below = np.searchsorted(self._keys, users[:, None] * (self.n_items + 1) + r, side="right")
        return self.pool[r + below - self._starts[users][:, None]]

    def chosen_among(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        """bool [B, C]: whether these users [B] chose these items [C], each item once."""
        place = np.full(self.n_items, -1)
        place[items] = np.arange(len(items))
        rows = self.X[users]
        found, of = place[rows.indices], np.repeat(np.arange(len(users)), np.diff(rows.indptr))
        chosen = np.zeros((len(users), len(items)), dtype=bool)
        chosen[of[found >= 0], found[found >= 0]] = True
        return chosen


def leaving_out(x: csr_array, columns: np.ndarray) -> csr_array:
    """Sparse rows x [B, J] without column columns[b] of each row b."""
    rows = np.repeat(np.arange(x.shape[0]), np.diff(x.indptr))
    kept = x.indices != columns[rows]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows[kept], minlength=x.shape[0]))])
    return csr_array((x.data[kept], x.indices[kept], indptr), shape=x.shape)


def bpr(s_ui: Tensor, s_uj: Tensor) -> Tensor:
    """-log sigmoid(s_ui - s_uj), mean over pairs and negatives. s_ui [B], s_uj [B, N]."""
    return -F.logsigmoid(s_ui[:, None] - s_uj).mean()


def bce(s_ui: Tensor, s_uj: Tensor) -> Tensor:
    """-log sigmoid(s_ui) - sum_j log sigmoid(-s_uj), mean over pairs."""
    return -(F.logsigmoid(s_ui) + F.logsigmoid(-s_uj).sum(dim=1)).mean()


def mse(s_ui: Tensor, s_uj: Tensor) -> Tensor:
    """(s_ui - 1)^2 + sum_j s_uj^2, mean over pairs."""
    return ((s_ui - 1.0).square() + s_uj.square().sum(dim=1)).mean()


def softmax(s_ui: Tensor, s_uj: Tensor, allowed: Tensor, log_expected: Tensor | float = 0.0) -> Tensor:
    """-log of the share of e^s_ui in e^s_ui + sum_j e^(s_uj - log n_j), mean over pairs.

    s_ui [B], s_uj [B, C]; allowed bool [B, C]: candidates that are negatives of this user; log_expected [C]: log n_j,
    how often candidate j is expected among the candidates. So the sum estimates that of the full softmax.
    """
    logits = (s_uj - log_expected).masked_fill(~allowed, -torch.inf)
    return (torch.cat([s_ui[:, None], logits], dim=1).logsumexp(dim=1) - s_ui).mean()
