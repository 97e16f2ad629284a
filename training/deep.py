"""What the deep autoencoders share: four layers, what may be minimised, and the loop. Each model's file says the rest.

    h = tanh(W_1 x / ||x|| + b_1)          x: one row of X; a history's length says nothing of its taste
    e = ...                                the code: each model's own, from W_2 h + b_2
    scores = W_4 tanh(W_3 e + b_3) + b_4   as many as there are items

What is compared with the profile x, and how: training/losses.py. With very many items over a sample of them:
training/sampled.py.

Shapes: X [U, I], x [B, I] sparse, h [B, H], e [B, K], scores [B, I]; W_1^T is kept as `table` [I, H], whose rows are
gathered, so that the work of the first layer grows with the histories and not with the catalogue.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.nn import functional as F

from training import loop
from training.batches import Batch, batches, sum_of_rows
from training.losses import LOSSES as LOSSES  # what the models' settings name
from training.losses import reconstruction_loss
from training.model import Fitted, Run
from training.sampled import Sample, sample_size
from training.scorers import gather_sum, without_padding
from training.updates import Updates

PRECISIONS = ("float32", "tf32", "bfloat16")
PRECISION = "How matrices are multiplied on a GPU; on the CPU in float32 always."
N_SAMPLED = "Items drawn per update for a softmax over a sample; 0: over all; -1: 10,000 above 100,000 items, else all."


class DeepAutoencoder(nn.Module):
    """The four layers. A model adds its code: what stands between `to_code` and `decode`."""

    sample: Sample | None = None  # in training only: the rows of W_1^T and W_4 that an update reads; None: all

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

    def hidden(self, X: csr_array | Batch, dropout: float = 0.0) -> Tensor:
        """h [B, H] of sparse rows x [B, I]; a share of the input is dropped while training."""
        table, batch = self.table, Batch.of(X, self.bias.device)
        x = F.dropout(batch.normalized(), dropout, self.training)  # a zero dropped is still zero
        if self.sample is not None:
            table, batch = self.sample.rows_read(batch)
        return torch.tanh(sum_of_rows(table, x, batch) + self.bias)  # tanh(W_1 x / ||x|| + b_1)

    def hidden_when_serving(self, items: Tensor, weights: Tensor) -> Tensor:
        """The same h [B, H] from items and weights [B, L], in operations that can be exported."""
        items, weights = without_padding(items, weights, self.n_items)
        norms = weights.square().sum(dim=1, keepdim=True).sqrt().clamp_min(1e-12)  # an empty history stays 0
        return torch.tanh(gather_sum(self.table, items, weights / norms) + self.bias)

    def before_items(self, e: Tensor, dropout: float = 0.0) -> Tensor:
        return F.dropout(torch.tanh(self.from_code(e)), dropout, self.training)  # [B, H]

    def decode(self, e: Tensor, dropout: float = 0.0) -> Tensor:
        return self.to_items(self.before_items(e, dropout))  # [B, I]

    def distance(self, loss: str, e: Tensor, X: csr_array | Batch, dropout: float = 0.0) -> Tensor:
        """How far what is decoded from e [B, K] is from the profiles X [B, I]: one of `LOSSES`, per user [B]."""
        if self.sample is not None:
            return self.sample.loss(self.before_items(e, dropout), self.to_items.bias, Batch.of(X, e.device))
        return reconstruction_loss(loss, self.decode(e, dropout), X, in_place=True)  # nobody else reads the scores


def with_history(X: csr_array) -> csr_array:
    """The users that have a row to learn from: those held out whole have none."""
    return X[np.diff(X.indptr) > 0]


def users_per_update(n_users: int, batch_size: int) -> int:
    """As asked; or a fiftieth of the users, at least 100 and at most 500 as in Liang et al. where users abound."""
    return batch_size or min(max(n_users // 50, 100), 500)


def updates_per_epoch(n_users: int, batch_size: int) -> int:
    return math.ceil(n_users / users_per_update(n_users, batch_size))


def minimise(
    losses: Callable[[Batch, int], Tensor],
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
    config : has learning_rate, l2, averaging, batch_size, n_epochs, patience, precision and n_sampled; a loss or none

    Raises
    ------
    ModelError where a sample is asked for by n_sampled, and the loss is over all items
    """
    n_sampled = sample_size(config, X.shape[1])
    updates = Updates(model, config, touched=("table", "to_items.weight") if n_sampled else ())
    if n_sampled:
        model.sample = Sample(updates.tables["table"], updates.tables["to_items.weight"], X, n_sampled, rng.spawn(1)[0])
    watch = loop.Watch(updates.mean, run, config.n_epochs, config.patience, config.learning_rate)
    fold = loop.part_of(run.validation)
    batch_size = users_per_update(X.shape[0], config.batch_size)
    for _ in range(config.n_epochs):
        total = torch.zeros((), device=run.device)
        for batch in batches(X, batch_size, rng, run.device):
            with precision(config.precision, run.device):
                loss = losses(batch, updates.n_updates).mean()
                updates.step(loss)
            total += loss.detach() * batch.shape[0]
        mean = updates.up_to_date()
        value = loop.validate(lambda x, _, mean=mean: scores(mean, x), fold) if fold else None
        if watch.stop(total / X.shape[0], value):
            break
    watch.restore_best()
    details = {"best_epoch": watch.best_epoch} | ({"n_sampled": n_sampled} if n_sampled else {})
    return Fitted(updates.mean.cpu().eval(), watch.curve, details)


@contextmanager
def precision(name: str, device: torch.device) -> Iterator[None]:
    """How matrices are multiplied on a GPU within the block (`PRECISIONS`); on the CPU always in float32."""
    if device.type != "cuda":
        yield
        return
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest" if name == "float32" else "high")
    try:
        with torch.autocast("cuda", torch.bfloat16, enabled=name == "bfloat16"):
            yield
    finally:
        torch.set_float32_matmul_precision(before)
