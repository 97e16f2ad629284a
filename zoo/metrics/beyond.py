"""What a list is like apart from being right: how popular, new, varied, surprising, and true to the user's genres.

One function per metric, per user. ranked is int64 [B, >=k], item columns, best first, -1 where nothing was left to
offer (such places are skipped); all return float64 [B], nan where the metric is undefined for a user.
"""

import numpy as np
from scipy.sparse import csr_array

from zoo.metrics.accuracy import hits_at_k
from zoo.metrics.items import ItemFacts

CALIBRATION_ALPHA = 0.01  # share of the history's genres mixed into the list's, so that the divergence stays finite
_PART_BYTES = 64 * 2**20


def popularity_at_k(ranked: np.ndarray, items: ItemFacts, k: int) -> np.ndarray:
    """Mean over the list of the share of training users who chose the item, in 0..1.

    Average recommendation popularity of Abdollahpouri, Burke and Mobasher 2019, arXiv:1901.07555, there as a count.
    """
    return _mean_of(ranked, items.counts / items.n_users, k)


def popularity_lift_at_k(ranked: np.ndarray, fold_in: csr_array, items: ItemFacts, k: int) -> np.ndarray:
    """How much more popular the list is than the user's own history: popularity of the list / of the history - 1.

    0 = as popular as what the user chooses; 1 = twice as popular. nan for an empty history, or one of cold items only.
    Abdollahpouri et al. 2019, arXiv:1907.13286 (Delta GAP), per user in place of per group of users.
    """
    n = np.diff(fold_in.indptr)
    total = np.add.reduceat(np.append(items.counts[fold_in.indices], 0), fold_in.indptr[:-1]) * (n > 0)
    own = _divide(total / items.n_users, n)
    return _divide(popularity_at_k(ranked, items, k), own) - 1.0


def novelty_at_k(ranked: np.ndarray, items: ItemFacts, k: int) -> np.ndarray:
    """Mean self-information of the list in bits: -log2 of the share of training users who chose the item.

    An item that nobody chose counts as chosen by one, so that it is the newest there can be, and not infinite.
    Zhou et al. 2010, PNAS 107(10); Castells, Hurley and Vargas 2015, Recommender Systems Handbook.
    """
    return _mean_of(ranked, -np.log2(np.maximum(items.counts, 1) / items.n_users), k)


