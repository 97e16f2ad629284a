"""Who is behind a number: a histogram over users, the ones in a stretch of it, and what two models gave one of them."""

import math
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import streamlit as st

from pages.parts import charts, downloads, lists, measured, state, taste, view
from pages.parts.component import component
from pages.parts.frame import escape
from pages.parts.groups import Asked, shown_label
from pages.parts.leaderboard import decimals, signed
from pages.parts.measured import Row
from zoo.dataset import Dataset

_people = component("people")
BINS = 41  # odd: where values are differences, the one in the middle holds 0
LISTED = 60  # users on the page; the download has all
DEPTH = 20  # items of a list that are compared
PART = 8192  # users at a time
ORDERS = {
    "most": "Highest first",
    "least": "Lowest first",
    "apart": "Largest difference first",
    "unlike": "Lists least alike first",
}


@dataclass(frozen=True, eq=False)
class Bins:
    edges: np.ndarray  # float64 [bins + 1]
    counts: np.ndarray  # int64 [bins]

    @property
    def middles(self) -> np.ndarray:
        return (self.edges[:-1] + self.edges[1:]) / 2


def bins(values: np.ndarray, signs: bool) -> Bins:
    """A histogram of the finite values; with `signs`, symmetric around 0, which lies in the middle of a bin."""
    found = values[np.isfinite(values)]
    low, high = (float(found.min()), float(found.max())) if len(found) else (0.0, 1.0)
    if signs:
        reach = max(abs(low), abs(high)) or 1.0
        edges = np.linspace(-reach * BINS / (BINS - 1), reach * BINS / (BINS - 1), BINS + 1)
    else:
        low = min(0.0, low)
        edges = np.linspace(low, high if high > low else low + 1.0, BINS)
    return Bins(edges, np.histogram(found, edges)[0])


def snapped(of: Bins, low: float, high: float) -> tuple[float, float] | None:
    """The edges of the bins whose middles lie in a stretch; None where it holds none."""
    inside = np.flatnonzero((of.middles >= low) & (of.middles <= high))
    return (float(of.edges[inside[0]]), float(of.edges[inside[-1] + 1])) if len(inside) else None


def group(asked: Asked) -> str:
    """One group of users, or everybody."""
    options = {"": "everybody"} | {label: shown_label(asked, label) for label in asked.segments.labels}
    return view.one("group", "Of these users", options, "")


def histogram(data: Dataset, asked: Asked, label: str) -> np.ndarray:
    """The chart that one drags a range on; returns bool [n], who lies in it."""
    values = asked.values(data)
    inside = asked.segments.rows(label) if label else np.ones(len(values), dtype=bool)
    shown = np.where(inside, values, np.nan)
    known = np.isfinite(shown)
    if not known.any():
        st.info(f"{asked.title} is not defined for any of these users.")
        return known
    of = bins(shown, signs=asked.b is not None)
    _forget_range_of_others(data, asked)
    low, high = _range(of)
    key = view.key_of("range")
    traces = [_bars(asked, of, low, high)]
    layout = {
        "xaxis": charts.axis(asked.title, range=[float(of.edges[0]), float(of.edges[-1])]),
        "yaxis": charts.axis("Users", rangemode="tozero"),
        "bargap": 0.06,
    }
    charts.show(
        f"histogram-{key}", traces, layout, height=280, alt=f"Users by {asked.title}", select="box",
        on_select=lambda: _choose(f"histogram-{key}", of),
    )  # fmt: skip
    edges = [float(edge) for edge in of.edges]
    chosen = st.select_slider(
        "Range (or drag over the bars)",
        options=edges,
        value=(min(edges, key=lambda edge: abs(edge - low)), min(edges, key=lambda edge: abs(edge - high))),
        format_func=lambda edge: _edge(of, edge),
        key=f"slider-{key}",
        on_change=lambda: _slide(f"slider-{key}", of),
    )
    low, high = chosen
    last = high >= edges[-1]
    picked = known & (shown >= low) & ((shown <= high) if last else (shown < high))
    n, undefined = int(known.sum()), int((inside & ~known).sum())
    words = [f"**{int(picked.sum()):,} of {n:,} users** lie between {_edge(of, low)} and {_edge(of, high)}"]
    words += [f"{undefined:,} more have no {escape(asked.metric.title)} and are left out"] if undefined else []
    if asked.b is not None:
        ahead, behind = int((shown[known] > 0).sum()), int((shown[known] < 0).sum())
        words.append(
            f"{escape(asked.a.title)} ahead for {ahead:,}, {escape(asked.b.title)} for {behind:,}, no difference for "
            f"{n - ahead - behind:,}"
        )
    st.markdown(" · ".join(words))
    if view.get("range"):
        st.button("Everybody again", on_click=lambda: state.show({"range": ""}), icon=":material/undo:")
    table = _bins_table(of, asked)
    downloads.take_home(lambda: table, f"{data.name}-histogram")
    return picked


