"""Salt and pepper: what is removed, what comes in, and how much of a list holds, counted by hand."""

from itertools import pairwise

import numpy as np
import pytest

from zoo.noise import SHARES, first, held, spoilt
from zoo.recommend import Taste, all_scores, recommend
from zoo.registry import Zoo
from zoo.runtime import Runtime
from zoo.settings import Settings

TASTE = Taste(tuple(range(0, 20, 2)), dislikes=(1,))


@pytest.fixture(scope="module")
def data(tiny_zoo):
    return Zoo(tiny_zoo).dataset("tiny")


@pytest.fixture(scope="module")
def model(data):
    runtime = Runtime(Settings(provider="cpu"))
    return lambda name: runtime.load(data.model(name))


def test_without_salt_and_pepper_a_taste_stays_as_it_is():
    assert spoilt(TASTE, 0.0, 0, 60, (1, 2)) == Taste(TASTE.likes, TASTE.dislikes, (1.0,) * 10)


@pytest.mark.parametrize("salt", SHARES)
def test_salt_removes_its_share_and_leaves_one_at_least(salt):
    damaged = spoilt(TASTE, salt, 0, 60, (0, 0))
    assert len(damaged.likes) == 10 - round(10 * salt)
    assert set(damaged.likes) <= set(TASTE.likes)
    assert damaged.dislikes == TASTE.dislikes
    assert spoilt(Taste((3,)), salt, 0, 60, (0, 0)).likes == (3,)
    assert spoilt(Taste((3, 4)), 0.9, 0, 60, (0, 0)).likes in ((3,), (4,))


def test_more_salt_removes_the_same_and_more():
    kept = [set(spoilt(TASTE, salt, 0, 60, (5, 1)).likes) for salt in SHARES]
    assert all(more <= less for less, more in pairwise(kept))
    assert len(kept[0]) > len(kept[-1])


def test_pepper_is_what_was_never_judged_and_weighs_one():
    known = {*TASTE.likes, *TASTE.dislikes}
    drawn = []
    for seed in range(200):
        damaged = spoilt(TASTE, 0.5, 4, 60, (seed,))
        false = damaged.likes[5:]
        assert len(set(false)) == 4
        assert known.isdisjoint(false)
        assert damaged.weights == (1.0,) * 9
        drawn += false
    assert set(drawn) == set(range(60)) - known  # any of them can come in
    counts = np.bincount(drawn, minlength=60)[sorted(set(drawn))]
    assert counts.max() < 3 * counts.mean()


def test_pepper_ends_where_nothing_is_left_to_put_in():
    assert len(spoilt(Taste(tuple(range(58))), 0.0, 10, 60, (0,)).likes) == 60


def test_the_same_seed_does_the_same_damage_and_another_one_another():
    assert spoilt(TASTE, 0.4, 3, 60, (1, 4)) == spoilt(TASTE, 0.4, 3, 60, (1, 4))
    assert spoilt(TASTE, 0.4, 3, 60, (1, 4)) != spoilt(TASTE, 0.4, 3, 60, (1, 5))


def test_items_that_are_only_kept_out_are_neither_removed_nor_counted():
    taste = Taste((0, 2, 4, 6, 8), weights=(1.0, 0.0, 2.0, 0.0, 1.0))
    for seed in range(20):
        damaged = spoilt(taste, 0.67, 0, 60, (seed,))  # two of three
        weights = dict(zip(damaged.likes, damaged.weights, strict=True))
        told = {item: weight for item, weight in weights.items() if weight}
        assert len(told) == 1
        assert told.items() <= {0: 1.0, 4: 2.0, 8: 1.0}.items()
        assert (weights[2], weights[6]) == (0.0, 0.0)


def test_share_zero_is_the_list_itself_and_holds_whole(model):
    denoising = model("denoising")
    served = recommend(denoising, [TASTE], k=10).ranked
    assert np.array_equal(first(denoising, [TASTE], [TASTE], 10), served)
    assert held(denoising, [TASTE], [0.0], 0, n_draws=3).tolist() == [[1.0]] * 3


def test_what_holds_is_counted_as_by_hand(model):
    denoising, tastes = model("denoising"), [TASTE, Taste((1, 3, 5, 7))]
    found = held(denoising, tastes, [0.2, 0.6], 2, k=10, n_draws=4, seed=9)
    assert found.shape == (8, 2)
    for row in range(8):
        taste = tastes[row // 4]
        clean = set(recommend(denoising, [taste], k=10).ranked[0].tolist())
        for column, salt in enumerate((0.2, 0.6)):
            scores = all_scores(denoising, [spoilt(taste, salt, 2, 60, (9, row))])[0].astype(np.float64)
            scores[[*taste.likes, *taste.dislikes]] = -np.inf  # what was put in may be listed
            best = set(np.argsort(-scores, kind="stable")[:10].tolist())
            assert found[row, column] == pytest.approx(len(clean & best) / 10)
    assert 0 < found.mean() < 1


def test_two_models_meet_the_same_damage(model, monkeypatch):
    met = {}

    def watch(name):
        seen = []
        monkeypatch.setattr("zoo.noise.all_scores", lambda of, tastes: seen.extend(tastes) or all_scores(of, tastes))
        held(model(name), [TASTE], [0.3], 2, n_draws=5, seed=1)
        met[name] = seen

    watch("denoising")
    watch("autoencoder")
    assert met["denoising"] == met["autoencoder"]
    assert len({taste.likes for taste in met["denoising"]}) == 6


def test_many_tastes_are_asked_in_parts_and_in_order(model, monkeypatch):
    tastes = [Taste((item, item + 1)) for item in range(30)]
    whole = first(model("denoising"), tastes, tastes, 10)
    monkeypatch.setattr("zoo.noise.ROWS", 7)
    assert np.array_equal(first(model("denoising"), tastes, tastes, 10), whole)


def test_filters_hold_for_whole_and_damaged_lists_alike(model):
    candidates = np.arange(60) % 2 == 1
    ranked = first(model("denoising"), [TASTE], [TASTE], 10, candidates)
    assert (ranked % 2 == 1).all()
    assert held(model("denoising"), [TASTE], [0.0], 0, candidates=candidates).tolist() == [[1.0]]


@pytest.mark.parametrize("name", ["denoising", "ease"])
def test_a_disliked_item_is_in_no_list_however_well_it_would_stand(model, name):
    best = int(recommend(model(name), [Taste(TASTE.likes)], k=1).ranked[0, 0])
    taste = Taste(TASTE.likes, dislikes=(best,))
    scored_without = Taste(TASTE.likes)  # as a model that is exempt from dislikes would score it
    assert best not in first(model(name), [scored_without], [taste], 10)[0]
