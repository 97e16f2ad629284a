from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse import csr_array

from zoo.batching import MULTIPLY, READ_ALL, Limits, batches, first_dense, rectangles

I = 500
ITEM_ITEM = Limits(I, gather_width=I, bytes=10**6, dense_bytes=10**7)


def some(n: int, longest: int, seed: int = 0) -> csr_array:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, longest + 1, n)
    items = np.concatenate([rng.choice(I, length, replace=False) for length in lengths]).astype(np.int32)
    weights = rng.uniform(0.5, 2, len(items)).astype(np.float32)
    return csr_array((weights, items, np.concatenate([[0], lengths.cumsum()])), shape=(n, I))


def dense(items: np.ndarray, weights: np.ndarray) -> np.ndarray:
    x = np.zeros((len(items), I + 1))
    np.add.at(x, (np.arange(len(items))[:, None], items), weights)
    return x


@pytest.mark.parametrize("rows", [[3], [0, 1, 2], [7, 2, 5, 5], []])
def test_a_rectangle_holds_the_rows_that_were_asked_for_in_their_order(rows):
    X = some(9, 12)
    found = rectangles(X, None, np.array(rows, dtype=np.int64), I)
    assert (found["items"].dtype, found["weights"].dtype) == (np.int64, np.float32)
    x = dense(found["items"], found["weights"])
    np.testing.assert_allclose(x[:, :I], X.toarray()[rows])
    assert not x[:, I].any()
    assert found["items"].shape[1] == max((len(X[[row]].indices) for row in rows), default=0)


@pytest.mark.parametrize("rows", [[4], [0, 4, 8]])
def test_masked_items_stand_behind_the_history_with_weight_0(rows):
    X, masked = some(9, 12), some(9, 5, seed=1)
    found = rectangles(X, masked, np.array(rows), I)
    for row, items, weights in zip(rows, found["items"], found["weights"], strict=True):
        shown, hidden = X[[row]], masked[[row]]
        n = len(shown.indices)
        assert items[:n].tolist() == shown.indices.tolist()
        assert items[n : n + len(hidden.indices)].tolist() == hidden.indices.tolist()
        assert weights[:n].tolist() == shown.data.tolist()
        assert not weights[n:].any()
        assert (items[n + len(hidden.indices) :] == I).all()


def test_every_row_is_asked_once_and_no_batch_goes_beyond_its_limit():
    lengths = np.random.default_rng(0).integers(0, 60, 300)
    for graph in (None, "rows", "dense"):
        parts = list(batches(lengths, ITEM_ITEM, graph))
        assert sorted(row for rows, _ in parts for row in rows) == list(range(300))
        for rows, role in parts:
            gathered = lengths[rows].max() * I if role == "rows" else 0
            most = {"rows": 10**6, "dense": 10**7}[role]
            assert 4 * len(rows) * (gathered + 4 * I) <= most or len(rows) == 1
            assert graph in (None, role)
        for (rows, role), (after, role_after) in pairwise(parts):  # and the next row would have been too many
            gathered = lengths[after[0]] * I if role == "rows" else 0
            most = {"rows": 10**6, "dense": 10**7}[role]
            assert 4 * (len(rows) + 1) * (gathered + 4 * I) > most or role != role_after


def test_a_history_beyond_the_limit_goes_alone():
    parts = list(batches(np.array([5, 5, 5]), Limits(I, I, bytes=1), None))
    assert [rows.tolist() for rows, _ in parts] == [[0], [1], [2]]


def test_nobody_is_asked_for_nobody():
    assert list(batches(np.zeros(0, dtype=np.int64), ITEM_ITEM)) == []


@pytest.mark.parametrize("seed", range(5))
def test_dense_takes_the_long_ones_and_only_where_it_costs_less(seed):
    """The rule, spelled out: L rows read one by one, or all I in order and n users' products."""
    lengths = np.sort(np.random.default_rng(seed).integers(0, 40, 50 * seed + 1))
    long = lengths > I * MULTIPLY
    rows, all_of_S = lengths[long].sum(), I * max(READ_ALL, long.sum() * MULTIPLY)
    expected = np.flatnonzero(long)[0] if rows > all_of_S else len(lengths)
    assert first_dense(lengths, ITEM_ITEM) == expected


def test_without_a_dense_graph_all_go_through_rows():
    lengths = np.full(400, 200)
    assert first_dense(lengths, ITEM_ITEM) == 0
    assert {role for _, role in batches(lengths, Limits(I, I, 10**9))} == {"rows"}
