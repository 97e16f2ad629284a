"""One look for every chart: the page's own colours, thin grids, a model's colour and the shape of its family."""

from collections.abc import Callable, Collection
from html import escape
from math import floor, log10
from typing import Any, Literal

import streamlit as st

SYMBOLS = {"triangle": "triangle-up"} | {name: name for name in ("square", "circle", "diamond", "cross", "star")}
TEXT, GRID = ("#14120F", "#ECE8E1"), ("#DBD6CB", "#3D3832")  # in light, in dark
MUTED = ("#6A645A", "#A8A196")
MOST_LETTERS = 36  # of a name on an axis
CONFIG = {"displayModeBar": False, "scrollZoom": False, "doubleClick": "reset"}

Trace = dict[str, Any]


def is_dark() -> bool:
    return st.context.theme.type == "dark"


def of_theme(pair: tuple[str, str] | list[str]) -> str:
    """The colour of a (light, dark) pair that the page is in."""
    return pair[is_dark()]


def look(chip: dict) -> tuple[str, str]:
    """The colour and the symbol of a model."""
    return of_theme(chip["colour"]), SYMBOLS.get(chip["mark"] or "", "circle")


def axis(title: str, **more: Any) -> dict[str, Any]:
    grid = {"gridcolor": of_theme(GRID), "zerolinecolor": of_theme(GRID), "linecolor": of_theme(GRID)}
    return {"title": {"text": title, "standoff": 8}, "automargin": True, "fixedrange": True} | grid | more


def steps(low: float, high: float) -> list[float]:
    """Where a logarithmic axis has its ticks: some times the powers of ten, the fewer the longer it is.

    >>> steps(3.0, 40.0), steps(0.5, 90_000.0), steps(0.6, 1.9)
    ([5.0, 10.0, 20.0], [1.0, 10.0, 100.0, 1000.0, 10000.0], [0.7, 1.0, 1.5])
    """
    powers = range(floor(log10(low)), floor(log10(high)) + 1)
    factors = (1, 1.5, 2, 3, 5, 7) if high < 8 * low else (1, 2, 5) if len(powers) < 4 else (1,)
    found = [float(f"{factor}e{power}") for power in powers for factor in factors]
    return [step for step in found if low <= step <= high]


LEGEND = {
    **{"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"},
    **{"itemclick": False, "itemdoubleclick": False},
}


def show(
    key: str,
    traces: list[Trace],
    layout: dict[str, Any],
    *,
    height: int = 340,
    alt: str,
    on_select: Callable[[], None] | None = None,
    select: Literal["points", "box"] = "points",
) -> None:
    """Draws a figure; `on_select` is called when something in it was chosen, and reads it under the same key."""
    dragging = {"dragmode": "select", "selectdirection": "h"} if select == "box" and on_select else {"dragmode": False}
    common = {
        "height": height,
        "margin": {"l": 8, "r": 12, "t": 12, "b": 8},
        "font": {"color": of_theme(TEXT), "size": 13},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "legend": LEGEND,
        "hoverlabel": {"align": "left"},
        "hovermode": "closest",
        "clickmode": "event+select" if on_select else "none",
    }
    st.plotly_chart(
        {"data": traces, "layout": common | dragging | layout},
        key=key,
        config=CONFIG,
        alt=alt,
        on_select=on_select or "ignore",
        selection_mode=select,
    )


def plain(text: str) -> str:
    """A text from a file as Plotly shows it: it reads tags in texts.

    >>> plain("<b>Bold</b> & " + "long " * 20)
    '&lt;b&gt;Bold&lt;/b&gt; &amp; long long long long …'
    """
    short = text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 2].rstrip() + " …"
    return escape(short, quote=False)


def clicked(key: str) -> list | None:
    """The customdata of the mark that was clicked, as `on_select` finds it; None where none was."""
    found = st.session_state[key].selection.points
    told = found[0].get("customdata") if found else None
    return told if told is None or isinstance(told, list) else [told]


def points(
    chips: list[dict],
    x: list[float],
    y: list[float],
    *,
    hover: list[str],
    x_ends: list[tuple[float, float]] | None = None,
    y_ends: list[tuple[float, float]] | None = None,
    named: Collection[str] = (),
) -> list[Trace]:
    """A mark per model, with its interval along each axis that has one; the names of a few beside their marks."""
    traces = []
    for place, chip in enumerate(chips):
        colour, symbol = look(chip)
        traces.append(
            {
                "type": "scatter",
                "mode": "markers+text" if chip["name"] in named else "markers",
                "x": [x[place]],
                "y": [y[place]],
                "text": [chip["title"]],
                "cliponaxis": False,
                "textposition": "top right" if x[place] <= min(x) else "top left",
                "textfont": {"size": 12, "color": of_theme(TEXT)},
                "name": chip["title"],
                "customdata": [chip["name"]],
                "marker": {"color": colour, "symbol": symbol, "size": 11},
                "error_x": ends([x[place]], x_ends and [x_ends[place]], colour),
                "error_y": ends([y[place]], y_ends and [y_ends[place]], colour),
                "hovertemplate": hover[place] + "<extra></extra>",
            }
        )
    return traces


def ends(middles: list[float], of: list[tuple[float, float]] | None, colour: str) -> dict[str, Any]:
    """The intervals of some marks along one axis."""
    if of is None:
        return {"visible": False}
    above = [high - middle for middle, (_, high) in zip(middles, of, strict=True)]
    below = [middle - low for middle, (low, _) in zip(middles, of, strict=True)]
    look = {"thickness": 1.3, "width": 3, "color": colour}
    return {"type": "data", "symmetric": False, "array": above, "arrayminus": below} | look
