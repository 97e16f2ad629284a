"""What `menagerie evaluate` prints says what it may, and no more."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from zoo.card import Spread
from zoo.evaluate import Evaluation
from zoo.figures import plain, table
from zoo.measuring import Measured
from zoo.registry import Zoo
from zoo.significance import Comparison


@pytest.fixture
def measured(tiny_zoo) -> Measured:
    """Two models and lists made elsewhere, with figures of our own making for the test users of `tiny`."""
    data = Zoo(tiny_zoo).dataset("tiny")
    rng = np.random.default_rng(3)

    def of(mean: float, users: slice) -> Evaluation:
        idx = data.test.user_idx[users]
        values = (mean + rng.normal(0, 0.02, len(idx))).astype(np.float32)
        return Evaluation(pl.DataFrame({"user_idx": idx, "recall_at_20": values}), {})

    models = {"ease": of(0.4, slice(None)), "popularity": of(0.2, slice(None)), "twin": of(0.4, slice(None))}
    return Measured(
        data,
        models=models,
        external={"today": of(0.3, slice(0, 12))},
        notes={"today": ["Odd."]},
        runs={"ease": {"recall_at_20": Spread(mean=0.4, sd=0.0123, n=3)}},
    )


def test_the_table_marks_what_is_external_and_counts_the_users(measured):
    text = table(measured, {})
    assert text.startswith("tiny, strong:98765, 24 test users: mean over the n who have one [95 % interval]")
    lines = text.splitlines()
    (today,) = (line for line in lines if "today (external)" in line)
    assert today.endswith("n = 12")
    assert "today: lists made elsewhere. Odd." in lines
    assert "ndcg_at_100  defined for none of them" in lines


def test_the_table_tells_the_spread_between_training_runs_where_there_is_one(measured):
    ease, popularity = (
        next(line for line in table(measured, {}).splitlines() if line.startswith(f"  {name} "))
        for name in ("ease", "popularity")
    )
    assert ease.endswith("sd 0.0123 between 3 runs")
    assert "between" not in popularity


def test_the_table_says_what_the_test_users_do_not_tell_apart_and_what_they_are_too_few_for(measured):
    found = measured.compared("recall_at_20")
    text = table(measured, {"recall_at_20": found})
    lines = {line.split("  ")[1].strip(): line for line in text.splitlines() if " - " in line}
    assert lines.keys() == {f"{one.a} - {one.b}" for one in found}
    assert lines["ease - twin"].endswith("not told apart")
    assert lines["ease - popularity"].endswith("n = 24")
    assert lines["ease - today"].endswith("too few users")
    assert f"p after Holm over these {len(found)}" in text
    assert text.endswith("another training run adds its own.")


def test_the_p_of_the_table_is_the_one_after_holm(measured):
    odd = replace(measured.compared("recall_at_20")[0], p=0.001, p_holm=0.9)
    assert "p = 0.9000  n = 24  not told apart" in table(measured, {"recall_at_20": [odd]})


def test_json_has_no_nan():
    nobody = Comparison("a", "b", 0, *[float("nan")] * 11)
    answer = plain(nobody)
    assert answer["p_holm"] is None
    assert answer["difference"] is None
    assert answer["distinguishable"] is False


def test_a_family_holds_those_with_users_enough_alone(measured):
    found = {(one.a, one.b): one for one in measured.compared("recall_at_20")}
    few = found["ease", "today"]
    assert few.n == 12
    assert np.isnan(few.p_holm)
    asked = [one.p for one in found.values() if one.n == 24]
    assert len(asked) == 3
    assert found["ease", "popularity"].p_holm <= 3 * found["ease", "popularity"].p + 1e-12
