"""Salt and pepper on a taste: how much of a list holds when some of the history is missing, or false.

    x~ = x - salt + pepper          salt: likes removed; pepper: items put in that were never chosen, of weight 1
    held = share of the first k of f(x) that is among the first k of f(x~)

Vincent, Larochelle, Bengio, Manzagol 2008, doi:10.1145/1390156.1390294: the noise that training/denoising.py trains
on; a share there is a probability, here an exact number, so that a small taste is damaged as asked.

What is known of a person, removed or not, stays out of all lists. What was put in may be listed: a model that only
gives its input back would.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from zoo.latent import shared
from zoo.recommend import Taste, all_scores, rank
from zoo.runtime import Model

ROWS = 256  # histories that are asked together
SHARES = tuple(round(0.1 * tenth, 1) for tenth in range(10))  # of a taste, from nothing to nine tenths


def spoilt(taste: Taste, salt: float, pepper: int, n_items: int, seed: Sequence[int]) -> Taste:
    """A damaged copy. salt : share of the likes removed, at least one stays; pepper : items put in

    The same seed removes in the same order, so a larger share removes what a smaller one does, and more.
    """
    rng = np.random.default_rng(seed)
    weights = np.array(taste.weights or (1.0,) * len(taste.likes))
    told = np.flatnonzero(weights > 0)  # an item of weight 0 is only kept out of the lists
    order, strangers = rng.permutation(told), rng.permutation(n_items)
    left = order[min(round(salt * len(told)), max(len(told) - 1, 0)) :]
    kept = np.sort(np.concatenate([left, np.flatnonzero(weights == 0)])).tolist()
    known = {*taste.likes, *taste.dislikes}
    added = [item for item in strangers[: pepper + len(known)].tolist() if item not in known][:pepper]
    return replace(
        taste,
        likes=(*(taste.likes[place] for place in kept), *added),
        weights=(*weights[kept].tolist(), *(1.0,) * len(added)),
    )


def first(
    model: Model, tastes: Sequence[Taste], known: Sequence[Taste], k: int, candidates: np.ndarray | None = None
) -> np.ndarray:
    """The lists int64 [B, k] of some tastes, without what is known of the people whose tastes they were.

    candidates : bool [I], items that may be recommended; None: all
    """
    blocks = []
    for start in range(0, len(tastes), ROWS):
        part = slice(start, start + ROWS)
        scores = all_scores(model, tastes[part])
        allowed = np.tile(np.ones(scores.shape[1], bool) if candidates is None else candidates, (len(scores), 1))
        for row, taste in zip(allowed, known[part], strict=True):
            row[[*taste.likes, *taste.dislikes]] = False
        blocks.append(rank(scores, allowed, k)[0])
    return np.concatenate(blocks)


def held(
    model: Model,
    tastes: Sequence[Taste],
    salts: Sequence[float],
    pepper: int,
    *,
    k: int = 10,
    n_draws: int = 1,
    seed: int = 0,
    candidates: np.ndarray | None = None,
) -> np.ndarray:
    """How much of the first k holds, float64 [B n_draws, len(salts)], 0..1: one row per taste and draw.

    Every model that is asked with the same seed meets the same damage: rows of two models are pairs.
    """
    n_items = model.card.n_items
    of = [taste for taste in tastes for _ in range(n_draws)]
    clean = np.repeat(first(model, tastes, tastes, k, candidates), n_draws, axis=0)  # [B n_draws, k]
    columns = []
    for salt in salts:
        damaged = [spoilt(taste, salt, pepper, n_items, (seed, row)) for row, taste in enumerate(of)]
        columns.append(shared(clean, first(model, damaged, of, k, candidates)))
    return np.stack(columns, axis=1)
