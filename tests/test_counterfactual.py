"""What would change an item's rank: every answer is run, and single changes are tried all by hand."""

from itertools import combinations

import numpy as np
import pytest

from tests.world import N_ITEMS
from zoo import counterfactual
from zoo.counterfactual import Change, fidelity, ranks, turn
from zoo.explain import Told, without
from zoo.recommend import Taste, recommend
from zoo.registry import Zoo
from zoo.runtime import Runtime
from zoo.settings import Settings

TASTE = Taste((0, 2, 7, 30), (11,))
NAMES = ("ease", "item_knn", "autoencoder", "variational", "two_tower_text")


@pytest.fixture(scope="module")
def load(tiny_zoo):
    dataset, runtime = Zoo(tiny_zoo).dataset("tiny"), Runtime(Settings(provider="cpu"))
    return lambda name: runtime.load(dataset.model(name))


@pytest.fixture(params=NAMES)
def model(request, load):
    return load(request.param)


def rank_of(model, taste: Taste, item: int, **limits) -> int:
    """By the whole list."""
    ranked = recommend(model, [taste], k=N_ITEMS, **limits).ranked[0].tolist()
    return ranked.index(item) + 1 if item in ranked else 0


def every_single_change(taste: Taste, item: int) -> list[Taste]:
    """Written out once more: nothing forgotten returns, what is added counts 1."""
    weights = dict(zip(taste.likes, taste.weights or [1.0] * len(taste.likes), strict=True))
    found = []
    for one in taste.likes:
        found.append(Taste(taste.likes, taste.dislikes, tuple((weights | {one: 0.0}).values())))
    for one in taste.dislikes:
        rest = tuple(other for other in taste.dislikes if other != one)
        kept = weights | ({} if one in weights else {one: 0.0})
        found.append(Taste(tuple(kept), rest, tuple(kept.values())))
    for other in range(N_ITEMS):
        if other not in {*taste.likes, *taste.dislikes, item}:
            found.append(Taste((*taste.likes, other), taste.dislikes, (*weights.values(), 1.0)))
    return found


@pytest.mark.parametrize("limits", [{}, {"hide_seen": False}, {"candidates": np.arange(N_ITEMS) % 3 > 0}])
def test_ranks_are_those_of_the_list(model, limits):
    tastes = [TASTE, Taste(), Taste((5,)), Taste((5, 1), weights=(1.0, 0.0))]
    for item in range(0, N_ITEMS, 7):
        assert ranks(model, tastes, item, **limits).tolist() == [rank_of(model, t, item, **limits) for t in tastes]


def test_ranks_among_equals_follow_the_columns(load):
    model = load("item_knn")  # most scores of a short history are 0
    for item in range(N_ITEMS):
        assert ranks(model, [Taste((0,))], item).tolist() == [rank_of(model, Taste((0,)), item)]


def test_ranks_are_the_same_a_row_at_a_time(load, monkeypatch):
    tastes = [Taste((item,)) for item in range(9)]
    whole = ranks(load("ease"), tastes, 40)
    monkeypatch.setattr(counterfactual, "HELD", 1)
    assert ranks(load("ease"), tastes, 40).tolist() == whole.tolist()
    assert ranks(load("ease"), [], 40).tolist() == []


def test_fidelity_is_the_rank_after_each_reason_is_forgotten(model):
    reasons = [(2, False), (11, True), (0, False)]
    steps = [TASTE]
    for item, disliked in reasons:
        steps.append(without(steps[-1], item, dislikes=disliked))
    for item in (4, 17, 40):
        assert fidelity(model, TASTE, item, reasons) == [rank_of(model, step, item) for step in steps]
    assert Told.of(steps[-1]).history.tolist() == [7, 30]


def test_one_change_is_found_exactly_where_one_does_it(model):
    """Against every single change there is, for every item that the list may hold."""
    ranked = recommend(model, [TASTE], k=N_ITEMS).ranked[0]
    for rank, item in enumerate(ranked[ranked >= 0].tolist(), 1):
        found = turn(model, TASTE, item)
        assert found.rank == rank
        assert found.leaves == (rank <= 10)
        singles = every_single_change(TASTE, item)[: 5 if found.leaves else None]
        inside = (recommend(model, singles, k=10).ranked == item).any(axis=1)
        possible = bool((inside != found.leaves).any())
        assert (len(found.changes) == 1) == possible
        if possible:
            assert found.fewest
        assert found.tried >= len(singles)


def test_what_is_found_does_it_and_nothing_in_it_is_idle(model):
    longer = Taste((0, 2, 4, 6, 8, 10, 12, 14), (11,))
    ranked = recommend(model, [longer], k=N_ITEMS).ranked[0]
    for place in (0, 4, 9, 12, 20, 40):
        item = int(ranked[place])
        found = turn(model, longer, item)
        for n in range(len(found.changes)):
            for fewer in combinations(found.changes, n):
                assert (rank_of(model, changed(longer, fewer), item) <= 10) == found.leaves
        if found.changes:
            after = rank_of(model, changed(longer, found.changes), item)
            assert (after <= 10) != found.leaves
            assert after == found.rank_after


def changed(taste: Taste, changes) -> Taste:
    for change in changes:
        taste = change.of(taste)
    return taste


