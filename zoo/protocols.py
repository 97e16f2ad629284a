"""The protocols of `zoo.split`: each divides the same choices in its own way, and is drawn in its docstring.

All are deterministic: the seed decides what is drawn, ties in time are settled by a rule, and where a protocol has no
seed its k-fold is dealt with seed 0.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from zoo.errors import DataError
from zoo.fold import Fold, Split
from zoo.interactions import Part

HELD_OUT_USERS = 0.1  # share of users for the test, and as many for validation
HELD_OUT_ITEMS = 0.2  # share of a held-out user's items that the model must find
MIN_HELD_OUT_ACTIVITY = (
    5  # fewer interactions than this, and a 20 % share is no whole item (Liang et al. 2018, section 4.1)
)
COLD_ITEMS = 0.1  # share of the items for the test, and as many for validation
LARGEST_SHARE = 0.4  # of the interactions for the test, and as many for validation: the rest is learned from
MOST_FOLDS = 50


@dataclass(frozen=True)
class KFold:
    """Fold J of K of any rule, written RULE@J/K: the units that the rule holds out are dealt into K groups.

    Group J is the test; over J = 1..K every unit is in the test exactly once. What the units are, and what becomes of
    the other groups, each protocol says. Where the validation is a group as well, K = 4:

        group      1            2            3            4
        @1/4       test         validation   train        train
        @2/4       train        test         validation   train
        @3/4       train        train        test         validation
        @4/4       validation   train        train        test
    """

    fold: int  # J, 1..K
    n_folds: int  # K, 2..50

    def __post_init__(self) -> None:
        if not 1 <= self.fold <= self.n_folds or not 2 <= self.n_folds <= MOST_FOLDS:
            raise DataError(f"There is no fold {self}; write @J/K, with K from 2 to {MOST_FOLDS} and J from 1 to K.")

    def __str__(self) -> str:
        return f"@{self.fold}/{self.n_folds}"

    def deal(self, shuffled: np.ndarray, what: str) -> tuple[np.ndarray, np.ndarray]:
        """Group J and the one after it (after the last comes the first), of units dealt round like cards."""
        if len(shuffled) < self.n_folds:
            raise DataError(
                f"{self} needs at least {self.n_folds} {what}, one for each fold; this data has {len(shuffled)}. "
                "Take fewer folds, or bring more data."
            )
        return shuffled[self.fold - 1 :: self.n_folds], shuffled[self.fold % self.n_folds :: self.n_folds]

    def must_leave_a_group(self, rule: str) -> None:
        """Where both held-out groups are kept from training, two folds leave nothing to learn from."""
        if self.n_folds < 3:
            raise DataError(f"{rule} leaves no group to learn from: one is the test, one the validation. Take K >= 3.")


def strong_generalization(X: csr_array, seed: int, kfold: KFold | None = None) -> Split:
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

    k-fold: these users are dealt into K >= 3 groups; group J is the test, the next one the validation, the rest is
    learned from, and so are the less active users, in every fold. A user hides the same items whichever the fold.

    Raises
    ------
    DataError where no two users are active enough to be held out, or nobody is left to learn from
    """
    rule = f"strong:{seed}{kfold or ''}"
    n_users = X.shape[0]
    rng = np.random.default_rng(seed)
    eligible = rng.permutation(np.flatnonzero(np.diff(X.indptr) >= MIN_HELD_OUT_ACTIVITY))
    n_held_out = max(1, round(HELD_OUT_USERS * n_users))
    n_held_out = min(n_held_out, len(eligible) // 3)  # most of the active users stay to be learned from
    if n_held_out == 0:
        raise DataError(
            f"{rule} needs at least 3 users with {MIN_HELD_OUT_ACTIVITY} interactions, to hold two of them out; "
            f"this data has {len(eligible)}. Bring more data, or split by leave-last-out or column:NAME."
        )
    test, validation = eligible[:n_held_out], eligible[n_held_out : 2 * n_held_out]
    if kfold:
        kfold.must_leave_a_group(rule)
        test, validation = kfold.deal(eligible, f"users with {MIN_HELD_OUT_ACTIVITY} interactions")
    shown_mask = _shown_items(X, rng)
    learned_from = ~(_flags(n_users, test) | _flags(n_users, validation))
    train = _keep(X, np.repeat(learned_from, np.diff(X.indptr)))
    shown, hidden = _keep(X, shown_mask), _keep(X, ~shown_mask)
    validation_fold, test_fold = (
        Fold(users, shown[users], _ones(hidden[users]), _empty(len(users), X.shape[1]))
        for users in (np.sort(validation), np.sort(test))
    )
    return Split(rule, train, validation_fold, test_fold)


def leave_last_out(X: csr_array, last_time: csr_array | None, kfold: KFold | None = None) -> Split:
    """The last choice of every user is the test, the one before it the validation.

    In the order of time (. learned from and shown, v validation, t test):

        user   items        while validating            while testing
        1      . . . v t    shown . . .   find v        shown . . .   find t   (v is not recommended)
        2      . v t        shown .       find v        shown .       find t
        3      . .          too short: learned from only

    Choices at the same time are ordered by item column, so that the split is deterministic.

    k-fold: the users with at least 3 choices are dealt into K groups. Only group J hides its last choice as the test,
    only the next group its own as the validation, and everybody else's rows are learned from whole:

        user   group   items in @1/3
        1      1       . . . . t
        2      2       . . v
        3      3       . . . .

    Raises
    ------
    DataError where the data has no time, or no user has three choices
    """
    rule = f"leave-last-out{kfold or ''}"
    times = _times(rule, last_time)
    n = np.diff(X.indptr)
    rows = np.repeat(np.arange(X.shape[0]), n)
    order = np.lexsort((X.indices, times, rows))
    from_end = np.empty(X.nnz, dtype=np.int64)
    from_end[order] = (X.indptr[rows + 1] - 1) - np.arange(X.nnz)
    long_enough = n >= 3
    if not long_enough.any():
        raise DataError(f"{rule} needs users with at least 3 choices, and this data has none. Bring longer histories.")
    if kfold:
        groups = kfold.deal(_shuffled(np.flatnonzero(long_enough)), "users with 3 choices")
        is_test, is_validation = ((from_end == 0) & _flags(len(n), group)[rows] for group in groups)
    else:
        is_test, is_validation = ((from_end == place) & long_enough[rows] for place in (0, 1))
    return _known_users(rule, X, is_validation, is_test)


def temporal(X: csr_array, last_time: csr_array | None, share: float, kfold: KFold | None = None) -> Split:
    """One cut in time for everybody: the last share of all choices is the test, as many before it the validation.

    Along one clock (. learned from and shown, v validation, t test):

        user   time ------------>     while validating              while testing
        1      . . .  |  v  | t       shown . . .   find v          shown . . .   find t   (v is not recommended)
        2      .      |     | t t     in no validation fold         shown .       find t t
        3      . . .  |     |         learned from only
        4             |  v  | t       nothing could be shown: in no fold, and nothing of it is learned from

    Choices at the very time of a cut all go to the later side: the test is at least the share, and so is the
    validation. A choice without a time (0.0) is as old as 1970. Of a pair that occurred again, the last time counts.

    k-fold: train and validation stay as they are; the test users are dealt into K groups, and group J is measured.

    Raises
    ------
    DataError where the data has no time, the share is not above 0 and at most `LARGEST_SHARE`, so many choices have
    the same time that nothing is left to learn from, or no user of the last share is known before
    """
    rule = f"temporal:{share}{kfold or ''}"
    if not 0 < share <= LARGEST_SHARE:
        raise DataError(f"{rule}: the share of choices to test on must be above 0 and at most {LARGEST_SHARE}.")
    times = _times(rule, last_time)
    n_held_out = max(1, round(share * X.nnz))
    first_test = _last(times, n_held_out)
    first_validation = _last(times[times < first_test], n_held_out)
    is_test = times >= first_test
    is_validation = (times >= first_validation) & ~is_test
    if (is_test | is_validation).all():
        raise DataError(
            f"{rule} leaves nothing to learn from: of {X.nnz:,} choices {np.count_nonzero(is_test):,} went to the test "
            "and the others to validation, for choices at the same time stay together. Take a smaller share, or "
            "strong:SEED."
        )
    return _only_group(_known_users(rule, X, is_validation, is_test, must_be_shown=True), kfold)


def cold_items(X: csr_array, seed: int, kfold: KFold | None = None) -> Split:
    """Items that nobody's training row holds: can they be found for those who chose them?

    Columns are items (. learned from and shown, v validation, t test):

        user   warm items   v   t      while validating            while testing
        1      . . .        v   t      shown . . .   find v        shown . . .   find t   (v is not recommended)
        2      . .              t      in no validation fold       shown . .     find t
        3      . . . .                 learned from only
        4                   v   t      nothing could be shown: in no fold

    `COLD_ITEMS` of the items are drawn for the test, and as many for the validation, among those with a choice.
    A model that knows an item by its users only can but guess here; one that reads texts or pictures need not.

    k-fold: these items are dealt into K >= 3 groups; group J is the test, the next one the validation, the rest warm.

    Raises
    ------
    DataError where fewer than three items were chosen, or nobody who chose a test item has a warm one
    """
    rule = f"cold-items:{seed}{kfold or ''}"
    n_items = X.shape[1]
    chosen = np.flatnonzero(np.bincount(X.indices, minlength=n_items))
    if len(chosen) < 3:
        raise DataError(
            f"{rule} needs at least 3 items that were chosen, to withhold two of them; this data has {len(chosen)}. "
            "Bring more data, or take another --split."
        )
    shuffled = np.random.default_rng(seed).permutation(chosen)
    n_cold = max(1, round(COLD_ITEMS * len(chosen)))
    test, validation = shuffled[:n_cold], shuffled[n_cold : 2 * n_cold]
    if kfold:
        kfold.must_leave_a_group(rule)
        test, validation = kfold.deal(shuffled, "items that were chosen")
    is_test, is_validation = (_flags(n_items, items)[X.indices] for items in (test, validation))
    return _known_users(rule, X, is_validation, is_test, must_be_shown=True)


def by_column(X: csr_array, name: str, part: Part | None, kfold: KFold | None = None) -> Split:
    """The data says itself what is train, validation (where there is one) and test.

        user   items        while validating            while testing
        1      . . . v t    shown . . .   find v        shown . . .   find t   (v is not recommended)

    k-fold: train and validation stay as they are; the test users are dealt into K groups, and group J is measured.

    Raises
    ------
    DataError where the column is not there, holds other values, or has no test or no training rows
    """
    rule = f"column:{name}{kfold or ''}"
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
    return _only_group(_known_users(rule, X, is_validation, is_test), kfold)


def _known_users(
    rule: str, X: csr_array, is_validation: np.ndarray, is_test: np.ndarray, *, must_be_shown: bool = False
) -> Split:
    """A split in which every user's profile is the training row. is_validation, is_test: bool [nnz].

    must_be_shown: users with an empty training row are left out of the folds.
    """
    train = _keep(X, ~(is_validation | is_test))
    validation, test = _ones(_keep(X, is_validation)), _ones(_keep(X, is_test))
    asked = np.diff(train.indptr) > 0 if must_be_shown else np.ones(X.shape[0], dtype=bool)

    def fold(held_out: csr_array, masked: csr_array) -> Fold:
        users = np.flatnonzero((np.diff(held_out.indptr) > 0) & asked)
        return Fold(users, train[users], held_out[users], masked[users])

    parts = Split(rule, train, fold(validation, _empty(*X.shape)), fold(test, validation))
    if not len(parts.test):
        raise DataError(
            f"Under {rule} nobody can be tested: no user with a test choice has a training choice to be shown. "
            "Bring more data, or take another --split."
        )
    return parts


def _only_group(parts: Split, kfold: KFold | None) -> Split:
    """The same, with only the test users of the fold's group; all of them where there is no k-fold."""
    if kfold is None:
        return parts
    group, _ = kfold.deal(_shuffled(np.arange(len(parts.test))), "test users")
    return replace(parts, test=parts.test.part(np.sort(group)))


def _shown_items(X: csr_array, rng: np.random.Generator) -> np.ndarray:
    """bool [nnz]: all but `HELD_OUT_ITEMS` of each user's items, at least one held out, drawn at random."""
    n = np.diff(X.indptr)
    rows = np.repeat(np.arange(X.shape[0]), n)
    order = np.lexsort((rng.random(X.nnz), rows))  # each user's entries, shuffled
    place = np.empty(X.nnz, dtype=np.int64)
    place[order] = np.arange(X.nnz) - X.indptr[rows]
    return place >= np.maximum(1, np.floor(HELD_OUT_ITEMS * n)).astype(np.int64)[rows]


def _times(rule: str, last_time: csr_array | None) -> np.ndarray:
    """float64 [nnz], when each choice was made."""
    if last_time is None:
        raise DataError(f"{rule} needs a time for each row; name the column with --timestamp, or take strong:SEED.")
    return last_time.data


def _last(times: np.ndarray, n: int) -> float:
    """The time of the n-th from the end; before everything where there are not so many."""
    return float(np.partition(times, len(times) - n)[len(times) - n]) if len(times) >= n else -np.inf


def _shuffled(units: np.ndarray) -> np.ndarray:
    """For the k-fold of a rule without a seed."""
    return np.random.default_rng(0).permutation(units)


def _flags(n: int, chosen: np.ndarray) -> np.ndarray:
    """bool [n], true at these positions."""
    flags = np.zeros(n, dtype=bool)
    flags[chosen] = True
    return flags


def _keep(X: csr_array, mask: np.ndarray) -> csr_array:
    """X with only the entries of the mask, bool [nnz]; the same shape."""
    kept = np.concatenate([[0], np.cumsum(mask)])
    return csr_array((X.data[mask], X.indices[mask], kept[X.indptr]), shape=X.shape)


def _ones(X: csr_array) -> csr_array:
    return csr_array((np.ones_like(X.data), X.indices, X.indptr), shape=X.shape)


def _empty(n_users: int, n_items: int) -> csr_array:
    return csr_array((n_users, n_items), dtype=np.float32)
