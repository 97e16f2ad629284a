"""Which items a model ties to one: what it leads to, and because of what it is recommended, model by model."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
import streamlit as st

from pages.parts import cached, downloads, lists, models, shelf, state, view
from pages.parts.cached import Entry
from pages.parts.frame import escape
from zoo.compare import common_items
from zoo.dataset import Dataset
from zoo.errors import ZooError
from zoo.similar import Answers, Cosines, Likeness, Similar, item_vectors
from zoo.similar import similar as read_all

SHOWN = 10  # items of a list
SYMMETRIC = 2e-3  # |S - S^T| / |S| below it is rounding: weights of 16 bits leave some 4e-4
SEE = {"nearest": "Nearest items", "heat": "Heat map", "map": "Map"}
WAYS = {"answers": "what the model answers", "vectors": "item vectors"}
NOT_SYMMETRIC = (
    "|S − Sᵀ| / |S|: how far “i leads to j” is from “j leads to i”, over all items together. "
    "0: always equally far. 1.41: of any two items at most one leads to the other."
)
COSINE = "The cosine of the angle between the two item vectors: 1 = the same direction, 0 = nothing in common."


@dataclass(frozen=True, eq=False)
class Source:
    """A model, and where its item-item matrix comes from."""

    entry: Entry
    way: str  # of WAYS

    @property
    def linear(self) -> bool:
        return self.entry.card.about.dislikes == "linear"


def controls() -> str:
    """Which of the three views."""
    return view.one("see", "Show", SEE, "nearest", segments=True)


def sources(entries: list[Entry]) -> list[Source]:
    """What each model can be asked; a choice stands on the page where a two-tower model leaves one."""
    wanted = "answers"
    if any(e.card.about.family == "two-tower" and e.card.about.serves_new_profiles for e in entries):
        help = "Two-tower models have a vector per item. Two items are alike if their vectors point the same way."
        wanted = view.one("likeness", "Two-tower models by", WAYS, "answers", segments=True, help=help)
    return [source(entry, wanted) for entry in entries]


def source(entry: Entry, wanted: str) -> Source:
    about = entry.card.about
    vectors = about.family == "two-tower" and (wanted == "vectors" or not about.serves_new_profiles)
    return Source(entry, "vectors" if vectors else "answers")


def pick_one(data: Dataset) -> Source | None:
    """The model whose heat map or map is drawn: the best one, usually; None where there is none that ties items."""
    entries = [e for e in cached.entries(data) if e.card and (e.card.about.dislikes != "exempt" or _is_memory(e))]
    if not entries:
        st.info("No model of this data set ties items to each other.")
        return None
    best = max(entries, key=models.quality).name
    name = view.one("under", "Model", {entry.name: entry.title for entry in entries}, best)
    return sources([entry for entry in entries if entry.name == name])[0]


def _is_memory(entry: Entry) -> bool:
    return not entry.card.about.serves_new_profiles


def likeness(data: Dataset, of: Source) -> Likeness:
    """`ZooError` where the model cannot be loaded, or has no such vectors."""
    model = cached.model(data, of.entry)
    if of.way == "answers":
        return Answers(model)
    return Cosines(_vectors(str(data.path), data.info.fingerprint, of.entry.name, model.checksum, data, of), model)


@st.cache_resource(show_spinner=False, max_entries=32)
def _vectors(path: str, fingerprint: str, name: str, checksum: str, _data: Dataset, _of: Source) -> np.ndarray:
    users = _data.training_users() if _is_memory(_of.entry) else None
    return item_vectors(cached.model(_data, _of.entry), users)


def similar(data: Dataset, of: Source) -> Similar:
    """What is kept of all rows, read once per publication of a model."""
    return _similar(str(data.path), data.info.fingerprint, of.entry.name, of.entry.checksum, of.way, data, of)


@st.cache_resource(show_spinner="Reading every item of the model; once for all visitors …", max_entries=32)
def _similar(path: str, fingerprint: str, name: str, checksum: str, way: str, _data: Dataset, _of: Source) -> Similar:
    found = cached.published_similar(_data, _of.entry) if way == "answers" else None
    return found or read_all(likeness(_data, _of))


def nearest(data: Dataset) -> None:
    """One item: what it leads to under up to four models, and because of what they recommend it."""
    item = shelf.pick_item(data)
    chosen = {column.model for column in models.pick_several(data, own=False)}
    of = sources([entry for entry in cached.entries(data) if entry.name in chosen and entry.card])
    title = escape(cached.labels(data).card(item)["title"])
    st.markdown(f"## What {title} leads to")
    st.caption("The items that a history of this one alone raises most. Press a title to go on from there.")
    leads = [_asked(lambda one=one: _row(data, one, item)) for one in of]
    _mount(data, of, leads, "leads")
    st.markdown(f"## Because of what {title} is recommended")
    st.caption("The items that raise it most, each as a history of its own.")
    because = [_asked(lambda one=one: _column(data, one, item)) for one in of]
    _mount(data, of, because, "because")
    told = [(one, "leads to", found) for one, found in zip(of, leads, strict=True)]
    told += [(one, "because of", found) for one, found in zip(of, because, strict=True)]
    downloads.take_home(lambda: _table(data, item, told), f"{data.name}-similar")


@dataclass(frozen=True, eq=False)
class Near:
    """Items near one, the nearest first; or a sentence in their place."""

    items: list[int]
    values: np.ndarray
    facts: list[dict]
    instead: str | None = None


def _asked(found: Callable[[], Near]) -> Near:
    try:
        return found()
    except ZooError as error:  # one model that cannot be read does not take the others' lists away
        return Near([], np.zeros(0), [], str(error))


def _row(data: Dataset, of: Source, item: int) -> Near:
    """Row i, asked at once: it needs no other row."""
    row = likeness(data, of).rows(np.array([item]))[0]
    row[item] = 0.0
    best = np.argsort(-row, kind="stable")[:SHOWN]
    best = best[row[best] > 0]
    return Near(best.tolist(), row[best], [_kind(of)], None if len(best) else _why_nothing(of))


def _column(data: Dataset, of: Source, item: int) -> Near:
    """Column i, from what was kept of all rows."""
    kept = similar(data, of)
    facts = [{"text": f"|S − Sᵀ| / |S| = {asymmetry_text(kept)}", "why": NOT_SYMMETRIC}] if kept.norm else []
    if kept.norm and kept.asymmetry < SYMMETRIC:
        return Near([], np.zeros(0), facts, "The same items with the same values: S is symmetric.")
    there = kept.because_of[item] >= 0
    items, values = kept.because_of[item][there][:SHOWN], kept.because_by[item][there][:SHOWN]
    return Near(items.tolist(), values, facts, None if len(items) else _why_nothing(of))


def asymmetry_text(kept: Similar) -> str:
    """With its standard error where it is an estimate."""
    if kept.asymmetry_error < 5e-4:
        return f"{kept.asymmetry:.3f}"
    return f"{kept.asymmetry:.2f} ± {max(kept.asymmetry_error, 0.01):.2f}"


def _kind(of: Source) -> dict:
    title = of.entry.title
    if of.way == "vectors":
        why = "Scores are user vector times item vector; the item vectors were read off the model's answers. " + COSINE
        if _is_memory(of.entry):
            why = f"{title} is memory-based and answers no history. " + why
        return {"text": "by item vectors", "why": why}
    if of.linear:
        return {"text": "S itself", "why": f"{title} is linear: scores = x S. What is shown are entries of S."}
    why = f"{title} is not linear: in a longer history, what items do does not simply add up."
    return {"text": "answer to this item alone", "why": why}


def _why_nothing(of: Source) -> str:
    if of.entry.card.about.dislikes == "exempt":
        return f"{of.entry.title} looks at nobody's history: no item leads to another."
    return "Nothing: no item is raised by it."


def _mount(data: Dataset, of: list[Source], found: list[Near], place: str) -> None:
    labels, visit = cached.labels(data), state.visit(data.info.fingerprint)
    ids = data.catalogue.items["item_id"]
    common = common_items([near.items for near in found if near.items])
    several = sum(bool(near.items) for near in found) > 2  # of two, the other one's mark says it
    shown = []
    for one, near in zip(of, found, strict=True):
        others = [(other, theirs) for other, theirs in zip(of, found, strict=True) if other is not one]
        texts = lists.score_texts(near.values) if len(near.values) else []
        cards = [
            labels.card(item)
            | {
                "rank": rank,
                "score": texts[rank - 1],
                "verdict": visit.verdict(item),
                "chosen": False,
                "common": several and item in common,
                "also": [
                    other.entry.chip() | {"rank": theirs.items.index(item) + 1, "named": False}
                    for other, theirs in others
                    if item in theirs.items
                ],
                "event": {"kind": "view", "set": {"item": str(ids[item])}},
            }
            for rank, item in enumerate(near.items, 1)
        ]
        score = COSINE if one.way == "vectors" else f"Added to {one.entry.title}'s score, on its own scale."
        head = {"facts": near.facts, "score": score, "note": None, "problem": None, "own": {}, "empty": near.instead}
        shown.append(one.entry.chip() | head | {"cards": cards})
    lists.mount(data, {"layout": "columns", "lists": shown, "build": None}, place=place)


def _table(data: Dataset, item: int, told: list[tuple[Source, str, Near]]) -> pl.DataFrame:
    items = data.catalogue.items
    rows = [
        {
            "model": of.entry.name,
            "by": of.way,
            "direction": direction,
            "of": str(items["item_id"][item]),
            "rank": rank,
            "item_id": str(items["item_id"][other]),
            "title": str(items["title"][other]),
            "value": float(value),
        }
        for of, direction, near in told
        for rank, (other, value) in enumerate(zip(near.items, near.values, strict=True), 1)
    ]
    return pl.DataFrame(rows)


def meaning(see: str) -> None:
    """The equations behind a view, each with a sentence."""
    st.markdown("## What is shown here")
    st.latex(r"S_{ij} = f_j(\{i\}) - f_j(\varnothing)")
    st.markdown(
        "What a history of item *i* alone adds to the score of item *j*, against an empty history. A linear model "
        "answers any history with the sum of such rows, so this *S* is all that it knows."
    )
    if see == "nearest":
        st.latex(r"\frac{\lVert S - S^{\top} \rVert_F}{\lVert S \rVert_F}")
        st.markdown(
            "How much *S* changes when both directions are exchanged: every entry is compared with its mirror image, "
            "squared and added up. 0: what leads to what goes both ways. EASE is near 0; a model with two separate "
            "matrices need not be. Where ± stands beside it, it is an estimate with its standard error."
        )
    if see == "map":
        st.latex(r"\min_y \sum_{ij} W_{ij} (y_i - y_j)^2")
        st.markdown(
            "*Neighbours*: items that lead to each other (*W* = 1) are drawn near each other; along each axis the "
            "items stand in this order, evenly spaced. *Principal axes*: the two directions in which the rows of *S*, "
            "all made equally long, differ most."
        )
