"""Who is shown to the model, and what it must find.

`Split.train` always has one row per user of the data; the row of a user who is held out whole is empty.
A `Fold` is what one measurement needs: for some users, the history that the model is shown (`fold_in`), what it must
find (`held_out`), and what may not be recommended although it is not shown (`masked`).

Held-out choices that no training user ever made stay in the catalogue: every model misses them, and that is counted.
"""

import re
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from zoo.errors import DataError
from zoo.interactions import Part

HELD_OUT_USERS = 0.1  # share of users for the test, and as many for validation
HELD_OUT_ITEMS = 0.2  # share of a held-out user's items that the model must find
MIN_HELD_OUT_ACTIVITY = (
    5  # fewer interactions than this, and a 20 % share is no whole item (Liang et al. 2018, section 4.1)
)


@dataclass(frozen=True)
class Fold:
    """Users to be measured. n users, I items; all three matrices float32 csr [n, I] with the same rows."""

    user_idx: np.ndarray  # int64 [n], rows of Split.train
    fold_in: csr_array  # what the model is shown, weights as in the data
    held_out: csr_array  # what it must find, 1.0 each; never overlaps fold_in
    masked: csr_array  # 1.0: not shown, not to be recommended either (a validation item while testing)

    def __len__(self) -> int:
        return len(self.user_idx)

    def part(self, rows: slice) -> "Fold":
        """Some of the users."""
        return Fold(self.user_idx[rows], self.fold_in[rows], self.held_out[rows], self.masked[rows])


@dataclass(frozen=True)
class Split:
    """A rule applied: what models learn from, and two folds that they never learn from."""

    rule: str  # as given: "strong:98765", "leave-last-out", "column:part"
    train: csr_array  # float32 [U, I]
    validation: Fold  # early stopping and hyperparameters; may be empty
    test: Fold  # the reported figures

    @property
    def holds_users_out(self) -> bool:
        """Whether test users are unknown to training (strong generalisation): memory-based models cannot be asked."""
        return self.rule.startswith("strong:")


def split(X: csr_array, rule: str, *, last_time: csr_array | None = None, part: Part | None = None) -> Split:
    """Apply a rule to interactions.

    Parameters
    ----------
    X : csr float32 [U, I], the weight of each choice
    rule : "strong:SEED", "leave-last-out", or "column:NAME" (the caller read column NAME into `part`)
    last_time : csr [U, I] with the entries of X; leave-last-out needs it
    part : the label of each entry of X; column: needs it

    Raises
    ------
    DataError for an unknown rule, or data that the rule cannot be applied to
    """
    if match := re.fullmatch(r"strong:(\d+)", rule):
        return strong_generalization(X, int(match[1]))
    if rule == "leave-last-out":
        return leave_last_out(X, last_time)
    if re.fullmatch(r"column:.+", rule):
        return by_column(X, rule, part)
    raise DataError(f"There is no split rule {rule!r}; take strong:SEED, leave-last-out or column:NAME.")


