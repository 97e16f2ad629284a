"""Who wins must also be right: users held out whole, of whom four fifths are shown, and nDCG and recall of the rest."""

from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch

from training.loop import best_unseen
from zoo.metrics import ndcg_at_k, recall_at_k
from zoo.split import Fold

SHOWN = 0.8  # of each held-out user's items
AT_ONCE = 1000  # users


def held_out(X: sp.csr_array, n_known: int) -> tuple[sp.csr_array, Fold]:
    """The first users of X [U, I] to learn from; the others, as far as something is shown and something held out."""
    known, rest = X[:n_known], X[n_known:].tocoo()
    shown = np.random.default_rng(0).random(rest.nnz) < SHOWN
    fold_in, hidden = (
        sp.csr_array((rest.data[part], (rest.row[part], rest.col[part])), shape=rest.shape) for part in (shown, ~shown)
    )
    nothing = sp.csr_array(rest.shape, dtype=np.float32)
    whole = (np.diff(fold_in.indptr) > 0) & (np.diff(hidden.indptr) > 0)
    return known, Fold(np.arange(n_known, X.shape[0])[whole], fold_in[whole], hidden[whole], nothing[whole])


def judged(scores: np.ndarray, fold: Fold, k: int) -> dict[str, float]:
    """Means over the users of the fold, by our evaluator. scores : [B, I], may be memory-mapped"""
    parts = []
    for start in range(0, len(fold), AT_ONCE):
        rows = slice(start, start + AT_ONCE)
        parts.append(best_unseen(torch.from_numpy(np.array(scores[rows])), fold.fold_in[rows], fold.masked[rows], k))
    lists = np.concatenate(parts)
    figures = {f"nDCG@{k}": ndcg_at_k(lists, fold.held_out, k), f"Recall@{k}": recall_at_k(lists, fold.held_out, k)}
    return {name: float(np.nanmean(values)) for name, values in figures.items()}


def save(path: Path, X: sp.csr_array) -> str:
    """As every library's SciPy can read it; returns the path."""
    sp.save_npz(path, sp.csr_matrix(X), compressed=False)
    return str(path)
