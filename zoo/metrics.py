"""How good a ranked list is, per user. Each name says its definition; libraries call both recalls "Recall@k"."""

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.sparse import csr_array

from zoo.errors import DataError


def hits_at_k(ranked: np.ndarray, held_out: csr_array, k: int) -> np.ndarray:
    """Which of the first k recommendations the user really chose.

    Parameters
    ----------
    ranked : int64 [B, >=k], item columns, best first; -1 where the model had nothing to offer
    held_out : csr [B, I], non-zero where the user chose the item
    k : list length, 1 or more

    Returns
    -------
    bool [B, k]

    Raises
    ------
    DataError if ranked has fewer than k columns (or than I, where I < k) or the two speak of different users
    """
    n_users, n_items = held_out.shape
    wanted = min(k, n_items)
    if ranked.shape[0] != n_users or ranked.shape[1] < wanted:
        raise DataError(
            f"Lists of shape {ranked.shape} cannot be measured at k = {k} for {n_users} users; rank at least k."
        )
    ranked = ranked[:, :wanted]
    rows = np.repeat(np.arange(n_users, dtype=np.int64), np.diff(held_out.indptr))
    chosen = np.sort(rows * n_items + held_out.indices)  # one sorted key per (user, item)
    keys = np.arange(n_users, dtype=np.int64)[:, None] * n_items + ranked
    hits = np.zeros((n_users, k), dtype=bool)
    if len(chosen):
        position = np.minimum(np.searchsorted(chosen, keys), len(chosen) - 1)
        hits[:, :wanted] = (chosen[position] == keys) & (ranked >= 0)
    return hits


def recall_at_k(ranked: np.ndarray, held_out: csr_array, k: int) -> np.ndarray:
    """Recall@k of each user: hits / n, where n is the number of held-out items.

    Shapes as in `hits_at_k`. Returns float64 [B] in 0..1; nan where nothing was held out (means must skip it).
    The definition of the LightGCN tables (He et al. 2020, arXiv:2002.02126). Cannot reach 1 where n > k.
    """
    return _divide(hits_at_k(ranked, held_out, k).sum(axis=1), np.diff(held_out.indptr))


def recall_at_k_capped(ranked: np.ndarray, held_out: csr_array, k: int) -> np.ndarray:
    """Recall@k of each user: hits / min(k, n), so that a perfect list has 1.

    Shapes as in `hits_at_k`. Returns float64 [B] in 0..1; nan where nothing was held out.
    The definition of Liang et al. 2018, arXiv:1802.05814, section 4.2.
    """
    return _divide(hits_at_k(ranked, held_out, k).sum(axis=1), np.minimum(np.diff(held_out.indptr), k))


def ndcg_at_k(ranked: np.ndarray, held_out: csr_array, k: int) -> np.ndarray:
    """nDCG@k of each user, binary gains.

    Shapes as in `hits_at_k`. Returns float64 [B] in 0..1; nan where nothing was held out.

    Notes
    -----
    DCG = sum over r = 1..k of hit_r / log2(r + 1), divided by the DCG of min(k, n) hits in a row.
    Liang et al. 2018, arXiv:1802.05814, section 4.2. Some libraries divide by k hits in a row and get smaller numbers.
    """
    discount = 1.0 / np.log2(np.arange(2, k + 2))  # [k]
    ideal = np.concatenate([[0.0], np.cumsum(discount)])  # ideal[n] = DCG of n hits in a row
    n = np.diff(held_out.indptr)
    return _divide(hits_at_k(ranked, held_out, k) @ discount, ideal[np.minimum(n, k)])


def _divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return np.divide(numerator, denominator, out=np.full(len(numerator), np.nan), where=denominator > 0)


Metric = Callable[[np.ndarray, csr_array], np.ndarray]

METRICS: dict[str, Metric] = {
    "recall_at_20": partial(recall_at_k, k=20),
    "recall_at_50": partial(recall_at_k, k=50),
    "recall_at_20_capped": partial(recall_at_k_capped, k=20),
    "recall_at_50_capped": partial(recall_at_k_capped, k=50),
    "ndcg_at_20": partial(ndcg_at_k, k=20),
    "ndcg_at_100": partial(ndcg_at_k, k=100),
}
LONGEST_LIST = 100  # the largest k above

DEFINITIONS: dict[str, str] = {
    "recall_at_20": "Of the held-out items, the share found in the first 20.",
    "recall_at_50": "Of the held-out items, the share found in the first 50.",
    "recall_at_20_capped": "Items found in the first 20, divided by the most that could be found: min(20, held out).",
    "recall_at_50_capped": "Items found in the first 50, divided by the most that could be found: min(50, held out).",
    "ndcg_at_20": "Items found in the first 20, counted more the higher they stand; 1 is the best possible order.",
    "ndcg_at_100": "Items found in the first 100, counted more the higher they stand; 1 is the best possible order.",
}
