"""What follows each backward pass of a deep autoencoder: Adam, weight decay, and the running mean of the weights.

Adam (Kingma and Ba 2015, arXiv:1412.6980) with decoupled weight decay (AdamW: Loshchilov and Hutter 2019,
arXiv:1711.05101), for update number n with gradient g of a weight w:

    w = (1 - rate l2) w                                   matrices only
    m = 0.9 m + 0.1 g          v = 0.999 v + 0.001 g^2
    w = w - rate (m / (1 - 0.9^n)) / (sqrt(v / (1 - 0.999^n)) + 1e-8)
    mean = averaging mean + (1 - averaging) w             mean = w at the first update

`TouchedRows` does the same on those rows of a table [N, H] that an update has read: for catalogues of which a batch
sees a small part (training/sampled.py). What an untouched row misses:

    its mean      nothing: w stood still for t updates, so mean = w + averaging^t (mean - w) when it is next touched
    its decay     nothing, but it comes late: (1 - rate l2)^t at once
    Adam          m and v do not fade meanwhile, and w does not drift on by m: this differs from Adam, as PyTorch's
                  SparseAdam does
"""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8  # PyTorch's and the paper's


def adam(weights: list[nn.Parameter], learning_rate: float, l2: float = 0.0) -> torch.optim.Optimizer:
    """Adam; matrices shrink by learning_rate * l2 of their size per update (decoupled, as in AdamW), biases do not."""
    matrices = [weight for weight in weights if weight.ndim > 1]
    biases = [weight for weight in weights if weight.ndim == 1]
    groups = [{"params": matrices, "weight_decay": l2}, {"params": biases, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=learning_rate, betas=(BETA_1, BETA_2), eps=EPSILON, fused=True)


class TouchedRows:
    """A table [N, H] and its running mean: an update takes some rows, and moves no other one."""

    def __init__(self, table: nn.Parameter, mean: Tensor, config: Any):
        self.table, self.mean = table.detach(), mean.detach()  # the same memory
        self.learning_rate, self.l2, self.averaging = config.learning_rate, config.l2, config.averaging
        self.m, self.v = torch.zeros_like(self.table), torch.zeros_like(self.table)
        self.n_updates = 0
        self.touched_at = torch.zeros(len(table), dtype=torch.int64, device=table.device)  # each row's last update
        self.averaged_at = self.touched_at.clone()  # the update that its mean is of: later, after `catch_up`
        self.rows = torch.empty(0, dtype=torch.int64)
        self.taken: Tensor | None = None

    def take(self, rows: np.ndarray) -> Tensor:
        """These rows [n, H], each once, to compute a loss with; `step` moves them."""
        self.rows = torch.from_numpy(rows).to(self.table.device)
        self.taken = self.table[self.rows].requires_grad_()
        return self.taken

    @torch.no_grad()
    def step(self) -> None:
        self.n_updates += 1
        rows, n, g = self.rows, self.n_updates, self.taken.grad
        still = (n - 1 - self.touched_at[rows])[:, None]  # updates that went by without these rows
        w = self.taken.detach()
        mean = self.mean_of(rows, n - 1)
        w = w * (1.0 - self.learning_rate * self.l2) ** (still + 1)
        m = self.m[rows].lerp_(g, 1.0 - BETA_1)
        v = self.v[rows].mul_(BETA_2).addcmul_(g, g, value=1.0 - BETA_2)
        w = w.addcdiv_(
            m, (v / (1.0 - BETA_2**n)).sqrt_().add_(EPSILON), value=-self.learning_rate / (1.0 - BETA_1**n)
        )  # fmt: skip
        self.mean[rows] = w if n == 1 else mean.lerp_(w, 1.0 - self.averaging)
        self.table[rows], self.m[rows], self.v[rows] = w, m, v
        self.touched_at[rows] = self.averaged_at[rows] = n
        self.taken = None

    def mean_of(self, rows: Tensor, n: int) -> Tensor:
        """The mean of rows after n updates, of which the last ones did not touch them."""
        still = (n - self.averaged_at[rows])[:, None]
        return torch.lerp(self.table[rows], self.mean[rows], self.averaging**still)

    @torch.no_grad()
    def catch_up(self) -> None:
        """Brings the mean of the rows that stood still to what it is now."""
        for block in torch.arange(len(self.table), device=self.table.device).split(4096):
            self.mean[block] = self.mean_of(block, self.n_updates)
        self.averaged_at.fill_(self.n_updates)


class Updates:
    """Adam on a model's weights, and their running mean (`mean`), a model of its own: what is validated and served."""

    def __init__(self, model: nn.Module, config: Any, touched: Iterable[str] = ()):
        """touched: names of tables of which an update reads some rows (`tables`, to take them from)"""
        self.mean = deepcopy(model).eval()
        self.averaging, self.n_updates = config.averaging, 0
        weights, means = dict(model.named_parameters()), dict(self.mean.named_parameters())
        self.tables = {name: TouchedRows(weights.pop(name), means.pop(name), config) for name in touched}
        self.weights, self.means = list(weights.values()), [weight.detach() for weight in means.values()]
        self.optimizer = adam(self.weights, config.learning_rate, config.l2)

    def step(self, loss: Tensor) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        with torch.no_grad():
            now = 1.0 if self.n_updates == 0 else 1.0 - self.averaging
            torch._foreach_lerp_(self.means, self.weights, now)
        for table in self.tables.values():
            table.step()
        self.n_updates += 1

    def up_to_date(self) -> nn.Module:
        """The running mean after the last update, also of rows that were not touched lately."""
        for table in self.tables.values():
            table.catch_up()
        return self.mean
