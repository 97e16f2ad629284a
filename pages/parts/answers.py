"""What models answer to words or a picture: without any history, beside the taste, and both together."""

import time
from collections.abc import Sequence

import numpy as np
import polars as pl
import streamlit as st

from pages.parts import cached, downloads, lists, models, prompt, taste, view
from pages.parts.cached import Entry
from pages.parts.filters import Filters
from pages.parts.frame import escape
from pages.parts.panels import Panel
from pages.parts.prompt import Prompt
from pages.parts.workings import SCROLLING
from zoo.dataset import Dataset
from zoo.prompt import POWER, WEIGHT, blended, kinds, picture, words
from zoo.recommend import Lists, Taste, rank, why_not
from zoo.recommend import answers as asked_with_history

FAN = 6  # items that an example finds; three of them are shown
EQUATION = r"s_i = \cos\bigl(M(e_p - o),\; M(e_i - m)\bigr), \qquad M = (C + \tfrac{c}{1000} I)^{-1/4}"


def similarities(data: Dataset, entry: Entry, asked: Prompt) -> np.ndarray:
    """float32 [I], of the words, the picture, or the mean of both; -inf for items that have nothing to compare."""
    model, read = cached.model(data, entry), kinds(entry.card) & asked.kinds
    found = []
    if "text" in read:
        known = cached.vocabulary(data, entry.card.item_tower).known
        told = words(model, asked.reading.text, known)
        found.append(cached.space(data, entry, "text").similarities(told)[0])
    if "picture" in read:
        found.append(cached.space(data, entry, "picture").similarities(picture(model, asked.pixels))[0])
    return np.mean(found, axis=0)


def best(data: Dataset, entry: Entry, asked: Prompt, k: int) -> list[int]:
    """The first k items that the words find, in the years that they name."""
    years = asked.reading.years
    allowed = data.catalogue.allowed((), years) if years and data.catalogue.years() else None
    return lists.columns(_listed(data, entry, similarities(data, entry, asked), Filters(k, True, allowed), Taste()))


def invite(data: Dataset, who: Sequence[Entry]) -> None:
    """While nothing is asked: prompts in the catalogue's own words, each with what it finds."""
    reader = next((entry for entry in who if "text" in kinds(entry.card)), None)
    if reader is None and not any(kinds(entry.card) for entry in who):
        prompt.nobody(data)
        return
    if reader is None:
        st.info("The models of this data set read pictures alone. Show one above.")
        return
    labels = cached.labels(data)
    samples = [
        {
            "title": text,
            "items": ", ".join(labels.card(item)["title"] for item in items),
            "cards": [labels.card(item) for item in items[:3]],
            "event": {"kind": "view", "set": {"words": text}},
        }
        for text, items in _examples(data, reader)
    ]
    lists.mount(data, {"layout": "grid", "lists": [], "samples": samples, "build": None, "ready": "Say, for example"})


def _examples(data: Dataset, reader: Entry) -> list[tuple[str, list[int]]]:
    memory = cached.memory(data, ((reader.name, reader.checksum), ("examples", "")))
    if "found" not in memory:
        asked = [prompt.of(data, reader, text) for text in prompt.examples(data)]
        memory["found"] = [(one.typed, best(data, reader, one, FAN)) for one in asked if one.kinds]
    return memory["found"]


def show(data: Dataset, who: Sequence[Entry], asked: Prompt, limits: Filters) -> None:
    """Every reader's list; where there is a taste, one reader's beside what the taste says."""
    able = [entry for entry in who if kinds(entry.card) & asked.kinds]
    mine = taste.current(data)
    panels, found = [], []
    if mine:
        reader, weight = _pick(able, asked)
        told = [_answer(data, reader, asked, limits, mine), _answer(data, reader, asked, limits, mine, weight)]
        panels = [_panel(reader, asked.name, limits), _panel(reader, "with taste", limits, weight)]
        history = [Panel(entry, limits, "Taste") for entry in _beside(data, reader, mine)]
        panels, found = panels + history, told + lists.ask(data, history, mine)
    else:
        panels = [_panel(entry, asked.name, limits) for entry in able]
        found = [_answer(data, entry, asked, limits, mine) for entry in able]
    lists.show(data, panels, mine, found)
    if not mine:
        st.caption("Say above what you like, and what the models make of your taste stands beside these lists.")
    if unable := [f"{entry.title} reads {_reads(entry)}." for entry in who if entry not in able]:
        st.caption(escape(" ".join(unable)))
    downloads.take_home(lambda: _table(data, panels, found), f"{data.name}-prompt")


