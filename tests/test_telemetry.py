"""Counts, durations, levels and errors of a process."""

import math
import threading

import pytest

from zoo import telemetry
from zoo.errors import DataError
from zoo.telemetry import BUCKETS, MOST_ERRORS, MOST_RECENT, MOST_SERIES, OTHERS, WINDOW, Telemetry


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def told(clock) -> Telemetry:
    return Telemetry(clock, clock)


def test_counts_are_kept_apart_by_their_labels(told):
    told.count("uploads", outcome="read")
    told.count("uploads", 2, outcome="refused")
    told.count("uploads", outcome="read")
    assert told.counts() == {("uploads", (("outcome", "read"),)): 2, ("uploads", (("outcome", "refused"),)): 2}


def test_quantiles_are_durations_that_happened(told):
    for milliseconds in range(1, 101):
        told.observe("page", milliseconds / 1000, page="compare")
    timing = told.timings()["page", (("page", "compare"),)]
    assert (timing.quantile(0.5), timing.quantile(0.95), timing.quantile(0.99)) == (0.050, 0.095, 0.099)
    assert (timing.quantile(0.0), timing.quantile(1.0)) == (0.001, 0.1)
    assert timing.n == 100
    assert timing.seconds == pytest.approx(5.05)


def test_buckets_hold_what_took_at_most_their_bound(told):
    for seconds in (0.005, 0.0051, 0.3, 31.0):
        told.observe("page", seconds)
    buckets = dict(zip(BUCKETS, told.timings()["page", ()].buckets, strict=True))
    assert (buckets[0.005], buckets[0.01], buckets[0.25], buckets[0.5], buckets[30.0]) == (1, 2, 2, 3, 3)


def test_what_is_long_ago_counts_in_the_total_and_in_no_quantile(told, clock):
    told.observe("page", 9.0)
    clock.now += WINDOW + 1
    told.observe("page", 1.0)
    timing = told.timings()["page", ()]
    assert (timing.n, timing.recent) == (2, (1.0,))


def test_of_nothing_no_quantile_is_told(told):
    assert math.isnan(told.together("page").quantile(0.5))
    assert told.together("page").buckets == (0,) * len(BUCKETS)


def test_all_labels_together(told):
    told.observe("page", 3.0, page="a")
    told.observe("page", 1.0, page="b")
    told.observe("other", 9.0)
    together = told.together("page")
    assert (together.n, together.seconds, together.recent) == (2, 4.0, (1.0, 3.0))
    assert together.buckets == tuple((bound >= 1.0) + (bound >= 3.0) for bound in BUCKETS)


def test_memory_is_bounded_whatever_comes(told):
    for number in range(MOST_SERIES + 50):
        told.count("a", label=str(number))
        told.observe("b", 1.0, label=str(number))
    for number in range(MOST_ERRORS + 50):
        told.error(f"Sentence {number}.", "here")
    for _ in range(MOST_RECENT + 10):
        told.observe("b", 1.0, label="0")
    counts = told.counts()
    assert len([key for key in counts if key[0] == "a"]) <= MOST_SERIES + 1
    assert counts["a", (("label", OTHERS),)] == 50
    assert len(told.timings()["b", (("label", "0"),)].recent) == MOST_RECENT
    assert len(told.errors()) == MOST_ERRORS


def test_the_same_error_keeps_its_id_and_is_counted(told, clock):
    first = told.error("The disk is full.", "train")
    clock.now += 5
    other = told.error("A page stopped.", "compare")
    clock.now += 5
    assert told.error("The disk is full.", "train") == first != other
    latest, before = told.errors()
    assert (latest.id, latest.n, latest.first, latest.last) == (first, 2, 1000.0, 1010.0)
    assert before.id == other
    assert told.errors(since=1006.0) == [latest]
    assert told.counts()["errors", (("where", "train"),)] == 2


def test_the_same_sentence_elsewhere_is_another_error(told):
    assert told.error("A page stopped.", "compare") != told.error("A page stopped.", "similar")


def test_a_level_that_cannot_be_read_hides_no_other(told):
    def broken() -> float:
        raise DataError("The zoo is not there.")

    told.gauge("a", lambda: 1)
    told.gauge("b", broken)
    told.gauge("c", lambda: 3)
    told.gauge("a", lambda: 2)
    assert told.levels() == {"a": 2.0, "c": 3.0}


def test_threads_lose_nothing(told):
    def tell() -> None:
        for _ in range(500):
            told.count("clicks")
            told.observe("page", 0.1)

    threads = [threading.Thread(target=tell) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told.counts()["clicks", ()] == 4000
    assert told.together("page").n == 4000


def test_the_functions_of_the_module_share_one_place():
    telemetry.count("of_this_test", by=3)
    assert telemetry.counts()["of_this_test", ()] == 3
