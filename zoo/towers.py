"""A user's vector among item vectors: what "score = dot product" looks like.

    s_i = e_u . e_i = |e_u| |e_i| cos(angle between them)

The plane that is drawn is turned so that no score is lost: its first axis is the direction of e_u, along which an item
lies at s_i / |e_u|; its second the direction in which the items differ most among those at a right angle to it (the
first principal axis of what is left).
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Plane:
    """Items as one user sees them."""

    along: np.ndarray  # float64 [I], how far in the user's direction: score / length of the user's vector
    across: np.ndarray  # float64 [I], along the direction in which items differ most beside that
    lengths: np.ndarray  # float64 [I], |e_i|
    cosines: np.ndarray  # float64 [I], -1..1; 0 for a vector of length 0
    length: float  # |e_u|
    shown: float  # share of the items' squared lengths that lies in this plane, 0..1


def plane(user: np.ndarray, items: np.ndarray) -> Plane:
    """user [K], items [I, K]. A user's vector of length 0 looks in the direction of the items' first principal axis."""
    user, items = user.astype(np.float64), items.astype(np.float64)
    length = float(np.linalg.norm(user))
    direction = user / length if length > 0 else _principal(items)
    along = items @ direction
    rest = items - np.outer(along, direction)
    second = _principal(rest - rest.mean(axis=0))
    lengths = np.linalg.norm(items, axis=1)
    cosines = np.divide(along, lengths, out=np.zeros_like(along), where=lengths > 0)
    total = float(np.square(items).sum())
    across = rest @ second
    shown = (np.square(along).sum() + np.square(across).sum()) / total if total else 1.0
    return Plane(along, across, lengths, cosines, length, float(shown))


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's: the correlation of the two orders, -1..1; equals share their mean place; 0 where one is constant.

    >>> rank_correlation(np.array([1.0, 2.0, 9.0]), np.array([10, 20, 15]))
    0.5
    """
    x, y = _places(a), _places(b)
    x, y = x - x.mean(), y - y.mean()
    spread = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / spread if spread else 0.0


def _places(values: np.ndarray) -> np.ndarray:
    """From 1 for the smallest; scipy.stats has the same, and takes seconds to import."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place]


def _principal(rows: np.ndarray) -> np.ndarray:
    """The direction of the largest sum of squares, float64 [K], its largest entry positive."""
    vector = np.linalg.eigh(rows.T @ rows)[1][:, -1]
    return vector * np.sign(vector[np.abs(vector).argmax()])
