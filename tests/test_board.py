"""Models side by side: best, level with the best, beside a baseline, cheapest, and on the line of cost."""

import math

import numpy as np
import pytest

from tests.test_significance import recalls
from zoo.board import Board, every_two, figures_and_pairs, turned
from zoo.card import Interval
from zoo.metrics import EXPOSURE_FAMILIES, FAMILIES
from zoo.significance import (
    LARGE,
    MIN_USERS,
    compare_all,
    compare_each,
    holm,
    mean_interval,
    mean_intervals,
    measure_each,
    with_holm,
)

RECALL, CALIBRATION = FAMILIES["recall_at_{k}"].at(20), FAMILIES["genre_miscalibration_at_{k}"].at(20)
NOVELTY, COVERAGE = FAMILIES["novelty_at_{k}"].at(20), EXPOSURE_FAMILIES["coverage_at_{k}"].at(20)
N = 200
RNG = np.random.default_rng(3)
SHARED = RNG.random(N)
COLUMNS = {
    "good": SHARED + 0.10 + RNG.normal(0, 0.02, N),
    "as_good": SHARED + 0.1005 + RNG.normal(0, 0.02, N),
    "worse": SHARED + RNG.normal(0, 0.02, N),
}


def board(metric=RECALL, columns=COLUMNS):
    figures = {metric.name: {name: mean_interval(column) for name, column in columns.items()}}
    pairs = {name: with_holm(found) for name, found in every_two({metric.name: columns}).items()}
    return Board({metric.name: metric}, figures, pairs)


def test_the_best_has_the_highest_mean_and_who_is_not_told_apart_is_level_with_it():
    one = board()
    assert one.best("recall_at_20") in ("good", "as_good")
    assert set(one.level("recall_at_20")) == {"good", "as_good"}


def test_where_less_is_better_the_lowest_is_the_best():
    one = board(CALIBRATION)
    assert one.best(CALIBRATION.name) == "worse"
    assert one.level(CALIBRATION.name) == ["worse"]


@pytest.mark.parametrize("metric", [NOVELTY, COVERAGE])
def test_where_neither_more_nor_less_is_better_nobody_is_the_best(metric):
    one = board(metric)
    assert one.best(metric.name) is None
    assert one.level(metric.name) == []
    assert one.pareto(metric.name, dict.fromkeys(COLUMNS, 1.0)) == []


def test_a_metric_that_nobody_has_has_no_best():
    assert Board({RECALL.name: RECALL}, {RECALL.name: {}}, {RECALL.name: []}).best(RECALL.name) is None


def test_beside_a_baseline_everybody_is_asked_against_it_alone_and_in_its_direction():
    found = board().against("worse", "recall_at_20")
    alone = {one.a: one for one in compare_all(COLUMNS, baseline="worse")}
    assert found.keys() == alone.keys() == {"good", "as_good"}
    for name, one in found.items():
        assert one.difference == pytest.approx((COLUMNS[name] - COLUMNS["worse"]).mean())
        assert one.p_holm == pytest.approx(alone[name].p_holm)
        assert one.low < one.difference < one.high


def test_the_baseline_is_taken_off_whether_it_comes_first_or_last():
    for baseline in COLUMNS:
        for name, one in board().against(baseline, "recall_at_20").items():
            assert (one.a, one.b) == (name, baseline)
            assert one.difference == pytest.approx((COLUMNS[name] - COLUMNS[baseline]).mean())


def test_a_comparison_turned_is_that_of_the_other_order():
    (one,) = compare_all({"a": COLUMNS["good"], "b": COLUMNS["worse"]})
    (other,) = compare_all({"b": COLUMNS["worse"], "a": COLUMNS["good"]})
    mine = turned(one)
    assert (mine.a, mine.b, mine.n) == (other.a, other.b, other.n)
    for name in ("difference", "effect_size", "share_higher", "share_lower", "p"):
        assert getattr(mine, name) == pytest.approx(getattr(other, name)), name
    assert (mine.low, mine.high) == pytest.approx((other.low, other.high), abs=2e-4)  # other ends of the same draws


def test_the_cheapest_is_looked_for_among_those_that_are_level_with_the_best():
    costs = {"good": 5.0, "as_good": 2.0, "worse": 0.1}
    assert board().cheapest_level("recall_at_20", costs) == "as_good"
    assert board().cheapest_level("recall_at_20", {"worse": 0.1}) is None


def test_of_equal_costs_the_better_mean_decides_and_who_is_level_stands_by_its_mean():
    noise = 0.01 * np.resize([1, -1], N)  # of mean 0
    for metric, sign in ((RECALL, 1), (CALIBRATION, -1)):
        columns = {"as_good": SHARED, "best": SHARED + noise + sign * 0.0001, "worse": SHARED - sign * 0.2}
        one = board(metric, columns)
        assert one.level(metric.name) == ["best", "as_good"]
        assert one.cheapest_level(metric.name, dict.fromkeys(columns, 3.0)) == "best"


