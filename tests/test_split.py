import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from zoo.errors import DataError
from zoo.interactions import Part
from zoo.split import MIN_HELD_OUT_ACTIVITY, Fold, Rule, Split, leak_checks, split

RNG = np.random.default_rng(0)
X = csr_array((RNG.random((100, 30)) < 0.4).astype(np.float32) * RNG.integers(1, 4, (100, 30)).astype(np.float32))


def dense(fold: Fold, n_users: int = 100) -> dict[str, np.ndarray]:
    return {name: getattr(fold, name).toarray() for name in ("fold_in", "held_out", "masked")}


def test_strong_generalization_shows_no_held_out_user_to_training():
    parts = split(X, "strong:1")
    for fold in (parts.validation, parts.test):
        assert len(fold) == 10
        assert parts.train[fold.user_idx].nnz == 0
    assert not set(parts.validation.user_idx) & set(parts.test.user_idx)
    rest = np.setdiff1d(np.arange(100), [*parts.validation.user_idx, *parts.test.user_idx])
    assert (parts.train[rest] != X[rest]).nnz == 0


def test_strong_generalization_shows_80_percent_of_each_profile_and_hides_the_rest():
    parts = split(X, "strong:1")
    for fold in (parts.validation, parts.test):
        found = dense(fold)
        assert not (found["fold_in"].astype(bool) & found["held_out"].astype(bool)).any()
        whole = X[fold.user_idx].toarray()
        assert ((found["fold_in"] > 0) | (found["held_out"] > 0) == (whole > 0)).all()
        n = (whole > 0).sum(axis=1)
        assert (found["held_out"].sum(axis=1) == np.floor(0.2 * n)).all()
        assert (found["fold_in"] == np.where(found["held_out"] > 0, 0, whole)).all()  # weights as in the data


def test_the_seed_decides_who_is_held_out():
    first, again, other = split(X, "strong:1"), split(X, "strong:1"), split(X, "strong:2")
    assert (first.test.user_idx == again.test.user_idx).all()
    assert (first.test.held_out != again.test.held_out).nnz == 0
    assert not np.array_equal(first.test.user_idx, other.test.user_idx)


def test_users_with_too_few_choices_are_never_held_out():
    few = X.toarray()
    few[::2, 4:] = 0
    parts = split(csr_array(few), "strong:3")
    assert (np.diff(csr_array(few).indptr)[parts.test.user_idx] >= MIN_HELD_OUT_ACTIVITY).all()


def times(X, values):
    return csr_array((np.asarray(values, dtype=np.float64), X.indices, X.indptr), shape=X.shape)


def test_leave_last_out_tests_on_the_last_choice_and_validates_on_the_one_before():
    X = csr_array(np.array([[1, 1, 1, 1], [1, 1, 0, 0]], dtype=np.float32))
    parts = split(X, "leave-last-out", last_time=times(X, [40, 10, 30, 20, 1, 2]))
    assert parts.test.user_idx.tolist() == [0]  # two choices are too few to hold two out
    assert parts.test.held_out.toarray().tolist() == [[1, 0, 0, 0]]
    assert parts.validation.held_out.toarray().tolist() == [[0, 0, 1, 0]]
    assert parts.train.toarray().tolist() == [[0, 1, 0, 1], [1, 1, 0, 0]]


def test_the_validation_item_is_masked_while_testing():
    X = csr_array(np.ones((1, 4), dtype=np.float32))
    parts = split(X, "leave-last-out", last_time=times(X, [1, 2, 3, 4]))
    assert parts.test.masked.toarray().tolist() == [[0, 0, 1, 0]]
    assert parts.validation.masked.nnz == 0
    assert parts.test.fold_in.toarray().tolist() == [[1, 1, 0, 0]]


