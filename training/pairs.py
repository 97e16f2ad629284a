"""Pairs of a user and an item they chose: which ones there are, what else may be drawn, and the losses over them."""

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor
from torch.nn import functional as F

NONE = -1e30  # a logit that counts nothing, and whose gradient is 0 even where a row holds no other


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

    def chosen_among(self, users: np.ndarray, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where these users [B] meet what they chose among candidates int64 [C], which may repeat: rows, columns."""
        order = np.argsort(candidates, kind="stable")  # columns by their item
        once, starts, counts = np.unique(candidates[order], return_index=True, return_counts=True)
        place = np.full(self.n_items, -1)
        place[once] = np.arange(len(once))
        chosen = self.X[users]
        at = place[chosen.indices]
        rows, at = np.repeat(np.arange(len(users)), np.diff(chosen.indptr))[at >= 0], at[at >= 0]
        times = counts[at]
        n_th = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)  # 0, 1, ... for each meeting
        return np.repeat(rows, times), order[np.repeat(starts[at], times) + n_th]


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


def softmax(s_ui: Tensor, logits: Tensor) -> Tensor:
    """-log of the share of e^s_ui in e^s_ui + sum_j e^(s_uj - log n_j), mean over pairs.

    s_ui [B]; logits [B, C] = s_uj - log n_j, with n_j how often candidate j is expected among the candidates, and NONE
    where j is no negative of u. So the sum estimates that of the full softmax.
    """
    return (torch.logaddexp(s_ui, logits.logsumexp(dim=1)) - s_ui).mean()
