"""How alike two ranked lists are, and what each is like. zoo/differing.py puts it into words."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

Ranking = Sequence[int]  # item columns, best first, none twice
MIN_GENRE = 0.1  # of the shares of a genre; and two items at least, or a list of five would differ by one


@dataclass(frozen=True)
class Character:
    """What a list is like, all of its items counted alike. None where nothing is known of it."""

    n: int  # items
    popularity: float | None  # mean over the items of the share of training users who chose the item, 0..1
    year: float | None  # median of the items that have a year
    n_years: int  # of these
    genres: dict[str, float]  # genre -> share of the items of known genres that have it, 0..1; an item may have several
    n_genres: int  # items that have any

    def share(self, genre: str) -> float | None:
        """Of a genre; None where no item of the list has any."""
        return self.genres.get(genre, 0.0) if self.n_genres else None


@dataclass(frozen=True, eq=False)
class Traits:
    """What is counted of I items, at hand without asking a table: lists change with every click."""

    popularity: np.ndarray  # float64 [I], share of training users who chose the item, 0..1; nan where there are none
    year: np.ndarray  # float64 [I], nan where unknown
    genres: list[tuple[str, ...]]  # [I], each genre once

    @classmethod
    def of(cls, items: pl.DataFrame, n_users: int) -> "Traits":
        """items : year Int32|null, genres list[str], n_users Int64, row = column number; n_users : of the training"""
        counts = items["n_users"].to_numpy().astype(np.float64)
        years = items["year"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        genres = [tuple(dict.fromkeys(of or ())) for of in items["genres"].to_list()]
        return cls(counts / n_users if n_users else np.full(len(counts), np.nan), years, genres)


def character(ranking: Ranking, traits: Traits) -> Character:
    """What a list is like.

    Popularity is that of `popularity_at_k` (Abdollahpouri, Burke and Mobasher 2019, arXiv:1901.07555), of one list.
    """
    rows = np.asarray(ranking, dtype=np.int64)
    popularity, years = traits.popularity[rows], traits.year[rows]
    years = years[~np.isnan(years)]
    lists = [genres for item in ranking if (genres := traits.genres[item])]
    had = Counter(genre for genres in lists for genre in genres)
    return Character(
        n=len(ranking),
        popularity=float(popularity.mean()) if len(rows) and not np.isnan(popularity).any() else None,
        year=float(np.median(years)) if len(years) else None,
        n_years=len(years),
        genres={genre: n / len(lists) for genre, n in had.items()},
        n_genres=len(lists),
    )


def genres_apart(characters: Sequence[Character]) -> list[str]:
    """Genres by how far apart their shares are, the widest first; without those that differ by hardly an item."""
    known = [one for one in characters if one.n_genres]
    shares = {genre: [one.genres.get(genre, 0.0) for one in known] for one in known for genre in one.genres}
    apart = {genre: max(of) - min(of) for genre, of in shares.items()}
    enough = max([MIN_GENRE, *(2 / one.n_genres for one in known)]) - 1e-9  # 0.3 - 0.2 is less than 0.1
    return sorted((genre for genre in apart if apart[genre] >= enough), key=lambda genre: (-apart[genre], genre))


def common_items(lists: Sequence[Ranking]) -> set[int]:
    """Items that stand in every list; of no list or one, none (there is nothing to share)."""
    if len(lists) < 2:
        return set()
    return set.intersection(*(set(ranking) for ranking in lists))


def jaccard(a: Ranking, b: Ranking) -> float:
    """Shared items / all items of both lists, in 0..1, whatever their order. Two empty lists have 1."""
    union = set(a) | set(b)
    return len(set(a) & set(b)) / len(union) if union else 1.0


def rank_biased_overlap(a: Ranking, b: Ranking, p: float = 0.9) -> float:
    """Rank-biased overlap in 0..1: agreement at every depth, the top counted most. 1 = the same order.

    Parameters
    ----------
    p : in 0..1 exclusive; the chance that a reader goes on to the next rank. With 0.9 the first 10 ranks weigh 86 %

    Notes
    -----
    Extrapolated from the lists' common depth k: with X_d the items shared by the first d of both,
    RBO = X_k / k p^k + (1 - p) / p sum over d = 1..k of X_d / d p^d.
    Webber, Moffat and Zobel 2010, ACM TOIS 28(4), equation 23. The longer list is cut to the length of the shorter.
    Two empty lists have 1; an empty and a filled one 0.
    """
    k = min(len(a), len(b))
    if k == 0:
        return float(len(a) == len(b))
    seen_a: set[int] = set()
    seen_b: set[int] = set()
    total = 0.0
    overlap = 0
    for depth, (x, y) in enumerate(zip(a[:k], b[:k], strict=True), start=1):
        overlap += (x == y) + (x in seen_b) + (y in seen_a)
        seen_a.add(x)
        seen_b.add(y)
        total += overlap / depth * p**depth
    return overlap / k * p**k + (1 - p) / p * total
