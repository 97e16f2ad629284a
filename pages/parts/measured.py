"""What was measured of one data set: the models of the zoo, and the incumbent's lists beside them.

The pages under Measure read everything from here: columns of figures per user, boards, lists, and who is left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from pages.parts import cached, incumbent
from pages.parts.cached import Entry
from pages.parts.incumbent import Incumbent
from zoo.board import Board, every_two
from zoo.card import Interval
from zoo.dataset import Dataset
from zoo.metrics import EXPOSURE_FAMILIES, FAMILIES, Exposure, Metric
from zoo.significance import Comparison, mean_intervals, with_holm

DECIDES = "ndcg_at_100"
KS = (5, 10, 20, 50, 100)
USUAL = ("ndcg_at_{k}", "recall_at_{k}", "reciprocal_rank_at_{k}", "coverage_at_{k}", "novelty_at_{k}")


@dataclass(frozen=True, eq=False)
class Row:
    """One line of a table: a model, or lists made elsewhere."""

    name: str
    entry: Entry | None
    lists: Incumbent | None = None

    @property
    def title(self) -> str:
        return self.entry.title if self.entry else incumbent.TITLE

    def chip(self) -> dict:
        return self.entry.chip() if self.entry else self.lists.chip()


def rows(data: Dataset) -> list[Row]:
    """Everybody who has figures, by family."""
    models = [Row(e.name, e) for e in cached.entries(data) if e.card is not None and e.card.metrics]
    brought = incumbent.brought(data)
    return models + ([Row(incumbent.NAME, None, brought)] if brought else [])


def left_out(data: Dataset) -> list[tuple[str, str]]:
    """(title, why) of models without figures: not applicable under this split, trained under another one, broken."""
    return [
        (entry.title, entry.problem or (entry.card.reason if entry.card else None) or "It was not measured.")
        for entry in cached.entries(data)
        if entry.card is None or not entry.card.metrics
    ]


def metrics(families: Sequence[str], k: int | None) -> dict[str, Metric | Exposure]:
    """The metrics of these families at k, or each at its usual one."""
    found = [(FAMILIES | EXPOSURE_FAMILIES)[family].at(k) for family in families]
    return {metric.name: metric for metric in found}


def named(name: str) -> Metric | Exposure | None:
    """The metric of a name such as "recall_at_50": of any family, at any k that lists reach; None for another text."""
    for family in (*FAMILIES.values(), *EXPOSURE_FAMILIES.values()):
        for k in {*KS, family.usual}:
            if family.name.format(k=k) == name:
                return family.at(k)
    return None


def titles(k: int | None = None, *, per_user: bool = False) -> dict[str, str]:
    """What every family is called, in the order of `zoo.metrics`."""
    families = FAMILIES if per_user else FAMILIES | EXPOSURE_FAMILIES
    return {name: family.at(k).title for name, family in families.items()}


def column(data: Dataset, row: Row, metric: Metric) -> np.ndarray:
    """float64 [n], the metric for every test user, nan where there is none: nowhere, where no lists were kept."""
    found = row.lists.column(data, metric) if row.lists else cached.column(data, row.entry, metric)
    return np.full(len(data.test), np.nan) if found is None else found.astype(np.float64)


def n_users(data: Dataset, row: Row) -> int:
    """Of how many test users it has lists."""
    return len(row.lists.lists.rows) if row.lists else data.info.n_test_users


def ranked(data: Dataset, row: Row) -> np.ndarray | None:
    """int32 [n, 100 or I], the lists; None where none were kept."""
    return row.lists.ranked(data) if row.lists else cached.lists(data, row.entry.name)


def has_lists(data: Dataset, row: Row) -> bool:
    """Whether its lists were kept; models of an older version have figures alone."""
    return bool(row.lists) or cached.has_lists(data, row.entry.name)


def exposure(data: Dataset, row: Row, k: int) -> np.ndarray | None:
    """int64 [I], in how many lists' first k each item stands."""
    if row.lists:
        return cached.exposure_at_k(row.lists.lists.ranked, data.info.n_items, k)
    return cached.exposure(data, row.entry, k)


def board(data: Dataset, wanted: dict[str, Metric | Exposure]) -> Board:
    """All rows by some metrics, every two compared."""
    everybody = rows(data)
    per_user = [metric for metric in wanted.values() if isinstance(metric, Metric)]
    _draw_means(data, everybody, per_user)
    found = {name: figures(data, metric) for name, metric in wanted.items()}
    return Board(wanted, found, _compared(data, everybody, per_user))


def pair(data: Dataset, metric: Metric, a: Row, b: Row) -> Comparison | None:
    """Two of them on all users, asked among every two of the zoo; None where they have no user in common."""
    found = _compared(data, rows(data), [metric])[metric.name]
    return next((one for one in found if {one.a, one.b} == {a.name, b.name}), None)


def figures(data: Dataset, metric: Metric | Exposure) -> dict[str, Interval]:
    """The mean of everybody who has one, with its interval."""
    found = {row.name: _figure(data, row, metric) for row in rows(data)}
    return {name: interval for name, interval in found.items() if interval is not None}


def _figure(data: Dataset, row: Row, metric: Metric | Exposure) -> Interval | None:
    if isinstance(metric, Exposure):
        return row.lists.over_all(data, metric) if row.lists else cached.over_all(data, row.entry, metric)
    published = row.entry.card.metrics if row.entry and row.entry.card else None
    if published and metric.name in published:
        return published[metric.name]
    _draw_means(data, [row], [metric])
    return memory(data, [row])["mean", metric.name]


def _draw_means(data: Dataset, everybody: list[Row], per_user: Sequence[Metric]) -> None:
    """Into the memory of each row, what no card tells: all that is missing from one set of draws."""
    missing = [
        (row, metric)
        for row in everybody
        for metric in per_user
        if not (row.entry and row.entry.card and metric.name in (row.entry.card.metrics or {}))
        and ("mean", metric.name) not in memory(data, [row])
    ]
    if missing:
        intervals = mean_intervals(np.column_stack([column(data, row, metric) for row, metric in missing]))
        for (row, metric), interval in zip(missing, intervals, strict=True):
            memory(data, [row])["mean", metric.name] = interval


def memory(data: Dataset, of: Sequence[Row]) -> dict:
    """Where what was computed of these rows, in this order, is kept; in the session where some were brought to it."""
    brought = next((row.lists for row in of if row.lists), None)
    current = tuple((row.name, row.entry.checksum if row.entry else "") for row in of)
    return brought.memories.setdefault(current, {}) if brought else cached.memory(data, current)


def _compared(data: Dataset, everybody: list[Row], per_user: Iterable[Metric]) -> dict[str, list[Comparison]]:
    """Holm over every two of a metric. One set of draws for all metrics that were not asked for before."""
    found = memory(data, everybody)
    missing = {
        metric.name: {row.name: column(data, row, metric) for row in everybody}
        for metric in per_user
        if ("pairs", metric.name) not in found
    }
    found |= {("pairs", name): with_holm(pairs) for name, pairs in every_two(missing).items()}
    return {metric.name: found["pairs", metric.name] for metric in per_user}
