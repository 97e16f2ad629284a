"""The leaderboard as tables: every figure, and every two compared, to read, to follow and to take home."""

import math

import polars as pl
import streamlit as st

from pages.parts import cells, measured, view
from pages.parts.amounts import p_text, signed
from pages.parts.component import component
from pages.parts.shown import Shown
from zoo.board import turned
from zoo.dataset import Dataset
from zoo.significance import MIN_USERS, Comparison

_pairs = component("pairs", "heads")
DASH = "–"
COLUMNS = [
    {"name": "first", "title": "First"},
    {"name": "second", "title": "Second"},
    {
        "name": "difference",
        "title": "Difference",
        "why": "Mean of the first minus the second, over users for whom both have the metric. " + cells.INTERVAL,
    },
    {
        "name": "verdict",
        "title": "Verdict",
        "why": f"Told apart: p is below 0.05, the interval leaves out 0, and {MIN_USERS} users or more have both.",
    },
    {
        "name": "p",
        "title": "p (Holm)",
        "why": "Permutation test of the difference, after Holm over all that are compared here.",
    },
    {
        "name": "ahead",
        "title": "Ahead",
        "why": "Share of these users for whom the first has the higher figure, and for whom the second has.",
    },
    {"name": "n", "title": "Users", "why": "Test users for whom both have the metric."},
]
KEYS = (
    *("metric", "a", "b", "n", "difference", "low", "high", "p", "p_holm"),
    *("effect_size", "share_higher", "share_lower"),
)


def figures_table(shown: Shown) -> pl.DataFrame:
    """One row per model and metric."""
    return pl.DataFrame(
        [
            {"model": row.name, "title": row.title, "metric": name} | measured.plain(of.get(row.name)) | {
                "best": row.name == shown.board.best(name),
                "not_told_apart_from_the_best": row.name in shown.board.level(name),
            }
            for name, of in shown.board.figures.items()
            for row in shown.rows
        ],
        infer_schema_length=None,
    )  # fmt: skip


def pairs_table(shown: Shown) -> pl.DataFrame:
    """Every two that were compared, or everybody minus the pinned one."""
    found = [one for metric in shown.board.comparisons for one in _in_order(shown, metric)]
    table = pl.DataFrame([{key: getattr(one, key) for key in KEYS} for one in found], infer_schema_length=None)
    return table.with_columns(told_apart=pl.Series([one.distinguishable for one in found], dtype=pl.Boolean))


def show(data: Dataset, shown: Shown) -> None:
    """Every two compared, as a table that sorts in the browser; made when it is opened."""
    per_user = [name for name in shown.board.metrics if shown.board.comparisons.get(name)]
    if not per_user:
        return
    key = f"every-two-{view.key_of('pairs')}"
    if key not in st.session_state:  # a fold that is said to start otherwise is made anew
        st.session_state[f"start-{key}"] = view.get("pairs") != ""  # a link leads to it
    opened = st.session_state[f"start-{key}"]
    fold = st.expander("Every two compared", opened, key=key, icon=":material/balance:", on_change="rerun")
    if not fold.open:
        view.put("pairs", "")
        return
    with fold:
        names = {name: shown.board.metrics[name].title for name in per_user}
        metric = view.one("pairs", "Metric", names, per_user[0], segments=True)
        view.put("pairs", metric)  # the usual one, too: by it whoever comes back finds the fold open
        found = _in_order(shown, metric)
        kept = [one for one in found if one.distinguishable or not shown.only_differences]
        left_out = f" {len(found) - len(kept)} that are not told apart are left out." if len(kept) < len(found) else ""
        st.caption(f"A head sorts. A row leads to the users on whom its two differ.{left_out}")
        rows = [_row(metric, one, shown.titles) for one in kept]
        told = {"columns": COLUMNS, "rows": rows, "models": {row.name: row.chip() for row in shown.rows}}
        caption = f"Every two compared by {names[metric]}"
        _pairs(key="pairs", data={"of": data.info.fingerprint, "caption": caption} | told)


def _in_order(shown: Shown, metric: str) -> list[Comparison]:
    """As the board has them, from the top on: the higher of two minus the lower one, or everybody minus the pinned."""
    place = {row.name: at for at, row in enumerate(shown.rows)}
    found = shown.comparisons(metric)
    if shown.baseline is None:
        found = [one if place[one.a] < place[one.b] else turned(one) for one in found]
    return sorted(found, key=lambda one: (place[one.a], place[one.b]))


def _row(metric: str, one: Comparison, titles: dict[str, str]) -> dict:
    """What stands in a row, by what it is sorted, and where it leads."""
    few = one.n < MIN_USERS
    sure = one.distinguishable
    first, second = titles[one.a], titles[one.b]
    values = {
        "first": first.casefold(),
        "second": second.casefold(),
        "difference": _or_none(one.difference),
        "verdict": sure - few,
        "p": _or_none(one.p_holm),
        "ahead": one.share_higher if one.n else None,
        "n": one.n,
    }
    texts = {
        "first": first,
        "second": second,
        "difference": signed(one.difference) if one.n else DASH,
        "verdict": "too few users" if few else "told apart" if sure else "not told apart",
        "p": DASH if values["p"] is None else p_text(one.p_holm).removeprefix("p ").removeprefix("= "),
        "ahead": f"{100 * one.share_higher:.1f} / {100 * one.share_lower:.1f} %" if one.n else DASH,
        "n": f"{one.n:,}",
    }
    return {
        "pair": [one.a, one.b],
        "cells": [{"text": texts[column["name"]], "value": values[column["name"]]} for column in COLUMNS],
        "interval": f"[{signed(one.low)}, {signed(one.high)}]" if one.n > 1 else "",
        "sure": sure,
        "event": cells.users_behind(metric, one.a, one.b),
    }


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
