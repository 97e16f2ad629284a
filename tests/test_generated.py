"""Generated choices: as many as asked for, a long tail, tastes to be found, and the same again."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from benchmarks.harness import generated
from benchmarks.harness.generated import activity, generate


@pytest.fixture(scope="module")
def X():
    return generate(3000, 900, 120_000, seed=4)


def test_there_are_as_many_as_asked_for_each_once_and_sorted(X):
    assert X.shape == (3000, 900)
    assert X.nnz == 120_000
    assert (X.indices.dtype, X.data.dtype) == (np.int32, np.float32)
    assert set(X.data) == {1.0}
    assert len(np.unique(np.repeat(np.arange(3000), np.diff(X.indptr)) * 900 + X.indices)) == X.nnz
    assert csr_array((X.data, X.indices, X.indptr), shape=X.shape).has_sorted_indices


def test_the_same_numbers_give_the_same_data_and_others_do_not(X):
    again, other = generate(3000, 900, 120_000, seed=4), generate(3000, 900, 120_000, seed=5)
    assert (again != X).nnz == 0
    assert (other != X).nnz > X.nnz


def test_blocks_change_the_draws_but_not_how_many(X, monkeypatch):
    """What bounds the memory: a user with more items than a block is a block of its own."""
    monkeypatch.setattr(generated, "BLOCK", 300)
    blocks = generate(300, 900, 12_000, seed=4)
    assert blocks.nnz == 12_000
    assert np.diff(blocks.indptr).max() > 300


def test_users_and_items_have_long_tails(X):
    for counts in (np.diff(X.indptr), np.bincount(X.indices, minlength=900)):
        assert np.sort(counts)[-len(counts) // 10 :].sum() > 0.25 * counts.sum()
        assert np.median(counts) < 0.8 * counts.mean()


@pytest.mark.parametrize(("n_users", "most", "n"), [(10, 4, 10), (10, 4, 40), (7, 500, 1000), (1000, 50, 3001)])
def test_activity_sums_to_what_was_asked_and_stays_within_its_ends(n_users, most, n):
    n_chosen = activity(n_users, most, n, np.random.default_rng(0))
    assert n_chosen.sum() == n
    assert n_chosen.min() >= 1
    assert n_chosen.max() <= most


@pytest.mark.parametrize("n", [9, 51])
def test_what_does_not_fit_is_refused(n):
    with pytest.raises(ValueError, match="do not fit"):
        generate(10, 10, n)


def test_tastes_can_be_learned(X):
    """Of two items that a user did choose and did not, both as popular, co-occurrence knows which."""
    train, last = X[:2700], X[2700:].toarray()
    rng = np.random.default_rng(0)
    shown = last * (rng.random(last.shape) < 0.8)
    held_out = last - shown
    together = (train.T @ train).toarray()
    popularity_of = np.maximum(together.diagonal(), 1.0)
    likeness = together / np.sqrt(np.outer(popularity_of, popularity_of))
    np.fill_diagonal(likeness, 0.0)
    by_taste, by_popularity = shown @ likeness, np.tile(popularity_of, (300, 1))
    assert found(by_taste, shown, held_out) > 1.3 * found(by_popularity, shown, held_out)


def found(scores, shown, held_out, k=20):
    """Share of what is held out that is among the k best."""
    best = np.argsort(-np.where(shown > 0, -np.inf, scores), axis=1)[:, :k]
    return np.take_along_axis(held_out, best, axis=1).sum() / held_out.sum()
