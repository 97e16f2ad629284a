"""A taste in, a ranked list out: the one question that every page asks of every model.

Dislikes follow one rule, whatever the model. With f the model's scores of a history,

    scores = f(likes) - a (f(dislikes) - f(nothing))
    a = 1 where scores are linear sums, and n_dislikes / (n_likes + n_dislikes) otherwise

so a dislike takes away what a like of the same item would have given. The three histories are three rows of one batch.
Disliked items never return. Models that score everybody alike, or known users only, are exempt.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import polars as pl
from scipy.sparse import csr_array, vstack

from zoo.card import Card
from zoo.catalogue import Catalogue
from zoo.dataset import Dataset
from zoo.errors import ModelError
from zoo.runtime import Model

TASTES_PER_BATCH = 4096  # lists of so many people are held at once


@dataclass(frozen=True)
class Taste:
    """What is known of one person. Items are columns of the catalogue."""

    likes: tuple[int, ...] = ()
    dislikes: tuple[int, ...] = ()
    weights: tuple[float, ...] | None = None  # one per like; 0: not told to the model, only kept out; None: 1.0 each
    user_idx: int | None = None  # the row of a user of the data: memory-based models know nobody else

    def __bool__(self) -> bool:
        return bool(self.likes or self.dislikes)

    @property
    def weighed(self) -> dict[int, float]:
        """Likes and their weights; an item named twice counts once."""
        return dict(zip(self.likes, self.weights or (1.0,) * len(self.likes), strict=True))

    @property
    def told(self) -> dict[int, float]:
        """The same, of those that the model is told."""
        return {item: weight for item, weight in self.weighed.items() if weight > 0}


@dataclass(frozen=True)
class Lists:
    """The answer for B tastes."""

    ranked: np.ndarray  # int64 [B, k], item columns, best first; -1 where nothing was left to offer
    scores: np.ndarray  # float32 [B, k], higher is better
    provider: str  # the ONNX Runtime provider that ran
    milliseconds: float  # wall time of the whole question, on this machine, this time


def recommend(
    model: Model,
    tastes: Sequence[Taste],
    *,
    k: int = 20,
    candidates: np.ndarray | None = None,
    hide_seen: bool = True,
) -> Lists:
    """Rank items for each taste.

    Parameters
    ----------
    tastes : B tastes
    k : list length; lists are no longer than the catalogue
    candidates : bool [I], items that may be recommended; None = all
    hide_seen : whether liked items are kept out of the list

    Raises
    ------
    ModelError if the model cannot serve one of the tastes (`why_not` says so beforehand)
    """
    for taste in tastes:
        if reason := why_not(model.card, taste):
            raise ModelError(reason)
    start = time.perf_counter()
    likes, dislikes, users = _told(model.card, tastes)
    if dislikes.nnz:
        ranked, scores = _with_dislikes(model, likes, dislikes, users, k, candidates, hide_seen)
    else:
        answer = model.run(likes, users=users, candidates=candidates, exclude_seen=hide_seen, k=k)
        ranked, scores = answer["ranked"], answer["scores"]
    return Lists(ranked, scores, model.provider, 1000 * (time.perf_counter() - start))


def why_not(card: Card, taste: Taste) -> str | None:
    """Why this model cannot serve this taste, in one sentence; None where it can."""
    if card.about.serves_new_profiles or taste.user_idx is not None:
        return None
    return (
        f"{card.about.title} is memory-based: it holds a vector per person it was trained on, none for a new taste. "
        "It would have to be trained again; look at somebody from the data, or choose a model that reads profiles."
    )


def rank(scores: np.ndarray, allowed: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The graph's top-k in NumPy: best first, the lower column first among equals, -1 where nothing is left.

    scores float [B, I], allowed bool [B, I] -> ranked int64 [B, min(k, I)], scores [B, min(k, I)], -inf at a -1
    """
    there = np.where(allowed, scores, -np.inf)
    width = min(k, scores.shape[1])
    ranked = np.full((len(scores), width), -1, dtype=np.int64)
    best = np.full(ranked.shape, -np.inf, dtype=there.dtype)
    if not ranked.size:
        return ranked, best
    least = np.partition(there, -width, axis=1)[:, -width]  # of the last place: what lies below it is never sorted
    for row, own in enumerate(there):
        able = np.flatnonzero((own >= least[row]) & (own > -np.inf))
        found = able[np.argsort(-own[able], kind="stable")][:width]
        ranked[row, : len(found)], best[row, : len(found)] = found, own[found]
    return ranked, best


