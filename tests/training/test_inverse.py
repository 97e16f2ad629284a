"""The inverse in one square of memory against NumPy's: by halves and by a sweep."""

import numpy as np
import pytest
import torch

import training.gram
import training.inverse
import training.strassen
from training.inverse import inverse_in_place, panels
from zoo.errors import ModelError

CPU = torch.device("cpu")
BY_HALVES, BY_A_SWEEP = 6, 10**6


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Leaves, blocks and halves that a small matrix has many of."""
    monkeypatch.setattr(training.gram, "LEAF", {"cpu": 3})
    monkeypatch.setattr(training.gram, "STRIP", 5)
    monkeypatch.setattr(training.inverse, "BLOCK", {"cpu": 2, "cuda": 8})
    monkeypatch.setattr(training.strassen, "LEAST", 2)
    monkeypatch.setattr(training.strassen, "LINE", 2)
    monkeypatch.setattr(training.strassen, "SIDE", 16)


def drawn(n):
    A = np.random.default_rng(n).standard_normal((n, 2 * n))
    return A @ A.T + np.eye(n)


@pytest.mark.parametrize("halved", [BY_HALVES, BY_A_SWEEP])
@pytest.mark.parametrize("n", [0, 1, 2, 5, 6, 7, 12, 17, 32, 33, 71])
@pytest.mark.parametrize(("dtype", "off"), [(torch.float64, 1e-11), (torch.float32, 1e-4)])
def test_it_is_the_inverse(n, halved, dtype, off, monkeypatch):
    monkeypatch.setattr(training.inverse, "HALVED", halved)
    G = drawn(n)
    found = inverse_in_place(torch.tensor(G, dtype=dtype))
    assert found.dtype == dtype
    np.testing.assert_allclose(np.tril(-found.numpy()), np.tril(np.linalg.inv(G)), atol=off)


@pytest.mark.parametrize("block", [1, 2, 3, 5, 16, 17, 100])
def test_the_sweep_takes_blocks_of_any_size(block, monkeypatch):
    monkeypatch.setattr(training.inverse, "BLOCK", {"cpu": block})
    G = drawn(17)
    found = inverse_in_place(torch.from_numpy(G.copy()))
    np.testing.assert_allclose(np.tril(-found.numpy()), np.tril(np.linalg.inv(G)), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("halved", [BY_HALVES, BY_A_SWEEP])
def test_the_lower_triangle_alone_is_read(halved, monkeypatch):
    """All that lies above: into a leaf's upper half a product may be added, but nothing comes from there."""
    monkeypatch.setattr(training.inverse, "HALVED", halved)
    G = drawn(23)
    spoilt = np.where(np.tri(23, dtype=bool), G, np.nan)
    found = inverse_in_place(torch.from_numpy(spoilt))
    np.testing.assert_allclose(np.tril(-found.numpy()), np.tril(np.linalg.inv(G)), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("halved", [BY_HALVES, BY_A_SWEEP])
def test_it_works_in_the_memory_it_was_given_and_leaves_what_surrounds_it(halved, monkeypatch):
    """As few_users.py calls it: in the corner of a larger square."""
    monkeypatch.setattr(training.inverse, "HALVED", halved)
    square, G = torch.full((30, 30), 7.0, dtype=torch.float64), drawn(20)
    corner = square[:20, 10:]
    corner.copy_(torch.from_numpy(G))
    assert inverse_in_place(corner).data_ptr() == corner.data_ptr()
    np.testing.assert_allclose(np.tril(-corner.numpy()), np.tril(np.linalg.inv(G)), rtol=1e-9, atol=1e-11)
    assert (square[20:] == 7.0).all()
    assert (square[:, :10] == 7.0).all()


@pytest.mark.parametrize("halved", [BY_HALVES, BY_A_SWEEP])
def test_it_tells_how_much_is_done_in_columns(halved, monkeypatch):
    monkeypatch.setattr(training.inverse, "HALVED", halved)
    told = []
    inverse_in_place(torch.from_numpy(drawn(71)), lambda done, total: told.append((done, total)))
    done = [columns for columns, _ in told]
    assert done == sorted(done)
    assert done[-1] == 71
    assert {total for _, total in told} == {71}
    assert len(done) > 20
    assert max(np.diff([0, *done])) < 12


def test_what_is_rare_is_as_exact_by_halves_as_by_a_sweep(monkeypatch):
    """Rows of very different sizes, for which Strassen's products are bad where nobody scales them."""
    monkeypatch.setattr(training.strassen, "SIDE", 200)
    n = 200
    sizes = np.random.default_rng(0).permutation(np.geomspace(1, 1000, n))
    G = (drawn(n) / n) * sizes[:, None] * sizes
    exact = np.linalg.inv(G)
    off = {}
    for halved in (BY_HALVES, BY_A_SWEEP):
        monkeypatch.setattr(training.inverse, "HALVED", halved)
        found = inverse_in_place(torch.tensor(G, dtype=torch.float32)).double().numpy()
        off[halved] = np.abs((np.tril(-found) - np.tril(exact)) / np.sqrt(np.outer(*[np.diag(exact)] * 2))).max()
    assert off[BY_A_SWEEP] < 1e-5
    assert off[BY_HALVES] < 20 * off[BY_A_SWEEP]


def test_what_stands_beside_the_square_is_a_part_of_it(monkeypatch):
    monkeypatch.undo()
    assert [panels(n, CPU) / n**2 < most for n, most in ((4095, 0.26), (10_000, 0.3), (40_000, 0.03))] == [True] * 3
    assert panels(40_000, torch.device("cuda")) == 4 * 40_000 * 2048


@pytest.mark.parametrize("halved", [2, BY_A_SWEEP])
def test_a_matrix_that_is_not_positive_definite_is_refused(halved, monkeypatch):
    monkeypatch.setattr(training.inverse, "HALVED", halved)
    G = torch.eye(9, dtype=torch.float64)
    G[8, 0] = 2.0
    with pytest.raises(ModelError, match="float64; train EASE again with a larger l2"):
        inverse_in_place(G)
