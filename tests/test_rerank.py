"""Re-ranking: every wish against a slow reference of its equation, the ends exact, nothing lost and nothing twice."""

import math
from functools import cache

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from zoo.errors import DataError
from zoo.metrics import FAMILIES, Answers, ItemFacts
from zoo.rerank import FUSION, Pool, Wishes, relevances, rerank
from zoo.split import Fold

GENRES = ["Comedy", "Drama", "Horror", "Thriller"]
ALPHA = 0.01


def facts_of(train: np.ndarray, genres: list[list[str]]) -> ItemFacts:
    return ItemFacts.of(csr_array(train.astype(np.float32)), pl.Series("genres", genres, dtype=pl.List(pl.String)))


def csr(rows: list[list[int]], n_items: int) -> csr_array:
    X = np.zeros((len(rows), n_items), dtype=np.float32)
    for row, items in zip(X, rows, strict=True):
        row[items] = 1
    return csr_array(X)


def world(seed: int = 0, n_items: int = 12, n_users: int = 4, models: int = 1, ties: bool = False) -> Pool:
    """Every item of a small catalogue as a candidate, in the order of its columns."""
    rng = np.random.default_rng(seed)
    genres = [sorted(rng.choice(GENRES, rng.integers(0, 4), replace=False).tolist()) for _ in range(n_items)]
    genres[0] = ["Comedy"]
    genres = [found or (["Drama"] if at % 3 else []) for at, found in enumerate(genres)]  # a few have none
    train = rng.random((30, n_items)) < rng.random(n_items)
    scores = rng.normal(size=(models, n_users, n_items)).astype(np.float32)
    if ties:
        scores = np.round(scores)
    items = np.tile(np.arange(n_items), (n_users, 1))
    histories = [sorted(rng.choice(n_items, 3, replace=False).tolist()) for _ in range(n_users)]
    histories[0] = [0]
    return Pool(items, scores.astype(np.float64), n_items, csr(histories, n_items), facts_of(train, genres))


def scaled(values: list[float]) -> list[float]:
    low, high = min(values), max(values)
    return [(value - low) / (high - low) if high > low else 0.0 for value in values]


@cache
def _genres(facts: ItemFacts) -> list[set[int]]:
    return [set(np.flatnonzero(row).tolist()) for row in facts.genres.toarray()]


def genres_of(pool: Pool, item: int) -> set[int]:
    return _genres(pool.facts)[item]


@cache
def _cosines(facts: ItemFacts) -> np.ndarray:
    X = (facts.train.toarray() != 0).astype(float)
    n = np.maximum(X.sum(axis=0), 1)
    return X.T @ X / np.sqrt(np.outer(n, n))


def shares(pool: Pool, items: list[int]) -> np.ndarray:
    """Of genres, each item dealing 1 among its own."""
    total = np.zeros(pool.facts.genres.shape[1])
    for item in items:
        for genre in genres_of(pool, item):
            total[genre] += 1 / len(genres_of(pool, item))
    return total / total.sum() if total.sum() else total


def history_of(pool: Pool, user: int) -> list[int]:
    start, stop = pool.histories.indptr[user : user + 2]
    return pool.histories.indices[start:stop].tolist()


def divergence(pool: Pool, user: int, items: list[int]) -> float:
    p, q = shares(pool, history_of(pool, user)), shares(pool, items)
    mixed = (1 - ALPHA) * q + ALPHA * p
    return sum(a * math.log(a / b) for a, b in zip(p.tolist(), mixed.tolist(), strict=True) if a > 0)


def alike(pool: Pool, i: int, j: int) -> float:
    if pool.by_genre:
        a, b = genres_of(pool, i), genres_of(pool, j)
        return len(a & b) / len(a | b) if a and b else 1.0
    return _cosines(pool.facts)[i, j]


def worths(pool: Pool, user: int, wishes: Wishes, chosen: list[int]) -> dict[int, float]:
    """The equations of the docstring, item by item, for a pool in which item and position are the same."""
    there = [item for item in pool.items[user].tolist() if item >= 0]
    first = dict(zip(there, scaled(pool.scores[0, user][: len(there)].tolist()), strict=True))
    r = first
    if wishes.share:
        second = dict(zip(there, scaled(pool.scores[1, user][: len(there)].tolist()), strict=True))
        if wishes.fusion == "ranks" and wishes.share < 1:
            first, second = (
                {item: 1 / (FUSION + 1 + place) for place, item in enumerate(sorted(there, key=lambda i: (-of[i], i)))}
                for of in (first, second)
            )
        r = dict(
            zip(there, scaled([(1 - wishes.share) * first[i] + wishes.share * second[i] for i in there]), strict=True)
        )
    popular = dict(zip(there, scaled([math.log(1 + pool.facts.counts[i]) for i in there]), strict=True))
    found = {}
    for i in there:
        if i in chosen:
            continue
        v = (1 - wishes.penalty) * r[i] - wishes.penalty * popular[i]
        nearest = max((alike(pool, i, j) for j in chosen), default=0.0)
        m = (1 - wishes.diversity) * v - wishes.diversity * nearest
        found[i] = m
        if wishes.calibration:
            found[i] = (1 - wishes.calibration) * m - wishes.calibration * divergence(pool, user, [*chosen, i])
    return found


