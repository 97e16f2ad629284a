"""Asks models for the candidates that zoo/rerank.py ranks anew, and measures on test users what that costs.

Test users are asked with what was held out hidden from the models: their fold-in alone is told, and masked items are
kept out of the lists.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from zoo.metrics import Answers, ItemFacts, Metric
from zoo.recommend import Taste, all_scores, histories, rank, tastes_of
from zoo.rerank import POOL, Pool, Wishes, rerank
from zoo.runtime import Model
from zoo.split import Fold

TEST_USERS = 300  # whose lists tell what a wish costs: an interval of about 0.02 in nDCG@10, and an answer in a second


def ask(
    models: Sequence[Model],
    tastes: Sequence[Taste],
    facts: ItemFacts,
    *,
    candidates: np.ndarray | None = None,
    hide_seen: bool = True,
    depth: int = POOL,
) -> Pool:
    """The best of one model, or of either of two.

    Parameters
    ----------
    models : one, or two of which the second is blended in
    tastes : B tastes
    candidates, hide_seen : as of `zoo.recommend.recommend`, whose list is how the pool of one model begins
    depth : items of each model

    Raises
    ------
    ModelError if a model cannot serve one of the tastes
    """
    scores = [all_scores(model, tastes) for model in models]  # [B, I] each
    allowed = _allowed(tastes, scores[0].shape[1], candidates, hide_seen)
    items, *others = (rank(of, allowed, depth)[0] for of in scores)
    for other in others:
        twice = (other[:, :, None] == items[:, None, :]).any(axis=2)
        items = np.concatenate([items, np.where(twice, -1, other)], axis=1)
    told = np.stack([np.take_along_axis(of, np.maximum(items, 0), axis=1) for of in scores]).astype(np.float64)
    chosen = histories([dict.fromkeys(sorted(taste.told), 1.0) for taste in tastes], len(facts.counts))
    return Pool(items, told, depth, chosen, facts)


def sample(fold: Fold, most: int = TEST_USERS) -> Fold:
    """So many of the users of a fold of whom anything was held out, drawn with a fixed seed; else all."""
    rows = np.flatnonzero(np.diff(fold.held_out.indptr))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(0).choice(rows, most, replace=False))
    return fold.part(rows)


def ask_fold(models: Sequence[Model], fold: Fold, facts: ItemFacts) -> Pool:
    """`ask` for the users of a fold: what was held out is told to nobody."""
    tastes = tastes_of(fold.fold_in, seen=fold.masked)
    known = [replace(taste, user_idx=int(user)) for taste, user in zip(tastes, fold.user_idx, strict=True)]
    return ask(models, known, facts)


def measure_wishes(
    pool: Pool, wishes: Wishes, fold: Fold, metrics: Mapping[str, Metric], k: int
) -> dict[str, np.ndarray]:
    """Metrics of the first k of the lists that come of some wishes, per user of the fold whose pool it is.

    Returns
    -------
    name -> float64 [n], nan where undefined for a user
    """
    answers = Answers(rerank(pool, wishes, k), fold, pool.facts)
    return {name: metric(answers) for name, metric in metrics.items()}


def _allowed(tastes: Sequence[Taste], n_items: int, candidates: np.ndarray | None, hide_seen: bool) -> np.ndarray:
    """bool [B, I], what may be recommended: disliked items never."""
    allowed = (
        np.ones((len(tastes), n_items), dtype=bool) if candidates is None else np.tile(candidates, (len(tastes), 1))
    )
    for row, taste in zip(allowed, tastes, strict=True):
        row[list(taste.dislikes)] = False
        if hide_seen:
            row[list(taste.likes)] = False
    return allowed
