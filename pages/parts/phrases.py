"""Prompts to begin with, in the catalogue's own words: a genre and a decade, a name, words of a description. Pure."""

from collections import Counter
from collections.abc import Sequence

import polars as pl

from zoo.catalogue import Catalogue
from zoo.titles import normal_form

PHRASES = 4
KNOWN = 300  # the most chosen items, whose words are taken
RARE = (3, 40)  # texts that hold a word: fewer find one item, more of them none in particular
LONG = 5  # letters of a word that says something
WORDS = 3


def phrases(catalogue: Catalogue, tastes: Sequence[str]) -> list[str]:
    """Up to four. tastes : the titles of ready ones, such as "Horror of the 1970s"."""
    found = [_somebody(catalogue), _described(catalogue, "description"), _described(catalogue, "title"), *tastes[2:]]
    return list(dict.fromkeys([*tastes[:2], *(phrase for phrase in found if phrase)]))[:PHRASES]


def _somebody(catalogue: Catalogue) -> str | None:
    """Whose items were chosen most."""
    if not catalogue.people_columns:
        return None
    who = catalogue.people_columns[0]
    names = catalogue.items.select(who, "n_users").explode(who) if _is_list(catalogue, who) else catalogue.items
    best = (
        names.drop_nulls(who)
        .group_by(who)
        .agg(pl.col("n_users").sum())
        .sort(["n_users", who], descending=[True, False])
    )
    return str(best[who][0]) if best.height else None


def _described(catalogue: Catalogue, column: str) -> str | None:
    """A few words of one known item that some others share."""
    if catalogue.items.schema.get(column) != pl.String or not catalogue.has_titles:
        return None
    texts = [(form or "").split() for form in normal_form(catalogue.items[column])]
    counts = Counter(word for text in texts for word in set(text))
    order = catalogue.items["n_users"].arg_sort(descending=True).head(KNOWN)
    for row in order:
        words = dict.fromkeys(word for word in texts[row] if _says_something(word, counts[word]))
        if len(words) >= (WORDS if column == "description" else 2):
            return " ".join(list(words)[:WORDS])
    return None


def _says_something(word: str, n: int) -> bool:
    return len(word) >= LONG and word.isalpha() and RARE[0] <= n <= RARE[1]


def _is_list(catalogue: Catalogue, column: str) -> bool:
    return catalogue.items.schema[column] == pl.List(pl.String)