def tastes_of(X: csr_array, dislikes: csr_array | None = None, seen: csr_array | None = None) -> list[Taste]:
    """The rows of csr [B, I] as tastes; `seen` is told to no model, and only kept out of the lists (weight 0)."""
    likes, weights = _rows(X)
    none: list[tuple[int, ...]] = [()] * len(likes)
    against = none if dislikes is None else _rows(dislikes)[0]
    known = none if seen is None else _rows(seen)[0]
    people = zip(likes, weights, against, known, strict=True)
    return [Taste(liked + kept, bad, weight + (0.0,) * len(kept)) for liked, weight, bad, kept in people]


def _rows(X: csr_array) -> tuple[list[tuple[int, ...]], list[tuple[float, ...]]]:
    """Columns and weights of each row."""
    rows = [slice(start, stop) for start, stop in pairwise(X.indptr.tolist())]
    return [tuple(X.indices[row].tolist()) for row in rows], [tuple(X.data[row].tolist()) for row in rows]


def taste_of(dataset: Dataset, user_idx: int) -> Taste:
    """Somebody from the data as evaluation sees them: hidden choices are not told, masked items kept out by weight 0.

    `user_idx` is set only where training knew them: a memory-based model has no vector for anybody else.
    """
    known = user_idx if user_idx in dataset.training_users() else None
    place = dataset.place_in_fold(user_idx)
    if place is None:
        return replace(tastes_of(dataset.train[[user_idx]])[0], user_idx=known)
    fold, row = place
    shown, masked = tastes_of(fold.fold_in[[row]])[0], tastes_of(fold.masked[[row]])[0]
    weights = (*(shown.weights or ()), *(0.0 for _ in masked.likes))
    return Taste(shown.likes + masked.likes, weights=weights, user_idx=known)


def lists_table(catalogue: Catalogue, users: Sequence[str | int | None], lists: Lists) -> pl.DataFrame:
    """One row per recommendation: user, rank (from 1), item_id, title, score. Empty places are dropped."""
    rows, places = np.nonzero(lists.ranked >= 0)
    columns = lists.ranked[rows, places]
    user = pl.Series("user", users, dtype=pl.String) if not users else pl.Series("user", users, strict=True)
    table = {
        "user": user.gather(rows),
        "rank": pl.Series(places + 1, dtype=pl.Int64),
        "item_id": catalogue.items["item_id"].gather(columns),
        "title": catalogue.items["title"].gather(columns),
        "score": pl.Series(lists.scores[rows, places], dtype=pl.Float32),
    }
    return pl.DataFrame(table)


def recommend_table(
    model: Model, catalogue: Catalogue, users: Sequence[str | int | None], tastes: Sequence[Taste], *, k: int = 20
) -> pl.DataFrame:
    """`lists_table` for any number of tastes, asked in batches."""
    batches = [slice(start, start + TASTES_PER_BATCH) for start in range(0, len(tastes), TASTES_PER_BATCH)]
    return pl.concat(lists_table(catalogue, users[rows], recommend(model, tastes[rows], k=k)) for rows in batches)


def _with_dislikes(
    model: Model,
    likes: csr_array,
    dislikes: csr_array,
    users: np.ndarray | None,
    k: int,
    candidates: np.ndarray | None,
    hide_seen: bool,
) -> tuple[np.ndarray, np.ndarray]:
    B, I = likes.shape
    (scores,) = _combined(model, likes, dislikes, users, ("all_scores",))
    allowed = np.ones((B, I), dtype=bool) if candidates is None else np.broadcast_to(candidates, (B, I)).copy()
    for history in (likes, dislikes) if hide_seen else (dislikes,):
        rows = np.repeat(np.arange(B), np.diff(history.indptr))
        allowed[rows, history.indices] = False
    return rank(scores, allowed, k)


