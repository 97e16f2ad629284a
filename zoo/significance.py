"""How sure a mean over users is.

Intervals speak of other test users for *this* trained model; another training run would add its own spread.
"""

import numpy as np

from zoo.card import Interval

N_DRAWS = 1000  # bootstrap draws; the ends of a 95 % interval then stand still to about a twentieth of its width
LEVEL = 0.95
_CHUNK_BYTES = 64 * 2**20


def mean_interval(values: np.ndarray, *, seed: int = 0, n_draws: int = N_DRAWS) -> Interval | None:
    """Mean over users with its 95 % percentile-bootstrap interval.

    Parameters
    ----------
    values : float [n_users]; nan where the metric is undefined for that user (skipped, and not counted in n)
    seed : the draws; the same seed gives the same interval

    Returns
    -------
    Interval, or None where no user has a value. With one user low = mean = high: there is nothing to draw from.

    Notes
    -----
    Efron and Tibshirani 1993, An Introduction to the Bootstrap, section 13.3.
    """
    values = values[np.isfinite(values)].astype(np.float64)
    n = len(values)
    if n == 0:
        return None
    rng = np.random.default_rng(seed)
    chunk = max(1, _CHUNK_BYTES // (8 * n))
    means = [
        values[rng.integers(0, n, (min(chunk, n_draws - start), n))].mean(axis=1) for start in range(0, n_draws, chunk)
    ]
    low, high = np.quantile(np.concatenate(means), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(mean=float(values.mean()), low=float(low), high=float(high), n=n)
