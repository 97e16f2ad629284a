"""EASE: a linear autoencoder without a hidden layer, in which no item may recommend itself. Closed form.

Steck 2019, "Embarrassingly Shallow Autoencoders for Sparse Data", arXiv:1905.03375.

    S = argmin ||X - X S||_F^2 + l2 ||S||_F^2   subject to   diag(S) = 0             scores = x S

Derivation. With one multiplier gamma_j per constraint S_jj = 0 (doubled, so that no 2 is left), the Lagrangian is

    ||X - X S||_F^2 + l2 ||S||_F^2 + 2 sum_j gamma_j S_jj

and its gradient vanishes where (X^T X + l2 I) S = X^T X - diag(gamma). With P = (X^T X + l2 I)^-1:

    S = P (P^-1 - l2 I - diag(gamma)) = I - P diag(l2 + gamma)
    diag(S) = 0   =>   (l2 + gamma_j) P_jj = 1   =>   gamma = 1 / diag(P) - l2       S = I - P diag(1 / diag P)

So S_ij = -P_ij / P_jj off the diagonal. 1 / P_jj is the Schur complement of all other items in X^T X + l2 I, hence

    gamma_j = min over s without s_j of ||x_j - X s||^2 + l2 ||s||^2

what column j leaves of the objective: large for a popular item that no other explains. sum_j gamma_j is its minimum.

Shapes: X [U, I]; X^T X, P and S [I, I] float32 in the same 4 I^2 bytes (10,000 items: 0.4 GB; 40,981: 6.7 GB).
Time: I^3 operations at most, all of them in matrix products (training/inverse.py); where users are fewer than items,
U^3, by way of the users (training/few_users.py): the same S. Both are predicted, said and compared with what there is
before anything is allocated.

Precision. X^T X + l2 I has no eigenvalue below l2, so its condition is at most (largest eigenvalue of X^T X + l2) / l2,
and float32 loses about so many times 6e-8. Beyond `SAFE_CONDITION` float64 is taken, at twice the memory. Afterwards
some columns of P are multiplied back with X itself: what they miss of the identity is on the card (`residual`).

Differs from the paper:
1. X may hold weights (counts); the paper's experiments use 0/1. What is learned is then served on the same weights.
2. float32, inverted in place of one triangle by halves, with Strassen's products, not by a library's inverse.

    menagerie train ease --data interactions.parquet --out zoo --set l2=100
    python -m training.ease --help

Expected: nDCG@100 0.411 on MovieLens latest-small (61 test users of strong:98765; 95 % interval 0.359 to 0.464),
2.07 times popularity's 0.199.
"""

import time
from dataclasses import dataclass

import torch
from scipy.sparse import csr_array
from torch import Tensor

from training import few_users, inverse
from training.gram import STRIP, gram, largest_eigenvalue, mirror, residual
from training.inverse import inverse_in_place
from training.memory import available_bytes
from training.model import Fitted, Run, Step, setting
from training.scorers import ItemItem
from zoo.card import About
from zoo.errors import ModelError

ABOUT = About(
    name="ease",
    title="EASE",
    family="linear autoencoder",
    summary="Adds up, over everything in your history, how strongly each item speaks for each other one.",
    equation=r"S = I - P \operatorname{diag}(1 / \operatorname{diag} P), \quad P = (X^\top X + \lambda I)^{-1}",
    paper="Steck 2019, arXiv:1905.03375",
    dislikes="linear",
    item_item=True,
)

SAFE_CONDITION = 1e5  # of X^T X + l2 I in float32: below a percent of P is lost
WRONG = 0.05  # a residual that no user of S should meet
PRECISIONS = {"float32": torch.float32, "float64": torch.float64}
PROBE = 1536  # of the square product that tells how fast this device is
OVERHEAD = 1.3  # a fit takes so many times the arithmetic alone, measured at 10,000 items


@dataclass(frozen=True)
class Config:
    l2: float = setting(100.0, "Weight of ||S||^2, in squared units of X: larger for fewer users.", low=1e-6)
    precision: str = setting(
        "auto", "Of the inverse; auto: float64 where float32 would be off.", choices=("auto", *PRECISIONS)
    )


def weights_in_place(G: Tensor) -> tuple[Tensor, Tensor]:
    """From -P in the lower triangle of G to S in all of it. Returns S (the memory of G) and diag(P) [I]."""
    P_diagonal = -G.diagonal()  # a copy: negation makes one
    mirror(G)  # P is symmetric
    G /= P_diagonal  # S_ij = -P_ij / P_jj
    G.diagonal().zero_()  # diag(S) = 0: an item may not recommend itself
    return G, P_diagonal