def test_a_column_decides_what_is_learned_from_and_what_is_found():
    X = csr_array(np.array([[2, 1, 1], [1, 0, 1]], dtype=np.float32))
    part = Part(labels=["test", "train", "validation"], codes=np.array([1, 2, 0, 1, 0], dtype=np.int16))
    parts = split(X, "column:part", part=part)
    assert parts.train.toarray().tolist() == [[2, 0, 0], [1, 0, 0]]
    assert parts.validation.user_idx.tolist() == [0]
    assert parts.test.held_out.toarray().tolist() == [[0, 0, 1], [0, 0, 1]]
    assert parts.test.masked.toarray().tolist() == [[0, 1, 0], [0, 0, 0]]
    assert not parts.holds_users_out


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("strong", "no split rule"),
        ("strong:x", "no split rule"),
        ("strong:1@2/5/6", "no split rule"),
        ("leave-last-out:3", "no split rule"),
        ("cold-items", "no split rule"),
        ("temporal", "no split rule"),
        ("temporal:", "no split rule"),
        ("temporal:late", "temporal:late names no share"),
        ("temporal:0", "must be above 0 and at most 0.4"),
        ("temporal:0.41", "must be above 0 and at most 0.4"),
        ("temporal:nan", "must be above 0 and at most 0.4"),
        ("temporal:0.1", "needs a time"),
        ("strong:1@0/5", "no fold @0/5"),
        ("strong:1@6/5", "no fold @6/5"),
        ("leave-last-out@1/1", "K from 2 to 50"),
        ("column:part@1/51", "K from 2 to 50"),
        ("strong:1@1/2", "no group to learn from"),
        ("cold-items:1@1/2", "no group to learn from"),
        ("cold-items:1@1/31", "at least 31 items"),
        ("leave-last-out", "needs a time"),
        ("column:part", "needs a column 'part'"),
        ("column:part@1/5", "needs a column 'part'"),
    ],
)
def test_a_rule_that_cannot_be_applied_says_why(rule, sentence):
    with pytest.raises(DataError, match=sentence):
        split(X, rule)


def test_the_sentence_about_an_unknown_rule_names_every_rule():
    with pytest.raises(DataError) as caught:
        split(X, "random")
    for rule in ("strong:SEED", "leave-last-out", "temporal:SHARE", "cold-items:SEED", "column:NAME", "@J/K"):
        assert rule in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "column"),
    [
        ("column:part", "part"),
        ("column:part@1/5", "part"),
        ("column:part@home", "part@home"),
        ("column:part@1/5@2/5", "part@1/5"),
        ("strong:1@1/5", None),
        ("leave-last-out", None),
    ],
)
def test_the_column_of_a_rule_is_its_name_without_the_fold(rule, column):
    assert Rule.parse(rule).column == column


@pytest.mark.parametrize(("labels", "sentence"), [(["dev", "train"], "holds 'dev'"), (["train"], "no row as test")])
def test_a_column_with_other_values_says_which(labels, sentence):
    codes = np.arange(X.nnz, dtype=np.int16) % len(labels)
    with pytest.raises(DataError, match=sentence):
        split(X, "column:part", part=Part(labels=labels, codes=codes))


def test_data_without_active_users_cannot_be_split_strongly():
    with pytest.raises(DataError, match="needs at least 3 users"):
        split(csr_array(np.eye(10, dtype=np.float32)), "strong:1")


@given(st.integers(0, 2**31), st.integers(20, 60), st.integers(10, 24))  # smaller ones may hold too few active users
def test_no_held_out_pair_is_ever_learned_from(seed, n_users, n_items):
    some = csr_array((np.random.default_rng(seed).random((n_users, n_items)) < 0.8).astype(np.float32))
    parts = split(some, f"strong:{seed}")
    for fold in (parts.validation, parts.test):
        assert len(fold) > 0
        assert parts.train[fold.user_idx].multiply(fold.held_out).nnz == 0
        assert fold.fold_in.multiply(fold.held_out).nnz == 0


# A sound split of users 0, 1, 2 and items a, b, c, d (. nothing, L learned from, S shown, V and T to be found), and
# leaks put into it one by one:
#
#     0   L L . .
#     1   L L V .        shown: what was learned from
#     2   L L . T        shown: what was learned from
KNOWN = [[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]]
TIMES = csr_array(np.array([[1, 2, 9, 9], [1, 2, 3, 9], [1, 2, 9, 4]], dtype=np.float64))


def matrix(rows) -> csr_array:
    return csr_array(np.array(rows, dtype=np.float32).reshape(-1, 4))


def fold(user_idx, shown, to_find) -> Fold:
    return Fold(np.array(user_idx, dtype=np.int64), matrix(shown), matrix(to_find), matrix(np.zeros((len(shown), 4))))


def sound(rule: str, **changes) -> Split:
    train = matrix([KNOWN[0], [0] * 4, [0] * 4]) if rule.startswith("strong:") else matrix(KNOWN)
    validation, test = fold([1], [KNOWN[1]], [[0, 0, 1, 0]]), fold([2], [KNOWN[2]], [[0, 0, 0, 1]])
    return Split(**{"rule": rule, "train": train, "validation": validation, "test": test} | changes)


