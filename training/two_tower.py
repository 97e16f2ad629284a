"""Two-tower, one-hot user x one-hot item: matrix factorisation. Memory-based: it knows only the users of its training.

    e_u = E_users[u], e_i = E_items[i]          a tower whose input is one-hot is a table
    s_ui = e_u . e_i                            no bias, no activation

Losses, over the pairs (u, i) that occur in X, in batches of B:

    bpr                mean of -log sigmoid(s_ui - s_uj), j drawn evenly from the items that u did not choose
                       Rendle, Freudenthaler, Gantner, Schmidt-Thieme 2009, arXiv:1205.2618
    sampled_softmax    mean of -log( e^s_ui / (e^s_ui + sum_j e^(s_uj - log((B - 1) q_j))) ), j over the other items of
                       the batch, q_j = share of the pairs that are of item j
                       Yi et al. 2019, "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations",
                       doi 10.1145/3298689.3346996. Without log q popular items, often drawn as negatives, sink too low.

    + l2 (||e_u||^2 + ||e_i||^2 + ...), mean over the pairs of the batch

Shapes: E_users [U, K], E_items [I, K]; a batch: e_u [B, K], e_i [B, K], negatives [B, N, K], logits [B, B].

Differs from the papers:
1. Adam on shuffled batches, each pair once per epoch, its means renewed only where a batch touched (SparseAdam: the
   cost of a step does not grow with U and I); BPR's paper draws single triples with plain gradient descent.
2. N negatives per pair, not one (bpr).
3. q is counted from the data; Yi et al. estimate it from a stream. An item never competes with itself in a batch, and
   its own score is not corrected: it is there for certain (Khrylchenko et al. 2025, arXiv:2507.09331, say why).
4. Counts and ratings in X are not used: a pair occurs or does not.
5. Early stopping where the validation users are known to training (leave-last-out, column with validation);
   where users are held out whole nothing can be measured: the number of epochs is fixed, and the card says so.

    menagerie train two_tower_id --data interactions.parquet --out zoo --split leave-last-out --set loss=bpr
    python -m training.two_tower --help

Expected: recall@20 0.120 on MovieLens latest-small under leave-last-out (610 test users; 95 % interval 0.095 to 0.146);
popularity 0.070 (0.053 to 0.092).
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.nn import functional as F

from training import loop
from training.model import Fitted, Run, setting
from training.scorers import DotProduct
from zoo.card import About
from zoo.errors import ModelError
from zoo.split import Fold

ABOUT = About(
    name="two_tower_id",
    title="Two-tower (id)",
    family="two-tower",
    summary="Remembers one point per person and one per item, and offers what lies in your direction.",
    equation=r"s_{ui} = e_u^\top e_i",
    paper="Rendle et al. 2009, arXiv:1205.2618; Yi et al. 2019, doi:10.1145/3298689.3346996",
    input="users",
    dislikes="exempt",  # there is no vector of "whoever dislikes this"
)


@dataclass(frozen=True)
class Config:
    loss: str = setting("sampled_softmax", "What is minimised.", choices=("bpr", "sampled_softmax"))
    n_factors: int = setting(64, "Length of an embedding (K).", low=1)
    n_negatives: int = setting(4, "Items drawn against each chosen one (bpr only).", low=1)
    l2: float = setting(1e-3, "Weight of the squared length of the embeddings.", low=0.0)
    learning_rate: float = setting(5e-3, "Step of Adam.", low=1e-8, high=1.0)
    batch_size: int = setting(512, "Pairs per update; with sampled_softmax also the number of negatives.", low=2)
    n_epochs: int = setting(20, "Passes over the pairs: at most, or exactly where nothing can be validated.", low=1)
    patience: int = setting(5, "Epochs without a better validation nDCG@100 before stopping.", low=1)


class OneHot(nn.Module):
    """A tower whose only input is who it is: indices int64 [B] (or [B, N]) -> embeddings [B, K] (or [B, N, K])."""

    def __init__(self, n: int, n_factors: int):
        super().__init__()
        self.table = nn.Parameter(0.1 * torch.randn(n, n_factors))

    def forward(self, idx: Tensor) -> Tensor:
        return F.embedding(idx, self.table, sparse=True)


class TwoTower(nn.Module):
    """A user tower and an item tower: any two modules that give vectors of the same length."""

    def __init__(self, users: nn.Module, items: nn.Module):
        super().__init__()
        self.users, self.items = users, items


class Pairs:
    """What is learned from: each pair (u, i) of X [U, I] once, how popular the items are, and what u did not choose."""

    def __init__(self, X: csr_array):
        X = X.sorted_indices()
        n_users, self.n_items = X.shape
        self.users = np.repeat(np.arange(n_users), np.diff(X.indptr))  # int64 [n]
        self.items = X.indices.astype(np.int64)  # int64 [n]
        self.n_chosen = np.diff(X.indptr).astype(np.int64)  # [U]
        share = np.bincount(self.items, minlength=self.n_items).clip(1) / max(1, len(self.items))
        self.log_q = torch.from_numpy(np.log(share)).float()  # [I]; an item of no pair is never drawn: any number does
        self._starts = X.indptr[:-1].astype(np.int64)
        t = np.arange(len(self.items)) - self._starts[self.users]  # 0, 1, ... within each user
        self._keys = self.users * (self.n_items + 1) + self.items - t  # ascending

    def draw_not_chosen(self, users: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
        """Items [B, n] that these users [B] did not choose, each equally likely, without rejection and without a loop.

        With u's items p_0 < p_1 < ..., p_t - t items below p_t are not chosen; so the r-th item that is not chosen
        (from 0) is r + |{t : p_t - t <= r}|. One search in one sorted array counts them for the whole batch.
        """
        r = rng.integers(0, (self.n_items - self.n_chosen[users])[:, None], size=(len(users), n))
        below = np.searchsorted(self._keys, users[:, None] * (self.n_items + 1) + r, side="right")
        return r + below - self._starts[users][:, None]


def bpr(e_u: Tensor, e_i: Tensor, e_j: Tensor) -> Tensor:
    """-log sigmoid(s_ui - s_uj), mean over pairs and negatives. e_u, e_i [B, K], e_j [B, N, K]."""
    s_ui = (e_u * e_i).sum(dim=1, keepdim=True)  # [B, 1]
    s_uj = torch.einsum("bk,bnk->bn", e_u, e_j)
    return -F.logsigmoid(s_ui - s_uj).mean()


def sampled_softmax(e_u: Tensor, e_i: Tensor, items: Tensor, log_q: Tensor) -> Tensor:
    """-log of the share of e^{s_ui} in e^{s_ui} + sum_j e^{s_uj} / ((B - 1) q_j), mean. e [B, K], items [B], log_q [I].

    j runs over the other pairs' items; item j is expected (B - 1) q_j times among them, so that the sum estimates the
    full softmax's. The same item again is no negative.
    """
    B = len(items)
    log_expected = log_q[items] + math.log(max(1, B - 1))  # how often j is among the negatives                  [B]
    same = (items[:, None] == items[None, :]).fill_diagonal_(False)
    logits = torch.addmm(-log_expected, e_u, e_i.T)  # column j: the item of pair j                            [B, B]
    logits = logits.masked_fill_(same, -torch.inf)
    own = logits.diagonal() + log_expected  # s_ui: there for certain, hence not corrected
    return (torch.diagonal_scatter(logits, own).logsumexp(dim=1) - own).mean()


def batch_loss(model: TwoTower, pairs: Pairs, batch: np.ndarray, config: Config, rng: np.random.Generator) -> Tensor:
    """The loss of the pairs with these numbers, int64 [B], the price of their embeddings' lengths included."""
    device = next(model.parameters()).device
    u, i = (torch.from_numpy(idx[batch]).to(device) for idx in (pairs.users, pairs.items))
    e_u, e_i = model.users(u), model.items(i)  # [B, K] each
    lengths = e_u.square().sum() + e_i.square().sum()
    if config.loss == "bpr":
        j = pairs.draw_not_chosen(pairs.users[batch], config.n_negatives, rng)
        e_j = model.items(torch.from_numpy(j).to(device))  # [B, N, K]
        lengths = lengths + e_j.square().sum() / config.n_negatives
        loss = bpr(e_u, e_i, e_j)
    else:
        loss = sampled_softmax(e_u, e_i, i, pairs.log_q.to(device))
    return loss + config.l2 * lengths / len(batch)


