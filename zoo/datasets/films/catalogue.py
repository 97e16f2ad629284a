"""Real films, described in our own words: two files of rows, written by hand, the better known films first in each.

item_id      slug of the title, then the year: spirited-away-2001
title, year  the title as English speakers say it; the year of the first public showing
directors, countries, genres    lists, "|" between; the first genre is the principal one
description  one sentence
also         other titles, "|" between: the original one, those of other countries and of services
"""

import re
import unicodedata
from pathlib import Path

import polars as pl

FILES = {"english.csv": 0, "world.csv": 60}  # file -> how many better known films of other files come before its first
FOLDER = Path(__file__).parent
LISTS = ("directors", "countries", "genres")
GENRES = (
    "Action", "Adventure", "Animation", "Comedy", "Crime", "Documentary", "Drama", "Family", "Fantasy", "History",
    "Horror", "Musical", "Mystery", "Romance", "Science Fiction", "Thriller", "War", "Western",
)  # fmt: skip


def catalogue() -> pl.DataFrame:
    """Every film: item_id str, title str, year Int32, directors, countries, genres list[str], description str, also
    list[str].

    In the order of fame as we guess it: the lines of both files by turns, once the head start is used up.
    """
    text = dict.fromkeys(("item_id", "title", *LISTS, "description", "also"), pl.String)
    files = [
        pl.read_csv(FOLDER / file, schema_overrides={**text, "year": pl.Int32}).with_row_index("place", offset=start)
        for file, start in FILES.items()
    ]
    films = pl.concat(files).sort("place", maintain_order=True).drop("place")
    also = pl.col("also").fill_null("").str.split("|").list.eval(pl.element().filter(pl.element() != ""))
    return films.with_columns(also, *(pl.col(column).str.split("|") for column in LISTS))


def slug(title: str) -> str:
    """
    >>> slug("Amélie"), slug("8½"), slug("Schindler's List"), slug("Thelma & Louise")
    ('amelie', '8-and-a-half', 'schindlers-list', 'thelma-louise')
    """
    plain = unicodedata.normalize("NFKD", title.replace("½", " and a half")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"['’]", "", plain)).strip("-")
