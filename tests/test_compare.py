import pytest

from zoo.compare import common_items, jaccard, rank_biased_overlap


def test_jaccard_is_shared_over_all():
    assert jaccard([1, 2, 3], [3, 4]) == pytest.approx(1 / 4)
    assert jaccard([], []) == 1.0


def test_common_items_stand_in_every_list():
    assert common_items([[1, 2, 3], [3, 2], [2, 9]]) == {2}
    assert common_items([[1, 2]]) == set()


def test_rank_biased_overlap_of_equal_lists_is_one_and_of_disjoint_ones_zero():
    assert rank_biased_overlap([1, 2, 3], [1, 2, 3]) == pytest.approx(1.0)
    assert rank_biased_overlap([1, 2, 3], [4, 5, 6]) == 0.0


def test_rank_biased_overlap_by_hand():
    # agreement 0/1 at depth 1 and 2/2 at depth 2; p = 0.5: 1 * 0.25 + (0.5 / 0.5) (0 * 0.5 + 1 * 0.25)
    assert rank_biased_overlap([1, 2], [2, 1], p=0.5) == pytest.approx(0.5)


def test_rank_biased_overlap_weighs_the_top_more():
    ideal = list(range(10))
    top_swapped, end_swapped = [1, 0, *ideal[2:]], [*ideal[:8], 9, 8]
    assert rank_biased_overlap(ideal, top_swapped) < rank_biased_overlap(ideal, end_swapped) < 1


def test_rank_biased_overlap_does_not_depend_on_the_order_of_its_arguments():
    assert rank_biased_overlap([1, 2, 3, 4], [4, 9, 1, 7]) == rank_biased_overlap([4, 9, 1, 7], [1, 2, 3, 4])


def test_an_empty_list_overlaps_with_nothing():
    assert rank_biased_overlap([], [1]) == 0.0
