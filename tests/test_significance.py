import numpy as np
import pytest

from zoo.significance import mean_interval


def test_the_interval_covers_the_true_mean_about_95_times_in_100():
    rng = np.random.default_rng(0)
    samples = rng.normal(0.3, 0.2, (400, 80))
    covered = np.mean([(i := mean_interval(sample, n_draws=400)).low <= 0.3 <= i.high for sample in samples])
    assert 0.90 <= covered <= 0.98  # 0.95 within 3 standard errors of 400 trials, less the small-sample bias


def test_the_interval_has_the_width_of_two_standard_errors_each_way():
    values = np.random.default_rng(1).normal(0, 1, 10_000)
    interval = mean_interval(values)
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * values.std() / 100, rel=0.1)


def test_undefined_users_are_skipped_and_not_counted():
    interval = mean_interval(np.array([0.5, np.nan, 0.5]))
    assert (interval.mean, interval.low, interval.high, interval.n) == (0.5, 0.5, 0.5, 2)


def test_nobody_measured_gives_no_interval():
    assert mean_interval(np.array([np.nan])) is None
    assert mean_interval(np.array([])) is None


def test_the_seed_decides_the_draws():
    values = np.random.default_rng(2).random(50)
    assert mean_interval(values, seed=3) == mean_interval(values, seed=3)
    assert mean_interval(values, seed=3) != mean_interval(values, seed=4)
