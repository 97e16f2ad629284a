"""The catalogue owner's view: who would be shown an item or a genre, at which ranks, and what is never shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import polars as pl
import streamlit as st

from pages.parts import cached, charts, downloads, measured, taste, view
from pages.parts.component import component
from pages.parts.frame import escape
from pages.parts.items import genre_text
from pages.parts.measured import Row
from zoo.dataset import Dataset
from zoo.exposed import Places, Shown, never_shown, shown
from zoo.metrics.exposure import gini

_shelf = component("shelf", "poster")
_find = component("find", "poster", "combobox")
FOUND = 12  # suggestions
LISTED = 60  # items or people on the page; the downloads have all
WHYS = {  # what the heads of the summary mean
    "Items shown": "Different items that stand in anybody's list.",
    "Never shown": "Items that stand in nobody's list.",
    "Gini": "How unevenly the places are shared out: 0 where every item has as many, 1 where one item has them all.",
    "Half of all places go to": "The fewest items that together fill half of all places in the lists.",
    "Users shown it": "Users in whose list it stands, and their share of all test users.",
    "Users shown any": "Users in whose list any of these items stands, and their share of all test users.",
    "Of all places": "The share of all places in the lists that it takes.",
    "Median rank": "Where it stands: half of its places are at this rank or above. 1 is the top of a list.",
    "Of those places, chosen": "How often the user had really chosen it, which no model was shown.",
}
OF = {"all": "Whole catalogue", "genre": "A genre", "item": "An item"}


@dataclass(frozen=True, eq=False)
class Asked:
    """What of the catalogue is looked at, in lists of which length."""

    k: int
    what: str  # "all", "genre", "item"
    among: np.ndarray  # bool [I]
    title: str
    item: int | None = None


def controls(data: Dataset) -> Asked:
    options = OF if data.catalogue.genres() else {name: text for name, text in OF.items() if name != "genre"}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        what = view.one("of", "Of the catalogue", options, "all", segments=True)
        ks = {str(k): f"first {k}" for k in measured.KS}
        k = int(view.one("depth", "Of each list", ks, "20", segments=True))
    everything = np.ones(data.info.n_items, dtype=bool)
    if what == "genre":
        genres = {genre: genre_text(genre) for genre in data.catalogue.genres()}
        genre = view.one("genre", "Genre", genres, next(iter(genres)))
        return Asked(k, what, data.catalogue.allowed((genre,)), genre_text(genre))
    if what == "item":
        item = pick_item(data)
        return Asked(k, what, np.arange(data.info.n_items) == item, cached.labels(data).card(item)["title"], item)
    return Asked(k, what, everything, "the whole catalogue")


@st.fragment
def _search(data: Dataset, chosen: int) -> None:
    """Typing reruns this fragment alone."""
    query = ((st.session_state.get("find") or {}).get("query") or {}).get("text", "")
    labels = cached.labels(data)
    ids = data.catalogue.items["item_id"]
    options = [labels.card(idx) | {"item": str(ids[idx])} for idx in data.catalogue.search(query, FOUND)]
    told = {"of": data.info.fingerprint, "query": query, "options": options, "card": labels.card(chosen)}
    _find(key="find", data=told | {"hint": f"Search {data.info.n_items:,} items"}, on_query_change=lambda: None)


def pick_item(data: Dataset) -> int:
    """The item in the address; else the one that most people know."""
    name = view.get("item")
    found = int(data.catalogue.columns_of([name])[0]) if name else -1
    if name and found < 0:
        view.misfit("item")
    found = found if found >= 0 else cached.labels(data).starters[0]
    _search(data, found)
    return found


def exposures(data: Dataset, k: int) -> dict[str, tuple[Row, np.ndarray]]:
    """How often each item is shown, by everybody who kept lists."""
    found = ((row, measured.exposure(data, row, k)) for row in measured.rows(data))
    return {row.name: (row, counts) for row, counts in found if counts is not None}


def summary(data: Dataset, asked: Asked, exposed: Mapping[str, tuple[Row, np.ndarray]]) -> None:
    """Per model: in how many lists, at which ranks, and how often that was right."""
    rows, tables = [], []
    own: dict[str, Places] = {}
    for name, (row, exposure) in exposed.items():
        places = None if asked.what == "all" else own.setdefault(name, _places(data, row, asked))
        figures = _numbers(exposure, places, measured.n_users(data, row))
        event = {"kind": "view", "set": {"under": name}}
        n = measured.n_users(data, row)
        note = f"lists of {n:,} users: they show less" if n < data.info.n_test_users else None
        rows.append(row.chip() | _told(figures, places) | {"event": event, "note": note})
        tables.append({"model": name} | figures)
    st.markdown(f"*{escape(_sentence(data, asked))}*")
    heads = ["Items shown", "Never shown", "Gini", "Half of all places go to"]
    if asked.what != "all":
        shown_it = "Users shown it" if asked.item is not None else "Users shown any"
        heads = [shown_it, "Of all places", "Median rank", "Of those places, chosen"]
    told = {"rows": rows, "heads": heads, "whys": [WHYS[head] for head in heads], "k": asked.k}
    _shelf(key="shelf", data={"of": data.info.fingerprint} | told)
    downloads.take_home(lambda: pl.DataFrame(tables), f"{data.name}-exposure")
    if asked.what != "all":
        ranks(data, asked, exposed, own)


def _shown(data: Dataset, row: Row, asked: Asked) -> Shown:
    return shown(measured.ranked(data, row), data.test.held_out, asked.among, asked.k)


def _places(data: Dataset, row: Row, asked: Asked) -> Places:
    """Counted once per item or genre: whose places they are is only asked of the model that is looked at."""
    if row.lists:
        return _shown(data, row, asked).places(asked.k)
    return cached.places(data, row.entry, crc32(asked.among.tobytes()), asked.k, asked.among)


def _numbers(exposure: np.ndarray, places: Places | None, n: int) -> dict:
    total = max(1, int(exposure.sum()))
    if places is None:
        half = int(np.searchsorted(np.cumsum(np.sort(exposure)[::-1]), total / 2) + 1) if exposure.any() else 0
        n_shown = int((exposure > 0).sum())
        figures = {"items_shown": n_shown, "items_never_shown": len(exposure) - n_shown, "gini": gini(exposure)}
        return figures | {"items_with_half_of_all_places": half, "users": n}
    n_places = int(places.ranks.sum())
    held = {"users": places.users, "share_of_users": places.users / max(1, n)}
    held |= {"places": n_places, "share_of_places": n_places / total}
    return held | {"median_rank": places.median, "chosen": places.chosen}


def _told(of: dict, places: Places | None) -> dict:
    if places is None:
        values = [f"{of['items_shown']:,}", f"{of['items_never_shown']:,}", f"{of['gini']:.3f}"]
        return {"values": [*values, f"{of['items_with_half_of_all_places']:,} items"], "strip": None}
    values = [f"{of['users']:,} ({100 * of['share_of_users']:.1f} %)", f"{100 * of['share_of_places']:.2f} %"]
    values.append("–" if of["median_rank"] is None else f"{of['median_rank']:g}")
    values.append(f"{of['chosen']:,} of {of['places']:,}")
    return {"values": values, "strip": (places.ranks / max(1, places.ranks.max())).tolist()}


def _sentence(data: Dataset, asked: Asked) -> str:
    people = "simulated viewers" if data.info.simulated else "people"
    if asked.what == "all":
        return f"What the first {asked.k} of {data.info.n_test_users:,} lists show of {data.info.n_items:,} items."
    if asked.item is not None:
        n = int(data.item_facts.counts[asked.item])
        return f"{asked.title}: chosen by {n:,} of {data.item_facts.n_users:,} {people} that the models learned from."
    n, counts = int(asked.among.sum()), data.item_facts.counts
    fair = counts[asked.among].sum() / max(1, counts.sum())
    share = f"{100 * fair:.1f} % of all choices that the models learned from"
    return f"{asked.title}: {n:,} of {data.info.n_items:,} items, with {share}."


def ranks(
    data: Dataset, asked: Asked, exposed: Mapping[str, tuple[Row, np.ndarray]], places: Mapping[str, Places]
) -> None:
    """At which ranks, and to whom: the users under one model."""
    names = {name: row.title for name, (row, _) in exposed.items()}
    most = max(places, key=lambda name: int(places[name].ranks.sum()))
    st.markdown("## Who is shown it")
    model = view.one("under", "Under", names, most)
    row = exposed[model][0]
    found = _shown(data, row, asked)
    if not len(found.rows):
        st.info(f"{row.title} shows it to none of {measured.n_users(data, row):,} test users.")
        return
    colour = charts.look(row.chip())[0]
    counts = np.bincount(found.ranks - 1, minlength=asked.k)
    trace = {
        "type": "bar",
        "x": list(range(1, asked.k + 1)),
        "y": counts.tolist(),
        "marker": {"color": colour},
        "hovertemplate": "rank %{x}: %{y:,} lists<extra></extra>",
    }
    layout = {"xaxis": charts.axis("Rank"), "yaxis": charts.axis("Lists", rangemode="tozero"), "bargap": 0.1}
    charts.show("ranks", [trace], layout, height=240, alt=f"Ranks at which {row.title} shows it")
    _people(data, row, found)


def _people(data: Dataset, row: Row, found: Shown) -> None:
    """Whom the model shows it to, the highest rank first; each leads to history and lists."""
    once, first = np.unique(found.rows, return_index=True)  # the highest rank of each: they come first
    order = np.argsort(found.ranks[first], kind="stable")
    once, first = once[order], first[order]
    ids = data.users["user_id"].cast(pl.String)
    labels = cached.labels(data)
    go = {"kind": "view", "go": "segments"}
    people = [
        {
            "id": (name := str(ids[int(data.test.user_idx[user])])),
            "title": taste.called(data, name),
            "note": f"rank {found.ranks[at]}: {labels.card(int(found.items[at]))['title']}"
            + (" · really chosen" if found.chosen[at] else ""),
            "event": go | {"set": {"person": name, "a": row.name, "b": "", "range": "", "group": ""}},
        }
        for user, at in zip(once[:LISTED].tolist(), first[:LISTED].tolist(), strict=True)
    ]
    _shelf(key="shelf-people", data={"of": data.info.fingerprint, "people": people})
    if len(once) > LISTED:
        st.caption(f"The first {LISTED} of {len(once):,} users; the download has all of them.")
    table = {
        "user_id": data.users["user_id"].gather(data.test.user_idx[found.rows]),
        "item_id": data.catalogue.items["item_id"].gather(found.items),
        "rank": found.ranks,
        "chosen": found.chosen,
    }
    downloads.take_home(lambda: pl.DataFrame(table), f"{data.name}-{row.name}-shown")


def unseen(data: Dataset, asked: Asked, exposed: Mapping[str, tuple[Row, np.ndarray]]) -> None:
    """What stands in nobody's list, under one model or under any; the most chosen first."""
    names = {name: row.title for name, (row, _) in exposed.items()}
    if asked.what == "all":
        st.markdown("## What is never shown")
        one = view.one("under", "Under", {"": "any model", **names}, "")
    else:
        st.markdown("## What of it no model ever shows")
        one = ""
    under = {one: exposed[one]} if one else exposed
    items = never_shown({name: counts for name, (_, counts) in under.items()})
    items = items[asked.among[items]]
    by = names[one] if one else f"any of {len(exposed)} models"
    st.markdown(
        f"**{len(items):,} of {int(asked.among.sum()):,} items** stand in none of the first {asked.k} places of "
        f"{data.info.n_test_users:,} test users' lists, under {escape(by)}."
    )
    if not len(items):
        return
    counts = data.item_facts.counts
    items = items[np.argsort(-counts[items], kind="stable")]
    labels = cached.labels(data)
    ids = data.catalogue.items["item_id"]
    cards = [
        labels.card(int(item))
        | {
            "note": f"chosen by {counts[item]:,}",
            "event": {"kind": "view", "set": {"of": "item", "item": str(ids[int(item)])}},
        }
        for item in items[:LISTED]
    ]
    _shelf(key="shelf-unseen", data={"of": data.info.fingerprint, "cards": cards})
    if len(items) > LISTED:
        st.caption(f"The {LISTED} that people chose most; the download has all of them.")
    table = data.catalogue.items.select("item_id", "title", "year")[items].with_columns(
        chosen_in_training=pl.Series(counts[items])
    )
    downloads.take_home(lambda: table, f"{data.name}-never-shown")
