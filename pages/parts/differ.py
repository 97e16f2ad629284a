"""Why do these lists differ? One sentence; and where it is asked for, how items move from list to list, and how the
lists differ in age, popularity and genres."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import streamlit as st

from pages.parts import cached, downloads, lists, overlap, taste, view
from pages.parts.component import component
from pages.parts.items import genre_text
from pages.parts.panels import Panel
from zoo.compare import Character, Traits, character, genres_apart
from zoo.dataset import Dataset
from zoo.differing import differing, percent, year_text
from zoo.recommend import Lists

_flow = component("flow")
DEPTHS = {"10": "10", "20": "20", "all": "all"}  # ranks that are drawn
GENRES = 6
OWN = "Items that stand in none of the other lists here."
POPULARITY = (
    "Of the people the models learned from, the share who chose an item: the mean over the list. A tick is an item; "
    "the longer one is the mean."
)
YEAR = "The median: half of the items are older, half are newer. A tick is an item; the longer one is the median."
GENRE = "The share of the list's items that have this genre. An item may have several."
FOUND = "Choices of this person that no model was shown, and that the list holds."


@dataclass(frozen=True, eq=False)
class Differences:
    """Two lists or more to one taste; the columns that gave none are left out."""

    panels: list[Panel]
    rankings: list[list[int]]
    characters: list[Character]
    hidden: set[int]  # what the test user chose behind the models' backs

    @property
    def sentence(self) -> str:
        titles = [panel.title for panel in self.panels]
        return differing(titles, self.rankings, self.characters, self.hidden, genre_text)

    def ranks(self) -> list[dict[int, int]]:
        """Of each list: item -> its rank, from 1."""
        return [{item: rank for rank, item in enumerate(ranking, 1)} for ranking in self.rankings]

    def standing(self) -> Counter[int]:
        """In how many of the lists each item stands."""
        return Counter(item for ranking in self.rankings for item in ranking)


def between(
    data: Dataset, panels: Sequence[Panel], answers: Sequence[Lists | str], hidden: set[int]
) -> Differences | None:
    """None where fewer than two gave a list. hidden : what a test user chose behind the models' backs"""
    both = zip(panels, answers, strict=True)
    given = [(panel, lists.columns(answer)) for panel, answer in both if not isinstance(answer, str)]
    if len(given) < 2:
        return None
    characters = [character(ranking, traits(data)) for _, ranking in given]
    return Differences([panel for panel, _ in given], [ranking for _, ranking in given], characters, hidden)


def traits(data: Dataset) -> Traits:
    return _traits(str(data.path), cached.described(data), data)


@st.cache_resource(show_spinner=False, max_entries=8)
def _traits(path: str, of_data: str, _data: Dataset) -> Traits:
    return Traits.of(_data.catalogue.items, _data.info.n_training_users)


def show(data: Dataset, panels: list[Panel], answers: list[Lists | str]) -> None:
    """The sentence, and behind a switch the rest of the answer."""
    found = between(data, panels, answers, taste.hidden_choices(data))
    if found is None:
        return
    overlap.show(dict(zip(found.panels, found.rankings, strict=True)), found.sentence)
    why = "How items move from list to list, and how the lists differ in age, popularity and genre."
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        asked = view.switch("differ", "Why do these lists differ?", help=why)
        depth = view.one("ranks", "Ranks drawn", DEPTHS, "20", segments=True) if asked else "20"
    if asked:
        _flow(key="flow", data=_content(data, found, None if depth == "all" else int(depth)))
        downloads.take_home(lambda: table(data, found), f"{data.name}-differences")


def _content(data: Dataset, found: Differences, depth: int | None) -> dict:
    ranks, standing = found.ranks(), found.standing()
    columns = [
        panel.chip() | {"rows": _rows(data, found, at, ranks, standing, depth)} for at, panel in enumerate(found.panels)
    ]
    return {"columns": columns, "facts": _facts(data, found, standing)}


