"""A stranger's table of items: ids met whatever their types, titles, years and genres however written."""

import io
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing.parametric import column, dataframes

from zoo.catalogue import Catalogue
from zoo.errors import DataError


def described(table: pl.DataFrame, ids: Sequence = (1, 2, 3)) -> pl.DataFrame:
    return Catalogue.build(pl.Series(ids), table, np.zeros(len(ids), int)).items


def test_the_order_of_the_ids_is_kept_and_other_columns_stay():
    table = pl.DataFrame({"movieId": [1, 2, 3], "title": ["a", "b", "c"], "imdb": ["x", "y", "z"]})
    items = described(table, [3, 1])
    assert items.columns == ["item_id", "title", "year", "genres", "n_users", "imdb"]
    assert items["item_id"].to_list() == [3, 1]
    assert items["title"].to_list() == ["c", "a"]
    assert items["imdb"].to_list() == ["z", "x"]


@pytest.mark.parametrize("ids", [["1", "2", "3"], [1.0, 2.0, 3.0], ["1.0", " 2", "3"], [1, 2, 3]], ids=str)
def test_ids_meet_whatever_their_types(ids):
    table = pl.DataFrame({"item": ids, "title": ["a", "b", "c"]})
    assert described(table, [1, 2, 3])["title"].to_list() == ["a", "b", "c"]
    assert described(table, ["3", "1"])["title"].to_list() == ["c", "a"]


def test_without_a_table_the_id_is_the_title():
    catalogue = Catalogue.build(pl.Series([7, 9]), None, np.array([1, 2]))
    assert catalogue.items.to_dicts() == [
        {"item_id": 7, "title": "7", "year": None, "genres": [], "n_users": 1},
        {"item_id": 9, "title": "9", "year": None, "genres": [], "n_users": 2},
    ]
    assert not catalogue.has_titles


def test_missing_and_blank_titles_fall_back_to_the_id():
    table = pl.DataFrame({"item_id": [1, 2], "title": [None, "  "]})
    assert described(table)["title"].to_list() == ["1", "2", "3"]


def test_the_first_row_of_an_id_counts():
    table = pl.DataFrame({"item_id": [1, 2, 1, 3], "title": ["first", "b", "second", "c"]})
    assert described(table)["title"].to_list() == ["first", "b", "c"]


@pytest.mark.parametrize(
    ("years", "numbers"),
    [
        ([1994, 2000, None], [1994, 2000, None]),
        (["1994", "2000.0", "soon"], [1994, 2000, None]),
        (["1994-05-06", "6 May 2000", ""], [1994, 2000, None]),
        ([-750.0, float("nan"), 0.0], [-750, None, None]),
        (["99999", "-750", "1"], [None, -750, 1]),
    ],
)
def test_years_are_read_from_numbers_and_text(years, numbers):
    items = described(pl.DataFrame({"item_id": [1, 2, 3], "year": years}))
    assert items["year"].to_list() == numbers
    assert items["year"].dtype == pl.Int32


def test_dates_give_their_year():
    dates = pl.Series(["1994-05-06", "2000-01-01", None]).str.to_date()
    assert described(pl.DataFrame({"item_id": [1, 2, 3], "release_date": dates}))["year"].to_list() == [
        1994,
        2000,
        None,
    ]


def test_a_year_in_the_title_counts_where_no_column_has_it():
    titles = ["Toy Story (1995)", "1984", "(500) Days of Summer"]
    items = described(pl.DataFrame({"item_id": [1, 2, 3], "title": titles}))
    assert items["title"].to_list() == ["Toy Story", "1984", "(500) Days of Summer"]
    assert items["year"].to_list() == [1995, None, None]
    items = described(pl.DataFrame({"item_id": [1, 2, 3], "title": titles, "year": [1, 2, 3]}))
    assert items["title"].to_list() == titles


@pytest.mark.parametrize(
    ("genres", "lists"),
    [
        (["Drama|War", "Drama", None], [["Drama", "War"], ["Drama"], []]),
        (["Drama, War", "", "(no genres listed)"], [["Drama", "War"], [], []]),
        (["['Drama', 'War']", '["Drama"]', "[]"], [["Drama", "War"], ["Drama"], []]),
        (["Crime; Noir", "Crime, Comedy; Noir", "x"], [["Crime", "Noir"], ["Crime, Comedy", "Noir"], ["x"]]),
        ([["Drama", "War", "Drama"], ["", None], None], [["Drama", "War"], [], []]),
        ([[1, 2], [3], []], [["1", "2"], ["3"], []]),
        ([{"id": 1}, {"id": 2}, None], [[], [], []]),
        ([5, 6, None], [["5"], ["6"], []]),
    ],
)
def test_genres_are_lists_however_they_are_written(genres, lists):
    items = described(pl.DataFrame({"item_id": [1, 2, 3], "genres": genres}))
    assert items["genres"].to_list() == lists
    assert items["genres"].dtype == pl.List(pl.String)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"title": ["a"]}, "The table of items has no column for the item"),
        (
            {"item_id": [8, 9]},
            "knows none of the items: its ids are such as 8, 9, those of the interactions such as 1, 2",
        ),
        ({"item_id": [[1], [2]]}, "List.Int64. in column item_id, which are no ids"),
    ],
)
def test_a_table_that_describes_nothing_is_refused(table, says):
    with pytest.raises(DataError, match=says):
        described(pl.DataFrame(table))


# --- anything at all

IDS = column("item_id", dtype=pl.String, strategy=st.sampled_from(["1", "2.0", "a", "", "true"]))
TABLES = dataframes(min_size=1, max_size=8, include_cols=IDS, excluded_dtypes=[pl.Object, pl.Enum])
RENAMED = st.permutations(["title", "year", "genres", "n_users", "id", "__key", "x"])


@settings(max_examples=200, deadline=None)
@given(table=TABLES, names=RENAMED, ids=st.sampled_from([[1, 2], ["a", "1"], ["0", "true"]]))
def test_any_table_of_items_gives_a_catalogue_or_a_data_error(table, names, ids):
    table = table.rename(dict(zip((name for name in table.columns if name != "item_id"), names, strict=False)))
    try:
        catalogue = Catalogue.build(pl.Series(ids), table, np.array([1, 2]))
    except DataError:
        return
    assert catalogue.items["item_id"].to_list() == ids
    assert catalogue.items["title"].null_count() == 0
    assert catalogue.items.columns[:5] == ["item_id", "title", "year", "genres", "n_users"]
    assert catalogue.allowed(["a"], (0, 1)).shape == (2,)
    assert len(catalogue.search("a")) <= 2
    assert set(catalogue.genres()) == {genre for genres in catalogue.items["genres"] for genre in genres}
    catalogue.save(out := io.BytesIO())
    assert out.getvalue()
