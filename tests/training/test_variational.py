import dataclasses

import numpy as np
import onnxruntime
import pytest
import torch
from scipy.sparse import csr_array
from torch.distributions import Normal, kl_divergence

from training import variational
from training.deep import with_history
from training.export import export_graphs
from training.model import Run
from training.variational import ABOUT, Config, MultVAE, annealed, fit, kl_to_standard_normal, reparametrize
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


def test_serving_is_without_noise_even_before_eval(model):
    model.train()
    first, again = (model(*history(0)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


def test_the_embedding_is_mean_and_deviation_and_scores_are_decoded_from_the_mean(model):
    model.eval()
    mu, log_variance = model.code(X[[3]])
    scores, embedding, embedding_std = model(*history(3))
    torch.testing.assert_close(embedding, mu)
    torch.testing.assert_close(embedding_std.square().log(), log_variance)
    torch.testing.assert_close(scores, model.decode(mu))
    torch.testing.assert_close(scores, model.reconstruct(X[[3]]))


def test_the_length_of_the_history_vector_does_not_matter(model):
    items, weights = history(1)
    torch.testing.assert_close(model(items, 7.0 * weights)[0], model(items, weights)[0])
    model.eval()
    torch.testing.assert_close(model.code(7.0 * X)[0], model.code(X)[0])


def test_dropout_hides_input_items_in_training_only(model):
    torch.manual_seed(0)
    model.train()
    assert not torch.equal(model.code(X)[0], model.code(X)[0])
    model.eval()
    assert torch.equal(model.code(X)[0], model.code(X)[0])


def test_a_nan_in_the_data_stops_with_the_epoch_and_the_learning_rate():
    broken = X.copy()
    broken.data[0] = np.nan
    with pytest.raises(ModelError, match=r"nan in epoch 1 at learning_rate 0\.002"):
        fit(broken, dataclasses.replace(SMALL, learning_rate=0.002), Run())


def test_kl_agrees_with_its_definition_by_sampling():
    """KL = E_q[log q(e) - log p(e)], over samples of q."""
    torch.manual_seed(0)
    n = 100_000
    mu, log_variance = (row[:1].expand(n, -1) for row in (MU, LOG_VARIANCE))
    e = reparametrize(mu, log_variance)
    log_ratio = Normal(mu, (0.5 * log_variance).exp()).log_prob(e) - Normal(0.0, 1.0).log_prob(e)
    sampled = log_ratio.sum(dim=1)
    error = sampled.std() / n**0.5
    assert (sampled.mean() - kl_to_standard_normal(MU[:1], LOG_VARIANCE[:1])).abs() < 5 * error


def test_noise_is_drawn_anew_for_every_person_number_and_call():
    torch.manual_seed(0)
    mu = torch.zeros(50, 4)
    first, second = reparametrize(mu, mu), reparametrize(mu, mu)
    assert len(torch.cat([first, second]).unique()) == 400


def test_the_weight_of_kl_grows_straight_to_beta_and_stays():
    assert [annealed(0.2, n, 10) for n in (0, 5, 10, 11, 1000)] == [0.0, 0.1, 0.2, 0.2, 0.2]
    assert annealed(0.2, 0, 0) == 0.2  # without annealing it is there from the start


def test_training_anneals_over_the_epochs_that_were_asked_for(monkeypatch):
    weights = []
    original = variational.annealed
    monkeypatch.setattr(variational, "annealed", lambda *given: weights.append(original(*given)) or weights[-1])
    fit(X, dataclasses.replace(SMALL, beta=0.6, anneal_epochs=2, n_epochs=3), Run())
    assert weights == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.6, 0.6])  # 12 users, 5 at once: 3 updates


def test_the_loss_is_likelihood_and_weighted_kl():
    """Both losses of a first update, without noise in the network, differ by beta times the divergence."""
    config = dataclasses.replace(
        SMALL, dropout=0.0, decoder_dropout=0.0, anneal_epochs=0, n_epochs=1, batch_size=12, learning_rate=1e-8
    )
    without, light, heavy = (
        fit(X, dataclasses.replace(config, beta=beta), Run()).curve[0]["loss"] for beta in (0.0, 0.5, 1.0)
    )
    torch.manual_seed(0)
    divergence = kl_to_standard_normal(*MultVAE(N_ITEMS, config).code(with_history(X))).mean().item()
    assert light - without == pytest.approx(0.5 * divergence, rel=1e-3)
    assert heavy - without == pytest.approx(divergence, rel=1e-3)


def test_a_heavier_kl_pulls_the_code_towards_the_prior():
    settings = {"anneal_epochs": 0, "n_epochs": 40, "learning_rate": 0.02, "averaging": 0.5}
    light, heavy = (fit(X, dataclasses.replace(SMALL, beta=beta, **settings), Run()).scorer for beta in (0.0, 5.0))
    divergence = lambda scorer: kl_to_standard_normal(*scorer.code(X)).mean().item()  # noqa: E731
    assert divergence(heavy) < 0.1 * divergence(light)


def test_mean_and_deviation_leave_the_graph_as_they_were_trained(tmp_path):
    """embedding_std leaves the graph as exp(log_variance / 2) of the model as trained."""
    scorer = fit(X, SMALL, Run()).scorer
    export_graphs(scorer, ABOUT, N_ITEMS, tmp_path)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    assert [output.name for output in session.get_outputs()][2:] == ["all_scores", "embedding", "embedding_std"]
    items, weights = history(0)
    feeds = {
        "items": items.numpy(),
        "weights": weights.numpy(),
        "candidates": np.ones(N_ITEMS, dtype=bool),
        "exclude_seen": np.array(True),
        "k": np.array(3, dtype=np.int64),
    }
    scores, embedding, embedding_std = session.run(["all_scores", "embedding", "embedding_std"], feeds)
    mu, log_variance = scorer.code(X[[0]])
    np.testing.assert_allclose(embedding, mu.detach(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(embedding_std, torch.exp(log_variance / 2).detach(), rtol=1e-5)
    np.testing.assert_allclose(scores, scorer.reconstruct(X[[0]]).detach(), rtol=1e-5, atol=1e-5)