def _bars(asked: Asked, of: Bins, low: float, high: float) -> charts.Trace:
    own = charts.look(asked.a.chip())[0]
    other = charts.look(asked.b.chip())[0] if asked.b else own
    grey = charts.of_theme(charts.MUTED)
    tiny = 1e-9 * (of.edges[-1] - of.edges[0])
    sides = [own if asked.b is None or middle > tiny else other if middle < -tiny else grey for middle in of.middles]
    inside = (of.middles >= low) & (of.middles <= high)
    return {
        "type": "bar",
        "x": of.middles.tolist(),
        "y": of.counts.tolist(),
        "marker": {"color": sides, "opacity": np.where(inside, 1.0, 0.25).tolist()},
        "customdata": [
            [_edge(of, start), _edge(of, end)] for start, end in zip(of.edges[:-1], of.edges[1:], strict=True)
        ],
        "hovertemplate": "%{customdata[0]} to %{customdata[1]}<br>%{y:,} users<extra></extra>",
        "selected": {"marker": {"opacity": 1}},
        "unselected": {"marker": {"opacity": 0.25}},
    }


def _edge(of: Bins, value: float) -> str:
    """An edge with so many decimals that no two edges read alike: the slider tells them apart by their texts."""
    width = float(of.edges[1] - of.edges[0])
    digits = max(3, 1 - math.floor(math.log10(width))) if width < 1 else 2
    return f"{value + 0.0:.{digits}f}".replace("-", "−")


def _forget_range_of_others(data: Dataset, asked: Asked) -> None:
    """A range belongs to what it was drawn on: another metric or model has another scale."""
    drawn_on = (data.info.fingerprint, asked.metric.name, asked.a.name, asked.b.name if asked.b else None)
    before = state.kept("range-of")
    if view.get("range") and before not in (None, drawn_on) and not state.session().linked:
        state.show({"range": ""})
    state.keep("range-of", drawn_on)


def _range(of: Bins) -> tuple[float, float]:
    """The stretch in the address, or everything."""
    low, _, high = view.get("range").partition("~")
    try:
        found = (float(low), float(high))
    except ValueError:
        found = (np.nan, np.nan)
    if not (found[0] < found[1] and math.isfinite(found[0]) and math.isfinite(found[1])):
        return float(of.edges[0]), float(of.edges[-1])
    return found


def _choose(key: str, of: Bins) -> None:
    """What was dragged over becomes the range; a click beside it takes it back."""
    boxes = st.session_state[key].selection.box
    found = snapped(of, *sorted(boxes[0]["x"])) if boxes else None
    _set(of, found)


def _slide(key: str, of: Bins) -> None:
    low, high = st.session_state[key]
    _set(of, (low, high) if low < high else None)