def fit(X: csr_array, config: Config, run: Run) -> Fitted:
    rng = loop.seeded(run.seed)
    pairs = Pairs(X)
    trainable = np.flatnonzero(pairs.n_chosen[pairs.users] < X.shape[1])  # who chose everything teaches nothing
    if not len(trainable):
        raise ModelError("Nobody in the data left an item out; two_tower_id has nothing to tell apart.")
    model = TwoTower(*(OneHot(n, config.n_factors) for n in X.shape)).to(run.device)
    optimizer = torch.optim.SparseAdam(model.parameters(), lr=config.learning_rate)
    watch = loop.Watch(model, run, config.n_epochs, config.patience, config.learning_rate)
    fold = known_users(run.validation, pairs.n_chosen)
    for _ in range(config.n_epochs):
        total = torch.zeros((), device=run.device)
        for batch in loop.shuffled(len(trainable), config.batch_size, rng):
            loss = batch_loss(model, pairs, trainable[batch], config, rng)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(batch)
        if watch.stop(total / len(trainable), validate(model, fold)):
            break
    watch.restore_best()
    E_users, E_items = model.users.table.detach().cpu(), model.items.table.detach().cpu()
    E_users[pairs.n_chosen == 0] = 0.0  # never trained: says nothing
    how = "best epoch on validation" if fold else "fixed number of epochs: no validation user is known to training"
    return Fitted(DotProduct(E_users, E_items), watch.curve, {"best_epoch": watch.best_epoch, "stopping": how})


def known_users(fold: Fold | None, n_chosen: np.ndarray) -> Fold | None:
    """The part of the fold that this model can be asked: users with a row in training. None where there are none."""
    return loop.part_of(fold, np.flatnonzero(n_chosen[fold.user_idx] > 0)) if fold else None


def validate(model: TwoTower, fold: Fold | None) -> float | None:
    users, items = model.users.table, model.items.table
    return loop.validate(lambda _, user_idx: users[torch.from_numpy(user_idx)] @ items.T, fold) if fold else None


def main() -> None:
    from training import command

    command.main(ABOUT.name)


if __name__ == "__main__":
    main()
