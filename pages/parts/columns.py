"""The columns of Compare: a model each, perhaps the same one twice, with settings of its own. Pure.

A column is kept, and written into the address, as text: "ease", or "ease!k=10!known=shown!genre=War!years=1960-1969".
What it does not say of itself, it takes from the filters of the page.
"""

from dataclasses import dataclass, replace
from typing import Any, Self

MOST = 4
LENGTHS = (5, 10, 20, 30, 50)


@dataclass(frozen=True)
class Column:
    model: str
    k: int | None = None
    known: str | None = None  # "hidden" or "shown"
    genre: str | None = None
    years: tuple[int, int] | None = None

    @property
    def text(self) -> str:
        years = None if self.years is None else f"{self.years[0]}-{self.years[1]}"
        own = {"k": self.k, "known": self.known, "genre": self.genre, "years": years}
        said = [f"{name}={_escape(str(value))}" for name, value in own.items() if value is not None]
        return "!".join([_escape(self.model), *said])

    @classmethod
    def read(cls, text: str) -> Self:
        """The column that a text describes; what makes no sense is left out."""
        model, *said = text.split("!")
        column = cls(_unescape(model))
        for part in said:
            name, _, value = part.partition("=")
            column = column.with_setting(name, _unescape(value))
        return column

    def with_setting(self, name: str, value: str) -> Self:
        """With one setting changed; an empty value gives it back to the page."""
        match name:
            case "k" if not value or (value.isascii() and value.isdecimal() and int(value) in LENGTHS):
                return replace(self, k=int(value) if value else None)
            case "known" if value in ("", "hidden", "shown"):
                return replace(self, known=value or None)
            case "genre":
                return replace(self, genre=value or None)
            case "years":
                first, _, last = value.rpartition("-")
                if not value:
                    return replace(self, years=None)
                if all(year.isascii() and year.isdecimal() and len(year) < 5 for year in (first, last)):
                    return replace(self, years=(int(first), int(last)))
        return self


def changed(columns: list[Column], event: dict[str, Any]) -> list[Column]:
    """The columns after a click: {"do": "move", "at": 0, "to": 1}, or "duplicate", "remove", "set" (name, value)."""
    at, here = event.get("at"), range(len(columns))
    if at not in here:
        return columns
    before, column, after = columns[:at], columns[at], columns[at + 1 :]
    match event:
        case {"do": "move", "to": int(to)} if to in here:
            rest = before + after
            return [*rest[:to], column, *rest[to:]]
        case {"do": "duplicate"} if len(columns) < MOST:
            return [*before, column, column, *after]
        case {"do": "remove"}:
            return before + after
        case {"do": "set", "name": str(name), "value": str(value)}:
            return [*before, column.with_setting(name, value), *after]
    return columns


def chosen(columns: list[Column], models: list[str]) -> list[Column]:
    """The columns of these models: those that stay keep their place and settings, new ones come last."""
    stay = [column for column in columns if column.model in models]
    there = {column.model for column in stay}
    return [*stay, *(Column(model) for model in models if model not in there)]


def _escape(text: str) -> str:
    return text.replace("~", "~0").replace("!", "~1")


def _unescape(text: str) -> str:
    return text.replace("~1", "!").replace("~0", "~")
