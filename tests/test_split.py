import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from zoo.errors import DataError
from zoo.interactions import Part
from zoo.split import MIN_HELD_OUT_ACTIVITY, Fold, split

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
        ("leave-last-out", "needs a time"),
        ("column:part", "needs a column 'part'"),
    ],
)
def test_a_rule_that_cannot_be_applied_says_why(rule, sentence):
    with pytest.raises(DataError, match=sentence):
        split(X, rule)


@pytest.mark.parametrize(("labels", "sentence"), [(["dev", "train"], "holds 'dev'"), (["train"], "no row as test")])
def test_a_column_with_other_values_says_which(labels, sentence):
    codes = np.arange(X.nnz, dtype=np.int16) % len(labels)
    with pytest.raises(DataError, match=sentence):
        split(X, "column:part", part=Part(labels=labels, codes=codes))


def test_data_without_active_users_cannot_be_split_strongly():
    with pytest.raises(DataError, match="needs at least 3 users"):
        split(csr_array(np.eye(10, dtype=np.float32)), "strong:1")


@given(st.integers(0, 2**31), st.integers(12, 60), st.integers(6, 20))
def test_no_held_out_pair_is_ever_learned_from(seed, n_users, n_items):
    some = csr_array((np.random.default_rng(seed).random((n_users, n_items)) < 0.8).astype(np.float32))
    parts = split(some, f"strong:{seed}")
    for fold in (parts.validation, parts.test):
        assert len(fold) > 0
        assert parts.train[fold.user_idx].multiply(fold.held_out).nnz == 0
        assert fold.fold_in.multiply(fold.held_out).nnz == 0
