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
from zoo.significance import Comparison

COMPARED = ("ndcg_at_100", "recall_at_20")  # unless others are asked for


def table(measured: Measured, comparisons: dict[str, list[Comparison]]) -> str:
    """Every metric, the highest first; then every two that were compared."""
    rows = measured.all()
    figures = {name: of.figures for name, of in rows.items()}
    info = measured.dataset.info
    lines = [f"{measured.dataset.name}, {info.split}: mean over test users [95 % interval]", ""]
    for metric in METRICS | EXPOSURES:
        of_metric = {name: found[metric] for name, found in figures.items() if metric in found}
        if of_metric:
            best_first = sorted(of_metric.items(), key=lambda entry: -entry[1].mean)
            lines += [metric] + [_line(name, interval) for name, interval in best_first]
            lines += [_line(f"({name})", of.figures[metric]) for name, of in _having(measured.references, metric)]
    for metric, found in comparisons.items():
        lines += ["", f"{metric}: differences on the same users [95 % interval], p after Holm"]
        lines += [_difference(one) for one in found]
    lines += ["", *(f"{name}: {reason}" for name, reason in measured.reasons.items())]
    lines += [f"{name}: lists made elsewhere. {' '.join(notes)}".rstrip() for name, notes in measured.notes.items()]
    lines += [f"({name}): no model, but a list by the {TITLES.get(name, name)}" for name in measured.references]
    lines.append("The intervals speak of other test users for these trained models; another training run adds its own.")
    return "\n".join(lines)


def _having(evaluations: dict[str, Evaluation], metric: str) -> Iterable[tuple[str, Evaluation]]:
    return ((name, of) for name, of in evaluations.items() if metric in of.figures)


def _line(name: str, interval: Interval) -> str:
    return f"  {name:<16} {interval.mean:.4f}  [{interval.low:.4f}, {interval.high:.4f}]  n = {interval.n:,}"


def _difference(one: Comparison) -> str:
    told = "" if one.distinguishable else "  not told apart"
    pair = f"{one.a} - {one.b}"
    return (
        f"  {pair:<32} {one.difference:+.4f}  [{one.low:+.4f}, {one.high:+.4f}]  p = {one.p_holm:.4f}  "
        f"n = {one.n:,}{told}"
    )


def plain(comparison: Comparison) -> dict[str, Any]:
    """For JSON, which has no nan."""
    found = asdict(comparison) | {"distinguishable": comparison.distinguishable}
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in found.items()
    }
