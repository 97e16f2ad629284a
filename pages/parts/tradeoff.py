"""What a metric costs: quality against time and size, and two metrics against each other."""

import numpy as np
import polars as pl
import streamlit as st

from pages.parts import cached, charts, downloads, measured, state, view
from pages.parts.amounts import decimals, duration, size
from pages.parts.amounts import milliseconds as time_of_answer
from pages.parts.cached import Entry
from pages.parts.frame import escape
from pages.parts.measured import Row
from pages.parts.shown import Shown
from zoo.card import Interval
from zoo.dataset import Dataset
from zoo.errors import ZooError
from zoo.latency import N_ASKED, milliseconds
from zoo.metrics import Metric

COSTS = {"size": "Size of the weights", "training": "Time of training", "latency": "Time of an answer"}
AXES = {
    "size": "Size of the weights (logarithmic)",
    "training": "Time of training (logarithmic)",
    "latency": "One list of 20 for one person, median (logarithmic)",
}
UNITS = {"size": "bytes", "training": "seconds", "latency": "milliseconds"}


def cost(data: Dataset, shown: Shown) -> None:
    """Quality against what a model costs, with the line of those that nobody beats in both."""
    metric = shown.decides
    models = [row for row in shown.rows if row.entry]
    if metric is None or len(models) < 2:
        return
    st.markdown("## Quality against cost")
    kind = view.one("cost", "Cost", COSTS, "size", segments=True)
    costs = _costs(data, [row.entry for row in models], kind)
    if costs is None:
        return
    board, title = shown.board, shown.board.metrics[metric].title
    there = [row for row in models if row.name in costs and row.name in board.rivals(metric)]
    if not there:
        st.info(f"No model has {title} of users enough to be set beside its cost.")
        return
    amounts = {row.name: max(costs[row.name], 1e-9) for row in there}
    if said := _cheapest(shown, metric, kind, amounts):
        st.markdown(f"*{escape(said)}*")
    line = board.pareto(metric, amounts)
    _draw_costs(shown, metric, kind, there, amounts, line)
    table = [
        {"model": row.name, "metric": metric} | measured.plain(board.figures[metric][row.name])
        | {UNITS[kind]: amounts[row.name], "on_the_line": row.name in line}
        for row in there
    ]  # fmt: skip
    downloads.take_home(lambda: pl.DataFrame(table), f"{data.name}-cost-{kind}")


def _cheapest(shown: Shown, metric: str, kind: str, amounts: dict[str, float]) -> str | None:
    """What one might ship for less; None where nobody is told to be as good as the best."""
    board, title = shown.board, shown.board.metrics[metric].title
    cheapest, best = board.cheapest_level(metric, amounts), board.best(metric)
    if cheapest is None:
        return None
    words = f"{shown.titles[cheapest]} ({_amount(kind, amounts[cheapest])})"
    if cheapest == best:
        return f"{words} has the best {title}; whatever costs less is told apart from it, as worse."
    best_costs = f"; the best, {shown.titles[best]}, takes {_amount(kind, amounts[best])}" if best in amounts else ""
    return f"The cheapest model that is not told apart from the best by {title} is {words}{best_costs}."


