"""Who is shown what: places in lists, Lorenz curves, and items that nobody is shown."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from zoo.exposed import Shown, exposure_at_k, lorenz, never_shown, shown
from zoo.metrics.exposure import gini

RANKED = np.array([[2, 0, 1, -1], [0, 2, -1, -1], [3, 1, 0, 2]], dtype=np.int32)
HELD_OUT = csr_array(np.array([[1, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 1]], dtype=np.float32))


def among(*items):
    return np.isin(np.arange(5), items)


def test_an_item_is_shown_at_its_ranks_the_highest_first_and_hits_are_told():
    found = shown(RANKED, HELD_OUT, among(0), 3)
    assert found.rows.tolist() == [1, 0, 2]
    assert found.ranks.tolist() == [1, 2, 3]
    assert found.items.tolist() == [0, 0, 0]
    assert found.chosen.tolist() == [False, True, False]
    assert found.n_users == 3


def test_only_the_first_k_count_and_a_user_of_several_items_counts_once():
    assert shown(RANKED, HELD_OUT, among(0), 1).rows.tolist() == [1]
    several = shown(RANKED, HELD_OUT, among(0, 2), 4)
    assert several.n_users == 3
    assert len(several.ranks) == 6
    assert several.chosen.sum() == 2


def test_the_end_of_a_list_is_no_item():
    assert shown(RANKED, HELD_OUT, among(4), 4).ranks.tolist() == []
    everything = shown(RANKED, HELD_OUT, np.ones(5, dtype=bool), 4)
    assert len(everything.ranks) == (RANKED >= 0).sum()


def test_the_curve_rises_from_nothing_to_everything_and_its_area_is_the_gini_coefficient():
    items, places = lorenz(np.array([0, 0, 1, 3]))
    assert items.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert places.tolist() == [0, 0, 0, 0.25, 1]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30).filter(any))
def test_twice_the_area_between_curve_and_diagonal_is_the_gini_coefficient(counts):
    exposure = np.array(counts)
    items, places = lorenz(exposure)
    assert (np.diff(places) >= 0).all()
    assert 1 - 2 * np.trapezoid(places, items) == pytest.approx(gini(exposure), abs=1e-9)


def test_where_nothing_is_shown_the_curve_lies_on_the_floor():
    assert lorenz(np.zeros(3, dtype=int))[1].tolist() == [0, 0, 0, 0]


def test_never_shown_is_what_no_model_shows():
    exposures = {"a": exposure_at_k(RANKED, 5, 1), "b": np.array([0, 1, 0, 0, 0])}
    assert never_shown(exposures).tolist() == [4]
    assert never_shown({"a": exposures["a"]}).tolist() == [1, 4]
    assert never_shown({}).tolist() == []


@given(st.lists(st.integers(1, 6), max_size=12))
def test_places_are_counted_and_their_median_is_that_of_the_ranks(ranks):
    ranks = np.sort(np.array(ranks, dtype=np.int64))
    nobody = np.zeros(len(ranks), dtype=np.int64)
    found = Shown(nobody, ranks, nobody, nobody > 0).places(6)
    assert found.ranks.tolist() == [int((ranks == rank).sum()) for rank in range(1, 7)]
    assert found.median == (float(np.median(ranks)) if len(ranks) else None)
