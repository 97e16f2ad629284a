"""AsymmetricSVD: a linear autoencoder with two free matrices, trained on what people choose next to what they chose.

After the Asymmetric-SVD of Koren 2008, "Factorization Meets the Neighborhood: a Multifaceted Collaborative Filtering
Model", KDD, doi 10.1145/1401890.1401944: a user is the sum of the item vectors of the history, so that a new profile
needs no training.

    embedding e = x W_in          scores = e W_out = x S,   S = W_in W_out: rank K          no bias, no activation

    softmax    - sum_i x_i log softmax_i(scores)         the input x is divided by its length
    mse        || x - scores ||^2                        the input x as it is
    loss = sum over users of one of the two + l2 (||W_in||^2 + ||W_out||^2),     e = drop(x) W_in in training

When S is symmetric. With squared error and no dropout it is, at the optimum. With G = X^T X = V diag(d^2) V^T:

    l2 = 0    X S is the best approximation of X of rank K (Eckart-Young): S = V_K V_K^T, PureSVD, where G is invertible
              and d_K > d_K+1; else S is free where there are no data (if X N = 0, S + N is as good: not symmetric)
    l2 > 0    every critical point has W_in = W_out^T; the best one is S = V_K diag(max(0, 1 - l2 / d^2)) V_K^T
              Kunin, Bloom, Goeva, Seed 2019, "Loss Landscapes of Regularized Linear Autoencoders", arXiv:1901.08168

Other losses and noise make it asymmetric. Dropout of a share p adds p / (1 - p) sum_i G_ii ||S_i||^2 to the expected
squared error, a price by popularity: S = (G + L)^-1 G at full rank, L = p / (1 - p) diag(G), symmetric only where L and
G commute. tests/training/test_linear_theory.py shows all of it. The card tells ||S - S^T|| / ||S|| (Frobenius).

Shapes: x [B, I], W_in [I, K], W_out [K, I], e [B, K], scores [B, I]. S is never formed.

Differs from the paper:
1. No biases and no baseline: Koren predicts ratings, and sums residuals r_uj - b_uj beside the implicit feedback; here
   a user chose an item or not, and there is one W_in in place of the two sums.
2. The sum is divided by the length of x only in training, and with softmax only: in serving it would change no list.
3. Every item is a target for every user, in batches of users with Adam; Koren runs through the ratings one by one.
4. l2 makes an item that nobody chose say nothing: nothing else moves its row of W_in from where it started.
5. Input dropout: without it S comes near the identity as K grows, and recommends what one already has.
6. The weights served are a running mean over the updates (decay `averaging`), those of the epoch with the highest
   nDCG@100 on the validation users.

    menagerie train asymmetric_svd --data interactions.parquet --out zoo --set loss=softmax dropout=0.5
    python -m training.asymmetric_svd --help

Expected: nDCG@100 0.409 on MovieLens latest-small (61 test users of strong:98765; 95 % interval 0.355 to 0.463), at an
asymmetry of 1.07; PureSVD 0.398, EASE 0.411. On validation, by which the settings were chosen: 0.467, EASE 0.471.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from training import loop
from training.batches import Batch, batches, sum_of_rows
from training.losses import reconstruction_loss
from training.model import Fitted, Run, setting
from training.scorers import LinearAutoencoder
from zoo.card import About

ABOUT = About(
    name="asymmetric_svd",
    title="AsymmetricSVD",
    family="linear autoencoder",
    summary="Squeezes your history through a few tastes by one table, and reads it back out by another.",
    equation=r"S = W_\mathrm{in} W_\mathrm{out} \neq S^\top, \quad s = x S",
    paper="after Koren 2008, doi:10.1145/1401890.1401944",
    dislikes="linear",
)


@dataclass(frozen=True)
class Config:
    loss: str = setting("softmax", "What is minimised.", choices=("softmax", "mse"))
    n_factors: int = setting(256, "Length of the embedding (K).", low=1)
    tied: bool = setting(False, "Whether W_out = W_in^T; then S is symmetric.")
    dropout: float = setting(0.5, "Share of the input items dropped in training.", low=0.0, high=0.95)
    l2: float = setting(1.0, "Weight of ||W_in||^2 + ||W_out||^2, beside the loss of all users together.", low=0.0)
    learning_rate: float = setting(1e-2, "Step of Adam.", low=1e-8, high=1.0)
    averaging: float = setting(0.98, "Decay of the running mean of the weights, per update.", low=0.0, high=0.9999)
    batch_size: int = setting(0, "Users per update; 0: a fiftieth of them, at least 100 and at most 500.", low=0)
    n_epochs: int = setting(100, "Passes over the users, at most.", low=1)
    patience: int = setting(10, "Epochs without a better validation nDCG@100 before stopping.", low=1)


class Factors(nn.Module):
    """W_in and W_out while they are learned; tied, there is one of them."""

    def __init__(self, n_items: int, config: Config):
        super().__init__()
        self.dropout, self.normalized = config.dropout, config.loss == "softmax"
        self.W_in = nn.Parameter(0.05 * torch.randn(n_items, config.n_factors))
        self.free_W_out = None if config.tied else nn.Parameter(0.05 * torch.randn(config.n_factors, n_items))

    @property
    def W_out(self) -> Tensor:
        return self.W_in.T if self.free_W_out is None else self.free_W_out

    def forward(self, X: csr_array | Batch) -> Tensor:
        """Scores [B, I] of sparse rows x; drops input items while training."""
        batch = Batch.of(X, self.W_in.device)
        x = F.dropout(batch.normalized() if self.normalized else batch.weights, self.dropout, self.training)
        return sum_of_rows(self.W_in, x, batch) @ self.W_out

    def lengths(self) -> Tensor:
        """||W_in||^2 + ||W_out||^2"""
        return self.W_in.square().sum() + self.W_out.square().sum()


LOSSES = {"softmax": "multinomial", "mse": "mse"}  # in the words of training/losses.py


def asymmetry(W_in: Tensor, W_out: Tensor) -> float:
    """||S - S^T||_F / ||S||_F of S = W_in W_out, from K x K products: 0 where symmetric, sqrt(2) where S_ij S_ji = 0.

    ||S - S^T||^2 = 2 ||S||^2 - 2 tr(S S)
    """
    W_in, W_out = W_in.double(), W_out.double()
    squared = float(((W_in.T @ W_in) * (W_out @ W_out.T)).sum())  # ||S||^2 = tr(W_in^T W_in W_out W_out^T)
    M = W_out @ W_in  # tr(S S) = tr(M M)                                                                  [K, K]
    return max(0.0, 2.0 - 2.0 * float((M * M.T).sum()) / squared) ** 0.5 if squared else 0.0


def rank(W_in: Tensor, W_out: Tensor) -> int:
    """The rank of W_in W_out: that of the triangles of their QR decompositions."""
    R_in, R_out = (torch.linalg.qr(W.double(), mode="r").R for W in (W_in, W_out.T))
    return int(torch.linalg.matrix_rank(R_in @ R_out.T))


def fit(X: csr_array, config: Config, run: Run) -> Fitted:
    rng = loop.seeded(run.seed)
    X = X[np.diff(X.indptr) > 0]  # users held out whole have no row to learn from
    n_users = X.shape[0]
    model = Factors(X.shape[1], config).to(run.device)
    mean = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(config.averaging)).eval()  # what is served
    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate, fused=True)
    watch = loop.Watch(mean.module, run, config.n_epochs, config.patience, config.learning_rate)
    fold = loop.part_of(run.validation)
    batch_size = config.batch_size or min(max(n_users // 50, 100), 500)
    for _ in range(config.n_epochs):
        total = torch.zeros((), device=run.device)
        for x in batches(X, batch_size, rng, run.device):
            far = reconstruction_loss(LOSSES[config.loss], model(x), x, in_place=True)  # [B]
            loss = far.mean() + config.l2 / n_users * model.lengths()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            mean.update_parameters(model)
            total += loss.detach() * x.shape[0]
        if watch.stop(total / n_users, loop.validate(lambda x, _: mean.module(x), fold) if fold else None):
            break
    watch.restore_best()
    return served(mean.module, watch)


def served(model: Factors, watch: loop.Watch) -> Fitted:
    W_in, W_out = model.W_in.detach().cpu(), model.W_out.detach().cpu()
    scorer = LinearAutoencoder(W_in) if model.free_W_out is None else LinearAutoencoder(W_in, W_out)
    facts = {"best_epoch": watch.best_epoch, "rank": rank(W_in, W_out), "asymmetry": asymmetry(W_in, W_out)}
    return Fitted(scorer, watch.curve, facts)


def main() -> None:
    from training import command

    command.main(ABOUT.name)


if __name__ == "__main__":
    main()
