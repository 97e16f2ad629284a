"""What would have to be different: the fewest changes of a taste after which an item leaves the first k, or enters.

    forget i    the model is told of it no more; it stays out of the list as before (a like of weight 0)
    add i       a like more; as on a page, it then leaves the list itself

Every set of changes is judged by what the model makes of the changed taste, and what is found is asked once more
through `recommend`. All single changes are tried first, then all pairs where they are few; from there on the best set
grows by the change that moves the rank furthest, and is thinned out again. Such a greedy search over a user's own
actions is that of ACCENT (Tran, Ghazimatin, Saha Roy 2021, arXiv:2105.05008), which ranks them by estimated influence;
here each one is asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from zoo.explain import HELD, Told, explain, method_of, rows_within, without
from zoo.recommend import Taste, all_scores, recommend
from zoo.runtime import Model

WORK = 2**27  # floats that the tastes of one round may read: some tenths of a second on two cores
LEAST_TASTES = 20  # of one round, however long the history
SHORTLIST = 200  # items that may be added, where the catalogue is too large to try them all
PAIRS = 400  # that are all tried
KEPT = 30  # single changes that larger sets are made of
MOST_CHANGES = 6


@dataclass(frozen=True)
class Change:
    """One thing done to a taste."""

    kind: Literal["forget like", "forget dislike", "add like"]
    item: int

    def of(self, taste: Taste) -> Taste:
        if self.kind != "add like":
            return without(taste, self.item, dislikes=self.kind == "forget dislike")
        weights = (*(taste.weights or (1.0,) * len(taste.likes)), 1.0)
        return Taste((*taste.likes, self.item), taste.dislikes, weights, taste.user_idx)


@dataclass(frozen=True)
class Turn:
    """What a search found for one item."""

    rank: int  # where it stands now, from 1; 0: filters or the taste itself keep it out of the list
    k: int
    changes: tuple[Change, ...]  # after which it has left the first k, or entered them; (): none was found
    rank_after: int  # 0 where none was found
    fewest: bool  # whether it is sure that fewer changes do not do it
    tried: int  # changed tastes that were asked

    @property
    def leaves(self) -> bool:
        return 1 <= self.rank <= self.k


def ranks(
    model: Model, tastes: Sequence[Taste], item: int, *, candidates: np.ndarray | None = None, hide_seen: bool = True
) -> np.ndarray:
    """int64 [B], where an item stands in the list of each taste, from 1; 0 where it is kept out.

    As `recommend` ranks: among equals the lower column comes first.
    """
    step = max(1, HELD // model.card.n_items)
    blocks = [tastes[start : start + step] for start in range(0, len(tastes), step)]
    return np.concatenate(
        [np.zeros(0, dtype=np.int64), *(_ranks(model, block, item, candidates, hide_seen) for block in blocks)]
    )


def _ranks(
    model: Model, tastes: Sequence[Taste], item: int, candidates: np.ndarray | None, hide_seen: bool
) -> np.ndarray:
    scores = all_scores(model, tastes)  # [B, I]
    own = scores[:, [item]]
    before = scores > own
    before[:, :item] |= scores[:, :item] == own
    if candidates is not None:
        before &= candidates
    found = np.empty(len(tastes), dtype=np.int64)
    for row, taste in enumerate(tastes):
        out = [*taste.dislikes, *(taste.likes if hide_seen else ())]
        before[row, out] = False
        shut = item in out or (candidates is not None and not candidates[item])
        found[row] = 0 if shut else 1 + before[row].sum()
    return found


def fidelity(
    model: Model,
    taste: Taste,
    item: int,
    reasons: Sequence[tuple[int, bool]],
    *,
    candidates: np.ndarray | None = None,
    hide_seen: bool = True,
) -> list[int]:
    """Where an item stands as things are, then without its first reason, without its first two, and so on.

    reasons : (item, whether a dislike of it is the reason), the strongest first
    """
    tastes = [taste]
    for reason, disliked in reasons:
        tastes.append(without(tastes[-1], reason, dislikes=disliked))
    return [int(rank) for rank in ranks(model, tastes, item, candidates=candidates, hide_seen=hide_seen)]


def turn(
    model: Model, taste: Taste, item: int, *, k: int = 10, candidates: np.ndarray | None = None, hide_seen: bool = True
) -> Turn:
    """The fewest changes after which an item that stands in the first k leaves them, and any other enters them.

    It leaves by what is forgotten, and enters by what is forgotten or added.

    Raises
    ------
    ModelError if the model cannot serve the taste
    """

    def places(tastes: Sequence[Taste]) -> np.ndarray:
        return ranks(model, tastes, item, candidates=candidates, hide_seen=hide_seen)

    def inside(changed: Taste) -> bool:
        found = recommend(model, [changed], k=k, candidates=candidates, hide_seen=hide_seen)
        return item in found.ranked[0]

    rank = int(places([taste])[0])
    if rank == 0 or method_of(model) in ("same for all", "own vector"):
        return Turn(rank, k, (), 0, fewest=False, tried=0)
    leaves = rank <= k
    pool, complete = _changes(model, taste, item, leaves)
    search = _Search(taste, places, lambda changed: inside(changed) != leaves, leaves)
    changes, fewest = search.run(pool, complete)
    after = int(places([_changed(taste, changes)])[0]) if changes else 0
    return Turn(rank, k, changes, after, fewest, search.tried)


def _changes(model: Model, taste: Taste, item: int, leaves: bool) -> tuple[list[Change], bool]:
    """Single changes to try, and whether these are all that there are."""
    told = Told.of(taste)
    n = max(LEAST_TASTES, rows_within(model, len(told.history) + 1, WORK))
    forget = [
        Change("forget dislike" if bad else "forget like", int(one))
        for one, bad in zip(told.history, told.disliked, strict=True)
    ]
    known = {*taste.likes, *taste.dislikes, item}
    add = [] if leaves else [Change("add like", other) for other in range(model.card.n_items) if other not in known]
    if len(forget) + len(add) <= n:
        return forget + add, True
    if add:
        near = recommend(model, [Taste((item,))], k=SHORTLIST + len(known)).ranked[0].tolist()
        add = [Change("add like", other) for other in near if other >= 0 and other not in known]
        add = add[: min(SHORTLIST, max(n // 2, n - len(forget)))]
    if len(forget) + len(add) > n:
        parts = explain(model, taste, [item]).contributions[:, 0]
        order = np.argsort(-parts if leaves else parts, kind="stable")
        forget = [forget[place] for place in order[: n - len(add)]]
    return forget + add, False


class _Search:
    """For a set of changes that does it. `does_it` asks `recommend`; ranks only say what to ask it about."""

    def __init__(
        self,
        taste: Taste,
        places: Callable[[Sequence[Taste]], np.ndarray],
        does_it: Callable[[Taste], bool],
        down: bool,
    ) -> None:
        self.tried = 0
        self._taste, self._places, self._does_it, self._down = taste, places, does_it, down

    def run(self, pool: list[Change], complete: bool) -> tuple[tuple[Change, ...], bool]:
        """The changes, and whether it is sure that fewer do not do it; () where none was found."""
        order, found = self._round([(change,) for change in pool])
        surely_more = 1 if complete else 0  # sets of so many changes are known not to do it
        if found is None and complete and 1 < len(pool) * (len(pool) - 1) // 2 <= PAIRS:
            found = self._round(list(combinations(pool, 2)))[1]
            surely_more = 2
        best = order[0] if order else ()
        kept = [change for (change,) in order[:KEPT]]
        while found is None and len(best) < min(MOST_CHANGES, len(pool)):
            order, found = self._round([(*best, change) for change in kept if change not in best])
            if not order:
                break
            best = order[0]
        if found is None:
            return (), False
        found = self._thinned(found)
        return found, len(found) <= surely_more + 1 or len(found) == 1

    def _round(self, sets: list[tuple[Change, ...]]) -> tuple[list[tuple[Change, ...]], tuple[Change, ...] | None]:
        """These sets, the one that moves the rank furthest first, and the first of them that does it."""
        self.tried += len(sets)
        found = self._places([_changed(self._taste, changes) for changes in sets])
        order = [sets[place] for place in np.argsort(-found if self._down else found, kind="stable")]
        return order, next((one for one in order[:3] if self._does_it(_changed(self._taste, one))), None)

    def _thinned(self, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        """Without those that are not needed."""
        for change in changes:
            fewer = tuple(other for other in changes if other != change)
            if fewer and self._does_it(_changed(self._taste, fewer)):
                return self._thinned(fewer)
        return changes


def _changed(taste: Taste, changes: Sequence[Change]) -> Taste:
    for change in changes:
        taste = change.of(taste)
    return taste
