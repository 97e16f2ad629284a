import tracemalloc
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from zoo import significance
from zoo.card import Interval
from zoo.errors import DataError
from zoo.significance import (
    bootstrap_means,
    compare_all,
    holm,
    jackknife_interval,
    mean_interval,
    mean_intervals,
    paired,
    with_holm,
)


def recalls(rng, n_users, n_models):
    """Models of one quality, measured as recall is: skewed, many zeros, easy and hard users. float [n_users, M]"""
    ability, held_out = rng.beta(0.4, 3, (n_users, 1)), rng.integers(1, 12, (n_users, 1))
    return rng.binomial(held_out, ability, (n_users, n_models)) / held_out


def skewed(seed=0, n=40):
    return np.random.default_rng(seed).exponential(0.3, n)


# Means and their intervals


def test_the_draws_are_spread_as_scipys_are():
    values = skewed()
    ours = bootstrap_means(values)[:, 0]
    theirs = stats.bootstrap((values,), np.mean, n_resamples=10_000, method="percentile", rng=1)
    assert len(ours) == 10_000
    assert ours.std() == pytest.approx(theirs.standard_error, rel=0.03)
    assert np.quantile(ours, [0.025, 0.975]) == pytest.approx(list(theirs.confidence_interval), abs=0.006)


def test_the_interval_is_the_percentile_interval_of_the_expanded_level():
    values = skewed(n=8)
    tail = stats.norm.cdf(-np.sqrt(8 / 7) * stats.t.ppf(0.975, 7))  # 0.0057, not 0.025
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=50_000, method="percentile", confidence_level=1 - 2 * tail, rng=1
    )
    interval = mean_interval(values)
    assert [interval.low, interval.high] == pytest.approx(list(expected.confidence_interval), abs=0.02)
    assert interval.mean == pytest.approx(values.mean())


@pytest.mark.parametrize("n", [5, 20])
def test_the_level_of_the_ends_is_expanded_by_n_and_by_t(n):
    """The ends are quantiles of our own draws, at exactly that level."""
    values = skewed(n=n)
    tail = stats.norm.cdf(-np.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1))
    ends = np.quantile(bootstrap_means(values)[:, 0], [tail, 1 - tail])
    interval = mean_interval(values)
    assert [interval.low, interval.high] == pytest.approx(ends.tolist(), abs=1e-12)


def test_users_without_a_value_are_never_drawn():
    values = skewed(n=30)
    among = np.full(90, np.nan)
    among[::3] = values
    assert mean_interval(among).model_dump() == pytest.approx(mean_interval(values).model_dump(), abs=1e-12)


def test_the_same_users_are_drawn_for_every_column():
    values = skewed()
    draws = bootstrap_means(np.column_stack([values, values + 0.1, -values]))
    assert draws[:, 1] - draws[:, 0] == pytest.approx(0.1, abs=1e-12)
    assert draws[:, 2] == pytest.approx(-draws[:, 0], abs=1e-12)


def test_a_mean_is_the_mean_of_the_users_drawn_to_the_last_digits(monkeypatch):
    monkeypatch.setattr(significance, "_CHUNK_BYTES", 3 * 8 * 40)  # three draws at a time, and one left over
    values = skewed().astype(np.float32)
    rng = np.random.default_rng(5)
    by_hand = [values[rng.integers(0, 40, 40)].astype(np.float64).mean() for _ in range(10)]
    assert bootstrap_means(values, seed=5, n_draws=10)[:, 0] == pytest.approx(by_hand, abs=1e-12)


def test_undefined_users_weigh_nothing_in_a_draw():
    values = np.column_stack([skewed(), skewed(1)])
    values[::3, 0] = np.nan
    rng = np.random.default_rng(5)
    by_hand = [np.nanmean(values[rng.integers(0, 40, 40)], axis=0) for _ in range(10)]
    assert bootstrap_means(values, seed=5, n_draws=10) == pytest.approx(np.array(by_hand), abs=1e-12)


def test_the_interval_covers_the_true_mean_95_times_in_100_with_60_users():
    rng = np.random.default_rng(0)
    samples = rng.normal(0.3, 0.2, (400, 60))
    covered = np.mean([(i := mean_interval(sample, n_draws=1000)).low <= 0.3 <= i.high for sample in samples])
    assert 0.917 <= covered <= 0.983  # 0.95 within 3 standard errors of 400 trials


def test_the_interval_of_skewed_recalls_covers_hardly_less():
    truth = recalls(np.random.default_rng(0), 200_000, 1).mean()
    rng = np.random.default_rng(1)
    intervals = [mean_interval(recalls(rng, 60, 1)[:, 0], n_draws=1000) for _ in range(400)]
    assert np.mean([i.low <= truth <= i.high for i in intervals]) >= 0.90