def test_on_the_line_is_whoever_nobody_beats_in_both():
    means = {"cheap": 0.1, "middle": 0.3, "beaten": 0.2, "best": 0.4, "twin": 0.4}
    costs = {"cheap": 1.0, "middle": 2.0, "beaten": 3.0, "best": 4.0, "twin": 4.0}
    figures = {name: Interval(mean=mean, low=0, high=1, n=99) for name, mean in means.items()}
    one = Board({RECALL.name: RECALL}, {RECALL.name: figures}, {RECALL.name: []})
    assert one.pareto("recall_at_20", costs) == ["cheap", "middle", "best", "twin"]
    turned_round = Board({CALIBRATION.name: CALIBRATION}, {CALIBRATION.name: figures}, {})
    assert turned_round.pareto(CALIBRATION.name, costs) == ["cheap"]


def test_metrics_asked_together_are_what_each_is_alone():
    rng = np.random.default_rng(1)
    values = {name: dict(zip("abc", recalls(rng, 90, 3).T, strict=True)) for name in ("recall", "ndcg")}
    values["ndcg"]["c"] = np.where(np.arange(90) < 30, np.nan, values["ndcg"]["c"])
    together = every_two(values)
    for name, of in values.items():
        for one, alone in zip(together[name], every_two({name: of})[name], strict=True):
            assert (one.metric, one.a, one.b, one.n) == (name, alone.a, alone.b, alone.n)
            assert (one.low, one.high, one.p) == pytest.approx((alone.low, alone.high, alone.p), abs=1e-12)


def test_means_and_pairs_of_one_set_of_draws_are_what_each_is_alone():
    rng = np.random.default_rng(2)
    values = {name: dict(zip("abc", recalls(rng, 90, 3).T, strict=True)) for name in ("recall", "ndcg")}
    values["ndcg"]["c"] = np.where(np.arange(90) < 30, np.nan, values["ndcg"]["c"])
    values["ndcg"]["nobody"] = np.full(90, np.nan)
    means, pairs = figures_and_pairs(values)
    assert pairs == every_two(values)
    assert list(means["ndcg"]) == ["a", "b", "c"]
    for metric, of in means.items():
        for name, found in of.items():
            alone = mean_interval(values[metric][name])
            assert found.n == alone.n
            assert (found.mean, found.low, found.high) == pytest.approx((alone.mean, alone.low, alone.high), abs=1e-12)


def test_means_with_pairs_are_told_where_users_differ_and_where_there_is_one_column():
    some = {"recall": {"a": np.r_[np.nan, np.arange(39.0)], "b": np.ones(40)}}
    means, (pair,) = measure_each(some)
    assert (means["recall", "a"].n, means["recall", "b"].n, pair.n) == (39, 40, 39)
    assert pair == compare_each(some)[0]
    means, pairs = measure_each({"recall": {"a": np.arange(40.0)}})
    assert (means["recall", "a"], pairs) == (mean_interval(np.arange(40.0)), [])


def test_whoever_has_no_value_is_in_no_pair_and_others_share_only_common_users():
    values = {"a": np.arange(40.0), "b": np.r_[np.full(10, np.nan), np.ones(30)], "nobody": np.full(40, np.nan)}
    (one,) = every_two({"recall": values})["recall"]
    assert (one.a, one.b, one.n) == ("a", "b", 30)
    (alone,) = compare_all({"a": np.arange(10.0, 40.0), "b": np.ones(30)})
    assert (one.low, one.high, one.p) == pytest.approx((alone.low, alone.high, alone.p), abs=1e-12)


def test_each_is_asked_alone_until_holm_asks_them_together():
    found = compare_each({"recall": COLUMNS, "ndcg": COLUMNS})
    assert [one.p for one in found] == [one.p_holm for one in found]
    family = with_holm(found)
    assert [one.p_holm for one in family] == pytest.approx(holm(np.array([one.p for one in found])).tolist())
    assert compare_each({}) == []


