"""What metrics beyond accuracy must know of the items: how often each was chosen, its genres, what was chosen with it.

All of it from the training choices alone: what is measured may not look at what was held out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from scipy.sparse import csr_array

HEAD = 0.8  # share of the training choices that the most chosen items, the head, got together; the others are the tail
_BLOCK_BYTES = 64 * 2**20


@dataclass(frozen=True, eq=False)
class ItemFacts:
    """I items as U training users know them."""

    train: csr_array  # [U, I], the training choices; their weights are not looked at
    genres: csr_array  # float32 0/1 [I, G]; empty rows for items without one

    @classmethod
    def of(cls, train: csr_array, genres: pl.Series) -> "ItemFacts":
        """genres : list[str] [I], null or empty for items without one."""
        return cls(train, genre_matrix(genres))

    @cached_property
    def n_users(self) -> int:
        """Users who chose anything at all in training."""
        return max(1, int(np.count_nonzero(np.diff(self.train.indptr))))

    @cached_property
    def counts(self) -> np.ndarray:
        """int64 [I], training users who chose the item."""
        return np.bincount(self.train.indices, minlength=self.train.shape[1])

    @cached_property
    def place(self) -> np.ndarray:
        """int64 [I], 0 for the most chosen item; equals in the order of their columns."""
        order = np.argsort(-self.counts, kind="stable")
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        return place

    @property
    def cold(self) -> np.ndarray:
        """bool [I]: nobody chose it in training."""
        return self.counts == 0

    @cached_property
    def tail(self) -> np.ndarray:
        """bool [I]: not among the most chosen items that got 80 % of the training choices together."""
        order = np.argsort(-self.counts, kind="stable")
        before = np.cumsum(self.counts[order]) - self.counts[order]  # choices of all more chosen items
        tail = np.empty(len(order), dtype=bool)
        tail[order] = before >= HEAD * self.counts.sum()
        return tail

    def cosine_blocks(self, columns: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Cosines of the training columns of some items with those of all, a block of rows at a time.

        Yields (positions in `columns`, float32 [block, len(columns)]): cos(i, j) = n_ij / sqrt(n_i n_j), 0 where n_i or
        n_j is 0; never more than 64 MB at once, however many items there are.
        """
        norms = np.sqrt(np.maximum(self.counts[columns], 1)).astype(np.float32)
        chosen = self.train[:, columns]
        ones = csr_array((np.ones(chosen.nnz, dtype=np.float32), chosen.indices, chosen.indptr), shape=chosen.shape)
        by_item = ones.T.tocsr()
        size = max(1, _BLOCK_BYTES // (4 * max(1, len(columns))))
        for start in range(0, len(columns), size):
            rows = np.arange(start, min(start + size, len(columns)))
            yield rows, (by_item[rows] @ ones).toarray() / (norms[rows, None] * norms)


def genre_matrix(genres: pl.Series) -> csr_array:
    """Lists of genres [I] as float32 0/1 [I, G], each genre once per item."""
    table = pl.DataFrame({"item": np.arange(len(genres)), "genre": genres})
    pairs = table.explode("genre").drop_nulls().unique(maintain_order=True)
    columns = pairs["genre"].rank("dense").cast(pl.Int64).to_numpy() - 1
    shape = (len(genres), int(columns.max()) + 1 if len(columns) else 0)
    return csr_array((np.ones(len(columns), dtype=np.float32), (pairs["item"].to_numpy(), columns)), shape=shape)
