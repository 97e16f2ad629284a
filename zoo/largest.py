"""The largest entries of each row and of each column of a matrix that comes in blocks of rows, and is never held."""

import numpy as np

SPARSE = 0.1  # share of entries above 0
TINY = np.finfo(np.float32).tiny  # the least value that is above 0


def largest_of_rows(S: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The n largest entries above 0 of each row: int32 [b, n] columns, -1 for none, and float32 [b, n]."""
    b, width = S.shape
    least: np.ndarray | np.float32 = TINY
    if n and np.count_nonzero(S > 0) > SPARSE * S.size:  # a partition of what is mostly 0 takes ten times as long
        least = np.maximum(np.partition(S, width - n, axis=1)[:, width - n, None], TINY)
    rows, columns = np.divmod(np.flatnonzero(least <= S), width)
    return _ranked(rows, columns, S[rows, columns], b, n)


class LargestOfColumns:
    """The n largest entries above 0 of each column, of as many rows as were seen so far."""

    def __init__(self, n_items: int, n: int) -> None:
        self._n_items, self._n = n_items, n
        self._least = np.full(n_items, TINY)  # what an entry must reach to be among them            [I]
        none = np.empty(0, dtype=np.int64)
        self._found = [(none, none, np.empty(0, dtype=np.float32))]  # columns, rows, values
        self._waiting = 0

    def see(self, items: np.ndarray, S: np.ndarray) -> None:
        """items : int64 [b], the rows that S [b, I] is"""
        b = len(items)
        if not items[0] and self._n and b > self._n and np.count_nonzero(S > 0) > SPARSE * S.size:
            self._least = np.maximum(np.partition(S, b - self._n, axis=0)[b - self._n], TINY)
        rows, columns = np.divmod(np.flatnonzero(self._least <= S), self._n_items)
        self._found.append((columns, items[rows], S[rows, columns]))
        self._waiting += len(rows)
        if self._waiting > 2 * self._n * self._n_items:
            self.settle()

    def settle(self) -> tuple[np.ndarray, np.ndarray]:
        """int32 [I, n] rows, -1 for none, and float32 [I, n]."""
        columns, rows, values = (np.concatenate(parts) for parts in zip(*self._found, strict=True))
        names, largest = _ranked(columns, rows, values, self._n_items, self._n)
        if self._n:
            self._least = np.maximum(largest[:, -1], TINY)
        columns, places = np.nonzero(names >= 0)
        self._found = [(columns, names[columns, places].astype(np.int64), largest[columns, places])]
        self._waiting = 0
        return names, largest


def _ranked(lines: np.ndarray, names: np.ndarray, values: np.ndarray, m: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Of entries of m lines the n largest of each, largest first; among equals the lower name comes first."""
    order = np.lexsort((names, -values, lines))
    lines = lines[order]
    rank = np.arange(len(lines)) - np.searchsorted(lines, np.arange(m))[lines]  # 0, 1, ... within each line
    kept = rank < n
    lines, rank, order = lines[kept], rank[kept], order[kept]
    found, largest = np.full((m, n), -1, dtype=np.int32), np.zeros((m, n), dtype=np.float32)
    found[lines, rank], largest[lines, rank] = names[order], values[order]
    return found, largest
