"""The candidates that models give, and what wishes cost on test users: nothing of what was hidden is told."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from zoo.errors import ModelError
from zoo.metrics import FAMILIES
from zoo.metrics.accuracy import ndcg_at_k
from zoo.pools import ask, ask_fold, measure_wishes, sample
from zoo.recommend import Taste, all_scores, rank, recommend
from zoo.registry import Zoo
from zoo.rerank import Wishes, rerank
from zoo.runtime import Model, Runtime
from zoo.settings import Settings

METRICS = {"ndcg": FAMILIES["ndcg_at_{k}"].at(10), "diversity": FAMILIES["diversity_by_genre_at_{k}"].at(10)}


@pytest.fixture(scope="module")
def data(tiny_zoo: Path):
    return Zoo(tiny_zoo).dataset("tiny")


@pytest.fixture(scope="module")
def model(data):
    runtime = Runtime(Settings())
    return lambda name: runtime.load(data.model(name))


TASTES = [
    Taste((4, 8)),
    Taste((1, 3, 5), dislikes=(7, 9)),
    Taste((2, 30, 31), weights=(1.0, 0.0, 1.0)),
]


@pytest.mark.parametrize("name", ["ease", "variational", "popularity", "item_knn", "two_tower_text", "pure_svd"])
@pytest.mark.parametrize("hide_seen", [True, False])
def test_without_a_wish_it_is_the_list_that_the_model_gives(data, model, name, hide_seen):
    candidates = data.catalogue.allowed(("Comedy",))
    for options in ({}, {"candidates": candidates}):
        pool = ask([model(name)], TASTES, data.item_facts, hide_seen=hide_seen, depth=15, **options)
        expected = [
            recommend(model(name), [taste], k=15, hide_seen=hide_seen, **options).ranked[0].tolist() for taste in TASTES
        ]
        assert rerank(pool, Wishes(), 15).tolist() == expected


@pytest.mark.parametrize("fusion", ["scores", "ranks"])
def test_a_blend_ends_at_both_models_lists(data, model, fusion):
    both = [model("ease"), model("variational")]
    pool = ask(both, TASTES, data.item_facts, depth=12)
    for share, one in zip((0.0, 1.0), both, strict=True):
        expected = [recommend(one, [taste], k=12).ranked[0].tolist() for taste in TASTES]
        assert rerank(pool, Wishes(share, fusion), 12).tolist() == expected


def test_the_pool_of_two_models_holds_each_ones_best_once(data, model):
    both = [model("ease"), model("popularity")]
    pool = ask(both, TASTES, data.item_facts, depth=10)
    for row, taste in zip(pool.items, TASTES, strict=True):
        items = row[row >= 0].tolist()
        wanted = {int(i) for one in both for i in recommend(one, [taste], k=10).ranked[0]}
        assert len(items) == len(set(items))
        assert set(items) == wanted
    for scores, one in zip(pool.scores, both, strict=True):
        there = pool.items >= 0
        expected = np.take_along_axis(all_scores(one, TASTES), np.maximum(pool.items, 0), axis=1)
        np.testing.assert_array_equal(scores[there], expected[there].astype(np.float64))


def test_what_a_history_is_leaves_out_what_weighs_nothing(data, model):
    pool = ask([model("ease")], TASTES, data.item_facts)
    assert [sorted(row) for row in np.split(pool.histories.indices, pool.histories.indptr[1:-1])] == [
        [4, 8],
        [1, 3, 5],
        [2, 31],
    ]


def test_a_pool_deeper_than_the_catalogue_is_all_that_is_left(data, model):
    pool = ask([model("ease")], [Taste((4, 8))], data.item_facts)
    ranked = rerank(pool, Wishes(diversity=0.5, calibration=0.2, penalty=0.1), 60)[0]
    assert sorted(ranked[ranked >= 0].tolist()) == [i for i in range(60) if i not in (4, 8)]
    assert (ranked[58:] == -1).all()


def test_nothing_allowed_is_an_empty_list(data, model):
    pool = ask([model("ease")], [Taste((4,))], data.item_facts, candidates=np.zeros(60, dtype=bool))
    assert rerank(pool, Wishes(diversity=0.5), 5).tolist() == [[-1] * 5]


def test_a_memory_based_model_is_refused_a_new_taste(data, model):
    with pytest.raises(ModelError, match="memory-based"):
        ask([model("two_tower_id")], [Taste((4,))], data.item_facts)


def test_a_memory_based_model_is_asked_for_people_it_knows(tiny_zoo):
    data = Zoo(tiny_zoo).dataset("tiny-last")
    one = Runtime(Settings()).load(data.model("two_tower_id"))
    fold = sample(data.test, 30)
    ranked = rerank(ask_fold([one], fold, data.item_facts), Wishes(), 10)
    answer = one.run(fold.fold_in, users=fold.user_idx, masked=fold.masked, k=10, outputs=("ranked",))
    assert ranked.tolist() == answer["ranked"].tolist()


def test_test_users_are_drawn_once_for_all_and_have_something_hidden(data):
    fold = sample(data.test, 7)
    assert len(fold) == 7
    assert fold.user_idx.tolist() == sample(data.test, 7).user_idx.tolist()
    assert (np.diff(fold.held_out.indptr) > 0).all()
    assert set(fold.user_idx.tolist()) < set(data.test.user_idx.tolist())
    assert sample(data.test).user_idx.tolist() == data.test.user_idx.tolist()


def test_figures_of_test_users_are_those_of_their_lists(data, model):
    fold = data.test
    one = model("ease")
    pool = ask_fold([one], fold, data.item_facts)
    found = measure_wishes(pool, Wishes(), fold, METRICS, 10)
    expected = one.run(fold.fold_in, masked=fold.masked, k=10, outputs=("ranked",))["ranked"]
    np.testing.assert_allclose(found["ndcg"], ndcg_at_k(expected, fold.held_out, 10))
    wishes = Wishes(diversity=0.6)
    assert np.nanmean(measure_wishes(pool, wishes, fold, METRICS, 10)["diversity"]) > np.nanmean(found["diversity"])


def test_hidden_choices_are_told_to_no_model(data, model):
    """The pools are the same whatever was held out, and may hold it."""
    fold = data.test
    asked: list[np.ndarray] = []

    class Watched(Model):
        def __init__(self, of: Model) -> None:
            self.__dict__ |= of.__dict__

        def run(self, histories, **more):
            asked.append(histories.toarray())
            return super().run(histories, **more)

    pool = ask_fold([Watched(model("ease"))], fold, data.item_facts)
    (told,) = asked
    np.testing.assert_array_equal(told > 0, fold.fold_in.toarray() > 0)
    hidden = fold.held_out.toarray() > 0
    offered = np.zeros(hidden.shape, dtype=bool)
    users, places = np.nonzero(pool.items >= 0)
    offered[users, pool.items[users, places]] = True
    assert not (offered & (fold.fold_in.toarray() + fold.masked.toarray() > 0)).any()
    assert offered[hidden].all()  # of 60 items 200 are asked for: all that may be found are there
    assert not (pool.histories.toarray().astype(bool) & hidden).any()


@given(
    arrays(np.float32, st.tuples(st.integers(0, 4), st.integers(1, 12)), elements=st.sampled_from([-np.inf, -1, 0, 1])),
    st.integers(1, 15),
    st.randoms(use_true_random=False),
)
def test_the_first_k_are_those_of_a_whole_sort_among_ties_too(scores, k, random):
    allowed = np.array([[random.random() < 0.7 for _ in row] for row in scores], dtype=bool).reshape(scores.shape)
    there = np.where(allowed, scores, -np.inf)
    order = np.argsort(-there, axis=1, kind="stable")[:, :k]
    best = np.take_along_axis(there, order, axis=1)
    ranked, found = rank(scores, allowed, k)
    np.testing.assert_array_equal(ranked, np.where(np.isneginf(best), -1, order))
    np.testing.assert_array_equal(found, best)