@dataclass(frozen=True)
class Plan:
    """What a fit will take, known before it starts."""

    dtype: torch.dtype
    condition: float  # of X^T X + l2 I, from above
    bytes: int  # at its peak, beside X
    seconds: float
    through_users: bool  # whether the users' Gram matrix is inverted, not the items'

    def __str__(self) -> str:
        kind = str(self.dtype).removeprefix("torch.") + ", by way of the users" * self.through_users
        time = f"{self.seconds:.0f} s" if self.seconds < 180 else f"{self.seconds / 60:.0f} min"
        return f"{kind}, {self.bytes / 2**30:.2f} GiB and about {time} ahead (condition at most {self.condition:.1e})"


def plan(X: csr_array, config: Config, device: torch.device) -> Plan:
    """Precision, memory and time of a fit to X [U, I]."""
    n_users, n_items = X.shape
    condition = (1.05 * largest_eigenvalue(X) + config.l2) / config.l2  # the power method comes from below
    safe = "float32" if condition <= SAFE_CONDITION else "float64"
    dtype = PRECISIONS[safe if config.precision == "auto" else config.precision]
    through_users = few_users.worth_it(n_users, n_items, device)
    n = n_users if through_users else n_items  # columns of what is inverted
    panels, operations = max(4 * n * STRIP, inverse.panels(n, device)), n**3
    if through_users:
        panels = max(panels, few_users.panels(n_users, n_items))
        operations += few_users.SLOWER * X.nnz * (2 * n_users + n_items)
    narrow = 4 * n_items**2 if dtype == torch.float64 else 0  # S itself is float32
    seconds = seconds_for(operations, dtype, device)
    return Plan(dtype, condition, dtype.itemsize * (n_items**2 + panels) + narrow, seconds, through_users)


def seconds_for(operations: int, dtype: torch.dtype, device: torch.device) -> float:
    """So many operations at the rate at which a product of two small squares ran just now."""
    n = min(PROBE, max(64, round(operations ** (1 / 3))))
    a = torch.ones(n, n, dtype=dtype, device=device)
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        float((a @ a)[0, 0])  # waits for a GPU too
        best = min(best, time.perf_counter() - start)
    return OVERHEAD * operations * best / (2 * n**3)


def check_it_fits(what: Plan, n_items: int, available: int | None) -> None:
    """Raises a `ModelError` with the alternatives where memory would not do. available : bytes; None: not known"""
    if available is not None and what.bytes > available:
        raise ModelError(
            f"EASE on {n_items:,} items needs {what.bytes / 2**30:.1f} GiB, and {available / 2**30:.1f} GiB are free. "
            "Train ease_sparse, which keeps the strongest weights only, or leave rare items out (--min-item N), "
            "or take a machine with more memory."
        )


def minus_inverse(X: csr_array, l2: float, ahead: Plan, run: Run) -> Tensor:
    """-(X^T X + l2 I)^-1 in the lower triangle of [I, I], as was planned."""

    def step(done: int, total: int) -> None:
        run.report(Step(done, total, "columns"))

    if ahead.through_users:
        return few_users.minus_inverse(X, l2, ahead.dtype, step)
    return inverse_in_place(gram(X, l2, run.device, ahead.dtype), step)


def fit(X: csr_array, config: Config, run: Run) -> Fitted:
    ahead = plan(X, config, run.device)
    check_it_fits(ahead, X.shape[1], available_bytes(run.device))
    run.say(str(ahead))
    minus_P = minus_inverse(X, config.l2, ahead, run)  # of X^T X + l2 I
    off = residual(X, config.l2, minus_P)
    if off > WRONG:
        raise ModelError(
            f"The inverse of X^T X + l2 I came out wrong by {off:.1g} (0 is exact); nothing was published. "
            "Train EASE again with --set precision=float64, or a larger l2."
        )
    S, P_diagonal = weights_in_place(minus_P)
    gamma = 1.0 / P_diagonal.double() - config.l2  # the Lagrange multipliers                                 [I]
    details = {
        "objective": float(gamma.sum()),
        "largest_multiplier": float(gamma.max()),
        "precision": str(ahead.dtype).removeprefix("torch."),
        "condition": ahead.condition,
        "residual": off,
        "inverted": "X X^T + l2 I, users by users" if ahead.through_users else "X^T X + l2 I, items by items",
    }
    return Fitted(ItemItem(S.float().cpu()), curve=[], details=details)


def main() -> None:
    from training import command

    command.main(ABOUT.name)


if __name__ == "__main__":
    main()