RULES = (
    "strong:1",
    "strong:1@2/5",
    "leave-last-out",
    "temporal:0.1",
    "temporal:0.1@1/2",
    "cold-items:1",
    "column:part",
)


@pytest.mark.parametrize("rule", RULES)
def test_a_sound_split_passes_every_leak_check(rule):
    found = leak_checks(sound(rule), TIMES)
    assert set(found.values()) == {0}
    assert len(found) == 3 + {"strong": 2, "cold-items": 2, "temporal": 3}.get(rule.partition(":")[0], 0)


@pytest.mark.parametrize(
    ("rule", "changes", "check", "n"),
    [
        ("column:part", {"train": matrix([KNOWN[0], KNOWN[1], [1, 1, 0, 1]])}, "held-out pairs in training", 1),
        ("column:part", {"train": matrix([KNOWN[0], [1, 1, 1, 0], [1, 1, 0, 1]])}, "held-out pairs in training", 2),
        ("column:part", {"test": fold([2], [[1, 1, 0, 1]], [[0, 0, 0, 1]])}, "pairs both shown and held out", 1),
        ("column:part", {"validation": fold([1], [[1, 1, 1, 0]], [[0, 1, 1, 0]])}, "pairs both shown and held out", 2),
        (
            "column:part",
            {"test": fold([1, 2], [KNOWN[1], KNOWN[2]], [[0, 0, 1, 1], [0, 0, 1, 0]])},
            "pairs held out in both validation and test",
            1,
        ),
        ("strong:1", {"train": matrix([KNOWN[0], [0] * 4, [1, 0, 0, 0]])}, "held-out users in training", 1),
        ("strong:1@1/3", {"train": matrix(KNOWN)}, "held-out users in training", 2),
        ("strong:1", {"test": fold([1], [KNOWN[1]], [[0, 0, 0, 1]])}, "users in both validation and test", 1),
        ("cold-items:1", {"train": matrix([[1, 1, 1, 1], *KNOWN[1:]])}, "held-out items in training", 2),
        (
            "cold-items:1@1/3",
            {"test": fold([2], [KNOWN[2]], [[0, 0, 1, 1]])},
            "items in both validation and test",
            1,
        ),
        (
            "temporal:0.1",
            {"train": matrix([[1, 1, 1, 1], *KNOWN[1:]])},
            "training choices at or after the first test choice",
            2,
        ),
        (
            "temporal:0.1",
            {"test": fold([2], [[1, 0, 0, 0]], [[0, 1, 0, 1]]), "train": matrix([KNOWN[0], KNOWN[1], [1, 0, 0, 0]])},
            "training choices at or after the first test choice",  # at the same time: users 0 and 1, item b
            2,
        ),
        (
            "temporal:0.1",
            {"train": matrix([[1, 1, 1, 0], *KNOWN[1:]])},
            "training choices at or after the first validation choice",
            1,
        ),
        (
            "temporal:0.1",
            {"validation": fold([1], [KNOWN[1]], [[0, 0, 0, 1]])},
            "validation choices at or after the first test choice",
            1,
        ),
    ],
)
def test_a_leak_is_found_and_counted(rule, changes, check, n):
    assert leak_checks(sound(rule, **changes), TIMES)[check] == n


def test_leaks_are_found_among_entries_that_are_in_no_order():
    train = csr_array(
        (np.ones(4, np.float32), np.array([3, 1, 1, 0], np.int32), np.array([0, 0, 0, 4], np.int32)), shape=(3, 4)
    )
    assert leak_checks(sound("column:part", train=train))["held-out pairs in training"] == 1


def test_leaks_in_time_are_looked_for_also_where_a_time_is_zero():
    early = csr_array((TIMES.data - 4, TIMES.indices, TIMES.indptr), shape=TIMES.shape)  # the test choice is at 0.0
    late = sound("temporal:0.1", train=matrix([[1, 1, 0, 1], *KNOWN[1:]]))
    assert leak_checks(late, early)["training choices at or after the first test choice"] == 1
    assert not any(leak_checks(sound("temporal:0.1"), early).values())
    with pytest.raises(DataError, match="with the time of each choice"):
        leak_checks(late)


def test_a_pair_that_stands_twice_in_the_data_is_a_leak_that_split_names():
    twice = csr_array((np.ones(5, np.float32), np.array([0, 1, 2, 3, 3]), np.array([0, 5])), shape=(1, 4))
    with pytest.raises(DataError, match="leave-last-out leaks: 1 pairs held out in both validation and test"):
        split(twice, "leave-last-out", last_time=times(twice, [1, 2, 3, 4, 5]))