def _reads(entry: Entry) -> str:
    told = " and ".join({"text": "words", "picture": "pictures"}[kind] for kind in sorted(kinds(entry.card)))
    return f"{told} alone" if told else "what cannot be asked for here"


def _pick(able: Sequence[Entry], asked: Prompt) -> tuple[Entry, float]:
    """Who reads, and how much that counts beside the taste."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        names = {entry.name: entry.title for entry in able}
        name = view.one("reader", "Read by", names, able[0].name, segments=True) if len(able) > 1 else able[0].name
        weight = view.slider(
            "weight",
            f"How much the {asked.name} count{'s' if asked.name == 'picture' else ''} beside the taste",
            WEIGHT,
            step=0.1,
            help="0: the taste alone. 1: the prompt alone. Both are put on one scale first.",
        )
    return next(entry for entry in able if entry.name == name), weight


def _beside(data: Dataset, reader: Entry, mine: Taste) -> list[Entry]:
    """The reader on the taste alone, and the best model for this taste."""
    ready = [entry for entry in cached.entries(data) if entry.card and not why_not(entry.card, mine)]
    ordered = sorted(ready, key=models.quality, reverse=True)
    return [reader, *(entry for entry in ordered[:1] if entry.name != reader.name)]


def _panel(entry: Entry, what: str, limits: Filters, weight: float | None = None) -> Panel:
    score = (
        "How alike prompt and item are in the eyes of this model: a cosine, 1 at most; 0: they have nothing in common."
        if weight is None
        else f"Standard deviations above the catalogue's mean: {weight:.0%} prompt, {1 - weight:.0%} taste."
    )
    return Panel(entry, limits, what[:1].upper() + what[1:], score=score)


def _answer(
    data: Dataset, entry: Entry, asked: Prompt, limits: Filters, mine: Taste, weight: float | None = None
) -> Lists:
    similarities(data, entry, asked)  # embeds the catalogue where nobody asked before: that is not this question's time
    start = time.perf_counter()
    scores = similarities(data, entry, asked)
    if weight is not None:
        of_taste, _ = asked_with_history(cached.model(data, entry), [mine])
        scores = blended(of_taste[0], scores, weight)
    return _listed(data, entry, scores, limits, mine, start)


def _listed(
    data: Dataset, entry: Entry, scores: np.ndarray, limits: Filters, mine: Taste, start: float | None = None
) -> Lists:
    start = time.perf_counter() if start is None else start
    allowed = np.ones(len(scores), dtype=bool) if limits.candidates is None else limits.candidates.copy()
    allowed[[*(mine.likes if limits.hide_seen else ()), *mine.dislikes]] = False
    ranked, best = rank(scores[None], allowed[None], limits.k)
    return Lists(ranked, best, cached.model(data, entry).provider, 1000 * (time.perf_counter() - start))


def _table(data: Dataset, panels: Sequence[Panel], found: Sequence[Lists | str]) -> pl.DataFrame:
    """One row per card."""
    items = data.catalogue.items
    rows = [
        (panel.title, place, items["item_id"][item], items["title"][item], float(one.scores[0, place - 1]))
        for panel, one in zip(panels, found, strict=True)
        if isinstance(one, Lists)
        for place, item in enumerate(lists.columns(one), 1)
    ]
    return pl.DataFrame(rows, schema=["list", "rank", "item_id", "title", "score"], orient="row")


def explain() -> None:
    """What is computed, behind a fold."""
    with st.expander("How words find items"):
        st.html(f"<style>{SCROLLING}</style>")
        st.markdown(
            "A two-tower model turns an item's words or picture into a list of numbers, its embedding $e_i$. The "
            "prompt goes through the same tower and becomes $e_p$. Items whose numbers point the same way come first."
        )
        st.latex(EQUATION)
        st.markdown(
            "$m$ and $C$ are the mean and the covariance of all items, $c$ the largest spread in any direction, $o$ "
            "the embedding of nothing (of a picture: $m$). The matrix $M$ makes directions shorter in which all items "
            f"differ anyway, such as how popular they are; the power {POWER:g} was chosen by trying which one finds "
            "titles and genres best. Where the prompt is words, items are compared by their words alone; where it is "
            "a picture, by their pictures; where it is both, the two similarities are averaged."
        )
        st.markdown(
            "**With taste** adds the two after putting each on one scale (mean 0, standard deviation 1). "
            f"The usual share of the words, {WEIGHT:g}, found most of what test users of the films chose in a genre "
            "that was named. Words find no years; years that are named keep the lists to them."
        )
