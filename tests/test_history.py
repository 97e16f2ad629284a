"""Somebody's file over a catalogue: items found by id or by title, and every row accounted for."""

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.catalogue import Catalogue
from zoo.errors import DataError
from zoo.files import Limits, read_table
from zoo.history import Histories, read_histories
from zoo.history_rows import star_rule
from zoo.interactions import Mapping, read_interactions

FILMS = [  # item_id, title, year, training users
    (10, "Matrix, The", 1999, 90),
    (20, "Amélie (Fabuleux destin d'Amélie Poulain, Le)", 2001, 30),
    (30, "Sabrina", 1954, 10),
    (40, "Sabrina", 1995, 20),
    (50, "Rocky II", 1979, 40),
    (60, "Rocky III", 1982, 30),
    (70, "Seven (a.k.a. Se7en)", 1995, 80),
    (80, "Shawshank Redemption, The", 1994, 99),
    (90, "Aliens", 1986, 70),
    (300, "Heat", None, 50),
]


@pytest.fixture(scope="module")
def films() -> Catalogue:
    ids, titles, years, n_users = zip(*FILMS, strict=True)
    table = pl.DataFrame({"item_id": ids, "title": titles, "year": years})
    return Catalogue.build(pl.Series(ids), table, np.array(n_users))


def read(text: str, catalogue: Catalogue, **options) -> Histories:
    return read_histories(text.encode(), "likes.csv", catalogue, **options)


def likes(histories: Histories, catalogue: Catalogue) -> dict:
    """user id -> item ids."""
    ids = catalogue.items["item_id"].to_list()
    rows = [histories.X.indices[a:b] for a, b in zip(histories.X.indptr[:-1], histories.X.indptr[1:], strict=True)]
    return {user: [ids[i] for i in row] for user, row in zip(histories.user_ids, rows, strict=True)}


def meant(films: Catalogue, title: str, year: int | str = "") -> int | None:
    """The item id that a title is taken for; None for an unknown one. (Heat stands beside it: no file is empty.)"""
    matches = read(f'title,year\n"{title}",{year}\nHeat,\n', films).report.matches
    idx = matches["item_idx"][0]
    return films.items["item_id"][idx] if idx >= 0 else None


def test_the_other_title_of_a_row_and_those_of_the_catalogue_are_tried():
    table = pl.DataFrame({"id": [1, 2], "title": ["Se7en", "Heat"], "year": [1995, 1995], "also": [["Seven"], []]})
    known = Catalogue.build(pl.Series([1, 2]), table, np.ones(2))
    assert meant(known, "Seven", 1995) == 1
    assert meant(known, "Seven Deadly Sins (a.k.a. Se7en)", 1995) == 1
    assert meant(known, "Seven Samurai (a.k.a. Sept Samourais)", 1954) is None


def test_numbers_of_another_catalogue_are_told_how_to_become_titles(films):
    with pytest.raises(DataError, match=r"numbers that mean nothing here.*join movies.csv by movieId"):
        read("userId,movieId,rating\n1,99999,4\n1,99998,5\n", films)


# --- by id


def test_a_file_without_users_is_one_person(films):
    found = read("item_id\n10\n30\n", films)
    assert likes(found, films) == {None: [10, 30]}
    assert found.X.shape == (1, len(films))
    assert found.X.dtype == np.float32


def test_users_are_sorted_and_stay_even_when_nothing_of_theirs_matches(films):
    assert likes(read("user,movieId\nbob,10\nann,20.0\nbob,30\neve,999\n", films), films) == {
        "ann": [20],
        "bob": [10, 30],
        "eve": [],
    }


def test_a_pair_given_again_is_one_entry_and_is_counted(films):
    found = read("user,item\n1,10\n1,10\n1,10.0\n2,10\n", films)
    assert found.X.data.tolist() == [1, 1]
    assert (found.report.matched, found.report.repeated) == (4, 2)


def test_unknown_ids_are_listed_the_most_frequent_first(films):
    report = read("item\n10\n1\n2\n2\n10\n\n", films).report
    assert report.unknown_examples == ["2", "1"]
    assert report.sentence() == "2 of 5 rows matched; 3 unknown; 1 repeated."


def test_ratings_below_the_threshold_are_no_likes_but_were_seen(films):
    found = read("item,rating\n10,5\n20,3.5\n30,2\n40,\n50,good\n999,1\n", films, threshold=3.5)
    assert likes(found, films) == {None: [10, 20]}
    assert films.items["item_id"].gather(found.seen.indices).to_list() == [30]
    assert found.dislikes.nnz == 0
    assert (found.report.below_threshold, found.report.left_aside) == (1, 2)
    told = "3 of 6 rows matched, 1 of them below the threshold; 1 unknown; 0 repeated; 2 left aside."
    assert found.report.sentence() == told
    assert dict(found.report.matches.select("given", "says").iter_rows())["30"] == "seen"


