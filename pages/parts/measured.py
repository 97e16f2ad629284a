"""What was measured of one data set: the models of the zoo, and beside them what this session brought.

The pages under Measure read everything from here: columns of figures per user, boards, lists, and who is left out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from pages.parts import cached, incumbent, own_model
from pages.parts.cached import Entry
from pages.parts.session_lists import SessionLists
from zoo.board import Board, figures_and_pairs, in_pairs
from zoo.card import Interval
from zoo.dataset import Dataset
from zoo.metrics import EXPOSURE_FAMILIES, FAMILIES, Exposure, Metric
from zoo.significance import Comparison, mean_intervals, with_holm

Columns = Mapping[str, Mapping[str, np.ndarray]]  # metric -> name -> float [n]
Pairs = Mapping[str, list[Comparison]]
KS = (5, 10, 20, 50, 100)
USUAL = ("ndcg_at_{k}", "recall_at_{k}", "reciprocal_rank_at_{k}", "coverage_at_{k}", "novelty_at_{k}")


@dataclass(frozen=True, eq=False)
class Row:
    """One line of a table: a model, or lists made elsewhere."""

    name: str
    entry: Entry | None
    lists: SessionLists | None = None

    @property
    def title(self) -> str:
        return self.entry.title if self.entry else self.lists.title

    def chip(self) -> dict:
        return self.entry.chip() if self.entry else self.lists.chip()


def rows(data: Dataset) -> list[Row]:
    """Everybody who has figures, by family."""
    brought = [incumbent.brought(data), *own_model.measured(data)]
    return models(data) + [Row(lists.name, None, lists) for lists in brought if lists]


def models(data: Dataset) -> list[Row]:
    """Those of the zoo alone, without what this session brought."""
    return [Row(e.name, e) for e in cached.entries(data) if e.card is not None and e.card.metrics]


def draw_ahead(data: Dataset, k: int | None = None) -> None:
    """The board as it opens, or at k, before anybody asks: seconds that no visitor waits for then."""
    _board(data, models(data), metrics(USUAL, k))


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


def columns(data: Dataset, of: Sequence[Row], wanted: Sequence[Metric]) -> dict[str, dict[str, np.ndarray]]:
    """The same of several rows and metrics, by metric and name; the lists of a model are read once for all of them."""
    for row in of:
        if row.entry:
            cached.columns(data, row.entry, wanted)
    return {metric.name: {row.name: column(data, row, metric) for row in of} for metric in wanted}


def n_users(data: Dataset, row: Row) -> int:
    """Of how many test users it has lists."""
    return len(row.lists.lists.rows) if row.lists else data.info.n_test_users


def ranked(data: Dataset, row: Row) -> np.ndarray | None:
    """int32 [n, 100 or I], the lists; None where none were kept."""
    return row.lists.ranked(data) if row.lists else cached.lists(data, row.entry.name, row.entry.checksum)


def has_lists(data: Dataset, row: Row) -> bool:
    """Whether its lists were kept; models of an older version have figures alone."""
    return bool(row.lists) or cached.has_lists(data, row.entry.name, row.entry.checksum)


def exposure(data: Dataset, row: Row, k: int) -> np.ndarray | None:
    """int64 [I], in how many lists' first k each item stands."""
    if row.lists:
        return cached.exposure_at_k(row.lists.lists.ranked, data.info.n_items, k)
    return cached.exposure(data, row.entry, k)


def board(data: Dataset, wanted: dict[str, Metric | Exposure]) -> Board:
    """All rows by some metrics, every two compared."""
    return _board(data, rows(data), wanted)


def _board(data: Dataset, everybody: Sequence[Row], wanted: dict[str, Metric | Exposure]) -> Board:
    per_user = [metric for metric in wanted.values() if isinstance(metric, Metric)]
    pairs = compared(data, everybody, per_user)
    found = {name: figures(data, everybody, metric) for name, metric in wanted.items()}
    return Board(wanted, found, pairs)


def of_models(data: Dataset, metric: str) -> list[Comparison]:
    """Every two models of the zoo, without what this session brought."""
    return compared(data, models(data), [named(metric)])[metric]


