"""One metric, group by group: a mark per model with its interval, and how two models differ in each group."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import streamlit as st

from pages.parts import cached, charts, downloads, measured, state, view
from pages.parts.amounts import decimals
from pages.parts.frame import escape
from pages.parts.items import genre_text
from pages.parts.measured import Row
from pages.parts.models import DECIDES, quality
from pages.parts.standing import listed
from zoo.card import Interval
from zoo.dataset import Dataset
from zoo.metrics import Metric
from zoo.segments import ACTIVITY, POPULARITY, Segments, ways
from zoo.significance import LARGE, MIN_USERS, Comparison, compare_each, mean_intervals, with_holm

BY = {ACTIVITY: "How much they chose", POPULARITY: "How popular what they chose is", "genres": "Genre that stands out"}
Figures = dict[tuple[str, str], Interval | None]  # (model, group)
SHOWN = 6  # models in the chart at most: those that are compared, then the best


@dataclass(frozen=True, eq=False)
class Asked:
    """What is looked at: a metric, a model, perhaps another one, and the users in groups."""

    metric: Metric
    a: Row
    b: Row | None
    rows: list[Row]
    segments: Segments
    first: np.ndarray  # float64 [n], the metric under a
    second: np.ndarray | None  # under b

    @property
    def values(self) -> np.ndarray:
        """float64 [n]: the metric under the first, or the first minus the second."""
        return self.first if self.second is None else self.first - self.second

    @property
    def title(self) -> str:
        """What the values are, in a word."""
        return self.metric.title if self.b is None else f"{self.metric.title}, {self.a.title} minus {self.b.title}"


def controls(data: Dataset) -> Asked | None:
    """Metric, models, and how users are grouped; None where nothing was measured."""
    rows = measured.rows(data)
    models = [row for row in rows if row.entry]
    if not models:
        return None
    titles = {row.name: row.title for row in rows}
    best = max(models, key=lambda row: quality(row.entry)).name
    names = _metrics()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        metric = view.one("metric", "Metric", names, DECIDES)
        a = view.one("a", "Model", titles, best)
        others = {"": "nobody"} | {name: title for name, title in titles.items() if name != a}
        b = view.one("b", "Minus", others, "", help="The same users under another model: the difference, user by user.")
    why = "Users of one kind together: is the model as good for those who chose little, or who like what is rare?"
    by = view.one("by", "Users grouped by", _ways(data), ACTIVITY, help=why)
    of = measured.named(metric)
    st.caption(escape(f"{of.title}: {of.definition}"))
    found = {row.name: row for row in rows}
    first = measured.column(data, found[a], of)
    second = measured.column(data, found[b], of) if b else None
    return Asked(of, found[a], found.get(b), rows, cached.segments(data, by), first, second)


def _metrics() -> dict[str, str]:
    """Every metric that users have, at its usual k first, then at the others."""
    families = list(measured.titles(per_user=True))
    return {name: of.title for k in (None, *measured.KS) for name, of in measured.metrics(families, k).items()}


def _ways(data: Dataset) -> dict[str, str]:
    columns = ways(data.catalogue.items)
    return {name: BY.get(name, f"{genre_text(name.replace('_', ' '))} that stands out") for name in columns}


def show(data: Dataset, asked: Asked) -> None:
    """The chart, its sentence, and a table with the way to the users."""
    labels = asked.segments.labels
    if not labels:
        st.info("Nothing is known of the items of these users that would group them this way.")
        return
    rows = _few(data, asked)
    columns = {row.name: measured.column(data, row, asked.metric) for row in rows}
    groups = {label: asked.segments.rows(label) for label in labels}
    figures = _figures(data, rows, columns, groups, asked)
    compared = _compared(data, columns, groups, asked) if asked.b is not None else {}
    if asked.b is not None:
        st.markdown(f"*{escape(_sentence(data, compared, asked))}*")
    _draw(asked, rows, groups, figures)
    table = _table(asked, rows, labels, figures, compared)
    downloads.take_home(lambda: table, f"{data.name}-groups-{asked.segments.by}")


def _draw(asked: Asked, rows: list[Row], groups: dict[str, np.ndarray], figures: Figures) -> None:
    """A line per group, a mark per model; the first group stands on top."""
    n = len(groups)
    traces = [_marks(asked, row, _shift(place, len(rows)), figures) for place, row in enumerate(rows)]
    ticks = [f"{charts.plain(shown_label(asked, label))}<br>{_users(inside)}" for label, inside in groups.items()]
    lines = {"tickvals": list(range(n - 1, -1, -1)), "ticktext": ticks, "range": [-0.6, n - 0.4]}
    layout = {"xaxis": charts.axis(asked.metric.title), "yaxis": charts.axis("", **lines), "showlegend": True}
    key = f"groups-{view.key_of('group')}"
    alt = f"{asked.metric.title} by group and model"
    height = 130 + 34 * n + 9 * n * len(rows)
    charts.show(key, traces, layout, height=height, alt=alt, on_select=lambda: _click(key, asked))
    few = f" Of fewer than {MIN_USERS} users, the mean alone is drawn: its interval would promise too much."
    scarce = any(of is not None and of.n < MIN_USERS for of in figures.values())
    st.caption(
        f"Means with their 95 % intervals. Click a mark, or choose a group below: who are these users?{few * scarce}"
    )


def _users(inside: np.ndarray) -> str:
    n = int(inside.sum())
    return f"{n:,} user{'s' * (n != 1)}{', too few' * (n < MIN_USERS)}"


def _shift(place: int, n: int) -> float:
    """How far below its group's line a model stands, so that no two cover each other."""
    return (place - (n - 1) / 2) * min(0.14, 0.7 / n)


