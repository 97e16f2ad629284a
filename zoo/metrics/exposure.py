"""What all lists together show of the catalogue: figures of the whole test, not of one user.

They grow or shrink with the number of test users, so compare them within one table only. exposure is int64 [I]: in how
many users' first k each item stands.
"""

import numpy as np


def exposure_at_k(ranked: np.ndarray, n_items: int, k: int) -> np.ndarray:
    """int64 [I]: lists that hold the item among their first k. ranked int64 [B, >=k], -1 where nothing was offered."""
    first = ranked[:, :k]
    return np.bincount(first[first >= 0], minlength=n_items)


def coverage(exposure: np.ndarray) -> float:
    """Share of the catalogue that stands in any list, in 0..1. Ge et al. 2010, "Beyond accuracy", RecSys."""
    return float(np.mean(exposure > 0))


def gini(exposure: np.ndarray) -> float:
    """Gini coefficient of exposure over the whole catalogue: 0 = every item is shown as often, near 1 = one item only.

    With exposure in rising order x_1..x_I: sum over r of (2 r - I - 1) x_r / (I sum x). nan where nothing is shown.
    Fleder and Hosanagar 2009, Management Science 55(5).
    """
    x = np.sort(exposure).astype(np.float64)
    n, total = len(x), x.sum()
    return float((2 * np.arange(1, n + 1) - n - 1) @ x / (n * total)) if total else float("nan")


def entropy(exposure: np.ndarray) -> float:
    """Shannon entropy of exposure in bits: log2(I) = every item as often, 0 = one item only. nan for nothing."""
    total = exposure.sum()
    if not total:
        return float("nan")
    p = exposure[exposure > 0] / total
    return float(-(p @ np.log2(p)) + 0.0)