def test_fewest_is_said_only_where_all_smaller_sets_were_tried(load, monkeypatch):
    model, taste = load("ease"), Taste(tuple(range(0, 20, 2)))
    item = int(recommend(model, [taste], k=1).ranked[0, 0])
    found = turn(model, taste, item)
    assert len(found.changes) >= 2
    if len(found.changes) <= 3:
        assert found.fewest  # all single changes, and all 45 pairs
    monkeypatch.setattr(counterfactual, "PAIRS", 0)
    monkeypatch.setattr(counterfactual, "WORK", 1)
    monkeypatch.setattr(counterfactual, "LEAST_TASTES", 6)
    hurried = turn(model, taste, item)
    assert len(hurried.changes) >= len(found.changes)
    assert not hurried.fewest


@pytest.mark.parametrize(("least", "sure"), [(10, 2), (6, 1)])
def test_without_pairs_only_what_single_changes_show_is_sure(load, monkeypatch, least, sure):
    """All ten things in the history tried one by one, or only six of them."""
    monkeypatch.setattr(counterfactual, "PAIRS", 0)
    monkeypatch.setattr(counterfactual, "WORK", 1)
    monkeypatch.setattr(counterfactual, "LEAST_TASTES", least)
    model, taste = load("ease"), Taste(tuple(range(0, 20, 2)))
    found = [turn(model, taste, item) for item in recommend(model, [taste], k=10).ranked[0].tolist()]
    sizes = {len(one.changes) for one in found}
    assert sizes & {sure + 1}
    for one in found:
        if one.changes:
            assert one.fewest == (len(one.changes) <= sure)


def test_pairs_are_all_tried_where_they_are_few(model):
    taste = Taste((0, 2, 4, 1, 3, 5, 8))
    for item in recommend(model, [taste], k=10).ranked[0].tolist():
        found = turn(model, taste, item)
        ones = every_single_change(taste, item)[:7]
        if any(not 1 <= rank_of(model, one, item) <= 10 for one in ones):
            assert len(found.changes) == 1
            continue
        pairs = [without(taste, *pair) for pair in combinations(taste.likes, 2)]
        assert (len(found.changes) == 2) == any(rank_of(model, pair, item) > 10 for pair in pairs)


def test_a_pair_is_found_where_neither_of_its_two_is_the_best_alone(monkeypatch):
    """Ranks made up so that the greedy way leads past it."""
    a, b, c = (Change("forget like", item) for item in (0, 2, 7))
    made_up = {(2,): 3, (7,): 3, (0,): 5, (0, 2): 6, (0, 7): 6, (2, 7): 20, (0, 2, 7): 7}

    def gone(taste: Taste) -> int:
        return made_up[tuple(sorted({0, 2, 7} - set(Told.of(taste).history.tolist())))]

    def found(pairs: int) -> tuple[tuple[Change, ...], bool]:
        monkeypatch.setattr(counterfactual, "PAIRS", pairs)
        places = lambda tastes: np.array([gone(one) for one in tastes])  # noqa: E731 - stands in for a model
        return counterfactual._Search(Taste((0, 2, 7)), places, lambda one: gone(one) > 10, True).run([a, b, c], True)

    assert found(pairs=3) == ((b, c), True)
    assert found(pairs=2) == ((), False)


def test_large_catalogues_are_searched_on_a_short_list_and_what_is_found_still_does_it(load, monkeypatch):
    monkeypatch.setattr(counterfactual, "WORK", 1)
    monkeypatch.setattr(counterfactual, "LEAST_TASTES", 12)
    model = load("ease")
    item = int(recommend(model, [TASTE], k=14).ranked[0, -1])
    found = turn(model, TASTE, item)
    assert 0 < found.tried <= 12 + 6 * 30
    assert found.changes
    assert 1 <= rank_of(model, changed(TASTE, found.changes), item) <= 10


def test_of_models_that_read_no_history_nothing_is_changed(load):
    assert turn(load("popularity"), TASTE, 4).changes == ()
    assert turn(load("two_tower_id"), Taste((0,), user_idx=3), 4).tried == 0


def test_an_item_that_is_kept_out_has_no_rank_and_no_way_in(load):
    model = load("ease")
    for item in (0, 11):  # liked, disliked
        assert turn(model, TASTE, item).rank == 0
        assert turn(model, TASTE, item).changes == ()
    assert turn(model, TASTE, 0, hide_seen=False).rank > 0
    assert turn(model, TASTE, 11, hide_seen=False).rank == 0
    nothing = np.zeros(N_ITEMS, dtype=bool)
    assert turn(model, TASTE, 4, candidates=nothing).rank == 0


def test_an_empty_taste_has_nothing_to_forget_and_can_be_added_to(model):
    ranked = recommend(model, [Taste()], k=N_ITEMS).ranked[0]
    first, last = int(ranked[0]), int(ranked[-1])
    assert turn(model, Taste(), first).changes == ()
    found = turn(model, Taste(), last)
    assert all(change.kind == "add like" for change in found.changes)


def test_a_taste_of_the_whole_catalogue_but_one_is_bounded(model):
    taste = Taste(tuple(range(N_ITEMS - 1)))
    found = turn(model, taste, N_ITEMS - 1)
    assert found.rank == 1
    assert found.changes == ()  # it is the only one left


def test_a_change_is_what_a_click_does():
    assert Change("add like", 5).of(TASTE) == Taste((0, 2, 7, 30, 5), (11,), (1.0,) * 5)
    assert Told.of(Change("forget dislike", 11).of(TASTE)).history.tolist() == [0, 2, 7, 30]
    assert Told.of(Change("forget like", 7).of(TASTE)).history.tolist() == [0, 2, 30, 11]
