"""Tastes to begin with, made from the catalogue itself."""

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from pages.parts.samples import LEAST, TASTES, samples
from zoo.catalogue import Catalogue

N = 60


def catalogue(years: bool = True, genres: bool = True, titles: bool = True) -> Catalogue:
    ids = pl.Series("item_id", range(N))
    table = {"item_id": ids, "title": [f"Film {n}" if titles else str(n) for n in range(N)]}
    if years:
        table["year"] = [1950 + n for n in range(N)]
    if genres:
        table["genres"] = [["War", "Western", "(no genres listed)"][n % 3 : n % 3 + 1] for n in range(N)]
    return Catalogue.build(ids, pl.DataFrame(table), np.arange(N, 0, -1))


NOBODY = csr_array((3, N), dtype=np.float32)


def test_a_sample_is_what_its_name_says():
    films = catalogue()
    found = samples(films, NOBODY)
    assert len(found) == 2  # a genre each
    for sample in found:
        genre, decade = sample.title.split(" of the ")
        assert len(sample.items) >= LEAST
        for item in sample.items:
            assert genre in films.items["genres"][item]
            assert films.items["year"][item] // 10 * 10 == int(decade.removesuffix("s"))


def test_what_is_no_genre_names_no_taste():
    ids = pl.Series("item_id", range(N))
    for shelf in ("to-read", "to-read-fiction", "To read fiction", "to_read", "(no genres listed)"):
        table = {
            "item_id": ids,
            "title": [f"Book {n}" for n in range(N)],
            "year": [1950 + 10 * (n % 3) for n in range(N)],
        }
        table["genres"] = [[(shelf, "Totem", "Western")[n % 3]] for n in range(N)]
        found = samples(Catalogue.build(ids, pl.DataFrame(table), np.arange(N, 0, -1)), NOBODY)
        assert {sample.title for sample in found} == {"Totem of the 1960s", "Western of the 1970s"}, shelf


def test_samples_have_nothing_in_common():
    for found in (samples(catalogue(), NOBODY), samples(catalogue(genres=False), NOBODY)):
        items = [item for sample in found for item in sample.items]
        assert len(items) == len(set(items))


def test_where_there_are_no_genres_a_decade_is_a_taste():
    found = samples(catalogue(genres=False), NOBODY)
    assert [sample.title for sample in found] == [f"Of the {decade}s" for decade in range(1950, 2010, 10)][:TASTES]


def test_where_there_are_no_years_either_it_is_what_was_chosen_together():
    X = np.zeros((40, N), dtype=np.float32)
    X[:20, 0:5] = 1
    X[20:, 5:10] = 1
    found = samples(catalogue(years=False, genres=False), csr_array(X))
    assert [sample.title for sample in found] == ["Chosen with Film 0", "Chosen with Film 5"]
    assert {frozenset(sample.items) for sample in found} == {frozenset(range(5)), frozenset(range(5, 10))}


def test_items_without_titles_are_named_by_their_id():
    X = csr_array(np.ones((4, N), dtype=np.float32))
    assert samples(catalogue(years=False, genres=False, titles=False), X)[0].title == "Chosen with item 0"


def test_a_click_on_a_sample_gives_its_items_as_the_taste(app):
    shown = app.shown("lists")[0]["samples"]
    assert [sample["title"] for sample in shown] == ["Comedy of the 1950s", "Thriller of the 1950s"]
    assert all(len(sample["cards"]) == 3 for sample in shown)
    assert shown[0]["event"] == {"kind": "sample", "number": 0}