def assert_greedy(pool: Pool, wishes: Wishes, ranked: np.ndarray) -> None:
    """Every item of every list was the best one that was left, by the slow reference."""
    for user, row in enumerate(ranked.tolist()):
        chosen: list[int] = []
        for item in row:
            found = worths(pool, user, wishes, chosen)
            if item < 0:
                assert not found
                continue
            best = max(found.values())
            assert found[item] >= best - 1e-9, (user, chosen, item)
            equals = [other for other, value in found.items() if value > best - 1e-13]
            if item in equals and len(equals) > 1:  # the one that its model ranks first
                scores = pool.scores[int(wishes.share > 0.5), user]
                assert item == min(equals, key=lambda i: (-scores[i], i))
            chosen.append(item)


WEIGHTS = (0.15, 0.5, 0.85, 1.0)


@pytest.mark.parametrize("seed", range(3))
def test_no_wish_is_the_models_own_list(seed):
    pool = world(seed, ties=True)
    expected = [sorted(range(12), key=lambda i, u=u: (-pool.scores[0, u, i], i)) for u in range(4)]
    assert rerank(pool, Wishes(), 12).tolist() == expected


@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("name", ["diversity", "calibration", "penalty"])
@pytest.mark.parametrize("ties", [False, True])
def test_each_wish_alone_is_its_equation(name, weight, ties):
    for seed in range(2):
        pool, wishes = world(seed, ties=ties), Wishes(**{name: weight})
        assert_greedy(pool, wishes, rerank(pool, wishes, 12))


@pytest.mark.parametrize("fusion", ["scores", "ranks"])
def test_all_wishes_together_are_the_equations_in_their_order(fusion):
    for seed in range(3):
        pool = world(seed, models=2)
        for share in (0.3, 0.7):
            wishes = Wishes(share, fusion, penalty=0.2, diversity=0.4, calibration=0.3)
            assert_greedy(pool, wishes, rerank(pool, wishes, 8))


def test_where_items_have_no_genres_those_of_the_same_audience_are_alike():
    pool = world(3)
    bare = Pool(pool.items, pool.scores, pool.depth, pool.histories, facts_of(pool.facts.train.toarray(), [[]] * 12))
    assert not bare.by_genre
    for weight in WEIGHTS:
        wishes = Wishes(diversity=weight)
        assert_greedy(bare, wishes, rerank(bare, wishes, 12))


def test_diversity_by_hand():
    """1 is best and 2 just like it; 3 is worth less and nothing like them."""
    facts = facts_of(np.ones((1, 4)), [["Comedy"], ["Comedy"], ["Horror"], ["Comedy", "Horror"]])
    pool = Pool(np.arange(4)[None], np.array([[[1.0, 0.9, 0.5, 0.0]]]), 4, csr([[0]], 4), facts)
    # weight 0.4, after 0: 1 -> 0.6 x 0.9 - 0.4 = 0.14; 2 -> 0.6 x 0.5 = 0.3; 3 -> 0 - 0.4 x 1/2 = -0.2
    # after 2: 1 -> 0.14; 3 -> -0.4 x max(1/2, 1/2) = -0.2
    assert rerank(pool, Wishes(diversity=0.4), 4).tolist() == [[0, 2, 1, 3]]


def test_reciprocal_rank_fusion_by_hand():
    """The first ranks 0 1 2 3, the second 3 1 2 0: 1 is second twice, which is more than a first and a fourth place."""
    facts = facts_of(np.ones((1, 4)), [["Comedy"]] * 4)
    scores = np.array([[[9.0, 8.0, 7.0, 6.0]], [[0.1, 0.3, 0.2, 0.4]]])
    pool = Pool(np.arange(4)[None], scores, 4, csr([[0]], 4), facts)
    fused = {0: 1 / 61 + 1 / 64, 1: 1 / 62 + 1 / 62, 2: 1 / 63 + 1 / 63, 3: 1 / 64 + 1 / 61}
    expected = sorted(fused, key=lambda i: (-fused[i], i))
    assert expected == [1, 0, 3, 2]  # 0 and 3 are equal: the first model, which weighs no less, decides
    assert rerank(pool, Wishes(0.5, "ranks"), 4).tolist() == [expected]


