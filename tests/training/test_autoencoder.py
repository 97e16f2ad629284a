"""The full profile in, all items out: what comes back, and what keeps an autoencoder from the identity."""

import dataclasses

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from training import deep, denoising, loop
from training.autoencoder import Autoencoder, Config, fit
from training.model import Run
from zoo.split import Fold

N_ITEMS = 24
KIND = np.arange(N_ITEMS) // 6  # four kinds of items
WIDE = Config(
    hidden=96, n_factors=96, l2=0.0, loss="bce", learning_rate=0.01, averaging=0.9, batch_size=40, n_epochs=150
)


def choices_within_a_kind(n_users=160, seed=0):
    """Everybody chooses four of the six items of one kind: the two others are what there is to recommend."""
    rng = np.random.default_rng(seed)
    X = np.zeros((n_users, N_ITEMS), dtype=np.float32)
    for user in range(n_users):
        X[user, rng.choice(np.flatnonzero(user % 4 == KIND), 4, replace=False)] = 1.0
    return csr_array(X)


X = choices_within_a_kind()
CHOSEN = X.toarray() > 0
LEFT = ((np.arange(X.shape[0]) % 4)[:, None] == KIND) & ~CHOSEN  # of one's own kind, not chosen
OTHER = ~CHOSEN & ~LEFT


def probabilities(fitted):
    """Of each item for each user [U, I]."""
    with torch.no_grad():
        return fitted.scorer.reconstruct(X).sigmoid().numpy()


@pytest.fixture(scope="module")
def wide():
    """Four times as wide as the catalogue, and nothing in the way of the identity."""
    return probabilities(fit(X, WIDE, Run()))


@pytest.fixture(scope="module")
def wide_with_noise():
    settings = dataclasses.asdict(WIDE) | {"drop_share": 0.5, "add_share": 0.1}
    return probabilities(denoising.fit(X, denoising.Config(**settings), Run()))


@pytest.fixture(scope="module")
def narrow():
    """Two numbers are enough to say which kind, not which four of it."""
    return probabilities(fit(X, dataclasses.replace(WIDE, n_factors=2), Run()))


def test_without_bottleneck_or_noise_it_learns_the_identity_and_has_nothing_new_to_offer(wide):
    np.testing.assert_allclose(wide, CHOSEN, atol=0.02)
    assert wide[LEFT].mean() < 0.005


def test_noise_keeps_a_network_of_the_same_width_from_the_identity(wide_with_noise):
    assert wide_with_noise[LEFT].mean() > 0.2
    assert wide_with_noise[LEFT].mean() > 10 * wide_with_noise[OTHER].mean()


def test_so_does_a_bottleneck(narrow):
    assert narrow[LEFT].mean() > 0.2
    assert narrow[LEFT].mean() > 5 * narrow[OTHER].mean()


def test_the_scores_of_seen_items_are_the_reconstructed_profile():
    """The scorer gives them; the ranking hides them."""
    scorer = fit(X, dataclasses.replace(WIDE, n_epochs=60), Run()).scorer
    items = torch.from_numpy(X[[0]].indices.astype(np.int64))[None]
    scores = scorer(items, torch.ones(items.shape))[0]
    assert set(scores[0].topk(4).indices.tolist()) == set(items[0].tolist())
    hidden = loop.best_unseen(scores.detach().clone(), X[[0]], csr_array((1, N_ITEMS)), N_ITEMS)[0]
    assert not set(hidden.tolist()) & set(items[0].tolist())


def test_the_bottleneck_is_as_narrow_as_asked():
    fitted = fit(X, Config(hidden=12, n_factors=3, n_epochs=1), Run())
    scores, e = fitted.scorer(torch.tensor([[0, 1]]), torch.ones(1, 2))
    assert e.shape == (1, 3)
    torch.testing.assert_close(fitted.scorer.decode(e), scores)  # all that the scores know of a person


def test_it_is_the_equation_written_out():
    torch.manual_seed(0)
    model = Autoencoder(N_ITEMS, 12, 3)
    for bias in (model.bias, model.to_code.bias, model.from_code.bias, model.to_items.bias):
        bias.data.normal_()
    x = torch.from_numpy(3 * X.toarray())
    h = torch.tanh(x / x.norm(dim=1, keepdim=True) @ model.table + model.bias)
    e = torch.tanh(h @ model.to_code.weight.T + model.to_code.bias)
    expected = torch.tanh(e @ model.from_code.weight.T + model.from_code.bias) @ model.to_items.weight.T
    torch.testing.assert_close(model.reconstruct(3 * X), expected + model.to_items.bias)


def test_training_is_without_noise():
    """Twice the same loss from the same weights, also in training mode."""
    model = Autoencoder(N_ITEMS, 12, 3).train()
    assert torch.equal(model.reconstruct(X), model.reconstruct(X))


@pytest.mark.parametrize("loss", deep.LOSSES)
def test_any_loss_falls_and_tells_the_kinds_apart(loss):
    config = dataclasses.replace(WIDE, n_factors=3, loss=loss, n_epochs=60)
    fitted = fit(X, config, Run())
    assert fitted.curve[-1]["loss"] < 0.95 * fitted.curve[0]["loss"]
    scores = fitted.scorer.reconstruct(X).detach().numpy()
    assert scores[LEFT].mean() > scores[OTHER].mean()


def test_the_best_epoch_on_validation_is_the_one_that_is_served():
    held_out = csr_array(LEFT.astype(np.float32))
    fold = Fold(np.arange(X.shape[0]), X, held_out, csr_array(X.shape, dtype=np.float32))
    fitted = fit(X, dataclasses.replace(WIDE, patience=8), Run(validation=fold))
    values = [row["validation"] for row in fitted.curve]
    assert fitted.details["best_epoch"] == 1 + int(np.argmax(values))
    assert len(values) < WIDE.n_epochs
    assert loop.validate(lambda x, _: fitted.scorer.reconstruct(x), fold) == pytest.approx(max(values), abs=1e-6)
