"""What the ideas of the Latent page share: which can be shown here, an equation with its sentence, lists, curves."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import streamlit as st

from pages.parts import cached, charts, lists, state, taste, view
from pages.parts.cached import Entry
from pages.parts.charts import Trace
from pages.parts.frame import escape
from pages.parts.what_if import move
from pages.parts.workings import SCROLLING
from zoo.card import Interval
from zoo.compare import common_items
from zoo.dataset import Dataset
from zoo.linear import MOST_ITEMS
from zoo.recommend import Taste, rank

K = 10  # items of a list on this page
SEEDS = 10_000  # draws that an address can name
NO_MARK = {"colour": None, "mark": None}
IDEAS = {
    "cloud": "Variational",
    "noise": "Denoising",
    "rank": "Rank",
    "l2": "Regularisation",
    "towers": "Two-tower",
}


@dataclass(frozen=True, eq=False)
class Column:
    """One of the lists beside each other."""

    title: str
    ranked: np.ndarray  # int64 [k], -1 where nothing was left
    scores: np.ndarray  # float [k]
    chip: dict = field(default_factory=dict)  # of the model; {}: no mark
    facts: Sequence[tuple[str, str | None]] = ()  # (text, what it means)
    note: str | None = None
    against: "Column | None" = None  # the list that cards tell their moves from
    means: str = "What decides the order in this list. Higher is better."

    @property
    def items(self) -> list[int]:
        return [int(item) for item in self.ranked if item >= 0]


def entry(data: Dataset, name: str) -> Entry | None:
    """A model that can be asked; None where it is not here, or broken."""
    return next((one for one in cached.entries(data) if one.card and one.name == name), None)


def towers(data: Dataset) -> dict[str, Entry]:
    """Models whose score is user vector times item vector."""
    found = [one for one in cached.entries(data) if one.card and one.card.about.family == "two-tower"]
    return {one.name: one for one in found if "embedding" in one.card.outputs}


def pick(data: Dataset) -> str:
    """The idea that is looked at; those that this zoo has no model for say so below."""
    missing = why_not(data)
    options = {name: text for name, text in IDEAS.items() if name not in missing}
    if not options:
        return ""
    idea = view.one("idea", "What is inside", options, next(iter(options)), segments=True)
    if missing:
        st.caption(" ".join(f"{IDEAS[name]} is not here: {escape(why)}" for name, why in missing.items()))
    return idea


def why_not(data: Dataset) -> dict[str, str]:
    """The ideas that cannot be shown, and why, a sentence each."""
    found = {}
    absent = "this data set has no {}. Train it: menagerie train {}."
    for idea, name, title in (("cloud", "variational", "Mult-VAE"), ("noise", "denoising", "denoising autoencoder")):
        if entry(data, name) is None:
            found[idea] = absent.format(title, name)
    if data.info.n_items > MOST_ITEMS:
        many = f"{data.info.n_items:,} items are too many to solve on the spot (the limit is {MOST_ITEMS:,})"
        found["l2"] = f"{many}, and EASE needs every factor."
        if entry(data, "pure_svd") is None:
            found["rank"] = f"{many}, and no PureSVD was trained whose factors could stand in."
    if not towers(data):
        found["towers"] = absent.format("two-tower model", "two_tower_profile")
    return found


def equation(tex: str, words: str) -> None:
    """An equation, and one sentence for somebody who reads none."""
    st.html(f"<style>{SCROLLING}</style>")
    st.latex(tex)
    st.markdown(words)


def seed(name: str = "draw") -> int:
    """Where chance begins, part of the address: 1 until somebody draws again."""
    text = view.get(name)
    if not text:
        return 1
    if text.isascii() and text.isdigit() and 0 < int(text) < SEEDS:
        return int(text)
    view.misfit(name)
    view.put(name, "")
    return 1


def again(label: str, help: str, name: str = "draw") -> None:
    """A button that draws anew: another seed, and another address."""
    now = seed(name)
    st.button(label, icon=":material/casino:", help=help, key=f"again-{name}", on_click=_next, args=(name, now))


def _next(name: str, now: int) -> None:
    state.show({name: str(now % (SEEDS - 1) + 1)})


def listed(scores: np.ndarray, asked: Taste, k: int = K) -> tuple[np.ndarray, np.ndarray]:
    """The first k of scores [n, I] without what the taste holds: ranked int64 [n, k], scores float32 [n, k]."""
    allowed = np.ones(scores.shape, dtype=bool)
    allowed[:, [*asked.likes, *asked.dislikes]] = False
    return rank(scores, allowed, k)


def show_lists(data: Dataset, columns: Sequence[Column]) -> None:
    """Lists side by side as one element; a card tells where its item stood in the list that its own is held against."""
    hidden, liked = taste.hidden_choices(data), set(state.visit(data.info.fingerprint).likes)
    in_all = common_items([column.items for column in columns]) if len(columns) > 2 else set()
    shown = []
    for column in columns:
        marks = [
            {
                "verdict": "like" if item in liked else None,
                "chosen": item in hidden,
                "common": item in in_all,
                "move": _move(column, place, item),
            }
            for place, item in enumerate(column.items, 1)
        ]
        facts = [{"text": text, "why": why} for text, why in column.facts]
        words = {"score": column.means, "empty": "Nothing is left to recommend."}
        head = {"title": column.title, "facts": facts, "note": column.note, "problem": None, "own": {}} | words
        shown.append((column.chip or NO_MARK) | head | {"cards": _cards(data, column, marks)})
    lists.mount(data, {"layout": "columns" if len(shown) > 1 else "grid", "lists": shown, "build": None})


def _cards(data: Dataset, column: Column, marks: list[dict]) -> list[dict]:
    labels = cached.labels(data)
    scores = lists.score_texts(column.scores[: len(column.items)]) if column.items else []
    return [
        labels.card(item) | {"rank": place, "score": score, "also": []} | mark
        for place, (item, score, mark) in enumerate(zip(column.items, scores, marks, strict=True), 1)
    ]


def _move(column: Column, rank: int, item: int) -> dict | None:
    """Against the other list: where it stood there, or that it did not."""
    if column.against is None:
        return None
    before = column.against.items
    return move(rank, before.index(item) + 1 if item in before else None, len(before), column.against.title)


def agreement(ranked: np.ndarray, other: Column | None) -> list[tuple[str, str | None]]:
    """How many items a list shares with the one beside it, as a fact of its head."""
    if other is None or not len(ranked):
        return []
    n = int(np.isin(ranked, other.items).sum())
    return [(f"{n} of {len(ranked)} as published", "Items that the list of the published model has, too.")]


def band(
    x: Sequence[float], of: Sequence[Interval], colour: str, name: str, hover: str, scale: float = 1.0
) -> list[Trace]:
    """A line of means, and behind it their intervals."""
    low, high = [scale * one.low for one in of], [scale * one.high for one in of]
    ground = {
        **{"type": "scatter", "mode": "lines", "x": [*x, *reversed(x)], "y": [*high, *reversed(low)], "fill": "toself"},
        **{"fillcolor": faint(colour), "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False},
    }
    line = {
        **{"type": "scatter", "mode": "lines+markers", "x": list(x), "y": [scale * one.mean for one in of]},
        **{"name": name, "line": {"color": colour, "width": 2}, "marker": {"size": 6, "color": colour}},
        "customdata": [[a, b] for a, b in zip(low, high, strict=True)],
        "hovertemplate": hover + "<extra></extra>",
    }
    return [ground, line]


def faint(colour: str) -> str:
    """A colour #RRGGBB as a ground for lines of it.

    >>> faint("#1666AA")
    'rgba(22,102,170,0.16)'
    """
    return "rgba({},{},{},0.16)".format(*(int(colour[at : at + 2], 16) for at in (1, 3, 5)))


def marked(*marks: tuple[float, str, str], log: bool = False) -> dict:
    """The part of a layout with vertical lines and a word over each; marks : (x, word, dash)."""
    colour = charts.of_theme(charts.MUTED)
    shapes, words = [], []
    furthest = max(x for x, _, _ in marks)
    for x, text, dash in marks:
        line = {"color": colour, "width": 1.5, "dash": dash}
        shapes.append({"type": "line", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1, "line": line})
        at = float(np.log10(x)) if log else x  # Plotly wants the logarithm for a word, and not for a line
        where = {"x": at, "y": 1, "yref": "paper", "yanchor": "bottom", "showarrow": False}
        anchor = "center" if len(marks) == 1 else "left" if x == furthest else "right"  # the words may not meet
        words.append(where | {"text": text, "xanchor": anchor, "font": {"size": 12, "color": colour}})
    return {"shapes": shapes, "annotations": words, "margin": {"l": 8, "r": 12, "t": 28, "b": 8}}


def of_ten(share: Interval) -> str:
    """A share of a list in words.

    >>> of_ten(Interval(mean=0.634, low=0.6, high=0.671, n=64))
    '6.3 of 10 (95 % interval 6.0 to 6.7)'
    """
    return f"{K * share.mean:.1f} of {K} (95 % interval {K * share.low:.1f} to {K * share.high:.1f})"
