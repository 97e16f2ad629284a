"""Mult-VAE: a variational autoencoder with multinomial likelihood.

Liang, Krishnan, Hoffman, Jebara 2018, "Variational Autoencoders for Collaborative Filtering", arXiv:1802.05814.

    h = tanh(W_1 drop(x / ||x||) + b_1)                      encoder
    (mu, log sigma^2) = W_2 h + b_2                          q(e | x) = N(mu, diag(sigma^2))
    e = mu + sigma * eps,  eps ~ N(0, I)                     in training; e = mu when serving
    scores = W_4 drop(tanh(W_3 e + b_3)) + b_4               decoder; p(item) = softmax(scores)

    loss = - sum_i x_i log softmax_i(scores) + beta KL(q || N(0, I))             mean over users
    KL = 1/2 sum_k (sigma_k^2 + mu_k^2 - 1 - log sigma_k^2)

Shapes: x [B, I], h [B, H], mu, sigma, e [B, K], scores [B, I]. The first layer touches only the items of the history.

The exported graph serves e = mu + code_offset, an input that is 0 unless it is fed (training/graphs.py): so whoever has
mu and sigma can draw e, or walk through it.

Differs from the paper:
1. The decoder's hidden layer is dropped out too, like the input: a few hundred users are soon learned by heart.
2. The weights served are a running mean over the updates (decay `averaging`): better, and the curve is smoother.
3. b_4 starts at the log of popularity, which the first epochs would otherwise only learn.
4. The weight of the KL term grows over `anneal_epochs` and is not searched for; the best epoch is the one with the
   highest nDCG@100 on the validation users.
5. X may hold counts; the paper's experiments use 0/1.
6. Above 100,000 items (or with `n_sampled`) the softmax is over a sample of them: training/sampled.py.

    menagerie train variational --data interactions.parquet --out zoo --set n_epochs=50 beta=0.2
    python -m training.variational --help

Expected: nDCG@100 0.390 on MovieLens latest-small (61 test users of strong:98765; 95 % interval 0.330 to 0.448);
EASE 0.411 there. On validation, by which the settings were chosen: 0.466, EASE 0.471.
"""

from dataclasses import dataclass

import torch
from scipy.sparse import csr_array
from torch import Tensor

from training import deep, loop
from training.batches import Batch
from training.model import Fitted, Run, setting
from zoo.card import About

ABOUT = About(
    name="variational",
    title="Mult-VAE",
    family="deep autoencoder",
    summary="Reads your history as a cloud of likely tastes, and lists what its centre would choose.",
    equation=r"e = \mu(x) + \sigma(x) \odot \varepsilon, \quad p(i \mid e) = \operatorname{softmax}_i(f(e))",
    paper="Liang, Krishnan, Hoffman, Jebara 2018, arXiv:1802.05814",
)


@dataclass(frozen=True)
class Config:
    hidden: int = setting(600, "Width of the layer before and after the code (H).", low=1)
    n_factors: int = setting(200, "Length of the code e (K).", low=1)
    dropout: float = setting(0.5, "Share of the input items dropped in training.", low=0.0, high=0.95)
    decoder_dropout: float = setting(0.5, "Share of the decoder's hidden layer dropped.", low=0.0, high=0.95)
    beta: float = setting(0.2, "Weight of the KL term once annealed.", low=0.0)
    anneal_epochs: int = setting(20, "Epochs over which the weight of the KL term grows from 0 to beta.", low=0)
    l2: float = setting(0.0, "Weight decay: share of a weight lost per update, in units of learning_rate.", low=0.0)
    learning_rate: float = setting(2e-3, "Step of Adam.", low=1e-8, high=1.0)
    averaging: float = setting(0.98, "Decay of the running mean of the weights, per update.", low=0.0, high=0.9999)
    batch_size: int = setting(0, "Users per update; 0: a fiftieth of them, at least 100 and at most 500.", low=0)
    n_epochs: int = setting(100, "Passes over the users, at most.", low=1)
    patience: int = setting(10, "Epochs without a better validation nDCG@100 before stopping.", low=1)
    n_sampled: int = setting(-1, deep.N_SAMPLED, low=-1)
    precision: str = setting("tf32", deep.PRECISION, choices=deep.PRECISIONS)


class MultVAE(deep.DeepAutoencoder):
    def __init__(self, n_items: int, config: Config):
        super().__init__(n_items, config.hidden, config.n_factors, code_width=2 * config.n_factors)
        self.dropout = config.dropout

    def distribution(self, h: Tensor) -> tuple[Tensor, Tensor]:
        """From h [B, H] to mu and log sigma^2, both [B, K]."""
        mu, log_variance = self.to_code(h).chunk(2, dim=1)
        return mu, log_variance

    def code(self, X: csr_array | Batch) -> tuple[Tensor, Tensor]:
        """mu and log sigma^2 of sparse rows x; drops input items while training."""
        return self.distribution(self.hidden(X, self.dropout))

    def reconstruct(self, X: csr_array | Batch) -> Tensor:
        """Scores [B, I] of sparse rows x, decoded from e = mu."""
        return self.decode(self.code(X)[0])

    def forward(self, items: Tensor, weights: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Serving: e = mu. items, weights [B, L] -> scores [B, I], embedding = mu and embedding_std = sigma [B, K]."""
        mu, log_variance = self.distribution(self.hidden_when_serving(items, weights))
        return self.decode(mu), mu, torch.exp(0.5 * log_variance)


def reparametrize(mu: Tensor, log_variance: Tensor) -> Tensor:
    """e = mu + sigma * eps: a sample of q(e | x) through which gradients flow to both."""
    return mu + torch.exp(0.5 * log_variance) * torch.randn_like(mu)


def kl_to_standard_normal(mu: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mu, diag(sigma^2)) || N(0, I)) per user [B]: 1/2 sum_k (sigma_k^2 + mu_k^2 - 1 - log sigma_k^2)."""
    return 0.5 * (log_variance.exp() + mu.square() - 1.0 - log_variance).sum(dim=1)


def annealed(beta: float, n_updates: int, n_annealed: int) -> float:
    """The weight of the KL term after so many updates: from 0 straight up to beta at update n_annealed, then beta."""
    return beta * min(1.0, n_updates / n_annealed) if n_annealed else beta


def fit(X: csr_array, config: Config, run: Run) -> Fitted:
    rng = loop.seeded(run.seed)
    X = deep.with_history(X)
    model = MultVAE(X.shape[1], config)
    model.start_at_popularity(X)
    model.to(run.device)
    n_annealed = config.anneal_epochs * deep.updates_per_epoch(X.shape[0], config.batch_size)

    def losses(x: Batch, n_updates: int) -> Tensor:
        mu, log_variance = model.code(x)
        e = reparametrize(mu, log_variance)
        far = model.distance("multinomial", e, x, config.decoder_dropout)  # - sum_i x_i log softmax_i(scores)
        beta = annealed(config.beta, n_updates, n_annealed)
        return far + beta * kl_to_standard_normal(mu, log_variance)  # [B]

    return deep.minimise(losses, MultVAE.reconstruct, model, X, config, run, rng)


def main() -> None:
    from training import command

    command.main(ABOUT.name)


if __name__ == "__main__":
    main()
