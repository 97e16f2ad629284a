"""Who is shown to the model, and what it must find.

`Split.train` always has one row per user of the data; the row of a user who is held out whole is empty.
A `Fold` is what one measurement needs: for some users, the history that the model is shown (`fold_in`), what it must
find (`held_out`), and what may not be recommended although it is not shown (`masked`).

Held-out choices that no training user ever made stay in the catalogue: every model misses them, and that is counted.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array


@dataclass(frozen=True)
class Fold:
    """Users to be measured. n users, I items; all three matrices float32 csr [n, I] with the same rows."""

    user_idx: np.ndarray  # int64 [n], rows of Split.train
    fold_in: csr_array  # what the model is shown, weights as in the data
    held_out: csr_array  # what it must find, 1.0 each; never overlaps fold_in
    masked: csr_array  # 1.0: not shown, not to be recommended either (a validation item while testing)

    def __len__(self) -> int:
        return len(self.user_idx)

    def part(self, rows: slice | np.ndarray) -> "Fold":
        """Some of the users."""
        return Fold(self.user_idx[rows], self.fold_in[rows], self.held_out[rows], self.masked[rows])


@dataclass(frozen=True)
class Split:
    """A rule applied: what models learn from, and two folds that they never learn from."""

    rule: (
        str  # "strong:98765", "leave-last-out", "temporal:0.1", "cold-items:7", "column:part", or one of them with @J/K
    )
    train: csr_array  # float32 [U, I]
    validation: Fold  # early stopping and hyperparameters; may be empty
    test: Fold  # the reported figures
    leak_checks: dict[str, int] = field(default_factory=dict)  # what was looked for -> how often it was found: 0 each

    @property
    def holds_users_out(self) -> bool:
        """Whether test users are unknown to training (strong generalisation): memory-based models cannot be asked."""
        return self.rule.startswith("strong:")

    @property
    def holds_items_out(self) -> bool:
        """Whether test items are unknown to training: a model that knows items by their users cannot find them."""
        return self.rule.startswith("cold-items:")