def test_the_interval_has_the_width_of_two_standard_errors_each_way():
    values = np.random.default_rng(1).normal(0, 1, 4_000)
    interval = mean_interval(values)
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(4_000), rel=0.03)


def test_another_seed_moves_the_ends_by_little_of_the_width():
    values = skewed(n=200)
    ends = np.array([(i.low, i.high) for i in (mean_interval(values, seed=seed) for seed in range(6))])
    width = ends[0, 1] - ends[0, 0]
    assert np.ptp(ends, axis=0).max() < 0.04 * width


def test_three_users_get_all_that_a_bootstrap_can_give():
    values = np.array([0.1, 0.2, 0.9])
    interval = mean_interval(values)
    assert (interval.low, interval.high, interval.n) == (pytest.approx(0.1), pytest.approx(0.9), 3)


def test_one_user_gives_low_mean_high_in_one():
    assert mean_interval(np.array([0.25, np.nan])) == Interval(mean=0.25, low=0.25, high=0.25, n=1)


def test_undefined_users_are_skipped_and_not_counted():
    interval = mean_interval(np.array([0.5, np.nan, 0.5, np.inf]))
    assert (interval.mean, interval.low, interval.high, interval.n) == (0.5, 0.5, 0.5, 2)


def test_nobody_measured_gives_no_interval():
    assert mean_interval(np.array([np.nan])) is None
    assert mean_interval(np.array([])) is None
    assert mean_intervals(np.full((0, 2), np.nan)) == [None, None]


def test_the_seed_decides_the_draws():
    values = skewed()
    assert mean_interval(values, seed=3) == mean_interval(values, seed=3)
    assert mean_interval(values, seed=3) != mean_interval(values, seed=4)


def test_many_metrics_have_the_intervals_that_each_has_alone():
    values = np.column_stack([skewed(), skewed(1), np.full(40, np.nan)])
    values[:5] = np.nan
    *together, nobody = mean_intervals(values)
    alone = [mean_interval(column) for column in values.T[:2]]
    assert nobody is None
    for one, other in zip(together, alone, strict=True):
        assert one.model_dump() == pytest.approx(other.model_dump(), abs=1e-12)


# Pairs of models


def exact_p(a, b):
    return stats.permutation_test((a, b), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=9999)


def test_few_users_get_the_exact_p_value():
    a, b = skewed(n=9), skewed(1, n=9) + 0.2
    assert paired(a, b).p == pytest.approx(exact_p(a, b).pvalue, abs=1e-12)
    assert paired(np.array([3.0, 2.0, 1.0]), np.zeros(3)).p == 2 / 8  # +++ and --- of eight
    zeros_first = np.array([0.0, 0.0, 0.0, 3.0, 2.0, 1.0])  # who differ in nothing have nothing to flip
    assert paired(zeros_first, np.zeros(6)).p == 2 / 8
    tied = np.array([0.1, 0.2, 0.3, 0.0])  # 0.1 + 0.2 is 0.30000000000000004: a tie all the same
    assert paired(tied * [1, 1, -1, 1], np.zeros(4)).p == 1.0


def test_many_users_get_a_p_value_near_scipys():
    a, b = skewed(n=60), skewed(1, n=60) + 0.08
    theirs = stats.permutation_test(
        (a, b), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=20_000, rng=1
    )
    ours = paired(a, b)
    assert 0.02 < ours.p < 0.5
    assert ours.p == pytest.approx(theirs.pvalue, abs=4 * np.sqrt(ours.p / 10_000))
    assert paired(a + 9, b).p == 1 / 10_001  # never 0


def test_a_comparison_says_what_it_says():
    a, b = np.array([0.5, 0.5, 0.2, np.nan, 1.0, 0.0]), np.array([0.25, 0.5, 0.4, 0.1, np.nan, 0.0])
    d = np.array([0.25, 0.0, -0.2, 0.0])
    found = paired(a, b, names=("EASE", "VAE"), metric="recall_at_20")
    assert (found.a, found.b, found.metric, found.n) == ("EASE", "VAE", "recall_at_20", 4)
    assert found.difference == pytest.approx(0.0125)
    assert found.effect_size == pytest.approx(d.mean() / d.std(ddof=1))
    assert found.detectable == pytest.approx(2.8016 * d.std(ddof=1) / 2, rel=1e-4)  # 1.95996 + 0.84162
    assert (found.share_higher, found.share_lower, found.share_equal) == (0.25, 0.25, 0.5)
    assert found.low < 0 < found.high
    assert np.isnan(found.p_holm)  # four users are asked nothing
    assert not found.distinguishable


