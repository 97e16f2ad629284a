"""What stands in a cell of the leaderboard: a figure or a difference, its interval, what may be said, whose it is."""

import math
from collections.abc import Mapping

from pages.parts.amounts import decimals, p_text, signed
from pages.parts.measured import Row
from pages.parts.shown import Shown
from zoo.dataset import Dataset
from zoo.metrics import Exposure, Metric
from zoo.significance import MIN_USERS, Comparison

INTERVAL = "The interval is that of the mean, or of the difference, with other test users (95 %). "


def head(metric: Metric | Exposure, sort: str) -> dict:
    """The head of a column: its definition, and whether the table is sorted by it."""
    sorted_ = None
    if metric.name == sort:
        sorted_ = "ascending" if metric.better == "lower" else "descending"
    kind = (
        "" if isinstance(metric, Metric) else " A figure of all lists together: no user has one, so none is compared."
    )
    which = {"higher": "Higher is better.", "lower": "Lower is better.", "neither": "Neither more nor less is better."}
    why = f"{metric.definition} {which[metric.better]}{kind} {INTERVAL}"
    return {"name": metric.name, "title": metric.title, "why": why, "sorted": sorted_}


def row(data: Dataset, shown: Shown, of: Row, metrics: list[str]) -> dict:
    """A model, or lists made elsewhere, by some metrics."""
    note = of.lists.note() if of.lists else None
    return of.chip() | {"cells": [_cell(shown, of, name) for name in metrics], "note": note}


def _cell(shown: Shown, row: Row, metric: str) -> dict | None:
    """The figure, or the difference to the pinned one; None where there is neither."""
    figure, of, base = shown.board.figures[metric].get(row.name), shown.board.metrics[metric], shown.baseline
    if figure is None:
        return None
    if base is None or row.name == base.name:
        return _figure(shown, row, metric, _state(shown, metric, row.name) if base is None else None)
    compared = shown.against[metric]
    if row.name not in compared:
        return _figure(shown, row, metric, "alone")
    return _difference(compared, compared[row.name], of, shown.only_differences) | {"event": _event(of, row, base)}


def _event(of: Metric | Exposure, row: Row, base: Row | None) -> dict:
    """Where a figure leads: to its users, or to what is shown to them."""
    if isinstance(of, Exposure):
        return {"kind": "view", "go": "catalogue", "set": {"of": ""}}
    return users_behind(of.name, row.name, base.name if base else "")


def users_behind(metric: str, a: str, b: str) -> dict:
    """What a click says that leads to the users behind a figure of a, or behind the difference of a and b."""
    return {"kind": "view", "go": "segments", "set": {"metric": metric, "a": a, "b": b, "range": "", "group": ""}}


def _figure(shown: Shown, row: Row, metric: str, state: str | None) -> dict:
    """A mean and its interval, on a bar from 0, or from the lowest end below it, to the highest of the column."""
    figure = shown.board.figures[metric][row.name]
    bare = shown.only_differences and state in ("level", "few")
    of_all = shown.board.figures[metric].values()
    low, high = min(0.0, *(one.low for one in of_all)), max(0.0, *(one.high for one in of_all))
    reach = (high - low) or 1.0
    zero = {"zero": -low / reach} if low < 0 else {}
    return zero | {
        "mean": None if bare else decimals(figure.mean),
        "interval": "" if bare else f"[{decimals(figure.low)}, {decimals(figure.high)}]",
        "n": f"{figure.n:,} users",
        "at": [(end - low) / reach for end in (figure.low, figure.mean, figure.high)],
        "state": state,
        "event": _event(shown.board.metrics[metric], row, None),
    }


def _difference(all_of: Mapping[str, Comparison], one: Comparison, of: Metric | Exposure, bare: bool) -> dict:
    """bare : where nothing is told apart, no figures. No interval where one user or none has both."""
    ends = [abs(end) for other in all_of.values() for end in (other.low, other.high) if math.isfinite(end)]
    reach = max(ends, default=0.0) or 1.0
    better = (one.difference > 0) == (of.better != "lower")
    word = ("higher" if one.difference > 0 else "lower") if of.better == "neither" else ("more" if better else "less")
    state = "few" if one.n < MIN_USERS else word if one.distinguishable else "level"
    bare = one.n == 0 or (bare and state in ("level", "few"))
    known = one.n > 1
    return {
        "mean": None if bare else signed(one.difference),
        "interval": f"[{signed(one.low)}, {signed(one.high)}]" if known and not bare else "",
        "n": f"{one.n:,} users" + ("" if one.n < MIN_USERS else f", {p_text(one.p_holm)} after Holm"),
        "at": [0.5 + 0.5 * end / reach for end in (one.low, one.difference, one.high)] if known else None,
        "zero": 0.5,
        "state": state,
    }


def _state(shown: Shown, metric: str, name: str) -> str | None:
    if name == shown.board.best(metric):
        return "best"
    if name in shown.board.level(metric):
        return "level"
    few = isinstance(shown.board.metrics[metric], Metric) and shown.board.figures[metric][name].n < MIN_USERS
    return "few" if few else None
