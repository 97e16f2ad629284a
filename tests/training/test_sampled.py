"""The softmax over a sample of the items."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from torch.nn import functional as F

from training import autoencoder, deep, denoising, variational
from training.batches import Batch
from training.losses import negative_log_likelihood
from training.model import Run
from training.sampled import LARGE, N_SAMPLED, Sample, chances, sample_size
from training.updates import TouchedRows
from zoo.errors import ModelError

N_USERS, N_ITEMS, H = 6, 40, 5
CONFIG = SimpleNamespace(learning_rate=0.1, l2=0.0, averaging=0.9)
RNG = np.random.default_rng(0)
X = csr_array((RNG.random((N_USERS, N_ITEMS)) < 0.1).astype(np.float32))
DATA = csr_array((RNG.random((50, N_ITEMS)) < np.linspace(0.02, 0.4, N_ITEMS)).astype(np.float32))
BATCH = Batch.of(X, torch.device("cpu"))
W = 0.7 * torch.randn(N_ITEMS, H, generator=torch.Generator().manual_seed(0))
b = torch.randn(N_ITEMS, generator=torch.Generator().manual_seed(1))
HIDDEN = torch.randn(N_USERS, H, generator=torch.Generator().manual_seed(2))
MODULES = {"autoencoder": autoencoder, "denoising": denoising, "variational": variational}
every_model = pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)


def sample_of(n_sampled, seed=0):
    tables = [TouchedRows(torch.nn.Parameter(W.clone()), W.clone(), CONFIG) for _ in range(2)]
    return Sample(*tables, DATA, n_sampled, np.random.default_rng(seed))


def sampled(sample):
    """Loss [B], and its gradients by hidden, bias and W [I, H]: 0 where a row was not read."""
    hidden, bias = HIDDEN.clone().requires_grad_(), b.clone().requires_grad_()
    loss = sample.loss(hidden, bias, BATCH)
    loss.sum().backward()
    of_W = torch.zeros_like(W)
    of_W[sample.outputs.rows] = sample.outputs.taken.grad
    return loss.detach(), hidden.grad, bias.grad, of_W


def full():
    hidden, bias, weight = (part.clone().requires_grad_() for part in (HIDDEN, b, W))
    loss = negative_log_likelihood(F.linear(hidden, weight, bias), X)
    loss.sum().backward()
    return loss.detach(), hidden.grad, bias.grad, weight.grad


@pytest.mark.parametrize("n_sampled", [N_ITEMS, 10 * N_ITEMS])
def test_with_all_items_sampled_it_is_the_full_softmax(n_sampled):
    for found, expected in zip(sampled(sample_of(n_sampled)), full(), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_the_estimate_of_the_sum_over_all_items_is_right_in_the_mean():
    """Z' = e^(s - log softmax'(s)) of a chosen item: its mean over many samples is Z, for every user with a choice."""
    x = csr_array(np.eye(N_USERS, N_ITEMS, dtype=np.float32))  # one choice each: loss = log Z' - s
    batch, scores = Batch.of(x, torch.device("cpu")), F.linear(HIDDEN, W, b)
    sample = sample_of(15)
    found = torch.stack([sample.loss(HIDDEN, b, batch) for _ in range(400)]) + scores.diagonal()
    Z = found.double().exp()
    error = Z.std(dim=0) / len(Z) ** 0.5
    assert ((Z.mean(dim=0) - scores.double().exp().sum(dim=1)).abs() < 5 * error).all()
    assert (Z.std(dim=0) > 0.02 * Z.mean(dim=0)).all()  # and it is an estimate


def test_the_mean_gradient_is_near_the_full_one():
    expected = full()[1:]
    for n_sampled, near in ((10, 0.35), (35, 0.06)):
        sample = sample_of(n_sampled)
        runs = [sampled(sample)[1:] for _ in range(200)]
        for part, wanted in enumerate(expected):
            mean = torch.stack([run[part] for run in runs]).mean(dim=0)
            assert (mean - wanted).norm() < near * wanted.norm()


def test_only_candidates_are_read_and_what_was_chosen_is_always_there():
    sample = sample_of(8)
    sizes = []
    for _ in range(300):
        sample.loss(HIDDEN, b, BATCH)
        rows = sample.outputs.rows.numpy()
        assert np.isin(X.indices, rows).all()
        assert len(np.unique(rows)) == len(rows)
        sizes.append(len(rows))
    chosen = np.unique(X.indices)
    expected = len(chosen) + np.delete(sample.q, chosen).sum()
    assert np.mean(sizes) == pytest.approx(expected, abs=5 * np.std(sizes) / 300**0.5)
    assert max(sizes) < N_ITEMS


def test_the_chances_sum_to_the_sample_and_follow_the_root_of_popularity():
    n_chosen = np.array([0, 3, 8, 99, 1_000_000])
    q = chances(n_chosen, 3)
    assert q.sum() == pytest.approx(3)
    assert q[-1] == 1.0
    assert q[1] / q[0] == pytest.approx(2.0)
    assert q[2] / q[0] == pytest.approx(3.0)
    assert np.array_equal(chances(n_chosen, 5), np.ones(5))


def test_histories_are_read_from_the_rows_that_they_need():
    sample = sample_of(8)
    table, narrow = sample.rows_read(BATCH)
    items = np.unique(X.indices)
    assert sample.inputs.rows.tolist() == items.tolist()
    assert torch.equal(table.detach(), W[items])
    assert np.array_equal(narrow.X.toarray(), X.toarray()[:, items])


@pytest.mark.parametrize(("asked", "n_items", "expected"), [
    (-1, LARGE, 0), (-1, LARGE + 1, N_SAMPLED), (0, LARGE + 1, 0), (7, 100, 7), (700, 100, 100),
])  # fmt: skip
def test_a_sample_is_drawn_where_the_catalogue_is_large_or_where_asked_for(asked, n_items, expected):
    assert sample_size(variational.Config(n_sampled=asked), n_items) == expected
    assert sample_size(denoising.Config(n_sampled=asked), n_items) == expected


def test_losses_that_are_no_softmax_are_over_all_items():
    assert sample_size(autoencoder.Config(loss="bce"), LARGE + 1) == 0
    with pytest.raises(ModelError, match=r"n_sampled=5 .* loss is mse.*Set loss=multinomial"):
        autoencoder.fit(DATA, autoencoder.Config(loss="mse", n_sampled=5, n_epochs=1), Run())


def fitted(module, n_sampled, **settings):
    quick = {"hidden": 16, "n_factors": 4, "batch_size": 10, "n_epochs": 3, "l2": 0.0, "decoder_dropout": 0.0}
    names = module.Config.__dataclass_fields__
    settings = {name: value for name, value in (quick | settings).items() if name in names}
    return module.fit(DATA, module.Config(n_sampled=n_sampled, **settings), Run())


@every_model
def test_a_model_learns_from_a_sample_about_what_it_learns_from_all(module):
    """The loss over all items, of what was served: before training, from all, from a sample."""
    n = {"n_epochs": 12, "learning_rate": 0.03}
    losses, X = [], Batch.of(DATA, torch.device("cpu"))
    for fit in (fitted(module, 0, n_epochs=1, learning_rate=1e-8), fitted(module, 0, **n), fitted(module, 12, **n)):
        losses.append(float(negative_log_likelihood(fit.scorer.reconstruct(X).detach(), X).mean()))
    before, all_items, some = losses
    assert all_items < before
    assert before - some > 0.7 * (before - all_items)


@every_model
def test_what_is_served_is_an_ordinary_model_that_says_how_it_was_trained(module):
    fit = fitted(module, 12)
    assert fit.details["n_sampled"] == 12
    assert fit.scorer.sample is None
    assert fit.scorer(torch.tensor([[1, 2]]), torch.ones(1, 2))[0].shape == (1, N_ITEMS)
    assert "n_sampled" not in fitted(module, 0).details


@every_model
def test_the_same_seed_gives_the_same_sample(module):
    first, again = (fitted(module, 12).scorer.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_memory_grows_with_the_sample_and_not_with_the_catalogue(monkeypatch):
    """Nothing as large as users x items is made: what passes through the loss is measured."""
    widths = []
    softmax = torch.softmax
    monkeypatch.setattr(torch, "softmax", lambda s, **how: widths.append(s.shape[1]) or softmax(s, **how))
    wide = csr_array((DATA.data, DATA.indices, DATA.indptr), shape=(50, 20_000))
    config = variational.Config(hidden=4, n_factors=2, n_sampled=30, batch_size=10, n_epochs=1)
    variational.fit(wide, config, Run())
    assert widths
    assert max(widths) < N_ITEMS + 30 + 5 * 30**0.5


def test_the_full_loss_is_what_a_loop_without_a_sample_minimises():
    model = autoencoder.Autoencoder(N_ITEMS, 8, 4)
    e = torch.randn(N_USERS, 4)
    expected = negative_log_likelihood(model.decode(e), X)
    torch.testing.assert_close(model.distance("multinomial", e, X), expected)
    assert deep.DeepAutoencoder.sample is None
