"""What the deep autoencoders share: four layers, what may be minimised, and the loop. Each model's file says the rest.

    h = tanh(W_1 x / ||x|| + b_1)          x: one row of X; a history's length says nothing of its taste
    e = ...                                the code: each model's own, from W_2 h + b_2
    scores = W_4 tanh(W_3 e + b_3) + b_4   as many as there are items

What is compared with the profile x, per user, for scores s (`LOSSES`):

    multinomial   - sum_i x_i log softmax_i(s)                    items compete for one user's choices
                    Liang, Krishnan, Hoffman, Jebara 2018, arXiv:1802.05814
    bce           sum_i log(1 + e^{s_i}) - x_i s_i                each item is a question of its own; x is 0/1
    mse           sum_i (s_i - x_i)^2

All three are over all items, chosen or not, and are computed from the stored entries of x, without a dense one.

Shapes: X [U, I], x [B, I] sparse, h [B, H], e [B, K], scores [B, I]; W_1^T is kept as `table` [I, H], whose rows are
gathered, so that the work of the first layer grows with the histories and not with the catalogue.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from training import loop
from training.model import Fitted, Run
from training.scorers import gather_sum, without_padding

LOSSES = ("multinomial", "bce", "mse")


class DeepAutoencoder(nn.Module):
    """The four layers. A model adds its code: what stands between `to_code` and `decode`."""

    def __init__(self, n_items: int, hidden: int, n_factors: int, code_width: int | None = None):
        """code_width: outputs of W_2; None: n_factors"""
        super().__init__()
        self.n_items = n_items
        self.table = nn.Parameter(torch.empty(n_items, hidden))  # W_1^T: one row per item of the history
        self.bias = nn.Parameter(torch.zeros(hidden))  # b_1
        self.to_code = nn.Linear(hidden, code_width or n_factors)  # W_2, b_2
        self.from_code = nn.Linear(n_factors, hidden)  # W_3, b_3
        self.to_items = nn.Linear(hidden, n_items)  # W_4, b_4
        for matrix in (self.table, self.to_code.weight, self.from_code.weight, self.to_items.weight):
            nn.init.xavier_uniform_(matrix)
        for layer in (self.to_code, self.from_code, self.to_items):
            nn.init.zeros_(layer.bias)

    def start_at_popularity(self, X: csr_array, loss: str = "multinomial") -> None:
        """b_4 = the best scores of a model that tells nobody apart, so that no epoch is spent on finding them."""
        chosen = np.bincount(X.indices, weights=X.data if loss != "bce" else None, minlength=self.n_items)
        share = (chosen + 1.0) / (X.shape[0] + 2.0)  # + 1 and + 2: as if two more came, of whom one chose it
        best = {
            "multinomial": np.log((chosen + 1.0) / (chosen + 1.0).sum()),
            "bce": np.log(share / np.abs(1.0 - share)),
            "mse": chosen / max(1, X.shape[0]),
        }
        self.to_items.bias.data.copy_(torch.from_numpy(best[loss]))

    def hidden(self, X: csr_array, dropout: float = 0.0) -> Tensor:
        """h [B, H] of sparse rows x [B, I]; a share of the input is dropped while training."""
        columns, rows, weights = loop.sparse_rows(X, self.bias.device)
        norms = torch.zeros(X.shape[0], device=weights.device).index_add_(0, rows, weights**2).sqrt()  # ||x||   [B]
        x = F.dropout(weights / norms[rows], dropout, self.training)  # a zero dropped is still zero
        starts = torch.from_numpy(X.indptr[:-1].astype(np.int64)).to(x.device)
        summed = F.embedding_bag(columns, self.table, starts, per_sample_weights=x, mode="sum")  # W_1 x / ||x||
        return torch.tanh(summed + self.bias)

    def hidden_when_serving(self, items: Tensor, weights: Tensor) -> Tensor:
        """The same h [B, H] from items and weights [B, L], in operations that can be exported."""
        items, weights = without_padding(items, weights, self.n_items)
        norms = weights.square().sum(dim=1, keepdim=True).sqrt().clamp_min(1e-12)  # an empty history stays 0
        return torch.tanh(gather_sum(self.table, items, weights / norms) + self.bias)

    def decode(self, e: Tensor, dropout: float = 0.0) -> Tensor:
        hidden = F.dropout(torch.tanh(self.from_code(e)), dropout, self.training)  # [B, H]
        return self.to_items(hidden)  # [B, I]


def negative_log_likelihood(scores: Tensor, X: csr_array) -> Tensor:
    """- sum_i x_i log softmax_i(scores) per user [B], without a dense target."""
    columns, rows, weights = loop.sparse_rows(X, scores.device)
    log_p = scores[rows, columns] - scores.logsumexp(dim=1)[rows]  # log softmax at the chosen items only
    return torch.zeros(len(scores), device=scores.device).index_add(0, rows, -weights * log_p)


def binary_cross_entropy(scores: Tensor, X: csr_array) -> Tensor:
    """- sum_i x_i log p_i + (1 - x_i) log(1 - p_i) with p = sigmoid(scores), per user [B]; any count is a 1."""
    columns, rows, _ = loop.sparse_rows(X, scores.device)
    return F.softplus(scores).sum(dim=1).index_add(0, rows, -scores[rows, columns])


def squared_error(scores: Tensor, X: csr_array) -> Tensor:
    """sum_i (s_i - x_i)^2 per user [B], as sum_i s_i^2 + sum over the chosen of x_i^2 - 2 x_i s_i."""
    columns, rows, weights = loop.sparse_rows(X, scores.device)
    return scores.square().sum(dim=1).index_add(0, rows, weights * (weights - 2 * scores[rows, columns]))


def reconstruction_loss(loss: str, scores: Tensor, X: csr_array) -> Tensor:
    """How far scores [B, I] are from giving back the profiles X [B, I]: one of `LOSSES`, per user [B]."""
    losses = {"multinomial": negative_log_likelihood, "bce": binary_cross_entropy, "mse": squared_error}
    return losses[loss](scores, X)


def with_history(X: csr_array) -> csr_array:
    """The users that have a row to learn from: those held out whole have none."""
    return X[np.diff(X.indptr) > 0]


def users_per_update(n_users: int, batch_size: int) -> int:
    """As asked; or a fiftieth of the users, at least 100 and at most 500 as in Liang et al. where users abound."""
    return batch_size or min(max(n_users // 50, 100), 500)


def updates_per_epoch(n_users: int, batch_size: int) -> int:
    return math.ceil(n_users / users_per_update(n_users, batch_size))


def adam(model: nn.Module, learning_rate: float, l2: float = 0.0) -> torch.optim.Optimizer:
    """Adam; matrices shrink by learning_rate * l2 of their size per update (decoupled, as in AdamW), biases do not."""
    matrices = [weight for weight in model.parameters() if weight.ndim > 1]
    biases = [weight for weight in model.parameters() if weight.ndim == 1]
    groups = [{"params": matrices, "weight_decay": l2}, {"params": biases, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=learning_rate, fused=True)


def minimise(
    losses: Callable[[csr_array, int], Tensor],
    scores: Callable[[Any, csr_array], Tensor],
    model: DeepAutoencoder,
    X: csr_array,
    config: Any,
    run: Run,
    rng: np.random.Generator,
) -> Fitted:
    """The loop: users in random order, Adam, a running mean of the weights, which is what is validated and served.

    Parameters
    ----------
    losses : clean profiles [B, I] and the number of updates made before -> loss per user [B], by `model`
    scores : (the mean of the models, fold_in [B, I]) -> scores [B, I], as it would serve
    X : csr [U, I], every row with something in it
    config : has learning_rate, l2, averaging, batch_size, n_epochs and patience
    """
    mean = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(config.averaging))
    mean.eval()
    optimizer = adam(model, config.learning_rate, config.l2)
    watch = loop.Watch(mean.module, run, config.n_epochs, config.patience, config.learning_rate)
    fold = loop.part_of(run.validation)
    batch_size = users_per_update(X.shape[0], config.batch_size)
    for _ in range(config.n_epochs):
        total = torch.zeros((), device=run.device)
        for users in loop.shuffled(X.shape[0], batch_size, rng):
            loss = losses(X[users], int(mean.n_averaged)).mean()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            mean.update_parameters(model)
            total += loss.detach() * len(users)
        value = loop.validate(lambda x, _: scores(mean.module, x), fold) if fold else None
        if watch.stop(total / X.shape[0], value):
            break
    watch.restore_best()
    return Fitted(mean.module.cpu().eval(), watch.curve, {"best_epoch": watch.best_epoch})
