"""The leaderboard: the verdict, models by metrics with their intervals, and what they are compared with."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
import streamlit as st

from pages.parts import measured, protocol, state, view
from pages.parts.component import component
from pages.parts.frame import escape
from pages.parts.measured import Row
from pages.parts.standing import ahead, listed, sentence
from zoo.board import Board
from zoo.card import Interval
from zoo.dataset import Dataset
from zoo.metrics import Exposure, Metric
from zoo.significance import MIN_USERS, Comparison
from zoo.verdict import CLOSING

_board = component("board")
LEFT = "The interval is that of the mean, or of the difference, with other test users (95 %). "


@dataclass(frozen=True, eq=False)
class Shown:
    """What the controls of the page ask for."""

    board: Board
    rows: list[Row]  # in the order of the table
    k: int | None  # None: each metric's usual one
    sort: str  # a metric
    baseline: Row | None
    only_differences: bool

    @property
    def titles(self) -> dict[str, str]:
        return {row.name: row.title for row in self.rows}


def controls(data: Dataset) -> Shown:
    """Metrics, k, baseline and what is left out."""
    rows = measured.rows(data)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        with st.popover("Metrics", icon=":material/tune:"):
            families = view.several("metrics", "Metrics, from left to right", measured.titles(), measured.USUAL, most=8)
            ks = {"usual": "as usual"} | {str(k): str(k) for k in measured.KS}
            k = view.one(
                "at",
                "Length of the lists (k)",
                ks,
                "usual",
                segments=True,
                help="As usual: 100 for nDCG and MRR, 20 for the others.",
            )
        nobody = {"": "nobody: the figures themselves"}
        baseline = view.one("baseline", "Compare with", nobody | {row.name: row.title for row in rows}, "")
        only = view.switch(
            "differing",
            "Only differences",
            help="Leaves out what these users do not tell apart from the best, or from the pinned one.",
        )
    length = None if k == "usual" else int(k)
    wanted = measured.metrics(families, length)
    with st.spinner("Comparing every two models …", show_time=True):
        board = measured.board(data, wanted)
    sort = view.get("sort")
    sort = sort if sort in wanted else next(iter(wanted))
    ordered = sorted(rows, key=lambda row: _place(board, sort, row.name))
    pinned = next((row for row in ordered if row.name == baseline), None)
    return Shown(board, ordered, length, sort, pinned, only)


def _place(board: Board, metric: str, name: str) -> float:
    found = board.figures[metric].get(name)
    sign = 1.0 if board.metrics[metric].better == "lower" else -1.0
    return float("inf") if found is None else sign * found.mean


def verdict(data: Dataset, shown: Shown) -> None:
    """The one thing to know, in words."""
    board, titles = shown.board, shown.titles
    metric = next((name for name in board.comparisons if board.best(name)), None)
    if metric is None:
        few = f"{data.info.n_test_users:,} test users, or metrics of which neither more nor less is better: no verdict."
        st.markdown(f"### {escape(few)}")
        return
    title = board.metrics[metric].title
    if shown.baseline is not None:
        said = _against(shown, metric)
    else:
        better = board.metrics[metric].better
        pairs = ahead(board.comparisons[metric])
        pairs = {(b, a) for a, b in pairs} if better == "lower" else pairs
        said = sentence(board.rivals(metric), pairs, titles, title, lowest=better == "lower")
    st.markdown(f"### {escape(said)}")
    words = [protocol.told(data), CLOSING.format(these="these trained models")]
    if len(board.comparisons) > 1:
        words.append("Each metric is a question of its own: the more one looks at, the more likely one of them errs.")
    st.caption(escape(" ".join(words)))


def _against(shown: Shown, metric: str) -> str:
    """Who is told apart from the pinned one, in one sentence."""
    compared = shown.board.against(shown.baseline.name, metric)
    lower = shown.board.metrics[metric].better == "lower"
    title, base = shown.board.metrics[metric].title, shown.baseline.title
    if not compared:
        return f"{base} has no {title}: nothing can be compared with it."
    kinds: dict[str, list[str]] = {"better": [], "worse": [], "level": [], "few": []}
    for row in shown.rows:
        if (one := compared.get(row.name)) is not None:
            kind = "few" if one.n < MIN_USERS else "level"
            kind = ("better" if (one.difference > 0) != lower else "worse") if one.distinguishable else kind
            kinds[kind].append(row.title)
    better = f"better than {base}: {listed(kinds['better'])}" if kinds["better"] else None
    parts = [better or f"nobody is shown to be better than {base}"]
    parts += [f"worse: {listed(kinds['worse'])}"] if kinds["worse"] else []
    parts += [f"not told apart from it: {listed(kinds['level'])}"] if kinds["level"] else []
    parts += [f"too few users to say: {listed(kinds['few'])}"] if kinds["few"] else []
    return f"By {title}, {'; '.join(parts)}."


def table(data: Dataset, shown: Shown) -> None:
    """The board itself, and what it leaves out."""
    metrics = list(shown.board.metrics)
    dropped = []
    if shown.only_differences:
        dropped = [name for name in metrics if not _differs(shown, name)]
        metrics = [name for name in metrics if name not in dropped]
    rows = [_row(data, shown, row, metrics) for row in shown.rows]
    columns = [_head(shown, shown.board.metrics[name]) for name in metrics]
    corner = f"minus {shown.baseline.title}" if shown.baseline else f"{data.info.n_test_users:,} test users"
    pinned = shown.baseline.name if shown.baseline else None
    told = {"corner": corner, "baseline": pinned, "caption": "Models and metrics, with 95 % intervals"}
    if metrics:
        _board(key="board", data={"of": data.info.fingerprint, "columns": columns, "rows": rows} | told)
    notes = [f"{shown.board.metrics[name].title}: {_why_dropped(shown, shown.board.metrics[name])}" for name in dropped]
    notes += [f"{title}: {why}" for title, why in measured.left_out(data)]
    for note in notes:
        st.caption(escape(note))


def _why_dropped(shown: Shown, metric: Metric | Exposure) -> str:
    if isinstance(metric, Exposure):
        return "a figure of all lists together, which no test compares."
    return f"these users tell nobody apart{f' from {shown.baseline.title}' if shown.baseline else ''}."


def _differs(shown: Shown, metric: str) -> bool:
    if shown.baseline is not None:
        return any(one.distinguishable for one in shown.board.against(shown.baseline.name, metric).values())
    return any(one.distinguishable for one in shown.board.comparisons.get(metric, []))


def _head(shown: Shown, metric: Metric | Exposure) -> dict:
    sorted_ = None
    if metric.name == shown.sort:
        sorted_ = "ascending" if metric.better == "lower" else "descending"
    kind = (
        "" if isinstance(metric, Metric) else " A figure of all lists together: no user has one, so none is compared."
    )
    which = {"higher": "Higher is better.", "lower": "Lower is better.", "neither": "Neither more nor less is better."}
    why = f"{metric.definition} {which[metric.better]}{kind} {LEFT}"
    return {"name": metric.name, "title": metric.title, "why": why, "sorted": sorted_}


def _row(data: Dataset, shown: Shown, row: Row, metrics: list[str]) -> dict:
    cells = [_cell(shown, row, name) for name in metrics]
    note = f"lists of {measured.n_users(data, row):,} users" if row.lists else None
    return row.chip() | {"cells": cells, "note": note}


def _cell(shown: Shown, row: Row, metric: str) -> dict | None:
    figure = shown.board.figures[metric].get(row.name)
    if figure is None:
        return None
    of = shown.board.metrics[metric]
    go = {"kind": "view", "go": "segments", "set": {"metric": metric, "a": row.name, "b": "", "range": "", "group": ""}}
    event = go if isinstance(of, Metric) else {"kind": "view", "go": "catalogue", "set": {"of": ""}}
    base = shown.baseline
    compared = shown.board.against(base.name, metric) if base is not None else {}
    if base is not None and row.name != base.name and row.name in compared:
        if isinstance(of, Metric):
            go["set"]["b"] = base.name
        return _difference(compared, compared[row.name], of, shown.only_differences, event)
    state = _state(shown, metric, row.name) if base is None else None if row.name == base.name else "alone"
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
        "event": event,
    }


def _difference(
    all_of: Mapping[str, Comparison], one: Comparison, of: Metric | Exposure, bare: bool, event: dict
) -> dict:
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
        "event": event,
    }


def p_text(p: float) -> str:
    """
    >>> p_text(0.0321), p_text(0.0)
    ('p = 0.032', 'p < 0.0001')
    """
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.2g}"


def _state(shown: Shown, metric: str, name: str) -> str | None:
    if name == shown.board.best(metric):
        return "best"
    if name in shown.board.level(metric):
        return "level"
    few = isinstance(shown.board.metrics[metric], Metric) and shown.board.figures[metric][name].n < MIN_USERS
    return "few" if few else None


def decimals(value: float) -> str:
    """
    >>> decimals(0.34567), decimals(8.21), decimals(123.4)
    ('0.346', '8.21', '123.4')
    """
    size = abs(value)
    return f"{value:.{3 if size < 2 else 2 if size < 100 else 1}f}".replace("-", "−")


def signed(value: float) -> str:
    """
    >>> signed(0.0123), signed(-0.2)
    ('+0.0123', '−0.2000')
    """
    return f"{value:+.4f}".replace("-", "−")


def figures_table(shown: Shown) -> pl.DataFrame:
    """One row per model and metric."""
    return pl.DataFrame(
        [
            {"model": row.name, "title": row.title, "metric": name} | _plain(of.get(row.name)) | {
                "best": row.name == shown.board.best(name),
                "not_told_apart_from_the_best": row.name in shown.board.level(name),
            }
            for name, of in shown.board.figures.items()
            for row in shown.rows
        ],
        infer_schema_length=None,
    )  # fmt: skip


def _plain(interval: Interval | None) -> dict:
    return {"mean": None, "low": None, "high": None, "n": 0} if interval is None else interval.model_dump()


def pairs_table(shown: Shown) -> pl.DataFrame:
    """Every two that were compared, or everybody minus the pinned one."""
    base = shown.baseline
    found = [
        one
        for metric in shown.board.comparisons
        for one in (shown.board.against(base.name, metric).values() if base else shown.board.comparisons[metric])
    ]
    keys = (
        "metric",
        "a",
        "b",
        "n",
        "difference",
        "low",
        "high",
        "p",
        "p_holm",
        "effect_size",
        "share_higher",
        "share_lower",
    )
    table = pl.DataFrame([{key: getattr(one, key) for key in keys} for one in found], infer_schema_length=None)
    return table.with_columns(told_apart=pl.Series([one.distinguishable for one in found], dtype=pl.Boolean))


def pairs(data: Dataset, shown: Shown) -> None:
    """Every two compared, as a table of Streamlit's, which sorts and searches."""
    per_user = [name for name in shown.board.metrics if shown.board.comparisons.get(name)]
    if not per_user:
        return
    with st.expander("Every two compared", icon=":material/balance:"):
        names = {name: shown.board.metrics[name].title for name in per_user}
        metric = view.one("pairs", "Metric", names, per_user[0], segments=True)
        base = shown.baseline
        found = list(shown.board.against(base.name, metric).values()) if base else shown.board.comparisons[metric]
        titles = shown.titles
        table = pl.DataFrame(
            {
                "first": [titles[one.a] for one in found],
                "second": [titles[one.b] for one in found],
                "difference": [one.difference for one in found],
                "low": [one.low for one in found],
                "high": [one.high for one in found],
                "p": [one.p_holm for one in found],
                "verdict": [_word(one) for one in found],
                "higher": [one.share_higher for one in found],
                "lower": [one.share_lower for one in found],
                "n": [one.n for one in found],
            }
        )
        column = st.column_config
        st.caption("Choose a row: who are the users behind it?")
        key = f"every-two-{view.key_of('a')}"
        st.dataframe(
            table,
            hide_index=True,
            key=key,
            on_select=lambda: _follow(key, metric, found),
            selection_mode="single-row",
            column_config={
                "first": column.TextColumn("First"),
                "second": column.TextColumn("Second"),
                "difference": column.NumberColumn(
                    "Difference", format="%+.4f", help="Mean of the first minus the second."
                ),
                "low": column.NumberColumn("from", format="%+.4f", help="95 % interval of the difference, lower end."),
                "high": column.NumberColumn("to", format="%+.4f", help="95 % interval of the difference, upper end."),
                "p": column.NumberColumn(
                    "p (Holm)", format="%.4f", help="Permutation test, after Holm over these rows."
                ),
                "verdict": column.TextColumn("Verdict"),
                "higher": column.NumberColumn("First ahead", format="percent", help="Share of users."),
                "lower": column.NumberColumn("Second ahead", format="percent", help="Share of users."),
                "n": column.NumberColumn("Users", help="For whom both have the metric."),
            },
        )


def _follow(key: str, metric: str, found: list[Comparison]) -> None:
    """A row leads to the users on whom its two differ."""
    if chosen := st.session_state[key].selection.rows:
        one = found[chosen[0]]
        state.show({"metric": metric, "a": one.a, "b": one.b, "range": "", "group": ""})
        state.session().going = "segments"


def _word(one: Comparison) -> str:
    if one.n < MIN_USERS:
        return "too few users"
    return "told apart" if one.distinguishable else "not told apart"
