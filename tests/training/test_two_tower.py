import dataclasses

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from training import loop
from training.model import Run
from training.two_tower import Config, Pairs, bpr, fit, sampled_softmax
from zoo.errors import ModelError
from zoo.split import Fold

N_USERS, N_ITEMS = 12, 9
SMALL = Config(n_factors=4, batch_size=16, n_epochs=3)
CHOSEN = (np.random.default_rng(0).random((N_USERS, N_ITEMS)) < 0.4) | (
    np.arange(N_USERS)[:, None] == np.arange(N_ITEMS)
)
CHOSEN[:, 0] |= ~CHOSEN.any(axis=1)  # everybody chose something
X = csr_array(CHOSEN.astype(np.float32))
both_losses = pytest.mark.parametrize("loss", ["bpr", "sampled_softmax"])


def test_scores_are_dot_products_without_bias():
    scorer = fit(X, SMALL, Run()).scorer
    users = torch.tensor([3, 1])
    scores, embedding = scorer(users)
    torch.testing.assert_close(embedding, scorer.E_users[users])
    for row, user in enumerate(users):
        for item in range(N_ITEMS):
            expected = (scorer.E_users[user] * scorer.E_items[item]).sum()
            torch.testing.assert_close(scores[row, item], expected)


def test_negatives_are_never_among_the_items_chosen():
    users = np.arange(N_USERS)
    drawn = Pairs(X).draw_not_chosen(users, 500, np.random.default_rng(0))
    chosen = X.toarray() > 0
    assert not chosen[users[:, None], drawn].any()


def test_negatives_are_every_other_item_equally_often():
    n = 20_000
    pairs, rng = Pairs(X), np.random.default_rng(0)
    for user, chosen in enumerate(X.toarray() > 0):
        counts = np.bincount(pairs.draw_not_chosen(np.array([user]), n, rng)[0], minlength=N_ITEMS)
        expected = n / (~chosen).sum()
        assert (np.abs(counts[~chosen] - expected) < 5 * expected**0.5).all()


def test_bpr_is_the_log_of_the_odds_that_the_chosen_item_wins():
    e_u, e_i = torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 1.0]])
    e_j = torch.tensor([[[0.0, 0.0], [1.0, 2.0]]])
    expected = (np.log1p(np.exp(-3.0)) + np.log1p(np.exp(2.0))) / 2  # s_ui - s_uj = 3 and -2
    assert bpr(e_u, e_i, e_j).item() == pytest.approx(expected)


def item_scores_learned_from(popularity, log_q):
    """Scores that sampled softmax gives items [I] when everybody has the same taste: e_u = 1, so s_ui = e_i."""
    rng = np.random.default_rng(0)
    scores = torch.zeros(len(popularity), 1, requires_grad=True)
    optimizer = torch.optim.Adam([scores], lr=0.05)
    for step in range(600):
        optimizer.param_groups[0]["lr"] = 0.05 if step < 400 else 0.005
        items = torch.from_numpy(rng.choice(len(popularity), size=256, p=popularity))
        optimizer.zero_grad()
        sampled_softmax(torch.ones(256, 1), scores[items], items, log_q).backward()
        optimizer.step()
    return (scores - scores.mean()).detach().flatten().numpy()


def test_only_log_q_lets_popular_items_rank_first():
    """In-batch negatives come in proportion to popularity; uncorrected, that cancels what is to be learned."""
    popularity = 1.0 / np.arange(1, 11)
    popularity /= popularity.sum()
    wanted = np.log(popularity) - np.log(popularity).mean()  # what the full softmax learns
    corrected = item_scores_learned_from(popularity, torch.from_numpy(np.log(popularity)).float())
    uncorrected = item_scores_learned_from(popularity, torch.zeros(10))
    np.testing.assert_allclose(corrected, wanted, atol=0.2)
    assert corrected.argmax() == 0
    assert uncorrected[0] - uncorrected[-1] < 0.35 * (wanted[0] - wanted[-1])