def test_blended_scores_are_scaled_over_the_pool():
    pool = world(5, models=2)
    r, _, _ = relevances(pool, Wishes(0.25))
    for user in range(4):
        first, second = (scaled(scores[user].tolist()) for scores in pool.scores)
        expected = scaled([0.75 * a + 0.25 * b for a, b in zip(first, second, strict=True)])
        np.testing.assert_allclose(r[user], expected, atol=1e-12)


def test_blended_ranks_count_from_1_and_are_scaled_over_the_pool():
    pool = world(6, models=2)
    r, _, _ = relevances(pool, Wishes(0.25, "ranks"))
    for user in range(4):
        first, second = (
            {item: 60 + rank for rank, item in enumerate(sorted(range(12), key=lambda i, of=of: (-of[user, i], i)), 1)}
            for of in pool.scores
        )
        expected = scaled([0.75 / first[i] + 0.25 / second[i] for i in range(12)])
        np.testing.assert_allclose(r[user], expected, atol=1e-12)


@pytest.mark.parametrize(("share", "expected"), [(0.75, [2, 1, 0, 3]), (0.25, [2, 0, 1, 3])])
def test_equals_stand_as_the_model_ranks_them_that_weighs_more(share, expected):
    """0 and 1 have 0.5625 each; the one of larger share has 1 before 0, or 0 before 1."""
    facts = facts_of(np.ones((1, 4)), [["Comedy"]] * 4)
    much, little = np.array([0.5, 0.75, 1.0, 0.0]), np.array([0.75, 0.0, 1.0, 0.0])
    if expected[1] == 0:
        much, little = much[[1, 0, 2, 3]], little[[1, 0, 2, 3]]
    scores = np.array([little, much] if share > 0.5 else [much, little])[:, None]
    pool = Pool(np.arange(4)[None], scores, 4, csr([[0]], 4), facts)
    assert rerank(pool, Wishes(share), 4).tolist() == [expected]


@pytest.mark.parametrize("fusion", ["scores", "ranks"])
@pytest.mark.parametrize("more", [{}, {"diversity": 0.5}, {"penalty": 0.3, "calibration": 0.4}])
def test_at_its_ends_a_blend_is_one_model_alone(fusion, more):
    both = world(7, models=2)
    items = np.where(np.arange(12) < 8, both.items, -1)
    places = both.places
    items = np.where((places < 6).any(axis=0), both.items, -1)  # each one's best six
    pool = Pool(items, both.scores, 6, both.histories, both.facts)
    for share, model in ((0.0, 0), (1.0, 1)):
        own = np.where(places[model] < 6, both.items, -1)
        alone = Pool(own, both.scores[[model]], 6, both.histories, both.facts)
        expected = rerank(alone, Wishes(**more), 9)
        assert (expected[:, 6:] == -1).all()
        assert rerank(pool, Wishes(share, fusion, **more), 9).tolist() == expected.tolist()


def test_ends_are_exact_where_scaled_scores_fall_together():
    """1e-20 and 2e-20 are one number beside -1 after scaling, and yet stand in their order."""
    facts = facts_of(np.ones((1, 3)), [["Comedy"]] * 3)
    pool = Pool(np.arange(3)[None], np.array([[[1e-20, 2e-20, -1.0]], [[5e-20, 1e-20, -1.0]]]), 3, csr([[0]], 3), facts)
    assert rerank(pool, Wishes(), 3).tolist() == [[1, 0, 2]]
    assert rerank(pool, Wishes(1.0), 3).tolist() == [[0, 1, 2]]


def test_a_full_penalty_puts_the_least_chosen_first():
    pool = world(2)
    expected = np.sort(pool.facts.counts)
    for row in rerank(pool, Wishes(penalty=1.0), 12):
        assert pool.facts.counts[row].tolist() == expected.tolist()


def test_more_of_a_wish_brings_more_of_what_it_is_for():
    pool = world(1, n_items=40, n_users=60)
    fold = Fold(np.arange(60), pool.histories, csr_array((60, 40)), csr_array((60, 40)))
    for name, metric, sign in (
        ("diversity", "diversity_by_genre_at_{k}", 1),
        ("penalty", "popularity_at_{k}", -1),
        ("calibration", "genre_miscalibration_at_{k}", -1),
    ):
        found = [
            np.nanmean(FAMILIES[metric].at(8)(Answers(rerank(pool, Wishes(**{name: w}), 8), fold, pool.facts)))
            for w in (0.0, 0.5, 1.0)
        ]
        assert sign * found[0] < sign * found[1] <= sign * found[2] + 1e-9, name