def _set(of: Bins, found: tuple[float, float] | None) -> None:
    whole = found is None or (found[0] <= of.edges[0] and found[1] >= of.edges[-1])
    state.show({"range": "" if whole else f"{found[0]:.6g}~{found[1]:.6g}"})


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
    values = asked.values(data)
    alike = _alike(data, asked, rows) if order == "unlike" else None
    keys = {
        "most": -values[rows],
        "least": values[rows],
        "apart": -np.abs(values[rows]),
        "unlike": np.zeros(len(rows)) if alike is None else alike,
    }
    rows = rows[np.argsort(keys[order], kind="stable")]
    person = view.get("person")
    ids = data.users["user_id"].cast(pl.String)
    fold = data.test
    n_shown, n_hidden = (np.diff(of.indptr) for of in (fold.fold_in, fold.held_out))
    shown = rows[:LISTED].tolist()
    people = [
        {
            "id": str(ids[int(fold.user_idx[row])]),
            "title": taste.person(data, data.users.row(int(fold.user_idx[row]), named=True))["title"],
            "note": f"{n_shown[row]:,} items, {n_hidden[row]:,} hidden",
            "values": _values(data, asked, row),
        }
        for row in shown
    ]
    heads = [asked.a.title] if asked.b is None else [asked.a.title, asked.b.title, "difference"]
    _people(
        key="people",
        data={
            "of": data.info.fingerprint,
            "people": people,
            "heads": heads,
            "chosen": person,
            "metric": asked.metric.title,
        },
    )
    if len(rows) > LISTED:
        st.caption(f"The first {LISTED} of {len(rows):,} users; the download has all of them.")
    downloads.take_home(lambda: table(data, asked, rows), f"{data.name}-users")


def _values(data: Dataset, asked: Asked, row: int) -> list[str]:
    first = measured.column(data, asked.a, asked.metric)[row]
    if asked.b is None:
        return [decimals(first)]
    second = measured.column(data, asked.b, asked.metric)[row]
    return [decimals(first), decimals(second), signed(first - second)]


def _alike(data: Dataset, asked: Asked, rows: np.ndarray) -> np.ndarray:
    """Jaccard of the first 20 of both lists, float64 [len(rows)]."""
    memory = measured.memory(data, [asked.a, asked.b])
    if "alike" not in memory:
        first, second = (measured.ranked(data, row)[:, :DEPTH] for row in (asked.a, asked.b))
        memory["alike"] = jaccards(first, second)
    return memory["alike"][rows]


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
        f"{asked.a.name}_{asked.metric.name}": measured.column(data, asked.a, asked.metric)[rows],
    }
    if asked.b is not None:
        columns[f"{asked.b.name}_{asked.metric.name}"] = measured.column(data, asked.b, asked.metric)[rows]
    return pl.DataFrame(columns)


def _bins_table(of: Bins, asked: Asked) -> pl.DataFrame:
    return pl.DataFrame({"from": of.edges[:-1], "to": of.edges[1:], "users": of.counts}).with_columns(
        metric=pl.lit(asked.metric.name),
        of=pl.lit(asked.a.name if asked.b is None else f"{asked.a.name} minus {asked.b.name}"),
    )


def one_person(data: Dataset, asked: Asked) -> None:
    """Their history, and the lists that both models gave them, with what they really chose marked."""
    name = view.get("person")
    user_idx = data.users["user_id"].cast(pl.String).index_of(name) if name else None
    place = None if user_idx is None else np.flatnonzero(data.test.user_idx == user_idx)
    if place is None or not len(place):
        if name and state.session().linked:
            view.misfits(["person"])
        return
    row = int(place[0])
    person = taste.person(data, data.users.row(user_idx, named=True))
    st.markdown(f"## {escape(person['title'])}")
    hidden = set(data.hidden_choices(user_idx).tolist())
    asked_rows = [asked.a] + ([asked.b] if asked.b else [])
    stored = [_first(measured.ranked(data, one), row) for one in asked_rows]
    lists.show_stored(data, [one.chip() for one in asked_rows], stored, data.history(user_idx).tolist(), hidden)
    _ways(data, user_idx, asked_rows)


def _first(ranked: np.ndarray | None, row: int) -> list[int]:
    return [] if ranked is None else [int(item) for item in ranked[row, :DEPTH] if item >= 0]


def _ways(data: Dataset, user_idx: int, asked_rows: list[Row]) -> None:
    models = [row.name for row in asked_rows if row.entry]
    if models and st.button("Open this taste in Compare", icon=":material/compare_arrows:"):
        visit = state.visit(data.info.fingerprint)
        state.remember(data.info.fingerprint, replace(visit, looking=True, user_idx=user_idx))
        for name in ("models", "shown-models"):
            state.keep(name, models)
        st.switch_page("pages/try/compare.py")
