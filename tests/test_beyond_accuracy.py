"""Metrics beyond accuracy against the plainest code that can be written, one user and one pair at a time."""

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array
from scipy.spatial.distance import cosine, jaccard
from scipy.stats import entropy as scipy_entropy

from zoo.metrics import beyond, exposure
from zoo.metrics.items import ItemFacts, genre_matrix

N_ITEMS, K = 40, 6
GENRES = ["Comedy", "Drama", "War", "Noir", "Western"]


@pytest.fixture(scope="module")
def world():
    """Items of very different popularity, some chosen by nobody, some without a genre; lists with empty places."""
    rng = np.random.default_rng(0)
    train = (rng.random((80, N_ITEMS)) < np.linspace(0.6, 0.0, N_ITEMS)).astype(
        np.float32
    ) * 3.0  # weights are no counts
    train[:, -4:] = 0.0
    train[7] = 0.0  # somebody who is held out whole
    genres = [list(rng.choice(GENRES, rng.integers(0, 4), replace=False)) for _ in range(N_ITEMS)]
    ranked = np.stack([rng.permutation(N_ITEMS)[:8] for _ in range(30)])
    fold_in = np.zeros((30, N_ITEMS), dtype=np.float32)
    held_out = np.zeros((30, N_ITEMS), dtype=np.float32)
    for user in range(30):
        others = rng.permutation([item for item in range(N_ITEMS) if item not in ranked[user]])
        fold_in[user, others[: rng.integers(0, 6)]] = 2.0
        held_out[user, rng.choice(ranked[user], rng.integers(0, 4), replace=False)] = 1.0
    ranked[3, 4:], ranked[4, 1:], ranked[5] = -1, -1, -1
    items = ItemFacts.of(csr_array(train), pl.Series(genres, dtype=pl.List(pl.String)))
    return items, train > 0, genres, ranked, csr_array(fold_in), csr_array(held_out)


def by_hand(ranked, of_user):
    return np.array(
        [of_user(user, [int(i) for i in row[:K] if i >= 0]) for user, row in enumerate(ranked)], dtype=float
    )


def mean(values):
    values = list(values)
    return np.mean(values) if values else np.nan


def test_popularity_and_novelty_are_means_over_what_was_offered(world):
    items, chose, _, ranked, *_ = world
    share = chose.sum(axis=0) / 79  # the user held out whole is nobody's audience
    expected = by_hand(ranked, lambda user, first: mean(share[i] for i in first))
    np.testing.assert_allclose(beyond.popularity_at_k(ranked, items, K), expected, atol=1e-12)
    bits = -np.log2(np.maximum(share, 1 / 79))
    expected = by_hand(ranked, lambda user, first: mean(bits[i] for i in first))
    np.testing.assert_allclose(beyond.novelty_at_k(ranked, items, K), expected, atol=1e-12)


def test_popularity_lift_compares_with_the_user_s_own_history(world):
    items, chose, _, ranked, fold_in, _ = world
    share = chose.sum(axis=0) / 79

    def lift(user, first):
        own = mean(share[i] for i in fold_in[[user]].indices)
        return mean(share[i] for i in first) / own - 1 if own > 0 else np.nan

    found = beyond.popularity_lift_at_k(ranked, fold_in, items, K)
    np.testing.assert_allclose(found, by_hand(ranked, lift), atol=1e-12)
    assert np.isnan(found[np.diff(fold_in.indptr) == 0]).all()


def test_diversity_by_genre_is_the_mean_jaccard_distance_of_all_pairs(world):
    items, _, genres, ranked, *_ = world

    def distance(user, first):
        rows = [[genre in genres[i] for genre in GENRES] for i in first if genres[i]]
        return mean(jaccard(a, b) for a, b in combinations(rows, 2))

    np.testing.assert_allclose(beyond.diversity_by_genre_at_k(ranked, items, K), by_hand(ranked, distance), atol=1e-6)


