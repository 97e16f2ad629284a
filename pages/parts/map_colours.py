"""What the dots of a map are coloured by: genre, how often chosen, or how one model differs from another."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from pages.parts import cached, charts, measured, models, view
from pages.parts.amounts import signed
from pages.parts.items import genre_text
from zoo.dataset import Dataset
from zoo.metrics import Metric

DEPTH = 20  # of the lists in which an item is counted
KINDS = 7  # genres with a colour of their own
# Okabe, Ito 2008, "Color Universal Design", darkened or lightened to 3:1 against the page; shapes tell them apart, too
HUES = (
    *(("#0072B2", "#56B4E9"), ("#B35900", "#E69F00"), ("#007A5A", "#2BC79B"), ("#A8527F", "#E39CC4")),
    *(("#7A6A00", "#F0E442"), ("#4B3FA7", "#A79BF2"), ("#8C1D18", "#F28B82")),
)
SHAPES = ("circle", "square", "diamond", "triangle-up", "cross", "triangle-down", "star")
SCALE = "Cividis"  # made for eyes that confuse red and green
ENDS = (("#A8500B", "#BDB8AE", "#1666AA"), ("#F0A35E", "#57524B", "#60AAF3"))


@dataclass(frozen=True, eq=False)
class Group:
    """Dots of one trace."""

    name: str
    of: Callable[[np.ndarray], np.ndarray]  # who -> bool [n]
    marker: Callable[[np.ndarray], dict]  # who -> how Plotly draws them


@dataclass(frozen=True, eq=False)
class Colours:
    title: str
    groups: list[Group]
    told: Callable[[np.ndarray], list[str]]  # who -> what stands under the name


def pick(data: Dataset, what: str) -> Colours:
    """By what, as the visitor chooses. what : "items" or "people" """
    rows = [row for row in measured.models(data) if measured.has_lists(data, row)]
    genres = data.catalogue.genres()
    count = "How often chosen" if what == "items" else "How much they chose"
    options = ({"genre": "Genre"} if genres else {}) | {"known": count}
    options |= {"apart": "Model minus model"} if len(rows) > 1 else {}
    by = view.one("colour", "Colour", options, next(iter(options)))
    if by == "genre":
        return _genres(data, genres, what)
    if by == "known":
        return _counts(data, what)
    return _apart(data, rows, what)


def _genres(data: Dataset, genres: list[str], what: str) -> Colours:
    if what == "people":
        segments = cached.segments(data, "genres")
        labels, place = list(segments.labels), segments.of
    else:
        labels, place = genres[:KINDS], first_genre(data.catalogue.items["genres"], genres[:KINDS])
    sizes = [(int((place == at).sum()), at) for at in range(len(labels))]
    shown = [at for _, at in sorted(sizes, key=lambda one: -one[0])[:KINDS]]
    grey = {"color": charts.of_theme(charts.MUTED), "symbol": "circle", "opacity": 0.45}
    rest = Group("other", lambda who: ~np.isin(place[who], shown), lambda who: grey)
    groups = [_kind(genre_text(labels[at]), place, at, n) for n, at in enumerate(shown)]
    names = [charts.plain(genre_text(label)) for label in labels] + ["another genre"]
    return Colours("genre", [rest, *groups], lambda who: [names[at] for at in place[who].tolist()])


def _kind(name: str, place: np.ndarray, at: int, n: int) -> Group:
    look = {"color": charts.of_theme(HUES[n]), "symbol": SHAPES[n]}
    return Group(charts.plain(name), lambda who: place[who] == at, lambda who: look)


def first_genre(genres: pl.Series, among: list[str]) -> np.ndarray:
    """int64 [I], the place in `among` of the first genre of each item that stands there; -1: none."""
    table = pl.DataFrame({"genre": genres}).with_row_index("item").explode("genre")
    known = pl.DataFrame({"genre": among, "place": np.arange(len(among))})
    found = table.join(known, on="genre", how="inner", maintain_order="left").unique(
        "item", keep="first", maintain_order=True
    )
    place = np.full(len(genres), -1, dtype=np.int64)
    place[found["item"].to_numpy()] = found["place"].to_numpy()
    return place


def _counts(data: Dataset, what: str) -> Colours:
    counts = data.item_facts.counts if what == "items" else np.diff(data.test.fold_in.indptr)
    logs = np.log10(counts + 1.0)
    powers = [10**power for power in range(int(logs.max(initial=0.0)) + 1)]
    bar = {
        **{"thickness": 10, "len": 0.6, "outlinewidth": 0, "tickfont": {"size": 11}},
        **{"tickvals": np.log10(np.array(powers) + 1.0).tolist(), "ticktext": [f"{power:,}" for power in powers]},
    }
    look = {
        "colorscale": SCALE,
        "showscale": True,
        "colorbar": bar,
        "cmin": float(logs.min()),
        "cmax": float(logs.max()),
    }
    unit = "chosen by {:,}" if what == "items" else "{:,} items known"
    return Colours(
        "how often chosen" if what == "items" else "how much they chose",
        [Group("all", _everybody, lambda who: look | {"color": logs[who].round(3).tolist()})],
        lambda who: [unit.format(n) for n in counts[who].tolist()],
    )


def _apart(data: Dataset, rows: list[measured.Row], what: str) -> Colours:
    titles = {row.name: row.title for row in rows}
    best = sorted(rows, key=lambda row: models.quality(row.entry), reverse=True)
    a = view.one("a", "How much more under", titles, best[0].name)
    others = {name: title for name, title in titles.items() if name != a}
    b = view.one("b", "Than under", others, next(row.name for row in best if row.name != a))
    first, second = (next(row for row in rows if row.name == name) for name in (a, b))
    values = _shown_more(data, first, second) if what == "items" else _better(data, first, second)
    reach = float(np.nanquantile(np.abs(values), 0.98)) or 1.0
    low, middle, high = ENDS[charts.is_dark()]
    bar = {"thickness": 10, "len": 0.6, "outlinewidth": 0, "tickfont": {"size": 11}, "nticks": 5}
    look = {
        **{"colorscale": [[0, low], [0.5, middle], [1, high]], "cmin": -reach, "cmax": reach},
        **{"showscale": True, "colorbar": bar},
    }
    unit = (
        f"of lists, {first.title} minus {second.title}"
        if what == "items"
        else f"nDCG@100, {first.title} minus {second.title}"
    )
    told = [f"{signed(value)} {unit}" for value in np.nan_to_num(values).tolist()]
    return Colours(
        f"{first.title} minus {second.title}",
        [Group("all", _everybody, lambda who: look | {"color": np.nan_to_num(values[who]).round(5).tolist()})],
        lambda who: [told[one] for one in who.tolist()],
    )


def _everybody(who: np.ndarray) -> np.ndarray:
    return np.ones(len(who), dtype=bool)


def _shown_more(data: Dataset, a: measured.Row, b: measured.Row) -> np.ndarray:
    """Of each item, the share of lists that show it among their first DEPTH under a, less that under b; [I]"""
    n = max(1, data.info.n_test_users)
    return (measured.exposure(data, a, DEPTH) - measured.exposure(data, b, DEPTH)) / n


def _better(data: Dataset, a: measured.Row, b: measured.Row) -> np.ndarray:
    """nDCG@100 of each test user under a, less that under b; [n]"""
    metric = measured.named(models.DECIDES)
    assert isinstance(metric, Metric)
    return measured.column(data, a, metric) - measured.column(data, b, metric)
