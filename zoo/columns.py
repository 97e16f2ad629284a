"""Which column of a file plays which role: by an explicit name, or by the names that people usually give."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from zoo.errors import DataError
from zoo.text import visible

# Lower case, without spaces, underscores and hyphens; the first one found wins.
NAMES = {
    "user": "userid user uid username customer customerid member memberid visitor visitorid account accountid reader "
    "readerid reviewer reviewerid client clientid person personid listener listenerid player playerid subscriber "
    "subscriberid",
    "item": "itemid item iid movie movieid film filmid book bookid track trackid song songid artist artistid album "
    "albumid product productid article articleid game gameid appid show showid series seriesid anime animeid video "
    "videoid recipe recipeid business businessid location locationid venue venueid sku asin isbn isbn13 imdbid tmdbid",
    "value": "rating ratings score stars value userrating yourrating myrating userscore grade count plays playcount "
    "weight",
    "rank": "rank ranking position place pos",
    "timestamp": "timestamp time datetime date unixtime ts ratedat createdat watchedat daterated dateread watcheddate "
    "dateadded reviewtime",
    "title": "title name itemtitle itemname movietitle moviename filmtitle booktitle bookname tracktitle trackname "
    "songtitle gametitle gamename producttitle productname primarytitle originaltitle",
    "year": "year releaseyear originalpublicationyear yearpublished publicationyear yearofpublication publishedyear "
    "releasedate published",
    "genres": "genres genre categories category",
}
CALLED = {"value": "rating"}  # what people call the role in a sentence
SHOWN = 12  # columns that an error sentence lists


@dataclass(frozen=True)
class Mapping:
    """Which column plays which role, by its name in the file; None = recognise it (`part` is never guessed)."""

    user: str | None = None
    item: str | None = None
    value: str | None = None
    timestamp: str | None = None
    part: str | None = None  # the column of the split rule column:NAME


RECOGNISE = Mapping()


def find_columns(found: Sequence[str], roles: Sequence[str], mapping: Mapping, name: str) -> dict[str, str]:
    """Role -> column, for the roles that have one. `DataError` when `mapping` names a column that is not there.

    >>> find_columns(["userId", "movieId", "rating"], ["user", "item", "title"], Mapping(item="movieid"), "ratings.csv")
    {'user': 'userId', 'item': 'movieId'}
    """
    given = {role: _named(found, wanted, role, name) for role in roles if (wanted := getattr(mapping, role, None))}
    for role, column in given.items():
        if twin := next((other for other in given if other != role and given[other] == column), None):
            raise DataError(
                f"{name}: column {column} cannot be both the {_called(role)} and the {_called(twin)}. Name two columns."
            )
    free = [column for column in found if column not in given.values()]
    usual = {role: guess for role in roles if role not in given and (guess := _usual(free, role)) is not None}
    return {role: (given | usual)[role] for role in roles if role in given or role in usual}


class NoColumn(DataError):
    """A table lacks a column that it needs. `option`: what the command line offers; a page puts its own way there."""

    def __init__(self, sentence: str, option: str) -> None:
        super().__init__(sentence)
        self.option = option


def require(columns: dict[str, str], role: str, found: Sequence[str], name: str) -> str:
    """The column of a role, or a `NoColumn` that says which columns there are and what to do."""
    if role in columns:
        return columns[role]
    option = f"name it with --{role} COLUMN"
    raise NoColumn(
        f"{name} has no column for the {_called(role)} (found: {listed(found)}). "
        f"Rename one to {role + '_id' if role in ('user', 'item') else _called(role)}, or {option}."
        + (" The first line must name the columns." if any(_is_number(column) for column in found) else ""),
        option,
    )


def other_candidates(found: Sequence[str], role: str, taken: str) -> list[str]:
    """Columns that could have played the role as well."""
    return [column for column in found if column != taken and is_usual(column, role)]


def is_usual(column: str, role: str) -> bool:
    """Whether people give this name to the role."""
    return plain(column) in NAMES[role].split()


def is_count(column: str) -> bool:
    """Whether the name says how often, and not how good."""
    return plain(column) in ("count", "plays", "playcount", "weight")


def plain(column: str) -> str:
    """A column's name as names are compared."""
    return re.sub(r"[\s_\-.\ufeff]", "", column).lower()


def _usual(found: Sequence[str], role: str) -> str | None:
    columns = {plain(column): column for column in reversed(found)}  # reversed: the first of two twins stays
    return next((columns[name] for name in NAMES.get(role, "").split() if name in columns), None)


def _named(found: Sequence[str], given: str, role: str, name: str) -> str:
    if given in found:
        return given
    if column := next((column for column in found if plain(column) == plain(given)), None):
        return column
    raise DataError(
        f"{name} has no column {given!r} for the {_called(role)} (found: {listed(found)}). Name one of these."
    )


def _called(role: str) -> str:
    return CALLED.get(role, role)


def listed(found: Sequence[str]) -> str:
    """The first columns, as an error sentence shows them."""
    shown = ", ".join(visible(column[:40]) or '""' for column in found[:SHOWN])
    return shown + (f" and {len(found) - SHOWN:,} more" if len(found) > SHOWN else "")


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", text) is not None