def test_diversity_by_cooccurrence_is_one_minus_the_mean_cosine_of_all_pairs(world, monkeypatch):
    items, chose, _, ranked, *_ = world
    chose = chose.astype(float)

    def distance(user, first):
        pairs = combinations(first, 2)
        return mean(
            cosine(chose[:, a], chose[:, b]) if chose[:, a].any() and chose[:, b].any() else 1 for a, b in pairs
        )

    expected = by_hand(ranked, distance)
    np.testing.assert_allclose(beyond.diversity_by_cooccurrence_at_k(ranked, items, K), expected, atol=1e-6)
    monkeypatch.setattr("zoo.metrics.items._BLOCK_BYTES", 700)  # a few rows at a time give the same
    monkeypatch.setattr("zoo.metrics.beyond._PART_BYTES", 500)
    np.testing.assert_allclose(beyond.diversity_by_cooccurrence_at_k(ranked, items, K), expected, atol=1e-6)
    np.testing.assert_allclose(beyond.diversity_by_genre_at_k(ranked[:9], items, K).shape, 9)


def test_serendipity_counts_hits_that_popularity_would_not_have_shown(world):
    items, chose, _, ranked, fold_in, held_out = world
    order = np.argsort(-chose.sum(axis=0), kind="stable")

    def serendipity(user, first):
        mine, truth = set(fold_in[[user]].indices), set(held_out[[user]].indices)
        obvious = [i for i in order if i not in mine][:K]
        return len([i for i in first if i in truth and i not in obvious]) / K if truth else np.nan

    found = beyond.serendipity_at_k(ranked, held_out, fold_in, items, K)
    np.testing.assert_allclose(found, by_hand(ranked, serendipity), atol=1e-12)
    assert np.nanmax(found) > 0


def test_popularity_itself_has_no_serendipity(world):
    items, chose, _, _, fold_in, held_out = world
    order = np.argsort(-chose.sum(axis=0), kind="stable")
    own = np.stack([[i for i in order if i not in fold_in[[user]].indices][:K] for user in range(30)])
    found = beyond.serendipity_at_k(own, held_out, fold_in, items, K)
    assert np.nanmax(found) == 0


def test_genre_miscalibration_is_the_divergence_of_the_history_s_genres_from_the_list_s(world):
    items, _, genres, ranked, fold_in, _ = world

    def shares(chosen):
        total = np.zeros(len(GENRES))
        for i in chosen:
            for genre in genres[i]:
                total[GENRES.index(genre)] += 1 / len(genres[i])
        return total / total.sum() if total.sum() else None

    def divergence(user, first):
        p, q = shares(fold_in[[user]].indices), shares(first)
        return np.nan if p is None or q is None else scipy_entropy(p, 0.99 * q + 0.01 * p)

    found = beyond.genre_miscalibration_at_k(ranked, fold_in, items, K)
    np.testing.assert_allclose(found, by_hand(ranked, divergence), atol=1e-9)


def test_a_list_with_the_genres_of_the_history_is_calibrated():
    items = ItemFacts.of(csr_array(np.ones((2, 4), dtype=np.float32)), pl.Series([["A"], ["B"], ["A"], ["B"]]))
    history = csr_array(np.array([[1, 1, 0, 0]], dtype=np.float32))
    assert beyond.genre_miscalibration_at_k(np.array([[2, 3]]), history, items, 2) == pytest.approx([0.0])
    assert beyond.genre_miscalibration_at_k(np.array([[2, -1]]), history, items, 2) > 0.5


def test_what_the_list_leaves_out_weighs_more_than_what_it_adds():
    """The divergence of the history from the list, not of the list from the history; every item weighs the same."""
    items = ItemFacts.of(csr_array(np.ones((2, 3), dtype=np.float32)), pl.Series([["A"], ["B"], ["A"]]))
    narrow, broad = (csr_array(np.array([row], dtype=np.float32)) for row in ([5, 0, 0], [5, 1, 0]))
    leaves_out = beyond.genre_miscalibration_at_k(np.array([[2]]), broad, items, 1)[0]  # B of the history is not there
    adds = beyond.genre_miscalibration_at_k(np.array([[1, 2]]), narrow, items, 2)[0]  # B of the list was not
    assert leaves_out == pytest.approx(scipy_entropy([0.5, 0.5], [0.995, 0.005]))  # half each, whatever the weights
    assert adds == pytest.approx(scipy_entropy([1.0, 0.0], [0.505, 0.495]))
    assert leaves_out > 2 * adds


def test_a_catalogue_without_genres_leaves_genre_metrics_undefined(world):
    _, _, _, ranked, fold_in, _ = world
    bare = ItemFacts.of(
        csr_array(np.ones((2, N_ITEMS), dtype=np.float32)), pl.Series([[]] * N_ITEMS, dtype=pl.List(pl.String))
    )
    assert np.isnan(beyond.diversity_by_genre_at_k(ranked, bare, K)).all()
    assert np.isnan(beyond.genre_miscalibration_at_k(ranked, fold_in, bare, K)).all()


