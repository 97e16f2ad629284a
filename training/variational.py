"""Mult-VAE: a variational autoencoder with multinomial likelihood.

Liang, Krishnan, Hoffman, Jebara 2018, "Variational Autoencoders for Collaborative Filtering", arXiv:1802.05814.

    h = tanh(W_1 drop(x / ||x||) + b_1)                      encoder
    (mu, log sigma^2) = W_2 h + b_2                          q(e | x) = N(mu, diag(sigma^2))
    e = mu + sigma * eps,  eps ~ N(0, I)                     in training; e = mu when serving
    scores = W_4 drop(tanh(W_3 e + b_3)) + b_4               decoder; p(item) = softmax(scores)

    loss = - sum_i x_i log softmax_i(scores) + beta KL(q || N(0, I))             mean over users
    KL = 1/2 sum_k (sigma_k^2 + mu_k^2 - 1 - log sigma_k^2)

Shapes: x [B, I], h [B, H], mu, sigma, e [B, K], scores [B, I]. The first layer touches only the items of the history.

Differs from the paper:
1. The decoder's hidden layer is dropped out too, like the input: a few hundred users are soon learned by heart.
2. The weights served are a running mean over the updates (decay `averaging`): better, and the curve is smoother.
3. b_4 starts at the log of popularity, which the first epochs would otherwise only learn.
4. The weight of the KL term grows over `anneal_epochs` and is not searched for; the best epoch is the one with the
   highest nDCG@100 on the validation users.
5. X may hold counts; the paper's experiments use 0/1.

    menagerie train variational --data interactions.parquet --out zoo --set n_epochs=50 beta=0.2
    python -m training.variational --help

Expected: nDCG@100 0.390 on MovieLens latest-small (61 test users of strong:98765; 95 % interval 0.330 to 0.448);
EASE 0.411 there. On validation, by which the settings were chosen: 0.466, EASE 0.471.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from training import loop
from training.model import Fitted, Run, setting
from training.scorers import gather_sum, without_padding
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
    learning_rate: float = setting(2e-3, "Step of Adam.", low=1e-8, high=1.0)
    averaging: float = setting(0.98, "Decay of the running mean of the weights, per update.", low=0.0, high=0.9999)
    batch_size: int = setting(0, "Users per update; 0: a fiftieth of them, at least 100 and at most 500.", low=0)
    n_epochs: int = setting(100, "Passes over the users, at most.", low=1)
    patience: int = setting(10, "Epochs without a better validation nDCG@100 before stopping.", low=1)


class MultVAE(nn.Module):
    def __init__(self, n_items: int, config: Config):
        super().__init__()
        H, K = config.hidden, config.n_factors
        self.n_items, self.dropout = n_items, config.dropout
        self.table = nn.Parameter(torch.empty(n_items, H))  # W_1^T: one row per item of the history
        self.bias = nn.Parameter(torch.zeros(H))  # b_1
        self.to_code = nn.Linear(H, 2 * K)  # W_2, b_2
        self.from_code = nn.Linear(K, H)  # W_3, b_3
        self.to_items = nn.Linear(H, n_items)  # W_4, b_4
        for matrix in (self.table, self.to_code.weight, self.from_code.weight, self.to_items.weight):
            nn.init.xavier_uniform_(matrix)
        for layer in (self.to_code, self.from_code, self.to_items):
            nn.init.zeros_(layer.bias)

    def start_at_popularity(self, X: csr_array) -> None:
        """b_4 = log popularity, so that no epoch is spent on it; + 1 for the items that nobody chose."""
        counts = np.bincount(X.indices, weights=X.data, minlength=self.n_items) + 1.0
        self.to_items.bias.data.copy_(torch.from_numpy(np.log(counts / counts.sum())))

    def encode(self, summed: Tensor) -> tuple[Tensor, Tensor]:
        """From W_1 x / ||x|| [B, H] to mu and log sigma^2, both [B, K]."""
        mu, log_variance = self.to_code(torch.tanh(summed + self.bias)).chunk(2, dim=1)
        return mu, log_variance

    def decode(self, e: Tensor, dropout: float = 0.0) -> Tensor:
        hidden = F.dropout(torch.tanh(self.from_code(e)), dropout, self.training)  # [B, H]
        return self.to_items(hidden)  # [B, I]

    def code(self, X: csr_array) -> tuple[Tensor, Tensor]:
        """mu and log sigma^2 of sparse rows x; drops input items while training."""
        columns, rows, weights = loop.sparse_rows(X, self.bias.device)
        norms = torch.zeros(X.shape[0], device=weights.device).index_add_(0, rows, weights**2).sqrt()  # ||x||   [B]
        x = F.dropout(weights / norms[rows], self.dropout, self.training)  # a zero dropped is still zero
        starts = torch.from_numpy(X.indptr[:-1].astype(np.int64)).to(x.device)
        return self.encode(F.embedding_bag(columns, self.table, starts, per_sample_weights=x, mode="sum"))

    def forward(self, items: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Serving: e = mu. items, weights [B, L] -> scores [B, I], embedding [B, K]."""
        items, weights = without_padding(items, weights, self.n_items)
        norms = weights.square().sum(dim=1, keepdim=True).sqrt().clamp_min(1e-12)  # an empty history stays 0
        mu, _ = self.encode(gather_sum(self.table, items, weights / norms))
        return self.decode(mu), mu


