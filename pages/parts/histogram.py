"""A histogram over users on which one drags a range: who lies in it?"""

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
import streamlit as st

from pages.parts import charts, downloads, state, view
from pages.parts.frame import escape
from pages.parts.groups import Asked, shown_label
from zoo.dataset import Dataset

BINS = 41  # odd: where values are differences, the one in the middle holds 0


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


def show(data: Dataset, asked: Asked, label: str) -> np.ndarray:
    """The chart that one drags a range on; returns bool [n], who lies in it."""
    values = asked.values
    inside = asked.segments.rows(label) if label else np.ones(len(values), dtype=bool)
    shown = np.where(inside, values, np.nan)
    known = np.isfinite(shown)
    if not known.any():
        st.info(f"{asked.title} is not defined for any of these users.")
        return known
    of = bins(shown, signs=asked.b is not None)
    _forget_range_of_others(data, asked)
    low, high = _range(of)
    traces = [_bars(asked, of, low, high)]
    layout = {
        "xaxis": charts.axis(asked.title, range=[float(of.edges[0]), float(of.edges[-1])]),
        "yaxis": charts.axis("Users", rangemode="tozero"),
        "bargap": 0.06,
    }
    key = view.key_of("range")
    alt, chart = f"Users by {asked.title}", f"histogram-{key}"
    charts.show(chart, traces, layout, height=280, alt=alt, select="box", on_select=lambda: _choose(chart, of))
    low, high = _slider(of, low, high, f"slider-{key}")
    last = high >= of.edges[-1]
    picked = known & (shown >= low) & ((shown <= high) if last else (shown < high))
    _say(asked, of, shown[known], picked, (low, high), int((inside & ~known).sum()))
    if view.get("range"):
        st.button("Everybody again", on_click=lambda: state.show({"range": ""}), icon=":material/undo:")
    table = _table(of, asked)
    downloads.take_home(lambda: table, f"{data.name}-histogram")
    return picked


def _slider(of: Bins, low: float, high: float, key: str) -> tuple[float, float]:
    """The same range by keyboard and thumb."""
    edges = [float(edge) for edge in of.edges]
    nearest = [min(edges, key=lambda edge, end=end: abs(edge - end)) for end in (low, high)]
    return st.select_slider(
        "Range (or drag over the bars)",
        options=edges,
        value=(nearest[0], nearest[1]),
        format_func=lambda edge: _edge(of, edge),
        key=key,
        on_change=lambda: _slide(key, of),
    )


def _say(
    asked: Asked, of: Bins, known: np.ndarray, picked: np.ndarray, ends: tuple[float, float], undefined: int
) -> None:
    """How many lie in the range; of a difference, who is ahead for how many. known : the values of who has one"""
    n, (low, high) = len(known), (_edge(of, end) for end in ends)
    words = [f"**{int(picked.sum()):,} of {n:,} users** lie between {low} and {high}"]
    words += [f"{undefined:,} more have no {escape(asked.metric.title)} and are left out"] if undefined else []
    if asked.b is not None:
        ahead, behind = int((known > 0).sum()), int((known < 0).sum())
        words.append(
            f"{escape(asked.a.title)} ahead for {ahead:,}, {escape(asked.b.title)} for {behind:,}, no difference for "
            f"{n - ahead - behind:,}"
        )
    st.markdown(" · ".join(words))


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


def _table(of: Bins, asked: Asked) -> pl.DataFrame:
    return pl.DataFrame({"from": of.edges[:-1], "to": of.edges[1:], "users": of.counts}).with_columns(
        metric=pl.lit(asked.metric.name),
        of=pl.lit(asked.a.name if asked.b is None else f"{asked.a.name} minus {asked.b.name}"),
    )
