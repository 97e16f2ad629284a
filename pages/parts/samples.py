"""Tastes to begin with, made from the catalogue itself: a genre in a decade, by its most chosen items. Pure.

Where a catalogue has no genres a decade alone must do; where it has no years either, what was chosen together.
"""

import re
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from pages.parts.items import genre_text, readable
from zoo.catalogue import Catalogue

TASTES = 6
ITEMS = 6  # of one taste
LEAST = 4  # items: fewer are no taste
CANDIDATES = 600  # only what many chose is known to a newcomer
KINDS = 24  # the most frequent genres: rarer ones are tags of a few items
RECENT = 1900
NO_GENRE = re.compile(r"\(|to[ _-]?read", re.IGNORECASE)  # "(no genres listed)", and what a shelf is for


@dataclass(frozen=True)
class Sample:
    title: str
    items: tuple[int, ...]  # columns, the most chosen first


def samples(catalogue: Catalogue, train: csr_array) -> list[Sample]:
    """Up to six tastes that have nothing in common; the best known first."""
    known = (
        catalogue.items.select("title", "year", "genres", "n_users")
        .with_row_index("idx")
        .sort("n_users", descending=True, maintain_order=True)
        .head(CANDIDATES)
    )
    found = _by_genre_and_decade(known, catalogue.genres()[:KINDS]) or _by_decade(known)
    return found if len(found) >= 2 else _together(known, train, catalogue.has_titles)


def _by_genre_and_decade(known: pl.DataFrame, genres: list[str]) -> list[Sample]:
    named = [genre for genre in genres if not NO_GENRE.match(genre)]
    rows = known.explode("genres").filter(pl.col("genres").is_in(named) & (pl.col("year") >= RECENT))
    if rows.is_empty():
        return []
    decades = rows.with_columns(decade=pl.col("year") // 10 * 10)
    share = pl.col("n_users").sum().over("genres") / pl.col("n_users").sum()
    weighted = decades.with_columns(weight=pl.col("n_users") / share.sqrt())  # what is in every list says little
    groups = weighted.group_by("genres", "decade", maintain_order=True).agg(
        pl.col("idx"), pl.col("weight").head(ITEMS).sum()
    )
    ordered = groups.filter(pl.col("idx").list.len() >= LEAST).sort("weight", descending=True, maintain_order=True)
    return _distinct([(genre, decade, items) for genre, decade, items, _ in ordered.rows()])


def _distinct(groups: list[tuple[str, int, list[int]]]) -> list[Sample]:
    """No genre twice, no decade more than twice, no item in two tastes."""
    taken: set[int] = set()
    genres: set[str] = set()
    decades: list[int] = []
    found: list[Sample] = []
    for genre, decade, items in groups:
        left = [item for item in items if item not in taken][:ITEMS]
        if genre in genres or decades.count(decade) >= 2 or len(left) < LEAST or len(found) == TASTES:
            continue
        taken.update(left)
        genres.add(genre)
        decades.append(decade)
        found.append(Sample(f"{genre_text(genre)} of the {decade}s", tuple(left)))
    return found


def _by_decade(known: pl.DataFrame) -> list[Sample]:
    decades = known.filter(pl.col("year") >= RECENT).with_columns(decade=pl.col("year") // 10 * 10)
    groups = (
        decades.group_by("decade", maintain_order=True).agg(pl.col("idx")).filter(pl.col("idx").list.len() >= LEAST)
    )
    return [Sample(f"Of the {decade}s", tuple(items[:ITEMS])) for decade, items in groups.head(TASTES).rows()]


def _together(known: pl.DataFrame, train: csr_array, has_titles: bool) -> list[Sample]:
    """A well-known item each, with those that the same people chose more often than chance would have it."""
    by_item = train.tocsc()
    n_users = np.maximum(np.diff(by_item.indptr), 1)
    taken: set[int] = set()
    found: list[Sample] = []
    for idx, title in known.select("idx", "title").rows():
        if idx in taken or len(found) == TASTES:
            continue
        people = by_item.indices[by_item.indptr[idx] : by_item.indptr[idx + 1]]
        together = np.diff(train[people].tocsc().indptr) / np.sqrt(n_users)
        near = [int(item) for item in np.argsort(-together, kind="stable")[: 4 * ITEMS] if together[item] > 0]
        items = tuple([idx, *(item for item in near if item != idx and item not in taken)][:ITEMS])
        if len(items) >= LEAST:
            taken.update(items)
            name = readable(title)[0] if has_titles else f"item {title}"
            found.append(Sample(f"Chosen with {name}", items))
    return found
