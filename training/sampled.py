"""The softmax over a sample of the items, for catalogues of which a batch of users sees a small part.

The likelihood of one user's choices, - sum_i x_i (s_i - log Z) with Z = sum_j e^{s_j}, needs the scores of all items;
its gradient, all of W_4. Here Z is estimated from C candidates:

    T = what somebody of the batch chose, all of it
    D = every other item j, for itself, with probability q_j = min(1, c (n_j + 1)^0.5), sum_j q_j = n_sampled
    Z' = sum_{j in T} e^{s_j} + sum_{j in D} e^{s_j - log q_j}

Z' has the expectation Z (Horvitz and Thompson 1952, doi 10.1080/01621459.1952.10483446), whatever the scores. With
q_j = 1 it is Z. The gradient divides by Z', and its expectation is the full one but for an error of the order
1 / n_sampled. Sampling by importance is Bengio and Senecal 2008, doi 10.1109/TNN.2007.912312; - log q as a correction
of the scores within one softmax, and one sample for a whole batch, Jean, Cho, Memisevic, Bengio 2015, arXiv:1412.2007.

Differs from both: they draw with replacement, or divide a vocabulary into fixed parts; here an item is a candidate once
or not at all, and what a batch chose is there for certain, so that what matters most in Z is not left to chance.

A training step then reads and moves the rows of W_4 that are candidates, and the rows of W_1^T that are in somebody's
history, and no others: training/updates.py says how Adam, weight decay and the running mean are kept for them. Scores
are [B, C]: memory and time grow with the sample, not with the catalogue; what is kept per weight does.
"""

from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor

from training.batches import Batch
from training.losses import negative_log_likelihood
from training.updates import TouchedRows
from zoo.errors import ModelError

LARGE = 100_000  # items: above, a sample is drawn unless the settings say otherwise
N_SAMPLED = 10_000  # then


def sample_size(config: Any, n_items: int) -> int:
    """How many items are drawn for an update, beside those that its users chose; 0: the loss is over all items.

    Raises
    ------
    ModelError where a sample is asked for, and the loss is no softmax
    """
    is_softmax = getattr(config, "loss", "multinomial") == "multinomial"
    if config.n_sampled > 0 and not is_softmax:
        raise ModelError(
            f"n_sampled={config.n_sampled} draws items for the multinomial loss, and loss is {config.loss}. "
            f"Set loss=multinomial, or n_sampled=0."
        )
    if config.n_sampled >= 0:
        return min(config.n_sampled, n_items)
    return N_SAMPLED if is_softmax and n_items > LARGE else 0


def chances(n_chosen: np.ndarray, n_sampled: int) -> np.ndarray:
    """q [I]: by the root of popularity, at most 1, together n_sampled (at most I)."""
    weights = np.sqrt(n_chosen + 1.0)
    if n_sampled >= len(weights):
        return np.ones(len(weights))
    low, high = 0.0, len(weights) / weights.min()
    for _ in range(60):
        c = (low + high) / 2
        low, high = (c, high) if np.minimum(1.0, c * weights).sum() < n_sampled else (low, c)
    return np.minimum(1.0, high * weights)


class Sample:
    """The rows of W_1^T and of W_4 that an update reads."""

    def __init__(
        self, inputs: TouchedRows, outputs: TouchedRows, X: csr_array, n_sampled: int, rng: np.random.Generator
    ):
        self.inputs, self.outputs, self.rng = inputs, outputs, rng
        self.q = chances(np.bincount(X.indices, minlength=X.shape[1]), n_sampled)

    def rows_read(self, batch: Batch) -> tuple[Tensor, Batch]:
        """Of W_1^T what the batch's histories need [n, H], and the batch in these columns."""
        items = np.unique(batch.X.indices)
        return self.inputs.take(items), among(batch, items)

    def loss(self, hidden: Tensor, bias: Tensor, x: Batch) -> Tensor:
        """- sum_i x_i log(e^{s_i} / Z') per user [B], for s = W_4 hidden + bias."""
        chosen = np.unique(x.X.indices)
        candidate = self.rng.random(len(self.q)) < self.q
        candidate[chosen] = True
        log_q = np.log(self.q)
        log_q[chosen] = 0.0  # they are there for certain
        candidates = np.flatnonzero(candidate)  # [C]
        rows = torch.from_numpy(candidates).to(hidden.device)
        correction = torch.from_numpy(log_q[candidates].astype(np.float32)).to(hidden.device)
        scores = torch.addmm(bias[rows] - correction, hidden, self.outputs.take(candidates).T)  # [B, C]
        return negative_log_likelihood(scores, among(x, candidates), in_place=True)


def among(batch: Batch, columns: np.ndarray) -> Batch:
    """The same entries, in a matrix of these columns only, sorted; they have all that is stored."""
    X = batch.X
    places = np.searchsorted(columns, X.indices)
    narrow = csr_array((X.data, places, X.indptr), shape=(X.shape[0], len(columns)))
    return Batch.of(narrow, batch.weights.device)
