"""The leaderboard: the verdict, models by metrics with their intervals, and what they are compared with."""

import streamlit as st

from pages.parts import advice, cells, measured, protocol, view
from pages.parts.component import component
from pages.parts.frame import escape
from pages.parts.shown import Shown
from pages.parts.standing import ahead, listed, sentence
from zoo.board import Board
from zoo.dataset import Dataset
from zoo.metrics import Exposure, Metric
from zoo.significance import MIN_USERS
from zoo.verdict import CLOSING

_board = component("board", "heads")


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
        others = nobody | {row.name: row.title for row in rows}
        why = (
            "Every figure becomes the difference to this model's, user by user, with the interval of that difference. "
            "Fewer comparisons are made then, and Holm puts less of them down to chance: two that are not told apart "
            "among every two may be told apart here."
        )
        baseline = view.one("baseline", "Compare with", others, "", help=why)
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
    st.markdown(f"## {escape(said(data, shown))}")
    if shown.decides is None:
        return
    if meaning := meant(data, shown):
        st.markdown(escape(" ".join(meaning)))
    words = [protocol.told(data), CLOSING.format(these="these trained models")]
    if len(shown.board.comparisons) > 1:
        words.append("Each metric is a question of its own: the more one looks at, the more likely one of them errs.")
    st.caption(escape(" ".join(words)))


def meant(data: Dataset, shown: Shown) -> list[str]:
    """What the verdict means for a choice; nothing beside a pinned model, which is another question."""
    metric = shown.decides
    if metric is None or shown.baseline is not None:
        return []
    return advice.of(data, shown.rows, shown.board.level(metric) or [shown.board.best(metric)])


def said(data: Dataset, shown: Shown) -> str:
    """Who is best by the metric that decides, or who differs from the pinned one."""
    board, metric = shown.board, shown.decides
    if metric is None:
        return (
            f"{data.info.n_test_users:,} test users, or metrics of which neither more nor less is better: no verdict."
        )
    if shown.baseline is not None:
        return _against(shown, metric)
    lower = board.metrics[metric].better == "lower"
    pairs = ahead(board.comparisons[metric])
    pairs = {(b, a) for a, b in pairs} if lower else pairs
    return sentence(board.rivals(metric), pairs, shown.titles, board.metrics[metric].title, lowest=lower)


def _against(shown: Shown, metric: str) -> str:
    """Who is told apart from the pinned one, in one sentence."""
    compared = shown.against[metric]
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
        dropped = [name for name in metrics if not any(one.distinguishable for one in shown.comparisons(name))]
        metrics = [name for name in metrics if name not in dropped]
    rows = [cells.row(data, shown, row, metrics) for row in shown.rows]
    columns = [cells.head(shown.board.metrics[name], shown.sort) for name in metrics]
    corner = f"minus {shown.baseline.title}" if shown.baseline else f"{data.info.n_test_users:,} test users"
    pinned = shown.baseline.name if shown.baseline else None
    told = {"corner": corner, "baseline": pinned, "caption": "Models and metrics, with 95 % intervals"}
    if metrics:
        _board(key="board", data={"of": data.info.fingerprint, "columns": columns, "rows": rows} | told)
    notes = [f"{shown.board.metrics[name].title}: {_why_dropped(shown, shown.board.metrics[name])}" for name in dropped]
    notes += [caveat for row in shown.rows if row.lists and (caveat := row.lists.caveat())]
    notes += [f"{title}: {why}" for title, why in measured.left_out(data)]
    for note in notes:
        st.caption(escape(note))


def _why_dropped(shown: Shown, metric: Metric | Exposure) -> str:
    if isinstance(metric, Exposure):
        return "a figure of all lists together, which no test compares."
    return f"these users tell nobody apart{f' from {shown.baseline.title}' if shown.baseline else ''}."
