"""What speaks for an item: every figure against the lists that `recommend` makes, one by one."""

import numpy as np
import pytest

from tests.world import N_ITEMS
from training.table import MODELS
from zoo import explain as explaining
from zoo.errors import ModelError
from zoo.explain import Told, explain, method_of, without
from zoo.recommend import Taste, all_scores, recommend
from zoo.registry import Zoo
from zoo.runtime import Runtime
from zoo.settings import Settings

LINEAR = ("item_knn", "pure_svd", "ease", "ease_sparse", "asymmetric_svd", "two_tower_id_fold_in")
OTHERS = [name for name in MODELS if name not in (*LINEAR, "popularity", "two_tower_id")]
EVERYTHING = list(range(N_ITEMS))
TASTES = {
    "likes": Taste((0, 2, 7, 30)),
    "a dislike too": Taste((0, 2, 7), (11, 4)),
    "weights": Taste((0, 2, 7), weights=(2.5, 0.5, 1.0)),
    "weights and dislikes": Taste((0, 2, 7, 9), (11, 4), (2.5, 0.5, 1.0, 0.0)),
    "dislikes alone": Taste((), (3, 8)),
    "repeated": Taste((0, 2, 0, 7), (11, 11), (1.0, 1.0, 3.0, 1.0)),
    "liked and disliked": Taste((0, 2), (2,)),
    "only seen": Taste((5, 6), weights=(0.0, 0.0)),
    "nothing": Taste(),
}


def test_every_model_is_asked_in_one_way(dataset, load):
    """A new model that scores in sums belongs into LINEAR."""
    of = {name: load(name).card.about.dislikes for name in MODELS}
    assert {name for name, rule in of.items() if rule == "linear"} == set(LINEAR)


@pytest.fixture(scope="module")
def dataset(tiny_zoo):
    return Zoo(tiny_zoo).dataset("tiny")


@pytest.fixture(scope="module")
def load(dataset):
    runtime = Runtime(Settings(provider="cpu"))
    return lambda name: runtime.load(dataset.model(name))


@pytest.fixture(params=MODELS)
def model(request, load):
    return load(request.param)


@pytest.fixture(params=LINEAR)
def linear(request, load):
    return load(request.param)


@pytest.fixture(params=OTHERS)
def other(request, load):
    return load(request.param)


@pytest.fixture(params=TASTES)
def taste(request):
    return TASTES[request.param]


def served(model, taste: Taste) -> Taste:
    """The same taste, of somebody whom a memory-based model knows."""
    return taste if model.card.about.serves_new_profiles else Taste(*_parts(taste), user_idx=0)


def _parts(taste: Taste) -> tuple:
    return taste.likes, taste.dislikes, taste.weights


def listed(model, taste: Taste) -> np.ndarray:
    """The score of every item as lists tell it, nan where the list cannot hold it (disliked)."""
    found = recommend(model, [taste], k=N_ITEMS, hide_seen=False)
    scores = np.full(N_ITEMS, np.nan)
    there = found.ranked[0] >= 0
    scores[found.ranked[0][there]] = found.scores[0][there]
    return scores


def scale(scores: np.ndarray) -> float:
    return max(1e-12, float(np.nanmax(np.abs(scores))))


def test_the_scores_are_those_of_the_list_and_nothing_is_nan(model, taste):
    taste = served(model, taste)
    found = explain(model, taste, EVERYTHING)
    own = listed(model, taste)
    there = ~np.isnan(own)
    assert there.sum() == N_ITEMS - len(set(taste.dislikes))
    assert np.abs(found.scores[there] - own[there]).max() <= 1e-5 * scale(own)
    assert all(np.isfinite(part).all() for part in (found.contributions, found.scores, found.base))
    assert found.contributions.shape == (len(found.history), N_ITEMS)


def test_the_parts_of_a_linear_model_add_up_to_the_score(linear, taste):
    found = explain(linear, taste, EVERYTHING)
    assert found.method == "sum"
    assert found.adds_up
    total = found.base + found.contributions.sum(axis=0)
    own = listed(linear, taste)
    there = ~np.isnan(own)
    assert np.abs(total[there] - own[there]).max() <= 1e-5 * scale(own)
    assert found.asked.all()


def test_a_part_of_a_linear_model_is_what_the_score_loses_without_it(linear):
    """Two ways to ask: alone, and left out. Where scores are sums they agree."""
    taste = TASTES["weights and dislikes"]
    found = explain(linear, taste, EVERYTHING)
    for row, (item, disliked) in enumerate(zip(found.history, found.disliked, strict=True)):
        fewer = all_scores(linear, [without(taste, int(item), dislikes=bool(disliked))])[0]
        lost = found.scores - fewer
        np.testing.assert_allclose(found.contributions[row], lost, atol=2e-5 * scale(found.scores))


def test_leaving_out_is_what_lists_without_each_thing_say(other, taste):
    found = explain(other, taste, EVERYTHING)
    assert found.method == "leave one out"
    assert not found.adds_up
    whole = listed(other, taste)
    weights = dict(zip(taste.likes, taste.weights or [1.0] * len(taste.likes), strict=True))
    for row, (item, disliked) in enumerate(zip(found.history.tolist(), found.disliked, strict=True)):
        likes = {one: weight for one, weight in weights.items() if disliked or one != item}
        dislikes = tuple(one for one in taste.dislikes if not disliked or one != item)
        fewer = listed(other, Taste(tuple(likes), dislikes, tuple(likes.values())))  # not there at all
        lost = whole - fewer
        there = ~np.isnan(lost)
        assert np.abs(found.contributions[row][there] - lost[there]).max() <= 2e-5 * scale(whole)