def _marks(asked: Asked, row: Row, shift: float, figures: Figures) -> charts.Trace:
    """One model in all groups where it has a figure."""
    colour, symbol = charts.look(row.chip())
    labels = asked.segments.labels
    there = [(at, of) for at, label in enumerate(labels) if (of := figures[row.name, label]) is not None]
    means = [of.mean for _, of in there]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": row.title,
        "x": means,
        "y": [len(labels) - 1 - at - shift for at, _ in there],
        "marker": {"color": colour, "symbol": symbol, "size": 10},
        "error_x": charts.ends(means, [_drawn(of) for _, of in there], colour),
        "customdata": [[charts.plain(labels[at]), f"{of.n:,}", _interval(of), row.name, at] for at, of in there],
        "hovertemplate": f"<b>{row.title}</b><br>%{{customdata[0]}}, %{{customdata[1]}} users<br>"
        f"{asked.metric.title} %{{x:.3f}}%{{customdata[2]}}<extra></extra>",
    }


def _drawn(of: Interval) -> tuple[float, float]:
    """Where its interval ends; of few users at the mean itself, as nothing can be told of others from so few."""
    return (of.low, of.high) if of.n >= MIN_USERS else (of.mean, of.mean)


def _interval(of: Interval) -> str:
    return f" [{decimals(of.low)}, {decimals(of.high)}]" if of.n >= MIN_USERS else ", too few users for an interval"


def _click(key: str, asked: Asked) -> None:
    """A mark leads to its users: of this group, under this model."""
    if (told := charts.clicked(key)) is not None:
        *_, name, at = told
        label = asked.segments.labels[at]
        model = {} if asked.b is not None and name == asked.b.name else {"a": name}
        state.show({"group": label, "range": ""} | model)


def shown_label(asked: Asked, label: str) -> str:
    return genre_text(label) if asked.segments.by == "genres" else label


def _few(data: Dataset, asked: Asked) -> list[Row]:
    """The two that are compared, or the one that is looked at beside the best others."""
    if asked.b is not None:
        return [asked.a, asked.b]
    sign = -1.0 if asked.metric.better == "lower" else 1.0
    others = [row for row in asked.rows if row is not asked.a]
    columns = {row.name: measured.column(data, row, asked.metric) for row in others}
    means = {name: np.nanmean(column) for name, column in columns.items() if np.isfinite(column).any()}
    best = sorted((row for row in others if row.name in means), key=lambda row: -sign * means[row.name])
    return [asked.a, *best[: SHOWN - 1]]


def _figures(
    data: Dataset, rows: list[Row], columns: dict[str, np.ndarray], groups: dict[str, np.ndarray], asked: Asked
) -> Figures:
    """(model, group) -> mean; one set of draws for all that were not asked for before."""
    key = ("means", asked.metric.name, asked.segments.by)
    memories = {row.name: measured.memory(data, [row]) for row in rows}
    missing = [name for name, memory in memories.items() if key not in memory]
    values = [np.where(inside, columns[name], np.nan) for name in missing for inside in groups.values()]
    found = iter(mean_intervals(np.column_stack(values)) if values else [])
    for name in missing:
        memories[name][key] = {label: next(found) for label in groups}
    return {(name, label): of for name, memory in memories.items() for label, of in memory[key].items()}


