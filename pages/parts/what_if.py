"""A list that was ranked anew beside the one that a model gave: who moved, who left, and what both are like."""

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
import streamlit as st
from scipy.sparse import csr_array

from pages.parts import cached, downloads, lists, panels, state, taste
from pages.parts.amounts import decimals
from pages.parts.filters import Filters
from pages.parts.frame import escape
from pages.parts.wishes import Wished
from zoo.dataset import Dataset
from zoo.errors import ZooError
from zoo.metrics import FAMILIES, Answers, Metric
from zoo.pools import ask as ask_pool
from zoo.recommend import Taste, why_not
from zoo.rerank import Pool, Wishes, rerank
from zoo.split import Fold

BESIDE = ("popularity_at_{k}", "novelty_at_{k}")  # of every catalogue
SIGNS = {"up": "▲", "down": "▼"}


@dataclass(frozen=True, eq=False)
class Changed:
    """One taste's list as the model ranks it, and as it is wished."""

    pool: Pool
    before: list[int]  # items, best first
    now: list[int]
    place: dict[int, int]  # item -> rank in the pool of the first model, from 1

    @property
    def left(self) -> list[int]:
        """What the list no longer holds, in its old order."""
        stay = set(self.now)
        return [item for item in self.before if item not in stay]


def ask(data: Dataset, wished: Wished, asked: Taste, limits: Filters) -> Changed | str:
    """Both lists; in place of them, where the first model cannot answer, the sentence why."""
    if reason := why_not(wished.first.card, asked):
        return reason
    try:
        models = [cached.model(data, entry) for entry in wished.models]
        among = {"candidates": limits.candidates, "hide_seen": limits.hide_seen}
        pool = ask_pool(models, [asked], data.item_facts, **among)
    except ZooError as error:
        return str(error)
    before, now = (rerank(pool, wishes, limits.k)[0] for wishes in (Wishes(), wished.wishes))
    own = rerank(pool, Wishes(), pool.depth)[0].tolist()
    place = {item: rank for rank, item in enumerate(own, 1) if item >= 0}
    return Changed(pool, before[before >= 0].tolist(), now[now >= 0].tolist(), place)


def refuse(data: Dataset, wished: Wished, asked: Taste, limits: Filters, why: str) -> None:
    """Why there is no list, and the ways out."""
    lists.show(data, [panels.single(wished.first, limits)], asked, [why])


def say(data: Dataset, wished: Wished, changed: Changed, cost: str | None) -> None:
    whose = "the" if state.visit(data.info.fingerprint).looking else "your"
    st.markdown(f"*{escape(sentence(wished, changed, cost, whose))}*")


def sentence(wished: Wished, changed: Changed, cost: str | None, whose: str = "your") -> str:
    """What became of the list, true to the numbers. cost : what is known of accuracy, a sentence of its own"""
    n, stay = len(changed.before), len(changed.before) - len(changed.left)
    if not wished.words:
        return f"This is {wished.first.title}'s own list: nothing is wished of it yet."
    if changed.before == changed.now:
        kept = f"{whose} list stays as it is"
    elif stay == n:
        kept = f"all of {whose} {n} stay, in another order"
    else:
        kept = f"{stay} of {whose} {n} stay" + ("" if stay != 1 else "s")
    return f"With {wished.words}, {kept}." + (f" {cost}" if cost else "")


def figures(data: Dataset, changed: Changed) -> None:
    """What this list is like, and what the original was."""
    hidden = taste.hidden_choices(data)
    k = max(len(changed.before), len(changed.now), 1)
    found = measured(data, changed, k)
    with st.container(horizontal=True, gap="small", key="what-if-figures"):
        for metric, (before, now) in found:
            _figure(metric.title, metric.definition, before, now)
        if hidden:
            before, now = (sum(item in hidden for item in items) for items in (changed.before, changed.now))
            st.metric(
                "Hidden choices found",
                f"{now} of {len(hidden)}",
                delta=f"{now - before:+d}".replace("-", "−") if now != before else 0,
                delta_color="off",
                delta_arrow="off",
                delta_description=f"from {before}",
                help="What this person really chose and no model was shown: marked in the list.",
                width="content",
            )


def measured(data: Dataset, changed: Changed, k: int) -> list[tuple[Metric, tuple[float, float]]]:
    """Each metric of the original list and of this one."""
    nothing = csr_array((2, data.info.n_items), dtype=np.float32)
    ranked = np.full((2, k), -1, dtype=np.int64)
    for row, items in zip(ranked, (changed.before, changed.now), strict=True):
        row[: len(items)] = items
    answers = Answers(
        ranked, Fold(np.zeros(2, dtype=np.int64), changed.pool.histories[[0, 0]], nothing, nothing), data.item_facts
    )
    kind = "genre" if changed.pool.by_genre else "cooccurrence"
    families = [*BESIDE, f"diversity_by_{kind}_at_{{k}}"] + (
        ["genre_miscalibration_at_{k}"] if changed.pool.by_genre else []
    )
    metrics = [FAMILIES[name].at(k) for name in families]
    return [(metric, tuple(metric(answers).tolist())) for metric in metrics]


