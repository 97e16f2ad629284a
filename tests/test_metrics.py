"""Expectations below are derived by hand from the definitions."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from zoo.errors import DataError
from zoo.metrics.accuracy import (
    average_precision_at_k,
    average_precision_at_k_capped,
    hit_rate_at_k,
    hits_at_k,
    ndcg_at_k,
    precision_at_k,
    r_precision_at_k,
    recall_among_at_k,
    recall_at_k,
    recall_at_k_capped,
    reciprocal_rank_at_k,
)

ACCURACY = [
    average_precision_at_k,
    average_precision_at_k_capped,
    hit_rate_at_k,
    ndcg_at_k,
    precision_at_k,
    r_precision_at_k,
    recall_at_k,
    recall_at_k_capped,
    reciprocal_rank_at_k,
]


def held_out(*rows, n_items=10):
    X = np.zeros((len(rows), n_items), dtype=np.float32)
    for row, items in enumerate(rows):
        X[row, list(items)] = 1
    return csr_array(X)


def test_ndcg_is_one_when_order_is_ideal():
    assert ndcg_at_k(np.array([[3, 1, 5]]), held_out({1, 3}), 3) == pytest.approx([1.0])


def test_ndcg_counts_a_hit_less_the_lower_it_stands():
    # one hit at rank 2 of one held out: (1 / log2 3) / (1 / log2 2)
    assert ndcg_at_k(np.array([[0, 3]]), held_out({3}), 2) == pytest.approx([1 / np.log2(3)])


def test_ndcg_divides_by_the_ideal_of_min_k_n():
    # hits at ranks 1 and 3 of 5 held out, k = 3: (1 + 1/2) / (1 + 1/log2 3 + 1/2)
    found = ndcg_at_k(np.array([[0, 9, 1]]), held_out({0, 1, 2, 3, 4}), 3)
    assert found == pytest.approx([1.5 / (1.5 + 1 / np.log2(3))])


def test_the_two_recalls_differ_in_their_denominator():
    ranked, truth = np.array([[0, 9]]), held_out({0, 1, 2, 3})
    assert recall_at_k(ranked, truth, 2) == pytest.approx([1 / 4])
    assert recall_at_k_capped(ranked, truth, 2) == pytest.approx([1 / 2])


def test_a_perfect_list_has_capped_recall_one_however_much_is_held_out():
    assert recall_at_k_capped(np.array([[0, 1]]), held_out({0, 1, 2, 3}), 2) == pytest.approx([1.0])


@pytest.mark.parametrize("metric", ACCURACY)
def test_a_user_without_held_out_items_is_nan_and_not_zero(metric):
    values = metric(np.array([[0], [0], [0]]), held_out({0}, set(), {1}), 1)
    assert values[0] == 1.0
    assert np.isnan(values[1])
    assert values[2] == 0.0


def test_precision_divides_by_k_also_where_the_list_ends_early():
    assert precision_at_k(np.array([[0, -1, -1, -1]]), held_out({0, 1}), 4) == pytest.approx([1 / 4])


def test_average_precision_weighs_hits_by_the_precision_at_their_rank():
    ranked, truth = np.array([[0, 9, 1]]), held_out({0, 1, 2, 3})  # hits at ranks 1 and 3
    assert average_precision_at_k(ranked, truth, 3) == pytest.approx([(1 + 2 / 3) / 4])
    assert average_precision_at_k_capped(ranked, truth, 3) == pytest.approx([(1 + 2 / 3) / 3])


def test_reciprocal_rank_looks_at_the_first_hit_only():
    ranked, truth = np.array([[9, 0, 1], [9, 8, 7]]), held_out({0, 1}, {0})
    assert reciprocal_rank_at_k(ranked, truth, 3).tolist() == [0.5, 0.0]


def test_r_precision_looks_as_far_as_items_are_held_out():
    # two held out: of the first two one is right, the hit at rank 3 counts for nothing
    assert r_precision_at_k(np.array([[0, 9, 1]]), held_out({0, 1}), 3) == pytest.approx([1 / 2])
    # more held out than the list is long: divided by n all the same
    assert r_precision_at_k(np.array([[0, 1]]), held_out({0, 1, 2, 3}), 2) == pytest.approx([2 / 4])


def test_recall_among_some_items_ignores_the_others_on_both_sides():
    among = np.zeros(10, dtype=bool)
    among[[2, 3]] = True
    found = recall_among_at_k(np.array([[0, 2, 1], [0, 2, 1]]), held_out({0, 1, 2, 3}, {0, 1}), among, 3)
    assert found[0] == pytest.approx(1 / 2)
    assert np.isnan(found[1])


def test_nothing_left_to_offer_is_no_hit_even_for_the_last_item():
    # -1 must not be read as the last column of the user before
    assert hits_at_k(np.array([[9, -1], [-1, -1]]), held_out({9}, {9}), 2).tolist() == [[True, False], [False, False]]


def test_users_are_measured_against_their_own_items():
    ranked = np.array([[0, 1], [0, 1]])
    assert recall_at_k(ranked, held_out({0, 1}, {2, 3}), 2).tolist() == [1.0, 0.0]


def test_a_catalogue_smaller_than_k_is_measured_over_what_there_is():
    assert recall_at_k(np.array([[2, 0, 1]]), held_out({1}, n_items=3), 20) == pytest.approx([1.0])


def test_a_list_that_is_too_short_is_refused():
    with pytest.raises(DataError, match="rank at least k"):
        recall_at_k(np.array([[0]]), held_out({0}), 5)


def test_precision_of_a_catalogue_smaller_than_k_still_divides_by_k():
    assert precision_at_k(np.array([[2, 0, 1]]), held_out({1}, n_items=3), 20) == pytest.approx([1 / 20])