@st.composite
def pools(draw) -> Pool:
    n_items, n_users = draw(st.integers(1, 9)), draw(st.integers(1, 3))
    pool = world(
        draw(st.integers(0, 999)), n_items=max(n_items, 4), n_users=n_users, models=2, ties=draw(st.booleans())
    )
    kept = np.random.default_rng(draw(st.integers(0, 999))).random(pool.items.shape) < draw(
        st.sampled_from([0.0, 0.4, 1.0])
    )
    return Pool(np.where(kept, pool.items, -1), pool.scores, draw(st.integers(1, 9)), pool.histories, pool.facts)


wishes_of = st.builds(
    Wishes,
    share=st.floats(0, 1),
    fusion=st.sampled_from(["scores", "ranks"]),
    penalty=st.floats(0, 1),
    diversity=st.floats(0, 1),
    calibration=st.floats(0, 1),
)


@settings(max_examples=60, deadline=None)
@given(pools(), wishes_of, st.integers(1, 15))
def test_a_list_holds_only_candidates_none_twice_and_stays_what_it_begins_with(pool, wishes, k):
    ranked = rerank(pool, wishes, k)
    assert ranked.shape == (len(pool.items), k)
    _, there, _ = relevances(pool, wishes)
    for row, items, able in zip(ranked, pool.items, there, strict=True):
        found = row[row >= 0]
        assert len(set(found.tolist())) == len(found) == min(k, able.sum())
        assert (row[len(found) :] == -1).all()
        assert set(found.tolist()) <= set(items[able].tolist())
    assert rerank(pool, wishes, k + 3)[:, :k].tolist() == ranked.tolist()
    assert rerank(pool, wishes, k).tolist() == ranked.tolist()


@pytest.mark.parametrize(
    "wishes", [Wishes(), Wishes(0.5), Wishes(0.5, "ranks", 0.5, 0.5, 0.5), Wishes(1.0, diversity=1.0)]
)
def test_a_catalogue_of_one_item_lists_it(wishes):
    facts = facts_of(np.ones((1, 1)), [[]])
    pool = Pool(np.array([[0]]), np.zeros((2, 1, 1)), 200, csr([[]], 1), facts)
    assert rerank(pool, wishes, 3).tolist() == [[0, -1, -1]]


def test_an_empty_pool_and_no_users_are_empty_lists():
    facts = facts_of(np.ones((1, 2)), [["Comedy"], ["Horror"]])
    nothing = Pool(np.full((2, 3), -1), np.zeros((1, 2, 3)), 3, csr([[0], [1]], 2), facts)
    wishes = Wishes(penalty=0.5, diversity=0.5, calibration=0.5)
    assert rerank(nothing, wishes, 2).tolist() == [[-1, -1], [-1, -1]]
    nobody = Pool(np.empty((0, 3), dtype=np.int64), np.zeros((1, 0, 3)), 3, csr_array((0, 2)), facts)
    assert rerank(nobody, wishes, 2).shape == (0, 2)


def test_a_history_without_genres_asks_nothing_of_them():
    pool = world(4)
    bare = Pool(pool.items, pool.scores, pool.depth, csr([[]] * 4, 12), pool.facts)
    for weight in WEIGHTS:
        assert rerank(bare, Wishes(calibration=weight), 12).tolist() == rerank(bare, Wishes(), 12).tolist()


def test_genres_are_asked_where_half_of_the_items_have_some():
    def by_genre(genres: list[list[str]]) -> bool:
        facts = facts_of(np.ones((1, 4)), genres)
        return Pool(np.arange(4)[None], np.zeros((1, 1, 4)), 4, csr([[0]], 4), facts).by_genre

    assert by_genre([["Comedy"], ["Drama"], [], []])
    assert not by_genre([["Comedy"], [], [], []])


@pytest.mark.parametrize("weight", [-0.1, 1.1, math.nan, math.inf])
@pytest.mark.parametrize("name", ["share", "penalty", "diversity", "calibration"])
def test_a_weight_outside_0_to_1_is_refused(name, weight):
    with pytest.raises(DataError, match=f"{name} = .* is no weight"):
        Wishes(**{name: weight})


def test_what_cannot_be_asked_says_so():
    with pytest.raises(DataError, match="by scores or by ranks"):
        Wishes(fusion="votes")
    with pytest.raises(DataError, match="only one was asked"):
        rerank(world(), Wishes(0.5), 3)
    with pytest.raises(DataError, match="1 or more"):
        rerank(world(), Wishes(), 0)