def test_what_was_checked_is_kept_with_the_split():
    assert split(X, "strong:1").leak_checks == {
        "held-out pairs in training": 0,
        "pairs both shown and held out": 0,
        "pairs held out in both validation and test": 0,
        "held-out users in training": 0,
        "users in both validation and test": 0,
    }


def test_which_items_a_user_hides_is_drawn_and_not_the_first_columns():
    hidden = split(csr_array(np.ones((100, 30), dtype=np.float32)), "strong:1").test.held_out
    assert len(np.unique(hidden.indices)) > 20  # of 30; ten users hide six each
    assert len(set(map(tuple, hidden.toarray().tolist()))) == 10


def test_who_has_five_choices_is_held_out_in_some_fold_and_who_has_four_in_none():
    few = np.zeros((30, 10), dtype=np.float32)
    few[::2, :5] = few[1::2, :4] = 1
    folds = [split(csr_array(few), f"strong:1@{fold}/3") for fold in (1, 2, 3)]
    assert sorted(np.concatenate([parts.test.user_idx for parts in folds])) == list(range(0, 30, 2))


def test_a_third_of_the_active_users_at_least_is_learned_from():
    few = np.zeros((60, 10), dtype=np.float32)
    few[:, 0] = few[:6] = 1  # six are active; a tenth of all users would be as many
    parts = split(csr_array(few), "strong:1")
    assert (len(parts.test), len(parts.validation)) == (2, 2)


def test_the_users_of_a_fold_are_in_the_order_of_the_data():
    for parts in (split(X, "strong:1"), split(X, "strong:1@2/4")):
        for fold in (parts.validation, parts.test):
            assert (np.diff(fold.user_idx) > 0).all()


def test_three_choices_are_enough_to_leave_the_last_one_out():
    X = csr_array(np.ones((1, 3), dtype=np.float32))
    parts = split(X, "leave-last-out", last_time=times(X, [2, 3, 1]))
    assert parts.test.held_out.toarray().tolist() == [[0, 1, 0]]
    assert parts.train.toarray().tolist() == [[0, 0, 1]]


def test_of_choices_at_the_same_time_the_last_column_is_left_out():
    X = csr_array(np.ones((1, 4), dtype=np.float32))
    parts = split(X, "leave-last-out", last_time=times(X, [7, 7, 7, 7]))
    assert parts.test.held_out.toarray().tolist() == [[0, 0, 0, 1]]
    assert parts.validation.held_out.toarray().tolist() == [[0, 0, 1, 0]]


def test_a_column_may_say_valid_for_validation():
    X = csr_array(np.ones((1, 3), dtype=np.float32))
    part = Part(labels=["test", "train", "valid"], codes=np.array([1, 2, 0], dtype=np.int16))
    parts = split(X, "column:part", part=part)
    assert parts.train.toarray().tolist() == [[1, 0, 0]]
    assert parts.validation.held_out.toarray().tolist() == [[0, 1, 0]]


@pytest.mark.parametrize(
    ("columns", "at", "check"),
    [
        (
            [[1, 2, 4, 9], [1, 2, 4, 9], [1, 2, 9, 5]],
            "train",
            "training choices at or after the first validation choice",
        ),
        ([[1, 2, 9, 9], [1, 2, 4, 9], [1, 2, 9, 4]], "cut", "validation choices at or after the first test choice"),
    ],
)
def test_a_choice_at_the_very_time_of_a_later_part_is_a_leak(columns, at, check):
    same_time = csr_array(np.array(columns, dtype=np.float64))
    train = matrix([[1, 1, 1, 0], *KNOWN[1:]]) if at == "train" else matrix(KNOWN)
    assert leak_checks(sound("temporal:0.1", train=train), same_time)[check] == 1


def test_times_that_are_stored_in_no_order_are_those_of_their_own_choices():
    backwards = csr_array(
        (TIMES.data.reshape(3, 4)[:, ::-1].ravel(), TIMES.indices.reshape(3, 4)[:, ::-1].ravel(), TIMES.indptr),
        shape=TIMES.shape,
    )
    assert not any(leak_checks(sound("temporal:0.1"), backwards).values())
    late = sound("temporal:0.1", train=matrix([[1, 1, 1, 0], *KNOWN[1:]]))
    assert leak_checks(late, backwards) == leak_checks(late, TIMES)
