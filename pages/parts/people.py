"""Who is behind a number: the users in a range, and what two models gave one of them."""

from dataclasses import replace

import numpy as np
import polars as pl
import streamlit as st

from pages.parts import downloads, lists, measured, own_model, state, taste, view
from pages.parts.amounts import decimals, signed
from pages.parts.component import component
from pages.parts.frame import escape
from pages.parts.groups import Asked
from pages.parts.measured import Row
from zoo.dataset import Dataset

_people = component("people")
LISTED = 60  # users on the page; the download has all
DEPTH = 20  # items of a list that are compared
PART = 8192  # users at a time
ORDERS = {
    "most": "Highest first",
    "least": "Lowest first",
    "apart": "Largest difference first",
    "unlike": "Lists least alike first",
}


def listed(data: Dataset, asked: Asked, picked: np.ndarray) -> None:
    """The users in the range, in an order that can be chosen; one of them is looked at."""
    lists_known = asked.b is not None and all(measured.has_lists(data, row) for row in (asked.a, asked.b))
    wanted = {"most", "least"} | ({"apart"} if asked.b is not None else set()) | ({"unlike"} if lists_known else set())
    orders = {name: text for name, text in ORDERS.items() if name in wanted}
    order = view.one("order", "Order", orders, "apart" if asked.b is not None else "least", segments=True)
    rows = np.flatnonzero(picked)
    if not len(rows):
        st.info("Nobody lies there. Widen the range.")
        return
    rows = rows[np.argsort(_key(data, asked, order)[rows], kind="stable")]
    ids = data.users["user_id"].cast(pl.String)
    fold = data.test
    n_shown, n_hidden = (np.diff(of.indptr) for of in (fold.fold_in, fold.held_out))
    shown = rows[:LISTED].tolist()
    people = [
        {
            "id": (name := str(ids[int(fold.user_idx[row])])),
            "title": taste.called(data, name),
            "note": f"{n_shown[row]:,} items, {n_hidden[row]:,} hidden",
            "values": _values(asked, row),
        }
        for row in shown
    ]
    heads = [f"{asked.metric.title}, {row.title}" for row in (asked.a, asked.b) if row is not None]
    heads += ["difference"] if asked.b is not None else []
    told = {"heads": heads, "chosen": view.get("person")}
    _people(key="people", data={"of": data.info.fingerprint, "people": people} | told)
    if len(rows) > LISTED:
        st.caption(f"The first {LISTED} of {len(rows):,} users; the download has all of them.")
    downloads.take_home(lambda: table(data, asked, rows), f"{data.name}-users")


def _values(asked: Asked, row: int) -> list[str]:
    first = asked.first[row]
    if asked.second is None:
        return [decimals(first)]
    second = asked.second[row]
    return [decimals(first), decimals(second), signed(first - second)]


def _key(data: Dataset, asked: Asked, order: str) -> np.ndarray:
    """What puts the users in an order, the smallest first, float64 [n]."""
    if order == "unlike":
        return _alike(data, asked)
    values = asked.values
    return {"most": -values, "least": values, "apart": -np.abs(values)}[order]


def _alike(data: Dataset, asked: Asked) -> np.ndarray:
    """Jaccard of the first 20 of both lists, float64 [n]."""
    memory = measured.memory(data, [asked.a, asked.b])
    if "alike" not in memory:
        memory["alike"] = jaccards(*(measured.ranked(data, row)[:, :DEPTH] for row in (asked.a, asked.b)))
    return memory["alike"]


def jaccards(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Shared items divided by all items of both lists, row by row; 0 where both are empty. int [n, k], -1: none."""
    found = np.zeros(len(first))
    for start in range(0, len(first), PART):
        a, b = first[start : start + PART], second[start : start + PART]
        shared = ((a[:, :, None] == b[:, None, :]) & (a >= 0)[:, :, None]).sum(axis=(1, 2))
        total = (a >= 0).sum(axis=1) + (b >= 0).sum(axis=1) - shared
        found[start : start + PART] = shared / np.maximum(total, 1)
    return found


def table(data: Dataset, asked: Asked, rows: np.ndarray) -> pl.DataFrame:
    """One row per user in the range."""
    fold = data.test
    columns = {
        "user_id": data.users["user_id"].gather(fold.user_idx[rows]),
        "n_fold_in": np.diff(fold.fold_in.indptr)[rows],
        "n_held_out": np.diff(fold.held_out.indptr)[rows],
        "group": [asked.segments.labels[place] if place >= 0 else None for place in asked.segments.of[rows].tolist()],
        f"{asked.a.name}_{asked.metric.name}": asked.first[rows],
    }
    if asked.second is not None:
        columns[f"{asked.b.name}_{asked.metric.name}"] = asked.second[rows]
    return pl.DataFrame(columns)


def one_person(data: Dataset, asked: Asked) -> None:
    """Their history, and the lists that both models gave them, with what they really chose marked."""
    name = view.get("person")
    user_idx = data.users["user_id"].cast(pl.String).index_of(name) if name else None
    place = None if user_idx is None else np.flatnonzero(data.test.user_idx == user_idx)
    if place is None or not len(place):
        if name:
            view.misfit("person")
        return
    row = int(place[0])
    st.markdown(f"## {escape(taste.called(data, name))}")
    hidden = set(data.hidden_choices(user_idx).tolist())
    asked_rows = [asked.a] + ([asked.b] if asked.b else [])
    stored = [_first(measured.ranked(data, one), row) for one in asked_rows]
    lists.show_stored(data, [one.chip() for one in asked_rows], stored, data.history(user_idx).tolist(), hidden)
    _ways(data, user_idx, asked_rows)


def _first(ranked: np.ndarray | None, row: int) -> list[int]:
    return [] if ranked is None else [int(item) for item in ranked[row, :DEPTH] if item >= 0]


def _ways(data: Dataset, user_idx: int, asked_rows: list[Row]) -> None:
    models = [row.name for row in asked_rows if row.entry or row.name in own_model.SLOTS]
    if models and st.button("Open this taste in Compare", icon=":material/compare_arrows:"):
        visit = state.visit(data.info.fingerprint)
        state.remember(data.info.fingerprint, replace(visit, looking=True, user_idx=user_idx))
        for name in ("models", "shown-models"):
            state.keep(name, models)
        st.switch_page("pages/try/compare.py")
