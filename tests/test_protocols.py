"""Temporal cut, cold items, and k-fold of any protocol; strong generalisation and the others are in test_split.py."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from zoo.errors import DataError
from zoo.interactions import Part
from zoo.protocols import MIN_HELD_OUT_ACTIVITY, KFold
from zoo.split import Fold, Split, split


def people(n_users: int, n_items: int, seed: int) -> tuple[csr_array, csr_array, Part]:
    """Choices, their times (many at the same time), and a label for each; user 0 has two choices only."""
    rng = np.random.default_rng(seed)
    X = rng.integers(1, 4, (n_users, n_items)) * (rng.random((n_users, n_items)) < 0.5)
    X[0] = 0
    X[0, :2] = X[1:, 0] = 1
    X = csr_array(X.astype(np.float32))
    last_time = csr_array((rng.integers(0, 100, X.nnz).astype(np.float64), X.indices, X.indptr), shape=X.shape)
    codes = rng.choice(3, X.nnz, p=(0.2, 0.6, 0.2)).astype(np.int16)
    codes[-3:] = (0, 1, 2)
    return X, last_time, Part(["test", "train", "validation"], codes)


X, LAST_TIME, PART = people(60, 40, seed=0)
RULES = ("strong:5", "leave-last-out", "temporal:0.1", "cold-items:5", "column:part")


def applied(rule: str) -> Split:
    return split(X, rule, last_time=LAST_TIME, part=PART)


def entries(fold: Fold) -> set[tuple[int, int]]:
    rows, columns = fold.held_out.nonzero()
    return set(zip(fold.user_idx[rows].tolist(), columns.tolist(), strict=True))


def same(one: csr_array, other: csr_array) -> bool:
    return one.shape == other.shape and (one != other).nnz == 0


# --- temporal


def timed(rows: list[list[float]]) -> tuple[csr_array, csr_array]:
    """Choices and their times; 0 = not chosen."""
    last_time = csr_array(np.array(rows, dtype=np.float64))
    return csr_array(
        (np.ones(last_time.nnz, np.float32), last_time.indices, last_time.indptr), last_time.shape
    ), last_time


CLOCK = timed(
    [
        [1, 2, 3, 7, 9],  # found while validating: the 7, while testing: the 9
        [4, 0, 0, 0, 10],  # one choice to be shown, one to be found while testing
        [5, 6, 0, 0, 0],  # learned from only
        [0, 0, 8, 0, 11],  # nothing could be shown
    ]
)


def test_a_temporal_cut_tests_on_the_last_share_and_validates_on_the_share_before():
    X, last_time = CLOCK
    parts = split(X, "temporal:0.27", last_time=last_time)  # 3 of 11 choices: 9, 10, 11; before them 6, 7, 8
    assert parts.train.toarray().tolist() == [[1, 1, 1, 0, 0], [1, 0, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]]
    assert parts.test.user_idx.tolist() == [0, 1]
    assert parts.test.held_out.toarray().tolist() == [[0, 0, 0, 0, 1], [0, 0, 0, 0, 1]]
    assert parts.test.fold_in.toarray().tolist() == [[1, 1, 1, 0, 0], [1, 0, 0, 0, 0]]
    assert parts.test.masked.toarray().tolist() == [[0, 0, 0, 1, 0], [0, 0, 0, 0, 0]]
    assert parts.validation.user_idx.tolist() == [0, 2]
    assert parts.validation.held_out.toarray().tolist() == [[0, 0, 0, 1, 0], [0, 1, 0, 0, 0]]
    assert parts.validation.masked.nnz == 0
    assert not parts.holds_users_out


def test_choices_at_the_time_of_a_cut_all_go_to_the_later_side():
    X, last_time = timed([[1, 2, 3, 4, 5, 5], [1, 2, 4, 4, 5, 0]])
    parts = split(X, "temporal:0.1", last_time=last_time)  # 1 of 11 choices; three are at 5, and three at 4
    assert parts.test.held_out.toarray().tolist() == [[0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 1, 0]]
    assert parts.validation.held_out.toarray().tolist() == [[0, 0, 0, 1, 0, 0], [0, 0, 1, 1, 0, 0]]


def test_the_share_decides_how_much_is_tested_on():
    X, last_time = timed([list(range(1, 101)), list(range(101, 201))])
    last_time.data = np.arange(200.0)[np.random.default_rng(1).permutation(200)]
    for share, n in ((0.05, 10), (0.1, 20), (0.4, 80)):
        parts = split(X, f"temporal:{share}", last_time=last_time)
        assert (parts.test.held_out.nnz, parts.validation.held_out.nnz, parts.train.nnz) == (n, n, 200 - 2 * n)


def test_a_share_written_in_two_ways_is_one_rule():
    assert applied("temporal:0.1").rule == applied("temporal:.10").rule == "temporal:0.1"
    small = applied("temporal:0.00001").rule
    assert applied(small).rule == small


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([[3, 3, 3], [3, 3, 3]], "nothing to learn from: of 6 choices 6 went to the test"),
        ([[1, 1, 2], [1, 2, 2]], "nothing to learn from: of 6 choices 3 went to the test"),
        ([[1, 2, 3, 4], [0, 0, 0, 5]], "nobody can be tested"),
    ],
)
def test_data_that_cannot_be_cut_in_time_says_why(rows, sentence):
    X, last_time = timed(rows)
    with pytest.raises(DataError, match=sentence):
        split(X, "temporal:0.2", last_time=last_time)


# --- cold items


def test_cold_items_are_withheld_from_training_and_found_by_those_who_chose_them():
    parts = applied("cold-items:5")
    cold = {name: np.unique(fold.held_out.indices) for name, fold in (("t", parts.test), ("v", parts.validation))}
    assert len(cold["t"]) == len(cold["v"]) == 4  # a tenth of 40
    assert not set(cold["t"]) & set(cold["v"])
    assert not set(parts.train.indices) & {*cold["t"], *cold["v"]}
    warm = np.setdiff1d(np.arange(40), [*cold["t"], *cold["v"]])
    assert same(parts.train[:, warm], X[:, warm])
    for fold, columns in ((parts.test, cold["t"]), (parts.validation, cold["v"])):
        assert same(fold.fold_in, parts.train[fold.user_idx])
        assert (fold.held_out.toarray()[:, columns] == (X[fold.user_idx][:, columns].toarray() > 0)).all()
    assert (parts.test.masked.toarray()[:, cold["v"]] == (X[parts.test.user_idx][:, cold["v"]].toarray() > 0)).all()
    assert parts.holds_items_out
    assert not parts.holds_users_out


def test_users_without_a_warm_item_are_in_no_fold():
    X = csr_array(np.array([[1, 1, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32))
    for seed in range(10):
        parts = split(X, f"cold-items:{seed}")  # one item each for training, validation and test
        (warm,) = set(parts.train.indices)
        for fold in (parts.validation, parts.test):
            (cold,) = set(fold.held_out.indices)
            assert fold.user_idx.tolist() == np.flatnonzero(X[:, [warm, cold]].toarray().all(axis=1)).tolist()


def test_cold_items_are_drawn_among_items_that_somebody_chose():
    few = np.zeros((4, 30), dtype=np.float32)
    few[:, :3] = 1
    for seed in range(10):
        parts = split(csr_array(few), f"cold-items:{seed}")
        assert (parts.train.nnz, parts.test.held_out.nnz, parts.validation.held_out.nnz) == (4, 4, 4)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [([[1, 1, 0], [1, 1, 0]], "at least 3 items that were chosen"), (np.eye(5), "nobody can be tested")],
)
def test_a_catalogue_too_small_for_cold_items_says_so(rows, sentence):
    with pytest.raises(DataError, match=sentence):
        split(csr_array(np.array(rows, dtype=np.float32)), "cold-items:1")


# --- every protocol, and its k-fold


@pytest.mark.parametrize("rule", [rule + fold for rule in RULES for fold in ("", "@2/4")])
def test_a_rule_gives_the_same_split_again(rule):
    first, again = applied(rule), applied(rule)
    assert first.rule == again.rule == rule
    assert same(first.train, again.train)
    for one, other in ((first.validation, again.validation), (first.test, again.test)):
        assert one.user_idx.tolist() == other.user_idx.tolist()
        assert all(same(getattr(one, name), getattr(other, name)) for name in ("fold_in", "held_out", "masked"))


@pytest.mark.parametrize("rule", ["strong", "cold-items"])
def test_another_seed_deals_other_groups(rule):
    assert entries(applied(f"{rule}:1@1/4").test) != entries(applied(f"{rule}:2@1/4").test)


def turns(rule: str, n_folds: int) -> list[Split]:
    return [applied(f"{rule}@{fold}/{n_folds}") for fold in range(1, n_folds + 1)]


@pytest.mark.parametrize("n_folds", [3, 4, 7])
@pytest.mark.parametrize("rule", ["strong:5", "leave-last-out", "temporal:0.1", "column:part"])
def test_every_user_whom_a_rule_can_hold_out_is_tested_in_one_fold(rule, n_folds):
    tested = np.concatenate([parts.test.user_idx for parts in turns(rule, n_folds)])
    n = np.diff(X.indptr)
    eligible = {
        "strong:5": np.flatnonzero(n >= MIN_HELD_OUT_ACTIVITY),
        "leave-last-out": np.flatnonzero(n >= 3),
        "temporal:0.1": applied("temporal:0.1").test.user_idx,
        "column:part": applied("column:part").test.user_idx,
    }
    assert sorted(tested) == eligible[rule].tolist()


@pytest.mark.parametrize("n_folds", [3, 4, 7])
def test_every_item_that_somebody_chose_is_cold_in_one_fold(n_folds):
    cold = [np.unique(parts.test.held_out.indices) for parts in turns("cold-items:5", n_folds)]
    assert sorted(np.concatenate(cold)) == list(range(40))
    assert max(map(len, cold)) - min(map(len, cold)) <= 1


@pytest.mark.parametrize("rule", ["strong:5", "leave-last-out", "cold-items:5"])
def test_the_group_after_that_of_the_test_is_the_validation(rule):
    folds = turns(rule, 3)
    for parts, following in zip(folds, [*folds[1:], folds[0]], strict=True):
        if rule == "cold-items:5":
            assert set(parts.validation.held_out.indices) == set(following.test.held_out.indices)
        else:
            assert parts.validation.user_idx.tolist() == following.test.user_idx.tolist()


def test_a_user_hides_the_same_items_whichever_the_fold_of_strong_generalization():
    for parts, following in zip(turns("strong:5", 4), turns("strong:5", 4)[1:], strict=False):
        assert same(parts.validation.held_out, following.test.held_out)


def test_who_is_in_no_held_out_group_is_learned_from_whole():
    for rule in ("strong:5", "leave-last-out"):
        for parts in turns(rule, 5):
            rest = np.setdiff1d(np.arange(60), [*parts.validation.user_idx, *parts.test.user_idx])
            assert 0 in rest  # two choices are too few for either rule
            assert same(parts.train[rest], X[rest])


def test_one_choice_of_a_user_is_hidden_in_a_fold_of_leave_last_out():
    whole = applied("leave-last-out")
    last = dict(zip(whole.test.user_idx, whole.test.held_out, strict=True))
    for parts in turns("leave-last-out", 2):
        assert parts.train.nnz == X.nnz - len(parts.test) - len(parts.validation)
        for fold in (parts.validation, parts.test):
            assert fold.masked.nnz == 0
            assert all(same(row, last[user]) for user, row in zip(fold.user_idx, fold.held_out, strict=True))


@pytest.mark.parametrize("rule", ["temporal:0.1", "column:part"])
def test_a_fold_of_a_rule_that_divides_everybody_measures_fewer_and_learns_the_same(rule):
    whole = applied(rule)
    found = set()
    for parts in turns(rule, 4):
        assert same(parts.train, whole.train)
        assert parts.validation.user_idx.tolist() == whole.validation.user_idx.tolist()
        assert 0 < len(parts.test) < len(whole.test)
        assert (np.diff(parts.test.user_idx) > 0).all()
        assert entries(parts.test) <= entries(whole.test)
        found |= entries(parts.test)
    assert found == entries(whole.test)


def test_more_folds_than_there_is_to_deal_are_refused():
    X, last_time = CLOCK
    with pytest.raises(DataError, match="at least 4 users with 3 choices"):
        split(X, "leave-last-out@1/4", last_time=last_time)
    with pytest.raises(DataError, match="at least 3 test users"):
        split(X, "temporal:0.27@1/3", last_time=last_time)


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 2**31),
    st.integers(30, 60),
    st.integers(15, 25),
    st.sampled_from([rule + fold for rule in RULES for fold in ("", "@1/3", "@3/3", "@2/5")]),
)
def test_no_rule_leaks_and_every_fold_is_complete(seed, n_users, n_items, rule):
    X, last_time, part = people(n_users, n_items, seed)
    parts = split(X, rule, last_time=last_time, part=part)
    assert len(parts.leak_checks) >= 3
    assert not any(parts.leak_checks.values())
    whole = X.toarray() > 0
    assert not (parts.train.toarray()[~whole]).any()
    for fold in (parts.validation, parts.test):
        shown, to_find, masked = (getattr(fold, name).toarray() > 0 for name in ("fold_in", "held_out", "masked"))
        assert len(fold) == len(shown) == len(set(fold.user_idx))
        assert to_find.any(axis=1).all()
        assert not (shown & to_find).any()
        assert not (masked & (shown | to_find)).any()
        assert not ((shown | to_find | masked) & ~whole[fold.user_idx]).any()
        if not parts.holds_users_out:
            assert same(fold.fold_in, parts.train[fold.user_idx])


def test_fold_j_tests_on_group_j_of_the_units_dealt_round():
    test, validation = KFold(1, 3).deal(np.arange(7), "units")
    assert (test.tolist(), validation.tolist()) == ([0, 3, 6], [1, 4])
    test, validation = KFold(3, 3).deal(np.arange(7), "units")
    assert (test.tolist(), validation.tolist()) == ([2, 5], [0, 3, 6])