def test_four_in_five_such_test_sets_find_the_detectable_difference():
    rng = np.random.default_rng(0)
    detectable = 2.8016 * 0.2 / np.sqrt(50)
    tests = [paired(rng.normal(detectable, 0.2, 50), np.zeros(50), n_draws=999, seed=i) for i in range(200)]
    assert np.mean([test.detectable for test in tests]) == pytest.approx(detectable, rel=0.03)
    assert np.mean([test.p < 0.05 for test in tests]) == pytest.approx(0.8, abs=3 * np.sqrt(0.8 * 0.2 / 200))


def test_models_of_one_quality_are_told_apart_5_times_in_100():
    rng = np.random.default_rng(0)
    tests = [paired(*recalls(rng, 80, 2).T, n_draws=999, seed=i) for i in range(400)]
    error = np.sqrt(0.05 * 0.95 / 400)
    assert np.mean([test.p < 0.05 for test in tests]) == pytest.approx(0.05, abs=3 * error)
    assert np.mean([test.distinguishable for test in tests]) <= 0.05 + 3 * error


def test_six_models_of_one_quality_give_a_false_finding_in_5_families_of_100_at_most():
    rng = np.random.default_rng(1)
    families = [
        compare_all(dict(zip("abcdef", recalls(rng, 60, 6).T, strict=True)), n_draws=999, seed=i) for i in range(200)
    ]
    assert {len(family) for family in families} == {15}
    wrong = np.mean([any(test.p_holm < 0.05 for test in family) for family in families])
    assert wrong <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)
    assert np.mean([any(test.p < 0.05 for test in family) for family in families]) > 0.2  # what Holm is for


def test_what_the_users_share_does_not_hide_a_small_difference():
    easy = np.random.default_rng(0).beta(0.4, 3, 300)  # users differ by 0.2, models by 0.01
    a, b = easy + 0.01 + np.random.default_rng(1).normal(0, 0.02, 300), easy
    found = paired(a, b)
    assert found.distinguishable
    assert found.low < 0.01 < found.high
    apart = np.quantile(bootstrap_means(a, seed=1)[:, 0] - bootstrap_means(b, seed=2)[:, 0], [0.025, 0.975])
    assert apart[0] < 0 < apart[1]
    assert found.high - found.low < 0.2 * (apart[1] - apart[0])


def test_identical_models_are_not_told_apart():
    found = paired(skewed(), skewed())
    assert (found.difference, found.low, found.high, found.p, found.share_equal) == (0, 0, 0, 1, 1)
    assert np.isnan(found.effect_size)
    assert not found.distinguishable


def test_a_constant_difference_has_no_effect_size():
    found = paired(skewed() + 0.1, skewed())
    assert np.isnan(found.effect_size)
    assert found.detectable == 0
    assert found.distinguishable


def test_too_few_users_are_never_told_apart():
    nobody, one, three = (paired(np.arange(1.0, n + 1), np.zeros(n)) for n in (0, 1, 3))
    assert nobody.n == 0
    assert np.isnan([nobody.p, nobody.p_holm, nobody.difference, nobody.low, nobody.share_equal]).all()
    assert (one.p, one.difference) == (1, 1)
    assert np.isnan([one.low, one.high, one.effect_size, one.detectable]).all()
    assert (three.low, three.high, three.p) == (1, 3, 0.25)
    assert not any(found.distinguishable for found in (nobody, one, three))


def test_few_users_are_not_told_apart_whatever_their_p():
    nineteen, twenty = (paired(np.arange(1.0, n + 1), np.zeros(n)) for n in (19, 20))
    assert not replace(nineteen, p_holm=0.001).distinguishable
    assert replace(twenty, p_holm=0.001).distinguishable


def test_the_second_against_the_first_is_the_first_against_the_second_turned():
    a, b = skewed(), skewed(1)
    one, other = paired(a, b), paired(b, a)
    assert (one.difference, one.p, one.share_higher) == (-other.difference, other.p, other.share_lower)
    assert one.low == pytest.approx(-other.high, abs=1e-12)


