"""Models side by side: every two compared by several metrics, who is best, and who cannot be told from the best.

A board holds what was measured on one data set; it measures nothing itself. Columns are float [n], one value per test
user, the same users in the same order everywhere, nan where a user has none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from zoo.card import Interval
from zoo.metrics import Exposure, Metric
from zoo.significance import MIN_USERS, Comparison, compare_each, measure_each, with_holm

SAME_USERS = (
    0.9  # of the users of whoever has most: a metric may be undefined for a few under one model and not another
)


@dataclass(frozen=True, eq=False)
class Board:
    """One table; names are of models and of lists made elsewhere."""

    metrics: dict[str, Metric | Exposure]  # by name, in the order of the columns
    figures: dict[str, dict[str, Interval]]  # metric -> name -> mean; without those for whom it is undefined
    comparisons: dict[str, list[Comparison]]  # metric -> every two, Holm over them; none of figures over all lists

    def rivals(self, metric: str) -> dict[str, Interval]:
        """Whose means may be set beside each other: those of the most users, and of users enough.

        Lists of a few users have a mean of those few, who may be the easy ones: only `against` speaks of them.
        """
        found = self.figures.get(metric, {})
        most = max((of.n for of in found.values()), default=0)
        return {name: of for name, of in found.items() if of.n >= max(MIN_USERS, SAME_USERS * most)}

    def best(self, metric: str) -> str | None:
        """Which of the rivals has the best mean; None without any, or where neither more nor less is better."""
        found = self.rivals(metric)
        sign = {"higher": 1.0, "lower": -1.0, "neither": 0.0}[self.metrics[metric].better]
        return max(found, key=lambda name: sign * found[name].mean) if found and sign else None

    def level(self, metric: str) -> list[str]:
        """The best one, then the rivals that are not told apart from it, the better mean first.

        [] where there is no best or no test.
        """
        best, rivals = self.best(metric), self.rivals(metric)
        compared = self.comparisons.get(metric, [])
        if best is None or (not compared and len(rivals) > 1):
            return []
        apart = {pair for one in compared if one.distinguishable for pair in ((one.a, one.b), (one.b, one.a))}
        alike = [name for name in rivals if name == best or (best, name) not in apart]
        return sorted(alike, key=lambda name: rivals[name].mean, reverse=self.metrics[metric].better == "higher")

    def against(self, baseline: str, metric: str) -> dict[str, Comparison]:
        """Everybody minus one, Holm over these alone: fewer questions, more power."""
        having = [one for one in self.comparisons.get(metric, []) if baseline in (one.a, one.b)]
        family = with_holm([one if one.b == baseline else turned(one) for one in having])
        return {one.a: one for one in family}

    def cheapest_level(self, metric: str, costs: Mapping[str, float]) -> str | None:
        """Of those that are not told apart from the best, whoever costs least; None where nothing is known of that.

        Of equal costs, the better mean decides.
        """
        level = [name for name in self.level(metric) if name in costs]
        return min(level, key=lambda name: costs[name]) if level else None

    def pareto(self, metric: str, costs: Mapping[str, float]) -> list[str]:
        """Those that nobody beats in both mean and cost, the cheapest first; of equals in both, all."""
        sign = {"higher": 1.0, "lower": -1.0, "neither": 0.0}[self.metrics[metric].better]
        found = {name: sign * of.mean for name, of in self.rivals(metric).items() if name in costs}
        return sorted(
            (
                name
                for name in found
                if sign
                and not any(
                    costs[other] <= costs[name]
                    and found[other] >= found[name]
                    and (costs[other], found[other]) != (costs[name], found[name])
                    for other in found
                )
            ),
            key=lambda name: (costs[name], -found[name]),
        )


def turned(one: Comparison) -> Comparison:
    """The second minus the first."""
    return replace(
        one,
        a=one.b,
        b=one.a,
        difference=-one.difference,
        low=-one.high,
        high=-one.low,
        effect_size=-one.effect_size,
        share_higher=one.share_lower,
        share_lower=one.share_higher,
    )


def every_two(columns: Mapping[str, Mapping[str, np.ndarray]]) -> dict[str, list[Comparison]]:
    """Every two by every metric: the second part of `figures_and_pairs`."""
    return figures_and_pairs(columns)[1]


def figures_and_pairs(
    columns: Mapping[str, Mapping[str, np.ndarray]],
) -> tuple[dict[str, dict[str, Interval]], dict[str, list[Comparison]]]:
    """Everybody's mean by every metric, and every two, each on the users that both have and as if it stood alone.

    Parameters
    ----------
    columns : metric -> name -> float [n]; who has no value at all is left out
    """
    having = {
        metric: {name: column for name, column in of.items() if np.isfinite(column).any()}
        for metric, of in columns.items()
    }
    groups: dict[bytes, dict[str, dict[str, np.ndarray]]] = {}  # those of the same users share one set of draws
    for metric, of in having.items():
        for name, column in of.items():
            there = np.isfinite(column)
            groups.setdefault(there.tobytes(), {}).setdefault(metric, {})[name] = column[there]
    means: dict[tuple[str, str], Interval | None] = {}
    pairs: dict[tuple[str, str, str], Comparison] = {}
    for alike in groups.values():
        of_these, compared = measure_each(dict(alike))
        means |= of_these
        pairs |= {(str(one.metric), one.a, one.b): one for one in compared}
    pairs |= in_pairs(having, [pair for pair in _pairs(having) if pair not in pairs])
    return (
        {metric: {name: mean for name in of if (mean := means[metric, name])} for metric, of in having.items()},
        {metric: [pairs[metric, a, b] for a, b in combinations(of, 2)] for metric, of in having.items()},
    )


def _pairs(columns: Mapping[str, Mapping[str, np.ndarray]]) -> list[tuple[str, str, str]]:
    return [(metric, a, b) for metric, of in columns.items() for a, b in combinations(of, 2)]


def in_pairs(
    columns: Mapping[str, Mapping[str, np.ndarray]], pairs: list[tuple[str, str, str]]
) -> dict[tuple[str, str, str], Comparison]:
    """These pairs (metric, a, b), each on the users that both have; pairs with the same ones are drawn together.

    A pair is its difference beside nothing: so it needs no other pair.
    """
    masks: dict[bytes, dict[str, dict[str, np.ndarray]]] = {}
    for metric, a, b in pairs:
        difference = columns[metric][a] - columns[metric][b]
        both = np.isfinite(difference)  # others are not drawn: the figures of a verdict
        masks.setdefault(both.tobytes(), {})[f"{metric} {a} {b}"] = {a: difference[both], b: np.zeros(int(both.sum()))}
    named = {f"{metric} {a} {b}": metric for metric, a, b in pairs}
    return {
        (named[str(one.metric)], one.a, one.b): replace(one, metric=named[str(one.metric)])
        for alike in masks.values()
        for one in compare_each(alike)
    }