def strong_generalization(X: csr_array, seed: int) -> Split:
    """Users held out whole: the model meets them only through what they are shown to like.

    Of a user's choices (. learned from, s shown, h held out):

        user   items        part
        1      . . . . .    train
        2      . . . .      train
        3      . . . . .    train        ... 80 % of the users
        4      s s s s h    validation   ... 10 %, 80 % of each one's items shown, 20 % held out
        5      s s s s h    test         ... 10 %

    Held-out users are drawn among those with at least `MIN_HELD_OUT_ACTIVITY` interactions. Deterministic.
    Marlin 2004; Liang et al. 2018, arXiv:1802.05814, section 4.1 (there the number of held-out users is fixed).

    Raises
    ------
    DataError where no two users are active enough to be held out, or nobody is left to learn from
    """
    n_users = X.shape[0]
    rng = np.random.default_rng(seed)
    eligible = rng.permutation(np.flatnonzero(np.diff(X.indptr) >= MIN_HELD_OUT_ACTIVITY))
    n_held_out = max(1, round(HELD_OUT_USERS * n_users))
    n_held_out = min(n_held_out, len(eligible) // 3)  # most of the active users stay to be learned from
    if n_held_out == 0:
        raise DataError(
            f"strong:{seed} needs at least 3 users with {MIN_HELD_OUT_ACTIVITY} interactions, to hold two of them out; "
            f"this data has {len(eligible)}. Bring more data, or split by leave-last-out or column:NAME."
        )
    shown_mask = _shown_items(X, rng)
    test, validation = np.sort(eligible[:n_held_out]), np.sort(eligible[n_held_out : 2 * n_held_out])
    learned_from = np.ones(n_users, dtype=bool)
    learned_from[test] = learned_from[validation] = False
    train = _keep(X, np.repeat(learned_from, np.diff(X.indptr)))
    shown, hidden = _keep(X, shown_mask), _keep(X, ~shown_mask)
    folds = [
        Fold(users, shown[users], _ones(hidden[users]), _empty(len(users), X.shape[1])) for users in (validation, test)
    ]
    return Split(f"strong:{seed}", train, *folds)


def _shown_items(X: csr_array, rng: np.random.Generator) -> np.ndarray:
    """bool [nnz]: all but `HELD_OUT_ITEMS` of each user's items, at least one held out, drawn at random."""
    n = np.diff(X.indptr)
    rows = np.repeat(np.arange(X.shape[0]), n)
    order = np.lexsort((rng.random(X.nnz), rows))  # each user's entries, shuffled
    place = np.empty(X.nnz, dtype=np.int64)
    place[order] = np.arange(X.nnz) - X.indptr[rows]
    return place >= np.maximum(1, np.floor(HELD_OUT_ITEMS * n)).astype(np.int64)[rows]


def leave_last_out(X: csr_array, last_time: csr_array | None) -> Split:
    """The last choice of every user is the test, the one before it the validation.

    In the order of time (. learned from and shown, v validation, t test):

        user   items        while validating            while testing
        1      . . . v t    shown . . .   find v        shown . . .   find t   (v is not recommended)
        2      . v t        shown .       find v        shown .       find t
        3      . .          too short: learned from only

    Choices at the same time are ordered by item column, so that the split is deterministic.

    Raises
    ------
    DataError where the data has no time, or no user has three choices
    """
    if last_time is None:
        raise DataError(
            "leave-last-out needs a time for each row; name the column with --timestamp, or take strong:SEED."
        )
    n = np.diff(X.indptr)
    rows = np.repeat(np.arange(X.shape[0]), n)
    order = np.lexsort((X.indices, last_time.data, rows))
    from_end = np.empty(X.nnz, dtype=np.int64)
    from_end[order] = (X.indptr[rows + 1] - 1) - np.arange(X.nnz)
    long_enough = n >= 3
    if not long_enough.any():
        raise DataError(
            "leave-last-out needs users with at least 3 choices, and this data has none. Bring longer histories."
        )
    is_test, is_validation = ((from_end == place) & long_enough[rows] for place in (0, 1))
    return _known_users("leave-last-out", X, is_validation, is_test)


def by_column(X: csr_array, rule: str, part: Part | None) -> Split:
    """The data says itself what is train, validation (where there is one) and test.

        user   items        while validating            while testing
        1      . . . v t    shown . . .   find v        shown . . .   find t   (v is not recommended)

    Raises
    ------
    DataError where the column is not there, holds other values, or has no test or no training rows
    """
    name = rule.removeprefix("column:")
    if part is None:
        raise DataError(f"{rule} needs a column {name!r} in the data. Add it, or take another --split.")
    known = {"train", "validation", "valid", "test"}
    if odd := sorted(set(part.labels) - known):
        raise DataError(f"Column {name!r} holds {odd[0]!r}; write train, validation or test.")
    label = np.array(part.labels)[part.codes] if len(part.labels) else np.empty(0, dtype=str)
    is_test, is_validation = label == "test", np.isin(label, ("validation", "valid"))
    for what, there in (("test", is_test.any()), ("train", (label == "train").any())):
        if not there:
            raise DataError(f"Column {name!r} marks no row as {what}. Mark some, or take another --split.")
    return _known_users(rule, X, is_validation, is_test)


def _known_users(rule: str, X: csr_array, is_validation: np.ndarray, is_test: np.ndarray) -> Split:
    """A split in which every user's profile is the training row. is_validation, is_test: bool [nnz]."""
    train = _keep(X, ~(is_validation | is_test))
    validation, test = _ones(_keep(X, is_validation)), _ones(_keep(X, is_test))
    masks = {"validation": _empty(*X.shape), "test": validation}
    folds = []
    for held_out, masked in ((validation, masks["validation"]), (test, masks["test"])):
        users = np.flatnonzero(np.diff(held_out.indptr))
        folds.append(Fold(users, train[users], held_out[users], masked[users]))
    return Split(rule, train, *folds)


def _keep(X: csr_array, mask: np.ndarray) -> csr_array:
    """X with only the entries of the mask, bool [nnz]; the same shape."""
    kept = np.concatenate([[0], np.cumsum(mask)])
    return csr_array((X.data[mask], X.indices[mask], kept[X.indptr]), shape=X.shape)


def _ones(X: csr_array) -> csr_array:
    return csr_array((np.ones_like(X.data), X.indices, X.indptr), shape=X.shape)


def _empty(n_users: int, n_items: int) -> csr_array:
    return csr_array((n_users, n_items), dtype=np.float32)
