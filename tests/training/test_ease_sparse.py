"""EASE in blocks: exact within what a column may be predicted from, and EASE itself where that is everything."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array, random_array

import training.ease_sparse
from training import ease
from training.ease_sparse import (
    Config,
    block_of,
    fit,
    groups_of,
    solved,
    strongest_of_rows,
    supports,
)
from training.memory import peak_memory
from training.model import Run
from zoo.errors import ModelError

L2 = 3.0
N_ITEMS = 30


@pytest.fixture
def X():
    """200 users of two circles of 15 items each, who also choose elsewhere."""
    rng = np.random.default_rng(0)
    likes = np.where((np.arange(200) % 2)[:, None] == np.arange(N_ITEMS) // 15, 0.4, 0.05)
    return csr_array((rng.random((200, N_ITEMS)) < likes).astype(np.float32))


def dense_of(fitted):
    """S [I, I] of what is served."""
    S = torch.zeros(len(fitted.scorer.columns), len(fitted.scorer.columns))
    return S.scatter_add_(1, fitted.scorer.columns, fitted.scorer.similarities).numpy()


def test_with_room_for_everything_it_is_ease(X):
    everything = Config(l2=L2, n_support=N_ITEMS, largest_block=N_ITEMS, group=7, n_neighbours=N_ITEMS)
    exact = ease.fit(X, ease.Config(l2=L2), Run()).scorer.S.numpy()
    np.testing.assert_allclose(dense_of(fit(X, everything, Run())), exact, atol=1e-5)


def test_every_column_is_the_least_squares_solution_among_its_block(X):
    dense, D, group = X.toarray().astype(np.float64), np.array([0, 2, 3, 7, 20, 21]), np.array([2, 20])
    S = solved(X.tocsc(), D, group, L2).numpy()
    for column, j in zip(S.T, group, strict=True):
        others = D[j != D]
        A = np.vstack([dense[:, others], np.sqrt(L2) * np.eye(len(others))])  # ridge regression
        expected = np.linalg.lstsq(A, np.concatenate([dense[:, j], np.zeros(len(others))]), rcond=None)[0]
        np.testing.assert_allclose(column[j != D], expected, atol=1e-5)
        assert column[j == D] == 0.0


def test_the_support_is_what_explains_most_alone(X):
    dense = X.toarray().astype(np.float64)
    C = dense.T @ dense
    said = C / np.sqrt(np.diag(C) + L2)  # [j, i]
    np.fill_diagonal(said, 0.0)
    explained = {}  # by the regression of column j on column i alone
    for j, i in ((0, 1), (4, 20), (29, 3)):
        w = C[i, j] / (C[i, i] + L2)
        explained[j, i] = C[j, j] - (((dense[:, j] - w * dense[:, i]) ** 2).sum() + L2 * w**2)
        assert said[j, i] ** 2 == pytest.approx(explained[j, i])
    seen = 0
    for rows, items, values in supports(X, L2, 5):
        for j, found, value in zip(range(rows.start, rows.stop), items, values, strict=True):
            np.testing.assert_allclose(value, np.sort(said[j])[::-1][:5], rtol=1e-5)
            np.testing.assert_allclose(said[j, found], value, rtol=1e-5)
            seen += 1
    assert seen == N_ITEMS


@pytest.mark.parametrize("size", [1, 4, 15, 16, 100])
def test_every_item_is_in_one_group_of_limited_size(X, size):
    groups = groups_of(X, size)
    assert sorted(np.concatenate(groups).tolist()) == list(range(N_ITEMS))
    assert max(map(len, groups)) <= size


def test_groups_are_of_items_with_the_same_users(X):
    circles = [set((group // 15).tolist()) for group in groups_of(X, 15)]
    assert circles in ([{0}, {1}], [{1}, {0}])


def test_a_block_holds_its_group_and_the_strongest_of_its_supports():
    support = np.array([[1, 2, 3], [0, 3, 4], [0, 0, 0]])
    strength = np.array([[5.0, 4.0, 1.0], [5.0, 2.0, 2.5], [1.0, 0.0, 0.0]])
    group = np.array([0, 1])
    assert block_of(group, support, strength, 10).tolist() == [0, 1, 2, 3, 4]
    assert block_of(group, support, strength, 4).tolist() == [0, 1, 2, 3]  # 2: 4.0, 3: 1.0 + 2.0, 4: 2.5
    assert block_of(group, support, strength, 3).tolist() == [0, 1, 2]
    assert block_of(group, support, strength, 1).tolist() == [0, 1]  # the group itself always
    assert block_of(np.array([2]), support, strength, 9).tolist() == [0, 2]  # what says nothing is no support


def test_rows_keep_their_strongest_weights_of_either_sign():
    S = csr_array(np.array([[0.0, -3.0, 1.0, 2.0], [0.5, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [1.0, -1.0, 0.5, 0.0]]))
    columns, weights = strongest_of_rows(S, 2)
    assert weights.tolist() == [[-3.0, 2.0], [0.5, 0.0], [0.0, 0.0], [1.0, -1.0]]
    assert columns.tolist() == [[1, 3], [0, 0], [0, 0], [0, 1]]


def test_what_is_kept_is_said(X):
    steps = []
    fitted = fit(X, Config(l2=L2, n_support=4, group=5, n_neighbours=3), Run(progress=steps.append))
    S = dense_of(fitted)
    assert (np.diag(S) == 0.0).all()
    assert np.count_nonzero(S, axis=1).max() == 3
    assert fitted.details["neighbours_per_item"] == pytest.approx(np.count_nonzero(S) / N_ITEMS)
    assert 5 <= fitted.details["items_per_block"] <= 5 + 5 * 4
    assert 0.0 < fitted.details["weight_kept"] < 1.0
    assert (steps[-1].done, steps[-1].total) == (N_ITEMS, N_ITEMS)


def test_items_that_nobody_chose_and_a_single_item_are_served():
    X = csr_array(np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 1, 0, 1]], dtype=np.float32))
    S = dense_of(fit(X, Config(l2=1.0, group=2), Run()))
    assert (S[2] == 0).all()
    assert (S[:, 2] == 0).all()
    assert S[0, 1] > 0
    assert dense_of(fit(csr_array(np.ones((3, 1), dtype=np.float32)), Config(), Run())).tolist() == [[0.0]]


def test_an_l2_that_is_too_small_is_refused():
    twins = csr_array(np.repeat(np.ones((1000, 1), dtype=np.float32), 2, axis=1))
    with pytest.raises(ModelError, match="larger l2"):
        fit(twins, Config(l2=1e-6), Run())


def test_no_matrix_of_items_by_items_arises(monkeypatch):
    monkeypatch.setattr(training.ease_sparse, "KEPT_PER_COLUMN", 200)
    n_items = 12_000
    X = random_array((800, n_items), density=1e-3, format="csr", rng=np.random.default_rng(0)).astype(np.float32)
    config = Config(n_support=5, group=500, n_neighbours=20)
    with peak_memory(0) as peak:
        fit(csr_array(X), config, Run())
    if peak.bytes is not None:
        assert peak.bytes < 4 * n_items**2 / 4
