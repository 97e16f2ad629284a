"""Test users in groups, by what their history says, and never by what was hidden."""

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array

from zoo.fold import Fold
from zoo.metrics import ItemFacts
from zoo.segments import ALIKE, MOST_GROUPS, QUARTERS, REST, by_activity, by_column, by_popularity, segments, ways

ITEMS = pl.DataFrame(
    {
        "item_id": [10, 11, 12, 13],
        "title": list("abcd"),
        "year": pl.Series([1994, 1999, 2001, None], dtype=pl.Int32),
        "genres": [["War"], ["War", "Drama"], ["Comedy"], []],
        "country": ["UK", "UK", None, "FR"],
        "n_users": [9, 5, 1, 0],
        "description": ["x", "y", "z", "w"],
        "length": [90, 100, 110, 120],
    }
)


def fold(*histories, hidden=None, n_items=4):
    def matrix(rows):
        dense = np.zeros((len(rows), n_items), dtype=np.float32)
        for at, row in enumerate(rows):
            dense[at, row] = 1.0
        return csr_array(dense)

    empty = csr_array((len(histories), n_items), dtype=np.float32)
    return Fold(np.arange(len(histories)), matrix(histories), matrix(hidden or [[]] * len(histories)), empty)


FACTS = ItemFacts.of(fold([0, 1], [0, 1], [0], [0, 2]).fold_in, ITEMS["genres"])


def test_users_can_be_grouped_by_activity_popularity_and_columns_that_repeat_their_values():
    assert ways(ITEMS) == ["activity", "popularity"]  # two decades of three years, three genres of four
    more = pl.concat([ITEMS, ITEMS.with_columns(pl.col("item_id") + 10, pl.col("year") + 1)])
    assert ways(more) == ["activity", "popularity", "year", "genres", "country"]


def test_activity_counts_the_items_of_the_history_and_leaves_empty_groups_out():
    long = fold([0], list(range(12)), list(range(250)), n_items=300)
    found = by_activity(long)
    assert found.labels == ["1 to 9 items", "10 to 19 items", "200 or more"]
    assert found.of.tolist() == [0, 1, 2]
    assert found.rows("10 to 19 items").tolist() == [False, True, False]
    assert found.rows("no such group").all()


def test_whoever_has_no_history_is_in_no_group():
    assert by_activity(fold([], [0])).of.tolist() == [-1, 0]
    assert by_popularity(fold([], [0]), FACTS).of[0] == -1
    assert by_column("genres", fold([], [3], [0]), ITEMS, FACTS).of.tolist() == [-1, -1, 0]


def test_popularity_makes_quarters_from_the_rarest_taste_to_the_most_popular():
    found = by_popularity(fold([3], [2], [1], [0]), FACTS)
    assert found.labels == list(QUARTERS)
    assert found.of.tolist() == [0, 1, 2, 3]
    everybody_alike = by_popularity(fold([0], [0], [0]), FACTS)
    assert everybody_alike.labels == [ALIKE]


def test_what_stands_out_is_what_a_history_holds_beyond_everybodys_share():
    """Most choices are War; whoever has one Drama beside it stands out by Drama, and a pure War fan by War."""
    found = by_column("genres", fold([0], [1], [2], [0, 2], [0, 1]), ITEMS, FACTS)
    assert [found.labels[place] for place in found.of] == ["War", "Drama", "Comedy", "Comedy", "Drama"]


def test_years_stand_together_as_decades_in_their_order():
    found = by_column("year", fold([2], [0], [1], [0, 1]), ITEMS, FACTS)
    assert found.labels == ["1990s", "2000s"]
    assert found.of.tolist() == [1, 0, 0, 0]


def test_hidden_choices_move_nobody_to_another_group():
    seen = fold([0], [2])
    other = fold([0], [2], hidden=[[2], [0]])
    for by in ("activity", "popularity", "genres", "country"):
        assert segments(by, seen, ITEMS, FACTS).of.tolist() == segments(by, other, ITEMS, FACTS).of.tolist(), by


def test_the_rarest_of_many_values_stand_together_as_other():
    n = 40
    items = pl.DataFrame({"item_id": np.arange(n), "country": [f"c{i:02}" for i in range(n)]})
    histories = [[i] for i in range(n)] + [[i] for i in range(5)]
    everybody = fold(*histories, n_items=n)
    facts = ItemFacts(everybody.fold_in, csr_array((n, 0)))
    found = by_column("country", everybody, items, facts)
    assert len(found.labels) == MOST_GROUPS
    assert found.labels[-1] == REST
    assert set(found.labels[:5]) == {f"c{i:02}" for i in range(5)}
    assert (found.of >= 0).all()
    assert found.rows(REST).sum() == len(histories) - 10 - (MOST_GROUPS - 1 - 5)


@pytest.mark.parametrize("column", ["genres", "country"])
def test_a_catalogue_of_which_nothing_is_known_has_no_groups(column):
    bare = ITEMS.with_columns(genres=pl.lit(None, dtype=pl.List(pl.String)), country=pl.lit(None, dtype=pl.String))
    found = by_column(column, fold([0], [1]), bare, FACTS)
    assert found.labels == []
    assert found.of.tolist() == [-1, -1]
