"""Rows of X as a loop reads them."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from training.batches import Batch, Resident, bags, batches, on_device, packed, sum_of_rows
from training.loop import shuffled

CPU = torch.device("cpu")
RNG = np.random.default_rng(0)
DENSE = ((RNG.random((9, 6)) < 0.4) * RNG.integers(1, 4, (9, 6))).astype(np.float32)
DENSE[4] = 0.0  # a user without choices
DENSE[:, 2] = 0.0  # an item that nobody chose
X = csr_array(DENSE)
TABLE = torch.randn(6, 5, generator=torch.Generator().manual_seed(0))


def test_a_batch_holds_the_stored_entries_by_row_and_by_column():
    batch = Batch.of(X, CPU)
    built = torch.zeros(9, 6).index_put((batch.rows, batch.columns), batch.weights)
    assert torch.equal(built, torch.from_numpy(DENSE))
    for item in range(6):
        part = slice(*batch.column_starts[item : item + 2].tolist())
        assert batch.column_rows[part].tolist() == np.flatnonzero(DENSE[:, item]).tolist()
        assert batch.weights[batch.by_column[part]].tolist() == DENSE[:, item][DENSE[:, item] > 0].tolist()


def test_a_batch_of_a_batch_is_itself():
    batch = Batch.of(X, CPU)
    assert Batch.of(batch, CPU) is batch


def test_normalized_rows_have_length_one():
    lengths = np.linalg.norm(DENSE, axis=1, keepdims=True)
    expected = (DENSE / np.where(lengths > 0, lengths, 1.0))[X.nonzero()]
    torch.testing.assert_close(Batch.of(X, CPU).normalized(), torch.from_numpy(expected))


@pytest.mark.parametrize("n", [9, 0])
def test_the_sum_of_rows_is_the_product_and_so_is_its_gradient(n):
    batch, x = Batch.of(X[:n], CPU), torch.rand(X[:n].nnz)  # other weights than the stored ones, as dropout makes them
    dense = torch.zeros(n, 6).index_put((batch.rows, batch.columns), x)
    ours, theirs = (TABLE.clone().requires_grad_() for _ in range(2))
    g = torch.randn(n, 5)
    found, expected = sum_of_rows(ours, x, batch), dense @ theirs
    torch.testing.assert_close(found, expected)
    (found * g).sum().backward()
    (expected * g).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_every_user_comes_once_and_in_the_order_of_the_seed():
    found = list(batches(X, 4, np.random.default_rng(3), CPU))
    assert [batch.shape[0] for batch in found] == [4, 4, 1]
    expected = np.concatenate(list(shuffled(9, 4, np.random.default_rng(3))))
    assert np.array_equal(np.vstack([batch.X.toarray() for batch in found]), DENSE[expected])


def test_the_loader_s_thread_gives_the_same_batches(monkeypatch):
    """The way of a GPU, without one: the same rows in the same order, whatever is ready first."""
    moved, expected = [], list(batches(X, 2, np.random.default_rng(3), CPU))
    monkeypatch.setattr(Resident, "fits", lambda X, device: False)
    monkeypatch.setattr("training.batches.packed", lambda X, pinned: moved.append(pinned) or packed(X))
    monkeypatch.setattr("training.batches.on_device", lambda batch, device: on_device(batch, CPU))
    found = list(batches(X, 2, np.random.default_rng(3), torch.device("cuda")))
    assert [batch.X.toarray().tolist() for batch in found] == [batch.X.toarray().tolist() for batch in expected]
    assert moved == [True] * 5


@pytest.mark.parametrize("users", [[8, 0, 4, 3], [4], [], list(range(9))])
def test_a_batch_cut_where_all_of_x_lies_is_the_same(users):
    users = np.array(users, dtype=np.int64)
    found, expected = Resident(X, CPU).batch(users), Batch.of(X[users], CPU)
    assert found.shape == expected.shape == (len(users), 6)
    assert np.array_equal(found.X.toarray(), DENSE[users])
    for name in ("weights", "columns", "rows", "starts", "by_column", "column_rows", "column_starts"):
        assert torch.equal(getattr(found, name), getattr(expected, name)), name


@pytest.mark.parametrize(("free", "resident"), [(4 * 12 * X.nnz, True), (4 * 12 * X.nnz - 4, False)])
def test_x_lies_on_the_device_where_it_takes_a_quarter_of_what_is_free(free, resident, monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 2 * free))
    assert Resident.fits(X, CPU) is resident


def test_bags_of_nothing_are_zero():
    none = torch.empty(0, dtype=torch.int64)
    assert torch.equal(bags(none, TABLE, torch.zeros(4, dtype=torch.int64), torch.empty(0)), torch.zeros(3, 5))