def test_whoever_scores_everybody_alike_gives_no_history_a_part(load):
    found = explain(load("popularity"), TASTES["weights and dislikes"], EVERYTHING)
    assert found.method == "same for all"
    assert not found.contributions.any()
    np.testing.assert_array_equal(found.scores, found.base)
    assert found.reasons(0) == []


def test_a_memory_based_model_says_that_it_reads_no_history(load):
    model = load("two_tower_id")
    found = explain(model, Taste((0, 2), user_idx=3), [5, 6])
    assert found.method == "own vector"
    assert not found.adds_up
    assert not found.contributions.any()
    with pytest.raises(ModelError, match="memory-based"):
        explain(model, Taste((0, 2)), [5, 6])


def test_what_was_told_is_named_once_likes_first_and_what_was_only_seen_is_not():
    told = Told.of(TASTES["weights and dislikes"])
    assert told.history.tolist() == [0, 2, 7, 11, 4]
    assert told.disliked.tolist() == [False] * 3 + [True] * 2
    assert told.weights.tolist() == [2.5, 0.5, 1.0, 1.0, 1.0]
    told = Told.of(TASTES["repeated"])
    assert told.history.tolist() == [0, 2, 7, 11]
    assert told.weights.tolist() == [3.0, 1.0, 1.0, 1.0]
    assert Told.of(TASTES["only seen"]).history.tolist() == []
    assert Told.of(TASTES["liked and disliked"]).history.tolist() == [0, 2, 2]


def test_what_is_forgotten_is_told_no_more_and_stays_out_of_the_list(load):
    taste = TASTES["a dislike too"]
    fewer = without(taste, 2, 11)
    assert Told.of(fewer).history.tolist() == [0, 7, 4]
    assert {2, 11}.isdisjoint(recommend(load("ease"), [fewer], k=N_ITEMS).ranked[0])
    assert without(taste, 11, dislikes=False) == Taste((0, 2, 7), (11, 4), (1.0, 1.0, 1.0))
    both = TASTES["liked and disliked"]
    assert Told.of(without(both, 2, dislikes=True)).history.tolist() == [0, 2]
    left = Told.of(without(both, 2, dislikes=False))
    assert (left.history.tolist(), left.disliked.tolist()) == ([0, 2], [False, True])


def test_reasons_are_the_strongest_parts_that_speak_for_it(load):
    found = explain(load("ease"), TASTES["a dislike too"], EVERYTHING)
    for item in EVERYTHING:
        parts = found.contributions[:, item]
        assert [parts[row] for row in found.reasons(item, 2)] == sorted((p for p in parts if p > 0), reverse=True)[:2]


def test_items_that_are_not_there_are_refused_with_a_sentence(model):
    for odd in (-1, N_ITEMS):
        with pytest.raises(ModelError, match=f"asked about {odd}"):
            explain(model, served(model, TASTES["likes"]), [0, odd])


def test_no_item_asked_about_is_an_answer_too(model):
    found = explain(model, served(model, TASTES["likes"]), [])
    assert found.contributions.shape == (4, 0)


@pytest.mark.parametrize("name", ["variational", "ease"])
def test_a_long_history_is_asked_in_part_and_says_in_which(load, monkeypatch, name):
    """Where only a few can be left out, these are asked in full, and the strongest reason is among them."""
    model, taste = load(name), Taste(tuple(range(0, 40)), (41, 43))
    whole = explain(model, taste, [50, 51])
    monkeypatch.setattr(explaining, "WORK", 12 * (42 * model.card.gather_width + 4 * N_ITEMS))
    monkeypatch.setattr(explaining, "LEAST", 1)
    monkeypatch.setattr(explaining, "HELD", 5 * N_ITEMS)  # five rows at a time
    part = explain(model, taste, [50, 51])
    assert part.asked.sum() == (12 if name == "variational" else 42)
    np.testing.assert_allclose(
        part.contributions[part.asked], whole.contributions[part.asked], atol=1e-5 * scale(whole.scores)
    )
    assert not part.contributions[~part.asked].any()
    assert {whole.reasons(place, 1)[0] for place in (0, 1)} <= set(np.flatnonzero(part.asked))


def test_which_are_asked_are_those_that_alone_speak_loudest(load, monkeypatch):
    model, taste = load("variational"), Taste(tuple(range(20)))
    monkeypatch.setattr(explaining, "LEAST", 1)
    monkeypatch.setattr(explaining, "WORK", 4 * (20 * model.card.gather_width + 4 * N_ITEMS))
    alone = np.array([listed(model, Taste((item,)))[[50, 51]] for item in range(20)])
    loudest = np.argsort(-(alone - alone.mean(axis=0)).max(axis=1), kind="stable")[:4]
    assert set(np.flatnonzero(explain(model, taste, [50, 51]).asked)) == set(loudest)


def test_methods_are_those_of_the_dislike_rule(load):
    assert {name: method_of(load(name)) for name in ("ease", "autoencoder", "popularity", "two_tower_id")} == {
        "ease": "sum",
        "autoencoder": "leave one out",
        "popularity": "same for all",
        "two_tower_id": "own vector",
    }