def test_the_same_item_again_in_a_batch_is_no_negative():
    torch.manual_seed(0)
    e_u, e_i = torch.randn(2, 3), torch.randn(1, 3).expand(2, 3)
    assert sampled_softmax(e_u, e_i, torch.tensor([4, 4]), torch.zeros(5)).item() == 0.0


def test_q_is_the_share_of_pairs_that_are_of_the_item():
    counted = csr_array(np.array([[9, 1], [1, 0]], dtype=np.float32))  # weights do not count
    np.testing.assert_allclose(Pairs(counted).log_q.exp().numpy(), [2 / 3, 1 / 3], rtol=1e-6)


@both_losses
def test_the_same_seed_gives_the_same_weights(loss):
    config = dataclasses.replace(SMALL, loss=loss)
    first, again, other = (fit(X, config, Run(seed=seed)).scorer for seed in (1, 1, 2))
    assert torch.equal(first.E_items, again.E_items)
    assert torch.equal(first.E_users, again.E_users)
    assert not torch.equal(first.E_items, other.E_items)


@both_losses
def test_a_loss_that_overflows_stops_with_the_epoch_and_the_learning_rate(loss):
    config = dataclasses.replace(SMALL, loss=loss, l2=1e39, learning_rate=1.0)
    with pytest.raises(ModelError, match=r"in epoch \d at learning_rate 1;"):
        fit(X, config, Run())


def test_training_stops_early_where_validation_users_are_known():
    fold = Fold(np.arange(N_USERS), X, csr_array(1.0 - X.toarray()), csr_array(X.shape, dtype=np.float32))
    fitted = fit(
        X, dataclasses.replace(SMALL, n_epochs=50, patience=2), Run(validation=fold)
    )  # whatever is left, is right
    assert len(fitted.curve) == 3  # nDCG is 1 from the first epoch on
    assert fitted.details["best_epoch"] == 1
    assert fitted.details["stopping"] == "best epoch on validation"


def test_users_held_out_whole_cannot_be_validated_and_the_card_says_so():
    shown = X.toarray()
    shown[:4] = 0.0
    fold = Fold(np.arange(4), X[:4], csr_array(1.0 - X.toarray()[:4]), csr_array((4, N_ITEMS), dtype=np.float32))
    fitted = fit(csr_array(shown), SMALL, Run(validation=fold))
    assert [row["validation"] for row in fitted.curve] == [None] * 3
    assert fitted.details["stopping"].startswith("fixed number of epochs")
    assert fitted.scorer.E_users[:4].abs().sum().item() == 0.0  # nothing was learned of them
    assert (fitted.scorer.E_users[4:].abs().sum(dim=1) > 0).all()


@both_losses
def test_somebody_who_chose_everything_does_no_harm(loss):
    dense = X.toarray()
    dense[5] = 1.0
    fitted = fit(csr_array(dense), dataclasses.replace(SMALL, loss=loss), Run())
    assert fitted.scorer.E_items.isfinite().all()


def test_data_in_which_everybody_chose_everything_are_refused():
    with pytest.raises(ModelError, match="Nobody in the data left an item out"):
        fit(csr_array(np.ones((3, 4), dtype=np.float32)), SMALL, Run())


def test_validation_ranks_by_the_embeddings_of_its_users(monkeypatch):
    fold = Fold(
        np.array([7, 2]), X[[7, 2]], csr_array(1.0 - X.toarray()[[7, 2]]), csr_array((2, N_ITEMS), dtype=np.float32)
    )
    asked = []
    honest = loop.best_unseen
    monkeypatch.setattr(
        loop, "best_unseen", lambda scores, *rest: asked.append(scores.clone()) or honest(scores, *rest)
    )
    scorer = fit(X, dataclasses.replace(SMALL, n_epochs=1), Run(validation=fold)).scorer
    torch.testing.assert_close(asked[0], scorer(torch.tensor([7, 2]))[0])
