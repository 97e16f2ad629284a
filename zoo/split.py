"""A rule, read and applied, and looked through for leaks. The protocols themselves are drawn in zoo/protocols.py.

strong:SEED         users held out whole (strong generalisation)
leave-last-out      the last choice of every user
temporal:SHARE      one cut in time for everybody
cold-items:SEED     a share of the items withheld from training
column:NAME         the data says itself which rows are for what
RULE@J/K            fold J of K, of any of these
"""

import re
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from zoo.errors import DataError
from zoo.fold import Fold, Split
from zoo.interactions import Part
from zoo.protocols import (
    HELD_OUT_ITEMS,
    HELD_OUT_USERS,
    MIN_HELD_OUT_ACTIVITY,
    KFold,
    by_column,
    cold_items,
    leave_last_out,
    strong_generalization,
    temporal,
)

__all__ = [
    "HELD_OUT_ITEMS",
    "HELD_OUT_USERS",
    "MIN_HELD_OUT_ACTIVITY",
    "Fold",
    "KFold",
    "Rule",
    "Split",
    "by_column",
    "cold_items",
    "leak_checks",
    "leave_last_out",
    "split",
    "strong_generalization",
    "temporal",
]

# the last @J/K is always the fold, also behind a column whose name ends like one
_RULE = re.compile(r"(?:(strong|cold-items):([0-9]+)|(leave-last-out)|(temporal|column):(.+?))(?:@([0-9]+)/([0-9]+))?")


@dataclass(frozen=True)
class Rule:
    """A split rule, taken apart: strong:98765@2/5 is Rule("strong", "98765", KFold(2, 5)).

    >>> Rule.parse("column:part@1/5").column
    'part'
    """

    protocol: str  # "strong", "leave-last-out", "temporal", "cold-items", "column"
    argument: str  # seed, share or column name; "" for leave-last-out
    kfold: KFold | None

    @classmethod
    def parse(cls, text: str) -> "Rule":
        """A `DataError` that names all rules where the text is none of them."""
        if not (match := _RULE.fullmatch(text)):
            raise DataError(
                f"There is no split rule {text!r}; take strong:SEED, leave-last-out, temporal:SHARE (a tenth: 0.1), "
                "cold-items:SEED or column:NAME; @J/K after any of them takes fold J of K."
            )
        seeded, seed, bare, named, argument, fold, n_folds = match.groups()
        kfold = KFold(int(fold), int(n_folds)) if fold else None
        return cls(seeded or bare or named, seed or argument or "", kfold)

    @property
    def column(self) -> str | None:
        """The column that `split` needs as `part`; None for other rules than column:NAME."""
        return self.argument if self.protocol == "column" else None


def split(X: csr_array, rule: str, *, last_time: csr_array | None = None, part: Part | None = None) -> Split:
    """Apply a rule to interactions, and look for leaks.

    Parameters
    ----------
    X : csr float32 [U, I], the weight of each choice
    rule : "strong:SEED", "leave-last-out", "temporal:SHARE", "cold-items:SEED", or "column:NAME" (the caller read
        column `Rule.parse(rule).column` into `part`); with "@J/K" fold J of K
    last_time : csr [U, I] with the entries of X; leave-last-out and temporal need it
    part : the label of each entry of X; column: needs it

    Raises
    ------
    DataError for an unknown rule, data that the rule cannot be applied to, or a leak
    """
    parts = _apply(X, Rule.parse(rule), last_time, part)
    found = leak_checks(parts, last_time)
    if leaks := [f"{number:,} {check}" for check, number in found.items() if number]:
        raise DataError(
            f"{parts.rule} leaks: {', '.join(leaks)}. Models would be measured on what they learned from. Each user "
            "may hold an item once only (zoo/interactions.py merges repeats); where that is so, the rule is at fault."
        )
    return replace(parts, leak_checks=found)