def diversity_by_genre_at_k(ranked: np.ndarray, items: ItemFacts, k: int) -> np.ndarray:
    """Mean over all pairs of the list of the Jaccard distance of their genres, in 0..1. 1 = no pair shares a genre.

    Items without a genre are left out; nan where fewer than two are left.
    Intra-list diversity: Ziegler et al. 2005, WWW, as a distance and as a mean.
    """
    values = np.full(len(ranked), np.nan)
    size = max(1, _PART_BYTES // max(1, 4 * k * max(items.genres.shape[1], k)))
    for start in range(0, len(ranked), size):
        rows = slice(start, start + size)
        values[rows] = _genre_distance(ranked[rows, :k], items.genres)
    return values


def _genre_distance(ranked: np.ndarray, genres: csr_array) -> np.ndarray:
    G = _rows_of(genres, ranked)  # 0/1  [B, k, G]
    n = G.sum(axis=2)  # genres of each item  [B, k]
    shared = G @ G.transpose(0, 2, 1)  # [B, k, k]
    union = n[:, :, None] + n[:, None, :] - shared
    has = n > 0
    pair = has[:, :, None] & has[:, None, :] & ~np.eye(ranked.shape[1], dtype=bool)
    distance = np.where(pair, 1.0 - shared / np.maximum(union, 1.0), 0.0)
    return _divide(distance.sum(axis=(1, 2)), pair.sum(axis=(1, 2)))


def diversity_by_cooccurrence_at_k(ranked: np.ndarray, items: ItemFacts, k: int) -> np.ndarray:
    """Mean over all pairs of the list of 1 - cosine of their training columns. 1 = nobody chose two of them.

    Intra-list diversity as above, where items are alike when the same people chose them: it needs no genres.
    nan where fewer than two items are offered. Cheapest for all users at once: each cosine is computed once.
    """
    first = ranked[:, :k]
    columns, position = np.unique(np.where(first < 0, -1, first), return_inverse=True)
    position = position.reshape(first.shape) - np.searchsorted(columns, 0)  # -1 where nothing was offered
    columns = columns[columns >= 0]
    there = position >= 0
    alike = np.zeros(len(ranked))
    for rows, cosines in items.cosine_blocks(columns):
        user, rank = np.nonzero((position >= rows[0]) & (position <= rows[-1]))
        for part in np.array_split(np.arange(len(user)), 1 + 8 * k * len(user) // _PART_BYTES):
            at = position[user[part], rank[part]]
            others = np.where(there[user[part]], cosines[(at - rows[0])[:, None], position[user[part]]], 0.0)
            others[np.arange(len(part)), rank[part]] = 0.0  # not with itself
            alike += np.bincount(user[part], others.sum(axis=1), len(ranked))
    n = there.sum(axis=1)
    return 1.0 - _divide(alike, n * (n - 1))


def serendipity_at_k(ranked: np.ndarray, held_out: csr_array, known: csr_array, items: ItemFacts, k: int) -> np.ndarray:
    """Share of the list that is both right and unexpected: hits that the k most popular new items do not hold, / k.

    known : csr [B, I], what may not be recommended (history and masked items): the popular list leaves it out, too

    Ge, Delgado-Battenfeld and Jannach 2010, "Beyond accuracy", RecSys, with popularity as the primitive method.
    nan where nothing was held out.
    """
    first = ranked[:, :k]
    hits = hits_at_k(ranked, held_out, k)[:, : first.shape[1]]
    unexpected = ~_in_popular_list(first, known, items.place, k)
    return np.where(np.diff(held_out.indptr) > 0, (hits & unexpected).sum(axis=1) / k, np.nan)


def _in_popular_list(ranked: np.ndarray, known: csr_array, place: np.ndarray, k: int) -> np.ndarray:
    """bool [B, k]: whether the item is among the user's k most popular unknown ones.

    It is where fewer than k unknown items are more popular: its place, less the known items before it.
    """
    n_users, n_items = known.shape
    users = np.repeat(np.arange(n_users), np.diff(known.indptr))
    taken = np.sort(users * n_items + place[known.indices])
    at = place[np.maximum(ranked, 0)]
    keys = np.arange(n_users)[:, None] * n_items + at
    known_before = np.searchsorted(taken, keys) - known.indptr[:-1, None]
    return (at - known_before < k) & (ranked >= 0)


def genre_miscalibration_at_k(ranked: np.ndarray, fold_in: csr_array, items: ItemFacts, k: int) -> np.ndarray:
    """How far the genres of the list are from those of the history: KL(p || q~) in nats. 0 = the same shares.

    p and q: shares of genres in history and list, each item dealing 1 among its genres; q~ = 0.99 q + 0.01 p.
    nan where history or list has no genres. Steck 2018, "Calibrated recommendations", RecSys, with every item of the
    history weighing the same.
    """
    shares = genre_shares(items.genres)
    ones = csr_array((np.ones(fold_in.nnz), fold_in.indices, fold_in.indptr), shape=fold_in.shape)
    first = ranked[:, :k]
    offered = np.concatenate([[0], np.cumsum((first >= 0).sum(axis=1))])
    listed = csr_array((np.ones(offered[-1]), first[first >= 0], offered), shape=fold_in.shape)
    p, q = (normalized((X @ shares).toarray()) for X in (ones, listed))
    mixed = (1 - CALIBRATION_ALPHA) * q + CALIBRATION_ALPHA * p
    terms = np.where(p > 0, p * np.log(np.where(p > 0, p, 1.0) / np.where(p > 0, mixed, 1.0)), 0.0)
    return np.where((p.sum(axis=1) > 0) & (q.sum(axis=1) > 0), terms.sum(axis=1), np.nan)


def genre_shares(genres: csr_array) -> csr_array:
    """[I, G]: rows that sum to 1, or to 0 where an item has no genre."""
    n = np.diff(genres.indptr)
    return csr_array((genres.data / np.repeat(n, n), genres.indices, genres.indptr), shape=genres.shape)


def normalized(rows: np.ndarray) -> np.ndarray:
    total = rows.sum(axis=1, keepdims=True)
    return np.divide(rows, total, out=np.zeros_like(rows), where=total > 0)


def _rows_of(table: csr_array, ranked: np.ndarray) -> np.ndarray:
    """Dense rows of a sparse table for each place of the lists, float32 [B, k, G]; zeros for -1."""
    rows = table[np.maximum(ranked, 0).ravel()].toarray().astype(np.float32)
    rows[ranked.ravel() < 0] = 0.0
    return rows.reshape(*ranked.shape, table.shape[1])


def _mean_of(ranked: np.ndarray, of_item: np.ndarray, k: int) -> np.ndarray:
    """Mean over the first k that were offered of a figure per item."""
    first = ranked[:, :k]
    there = first >= 0
    return _divide(np.where(there, of_item[np.maximum(first, 0)], 0.0).sum(axis=1), there.sum(axis=1))


def _divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return np.divide(numerator, denominator, out=np.full(len(numerator), np.nan), where=denominator > 0)
