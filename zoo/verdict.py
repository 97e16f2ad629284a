"""Two trained models, one metric, in plain words that claim no more than the statistics allow.

>>> users = np.arange(40)
>>> flat = pl.DataFrame({"user_idx": users, "n_fold_in": 20, "n_held_out": 5, "recall_at_20": 0.1})
>>> better = flat.with_columns(recall_at_20=0.2 + 0.004 * pl.col("user_idx"))
>>> print(verdict("EASE", "popularity", better, flat, "recall_at_20").sentences[0])
EASE finds more of what people also chose than popularity: 0.178 more of recall at 20 (95 % interval 0.163 to \
0.193, 40 users).
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from zoo.errors import DataError
from zoo.significance import MIN_USERS, N_DRAWS, Comparison, paired, with_holm

SEGMENTS = (  # by activity: what they are called, and n_fold_in from (inclusive) and to (exclusive)
    ("fewer than 10 interactions", 0, 10),
    ("10 to 49 interactions", 10, 50),
    ("50 or more interactions", 50, np.inf),
)
CLOSING = "The intervals speak of other test users for {these}; another training run adds a spread of its own."
MODELS, ONE_MODEL, LISTS = "these two trained models", "this trained model and these lists", "these lists"
_NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]

_KNOWN = {  # accuracy, higher is better: what it is called, and what a model does that has more of it than another
    "recall": ("recall", "finds more of what people {chose}"),
    "cold_item_recall": ("recall of cold items", "finds more of the new items that people {chose}"),
    "tail_item_recall": ("recall of the tail", "finds more of the less known items that people {chose}"),
    "precision": ("precision", "fills more of its list with what people {chose}"),
    "r_precision": ("R-precision", "finds more of what people {chose}"),
    "hit_rate": ("hit rate", "more often finds something that people {chose}"),
    "ndcg": ("nDCG", "ranks what people {chose} higher"),
    "average_precision": ("average precision", "ranks what people {chose} higher"),
    "reciprocal_rank": ("reciprocal rank", "shows the first thing that people {chose} nearer the top"),
    "serendipity": ("serendipity", "finds more of what people {chose} beyond the most popular"),
}


def choice(split: str) -> str:
    """What was held out under a split: what people chose after what was shown, or also, at any time.

    >>> choice("leave-last-out"), choice("temporal:0.2@2/5"), choice("strong:98765")
    ('later chose', 'later chose', 'also chose')
    """
    return "later chose" if split.startswith(("leave-last-out", "temporal")) else "also chose"


@dataclass(frozen=True)
class Segment:
    """The same comparison for users of one activity; `p_holm` is over the segments of its verdict, which count as
    findings only where the whole is one."""

    words: str  # "fewer than 10 interactions"
    comparison: Comparison


@dataclass(frozen=True)
class Verdict:
    """What may be said of two models on one metric, and the figures that it rests on (first minus second)."""

    comparison: Comparison
    segments: list[Segment]
    sentences: list[str]

    @property
    def text(self) -> str:
        return " ".join(self.sentences)


def verdict(
    a_title: str,
    b_title: str,
    a: pl.DataFrame,
    b: pl.DataFrame,
    metric: str,
    *,
    higher_is_better: bool = True,
    asked_among: Sequence[Comparison] = (),
    chosen: str = "also chose",
    these: str = MODELS,
    metric_words: str | None = None,
    gain_words: str | None = None,
    seed: int = 0,
    n_draws: int = N_DRAWS,
) -> Verdict:
    """What two per-user tables (`zoo.evaluate`) say of the difference between two models.

    Parameters
    ----------
    a_title, b_title : as they shall stand in a sentence: "EASE", "the VAE"
    a, b : one row per user: user_idx, n_fold_in, and the metric's column; nan where undefined. Joined on user_idx
    metric : the column
    higher_is_better : False for an error or a bias; it decides which model is named first
    asked_among : the other comparisons that are made together with this one (those of a whole zoo, as `evaluate` makes
        them): Holm is over all of them. Without: asked alone
    chosen : what was held out, after "people": "also chose", or "later chose" (`choice`)
    these : what was compared, at the end
    metric_words : "recall at 20"; by default from the column's name
    gain_words : what the better model does, before "than": "finds more of what people later chose"

    Returns
    -------
    Verdict. Its sentences claim a difference only where `Comparison.distinguishable` is true; they never say "equal".
    The whole is asked first, and only where it is told apart do segments count as findings, with Holm among them: so a
    verdict on models of one quality claims anything in 5 cases of 100 at most. Under an undecided whole a clear segment
    is called a hint

    Raises
    ------
    DataError if the titles are the same, a table lacks a column or names a user twice, or the two show different
    histories of one user
    """
    if a_title == b_title:
        raise DataError(f"Both models are called {a_title}; give them titles that tell them apart.")
    both = _join(a, b, metric)
    first, second = (both[name].cast(pl.Float64).to_numpy() for name in (metric, f"{metric}_b"))
    words = _words(a_title, b_title, metric, metric_words, gain_words, higher_is_better, chosen)

    defined = np.isfinite(first) & np.isfinite(second)  # others are not drawn: they move no digit

    def compare(rows: np.ndarray) -> Comparison:
        rows = rows & defined
        return paired(first[rows], second[rows], names=(a_title, b_title), metric=metric, seed=seed, n_draws=n_draws)

    overall, n_asked = _among(compare(np.ones(len(both), dtype=bool)), asked_among)
    segments = _segments(both["n_fold_in"].to_numpy(), compare)
    undefined, alone = len(both) - overall.n, len(a) + len(b) - 2 * len(both)
    sentences = [words.of_all(overall, n_asked)]
    if overall.n >= MIN_USERS:
        sentences += [sentence for one in segments if (sentence := words.of_segment(one, overall))]
    sentences += _left_out(undefined, alone, words.metric)
    if overall.n >= MIN_USERS:
        sentences.append(CLOSING.format(these=these))
    return Verdict(overall, segments, sentences)


def _among(one: Comparison, others: Sequence[Comparison]) -> tuple[Comparison, int]:
    """The comparison after Holm over it and the others, and how many with users enough they are together."""
    family = with_holm([one, *others])
    return family[0], sum(other.n >= MIN_USERS for other in family)


@dataclass(frozen=True)
class _Words:
    a: str
    b: str
    metric: str
    gain: str
    higher_is_better: bool

    def of_all(self, c: Comparison, n_asked: int) -> str:
        if c.n < MIN_USERS:
            return self._too_few(c)
        if c.distinguishable:
            return f"{self._claim(c)}."
        power = f"; only one of {_figures(c.detectable)[0]} or more would likely have been seen" if c.detectable else ""
        return (
            f"These {c.n:,} test users do not tell {self.a} and {self.b} apart on {self.metric}: "
            f"{self._where(c)}{power}.{_why_not(c, n_asked)}"
        )

    def of_segment(self, segment: Segment, overall: Comparison) -> str | None:
        """None where a segment adds nothing: as the whole, or undecided in an undecided whole."""
        c, who = segment.comparison, f"users with {segment.words}"
        if not overall.distinguishable:
            clear = c.distinguishable and c.n < overall.n  # not the same users once more
            return f"A hint, and no finding: for {who} {self._claim(c)}." if clear else None
        if self._better(c) == self._better(overall):
            return None
        if c.n < MIN_USERS:
            return f"Only {_users(c.n)} with {segment.words}: too few to say anything of them."
        if not c.distinguishable:
            return f"For the {c.n:,} {who} we can't tell them apart: {self._where(c)}.{_why_not(c)}"
        return f"For {who} it is the other way round: {self._claim(c)}."

    def _better(self, c: Comparison) -> str | None:
        """The model that may be called better; None where neither may."""
        if not c.distinguishable:
            return None
        return self.a if (c.difference > 0) == self.higher_is_better else self.b

    def _claim(self, c: Comparison) -> str:
        better = self._better(c)
        worse = self.b if better == self.a else self.a
        low, high = sorted((abs(c.low), abs(c.high)))
        low_words, high_words, mean = _figures(low, high, abs(c.difference))
        more = "more" if self.higher_is_better else "less"
        return (
            f"{better} {self.gain} than {worse}: {mean} {more} of {self.metric} "
            f"(95 % interval {low_words} to {high_words}, {c.n:,} users)"
        )

    def _where(self, c: Comparison) -> str:
        if c.share_equal == 1:
            return "it differs for none of them"
        low, high = _figures(c.low, c.high)
        return f"the difference ({self.a} minus {self.b}) lies between {low} and {high} (95 % interval)"

    def _too_few(self, c: Comparison) -> str:
        if c.n == 0:
            return f"No user has a value of {self.metric} under both models: no verdict."
        if c.n == 1:
            return "Only one user: too few for a verdict."
        return (
            f"Only {_users(c.n)}: too few for a verdict. On {self.metric}, {self._where(c)}, and with so few users "
            "even that is unsure."
        )


def _words(
    a: str, b: str, metric: str, metric_words: str | None, gain_words: str | None, higher: bool, chosen: str
) -> _Words:
    """Words for the known accuracy metrics; any other has "a higher" or "a lower" value, which praises nobody."""
    parts = re.fullmatch(r"(\w+?)_at_(\d+)(_capped)?", metric)
    stem, at = (parts[1], f" at {parts[2]}{' (capped)' * bool(parts[3])}") if parts else (metric, "")
    name, gain = _KNOWN.get(stem, (stem.replace("_", " "), None))
    gain = gain and gain.format(chose=chosen)
    metric_words = metric_words or f"{name}{at}"
    plain = f"has a {'higher' if higher else 'lower'} {metric_words}"
    return _Words(a, b, metric_words, gain_words or (gain if higher else None) or plain, higher)


def _join(a: pl.DataFrame, b: pl.DataFrame, metric: str) -> pl.DataFrame:
    """Users of both tables: n_fold_in, n_fold_in_b, `metric`, `metric`_b."""
    wanted = ["user_idx", "n_fold_in", metric]
    for table in (a, b):
        if missing := [name for name in wanted if name not in table.columns]:
            raise DataError(f"A table of users lacks {', '.join(missing)}; evaluate the model again.")
        if table["user_idx"].is_duplicated().any():
            raise DataError("A table names a user_idx twice; it must have one row per user. Evaluate the model again.")
    both = a.select(wanted).join(b.select(wanted), on="user_idx", suffix="_b", maintain_order="left")
    if (both["n_fold_in"] != both["n_fold_in_b"]).any():
        raise DataError("The two models were shown different histories of the same users; use one split for both.")
    return both


def _segments(n_fold_in: np.ndarray, compare: Callable[[np.ndarray], Comparison]) -> list[Segment]:
    """Those that hold a user for whom both models have a value."""
    found = [Segment(words, compare((n_fold_in >= start) & (n_fold_in < stop))) for words, start, stop in SEGMENTS]
    return family([segment for segment in found if segment.comparison.n])


def family(segments: Sequence[Segment]) -> list[Segment]:
    """The same segments of one pair, after Holm over them."""
    adjusted = with_holm([segment.comparison for segment in segments])
    return [Segment(segment.words, one) for segment, one in zip(segments, adjusted, strict=True)]


def _left_out(undefined: int, alone: int, metric: str) -> list[str]:
    sentences = []
    if undefined:
        sentences.append(f"Left out: {_users(undefined)} for whom {metric} is not defined.")
    if alone:
        sentences.append(f"Left out: {_users(alone)} whom only one of the two models was measured on.")
    return sentences


def _users(n: int) -> str:
    """

    >>> _users(1), _users(12), _users(2897)
    ('one user', 'twelve users', '2,897 users')
    """
    return f"{_NUMBERS[n - 1] if 1 <= n <= len(_NUMBERS) else f'{n:,}'} user{'s' * (n != 1)}"


def _why_not(c: Comparison, n_asked: int = 1) -> str:
    """Why an interval that leaves out 0 is not enough; nothing where it holds 0."""
    if not (c.low > 0 or c.high < 0):
        return ""
    together = f" after Holm over {n_asked:,} comparisons" if n_asked > 1 else ""
    return f" The interval leaves out 0, but the test does not rule out chance (p = {c.p_holm:.3g}{together})."


def _figures(*values: float) -> list[str]:
    """To three decimals, or as many more as it takes that none but 0 reads as 0, and no two as one.

    >>> _figures(0.0312, -0.2), _figures(0.00004, 0.5), _figures(-1e-17, 0.0)
    (['0.031', '-0.200'], ['0.00004', '0.50000'], ['0.000', '0.000'])
    >>> _figures(0.00078, 0.00084, 0.00081)
    ['0.00078', '0.00084', '0.00081']
    """
    values = tuple(0.0 if abs(value) <= 1e-9 else value for value in values)  # what is smaller is an error of rounding
    ordered = sorted(values)
    apart = [high - low for low, high in pairwise(ordered) if high - low > 1e-9]
    sizes = [abs(value) for value in values if value] + apart
    decimals = max([3, *(-math.floor(math.log10(size)) for size in sizes)])
    return [f"{round(value, decimals) + 0.0:.{decimals}f}" for value in values]