def _apply(X: csr_array, rule: Rule, last_time: csr_array | None, part: Part | None) -> Split:
    if rule.protocol == "strong":
        return strong_generalization(X, int(rule.argument), rule.kfold)
    if rule.protocol == "leave-last-out":
        return leave_last_out(X, last_time, rule.kfold)
    if rule.protocol == "temporal":
        return temporal(X, last_time, _share(rule.argument), rule.kfold)
    if rule.protocol == "cold-items":
        return cold_items(X, int(rule.argument), rule.kfold)
    return by_column(X, rule.argument, part, rule.kfold)


def _share(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise DataError(f"temporal:{text} names no share; write temporal:0.1 to test on the last tenth.") from None


def leak_checks(parts: Split, last_time: csr_array | None = None) -> dict[str, int]:
    """What may not be, by name, and how often it was found: 0 each in a sound split.

    Parameters
    ----------
    last_time : csr [U, I], at least the entries of train and of what is held out; temporal needs it

    Notes
    -----
    A pair (u, i) is the number u I + i, and sorted numbers are looked up in each other: 25 million take seconds.
    """
    validation, test = parts.validation, parts.test
    train = _pairs(parts.train)
    to_find = [_pairs(fold.held_out, fold.user_idx) for fold in (validation, test)]
    shown = [_pairs(fold.fold_in, fold.user_idx) for fold in (validation, test)]
    found = {
        "held-out pairs in training": sum(_n_common(train, pairs) for pairs in to_find),
        "pairs both shown and held out": sum(map(_n_common, shown, to_find)),
        "pairs held out in both validation and test": _n_common(*to_find),
    }
    if parts.holds_users_out:
        n_learned = np.diff(parts.train.indptr)
        found |= {
            "held-out users in training": sum(int((n_learned[fold.user_idx] > 0).sum()) for fold in (validation, test)),
            "users in both validation and test": len(np.intersect1d(validation.user_idx, test.user_idx)),
        }
    if parts.holds_items_out:
        warm = np.unique(parts.train.indices)
        cold = [np.unique(fold.held_out.indices) for fold in (validation, test)]
        found |= {
            "held-out items in training": sum(_n_common(warm, items) for items in cold),
            "items in both validation and test": _n_common(*cold),
        }
    if parts.rule.startswith("temporal:"):
        found |= _checks_in_time([train, *to_find], last_time)
    return found


def _checks_in_time(parts: list[np.ndarray], last_time: csr_array | None) -> dict[str, int]:
    """parts: the pairs of training, validation and test; none may be as late as the first of a later part."""
    if last_time is None:
        raise DataError("Leaks in time can only be looked for with the time of each choice; give last_time.")
    known = _pairs(last_time, in_order=False)
    order = np.argsort(known, kind="stable")
    in_train, in_validation, in_test = (
        last_time.data[order[np.searchsorted(known, pairs, sorter=order)]] for pairs in parts
    )
    first_validation, first_test = (times.min(initial=np.inf) for times in (in_validation, in_test))
    return {
        "training choices at or after the first test choice": int((in_train >= first_test).sum()),
        "training choices at or after the first validation choice": int((in_train >= first_validation).sum()),
        "validation choices at or after the first test choice": int((in_validation >= first_test).sum()),
    }


def _pairs(X: csr_array, user_idx: np.ndarray | None = None, *, in_order: bool = True) -> np.ndarray:
    """int64 [nnz], u I + i of each entry, ascending or as stored; user_idx: which users the rows are."""
    users = np.arange(X.shape[0]) if user_idx is None else user_idx
    pairs = np.repeat(users.astype(np.int64), np.diff(X.indptr)) * X.shape[1] + X.indices
    return np.sort(pairs, kind="stable") if in_order else pairs  # stable: linear where they are in order already


def _n_common(numbers: np.ndarray, others: np.ndarray) -> int:
    """How many of `others` are among `numbers`, both ascending."""
    place = np.searchsorted(numbers, others)
    inside = place < len(numbers)
    return int((numbers[place[inside]] == others[inside]).sum())
