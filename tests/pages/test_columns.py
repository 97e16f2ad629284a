"""Columns of Compare: moving, doubling, removing, and settings of their own."""

import pytest

from pages.parts.columns import MOST, Column, changed, chosen

A, B, C = Column("a"), Column("b"), Column("c")


@pytest.mark.parametrize(
    ("event", "after"),
    [
        ({"do": "move", "at": 0, "to": 1}, [B, A, C]),
        ({"do": "move", "at": 0, "to": 2}, [B, C, A]),
        ({"do": "move", "at": 2, "to": 0}, [C, A, B]),
        ({"do": "duplicate", "at": 1}, [A, B, B, C]),
        ({"do": "remove", "at": 1}, [A, C]),
        ({"do": "set", "at": 1, "name": "k", "value": "10"}, [A, Column("b", k=10), C]),
        ({"do": "set", "at": 1, "name": "known", "value": "shown"}, [A, Column("b", known="shown"), C]),
        ({"do": "set", "at": 1, "name": "years", "value": "1960-1969"}, [A, Column("b", years=(1960, 1969)), C]),
    ],
)
def test_a_click_changes_the_columns(event, after):
    assert changed([A, B, C], event) == after


@pytest.mark.parametrize(
    "event",
    [
        {"do": "move", "at": 0, "to": 9},
        {"do": "move", "at": 9, "to": 0},
        {"do": "move", "at": 0, "to": "1"},
        {"do": "set", "at": 0, "name": "k", "value": "7"},
        {"do": "set", "at": 0, "name": "k", "value": "²"},
        {"do": "set", "at": 0, "name": "model", "value": "b"},
        {"do": "set", "at": 0, "name": "years", "value": "yesterday"},
        {"do": "explode", "at": 0},
        {},
    ],
)
def test_a_click_that_makes_no_sense_changes_nothing(event):
    assert changed([A, B, C], event) == [A, B, C]


def test_an_empty_value_gives_a_setting_back_to_the_page():
    own = Column("a", k=10, known="shown", genre="War", years=(1960, 1969))
    for name in ("k", "known", "genre", "years"):
        own = own.with_setting(name, "")
    assert own == A


def test_there_are_never_more_columns_than_fit():
    four = [A] * MOST
    assert changed(four, {"do": "duplicate", "at": 0}) == four


def test_columns_keep_place_and_settings_when_a_model_joins_or_leaves():
    columns = [Column("b", k=10), A, Column("b")]
    assert chosen(columns, ["b", "a", "b", "c"]) == [Column("b", k=10), A, Column("b"), C]
    assert chosen(columns, ["a"]) == [A]
