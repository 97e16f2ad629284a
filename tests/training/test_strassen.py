"""Seven products for eight, against NumPy's: every shape, every way in which the matrices may lie in memory."""

import numpy as np
import pytest
import torch

import training.strassen
from training.strassen import add_product, half, pieces, room

SHAPES = [
    (8, 8, 8),
    (16, 16, 16),
    (17, 19, 23),
    (40, 9, 33),
    (3, 50, 50),
    (50, 3, 50),
    (1, 1, 1),
    (0, 5, 5),
    (64, 31, 8),
]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Halves and pieces that a small matrix has many of."""
    monkeypatch.setattr(training.strassen, "LEAST", 2)
    monkeypatch.setattr(training.strassen, "LINE", 2)
    monkeypatch.setattr(training.strassen, "SIDE", 20)


def drawn(rows, columns, transposed=False):
    values = np.random.default_rng([rows, columns]).standard_normal((rows, columns))
    return torch.from_numpy(np.ascontiguousarray(values.T)).T if transposed else torch.from_numpy(values)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("lies", [(False, False), (False, True), (True, False), (True, True)])
def test_it_is_the_product_added_to_what_was_there(shape, lies):
    m, k, n = shape
    A, B, C = drawn(m, k, lies[0]), drawn(k, n, lies[1]), drawn(m, n)
    expected = C.numpy() - 1.5 * A.numpy() @ B.numpy()
    add_product(C, A, B, -1.5, torch.full((room(m, k, n),), torch.nan, dtype=torch.float64))
    np.testing.assert_allclose(C.numpy(), expected, rtol=1e-11, atol=1e-11)


def test_parts_of_larger_matrices_are_taken_where_they_lie():
    all_of = drawn(60, 60)
    before = all_of.numpy().copy()
    A, B, C = all_of[:20, :20], all_of[20:50, :20].T, all_of[:20, 30:]
    add_product(C, A, B, 1.0, torch.empty(room(20, 20, 30), dtype=torch.float64))
    expected = before.copy()
    expected[:20, 30:] += before[:20, :20] @ before[20:50, :20].T
    np.testing.assert_allclose(all_of.numpy(), expected, rtol=1e-11, atol=1e-11)


def test_seven_products_are_made_for_eight(monkeypatch):
    sizes, plain = [], torch.Tensor.addmm_

    def counted(C, A, B, **options):
        sizes.append(A.shape[0] * A.shape[1] * B.shape[1])
        return plain(C, A, B, **options)

    monkeypatch.setattr(torch.Tensor, "addmm_", counted)
    add_product(drawn(16, 16), drawn(16, 16), drawn(16, 16), 1.0, torch.empty(room(16, 16, 16), dtype=torch.float64))
    assert sizes == [2**3] * 7**3  # halved three times: 343 products for 512


@pytest.mark.parametrize("shape", [*SHAPES, (100, 47, 61)])
def test_the_operations_are_told_piece_by_piece(shape):
    m, k, n = shape
    told = []
    add_product(
        drawn(m, n), drawn(m, k), drawn(k, n), 1.0, torch.empty(room(m, k, n), dtype=torch.float64), told.append
    )
    assert sum(told) == 2 * m * k * n
    assert max(told, default=0) <= 2 * 22**3


def test_pieces_are_about_equal_and_none_is_long():
    for n in range(200):
        lengths = [piece.stop - piece.start for piece in pieces(n)]
        assert sum(lengths) == n
        assert not lengths or max(lengths) - min(lengths) <= 4
        assert max(lengths, default=0) <= 22
    assert pieces(41) == [slice(0, 12), slice(12, 26), slice(26, 41)]


def test_the_temporaries_take_no_more_than_was_said_and_never_more_for_a_smaller_product():
    rooms = [room(n, n, n) for n in range(200)]
    assert rooms == sorted(rooms)
    assert rooms[-1] <= 22**2
    assert rooms[7:9] == [2 * 2 * 3, 4 * 4 * 3 + 2 * 2 * 3]


def test_a_half_is_whole_lines_where_there_is_one():
    assert [half(n) for n in (1, 2, 3, 4, 9, 11, 24)] == [0, 1, 1, 2, 4, 4, 12]