def test_from_50_000_users_on_theory_takes_the_place_of_draws_and_says_the_same(monkeypatch):
    rng = np.random.default_rng(5)
    a, b = recalls(rng, 5_000, 2).T
    drawn, (interval,) = compare_all({"a": a, "b": b}), mean_intervals(a[:, None])
    monkeypatch.setattr("zoo.significance.LARGE", 5_000)
    by_theory, (theirs,) = compare_all({"a": a, "b": b}), mean_intervals(a[:, None])
    width = drawn[0].high - drawn[0].low
    assert by_theory[0].low == pytest.approx(drawn[0].low, abs=0.03 * width)
    assert by_theory[0].high == pytest.approx(drawn[0].high, abs=0.03 * width)
    assert by_theory[0].p == pytest.approx(drawn[0].p, abs=4 * math.sqrt(0.25 / 10_000) + 1e-4)
    assert (theirs.low, theirs.high) == pytest.approx(
        (interval.low, interval.high), abs=0.03 * (interval.high - interval.low)
    )
    assert by_theory[0].difference == drawn[0].difference


def test_theory_gives_5_percent_to_a_sum_of_two_standard_errors(monkeypatch):
    monkeypatch.setattr("zoo.significance.LARGE", 100)
    signs = np.r_[np.ones(60), -np.ones(40)]  # a sum of 20, and flipped signs have a standard deviation of 10
    (one,) = compare_each({"recall": {"a": signs, "b": np.zeros(100)}})
    assert one.p == pytest.approx(0.0455, abs=1e-4)  # 2 Phi(-2)


def test_theory_knows_undefined_users_no_difference_and_nobody():
    n = LARGE
    values = np.r_[np.zeros(n - 2), np.nan, 1.0]
    same, other = compare_each({"recall": {"a": values, "b": values, "c": np.full(n, np.nan)}})[:2]
    assert (same.n, same.p, same.low, same.high) == (n - 1, 1.0, 0.0, 0.0)
    assert other.n == 0
    assert math.isnan(other.p)
    assert mean_intervals(np.column_stack([values, np.full(n, np.nan)]))[1] is None
    (few,) = with_holm(
        compare_each(
            {"recall": {"a": np.r_[np.ones(MIN_USERS - 1), np.full(n, np.nan)], "b": np.zeros(n + MIN_USERS - 1)}}
        )
    )
    assert not few.distinguishable


def test_lists_of_other_users_are_nobodys_rival_and_are_only_compared_in_pairs():
    """The few easy users have high figures under every model: their mean says nothing of the lists."""
    easy = np.argsort(-SHARED)[:40]
    few = np.full(N, np.nan)
    few[easy] = COLUMNS["worse"][easy]
    one = board(columns=COLUMNS | {"few": few})
    assert one.figures["recall_at_20"]["few"].mean > max(column.mean() for column in COLUMNS.values())
    assert one.best("recall_at_20") in ("good", "as_good")
    assert "few" not in one.level("recall_at_20")
    assert "few" not in one.pareto("recall_at_20", dict.fromkeys([*COLUMNS, "few"], 1.0))
    assert one.against("few", "recall_at_20")["good"].difference > 0.05


def test_below_the_least_number_of_users_nobody_is_the_best():
    short = {name: column[: MIN_USERS - 1] for name, column in COLUMNS.items()}
    assert board(columns=short).best("recall_at_20") is None
    assert board(columns=short).level("recall_at_20") == []


def test_a_column_of_few_users_among_many_is_drawn_as_it_is_alone():
    few = np.full(LARGE + 10, np.nan)
    few[:5] = [0.0, 0.0, 0.0, 0.2, 0.8]
    many = np.tile([0.0, 1.0], (LARGE + 10) // 2)
    alone, beside = mean_interval(few[:5]), mean_intervals(np.column_stack([few, many]))
    assert (beside[0].low, beside[0].high) == (alone.low, alone.high)
    assert beside[0].low >= 0
    pairs = {
        (one.a, one.b): one for one in compare_each({"recall": {"few": few, "many": many, "zero": np.zeros(len(many))}})
    }
    (by_hand,) = compare_all({"few": few[:5], "zero": np.zeros(5)})
    assert (pairs["few", "zero"].low, pairs["few", "zero"].p) == pytest.approx((by_hand.low, by_hand.p))
    assert pairs["many", "zero"].n == len(many)


def test_a_group_of_a_large_set_has_theory_from_2_000_users_on_and_its_own_draws_below(monkeypatch):
    rng = np.random.default_rng(2)
    values = recalls(rng, 6_000, 1)[:, 0]
    groups = [np.where(inside, values, np.nan) for inside in (np.arange(6_000) < 2_500, np.arange(6_000) >= 5_900)]
    alone = [mean_interval(group[np.isfinite(group)]) for group in groups]
    monkeypatch.setattr("zoo.significance.LARGE", 6_000)
    large, small = mean_intervals(np.column_stack(groups))
    assert (small.low, small.high, small.n) == (alone[1].low, alone[1].high, 100)
    width = alone[0].high - alone[0].low
    assert (large.low, large.high) == pytest.approx((alone[0].low, alone[0].high), abs=0.04 * width)
    assert large.low != alone[0].low
