"""How much of what a user really chose a ranked list finds, and how high. One function per metric, per user.

Each name says its definition; libraries call both recalls "Recall@k", and three different things "MAP@k".
Shapes are those of `hits_at_k`: ranked int64 [B, >=k], held_out csr [B, I]. All return float64 [B], nan for a user of
whom nothing was held out: means must skip it, and say how many.

Checked against trec_eval (tests/test_metrics_reference.py). Where that counts otherwise, the docstring says so.
"""

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


def precision_at_k(ranked: np.ndarray, held_out: csr_array, k: int) -> np.ndarray:
    """Precision@k of each user: hits / k. A list that ends early is not let off: k is k (trec_eval's P_k)."""
    return _divide(hits_at_k(ranked, held_out, k).sum(axis=1), np.where(np.diff(held_out.indptr) > 0, k, 0))


def hit_rate_at_k(ranked: np.ndarray, held_out: csr_array, k: int) -> np.ndarray:
    """1.0 where the first k hold any held-out item, else 0.0 (trec_eval's success_k)."""
    hits: np.ndarray = hits_at_k(ranked, held_out, k)
    return _divide(hits.max(axis=1), np.minimum(np.diff(held_out.indptr), 1))


def average_precision_at_k(ranked: np.ndarray, held_out: csr_array, k: int) -> np.ndarray:
    """AP@k of each user, divided by n held out; its mean over users is MAP@k.

    Notes
    -----
    AP = 1/n sum over r = 1..k of hit_r (hits in the first r) / r. trec_eval's map_cut_k; cannot reach 1 where n > k.
    Buckley and Voorhees 2000, "Evaluating evaluation measure stability", with the sum cut at k.
    """
    return _divide(_precisions_at_hits(ranked, held_out, k), np.diff(held_out.indptr))


def average_precision_at_k_capped(ranked: np.ndarray, held_out: csr_array, k: int) -> np.ndarray:
    """AP@k of each user, divided by min(k, n), so that a perfect list has 1. The rule of Kaggle's MAP@k contests."""
    return _divide(_precisions_at_hits(ranked, held_out, k), np.minimum(np.diff(held_out.indptr), k))


def _precisions_at_hits(ranked: np.ndarray, held_out: csr_array, k: int) -> np.ndarray:
    """Sum over the ranks of hits of the precision there, float64 [B]."""
    hits = hits_at_k(ranked, held_out, k)
    return (hits * hits.cumsum(axis=1) / np.arange(1, k + 1)).sum(axis=1)


def reciprocal_rank_at_k(ranked: np.ndarray, held_out: csr_array, k: int) -> np.ndarray:
    """1 / rank of the first hit of each user, 0 where the first k hold none; its mean over users is MRR@k.

    trec_eval's recip_rank does not cut the list. Voorhees 1999, TREC-8 question answering track report.
    """
    hits = hits_at_k(ranked, held_out, k)
    first = hits.argmax(axis=1) + 1.0  # rank of the first hit; 1 where there is none
    return _where_held_out(np.where(hits.any(axis=1), 1.0 / first, 0.0), held_out)


def r_precision_at_k(ranked: np.ndarray, held_out: csr_array, k: int) -> np.ndarray:
    """R-precision of each user: hits in the first n, divided by n held out.

    Of a list of k only the first k can be looked at: where n > k this is hits in the first k, divided by n, and smaller
    than trec_eval's Rprec of a longer list. Buckley and Voorhees 2000.
    """
    n = np.diff(held_out.indptr)
    among_first_n = np.arange(k) < n[:, None]  # [B, k]
    return _divide((hits_at_k(ranked, held_out, k) & among_first_n).sum(axis=1), n)


def recall_among_at_k(ranked: np.ndarray, held_out: csr_array, among: np.ndarray, k: int) -> np.ndarray:
    """Recall@k counting only some of the items: hits among them / held-out items among them.

    among : bool [I], such as items that nobody had chosen in training (cold), or few (the tail)

    nan for users of whom none of these was held out.
    """
    return recall_at_k(ranked, _only(held_out, among), k)


def _only(held_out: csr_array, among: np.ndarray) -> csr_array:
    kept = among[held_out.indices]
    before = np.concatenate([[0], np.cumsum(kept)])
    return csr_array((held_out.data[kept], held_out.indices[kept], before[held_out.indptr]), shape=held_out.shape)


def _where_held_out(values: np.ndarray, held_out: csr_array) -> np.ndarray:
    return np.where(np.diff(held_out.indptr) > 0, values, np.nan)


def _divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return np.divide(numerator, denominator, out=np.full(len(numerator), np.nan), where=denominator > 0)
