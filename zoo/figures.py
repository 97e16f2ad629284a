"""Figures as people read them in a terminal, and as programs read them."""

import math
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from zoo.card import Interval
from zoo.evaluate import Evaluation
from zoo.measuring import Measured
from zoo.metrics import EXPOSURES, METRICS
from zoo.references import TITLES
from zoo.significance import MIN_USERS, Comparison

COMPARED = ("ndcg_at_100", "recall_at_20")  # unless others are asked for


def table(measured: Measured, comparisons: dict[str, list[Comparison]]) -> str:
    """Every metric, the highest first; then every two that were compared."""
    rows = measured.all()
    figures = {name: of.figures for name, of in rows.items()}
    info = measured.dataset.info
    users = f"{len(measured.fold):,} {measured.part} users"
    lines = [f"{measured.dataset.name}, {info.split}, {users}: mean over the n who have one [95 % interval]", ""]
    for metric in METRICS | EXPOSURES:
        of_metric = {name: found[metric] for name, found in figures.items() if metric in found}
        if of_metric:
            best_first = sorted(of_metric.items(), key=lambda entry: -entry[1].mean)
            lines += [metric] + [
                _line(_named(name, measured), one) + _between(measured, name, metric) for name, one in best_first
            ]
            lines += [_line(f"({name})", of.figures[metric]) for name, of in _having(measured.references, metric)]
        elif figures:
            lines += [f"{metric}  defined for none of them"]
    for metric, found in comparisons.items():
        lines += ["", f"{metric}: differences on the same users [95 % interval], p after Holm over these {len(found)}"]
        lines += [_difference(one) for one in found]
    lines += ["", *(f"{name}: {reason}" for name, reason in measured.reasons.items())]
    lines += [f"{name}: lists made elsewhere. {' '.join(notes)}".rstrip() for name, notes in measured.notes.items()]
    lines += [f"({name}): no model, but a list by the {TITLES.get(name, name)}" for name in measured.references]
    lines.append("The intervals speak of other test users for these trained models; another training run adds its own.")
    return "\n".join(lines)


def _having(evaluations: dict[str, Evaluation], metric: str) -> Iterable[tuple[str, Evaluation]]:
    return ((name, of) for name, of in evaluations.items() if metric in of.figures)


def _named(name: str, measured: Measured) -> str:
    return f"{name} (external)" if name in measured.external else name


def _between(measured: Measured, name: str, metric: str) -> str:
    spread = measured.runs.get(name, {}).get(metric)
    return f"  sd {spread.sd:.4f} between {spread.n} runs" if spread else ""


def _line(name: str, interval: Interval) -> str:
    return f"  {name:<22} {interval.mean:.4f}  [{interval.low:.4f}, {interval.high:.4f}]  n = {interval.n:,}"


def _difference(one: Comparison) -> str:
    pair = f"{one.a} - {one.b}"
    difference = f"  {pair:<44} {one.difference:+.4f}  [{one.low:+.4f}, {one.high:+.4f}]"
    if one.n < MIN_USERS:
        return f"{difference}  n = {one.n:,}  too few users"
    return f"{difference}  p = {one.p_holm:.4f}  n = {one.n:,}{'' if one.distinguishable else '  not told apart'}"


def plain(comparison: Comparison) -> dict[str, Any]:
    """For JSON, which has no nan."""
    found = asdict(comparison) | {"distinguishable": comparison.distinguishable}
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in found.items()
    }
