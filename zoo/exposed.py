"""The catalogue owner's view: who is shown an item, at which ranks, how evenly, and what is never shown.

ranked is int [n, 100 or I]: the lists of the test users, best first, -1 behind the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from zoo.metrics.exposure import exposure_at_k

__all__ = ["Places", "Shown", "exposure_at_k", "lorenz", "never_shown", "shown"]


@dataclass(frozen=True, eq=False)
class Places:
    """How many places of lists hold any of some items, and at which ranks; not whose."""

    users: int  # in whose lists
    ranks: np.ndarray  # int64 [k], lists that hold one at rank 1, 2, ...
    chosen: int  # places whose user really chose the item

    @property
    def median(self) -> float | None:
        """The rank in the middle of all places; None without any."""
        n = int(self.ranks.sum())
        if not n:
            return None
        middle = np.searchsorted(np.cumsum(self.ranks), [(n + 1) // 2, n // 2 + 1]) + 1  # one place, or the two
        return float(middle.mean())


@dataclass(frozen=True, eq=False)
class Shown:
    """Places in lists that hold any of some items. m of them, the highest first, then by user."""

    rows: np.ndarray  # int64 [m], whose list: rows of the test fold; a user may stand there several times
    ranks: np.ndarray  # int64 [m], from 1
    items: np.ndarray  # int64 [m], columns
    chosen: np.ndarray  # bool [m], whether the user really chose the item: it was held out

    @property
    def n_users(self) -> int:
        return len(np.unique(self.rows))

    def places(self, k: int) -> Places:
        """The same, counted, in lists of k."""
        return Places(self.n_users, np.bincount(self.ranks - 1, minlength=k), int(self.chosen.sum()))


def shown(ranked: np.ndarray, held_out: csr_array, among: np.ndarray, k: int) -> Shown:
    """Where the first k of the lists hold one of the items. among : bool [I]"""
    first = ranked[:, :k]
    ranks, rows = np.nonzero(((first >= 0) & among[np.maximum(first, 0)]).T)
    items = first[rows, ranks].astype(np.int64)
    n_items = held_out.shape[1]
    hidden = np.repeat(np.arange(held_out.shape[0]), np.diff(held_out.indptr)) * n_items + held_out.indices
    return Shown(rows, ranks + 1, items, np.isin(rows * n_items + items, hidden))


def lorenz(exposure: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of the items, the least shown first, and the share of all places that they get: both float64 [I + 1].

    The diagonal: every item as often. Twice the area between it and the curve is the Gini coefficient.
    """
    total = max(1, int(exposure.sum()))
    places = np.concatenate([[0.0], np.cumsum(np.sort(exposure))]) / total
    return np.linspace(0.0, 1.0, len(places)), places


def never_shown(exposures: Mapping[str, np.ndarray]) -> np.ndarray:
    """int64, the items that stand in nobody's list under any model."""
    return np.flatnonzero(np.sum(list(exposures.values()), axis=0) == 0) if exposures else np.empty(0, dtype=np.int64)
