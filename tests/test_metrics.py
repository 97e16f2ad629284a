"""Expectations below are derived by hand from the definitions."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from zoo.errors import DataError
from zoo.metrics import LONGEST_LIST, METRICS, hits_at_k, ndcg_at_k, recall_at_k, recall_at_k_capped


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


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_user_without_held_out_items_is_nan_and_not_zero(metric):
    ranked = np.tile(np.arange(LONGEST_LIST), (2, 1))
    values = metric(ranked, held_out({0}, set(), n_items=200))
    assert values[0] == 1.0
    assert np.isnan(values[1])


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
