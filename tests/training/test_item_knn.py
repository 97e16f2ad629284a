"""ItemKNN by hand on four people and four items, and its blocks and pruning against the dense formula."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

import training.item_knn
from training.item_knn import Config, blocks, fit, most_similar, similarities
from training.memory import peak_memory
from training.model import Run

HAND = csr_array(
    np.array(
        [
            [1, 1, 0, 0],
            [1, 1, 1, 0],
            [1, 0, 0, 0],
            [0, 0, 1, 1],
        ],
        dtype=np.float32,
    )
)
COSINE = {"user_weighting": "none", "own_exponent": 0.5, "other_exponent": 0.5}


def dense_similarities(X, **settings):
    """S [I, I] before pruning, put together from its blocks."""
    return np.vstack([S.toarray() for _, S in similarities(X, Config(**settings))])


def served(X, **settings):
    """S [I, I] after pruning, read off the scorer."""
    scorer = fit(X, Config(**settings), Run()).scorer
    S = np.zeros((X.shape[1], X.shape[1]))
    np.add.at(S, (np.arange(len(S))[:, None], scorer.columns.numpy()), scorer.similarities.numpy())
    return S


def random_interactions(n_users=50, n_items=30, share=0.2, seed=0):
    X = np.random.default_rng(seed).random((n_users, n_items)) < share
    X[:, 7] = False  # nobody's item
    X[4] = False  # somebody without a history
    return csr_array(X.astype(np.float32))


def by_the_formula(X, weigh, a, b, shrinkage=0.0):
    X = X.toarray().astype(np.float64)
    C = X.T @ np.diag(weigh(np.maximum((X > 0).sum(axis=1), 1))) @ X
    n = np.diag(C)
    with np.errstate(invalid="ignore", divide="ignore"):
        S = np.where(C > 0, C / (np.outer(n**a, n**b) + shrinkage), 0.0)
    np.fill_diagonal(S, 0.0)
    return S


def test_without_weights_and_with_halves_it_is_the_cosine():
    expected = [
        [0, 2 / 6**0.5, 1 / 6**0.5, 0],
        [2 / 6**0.5, 0, 1 / 2, 0],
        [1 / 6**0.5, 1 / 2, 0, 1 / 2**0.5],
        [0, 0, 1 / 2**0.5, 0],
    ]
    np.testing.assert_allclose(dense_similarities(HAND, **COSINE), expected, rtol=1e-6)


def test_with_one_and_nothing_it_is_the_share_of_the_items_own_users():
    S = dense_similarities(HAND, user_weighting="none", own_exponent=1.0, other_exponent=0.0)
    assert S[0, 1] == pytest.approx(2 / 3)  # of the three who chose 0, two chose 1
    assert S[1, 0] == pytest.approx(1.0)  # of the two who chose 1, both chose 0


def test_inverse_weights_share_a_user_out_over_the_items_chosen():
    """w = 1/2, 1/3, 1, 1/2: c_01 = 1/2 + 1/3, n_0 = 1/2 + 1/3 + 1, n_1 = 1/2 + 1/3."""
    S = dense_similarities(HAND, user_weighting="inverse", own_exponent=1.0, other_exponent=0.0)
    assert S[0, 1] == pytest.approx((5 / 6) / (11 / 6))
    assert S[0, 2] == pytest.approx((1 / 3) / (11 / 6))
    assert S[3, 2] == pytest.approx(1.0)


def test_log_weights_fall_with_the_logarithm():
    S = dense_similarities(HAND, user_weighting="log", own_exponent=1.0, other_exponent=0.0)
    w_0, w_1, w_2 = 1 / np.log(3), 1 / np.log(4), 1 / np.log(2)
    assert S[0, 1] == pytest.approx((w_0 + w_1) / (w_0 + w_1 + w_2))


def test_shrinkage_is_added_to_the_divisor():
    S = dense_similarities(HAND, **COSINE, shrinkage=1.0)
    assert S[0, 1] == pytest.approx(2 / (6**0.5 + 1))
    assert S[2, 3] == pytest.approx(1 / (2**0.5 + 1))


def test_counts_weigh_as_they_are():
    X = csr_array(np.array([[2, 1], [0, 1]], dtype=np.float32))
    assert dense_similarities(X, **COSINE)[0, 1] == pytest.approx(2 / (4**0.5 * 2**0.5))


@pytest.mark.parametrize(
    ("how", "weigh"),
    [("none", lambda n: n**0.0), ("log", lambda n: 1 / np.log(1 + n)), ("inverse", lambda n: 1 / n)],
)
def test_the_first_exponent_is_that_of_the_history_the_second_that_of_the_offer(how, weigh):
    X = random_interactions()
    S = dense_similarities(X, user_weighting=how, own_exponent=0.9, other_exponent=0.2, shrinkage=0.3)
    np.testing.assert_allclose(S, by_the_formula(X, weigh, 0.9, 0.2, 0.3), rtol=1e-5)


def test_no_item_is_its_own_neighbour():
    assert (np.diag(dense_similarities(random_interactions())) == 0).all()
    assert (np.diag(served(random_interactions(), n_neighbours=1000)) == 0).all()


def test_an_item_that_nobody_chose_has_no_neighbours_and_is_none():
    S = served(random_interactions(), n_neighbours=1000)
    assert not S[7].any()
    assert not S[:, 7].any()


def test_blocks_of_any_size_give_the_same_bit_for_bit(monkeypatch):
    X = random_interactions()
    whole = dense_similarities(X)
    for products in (1, 100, 300):
        monkeypatch.setattr(training.item_knn, "PRODUCTS", products)
        assert len(list(blocks(X))) > 1
        np.testing.assert_array_equal(dense_similarities(X), whole)


def test_blocks_cover_each_row_once_and_keep_to_their_size(monkeypatch):
    monkeypatch.setattr(training.item_knn, "PRODUCTS", 200)
    X = random_interactions()
    found = list(blocks(X))
    assert [row for block in found for row in range(block.start, block.stop)] == list(range(X.shape[1]))
    products = (X.T @ np.diff(X.indptr)).astype(int)
    assert all(block.stop - block.start == 1 or products[block].sum() <= 200 for block in found)


def test_the_largest_of_each_row_are_kept():
    X = random_interactions()
    S = dense_similarities(X)
    kept = served(X, n_neighbours=4)
    for row in range(X.shape[1]):
        expected = np.argsort(-S[row], kind="stable")[:4]
        expected = expected[S[row, expected] > 0]
        assert set(np.flatnonzero(kept[row])) == set(expected)
        np.testing.assert_array_equal(kept[row, expected], S[row, expected])


def test_pruning_is_by_row_so_that_a_column_may_keep_many():
    X = np.zeros((6, 7), dtype=np.float32)
    X[np.arange(6), np.arange(6)] = 1.0
    X[:, 6] = 1.0  # everybody's item
    kept = served(csr_array(X), n_neighbours=1)
    assert (np.count_nonzero(kept, axis=1) <= 1).all()
    assert np.count_nonzero(kept[:, 6]) == 6


def test_among_equals_the_lower_column_is_kept():
    S = csr_array(np.array([[0, 0.5, 0.25, 0.5, 0.5], [0.0, 0, 0, 0, 0.125]], dtype=np.float32))
    columns, values = most_similar(S, 2)
    assert columns.tolist() == [[1, 3], [4, 0]]
    assert values.tolist() == [[0.5, 0.5], [0.125, 0.0]]
    backwards = csr_array((S.data[[3, 2, 1, 0, 4]], S.indices[[3, 2, 1, 0, 4]], S.indptr), shape=S.shape)
    assert most_similar(backwards, 2)[0].tolist() == columns.tolist()


def test_a_place_that_is_not_needed_holds_nothing():
    S = csr_array((np.array([0.5, 0.0], np.float32), np.array([2, 1]), np.array([0, 1, 2])), shape=(2, 3))
    columns, values = most_similar(S, 2)
    assert columns.tolist() == [[2, 0], [0, 0]]  # a stored zero, such as an item's own, is no neighbour
    assert values.tolist() == [[0.5, 0.0], [0.0, 0.0]]


def test_scores_are_the_history_times_S():
    S = served(HAND, n_neighbours=2)
    scorer = fit(HAND, Config(n_neighbours=2), Run()).scorer
    items, weights = (np.array(values)[None] for values in ([0, 3], [1.0, 2.0]))
    scores = scorer(torch.from_numpy(items), torch.from_numpy(weights.astype(np.float32)))[0]
    np.testing.assert_allclose(scores[0].numpy(), S[0] + 2 * S[3], rtol=1e-6)


def test_more_neighbours_than_items_are_all_of_them():
    fitted = fit(HAND, Config(n_neighbours=100), Run())
    assert fitted.scorer.columns.shape == (4, 4)
    assert fitted.details["neighbours_per_item"] == 2.0  # 2, 2, 3 and 1


def test_users_without_a_history_change_nothing():
    with_empty = csr_array(np.vstack([np.zeros((3, 4), dtype=np.float32), HAND.toarray()]))
    np.testing.assert_array_equal(served(with_empty, n_neighbours=3), served(HAND, n_neighbours=3))


def test_many_items_need_no_matrix_of_items_by_items():
    n_items = 60_000  # S would take 14 GB
    items = np.random.default_rng(0).integers(0, n_items, 4000)
    X = csr_array((np.ones(4000, np.float32), (np.repeat(np.arange(400), 10), items)), shape=(400, n_items))
    with peak_memory(0) as peak:
        fit(X, Config(n_neighbours=5), Run())
    assert peak.bytes is None or peak.bytes < 200e6


def test_fit_tells_how_many_items_are_done(monkeypatch):
    monkeypatch.setattr(training.item_knn, "PRODUCTS", 8)
    steps = []
    fit(HAND, Config(), Run(progress=steps.append))
    assert len(steps) > 1
    assert (steps[-1].done, steps[-1].total, steps[-1].unit) == (4, 4, "items")
