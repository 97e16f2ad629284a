"""What a card shows of an item: a readable title, year, decade, genre, and its poster."""

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from zoo.catalogue import Catalogue
from zoo.posters import facts_of, poster, svg

MOST_NAMES = 5  # that are told of an item
MOST_LETTERS = 400  # of what is written about it
ARTICLES = "The|A|An|Le|La|Les|L'|Il|Lo|I|El|Los|Las|Das|Der|Die|Ein|Eine|Un|Une|O|Os"
ARTICLE_LAST = re.compile(rf"^(?P<rest>.+), (?P<article>{ARTICLES})$")
ASIDE_LAST = re.compile(r"^(?P<title>.+?) \((?P<aside>[^()]+)\)$")


class Labels:
    """The labels of one catalogue, as plain dictionaries for the components."""

    def __init__(self, catalogue: Catalogue) -> None:
        columns = catalogue.items.select("item_id", "title", "year").to_dict(as_series=False)
        self._rows = list(zip(*columns.values(), strict=True))
        self._catalogue = catalogue
        self._facts = facts_of(catalogue)
        self._posters: dict[int, dict[str, str]] = {}  # drawn when first shown, then kept: 700 bytes each
        self.named = catalogue.has_titles
        self._n_users = catalogue.items["n_users"].to_list()

    def card(self, idx: int) -> dict[str, Any]:
        """{"id", "title", "aside", "year", "decade", "genre", "about", "art" (SVG), "ground" (colour)} of one item."""
        shown, aside, year = self._named(idx)
        genre = self._facts[idx].genre
        return {
            "id": idx,
            "title": shown,
            "aside": aside,
            "year": year_text(year),
            "decade": decade_text(year),
            "genre": None if genre is None else genre_text(genre),
            "about": self._about(idx),
        } | self._poster(idx)

    def title_and_year(self, idx: int) -> tuple[str, str | None]:
        """What tells an item from others in a line of text."""
        shown, _, year = self._named(idx)
        return shown, year_text(year)

    def _named(self, idx: int) -> tuple[str, str | None, int | None]:
        """The title as one says it, what stood in brackets behind it, and the year."""
        item_id, title, year = self._rows[idx]
        shown, aside = ("Item " + str(item_id), None) if title == str(item_id) else readable(title)
        return shown, aside, year

    def _about(self, idx: int) -> dict[str, str | None]:
        """What else the table says of an item: {"by" (who made it, and where), "genres", "text" (a description)}."""
        item = self._catalogue.items.row(idx, named=True)
        made = [_listed(item.get(name), MOST_NAMES) for name in (*self._catalogue.people_columns[:1], "countries")]
        genres = _listed([genre_text(genre) for genre in item["genres"] or ()], MOST_NAMES)
        text = item.get("description")
        told = text[:MOST_LETTERS] if isinstance(text, str) else None
        return {"by": " · ".join(filter(None, made)) or None, "genres": genres, "text": told}

    def _poster(self, idx: int) -> dict[str, str]:
        if idx not in self._posters:
            picture = poster(self._facts[idx])
            self._posters[idx] = {"art": svg(picture), "ground": picture.ground}
        return self._posters[idx]

    def best_known(self, items: Iterable[int]) -> list[int]:
        """These items, the most chosen first."""
        return sorted(items, key=self._n_users.__getitem__, reverse=True)

    @cached_property
    def starters(self) -> list[int]:
        """Items that most people know, to begin a taste with."""
        return self.best_known(range(len(self._rows)))[:18]


def _listed(names: object, most: int) -> str | None:
    """
    >>> _listed(["Joel Coen", "Ethan Coen"], 3), _listed(list("abcde"), 3), _listed("one name", 3), _listed(None, 3)
    ('Joel Coen, Ethan Coen', 'a, b, c and 2 more', 'one name', None)
    """
    if isinstance(names, str):
        return names[:MOST_LETTERS] or None
    if not isinstance(names, list) or not names:
        return None
    rest = len(names) - most
    return ", ".join(str(name) for name in names[:most]) + (f" and {rest} more" if rest > 0 else "")


def readable(title: str) -> tuple[str, str | None]:
    """A title as one says it, and what stood in brackets behind it.

    >>> readable("City of Lost Children, The (Cité des enfants perdus, La)")
    ('The City of Lost Children', 'La Cité des enfants perdus')
    """
    match = ASIDE_LAST.match(title)
    parts = [match["title"], match["aside"]] if match else [title, ""]
    shown, aside = (_article_first(part.strip()) for part in parts)
    return shown, aside or None


def _article_first(title: str) -> str:
    if not (match := ARTICLE_LAST.match(title)):
        return title
    space = "" if match["article"].endswith("'") else " "
    return match["article"] + space + match["rest"]


def year_text(year: int | None) -> str | None:
    if year is None:
        return None
    return str(year) if year > 0 else f"{-year} BC"


def decade_text(year: int | None) -> str | None:
    """The decade of a recent item, the century of an old one.

    >>> decade_text(1994), decade_text(1605), decade_text(-750)
    ('1990s', '17th c.', 'BC')
    """
    if year is None:
        return None
    if year >= 1800:
        return f"{year // 10 * 10}s"
    return f"{year // 100 + 1}th c." if year > 300 else "BC" if year < 0 else "Antiquity"


def genre_text(genre: str) -> str:
    words = genre.replace("-", " ") if genre.islower() else genre
    return words[:1].upper() + words[1:]
