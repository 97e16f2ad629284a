"""What a verdict means for whoever must choose: in plain numbers, and who costs least of those that are level."""

from collections.abc import Sequence

from pages.parts import measured
from pages.parts.amounts import duration, size
from pages.parts.measured import Row
from zoo.card import Card
from zoo.dataset import Dataset

FOUND = "recall_at_20"  # the figure that needs no mathematics
EVERYBODY = "popularity"  # what any model must beat: one list for all


def of(data: Dataset, rows: Sequence[Row], level: Sequence[str]) -> list[str]:
    """Sentences to stand below a verdict. level : the best one, then who is not told apart from it, by their means."""
    known = {row.name: row for row in rows}
    cards = [(row.title, row.entry.card) for name in level if (row := known[name]).entry and row.entry.card]
    said = [costs(cards), plainly(data, rows, level[0]) if level else None]
    return [sentence for sentence in said if sentence]


def plainly(data: Dataset, rows: Sequence[Row], best: str) -> str | None:
    """How much the best one finds of what was hidden, and one list for everybody; None where that is not known."""
    found = measured.figures(data, rows, measured.named(FOUND))
    titles = {row.name: row.title for row in rows}
    if best not in found:
        return None
    told = f"Of every 100 choices that were hidden, the lists of 20 by {titles[best]} hold {_of_100(found[best].mean)}"
    if best == EVERYBODY or EVERYBODY not in found:
        return f"{told}."
    return f"{told}; the 20 most popular items, the same for everybody, hold {_of_100(found[EVERYBODY].mean)}."


def _of_100(share: float) -> str:
    """
    >>> _of_100(0.2871), _of_100(0.002), _of_100(0.0)
    ('29', 'less than 1', '0')
    """
    return "less than 1" if 0 < share < 0.005 else f"{100 * share:.0f}"


def costs(level: Sequence[tuple[str, Card]]) -> str | None:
    """Who costs least of models that are level, the better one first; None where there is no choice."""
    if len(level) < 2:
        return None
    fastest, trained = min(level, key=lambda one: one[1].fit_seconds)
    smallest, weighed = min(level, key=lambda one: one[1].weight_bytes)
    fast, small = f"trained fastest ({duration(trained.fit_seconds)})", f"smallest ({size(weighed.weight_bytes)})"
    if fastest == smallest:
        return f"Of these, {fastest} was {fast} and is {small}."
    return f"Of these, {fastest} was {fast}, {smallest} is {small}."
