"""A heat map of what the items of one shelf do to each other under one model, in an order in which blocks show."""

from collections.abc import Sequence

import numpy as np
import polars as pl
import streamlit as st

from pages.parts import cached, charts, downloads, shelf, similar, taste, view
from pages.parts.items import genre_text
from pages.parts.similar import Source
from zoo.dataset import Dataset
from zoo.item_map import seriation

ITEMS = 25  # of a shelf
LETTERS = 20  # of a title beside the chart: more leave no room for it on a phone
ENDS = (("#A8500B", "#F1EEE8", "#1666AA"), ("#F0A35E", "#24211E", "#60AAF3"))  # below 0, 0, above 0; in light, in dark
SHELVES = {"near": "Around an item", "taste": "My taste", "genre": "A genre"}


def show(data: Dataset) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        of = similar.pick_one(data)
        if of is None:
            return
        which = _which(data)
    chosen = _shelf(data, of, which)
    if len(chosen) < 2:
        st.info("A heat map needs two items or more. Like some on Recommend, or choose another shelf.")
        return
    M = similar.likeness(data, of).rows(chosen)[:, chosen]
    order = seriation(M)
    chosen, M = chosen[order], M[np.ix_(order, order)]
    M[np.diag_indices_from(M)] = np.nan  # an item and itself
    _draw(data, of, chosen, M)
    st.caption(_sentence(data, chosen, M))
    downloads.take_home(lambda: _table(data, chosen, M), f"{data.name}-{of.entry.name}-heat")


def _which(data: Dataset) -> str:
    genres = data.catalogue.genres()
    options = SHELVES if genres else {name: text for name, text in SHELVES.items() if name != "genre"}
    return view.one("shelf", "Items", options, "near", segments=True)


def _shelf(data: Dataset, of: Source, which: str) -> np.ndarray:
    """int64 [n], the items that are compared."""
    best_known = cached.labels(data).best_known
    if which == "genre":
        genres = {genre: genre_text(genre) for genre in data.catalogue.genres()}
        genre = view.one("genre", "Genre", genres, next(iter(genres)))
        found: Sequence[int] = best_known(np.flatnonzero(data.catalogue.allowed((genre,))).tolist())
    elif which == "taste":
        known = taste.current(data)
        found = best_known(known.likes)
    else:
        item = shelf.pick_item(data)
        row = similar.likeness(data, of).rows(np.array([item]))[0]
        row[item] = np.inf
        found = np.argsort(-row, kind="stable").tolist()
    return np.array(found[:ITEMS], dtype=np.int64)


def _draw(data: Dataset, of: Source, chosen: np.ndarray, M: np.ndarray) -> None:
    n = len(chosen)
    names = [charts.plain(cached.labels(data).card(int(item))["title"]) for item in chosen]
    short = [name if len(name) <= LETTERS else name[: LETTERS - 1].rstrip() + "…" for name in names]
    reach = float(np.nanmax(np.abs(M))) or 1.0
    low, middle, high = ENDS[charts.is_dark()]
    trace = {
        "type": "heatmap",
        "z": np.where(np.isnan(M), None, M.round(6)).tolist(),
        "x": list(range(1, n + 1)),
        "y": list(range(1, n + 1)),
        "customdata": [[[names[i], names[j]] for j in range(n)] for i in range(n)],
        "hovertemplate": "%{customdata[0]}<br>leads to %{customdata[1]}: %{z:+.3g}<extra></extra>",
        "colorscale": [[0, low], [0.5, middle], [1, high]],
        "zmin": -reach,
        "zmax": reach,
        "xgap": 1,
        "ygap": 1,
        "hoverongaps": False,
        "colorbar": {
            **{"orientation": "h", "x": 0.5, "y": 0, "yanchor": "top", "len": 0.8, "thickness": 8},
            **{"outlinewidth": 0, "tickfont": {"size": 11}, "nticks": 5},
        },
    }
    ticks = {"showgrid": False, "zeroline": False, "ticks": ""}
    layout = {
        "xaxis": charts.axis("leads to", side="top", tickvals=[1, *range(5, n + 1, 5)], **ticks),
        "yaxis": charts.axis(
            "",
            autorange="reversed",
            tickvals=list(range(1, n + 1)),
            ticktext=[f"{name}  {place}" for place, name in enumerate(short, 1)],
            tickfont={"size": 12},
            **ticks,
        ),
    }
    alt = f"{n} by {n} items: how much each leads to each other one under {of.entry.title}"
    charts.show("heat", [trace], layout, height=150 + 23 * n, alt=alt)


def _sentence(data: Dataset, chosen: np.ndarray, M: np.ndarray) -> str:
    """How to read it, and its strongest pair."""
    i, j = np.unravel_index(np.nanargmax(M), M.shape)
    labels = cached.labels(data)
    first, second = (similar.escape(labels.card(int(chosen[place]))["title"]) for place in (i, j))
    return (
        f"A row is the item that is known, a column what it leads to; like stands beside like. Strongest: {first} "
        f"leads to {second} ({M[i, j]:+.3g}). Blue raises, brown lowers; the scale is the model's own."
    )


def _table(data: Dataset, chosen: np.ndarray, M: np.ndarray) -> pl.DataFrame:
    ids = data.catalogue.items["item_id"].cast(pl.String).gather(chosen)
    titles = data.catalogue.items["title"].gather(chosen)
    columns = {f"{place}: {name}": M[:, place - 1] for place, name in enumerate(ids, 1)}
    return pl.DataFrame({"item_id": ids, "title": titles} | columns, nan_to_null=True)