def test_every_pair_is_compared_as_if_it_stood_alone():
    values = {name: skewed(seed) + shift for name, seed, shift in (("x", 0, 0.3), ("y", 1, 0.0), ("z", 2, 0.0))}
    values["y"][3] = np.nan
    found = compare_all(values)
    assert [(one.a, one.b, one.n) for one in found] == [("x", "y", 39), ("x", "z", 40), ("y", "z", 39)]
    alone = [paired(values[one.a], values[one.b], names=(one.a, one.b)) for one in found]
    for one, other in zip(found, alone, strict=True):
        assert (one.difference, one.effect_size, one.detectable) == (
            other.difference,
            other.effect_size,
            other.detectable,
        )
        assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-12)
        assert one.p == pytest.approx(other.p, abs=0.02)  # flips are drawn for the users of all pairs
    assert [one.p_holm for one in found] == pytest.approx(holm(np.array([one.p for one in found])))


def test_against_a_baseline_each_other_model_is_asked_about_once():
    values = {"popularity": skewed(), "ease": skewed(1), "vae": skewed(2)}
    found = compare_all(values, baseline="popularity")
    assert [(one.a, one.b) for one in found] == [("ease", "popularity"), ("vae", "popularity")]
    assert compare_all({"ease": skewed()}) == []
    with pytest.raises(DataError, match="No model is called svd"):
        compare_all(values, baseline="svd")
    with pytest.raises(DataError, match="same users"):
        compare_all({"ease": skewed(), "vae": skewed()[:5]})


def test_the_seed_decides_a_comparison():
    a, b = skewed(), skewed(1)
    assert paired(a, b, seed=3) == paired(a, b, seed=3)
    assert paired(a, b, seed=3) != paired(a, b, seed=4)


def test_the_flips_do_not_depend_on_how_many_are_worked_on_at_once(monkeypatch):
    a, b = skewed(), skewed(1)
    at_once = paired(a, b)
    monkeypatch.setattr(significance, "_CHUNK_BYTES", 3 * 8 * 40)  # three at a time: 15 bytes of bits
    assert paired(a, b).p == at_once.p


def test_many_models_are_compared_in_little_memory():
    values = dict(zip("abcdefghijklmn", recalls(np.random.default_rng(0), 800, 14).T, strict=True))
    tracemalloc.start()
    try:
        compare_all(values)
        highest = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert highest < 40 * 2**20  # 8 MiB that are drawn at once; a number per draw and pair is 7 MiB


# Several questions at once


def test_holm_is_what_it_is_by_hand():
    # sorted: 0.005 x 4, 0.01 x 3, 0.03 x 2, 0.04 x 1 -> 0.02, 0.03, 0.06, and 0.04 may not fall below 0.06
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.6, 0.7])).tolist() == [1.0, 1.0]
    assert holm(np.array([])).tolist() == []


def test_holm_does_not_count_what_was_not_tested():
    assert holm(np.array([0.02, np.nan, 0.01])) == pytest.approx([0.02, np.nan, 0.02], nan_ok=True)


def test_holm_does_not_depend_on_the_order():
    p = np.array([0.01, 0.01, 0.2, 0.03])
    expected = dict(zip(p, holm(p), strict=True))
    assert all(holm(np.array(q)).tolist() == [expected[x] for x in q] for q in permutations(p))


def test_comparisons_made_apart_can_be_taken_as_one_family():
    apart = [paired(skewed(seed) + 0.1, skewed(seed + 9)) for seed in range(3)]
    assert [one.p_holm for one in with_holm(apart)] == holm(np.array([one.p for one in apart])).tolist()
    assert with_holm([]) == []


# Figures over all lists


def test_the_jackknife_of_a_sum_is_the_t_interval_over_groups():
    groups = np.random.default_rng(0).poisson(5, (10, 4))
    value, low, high = jackknife_interval(lambda counts: counts.sum() / 10, groups)
    of_each = groups.sum(axis=1)
    # leaving one group out of a sum over 10 moves it by that group / 10: the t interval of their mean
    expected = stats.t.interval(0.95, 9, of_each.mean(), stats.sem(of_each) * 9 / 10)
    assert value == pytest.approx(of_each.mean())
    assert (low, high) == pytest.approx(expected)


def share_of_first(counts):
    return counts[0] / counts.sum()


def test_the_jackknife_covers_the_true_figure_95_times_in_100():
    rng = np.random.default_rng(0)
    shares = np.array([0.3, 0.5, 0.2])
    intervals = [jackknife_interval(share_of_first, rng.multinomial(50, shares, 20)) for _ in range(400)]
    assert np.mean([low <= 0.3 <= high for _, low, high in intervals]) == pytest.approx(0.95, abs=0.033)


def test_one_group_has_nothing_to_leave_out():
    assert jackknife_interval(share_of_first, np.array([[1, 3]])) == (0.25, 0.25, 0.25)