def test_head_and_tail_part_the_choices_eighty_to_twenty():
    counts = [60, 20, 10, 5, 5, 0]
    train = np.zeros((60, 6), dtype=np.float32)
    for item, n in enumerate(counts):
        train[:n, item] = 1
    items = ItemFacts.of(csr_array(train), pl.Series([[]] * 6, dtype=pl.List(pl.String)))
    assert items.tail.tolist() == [False, False, True, True, True, True]
    assert items.cold.tolist() == [False] * 5 + [True]


def test_a_genre_named_twice_counts_once():
    assert genre_matrix(pl.Series([["A", "A"], None, ["B"]])).toarray().tolist() == [[1, 0], [0, 0], [0, 1]]


def test_exposure_counts_the_lists_that_hold_an_item_among_their_first_k():
    assert exposure.exposure_at_k(np.array([[0, 1, 2], [0, -1, -1]]), 4, 2).tolist() == [2, 1, 0, 0]


def test_coverage_gini_and_entropy_of_known_distributions():
    equal, single, none = np.full(8, 5), np.array([9, 0, 0, 0]), np.zeros(4, dtype=int)
    assert (exposure.coverage(equal), exposure.coverage(single), exposure.coverage(none)) == (1.0, 0.25, 0.0)
    assert exposure.gini(equal) == pytest.approx(0.0)
    assert exposure.gini(single) == pytest.approx(1 - 1 / 4)
    assert exposure.entropy(equal) == pytest.approx(3.0)
    assert exposure.entropy(single) == 0.0
    assert np.isnan([exposure.gini(none), exposure.entropy(none)]).all()


def test_gini_is_half_the_mean_difference_of_all_pairs_over_the_mean():
    x = np.random.default_rng(1).integers(0, 50, 30)
    pairs = np.abs(x[:, None] - x[None, :]).mean()
    assert exposure.gini(x) == pytest.approx(pairs / (2 * x.mean()))
    assert exposure.entropy(x) == pytest.approx(scipy_entropy(x, base=2))


def chosen_by(*counts: int) -> ItemFacts:
    """Items chosen by so many users each; none has a genre."""
    train = (np.arange(max(counts))[:, None] < np.array(counts)).astype(np.float32)
    return ItemFacts.of(csr_array(train), pl.Series([[]] * len(counts), dtype=pl.List(pl.String)))


def test_the_popular_list_of_a_user_leaves_out_what_is_known_and_ends_after_k():
    items = chosen_by(2, 5, 1, 4, 3)  # by popularity: 1, 3, 4, 0, 2
    assert items.place.tolist() == [3, 0, 4, 1, 2]
    ranked = np.array([[4, 0], [4, 0]])
    known = csr_array(np.array([[0, 1, 0, 0, 0], [0, 0, 0, 0, 0]], dtype=np.float32))
    held_out = csr_array(np.array([[1, 0, 0, 0, 1], [1, 0, 0, 0, 1]], dtype=np.float32))
    # who knows 1 would be shown 3 and 4, so that only 0 surprises; who knows nothing 1 and 3, so that both do
    assert beyond.serendipity_at_k(ranked, held_out, known, items, 2).tolist() == [0.5, 1.0]


def test_the_tail_is_a_share_of_the_choices_and_not_of_the_items():
    assert chosen_by(10, 10, 10, 10, 10, 10, 10, 10, 10, 10).tail.sum() == 2
    assert chosen_by(91, 1, 1, 1, 1, 1, 1, 1, 1, 1).tail.sum() == 9
    assert chosen_by(39, 39, 11, 11).tail.tolist() == [False, False, False, True]  # 78 % come before the third


def test_an_item_that_one_user_chose_is_not_cold():
    assert chosen_by(2, 1, 0).cold.tolist() == [False, False, True]


def test_a_place_where_nothing_was_offered_has_not_the_genres_of_the_first_item():
    genres = pl.Series([["A"], ["B"], ["B"]])
    items = ItemFacts.of(csr_array(np.ones((2, 3), dtype=np.float32)), genres)
    assert beyond.diversity_by_genre_at_k(np.array([[1, 2, -1]]), items, 3).tolist() == [0.0]


def test_an_item_that_one_list_holds_is_covered():
    assert exposure.coverage(np.array([1, 0, 2, 0])) == 0.5
