"""The films that come with the code: each row is well formed, and agrees with what others say of the same film."""

import polars as pl
import pytest

from benchmarks.films_crosscheck import matched
from zoo.datasets.films.catalogue import GENRES, catalogue, slug
from zoo.titles import normal_form

OTHER_YEARS = {  # ours -> MovieLens': first shown at a festival or at home, and a year later elsewhere
    "a-room-with-a-view-1985": 1986,
    "andrei-rublev-1966": 1969,
    "black-panther-2018": 2017,
    "brief-encounter-1945": 1946,
    "cinema-paradiso-1988": 1989,
    "embrace-of-the-serpent-2015": 2016,
    "ex-machina-2014": 2015,
    "300-2006": 2007,
    "eyes-without-a-face-1960": 1959,
    "jules-and-jim-1962": 1961,
    "salo-or-the-120-days-of-sodom-1975": 1976,
    "kingsman-the-secret-service-2014": 2015,
    "the-producers-1967": 1968,
    "they-call-me-trinity-1970": 1971,
    "time-of-the-gypsies-1988": 1989,
    "v-for-vendetta-2005": 2006,
}


@pytest.fixture(scope="module")
def films() -> pl.DataFrame:
    return catalogue()


@pytest.fixture(scope="module")
def both(films, test_data) -> pl.DataFrame:
    """Our films beside those of ml-latest-small that an upload would be matched with."""
    return matched(films, pl.read_parquet(test_data / "ml-latest-small" / "items.parquet"))


def test_there_are_at_least_800_films_and_no_two_have_one_id(films):
    assert films.height >= 800
    assert films["item_id"].n_unique() == films.height


def test_an_id_is_the_title_and_the_year(films):
    made = [f"{slug(title)}-{year}" for title, year in films.select("title", "year").iter_rows()]
    assert films["item_id"].to_list() == made


def test_every_film_has_a_year_directors_countries_and_known_genres(films):
    assert films["year"].is_between(1895, 2026).all()
    for column in ("directors", "countries", "genres"):
        lists = films[column].to_list()
        assert all(lists), column
        assert all(name and name == name.strip() for of_film in lists for name in of_film), column
        assert all(len(of_film) == len(set(of_film)) for of_film in lists), column
    assert set(films["genres"].explode()) <= set(GENRES)


def test_each_description_is_one_sentence_of_its_own(films):
    texts = films["description"]
    assert texts.n_unique() == films.height
    odd = texts.filter(~texts.str.len_chars().is_between(30, 200))
    assert odd.is_empty(), odd.to_list()
    assert texts.str.ends_with(".").all()
    second = texts.filter(texts.str.contains(r"[a-z][.!?][\"')]?\s+[A-Z]"))
    assert second.is_empty(), second.to_list()


def test_well_known_films_come_first_and_both_files_are_among_them(films):
    first = set(films["item_id"].head(150))
    assert {"the-godfather-1972", "toy-story-1995", "spirited-away-2001", "seven-samurai-1954"} <= first


def test_most_films_are_known_to_movielens_too(both, films):
    assert both.height > 0.75 * films.height  # it ends in 2018, and knows less of world cinema


def test_years_agree_with_movielens_but_for_first_showings_elsewhere(both):
    other = both.filter(pl.col("year") != pl.col("their_year"))
    found = dict(other.select("item_id", "their_year").iter_rows())
    assert found.items() <= OTHER_YEARS.items(), found.items() - OTHER_YEARS.items()


def test_genres_agree_with_movielens_in_at_least_one(both):
    told = both.filter(pl.col("their_genres").list.len() > 0)
    common = pl.col("genres").list.set_intersection("their_genres").list.len()
    assert told.filter(common == 0)["item_id"].to_list() == []


def test_the_films_that_most_people_have_seen_are_here(films, test_data):
    folder = test_data / "ml-latest-small"
    counts = pl.read_parquet(folder / "interactions.parquet").group_by("item_id").len()
    most = pl.read_parquet(folder / "items.parquet").join(counts, on="item_id").sort("len", descending=True).head(250)
    assert matched(films, most).height >= 235


def test_other_titles_are_nobody_elses(films):
    also = films.select("item_id", "also").explode("also").filter(pl.col("also") != "")
    assert also.height > 500
    taken = normal_form(also["also"]).is_in(normal_form(films["title"]).to_list())
    assert also.filter(taken).rows() == []
    assert normal_form(also["also"]).n_unique() == also.height
