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
Time: I^3 operations, all of them in matrix products (training/gram.py). Both are predicted, said and compared with what
there is before anything is allocated.

Precision. X^T X + l2 I has no eigenvalue below l2, so its condition is at most (largest eigenvalue of X^T X + l2) / l2,
and float32 loses about so many times 6e-8. Beyond `SAFE_CONDITION` float64 is taken, at twice the memory. Afterwards
some columns of P are multiplied back with X itself: what they miss of the identity is on the card (`residual`).

Differs from the paper:
1. X may hold weights (counts); the paper's experiments use 0/1. What is learned is then served on the same weights.
2. float32, inverted in place by a blocked symmetric sweep over one triangle, not by a library's inverse.

    menagerie train ease --data interactions.parquet --out zoo --set l2=100
    python -m training.ease --help

Expected: nDCG@100 0.411 on MovieLens latest-small (61 test users of strong:98765; 95 % interval 0.359 to 0.462),
2.07 times popularity's 0.199.
"""

import time
from dataclasses import dataclass

import torch
from scipy.sparse import csr_array
from torch import Tensor

from training.gram import STRIP, block_for, gram, inverse_in_place, largest_eigenvalue, residual
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
OVERHEAD = 1.6  # a fit takes so many times the arithmetic alone, measured at 10,000 items


@dataclass(frozen=True)
class Config:
    l2: float = setting(100.0, "Weight of ||S||^2, in squared units of X: larger for fewer users.", low=1e-6)
    precision: str = setting(
        "auto", "Of the inverse; auto: float64 where float32 would be off.", choices=("auto", *PRECISIONS)
    )


def weights_in_place(G: Tensor) -> tuple[Tensor, Tensor]:
    """From -P in the lower triangle of G to S in all of it. Returns S (the memory of G) and diag(P) [I]."""
    P_diagonal = -G.diagonal()  # a copy: negation makes one
    for start in range(0, len(G), STRIP):
        stop = start + STRIP
        G[start:stop, stop:] = G[stop:, start:stop].T  # P is symmetric
        lower = G[start:stop, start:stop].tril()
        G[start:stop, start:stop] = lower + lower.tril(-1).T
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

    def __str__(self) -> str:
        kind = str(self.dtype).removeprefix("torch.")
        time = f"{self.seconds:.0f} s" if self.seconds < 180 else f"{self.seconds / 60:.0f} min"
        return f"{kind}, {self.bytes / 2**30:.2f} GiB and about {time} ahead (condition at most {self.condition:.1e})"


def plan(X: csr_array, config: Config, device: torch.device) -> Plan:
    """Precision, memory and time of a fit to X [U, I]."""
    n_items = X.shape[1]
    condition = (1.05 * largest_eigenvalue(X) + config.l2) / config.l2  # the power method comes from below
    safe = "float32" if condition <= SAFE_CONDITION else "float64"
    dtype = PRECISIONS[safe if config.precision == "auto" else config.precision]
    panels = 4 * dtype.itemsize * n_items * max(block_for(n_items, device), STRIP)
    narrow = 4 * n_items**2 if dtype == torch.float64 else 0  # S itself is float32
    return Plan(dtype, condition, dtype.itemsize * n_items**2 + panels + narrow, seconds_for(n_items, dtype, device))


def seconds_for(n_items: int, dtype: torch.dtype, device: torch.device) -> float:
    """I^3 operations at the rate at which a product of two small squares ran just now."""
    n = min(PROBE, max(64, n_items))
    a = torch.ones(n, n, dtype=dtype, device=device)
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        float((a @ a)[0, 0])  # waits for a GPU too
        best = min(best, time.perf_counter() - start)
    return OVERHEAD * n_items**3 * best / (2 * n**3)


def check_it_fits(what: Plan, n_items: int, available: int | None) -> None:
    """Raises a `ModelError` with the alternatives where memory would not do. available : bytes; None: not known"""
    if available is not None and what.bytes > available:
        raise ModelError(
            f"EASE on {n_items:,} items needs {what.bytes / 2**30:.1f} GiB, and {available / 2**30:.1f} GiB are free. "
            "Train ease_sparse, which keeps the strongest weights only, or leave rare items out (--min-item N), "
            "or take a machine with more memory."
        )


def fit(X: csr_array, config: Config, run: Run) -> Fitted:
    ahead = plan(X, config, run.device)
    check_it_fits(ahead, X.shape[1], available_bytes(run.device))
    run.say(str(ahead))
    G = gram(X, config.l2, run.device, ahead.dtype)  # X^T X + l2 I
    minus_P = inverse_in_place(G, step=lambda done, total: run.report(Step(done, total, "columns")))
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
    }
    return Fitted(ItemItem(S.float().cpu()), curve=[], details=details)


def main() -> None:
    from training import command

    command.main(ABOUT.name)


if __name__ == "__main__":
    main()