def _compared(
    data: Dataset, columns: dict[str, np.ndarray], groups: dict[str, np.ndarray], asked: Asked
) -> dict[str, Comparison]:
    """The two models in each group, Holm over the groups."""
    key = ("groups", asked.metric.name, asked.segments.by)
    memory = measured.memory(data, [asked.a, asked.b])
    if key not in memory:
        memory[key] = _compare(columns, groups, asked)
    return memory[key]


def _compare(columns: dict[str, np.ndarray], groups: dict[str, np.ndarray], asked: Asked) -> dict[str, Comparison]:
    a, b = columns[asked.a.name], columns[asked.b.name]
    found: dict[str, Comparison] = {}
    if len(a) >= LARGE:  # where theory serves groups, too
        names = (asked.a.name, asked.b.name)
        values = {
            label: {name: np.where(rows, columns[name], np.nan) for name in names} for label, rows in groups.items()
        }
        found = {str(one.metric): replace(one, metric=asked.metric.name) for one in compare_each(values)}
        return dict(zip(found, with_holm(list(found.values())), strict=True))
    for label, rows in groups.items():
        both = rows & np.isfinite(a) & np.isfinite(b)
        found[label] = compare_each({asked.metric.name: {asked.a.name: a[both], asked.b.name: b[both]}})[0]
    return dict(zip(found, with_holm(list(found.values())), strict=True))


def _sentence(data: Dataset, compared: dict[str, Comparison], asked: Asked) -> str:
    """Where the whole is told apart, what of it holds in which group; else no more than hints."""
    kinds: dict[str, list[str]] = {"more": [], "less": [], "level": [], "few": []}
    for label, one in compared.items():
        level = "few" if one.n < MIN_USERS else "level"
        kind = ("more" if one.difference > 0 else "less") if one.distinguishable else level
        kinds[kind].append(shown_label(asked, label))
    words = {"higher": ("is better", "is worse"), "lower": ("is worse", "is better")}
    more, less = words.get(asked.metric.better, ("has more", "has less"))
    parts = [f"{asked.a.title} {more} for {listed(kinds['more'])}"] if kinds["more"] else []
    parts += [f"{asked.a.title} {less} for {listed(kinds['less'])}"] if kinds["less"] else []
    parts += [f"not told apart for {listed(kinds['level'])}"] if kinds["level"] else []
    parts += [f"too few users to say: {listed(kinds['few'])}"] if kinds["few"] else []
    whole = _whole(data, asked)
    told = f"{asked.metric.title} of {asked.a.title} beside {asked.b.title}"
    asked_together = f"(Holm over {len(compared)} groups)"
    if whole is None or not whole.distinguishable:
        hint = (
            "Of all users together the two are not told apart among every two models, so a group that is clear is a "
            "hint and no finding: "
        )
        return f"{told}. {hint}{'; '.join(parts)} {asked_together}."
    return f"{told}: {'; '.join(parts)} {asked_together}."


def _whole(data: Dataset, asked: Asked) -> Comparison | None:
    """The two on all users, asked among every two of the zoo; None where they have no user in common."""
    found = measured.compared(data, asked.rows, [asked.metric])[asked.metric.name]
    return next((one for one in found if {one.a, one.b} == {asked.a.name, asked.b.name}), None)


def _table(
    asked: Asked, rows: list[Row], labels: list[str], figures: Figures, compared: dict[str, Comparison]
) -> pl.DataFrame:
    table = [
        {"by": asked.segments.by, "group": label, "metric": asked.metric.name, "model": row.name}
        | measured.plain(figures[row.name, label])
        for label in labels
        for row in rows
    ]
    table += [
        {"by": asked.segments.by, "group": label, "metric": asked.metric.name, "model": f"{one.a} minus {one.b}"}
        | {"mean": one.difference, "low": one.low, "high": one.high, "n": one.n}
        for label, one in compared.items()
    ]
    return pl.DataFrame(table, infer_schema_length=None)
