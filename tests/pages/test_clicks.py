"""What visitors do reaches the state once and in order, however often it is told."""

from types import SimpleNamespace
from urllib.parse import parse_qsl

import pytest
import streamlit as st

from pages.parts import clicks
from pages.parts.state import SESSION, Session
from zoo.dataset import Dataset
from zoo.registry import Zoo


@pytest.fixture
def data(tiny_zoo, monkeypatch) -> Dataset:
    monkeypatch.setenv("MENAGERIE_ZOO", str(tiny_zoo))
    return Zoo(tiny_zoo).dataset("tiny")


@pytest.fixture
def store(data, monkeypatch) -> dict:
    kept = {"dataset": "tiny", "path": "compare", "shown-models": ["ease", "popularity"]}
    store = {SESSION: Session(kept=kept)}
    monkeypatch.setattr(st, "session_state", store)
    return store


def message(data: Dataset, *events: dict, first: int = 1) -> SimpleNamespace:
    """What the browser sends: everything not acknowledged yet."""
    of = {"of": data.info.fingerprint}
    return SimpleNamespace(events=[of | {"serial": first + i} | event for i, event in enumerate(events)])


def send(store: dict, sent: SimpleNamespace) -> None:
    store["clicks"] = sent
    clicks._hear()


def likes(store: dict, data: Dataset) -> tuple[int, ...]:
    return store[SESSION].tastes[data.info.fingerprint].likes


LIKES = [{"kind": "like", "id": item} for item in (3, 1, 2)]


def test_what_was_done_quickly_is_done_in_order_and_repeated_messages_do_nothing(store, data):
    send(store, message(data, *LIKES))
    assert likes(store, data) == (3, 1, 2)
    send(store, message(data, {"kind": "forget", "id": 3}, first=4))
    send(store, message(data, *LIKES, {"kind": "forget", "id": 3}))
    assert likes(store, data) == (1, 2)


def test_each_thing_done_is_a_step_to_go_back_over(store, data):
    send(store, message(data, *LIKES, {"kind": "column", "do": "move", "at": 0, "to": 1}))
    steps = store[SESSION].steps
    assert [step.push for step in steps] == [False, True, True, True]
    said = [dict(parse_qsl(step.query)) for step in steps]
    assert [len(query["like"].split(",")) for query in said] == [1, 2, 3, 3]
    assert [query["models"] for query in said[2:]] == ["ease,popularity", "popularity,ease"]
    assert len({step.number for step in steps}) == 4


def test_a_message_that_comes_again_with_more_does_nothing_twice(store, data):
    """Doubling a column is the proof: done twice it would show."""
    doubled = {"kind": "column", "do": "duplicate", "at": 0}
    send(store, message(data, doubled))
    send(store, message(data, doubled, *LIKES))
    assert likes(store, data) == (3, 1, 2)
    assert store[SESSION].kept["models"] == ["ease", "ease", "popularity"]


def test_a_click_on_things_of_another_data_set_is_not_mistaken_for_one_on_this(store, data):
    send(store, message(data, {"kind": "like", "id": 3, "of": "another"}, {"kind": "like", "id": 1}))
    assert likes(store, data) == (1,)
    assert store[SESSION].heard == 2


def test_chips_choose_models_and_keep_the_settings_of_columns_that_stay(store, data):
    store[SESSION].kept["shown-models"] = ["ease!k=10", "popularity"]
    send(store, message(data, {"kind": "models", "which": "models", "chosen": ["ease", "pure_svd"]}))
    assert store[SESSION].kept["models"] == ["ease!k=10", "pure_svd"]
