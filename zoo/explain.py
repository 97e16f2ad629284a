"""Why an item stands where it stands: what each thing in a history adds to its score. One method for every model.

    linear scores     f(x) = f(nothing) + sum_i w_i s_i: the part of i is f({i}) - f(nothing), and the parts add up
    any other         leave one out: score(taste) - score(taste without i), in one batch; they need not add up
    popularity        scores everybody alike: nobody's history counts
    memory-based      scores a vector that was learned of the person, and never reads a history: it cannot be asked

Everything is asked through the graph contract, as lists are, with the rule for dislikes of zoo/recommend.py. Leaving
out is the difference of predictions of Robnik-Sikonja, Kononenko 2008, "Explaining Classifications for Individual
Instances", TKDE, doi 10.1109/TKDE.2007.190734; they average over the values that the thing might have had, here it is
absent. It does not see what two things say together: of two that say the same, each alone can be missed.

A long history would need as many rows as it has items, each as long as itself. Then only those are left out that speak
loudest for one of the items asked about when they are a whole history alone: one short row each. Of histories of 100
and 200 books a tenth, chosen so, held 81 to 100 of 100 of the two strongest reasons that leaving out every single one
finds (benchmarks/explain.py --check); it is more of a history that is left out in practice.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import csr_array, vstack

from zoo.errors import ModelError
from zoo.recommend import Taste, all_scores, share_of_dislikes, why_not
from zoo.runtime import Model

Method = Literal["sum", "leave one out", "same for all", "own vector"]
WORK = 2**24  # floats that the rows of one batch of left-out histories may read: tens of milliseconds on two cores
LEAST = 20  # that are left out, however long the history
HELD = 2**22  # scores that are held at once: 16 MiB


@dataclass(frozen=True)
class Explanation:
    """What L things in a history add to the scores of T items."""

    history: np.ndarray  # int64 [L], what the model was told: likes, then dislikes; nothing that was only seen
    disliked: np.ndarray  # bool [L]
    items: np.ndarray  # int64 [T], the items asked about
    contributions: np.ndarray  # float64 [L, T], on the scale of the scores; 0 where nothing was asked
    asked: np.ndarray  # bool [L], of which the contribution is known; all of them, but in a long history
    scores: np.ndarray  # float32 [T], as `recommend` gives them
    base: np.ndarray  # float32 [T], what a taste of nothing scores
    method: Method

    @property
    def adds_up(self) -> bool:
        """Whether base + the sum of all contributions is the score."""
        return self.method in ("sum", "same for all")

    def reasons(self, place: int, most: int = 3) -> list[int]:
        """Rows of `history` that speak most for the item at this place of `items`, the strongest first."""
        parts = self.contributions[:, place]
        order = np.argsort(-parts, kind="stable")[:most]
        return [int(row) for row in order if parts[row] > 0]


def explain(model: Model, taste: Taste, items: np.ndarray | list[int]) -> Explanation:
    """What each like and dislike adds to the score of each of some items.

    Parameters
    ----------
    items : T item columns; they may be part of the history

    Returns
    -------
    Explanation with contributions float64 [L, T]; of linear models base + their sum is the score to 1e-5 of the largest

    Raises
    ------
    ModelError if the model cannot serve the taste, or an item is not in its catalogue
    """
    if reason := why_not(model.card, taste):
        raise ModelError(reason)
    columns, method = _columns(model, items), method_of(model)
    told = Told.of(taste)
    asked = np.ones(len(told.history), dtype=bool)
    if method == "leave one out":
        asked = _asked(model, told, columns)
        parts, scores, base = _left_out(model, told, asked, columns)
    else:
        scores, base = (all_scores(model, [one])[0, columns] for one in (taste, Taste(user_idx=taste.user_idx)))
        parts = np.zeros((len(told.history), len(columns)))
        if method == "sum":
            parts = _alone(model, told, columns) - base.astype(np.float64)
            parts[told.disliked] *= -1
    return Explanation(told.history, told.disliked, columns, parts, asked, scores, base, method)


def method_of(model: Model) -> Method:
    about = model.card.about
    if about.input == "users":
        return "own vector"
    return {"linear": "sum", "exempt": "same for all", "average": "leave one out"}[about.dislikes]  # type: ignore[return-value]


@dataclass(frozen=True)
class Told:
    """What a model is told of a taste, each thing once, likes before dislikes; nothing that was only seen."""

    history: np.ndarray  # int64 [L]
    disliked: np.ndarray  # bool [L]
    weights: np.ndarray  # float32 [L], 1 for a dislike

    @classmethod
    def of(cls, taste: Taste) -> "Told":
        likes = taste.told
        dislikes = dict.fromkeys(taste.dislikes, 1.0)
        history = np.array([*likes, *dislikes], dtype=np.int64)
        weight = np.array([*likes.values(), *dislikes.values()], dtype=np.float32)
        return cls(history, np.arange(len(history)) >= len(likes), weight)


def without(taste: Taste, *items: int, dislikes: bool | None = None) -> Taste:
    """The taste as if nothing were known of some items: they are told no more, and stay out of lists as before.

    dislikes : whether it is the like (False) or the dislike (True) of them that is forgotten; None: both
    """
    gone = set(items)
    weights = taste.weighed
    kept = taste.dislikes
    if dislikes is not False:
        kept = tuple(item for item in kept if item not in gone)
        weights |= {item: 0.0 for item in taste.dislikes if item in gone and item not in weights}
    if dislikes is not True:
        weights |= {item: 0.0 for item in gone if item in weights}
    return Taste(tuple(weights), kept, tuple(weights.values()), taste.user_idx)


def _columns(model: Model, items: np.ndarray | list[int]) -> np.ndarray:
    columns = np.asarray(items, dtype=np.int64)
    if len(columns) and not 0 <= columns.min() <= columns.max() < model.card.n_items:
        odd = int(columns.min()) if columns.min() < 0 else int(columns.max())
        raise ModelError(
            f"{model.card.about.title} knows items 0 to {model.card.n_items - 1}, and was asked about {odd}."
        )
    return columns


def _alone(model: Model, told: Told, columns: np.ndarray) -> np.ndarray:
    """f({i}) of each thing in the history with its weight, float64 [L, T]."""
    L = len(told.history)
    return _scores(model, csr_array((told.weights, told.history, np.arange(L + 1)), (L, model.card.n_items)), columns)


def _left_out(
    model: Model, told: Told, asked: np.ndarray, columns: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """score(taste) - score(taste without i), float64 [L, T]; the scores, and those of nothing, float32 [T].

    f of the likes, of the dislikes, of either without one thing, and of nothing: each asked once, then combined.
    """
    n_items, bad = model.card.n_items, told.disliked
    likes, n_likes = _without_each(told.history[~bad], told.weights[~bad], asked[~bad], n_items), int((~bad).sum())
    dislikes, n_dislikes = _without_each(told.history[bad], told.weights[bad], asked[bad], n_items), int(bad.sum())
    nothing = csr_array((1, n_items), dtype=np.float32)
    found = _scores(model, vstack([likes, dislikes, nothing], format="csr"), columns)
    f_likes, f_dislikes, f_nothing = np.split(found, [likes.shape[0], likes.shape[0] + dislikes.shape[0]])
    a, a_like_less, a_dislike_less = share_of_dislikes(
        model.card, np.array([n_likes, n_likes - 1, n_likes]), np.array([n_dislikes, n_dislikes, n_dislikes - 1])
    )
    score = f_likes[0] - a * (f_dislikes[0] - f_nothing[0])
    parts = np.zeros((len(told.history), len(columns)))
    parts[asked & ~bad] = score - (f_likes[1:] - a_like_less * (f_dislikes[0] - f_nothing[0]))
    parts[asked & bad] = score - (f_likes[0] - a_dislike_less * (f_dislikes[1:] - f_nothing[0]))
    return parts, score.astype(np.float32), f_nothing[0].astype(np.float32)


def _without_each(items: np.ndarray, weights: np.ndarray, asked: np.ndarray, n_items: int) -> csr_array:
    """A whole history, then the same without each thing that is asked: csr float32 [1 + n, I]."""
    L, left_out = len(items), np.flatnonzero(asked)
    kept = np.arange(L - 1) + (np.arange(L - 1) >= left_out[:, None])  # all places but one              [n, L - 1]
    places = np.concatenate([np.arange(L), kept.ravel()])
    ends = L + max(L - 1, 0) * np.arange(len(left_out) + 1)
    return csr_array((weights[places], items[places], np.concatenate([[0], ends])), (1 + len(left_out), n_items))


def _scores(model: Model, histories: csr_array, columns: np.ndarray) -> np.ndarray:
    """f of B histories, float64 [B, T]: of the I scores of each only T are kept, a part of the rows at a time."""
    step = max(1, HELD // model.card.n_items)
    blocks = (histories[start : start + step] for start in range(0, histories.shape[0], step))
    found = [model.run(block, outputs=("all_scores",))["all_scores"][:, columns] for block in blocks]
    return np.concatenate([np.zeros((0, len(columns))), *found]).astype(np.float64)


def _asked(model: Model, told: Told, columns: np.ndarray) -> np.ndarray:
    """Which things are left out one by one, bool [L]: all, or those that alone speak loudest for one of the items."""
    n = max(LEAST, rows_within(model, len(told.history), WORK))
    asked = np.ones(len(told.history), dtype=bool)
    if len(asked) > n and len(columns):
        alone = _alone(model, told, columns)
        loudness = (alone - alone.mean(axis=0)).max(axis=1)  # an item that everything speaks for drowns no other
        asked[np.argsort(-loudness, kind="stable")[n:]] = False
    return asked


def rows_within(model: Model, length: int, work: int) -> int:
    """How many histories of this length a model answers with so many floats: L rows of its table and a few [I] each."""
    return max(1, work // (length * model.card.gather_width + 4 * model.card.n_items))