def test_of_several_ratings_of_one_item_the_best_decides(films):
    rows = "user,item,rating\na,10,2\na,10,5\na,10,1\nb,10,1\nb,20,4\n"
    found = read(rows, films, threshold=3.5)
    assert likes(found, films) == {"a": [10], "b": [20]}
    assert found.seen.indptr.tolist() == [0, 0, 1]
    assert found.report.repeated == 2
    assert "seen" not in found.report.matches["says"].to_list()  # somebody likes it


def test_rows_without_a_user_are_unknown(films):
    report = read("user,item\n1,10\n,20\n", films).report
    assert (report.matched, report.unknown, report.unknown_examples) == (1, 1, ["(a row without a user)"])


# --- by title


@pytest.mark.parametrize(
    ("title", "year", "item_id"),
    [
        ("Matrix, The", 1999, 10),
        ("The Matrix", "", 10),
        ("THE MATRIX (1999)", "", 10),
        ("the matrix", 2000, 10),  # a year apart
        ("The Matrix", 2003, None),  # another film, then
        ("Amelie", 2001, 20),
        ("Le fabuleux destin d'Amélie Poulain", "", 20),
        ("Sabrina", 1954, 30),
        ("Sabrina (1995)", "", 40),
        ("Sabrina", "", 40),  # the more popular one
        ("Sabrina", 1970, None),
        ("Seven", 1995, 70),
        ("Se7en", 1995, 70),
        ("Rocky II", "", 50),
        ("Rocky 3", 1982, 60),
        ("Rocky IV", 1985, None),
        ("Shawshank Redemtion", "", 80),
        ("Shawshank Redemptoin", 1994, 80),
        ("Alien", 1979, None),
        ("Alien", "", None),
        ("Heat", 1995, 300),  # the catalogue does not know the year
        ("Hate", "", None),
        ("", "", None),
    ],
)
def test_titles_are_matched_with_their_year(films, title, year, item_id):
    assert meant(films, title, year) == item_id


def test_ids_of_another_catalogue_give_way_to_titles(films):
    found = read("id,movieId,title\n1,10,Sabrina (1995)\n2,4711,Heat\n3,4712,Aliens\n", films)
    assert likes(found, films) == {None: [40, 90, 300]}
    assert found.report.by_title == 3


def test_titles_help_where_an_id_is_unknown(films):
    found = read("item,title\n10,Sabrina\n20,\n999,Heat\n,Aliens\n998,\n", films)
    assert likes(found, films) == {None: [10, 20, 90, 300]}
    assert (found.report.by_id, found.report.by_title, found.report.unknown) == (2, 2, 1)


def test_an_item_column_may_hold_titles(films):
    assert likes(read("movie\nThe Matrix\nHeat\nNobody's Film\n", films), films) == {None: [10, 300]}
    assert likes(read("what\nHeat\n", films, mapping=Mapping(item="what")), films) == {None: [300]}
    assert likes(read("Name\nHeat\n", films, mapping=Mapping(item="Name")), films) == {None: [300]}


def test_a_number_is_an_id_and_not_the_film_of_that_name():
    catalogue = Catalogue.build(pl.Series([1, 2]), pl.DataFrame({"id": [1, 2], "title": ["300", "Heat"]}), np.ones(2))
    report = read("item\n300\n1\n2\n", catalogue).report
    assert (report.by_id, report.by_title, report.unknown) == (2, 0, 1)


def test_ids_of_a_catalogue_without_titles_are_never_guessed():
    ids = pl.Series([f"product-number-{letter}" for letter in "abcd"])
    catalogue = Catalogue.build(ids, None, np.ones(4))
    report = read("item\nproduct-number-a\nproduct-number-x\n", catalogue).report
    assert (report.matched, report.unknown) == (1, 1)


def test_the_matches_can_be_reviewed(films):
    matches = read("title,year\nShawshank Redemtion,1994\nHeat,\nHeat,\nNo Film,2000\n", films).report.matches
    assert matches.columns == ["given", "item_idx", "title", "how", "score", "rows", "says"]
    assert set(matches["says"]) == {"like"}
    assert matches.drop("score", "says").rows() == [
        ("Shawshank Redemtion (1994)", 7, "Shawshank Redemption, The", "title", 1),
        ("Heat", 9, "Heat", "title", 2),
        ("No Film (2000)", -1, None, "unknown", 1),
    ]
    assert 90 < matches["score"][0] < 100
    assert matches["score"].to_list()[1:] == [100, 0]


def test_columns_of_other_sites_are_understood(films):
    table = "x,title,Release Year,y,stars\n2020-01-01,The Matrix,1999,https://example.org,5\n,Heat,,,2\n"
    assert likes(read(table, films, threshold=3), films) == {None: [10]}


