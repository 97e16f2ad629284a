import numpy as np
import polars as pl
import pytest

from zoo.compare import Character, Traits, character, common_items, genres_apart, jaccard, rank_biased_overlap
from zoo.metrics.beyond import popularity_at_k
from zoo.registry import Zoo


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


ITEMS = pl.DataFrame(
    {
        "year": [1980, 1990, None, 2000, -750],
        "genres": [["Drama", "Drama"], ["Drama", "War"], [], ["War"], None],
        "n_users": [10, 20, 30, 0, 40],
    },
    schema={"year": pl.Int32, "genres": pl.List(pl.String), "n_users": pl.Int64},
)


def test_a_list_is_as_popular_old_and_of_such_genres_as_its_items():
    found = character([0, 1, 2], Traits.of(ITEMS, 40))
    assert found.popularity == pytest.approx((10 + 20 + 30) / 3 / 40)
    assert (found.year, found.n_years) == (1985.0, 2)  # the third has none
    assert (found.genres, found.n_genres) == ({"Drama": 1.0, "War": 0.5}, 2)  # a genre named twice counts once
    assert found.share("Comedy") == 0.0


def test_nothing_is_known_of_an_empty_list_nor_of_one_without_years_and_genres():
    nothing = character([], Traits.of(ITEMS, 40))
    assert (nothing.n, nothing.popularity, nothing.year, nothing.share("Drama")) == (0, None, None, None)
    bare = character([2], Traits.of(ITEMS, 40))
    assert (bare.year, bare.genres, bare.share("Drama")) == (None, {}, None)
    assert character([0], Traits.of(ITEMS, 0)).popularity is None  # nobody was learned from


def test_popularity_of_a_list_is_that_of_the_metric(tiny_zoo):
    data = Zoo(tiny_zoo).dataset("tiny")
    rng, traits = np.random.default_rng(3), Traits.of(data.catalogue.items, data.info.n_training_users)
    for _ in range(20):
        ranking = rng.choice(data.info.n_items, 12, replace=False)
        found = character(ranking.tolist(), traits)
        (metric,) = popularity_at_k(ranking[None, :], data.item_facts, 12)
        assert found.popularity == pytest.approx(metric)


def test_genres_apart_come_widest_first_and_hardly_an_item_is_no_difference():
    def of(n: int, **genres: float) -> Character:
        return Character(n, 0.1, 2000.0, n, genres, n)

    found = genres_apart([of(20, Drama=0.5, War=0.2, Horror=0.3), of(20, Drama=0.1, War=0.25, Horror=0.2)])
    assert found == ["Drama", "Horror"]
    assert genres_apart([of(5, Drama=0.4), of(5, Drama=0.2)]) == []  # one item of five
    assert genres_apart([of(5, Drama=0.6), of(5, Drama=0.2)]) == ["Drama"]
    assert genres_apart([of(20, Drama=0.4), Character(3, 0.1, None, 0, {}, 0)]) == []  # nothing known of the other