def _draw_costs(
    shown: Shown, metric: str, kind: str, there: list[Row], amounts: dict[str, float], line: list[str]
) -> None:
    figures, title = shown.board.figures[metric], shown.board.metrics[metric].title
    frontier = {
        "type": "scatter",
        "mode": "lines",
        "x": [amounts[name] for name in line],
        "y": [figures[name].mean for name in line],
        "line": {"shape": "hv", "dash": "dot", "width": 1.5, "color": charts.of_theme(charts.MUTED)},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    x, of = [amounts[row.name] for row in there], [figures[row.name] for row in there]
    hover = [
        f"<b>{row.title}</b><br>{title} {_told(one)}<br>{_amount(kind, amounts[row.name])}"
        for row, one in zip(there, of, strict=True)
    ]
    ends = [(one.low, one.high) for one in of]
    chips = [row.chip() for row in there]
    marks = charts.points(chips, x, [one.mean for one in of], hover=hover, y_ends=ends, named=line)
    ticks = charts.steps(min(x) / 1.5, max(x) * 1.5)
    across = {"type": "log", "tickvals": ticks, "ticktext": [_amount(kind, tick) for tick in ticks]}
    layout = {"xaxis": charts.axis(AXES[kind], **across), "yaxis": charts.axis(title), "showlegend": True}
    alt = f"{title} against {COSTS[kind].lower()}"
    charts.show("cost", [frontier, *marks], layout, height=460, alt=alt, on_select=lambda: _go("cost", metric))
    st.caption(
        "Dotted: whoever stands on this line is beaten by nobody in both. The means decide who is on it; the intervals "
        "say how sure they are. Click a mark, or a figure above: who are the users behind it?"
    )


def _costs(data: Dataset, entries: list[Entry], kind: str) -> dict[str, float] | None:
    cards = {entry.name: entry.card for entry in entries if entry.card}
    if kind == "size":
        return {name: float(card.weight_bytes) for name, card in cards.items()}
    if kind == "training":
        return {name: card.fit_seconds for name, card in cards.items()}
    key = f"latency-{data.info.fingerprint}-{'-'.join(sorted(entry.checksum for entry in entries))}"
    found = _latencies().get(key)
    again = "Measure again" if found else "Measure on this server now"
    if st.button(again, help=f"Asks every model for {N_ASKED} people's lists, one at a time; loads them if need be."):
        found = _latencies()[key] = _measure(data, entries)
    if not found:
        st.caption("Nothing is known of it before it was measured here: it depends on the machine and on its load.")
        return None
    medians = {name: float(np.median(times)) for name, times in found.items()}
    low, high = (min(map(np.min, found.values())), max(map(np.max, found.values())))
    n = max(map(len, found.values()))
    st.caption(
        f"Measured on this server, {n} people one after the other, each model in turn; single answers took "
        f"{low:.1f} to {high:.1f} ms. Compare them with each other, not with another machine's."
    )
    return medians


@st.cache_resource(show_spinner=False)
def _latencies() -> dict[str, dict[str, np.ndarray]]:
    """What was measured since the server started."""
    return {}


def _measure(data: Dataset, entries: list[Entry]) -> dict[str, np.ndarray]:
    found = {}
    bar = st.progress(0.0, "Measuring …")
    for done, entry in enumerate(entries):
        bar.progress(done / len(entries), f"{escape(entry.title)} answers …")
        try:
            found[entry.name] = milliseconds(cached.model(data, entry), data)
        except ZooError as error:  # one that cannot run leaves the others their figures
            st.caption(escape(f"{entry.title}: {error}"))
    bar.empty()
    return found


def _amount(kind: str, amount: float) -> str:
    return {"size": size, "training": duration, "latency": time_of_answer}[kind](amount)


def two_metrics(data: Dataset, shown: Shown) -> None:
    """Any two metrics against each other."""
    st.markdown("## Two metrics against each other")
    families = measured.titles(shown.k)
    with st.container(horizontal=True):
        of_x = view.one("across", "Across", families, "novelty_at_{k}")
        of_y = view.one("up", "Up", families, "ndcg_at_{k}")
    (across, x_metric), (up, y_metric) = (next(iter(measured.metrics([of], shown.k).items())) for of in (of_x, of_y))
    metrics = {across: x_metric.title, up: y_metric.title}
    known_x, known_y = (measured.figures(data, shown.rows, metric) for metric in (x_metric, y_metric))
    there = [row for row in shown.rows if row.name in known_x and row.name in known_y]
    if not there:
        st.info("No model has both of them.")
        return
    x, y = ([known[row.name] for row in there] for known in (known_x, known_y))
    hover = [
        f"<b>{row.title}</b><br>{metrics[across]} {_told(a)}<br>{metrics[up]} {_told(b)}"
        for row, a, b in zip(there, x, y, strict=True)
    ]
    traces = charts.points(
        [row.chip() for row in there],
        [of.mean for of in x],
        [of.mean for of in y],
        hover=hover,
        x_ends=[(of.low, of.high) for of in x],
        y_ends=[(of.low, of.high) for of in y],
    )
    layout = {"xaxis": charts.axis(metrics[across]), "yaxis": charts.axis(metrics[up]), "showlegend": True}
    alt = f"{metrics[up]} against {metrics[across]}"
    charts.show("two-metrics", traces, layout, height=460, alt=alt, on_select=lambda: _go("two-metrics", up))
    st.caption("Means with their 95 % intervals over test users. Click a mark: who are the users behind it?")
    table = [
        {"model": row.name, across: a.mean, f"{across}_low": a.low, f"{across}_high": a.high}
        | {up: b.mean, f"{up}_low": b.low, f"{up}_high": b.high}
        for row, a, b in zip(there, x, y, strict=True)
    ]
    downloads.take_home(lambda: pl.DataFrame(table), f"{data.name}-two-metrics")


def _go(key: str, metric: str) -> None:
    """A mark leads to its users."""
    if (told := charts.clicked(key)) is not None:
        of_users = isinstance(measured.named(metric), Metric)
        state.show(({"metric": metric} if of_users else {}) | {"a": told[0], "b": "", "range": "", "group": ""})
        state.session().going = "segments"


def _told(of: Interval) -> str:
    return f"{decimals(of.mean)} [{decimals(of.low)}, {decimals(of.high)}]"