def reparametrize(mu: Tensor, log_variance: Tensor) -> Tensor:
    """e = mu + sigma * eps: a sample of q(e | x) through which gradients flow to both."""
    return mu + torch.exp(0.5 * log_variance) * torch.randn_like(mu)


def kl_to_standard_normal(mu: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mu, diag(sigma^2)) || N(0, I)) per user [B]: 1/2 sum_k (sigma_k^2 + mu_k^2 - 1 - log sigma_k^2)."""
    return 0.5 * (log_variance.exp() + mu.square() - 1.0 - log_variance).sum(dim=1)


def negative_log_likelihood(scores: Tensor, X: csr_array) -> Tensor:
    """- sum_i x_i log softmax_i(scores) per user [B], without a dense target."""
    columns, rows, weights = loop.sparse_rows(X, scores.device)
    log_p = scores[rows, columns] - scores.logsumexp(dim=1)[rows]  # log softmax at the chosen items only
    return torch.zeros(len(scores), device=scores.device).index_add(0, rows, -weights * log_p)


def fit(X: csr_array, config: Config, run: Run) -> Fitted:
    rng = loop.seeded(run.seed)
    X = X[np.diff(X.indptr) > 0]  # users held out whole have no row to learn from
    model = MultVAE(X.shape[1], config)
    model.start_at_popularity(X)
    mean = AveragedModel(model.to(run.device), multi_avg_fn=get_ema_multi_avg_fn(config.averaging))  # what is served
    mean.eval()
    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate, fused=True)
    watch = loop.Watch(mean.module, run, config.n_epochs, config.patience, config.learning_rate)
    fold = loop.part_of(run.validation)
    batch_size = config.batch_size or min(max(X.shape[0] // 50, 100), 500)  # 500 as in the paper, where users abound
    n_annealed = config.anneal_epochs * math.ceil(X.shape[0] / batch_size)  # updates until beta is reached
    for _ in range(config.n_epochs):
        total = torch.zeros((), device=run.device)
        for users in loop.shuffled(X.shape[0], batch_size, rng):
            x = X[users]
            mu, log_variance = model.code(x)
            scores = model.decode(reparametrize(mu, log_variance), config.decoder_dropout)
            beta = config.beta * min(1.0, int(mean.n_averaged) / max(1, n_annealed))  # n_averaged counts the updates
            loss = (negative_log_likelihood(scores, x) + beta * kl_to_standard_normal(mu, log_variance)).mean()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            mean.update_parameters(model)
            total += loss.detach() * len(users)
        value = loop.validate(lambda x, _: mean.module.decode(mean.module.code(x)[0]), fold) if fold else None
        if watch.stop(total / X.shape[0], value):
            break
    watch.restore_best()
    return Fitted(mean.module.cpu().eval(), watch.curve, {"best_epoch": watch.best_epoch})


def main() -> None:
    from training import command

    command.main(ABOUT.name)


if __name__ == "__main__":
    main()
