"""Choices that nobody made, of any size: for timings, and for training that must find something.

    how many a user chose      log-normal, sigma 1.15: half of the users have about half of the mean, as in MovieLens
    how popular an item is     p_i ~ (rank_i + 30)^-1.1: a long tail (Zipf and Mandelbrot)
    what belongs together      items lie in clusters, clusters on a ring; a user likes two places of the ring, and what
                               lies around them, the wider the more it chose
    a choice                   0.25 by popularity alone; 0.45 and 0.3 by popularity in a cluster near the two places

So popularity explains much, tastes explain more, and the rest is chance. The columns of a cluster are not next to each
other. The same numbers give the same data (NumPy's PCG64), on any machine with the same NumPy.

    python -m benchmarks.harness.generated 137000 20000 10000000
"""

import resource
import sys
import time

import numpy as np
from scipy.sparse import csr_array

SIGMA = 1.15  # of the logarithm of a user's number of items
TAIL, HEAD = 1.1, 30.0  # p_i ~ (rank + HEAD)^-TAIL
SHARES = np.array([0.45, 0.3, 0.25])  # first place, second place, everything
ITEMS_PER_CLUSTER, CLUSTERS = 150, 60  # fewer items, rather than fewer clusters, where there are few items
ITEMS_PER_WIDTH = 100  # so many more items of a user widen its taste by one cluster
BLOCK = 1_000_000  # interactions drawn at once: what bounds the memory
ROUNDS = 6  # draws by taste until a user has enough different items; the rest are drawn evenly


def generate(n_users: int, n_items: int, n_interactions: int, seed: int = 0) -> csr_array:
    """Who chose what, 0/1.

    Parameters
    ----------
    n_interactions : of all users together, exactly; every user has at least one, and at most half of the items
    seed : other numbers, other data

    Returns
    -------
    csr_array float32 [U, I], int32 indices, sorted columns, each at most once per row

    Raises
    ------
    ValueError where so many interactions can't be placed
    """
    if not n_users <= n_interactions <= n_users * (n_items // 2):
        raise ValueError(f"{n_interactions:,} interactions do not fit {n_users:,} users x {n_items:,} items, half full")
    rng = np.random.default_rng(seed)
    n_chosen = activity(n_users, n_items // 2, n_interactions, rng)
    items = Items(n_items, rng)
    starts = np.concatenate([[0], np.cumsum(n_chosen)])
    indices = np.empty(n_interactions, dtype=np.int32)
    first = 0
    while first < n_users:
        last = max(first + 1, int(np.searchsorted(starts, starts[first] + BLOCK, side="right")) - 1)
        indices[starts[first] : starts[last]] = items.chosen_by(n_chosen[first:last], rng)
        first = last
    data = np.ones(n_interactions, dtype=np.float32)
    return csr_array((data, indices, starts.astype(np.int32)), shape=(n_users, n_items))


def activity(n_users: int, most: int, n_interactions: int, rng: np.random.Generator) -> np.ndarray:
    """How many items each user chooses, int64 [U] in 1..most, log-normal before both ends; their sum as asked."""
    weights = np.exp(SIGMA * rng.standard_normal(n_users))

    def of(scale: float) -> np.ndarray:
        return np.clip((weights * scale).astype(np.int64), 1, most)

    low, high = 0.0, most / weights.min() + 1.0  # everybody at 1, everybody at `most`
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if of(middle).sum() <= n_interactions else (low, middle)
    n_chosen = of(low)
    room = rng.permutation(np.flatnonzero(n_chosen < most))[: n_interactions - n_chosen.sum()]
    n_chosen[room] += 1
    return n_chosen


class Items:
    """Popularity and clusters, so laid out that a draw from a cluster is one number between two others."""

    def __init__(self, n_items: int, rng: np.random.Generator):
        self.n_items = n_items
        self.n_clusters = max(3, n_items // ITEMS_PER_CLUSTER, min(CLUSTERS, n_items // 5))
        popularity = (np.arange(n_items) + HEAD) ** -TAIL
        cluster = rng.integers(0, self.n_clusters, n_items)
        order = np.lexsort((np.arange(n_items), cluster))  # by cluster, the popular ones first in each
        self.bounds = np.concatenate([[0.0], np.cumsum(popularity[order])])  # [I + 1]
        edges = self.bounds[np.searchsorted(cluster[order], np.arange(self.n_clusters + 1))]
        self.low, self.high = np.append(edges[:-1], 0.0), np.append(edges[1:], edges[-1])  # the last one: all items
        self.columns = rng.permutation(n_items).astype(np.int32)  # place in the order -> column

    def chosen_by(self, n_chosen: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Columns of so many users [B], one user after the other, sorted and different within each; int32."""
        places, missing = rng.integers(0, self.n_clusters, (len(n_chosen), 2)), n_chosen.copy()
        done, open_ = [], np.empty(0, dtype=np.int64)  # row * I + column: of users that have enough, and of the others
        n_round = 0
        while missing.any():
            rows = np.repeat(np.arange(len(n_chosen)), missing)
            drawn = (
                self.near(places, n_chosen, rows, rng) if n_round < ROUNDS else rng.integers(0, self.n_items, len(rows))
            )
            open_ = sorted_once(np.concatenate([open_, rows * self.n_items + drawn]))
            row = open_ // self.n_items
            missing[missing > 0] = (n_chosen - np.bincount(row, minlength=len(n_chosen)))[missing > 0]
            has_enough = missing[row] == 0
            done.append(open_[has_enough])
            open_ = open_[~has_enough]
            n_round += 1
        return (np.sort(np.concatenate(done)) % self.n_items).astype(np.int32)

    def near(self, places: np.ndarray, n_chosen: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """One column for each row [n] of a user: from a cluster near one of its places, by popularity within it."""
        which = np.searchsorted(np.cumsum(SHARES)[:-1], rng.random(len(rows)), side="right")
        away = rng.laplace(0.0, 1.0 + n_chosen[rows] / ITEMS_PER_WIDTH).round().astype(np.int64)
        cluster = (places[rows, np.minimum(which, 1)] + away) % self.n_clusters
        cluster[which == 2] = self.n_clusters
        at = self.low[cluster] + rng.random(len(rows)) * (self.high[cluster] - self.low[cluster])
        place = np.searchsorted(self.bounds, at, side="right") - 1
        return self.columns[np.minimum(place, self.n_items - 1)]


def sorted_once(values: np.ndarray) -> np.ndarray:
    values = np.sort(values)
    return values[np.concatenate([[True], values[1:] != values[:-1]])]


def main() -> None:
    started = time.perf_counter()
    X = generate(*map(int, sys.argv[1:]))
    seconds, peak = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    of_items = np.sort(np.bincount(X.indices, minlength=X.shape[1]))[::-1]
    of_users = np.sort(np.diff(X.indptr))[::-1]
    print(f"{X.shape[0]:,} x {X.shape[1]:,}, {X.nnz:,} interactions in {seconds:.1f} s, peak {peak:.2f} GiB")
    for name, counts in (("items", of_items), ("users", of_users)):
        head = counts[: len(counts) // 10].sum() / counts.sum()
        middle = counts[len(counts) // 2]
        print(f"{name}: most {counts[0]:,}, median {middle:,}, least {counts[-1]:,}; top 10 %: {head:.2f}")


if __name__ == "__main__":
    main()
