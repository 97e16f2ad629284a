"""What is red on the Operate page, and what to do about it."""

from dataclasses import replace

import pytest

from zoo.condition import ENOUGH, Reading, red

GIB = 2**30
WELL = Reading(
    sessions=3, sessions_limit=200, pages=500, p95=0.4, memory_available=4 * GIB, memory_total=8 * GIB,
    disk_free=20 * GIB, disk_total=40 * GIB, loaded=4, loads=5, evictions=1, on_cpu=["EASE"],
)  # fmt: skip


def test_all_is_well():
    assert red(WELL) == []
    assert red(Reading()) == []  # nothing known yet


@pytest.mark.parametrize(
    ("wrong", "what", "do"),
    [
        ({"unreadable": "There is no folder films."}, "The zoo cannot be read.", "There is no folder films."),
        ({"broken": ["films/ease: a byte changed."]}, "One model or data set is not served.", "a byte changed."),
        ({"broken": [f"{n}." for n in range(5)]}, "5 models or data sets are not served.", "And 2 more."),
        ({"memory_available": 0.79 * GIB}, "Memory is short.", "10% of 8 GiB is left"),
        ({"disk_free": 3 * GIB}, "The disk is nearly full.", "3 GiB of 40 GiB are free"),
        ({"sessions": 200}, "All places are taken.", "MENAGERIE_SESSIONS"),
        ({"sessions": 204}, "All places are taken.", "204 visitors"),
        ({"p95": 1.01, "pages": ENOUGH}, "Pages are slow.", "1.0 s"),
        ({"has_gpu": True}, "The GPU is not used.", "EASE on the CPU"),
        ({"has_gpu": True, "on_cpu": list("abcde")}, "The GPU is not used.", "a, b, c and 2 more"),
        ({"loads": 13}, "Models are read again and again.", "MENAGERIE_SESSION_BYTES"),
        ({"errors": 1}, "Something failed in the last ten minutes.", "under Errors"),
        ({"errors": 7}, "7 things failed in the last ten minutes.", "under Errors"),
    ],
)
def test_each_thing_that_is_wrong_is_said_once_with_what_to_do(wrong, what, do):
    (found,) = red(replace(WELL, **wrong))
    assert found.what == what
    assert do in found.do


@pytest.mark.parametrize(
    "fine",
    [
        {"sessions": 199},
        {"p95": 1.0},
        {"p95": 9.0, "pages": ENOUGH - 1},
        {"memory_available": 0.8 * GIB},
        {"disk_free": 4 * GIB},
        {"has_gpu": True, "wanted": "cpu"},
        {"has_gpu": True, "on_cpu": []},
        {"loads": 12},
        {"loads": 100, "evictions": 0},
    ],
)
def test_what_is_still_fine_is_not_red(fine):
    assert red(replace(WELL, **fine)) == []


def test_the_most_urgent_comes_first():
    found = red(replace(WELL, errors=2, sessions=200, unreadable="It is gone."))
    assert found[0].what == "The zoo cannot be read."
    assert len(found) == 3