def _figure(title: str, meaning: str, before: float, now: float) -> None:
    known = math.isfinite(before) and math.isfinite(now)
    st.metric(
        title,
        decimals(now) if math.isfinite(now) else "–",
        delta=_change(now - before) if known else None,
        delta_color="off",
        delta_arrow="off",
        delta_description=f"from {decimals(before)}" if known else None,
        help=meaning,
        width="content",
    )


def _change(amount: float) -> str | int:
    """
    >>> _change(0.0123), _change(-1.5), _change(0.0), _change(-0.0001)
    ('+0.012', '−1.500', 0, 'less by under 0.001')
    """
    if amount and abs(amount) < 0.0005:  # a signed 0 would be neither
        return f"{'more' if amount > 0 else 'less'} by under 0.001"
    return f"{amount:+.3f}".replace("-", "−") if amount else 0


def show(data: Dataset, wished: Wished, changed: Changed, limits: Filters) -> None:
    """The list as cards that say how far each moved, and what left it."""
    hidden = taste.hidden_choices(data)
    among = f" among {limits.words}" if limits.words else ""
    empty = f"Nothing is left to recommend{among}. Widen the filters, or show what is already known."
    n = len(changed.now)
    facts = [{"text": f"{n} {'item' if n == 1 else 'items'}", "why": None}]
    if wished.words:
        facts.append({"text": wished.words, "why": f"What is wished of {wished.first.title}'s list."})
    ranked = wished.first.chip() | {
        "facts": facts,
        "cards": [_card(data, item, rank, changed, wished, hidden) for rank, item in enumerate(changed.now, 1)],
        "problem": None,
        "note": None,
        "own": {},
        "empty": empty,
    }
    shown = [ranked]
    if changed.left:
        cards = [_card(data, item, None, changed, wished, hidden) for item in changed.left]
        text = {"text": f"{len(cards)} of the first {len(changed.before)} that {wished.first.title} ranks", "why": None}
        shown.append(
            {"title": "Left the list", "facts": [text], "cards": cards, "problem": None, "own": {}, "note": None}
        )
    lists.mount(data, {"layout": "grid", "lists": shown, "build": None})
    downloads.take_home(lambda: table(data, changed), f"{data.name}-what-if")


def _card(data: Dataset, item: int, rank: int | None, changed: Changed, wished: Wished, hidden: set[int]) -> dict:
    visit = state.visit(data.info.fingerprint)
    known = set(data.history(visit.user_idx).tolist()) if visit.looking else set(visit.likes)
    return cached.labels(data).card(item) | {
        "rank": rank,
        "score": None,
        "verdict": "like" if item in known else None,
        "chosen": item in hidden,
        "common": False,
        "also": [],
        "move": move(rank, changed.place.get(item), len(changed.before), wished.first.title),
    }


def move(rank: int | None, before: int | None, n: int, title: str) -> dict:
    """How far an item moved. rank : in this list; before : in the pool of the model of this title; n : of its list

    >>> [move(rank, before, 20, "EASE")["text"] for rank, before in ((1, 4), (5, 4), (4, 4), (2, 21), (None, 3))]
    ['▲3', '▼1', '–', 'new', 'was 3']
    """
    if rank is None:
        return {"text": f"was {before}", "kind": "gone", "why": f"Stood at {before}"}
    if before is None:
        return {"text": "new", "kind": "new", "why": f"New: not among the best of {title}"}
    if before > n:
        return {"text": "new", "kind": "new", "why": f"New: {title} has it at {before}"}
    if rank == before:
        return {"text": "–", "kind": "same", "why": "Where it stood"}
    kind = "up" if rank < before else "down"
    return {"text": f"{SIGNS[kind]}{abs(before - rank)}", "kind": kind, "why": f"{kind.capitalize()} from {before}"}


def table(data: Dataset, changed: Changed) -> pl.DataFrame:
    """Both lists: where each item stands now, where it stood; null where it does not."""
    items = changed.now + changed.left
    now = {item: rank for rank, item in enumerate(changed.now, 1)}
    before = {item: rank for rank, item in enumerate(changed.before, 1)}
    ranks = {"rank": [now.get(item) for item in items], "rank_before": [before.get(item) for item in items]}
    schema = dict.fromkeys(ranks, pl.Int64)
    return pl.DataFrame(ranks, schema=schema).with_columns(
        item_id=data.catalogue.items["item_id"].gather(items), title=data.catalogue.items["title"].gather(items)
    )
