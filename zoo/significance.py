"""How sure a mean over users is, and how sure a difference between two models.

Everything here draws users. So an interval speaks of other test users for *these trained* models; another training run
of the same model would add a spread of its own, of which these figures know nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import scipy  # scipy.special comes when it is asked for: 0.07 s; scipy.stats has the same, and takes half a second

from zoo.card import Interval
from zoo.errors import DataError

N_DRAWS = 10_000  # the ends of a 95 % interval then stand still to about a hundredth of its width
LEVEL = 0.95
MIN_USERS = 20  # below it nothing is told apart: three lucky users are not a finding
POWER = 0.80  # a difference is "detectable" where this share of such test sets would find it
LARGE = 50_000  # users from which on nothing is drawn: their mean is normal as closely as any draws could tell
LARGE_GROUP = 2_000  # the same for a group of so many users: a hundred groups of a large set would take minutes to draw
_CHUNK_BYTES = 8 * 2**20  # multiplied at once: 64 MiB were no faster, and the app's memory jumped by as much
_BITS = 2**23  # drawn in one call, which drops what is left of its last random word: another size draws other bits
_CACHED = 2**15  # numbers that are worked on at once where they should stay in the processor's cache


@dataclass(frozen=True)
class Comparison:
    """Two trained models on the same users: the first minus the second. nan where it is not known."""

    a: str
    b: str
    n: int  # users for whom both are defined
    difference: float  # mean of a - b
    low: float  # 95 % interval of the difference, bootstrap over users; nan below two users
    high: float
    p: float  # two-sided, signs flipped user by user; 1 with one user, nan with none
    p_holm: float  # after Holm over all comparisons that were made together; nan below MIN_USERS: asked nothing
    effect_size: float  # d_z = mean / standard deviation of the differences; nan where that deviation is 0
    detectable: float  # smallest true difference that one such test at 5 % finds four times in five (with 20 users
    # three in four); before Holm
    share_higher: float  # of users, those with a > b
    share_lower: float  # a < b
    share_equal: float  # a == b
    metric: str | None = None

    @property
    def distinguishable(self) -> bool:
        """Both must say so, of users enough: the test, after Holm, and the interval, which leaves out 0."""
        return self.n >= MIN_USERS and self.p_holm < 1 - LEVEL and (self.low > 0 or self.high < 0)


def bootstrap_means(values: np.ndarray, *, seed: int = 0, n_draws: int = N_DRAWS) -> np.ndarray:
    """Means over users drawn with replacement; the same users are drawn for every column.

    Parameters
    ----------
    values : float [n_users] or [n_users, M]; nan where undefined for that user
    seed : the draws; the same seed and n_users draw the same users
    n_draws : how many

    Returns
    -------
    float64 [n_draws, M]; nan where a draw holds no user for whom the column is defined

    Notes
    -----
    With W [n_draws, n_users], how often each user was drawn: sum_u W v / sum_u W defined. One product of matrices, and
    no gathering of values. Efron and Tibshirani 1993, An Introduction to the Bootstrap.
    """
    columns = _finite_or_nan(values if values.ndim == 2 else values[:, None])  # [n, M]
    masks, mask_of = np.unique(~np.isnan(columns), axis=1, return_inverse=True)  # mostly the same users for all metrics
    summed = np.hstack([np.nan_to_num(columns), masks])  # [n, M + masks]
    means = np.full((n_draws, columns.shape[1]), np.nan)
    if not columns.size:
        return means
    start = 0
    for counts in _user_counts(len(columns), n_draws, np.random.default_rng(seed)):
        sums = counts @ summed
        with np.errstate(invalid="ignore"):  # 0 / 0 is nan, and is meant
            means[start : start + len(counts)] = sums[:, : len(mask_of)] / sums[:, len(mask_of) + mask_of]
        start += len(counts)
    return means


def mean_interval(values: np.ndarray, *, seed: int = 0, n_draws: int = N_DRAWS) -> Interval | None:
    """Mean over users with its 95 % interval: `mean_intervals` of one metric, float [n_users]."""
    return mean_intervals(values[:, None], seed=seed, n_draws=n_draws)[0]


def mean_intervals(values: np.ndarray, *, seed: int = 0, n_draws: int = N_DRAWS) -> list[Interval | None]:
    """Mean of each metric over users with its 95 % expanded percentile interval, all from one set of draws.

    Parameters
    ----------
    values : float [n_users, M]; nan where a metric is undefined for that user (skipped, and not counted in its n)
    seed : the draws; the same seed gives the same intervals

    Returns
    -------
    per metric an Interval, or None where no user has a value. With one user low = mean = high: nothing to draw from.

    Notes
    -----
    The plain percentile interval is too short by sqrt((n - 1) / n) and by normal instead of t quantiles; expanded, the
    tail alpha / 2 becomes Phi(-sqrt(n / (n - 1)) t_{1 - alpha/2, n - 1}). Hesterberg 2015, What Teachers Should Know
    About the Bootstrap, The American Statistician 69(4). No bootstrap interval is wider than the values themselves:
    three users give lowest to highest value, which holds the truth three times in four (normal values), not 95 in 100.
    Skewed as recalls are, 8 users give 85 in 100, 20 give 92, 60 give 94 (2,000 simulations each). From 50,000 users on
    the t interval takes the place of the draws: by then the two are the same to a hundredth of their width.
    """
    values = _finite_or_nan(values)
    if len(values) >= LARGE:
        return [_interval(column[~np.isnan(column)], ends) for column, ends in _ends_of_many(values, seed, n_draws)]
    values = values[~np.isnan(values).all(axis=1)]  # so that a user without any value changes no draw
    draws = bootstrap_means(values, seed=seed, n_draws=n_draws)
    return [
        _interval(column[~np.isnan(column)], _ends(column, drawn))
        for column, drawn in zip(values.T, draws.T, strict=True)
    ]


def _ends_of_many(values: np.ndarray, seed: int, n_draws: int) -> list[tuple[np.ndarray, tuple[float, float]]]:
    """Each column of a large table with its ends: by theory, or for a small group drawn from its own users.

    values : float64 [n, M], nan where undefined
    """
    there = ~np.isnan(values)
    ends: dict[int, tuple[float, float]] = {}
    small: dict[bytes, list[int]] = {}  # columns of the same users share their draws
    for i in range(values.shape[1]):
        if np.count_nonzero(there[:, i]) >= LARGE_GROUP:
            ends[i] = _by_normal_theory(values[:, i])[0]
        else:
            small.setdefault(there[:, i].tobytes(), []).append(i)
    for columns in small.values():
        own = values[there[:, columns[0]]][:, columns]
        draws = bootstrap_means(own, seed=seed, n_draws=n_draws)
        ends |= {i: _ends(own[:, at], draws[:, at]) for at, i in enumerate(columns)}
    return [(column, ends[i]) for i, column in enumerate(values.T)]


def paired(
    a: np.ndarray,
    b: np.ndarray,
    *,
    names: tuple[str, str] = ("a", "b"),
    metric: str | None = None,
    seed: int = 0,
    n_draws: int = N_DRAWS,
) -> Comparison:
    """One comparison, a family of its own. a, b : float [n_users], the same users in the same order."""
    found = compare_all({"a": a, "b": b}, metric=metric, seed=seed, n_draws=n_draws)[0]
    return replace(found, a=names[0], b=names[1])


def compare_all(
    values: Mapping[str, np.ndarray],
    *,
    baseline: str | None = None,
    metric: str | None = None,
    seed: int = 0,
    n_draws: int = N_DRAWS,
) -> list[Comparison]:
    """Every pair of models on the same users, or every model against a baseline; Holm over all of them.

    Parameters
    ----------
    values : model -> float [n_users], the same users in the same order; nan where undefined for that user
    baseline : compare each other model with this one only (model minus baseline): fewer questions, more power
    seed : bootstrap draws and sign flips; both are shared by all pairs

    Returns
    -------
    a Comparison per pair, in the order of `values`

    Raises
    ------
    DataError if the models have different numbers of users, or none is called `baseline`
    """
    _check(values, baseline)
    return with_holm(compare_each({metric: values}, baseline=baseline, seed=seed, n_draws=n_draws))


def compare_each(
    values: Mapping[Any, Mapping[str, np.ndarray]],
    *,
    baseline: str | None = None,
    seed: int = 0,
    n_draws: int = N_DRAWS,
) -> list[Comparison]:
    """Every pair of models by every metric, or every model against a baseline: one set of draws for all of them.

    Parameters
    ----------
    values : metric, or None -> model -> float [n_users], the same users in the same order everywhere

    Returns
    -------
    a Comparison per metric and pair, in their order, each asked alone (`with_holm` asks some of them together)
    """
    return _measure(values, baseline, False, seed=seed, n_draws=n_draws)[1]


def measure_each(
    values: Mapping[Any, Mapping[str, np.ndarray]], *, seed: int = 0, n_draws: int = N_DRAWS
) -> tuple[dict[tuple[Any, str], Interval | None], list[Comparison]]:
    """`mean_intervals` and `compare_each` of the same values, from one set of draws where they can share it.

    Returns
    -------
    (metric, model) -> the mean with its interval, None where no user has a value; and every pair by every metric
    """
    return _measure(values, None, True, seed=seed, n_draws=n_draws)


def _measure(
    values: Mapping[Any, Mapping[str, np.ndarray]], baseline: str | None, with_means: bool, *, seed: int, n_draws: int
) -> tuple[dict[tuple[Any, str], Interval | None], list[Comparison]]:
    asked = [
        (metric, *pair)
        for metric, of in values.items()
        for pair in (combinations(of, 2) if baseline is None else [(a, baseline) for a in of if a != baseline])
    ]
    names = [(metric, name) for metric, of in values.items() for name in of]
    if not (names if with_means else asked):
        return {}, []
    columns = np.column_stack([_finite_or_nan(values[metric][name]) for metric, name in names])  # [n, M]
    draws = None
    if len(columns) < LARGE and not np.isnan(columns).any():
        draws = bootstrap_means(columns, seed=seed, n_draws=n_draws)  # [n_draws, M]
    means = dict(zip(names, _means(columns, draws, seed=seed, n_draws=n_draws), strict=True)) if with_means else {}
    if not asked:
        return means, []
    place = {name: i for i, name in enumerate(names)}
    pairs = np.array([(place[metric, a], place[metric, b]) for metric, a, b in asked])  # [P, 2]
    ends, p = _tested(columns, pairs, draws, seed=seed, n_draws=n_draws)
    return means, [
        _compare(a, b, columns[:, i] - columns[:, j], ends[at], p[at], metric)
        for at, ((metric, a, b), (i, j)) in enumerate(zip(asked, pairs.tolist(), strict=True))
    ]


def _means(columns: np.ndarray, draws: np.ndarray | None, *, seed: int, n_draws: int) -> list[Interval | None]:
    if draws is None:
        return mean_intervals(columns, seed=seed, n_draws=n_draws)
    return [_interval(column, _ends(column, drawn)) for column, drawn in zip(columns.T, draws.T, strict=True)]


def _tested(
    columns: np.ndarray, pairs: np.ndarray, draws: np.ndarray | None, *, seed: int, n_draws: int
) -> tuple[list[tuple[float, float]], list[float]]:
    """The interval and the p-value of each difference of two columns. columns : float64 [n, M]; pairs : int64 [P, 2]

    draws : float64 [n_draws, M], means of the columns over drawn users; None where they have different users, or many

    A mean of differences is the difference of the means on the same users: where all columns have the same users, the
    columns are drawn and not their pairs, of which there are many more.
    """
    if np.isnan(columns).any():
        differences = columns[:, pairs[:, 0]] - columns[:, pairs[:, 1]]
        if len(differences) >= LARGE:
            return _tested_apart(differences, seed=seed, n_draws=n_draws)
        columns, pairs = _with_zero(differences)
    if len(columns) >= LARGE:
        by_theory = [_by_normal_theory(columns[:, i] - columns[:, j]) for i, j in pairs]
        return [ends for ends, _ in by_theory], [p for _, p in by_theory]
    drawn = bootstrap_means(columns, seed=seed, n_draws=n_draws) if draws is None else draws  # [n_draws, M or its own]
    found = _sign_flip_p(columns, pairs, seed=seed, n_draws=n_draws)  # [P]
    ends = [_ends(columns[:, i] - columns[:, j], drawn[:, i] - drawn[:, j]) for i, j in pairs]
    return ends, found.tolist()


def _tested_apart(differences: np.ndarray, *, seed: int, n_draws: int) -> tuple[list[tuple[float, float]], list[float]]:
    """The same of differences [n, P] that different users have: theory for those of many, draws for the others."""
    found: list[tuple[tuple[float, float], float]] = []
    for column in differences.T:
        values = column[~np.isnan(column)]
        if len(values) >= LARGE_GROUP or len(values) < 2:
            found.append(_by_normal_theory(values))
        else:
            ends, p = _tested(*_with_zero(values[:, None]), None, seed=seed, n_draws=n_draws)
            found.append((ends[0], p[0]))
    return [ends for ends, _ in found], [p for _, p in found]


def _with_zero(differences: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Differences [n, P] as pairs: each minus a last column of zeros."""
    n, p = differences.shape
    return np.column_stack([differences, np.zeros(n)]), np.column_stack([np.arange(p), np.full(p, p)])