def _rows(
    data: Dataset, found: Differences, at: int, ranks: list[dict[int, int]], standing: Counter[int], depth: int | None
) -> list[dict]:
    """One list, cut to the depth; `also`: the other lists with a line to nowhere, for they are no neighbours or cut."""
    labels, shown = cached.labels(data), found.rankings[at][:depth]
    rows = []
    for rank, item in enumerate(shown, 1):
        others = [(other, of[item]) for other, of in enumerate(ranks) if other != at and item in of]
        drawn = {other for other, place in others if abs(other - at) == 1 and (depth is None or place <= depth)}
        title, year = labels.title_and_year(item)
        rows.append(
            {
                "id": item,
                "rank": rank,
                "title": title,
                "year": year,
                "chosen": item in found.hidden,
                "fate": "all" if standing[item] == len(ranks) else "own" if standing[item] == 1 else "some",
                "elsewhere": [{"title": found.panels[other].title, "rank": place} for other, place in others],
                "also": [found.panels[other].chip() | {"rank": place} for other, place in others if other not in drawn],
            }
        )
    return rows


def _facts(data: Dataset, found: Differences, standing: Counter[int]) -> list[dict]:
    """What each list is like, a row of the table per fact: {"title", "meaning", "cells"}, a cell per list."""
    of_items = traits(data)
    facts = [_row("Only here", OWN, [_own(ranking, standing) for ranking in found.rankings])]
    if found.hidden:
        cells = [_share(sum(item in found.hidden for item in ranking), len(found.hidden)) for ranking in found.rankings]
        facts.append(_row("Really chosen", FOUND, cells))
    shares = [of_items.popularity[ranking] for ranking in found.rankings]
    facts.append(_row("Popularity", POPULARITY, _ticks(shares, [one.popularity for one in found.characters], percent)))
    years = [known[~np.isnan(known)] for known in (of_items.year[ranking] for ranking in found.rankings)]
    if any(len(of) for of in years):
        cells = _ticks(years, [one.year for one in found.characters], year_text)
        for cell, one in zip(cells, found.characters, strict=True):
            if cell and one.n_years < one.n:
                cell["note"] = f"of {one.n_years} with a year"
        facts.append(_row("Year", YEAR, cells))
    for genre in genres_apart(found.characters)[:GENRES]:
        of = [one.share(genre) for one in found.characters]
        cells = [None if share is None else {"text": percent(share), "share": share} for share in of]
        facts.append(_row(genre_text(genre), GENRE, cells))
    return facts


def _row(title: str, meaning: str, cells: list[dict | None]) -> dict:
    return {"title": title, "meaning": meaning, "cells": cells}


def _own(ranking: list[int], standing: Counter[int]) -> dict:
    return _share(sum(standing[item] == 1 for item in ranking), len(ranking))


def _share(n: int, of: int) -> dict:
    return {"text": f"{n} of {of}", "share": n / of if of else 0.0}


def _ticks(values: list[np.ndarray], middles: list[float | None], text: Callable[[float], str]) -> list[dict | None]:
    """A number, and its items on a line that is the same for all lists."""
    everything = np.concatenate(values)
    low, high = (float(everything.min()), float(everything.max())) if len(everything) else (0.0, 0.0)
    reach = (high - low) or 1.0
    return [
        None
        if middle is None
        else {"text": text(middle), "ticks": ((of - low) / reach).tolist(), "at": (middle - low) / reach}
        for of, middle in zip(values, middles, strict=True)
    ]


def table(data: Dataset, found: Differences) -> pl.DataFrame:
    """Every item of any list: what it is, in how many lists it stands, and at which rank in each."""
    ranks, standing = found.ranks(), found.standing()
    items = list(standing)
    about = data.catalogue.items.select("item_id", "title", "year", pl.col("genres").list.join(", "), "n_users")[items]
    columns = {"lists": pl.Series([standing[item] for item in items], dtype=pl.Int64)}
    if found.hidden:
        columns["really_chosen"] = pl.Series([item in found.hidden for item in items])
    for panel, of in zip(found.panels, ranks, strict=True):
        columns[f"rank in {panel.title}"] = pl.Series([of.get(item) for item in items], dtype=pl.Int64)
    return about.with_columns(**columns)
