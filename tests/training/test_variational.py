import dataclasses

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from torch.distributions import Normal, kl_divergence

from training.model import Run
from training.variational import Config, MultVAE, fit, kl_to_standard_normal, negative_log_likelihood, reparametrize
from zoo.errors import ModelError

N_ITEMS = 9
SMALL = Config(hidden=8, n_factors=4, batch_size=5, n_epochs=3)
X = csr_array((np.random.default_rng(0).random((12, N_ITEMS)) < 0.4).astype(np.float32))
MU = torch.tensor([[0.5, -2.0], [0.0, 1.0]], dtype=torch.float64)
LOG_VARIANCE = torch.tensor([[0.0, 1.0], [-3.0, 0.5]], dtype=torch.float64)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return MultVAE(N_ITEMS, SMALL)


def history(row):
    """One row of X as the scorer takes it, with two columns of padding."""
    columns = torch.from_numpy(X[[row]].indices.astype(np.int64))
    return torch.cat([columns, torch.tensor([N_ITEMS, N_ITEMS])])[None], torch.ones(1, len(columns) + 2)


def test_kl_equals_the_divergence_of_two_normals():
    expected = kl_divergence(Normal(MU, (0.5 * LOG_VARIANCE).exp()), Normal(0.0, 1.0)).sum(dim=1)
    torch.testing.assert_close(kl_to_standard_normal(MU, LOG_VARIANCE), expected)


def test_kl_vanishes_at_the_prior_only():
    assert kl_to_standard_normal(torch.zeros(1, 3), torch.zeros(1, 3)).item() == 0.0
    assert (kl_to_standard_normal(MU, LOG_VARIANCE) > 0).all()


def test_samples_have_the_mean_and_variance_of_the_code():
    torch.manual_seed(0)
    n = 200_000
    e = reparametrize(MU[:1].expand(n, -1), LOG_VARIANCE[:1].expand(n, -1))
    variance = LOG_VARIANCE[0].exp()
    five_errors = 5 * (variance / n).sqrt()
    assert ((e.mean(dim=0) - MU[0]).abs() < five_errors).all()
    assert ((e.var(dim=0) - variance).abs() < 5 * variance * (2 / n) ** 0.5).all()


def test_gradients_flow_through_a_sample_to_mean_and_variance():
    torch.manual_seed(0)
    mu, log_variance = MU.clone().requires_grad_(), LOG_VARIANCE.clone().requires_grad_()
    e = reparametrize(mu, log_variance)
    e.sum().backward()
    torch.testing.assert_close(mu.grad, torch.ones_like(mu))  # de/dmu = 1
    torch.testing.assert_close(log_variance.grad, 0.5 * (e - mu).detach())  # de/dlog sigma^2 = sigma eps / 2


def test_the_likelihood_is_that_of_the_dense_target():
    scores = torch.randn(12, N_ITEMS, generator=torch.Generator().manual_seed(0))
    expected = -(torch.from_numpy(X.toarray()) * scores.log_softmax(dim=1)).sum(dim=1)
    torch.testing.assert_close(negative_log_likelihood(scores, X), expected)


def test_serving_is_without_noise_even_before_eval(model):
    model.train()
    items, weights = history(0)
    scores, embedding = model(items, weights)
    again, embedding_again = model(items, weights)
    assert torch.equal(scores, again)
    assert torch.equal(embedding, embedding_again)


def test_the_embedding_is_the_mean_and_scores_are_decoded_from_it(model):
    model.eval()
    mu, _ = model.code(X[[3]])
    scores, embedding = model(*history(3))
    torch.testing.assert_close(embedding, mu)
    torch.testing.assert_close(scores, model.decode(mu))


def test_the_length_of_the_history_vector_does_not_matter(model):
    items, weights = history(1)
    torch.testing.assert_close(model(items, 7.0 * weights)[0], model(items, weights)[0])
    model.eval()
    torch.testing.assert_close(model.code(7.0 * X)[0], model.code(X)[0])


def test_an_empty_history_has_finite_scores(model):
    scores, embedding = model(torch.zeros(2, 0, dtype=torch.int64), torch.zeros(2, 0))
    assert scores.isfinite().all()
    assert embedding.isfinite().all()


def test_dropout_hides_input_items_in_training_only(model):
    torch.manual_seed(0)
    model.train()
    assert not torch.equal(model.code(X)[0], model.code(X)[0])
    model.eval()
    assert torch.equal(model.code(X)[0], model.code(X)[0])


def test_the_same_seed_gives_the_same_weights():
    first, again, other = (fit(X, SMALL, Run(seed=seed)).scorer.state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["table"], other["table"])


def test_a_nan_in_the_data_stops_with_the_epoch_and_the_learning_rate():
    broken = X.copy()
    broken.data[0] = np.nan
    with pytest.raises(ModelError, match=r"nan in epoch 1 at learning_rate 0\.002"):
        fit(broken, dataclasses.replace(SMALL, learning_rate=0.002), Run())


def test_users_without_a_history_are_not_trained_on():
    with_empty = csr_array(np.vstack([np.zeros((3, N_ITEMS), dtype=np.float32), X.toarray()]))
    first, again = (fit(data, SMALL, Run()).scorer.state_dict() for data in (X, with_empty))
    assert all(torch.equal(first[name], again[name]) for name in first)
