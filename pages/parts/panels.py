"""What is asked of whom: a model, the filters of its list, and the name that tells it from its twin beside it."""

from dataclasses import dataclass

from pages.parts import filters, models
from pages.parts.cached import Entry
from pages.parts.columns import LENGTHS, MOST, Column
from pages.parts.filters import Filters
from pages.parts.items import genre_text
from zoo.dataset import Dataset


@dataclass(frozen=True, eq=False)
class Panel:
    """One list on the page."""

    entry: Entry
    filters: Filters
    title: str
    column: Column | None = None  # on Compare
    score: str | None = None  # what the scores of this list are, where they are not its model's

    @property
    def name(self) -> str:
        """What an address calls it."""
        return self.column.text if self.column else self.entry.name

    def chip(self) -> dict:
        return self.entry.chip() | {"title": self.title}


def single(entry: Entry, limits: Filters) -> Panel:
    return Panel(entry, limits, entry.title)


def several(data: Dataset, columns: list[Column], limits: Filters) -> list[Panel]:
    """A panel per column: its own settings where it has any, those of the page for the rest."""
    entries = {entry.name: entry for entry in models.everybody(data)}
    panels: list[Panel] = []
    for column in columns:
        entry = entries[column.model]
        own = filters.with_own(data, limits, column.k, column.known, column.genre, column.years)
        title = " · ".join([entry.title, *own_words(column)])
        twins = sum(earlier == column for earlier in columns[: len(panels)])
        panels.append(Panel(entry, own, f"{title} ({twins + 1})" if twins else title, column))
    return panels


def own_words(column: Column) -> list[str]:
    """What a column says of itself.

    >>> own_words(Column("ease", k=10, known="shown", years=(1960, 1969)))
    ['10 items', 'known ones too', '1960s']
    """
    words = [f"{column.k} items"] if column.k else []
    words += [{"hidden": "only new", "shown": "known ones too"}[column.known]] if column.known else []
    words += [genre_text(column.genre)] if column.genre else []
    return words + ([filters.span_text(column.years)] if column.years else [])


def options(data: Dataset, limits: Filters) -> dict:
    """What the settings of a column can be: per setting its label, and (value, text) of each choice."""
    span = data.catalogue.years()
    decades = range(span[0] // 10 * 10, span[1] + 1, 10) if span else range(0)
    recent = [first for first in decades if first >= 1900]
    genres = data.catalogue.genres()
    as_above = "left out" if limits.hide_seen else "listed"
    rows = [
        ("k", "Length", f"As above: {limits.k}", [(str(k), f"{k} items") for k in LENGTHS]),
        ("known", "Known items", f"As above: {as_above}", [("hidden", "Left out"), ("shown", "Listed too")]),
        ("genre", "Genre", "As above", [(genre, genre_text(genre)) for genre in genres]),
        ("years", "Years", "As above", [(f"{first}-{first + 9}", f"{first}s") for first in recent[::-1]]),
    ]
    settings = [
        {"name": name, "label": label, "choices": [("", above), *choices]}
        for name, label, above, choices in rows
        if choices
    ]
    return {"most": MOST, "settings": settings}
