"""What a list so far says about each candidate: how alike they are, and what the genres of both would come to.

All for B users at once, each with a pool of P candidates; -1 is none. Genres lie flat, an entry per candidate and
genre: padded to the item that has most of them, they would be ten times as many.
"""

from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from zoo.metrics.beyond import CALIBRATION_ALPHA, genre_shares, normalized
from zoo.metrics.items import ItemFacts

UNKNOWN = 1.0  # how alike an item without genres is to any: what is not known to be different does not count as varied
_AT_ONCE = 4096  # rows of cosines that are dealt to the pools they belong to


class Entries:
    """The genres of every candidate: entry e says that candidate row[e] of B P has genre[e]."""

    def __init__(self, items: np.ndarray, genres: csr_array) -> None:
        there = (items >= 0).ravel()
        rows = genres[np.maximum(items, 0).ravel()]
        n = np.diff(rows.indptr)
        self.n = (n * there).reshape(items.shape)  # int64 [B, P], genres of each candidate
        self.row = np.repeat(np.arange(items.size, dtype=np.int32), n * there)
        genre = rows.indices[np.repeat(there, n)]
        self.of_user = self.user * genres.shape[1] + genre  # where both are in a table [B, G], flat

    def kept(self, which: np.ndarray) -> None:
        """Only some of the entries from now on; `n` stays what it was."""
        self.row, self.of_user = self.row[which], self.of_user[which]

    @property
    def user(self) -> np.ndarray:
        """Whose candidate each entry speaks of, int64 [E]: NumPy looks up by wider numbers twice as fast."""
        return self.row.astype(np.int64) // max(1, self.n.shape[1])

    @cached_property
    def _starts(self) -> np.ndarray:
        """Where the entries of a candidate begin, of those candidates that have any."""
        return np.flatnonzero(np.diff(self.row, prepend=-1))

    def summed(self, values: np.ndarray) -> np.ndarray:
        """Values of the entries, summed per candidate, float64 [B, P]."""
        sums = np.zeros(self.n.size)
        if len(values):
            sums[self.row[self._starts]] = np.add.reduceat(values, self._starts)
        return sums.reshape(self.n.shape)


class GenresInCommon:
    """Jaccard of two items' genres, shared / all of both, in 0..1: 1 less the distance of `diversity_by_genre_at_k`.

    An item without genres is like any other (1).
    """

    def __init__(self, items: np.ndarray, facts: ItemFacts) -> None:
        self._items, self._genres = items, facts.genres
        self._entries = Entries(items, facts.genres)

    def to(self, chosen: np.ndarray) -> np.ndarray:
        """How alike every candidate is to one of them. chosen : int64 [B], a position each -> float64 [B, P]"""
        users, n = np.arange(len(chosen)), self._entries.n
        its = self._genres[np.maximum(self._items[users, chosen], 0)].toarray()  # 0/1  [B, G]
        shared = self._entries.summed(its.ravel()[self._entries.of_user])
        its_n = n[users, chosen][:, None]
        jaccard: np.ndarray = shared / np.maximum(n + its_n - shared, 1)
        return np.where((n > 0) & (its_n > 0), jaccard, UNKNOWN)


class SharedAudience:
    """Cosine of two items' training columns, in 0..1: 1 less the distance of `diversity_by_cooccurrence_at_k`."""

    def __init__(self, items: np.ndarray, facts: ItemFacts) -> None:
        columns, position = np.unique(np.maximum(items, 0), return_inverse=True)
        position = position.reshape(items.shape)
        self._cosines = np.zeros((*items.shape, items.shape[1]), dtype=np.float32)  # [B, P, P]
        for rows, cosines in facts.cosine_blocks(columns):
            user, at = np.nonzero((position >= rows[0]) & (position <= rows[-1]))
            for part in np.array_split(np.arange(len(user)), 1 + len(user) // _AT_ONCE):
                u, a = user[part], at[part]
                self._cosines[u, a] = cosines[(position[u, a] - rows[0])[:, None], position[u]]

    def to(self, chosen: np.ndarray) -> np.ndarray:
        """As of `GenresInCommon`."""
        return self._cosines[np.arange(len(chosen)), chosen].astype(np.float64)


class Calibration:
    """KL(p || q~) of the genres of a history and of a list that grows, in nats; 0 for a history without genres.

    p, q : shares of genres, every item dealing 1 among its own; q~ = 0.99 q + 0.01 p, as `genre_miscalibration_at_k`.
    An item without genres changes nothing; a list without any has q = 0, and the largest divergence: log(1 / 0.01).
    """

    def __init__(self, items: np.ndarray, facts: ItemFacts, histories: csr_array) -> None:
        ones = csr_array((np.ones(histories.nnz), histories.indices, histories.indptr), shape=histories.shape)
        self.items, self.shares = items, genre_shares(facts.genres)
        self.p = normalized((ones @ self.shares).toarray())  # [B, G]
        self.entries = Entries(items, facts.genres)
        p = self.p.ravel()
        self.entries.kept(p[self.entries.of_user] > 0)  # a genre that the history lacks adds nothing to the divergence
        self.user = self.entries.user  # [E]
        self.p_of = p[self.entries.of_user]  # [E]
        self.deals = (1 - CALIBRATION_ALPHA) / np.maximum(self.entries.n, 1).ravel()[self.entries.row]  # [E]

    def begin(self) -> "GenresSoFar":
        return GenresSoFar(self)


class GenresSoFar:
    """The genres of B lists that grow by an item each; empty at first."""

    def __init__(self, of: Calibration) -> None:
        self._of = of
        self._dealt = np.zeros_like(of.p)  # to each genre, by the list's items together  [B, G]
        self._n = np.zeros((len(of.p), 1))  # of the list's items those with genres
        self._own = _sum_p_log(of.p, of.p)  # sum_g p log p  [B, 1]

    def add(self, chosen: np.ndarray, there: np.ndarray) -> None:
        """Lengthens the lists. chosen : int64 [B], positions in the pool; there : bool [B], whose list it lengthens"""
        users, of = np.arange(len(chosen)), self._of
        items = np.maximum(of.items[users, chosen], 0)
        self._dealt += of.shares[items].toarray() * there[:, None]
        self._n += (there & (of.entries.n[users, chosen] > 0))[:, None]

    def with_each(self) -> np.ndarray:
        """The divergence that each candidate would lead to, float64 [B, P]."""
        of, entries = self._of, self._of.entries
        now = self._own - _sum_p_log(of.p, _mixed(self._dealt / np.maximum(self._n, 1), of.p))
        longer = _mixed(self._dealt / (self._n + 1), of.p)  # q~ with an item that deals nothing yet  [B, G]
        gain = (of.deals / (self._n + 1).ravel()[of.user]) / longer.ravel()[entries.of_user]
        gain = of.p_of * np.log1p(gain, out=gain)  # p (log(q~ with what the item deals) - log(q~))  [E]
        then = self._own - _sum_p_log(of.p, longer) - entries.summed(gain)
        return np.where(entries.n > 0, then, now)


def _mixed(q: np.ndarray, p: np.ndarray) -> np.ndarray:
    """q~ of Steck 2018: a little of p keeps the divergence finite."""
    mixed: np.ndarray = (1 - CALIBRATION_ALPHA) * q + CALIBRATION_ALPHA * p
    return mixed


def _sum_p_log(p: np.ndarray, of: np.ndarray) -> np.ndarray:
    """sum_g p_g log(of_g) where p_g > 0, float64 [B, 1]"""
    logs = np.log(of, out=np.zeros_like(p), where=p > 0)
    return (p * logs).sum(axis=1, keepdims=True)