# --- errors and limits


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("user,rating\n1,5\n", {}, r"likes\.csv has no column for the item \(found: user, rating\)"),
        ("item\n1\n2\n", {}, "0 of 2 rows matched; 2 unknown.* such as 1, 2. Bring their titles"),
        ("item,rating\n10,1\n", {"threshold": 3}, "1 of them below the threshold.* Lower the threshold"),
        ("item,rating\n999,1\n", {"threshold": 3}, "0 of 1 rows matched; 1 unknown.* such as 999"),
        ("item\n", {}, "has no rows"),
        ("", {}, "is empty"),
        ("item\n10\n20\n", {"limits": Limits(rows=1)}, "has 2 rows; the limit here is 1"),
        ('{"item": [10, 20]}\n', {}, "column item holds lists"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(films, text, options, says):
    with pytest.raises(DataError, match=says):
        read(text, films, **options)


def test_an_upload_that_unpacks_beyond_the_limit_is_refused(films):
    bomb = gzip.compress(b"item\n" + b"10\n" * 1_000_000)
    with pytest.raises(DataError, match="unpacks to more than"):
        read_histories(bomb, "likes.csv.gz", films, limits=Limits(bytes=100_000))


# --- anything at all

WORDS = st.sampled_from(
    ["10", "20.0", "999", "", "Heat", "The Matrix", "Matrx, The", "Sabrina (1995)", "1995", "5", '"', "é"]
)
COLUMNS = ["user", "item", "title", "year", "rating", "timestamp", "movieId", "x"]


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(st.lists(WORDS | st.text(max_size=5), min_size=4, max_size=4), min_size=1, max_size=10),
    columns=st.permutations(COLUMNS),
    threshold=st.none() | st.just(3.0),
)
def test_any_file_gives_histories_that_add_up_or_a_data_error(films, rows, columns, threshold):
    text = pl.DataFrame(rows, schema=dict.fromkeys(columns[:4], pl.String), orient="row").write_csv()
    try:
        found = read(text, films, threshold=threshold)
    except DataError:
        return
    report = found.report
    assert report.rows == report.matched + report.unknown + report.left_aside <= len(rows)
    assert report.matched == report.by_id + report.by_title
    assert found.X.nnz + found.seen.nnz == report.matched - report.repeated
    assert found.X.nnz > 0
    assert found.X.shape == (len(found.user_ids), len(films))
    assert found.X.has_canonical_format
    assert set(found.X.data) == {1.0}
    assert report.matches["rows"].sum() == report.rows - report.left_aside


# --- real data


def test_titles_with_slips_find_their_films_in_the_real_data(test_data: Path):
    folder = test_data / "ml-latest-small"
    interactions = read_interactions(folder / "interactions.parquet")
    n_users = np.bincount(interactions.X.indices, minlength=interactions.X.shape[1])
    catalogue = Catalogue.build(interactions.item_ids, read_table(folder / "items.parquet"), n_users)
    known = catalogue.items.filter(pl.col("title").str.len_chars() > 8, pl.col("year").is_not_null())
    slips = known.select(title=pl.col("title").str.replace("o", "oo"), year="year")  # one letter twice
    found = read_histories(slips.write_csv().encode(), "slips.csv", catalogue)
    given = known.unique(["title", "year"], maintain_order=True)["title"]
    right = (found.report.matches["title"] == given).fill_null(False)
    assert found.report.matched > 0.97 * known.height
    assert right.mean() > 0.95


def test_the_interactions_of_a_data_set_are_histories_over_its_own_catalogue(test_data: Path):
    path = test_data / "ml-latest-small" / "interactions.parquet"
    interactions = read_interactions(path)
    catalogue = Catalogue.build(interactions.item_ids, None, np.ones(len(interactions.item_ids)))
    found = read_histories(path, "ratings", catalogue)
    assert found.user_ids == interactions.user_ids.to_list()
    assert (found.X != interactions.X).nnz == 0
    assert found.report.sentence() == "100,836 of 100,836 rows matched; 0 unknown; 0 repeated."


@pytest.mark.parametrize(
    ("column", "ratings", "rule"),
    [
        ("rating", (0.5, 5), 3.5),
        ("stars", (1, 4), 3.5),
        ("rating", (1, 10), 7.0),
        ("rating", (0, 1), None),
        ("rating", (1, 250), None),
        ("plays", (1, 4), None),
        ("year", (1999, 2001), None),
        ("rating", ("", "good"), None),
    ],
)
def test_stars_are_told_by_their_scale_from_counts_and_yes_or_no(column, ratings, rule):
    text = f"title,{column}\n" + "".join(f"Heat,{rating}\n" for rating in ratings)
    assert star_rule(text.encode(), "mine.csv") == rule