def answers(model: Model, tastes: Sequence[Taste]) -> tuple[np.ndarray, np.ndarray]:
    """all_scores float32 [B, I] and embedding float32 [B, K] of B tastes, with the rule for dislikes."""
    likes, dislikes, _ = _told(model.card, tastes)
    scores, embedding = _combined(model, likes, dislikes, None, ("all_scores", "embedding"))
    return scores, embedding


def all_scores(model: Model, tastes: Sequence[Taste]) -> np.ndarray:
    """float32 [B, I]: what each taste gives every item, by the rule for dislikes, before anything is kept out.

    Raises
    ------
    ModelError if the model cannot serve one of the tastes
    """
    for taste in tastes:
        if reason := why_not(model.card, taste):
            raise ModelError(reason)
    likes, dislikes, users = _told(model.card, tastes)
    return _combined(model, likes, dislikes, users, ("all_scores",))[0]


def _combined(
    model: Model, likes: csr_array, dislikes: csr_array, users: np.ndarray | None, outputs: tuple[str, ...]
) -> list[np.ndarray]:
    """f(likes) - a (f(dislikes) - f(nothing)) of each output, [B, ...]."""
    B, I = likes.shape
    if model.card.about.dislikes == "exempt" or not dislikes.nnz:
        answer = model.run(likes, users=users, outputs=outputs)
        return [answer[name] for name in outputs]
    rows, place = _once(vstack([likes, dislikes, csr_array((B, I), dtype=np.float32)], format="csr"))
    answer = model.run(rows, outputs=outputs)
    told = np.repeat(np.arange(B), np.diff(likes.indptr))[likes.data > 0]  # what weighs nothing is no like
    n_likes, n_dislikes = np.bincount(told, minlength=B), np.diff(dislikes.indptr)
    a = share_of_dislikes(model.card, n_likes, n_dislikes)[:, None].astype(np.float32)
    of_likes, of_dislikes, of_nothing = np.split(place, 3)
    return [f[of_likes] - a * (f[of_dislikes] - f[of_nothing[:1]]) for f in (answer[name] for name in outputs)]


def share_of_dislikes(card: Card, n_likes: np.ndarray, n_dislikes: np.ndarray) -> np.ndarray:
    """a of the rule for dislikes, [B]; n_likes and n_dislikes : int [B], how many of each a model is told"""
    if card.about.dislikes == "linear":
        return n_dislikes > 0
    return n_dislikes / np.maximum(n_likes + n_dislikes, 1)


def _once(histories: csr_array) -> tuple[csr_array, np.ndarray]:
    """Each history once, csr [n, I], and at which row of these each of them is, int64 [B]."""
    places: dict[tuple[bytes, bytes], int] = {}
    rows = [slice(start, stop) for start, stop in pairwise(histories.indptr.tolist())]
    keys = [(histories.indices[row].tobytes(), histories.data[row].tobytes()) for row in rows]
    place = np.array([places.setdefault(key, len(places)) for key in keys], dtype=np.int64)
    return histories[np.unique(place, return_index=True)[1]], place


def _told(card: Card, tastes: Sequence[Taste]) -> tuple[csr_array, csr_array, np.ndarray | None]:
    """Likes and dislikes of B tastes, csr float32 [B, I] each, and whose they are where the model knows people."""
    likes = histories([taste.weighed for taste in tastes], card.n_items)
    dislikes = histories([dict.fromkeys(taste.dislikes, 1.0) for taste in tastes], card.n_items)
    if card.about.input == "items":
        return likes, dislikes, None
    return likes, dislikes, np.array([taste.user_idx for taste in tastes], dtype=np.int64)


def histories(rows: Sequence[Mapping[int, float]], n_items: int) -> csr_array:
    """csr float32 [B, I] of B histories: item -> weight, in the order in which they are told.

    Raises
    ------
    ModelError if one of them names an item that is not in the catalogue
    """
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    items = np.fromiter((item for row in rows for item in row), dtype=np.int64, count=int(indptr[-1]))
    weights = np.fromiter((weight for row in rows for weight in row.values()), dtype=np.float32, count=int(indptr[-1]))
    if len(items) and not 0 <= items.min() <= items.max() < n_items:
        odd = items.min() if items.min() < 0 else items.max()
        raise ModelError(f"A history names item column {odd}, but the catalogue has columns 0 to {n_items - 1}.")
    return csr_array((weights, items, indptr), shape=(len(rows), n_items))
