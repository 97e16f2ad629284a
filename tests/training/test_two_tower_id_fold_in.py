import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from training import two_tower_id
from training.model import Run
from training.two_tower_id_fold_in import Config, FoldIn, fit
from zoo.split import Fold

N_USERS, N_ITEMS, K, L2 = 12, 9, 4, 0.5
CHOSEN = np.random.default_rng(0).random((N_USERS, N_ITEMS)) < 0.5
X = csr_array(CHOSEN.astype(np.float32))
E = torch.from_numpy(np.random.default_rng(1).standard_normal((N_ITEMS, K)))
SMALL = {"n_factors": K, "batch_size": 16, "n_epochs": 3}


def folded(scorer, row):
    """Scores [I] and embedding [K] of what this user chose."""
    items = torch.from_numpy(np.flatnonzero(CHOSEN[row]))[None]
    scores, embedding = scorer(items, torch.ones(items.shape, dtype=E.dtype))
    return scores[0].numpy(), embedding[0].numpy()


def test_the_gradient_of_least_squares_vanishes_at_the_vector_found():
    _, e = folded(FoldIn(E, L2), 3)
    x = CHOSEN[3].astype(float)
    np.testing.assert_allclose(E.numpy().T @ (E.numpy() @ e - x) + L2 * e, 0.0, atol=1e-12)


def test_scores_are_the_item_vectors_times_the_vector_found():
    scores, e = folded(FoldIn(E, L2), 3)
    np.testing.assert_allclose(scores, E.numpy() @ e, atol=1e-12)


def test_without_a_price_it_is_the_projection_onto_the_item_vectors():
    S = FoldIn(E, 1e-12)
    S = (S.W_in @ S.W_out).numpy()
    np.testing.assert_allclose(S, S.T, atol=1e-9)
    np.testing.assert_allclose(S @ S, S, atol=1e-9)


def test_a_high_price_leaves_nothing():
    scores, _ = folded(FoldIn(E, 1e9), 3)
    assert np.abs(scores).max() < 1e-6


def test_the_item_vectors_are_those_of_the_memory_based_model():
    memory_based = two_tower_id.fit(X, two_tower_id.Config(**SMALL), Run(seed=5)).scorer
    scorer = fit(X, Config(**SMALL), Run(seed=5)).scorer
    torch.testing.assert_close(scorer.W_out.T, memory_based.E_items)


def test_training_rows_and_histories_are_scored_alike():
    expected = np.stack([folded(FoldIn(E, L2), row)[0] for row in range(N_USERS)])
    np.testing.assert_allclose(FoldIn(E.float(), L2).scores(X).numpy(), expected, atol=1e-5)


def test_users_held_out_whole_choose_the_epoch():
    shown = X.toarray()
    shown[:4] = 0.0
    held_out = csr_array(1.0 - X.toarray()[:4])
    fold = Fold(np.arange(4), X[:4], held_out, csr_array((4, N_ITEMS), dtype=np.float32))
    fitted = fit(csr_array(shown), Config(**SMALL), Run(validation=fold))
    assert all(row["validation"] is not None for row in fitted.curve)
    assert fitted.details["stopping"] == "best epoch on validation"


@pytest.mark.parametrize("history", [[0], [0, 1, 2, 3, 4]])
def test_whoever_was_not_in_training_is_answered_without_training(history):
    scorer = fit(X, Config(**SMALL), Run()).scorer
    scores, _ = scorer(torch.tensor([history]), torch.ones(1, len(history)))
    assert scores.shape == (1, N_ITEMS)
    assert scores.std() > 0