def with_holm(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The same comparisons, taken as one family: of those with users enough, which alone may find something."""
    adjusted = holm(np.array([one.p if one.n >= MIN_USERS else np.nan for one in comparisons]))
    return [replace(one, p_holm=float(p)) for one, p in zip(comparisons, adjusted, strict=True)]


def holm(p_values: np.ndarray) -> np.ndarray:
    """p-values adjusted for being asked together: whoever reads those below 5 % errs in 5 of 100 families at most.

    Parameters
    ----------
    p_values : float [P]; nan where no test was made (stays nan, and does not count)

    Returns
    -------
    float64 [P]: the i-th smallest of P becomes the largest of (P - j + 1) p_(j) over j <= i, and 1 at most

    Notes
    -----
    Holm 1979, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 6(2). It
    asks nothing of how the tests depend on each other.

    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    adjusted = np.full(len(p_values), np.nan)
    tested = np.flatnonzero(~np.isnan(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    steps = p_values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def jackknife_interval(of: Callable[[np.ndarray], float], groups: np.ndarray) -> tuple[float, float, float]:
    """A figure of all lists together (coverage, Gini, entropy) with its 95 % interval over groups of users.

    Such a figure is no mean over users, so it is taken again g times, each time without one group.

    Parameters
    ----------
    of : what is measured, from how often each item was shown, [I]
    groups : counts [g, I], one row per group of users; the groups drawn at random and about equally large

    Returns
    -------
    value on all groups, low, high. With one group low = value = high: nothing to leave out. The ends are not cut at the
    figure's own limits, and are nan where it is not defined without some group.

    Notes
    -----
    se^2 = (g - 1) / g sum_j (of_(-j) - mean of_(-.))^2, and value -+ t_{0.975, g - 1} se. The delete-a-group jackknife:
    Kott 2001, Journal of Official Statistics 17(4). It says how much the figure would move with other users, as many
    as these; it does not mend what a figure owes to the number of users, such as coverage.
    """
    total, g = groups.sum(axis=0), len(groups)
    value = float(of(total))
    if g < 2:
        return value, value, value
    left_out = np.array([of(total - group) for group in groups], dtype=np.float64)  # [g]
    error = np.sqrt((g - 1) / g * ((left_out - left_out.mean()) ** 2).sum())
    reach = float(scipy.special.stdtrit(g - 1, (1 + LEVEL) / 2) * error)
    return value, value - reach, value + reach


def _finite_or_nan(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _check(values: Mapping[str, np.ndarray], baseline: str | None) -> None:
    lengths = {name: len(column) for name, column in values.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"The models were not measured on the same users ({lengths}); join them on user_idx first.")
    if baseline is not None and baseline not in values:
        raise DataError(f"No model is called {baseline} (there are: {', '.join(values)}); name one of these.")


def _user_counts(n: int, n_draws: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """How often each user is drawn, float64 [some draws, n] at a time; the same memory is filled again."""
    counts = np.empty((max(1, min(n_draws, _CHUNK_BYTES // (8 * n))), n))
    few = max(1, _CACHED // n)  # counting them all at once would miss the cache, and take twice as long
    offsets = np.arange(few)[:, None] * n
    for start in range(0, n_draws, len(counts)):
        chunk = counts[: n_draws - start]
        for at in range(0, len(chunk), few):
            part = chunk[at : at + few]
            users = rng.integers(0, n, part.shape) + offsets[: len(part)]
            part[:] = np.bincount(users.ravel(), minlength=part.size).reshape(part.shape)
        yield chunk


def _interval(values: np.ndarray, ends: tuple[float, float]) -> Interval | None:
    """values : float [n], all defined"""
    return Interval(mean=float(values.mean()), low=ends[0], high=ends[1], n=len(values)) if len(values) else None


def _ends(column: np.ndarray, draws: np.ndarray) -> tuple[float, float]:
    """The ends of `mean_intervals`. column : float [n], nan where undefined; draws : float [n_draws] of their mean."""
    values = column[~np.isnan(column)]
    n = len(values)
    if n < 2:
        return (float(values[0]), float(values[0])) if n else (np.nan, np.nan)
    tail = scipy.special.ndtr(-np.sqrt(n / (n - 1)) * scipy.special.stdtrit(n - 1, (1 + LEVEL) / 2))
    low, high = np.quantile(draws[~np.isnan(draws)], [tail, 1 - tail])
    return float(low), float(high)


def _by_normal_theory(column: np.ndarray) -> tuple[tuple[float, float], float]:
    """Ends of the t interval, and p: what draws would come to. column : float [n], nan where undefined.

    The sum of values whose signs are flipped by chance has mean 0 and variance sum_u d_u^2.
    """
    values = column[~np.isnan(column)]
    n = len(values)
    if n < 2:
        return _ends(values, values), 1.0 if n else np.nan
    mean, reach = values.mean(), scipy.special.stdtrit(n - 1, (1 + LEVEL) / 2) * _deviation(values) / np.sqrt(n)
    spread = np.sqrt(np.square(values).sum())
    p = 2 * scipy.special.ndtr(-abs(values.sum()) / spread) if spread else 1.0
    return (float(mean - reach), float(mean + reach)), float(p)


def _compare(a: str, b: str, column: np.ndarray, ends: tuple[float, float], p: float, metric: str | None) -> Comparison:
    values = column[~np.isnan(column)]
    n = len(values)
    low, high = ends if n > 1 else (np.nan, np.nan)
    mean = float(values.mean()) if n else np.nan
    deviation = _deviation(values)
    return Comparison(
        a=a,
        b=b,
        n=n,
        difference=mean,
        low=low,
        high=high,
        p=p,
        p_holm=p,
        effect_size=mean / deviation if deviation > 0 else np.nan,
        detectable=_detectable() * deviation / np.sqrt(n) if n > 1 else np.nan,
        share_higher=float((values > 0).mean()) if n else np.nan,
        share_lower=float((values < 0).mean()) if n else np.nan,
        share_equal=float((values == 0).mean()) if n else np.nan,
        metric=metric,
    )


def _detectable() -> float:
    """In standard errors: the difference that a share of `POWER` of such test sets would find."""
    return float(scipy.special.ndtri((1 + LEVEL) / 2) + scipy.special.ndtri(POWER))


def _deviation(values: np.ndarray) -> float:
    """Standard deviation, and 0 (not a rounding error, which d_z would divide by) where all are one number."""
    if len(values) < 2:
        return np.nan
    deviation = float(values.std(ddof=1))
    return deviation if deviation > 1e-12 * np.abs(values).max() else 0.0


def _sign_flip_p(columns: np.ndarray, pairs: np.ndarray, *, seed: int, n_draws: int) -> np.ndarray:
    """Two-sided p of "a and b could change places for every user": how often flipped signs reach as far as these.

    columns : float64 [n, M], nan where undefined; pairs : int64 [P, 2] -> float64 [P], nan where nobody is defined.
    With d = a - b and bits r, sum_u (+-d) = 2 r.d - sum d = 2 (r.a - r.b) - sum d. Every pattern once where there are
    n_draws at most; else n_draws at random and the observed one, (count + 1) / (n_draws + 1): Phipson and Smyth 2010,
    Permutation P-values Should Never Be Zero.
    """
    known = np.nan_to_num(columns)
    first, second = pairs.T
    d = known[:, first] - known[:, second]
    observed = d.sum(axis=0)  # [P]
    reach = np.abs(observed) - 1e-10 * np.abs(d).sum(axis=0)  # ties count as reached, whatever the order of summing
    flippable = (d != 0).any(axis=1)  # a user without a difference has nothing to flip
    exact = flippable.sum() < 63 and 2 ** int(flippable.sum()) <= n_draws
    known = known[flippable] if exact else known  # at random, each user has the same flips whoever else is compared
    bits = _all_bits(len(known)) if exact else _random_bits(len(known), n_draws, np.random.default_rng([seed, 1]))
    reached = np.zeros(len(pairs), dtype=np.int64)
    for chunk in bits:
        sums = chunk @ known  # [some draws, M]
        reached += (np.abs(2 * (sums[:, first] - sums[:, second]) - observed) >= reach).sum(axis=0)
    p = reached / 2 ** len(known) if exact else (reached + 1) / (n_draws + 1)
    return np.where(np.isnan(columns).all(axis=0)[first], np.nan, p)


def _all_bits(n: int) -> Iterator[np.ndarray]:
    yield (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(np.float64)  # [2^n, n]


def _random_bits(n: int, n_draws: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """float64 [some draws, n] of 0 and 1, eight from each random byte."""
    rows, few = max(1, _BITS // n), max(1, _CHUNK_BYTES // (8 * n))
    for start in range(0, n_draws, rows):
        packed = rng.integers(0, 256, (min(rows, n_draws - start), -(-n // 8)), dtype=np.uint8)
        for at in range(0, len(packed), few):
            yield np.unpackbits(packed[at : at + few], axis=1, count=n).astype(np.float64)