def figures(data: Dataset, everybody: Sequence[Row], metric: Metric | Exposure) -> dict[str, Interval]:
    """The mean of everybody who has one, with its interval."""
    if isinstance(metric, Metric):
        _draw_means(data, everybody, [metric])
    found = {row.name: _figure(data, row, metric) for row in everybody}
    return {name: interval for name, interval in found.items() if interval is not None}


def _figure(data: Dataset, row: Row, metric: Metric | Exposure) -> Interval | None:
    if isinstance(metric, Exposure):
        return row.lists.over_all(data, metric) if row.lists else cached.over_all(data, row.entry, metric)
    return _published(row, metric) or memory(data, [row])["mean", metric.name]


def plain(interval: Interval | None) -> dict[str, float | int | None]:
    """The columns of a figure in a table that is taken home."""
    return {"mean": None, "low": None, "high": None, "n": 0} if interval is None else interval.model_dump()


def _published(row: Row, metric: Metric) -> Interval | None:
    """What a model's card tells."""
    return (row.entry.card.metrics or {}).get(metric.name) if row.entry else None


def _draw_means(data: Dataset, everybody: Sequence[Row], per_user: Sequence[Metric]) -> None:
    """Into the memory of each row, what no card tells: all that is missing from one set of draws."""
    missing = [
        (row, metric)
        for row in everybody
        for metric in per_user
        if _published(row, metric) is None and ("mean", metric.name) not in memory(data, [row])
    ]
    if missing:
        intervals = mean_intervals(np.column_stack([column(data, row, metric) for row, metric in missing]))
        for (row, metric), interval in zip(missing, intervals, strict=True):
            memory(data, [row])["mean", metric.name] = interval


def memory(data: Dataset, of: Sequence[Row]) -> dict:
    """Where what was computed of these rows, in this order, is kept; in the session where some were brought to it."""
    brought = next((row.lists for row in of if row.lists), None)
    current = tuple((row.name, row.entry.checksum if row.entry else row.lists.mark) for row in of)
    return brought.memories.setdefault(current, {}) if brought else cached.memory(data, current)


def compared(data: Dataset, everybody: Sequence[Row], per_user: Sequence[Metric]) -> dict[str, list[Comparison]]:
    """Holm over every two of a metric. One set of draws for all metrics that were not asked for before.

    What was drawn of the models serves every visitor; only the pairs with lists that were brought are the session's.
    """
    zoo, brought = [row for row in everybody if row.entry], [row for row in everybody if row.lists]
    found = _pairs(data, zoo, per_user, partial(_of_zoo, data, zoo))
    for place, row in enumerate(brought):
        others = [*zoo, *brought[:place]]
        pairs = [(metric.name, other.name, row.name) for metric in per_user for other in others]
        with_it = _pairs(data, [*others, row], per_user, partial(_only, pairs))
        found = {name: found[name] + with_it[name] for name in found}
    return {name: with_holm(pairs) for name, pairs in found.items()}


def _pairs(
    data: Dataset, of: Sequence[Row], per_user: Sequence[Metric], compare: Callable[[Columns], Pairs]
) -> dict[str, list[Comparison]]:
    """Each pair as if it stood alone, from the memory of these rows."""
    kept = memory(data, of)
    missing = [metric for metric in per_user if ("pairs", metric.name) not in kept]
    if missing:
        found = compare(columns(data, of, missing))
        kept |= {("pairs", name): pairs for name, pairs in found.items()}
    return {metric.name: kept["pairs", metric.name] for metric in per_user}


def _of_zoo(data: Dataset, zoo: Sequence[Row], of: Columns) -> Pairs:
    """Every two; and into the memory of each row its mean, which the same draws tell."""
    means, pairs = figures_and_pairs(of)
    for row in zoo:
        memory(data, [row]).update({("mean", metric): found.get(row.name) for metric, found in means.items()})
    return pairs


def _only(pairs: list[tuple[str, str, str]], columns: Columns) -> Pairs:
    """These of all pairs, where both have any user."""
    known = {name: {row for row, values in of.items() if np.isfinite(values).any()} for name, of in columns.items()}
    wanted = [(name, a, b) for name, a, b in pairs if {a, b} <= known.get(name, set())]
    found = in_pairs(columns, wanted)
    return {name: [found[pair] for pair in wanted if pair[0] == name] for name in columns}
