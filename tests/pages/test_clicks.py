"""What visitors do reaches the state once, in order and whole, however busy the server is."""

from types import SimpleNamespace
from urllib.parse import parse_qsl

import pytest
import streamlit as st

from pages.parts import clicks
from pages.parts.state import SESSION, Session
from zoo.dataset import Dataset
from zoo.registry import Zoo


class Interrupted(BaseException):
    """As Streamlit's own: a run is broken off where it looks into its session while another waits."""


class Store(dict):
    """A session of Streamlit's that can be looked into a number of times."""

    looks = 1_000

    def _look(self) -> None:
        self.looks -= 1
        if self.looks < 0:
            raise Interrupted

    def setdefault(self, *args):
        self._look()
        return super().setdefault(*args)

    def get(self, *args):
        self._look()
        return super().get(*args)

    def __getitem__(self, key):
        self._look()
        return super().__getitem__(key)


@pytest.fixture
def data(tiny_zoo, monkeypatch) -> Dataset:
    monkeypatch.setenv("MENAGERIE_ZOO", str(tiny_zoo))
    return Zoo(tiny_zoo).dataset("tiny")


@pytest.fixture
def store(data, monkeypatch) -> Store:
    kept = {"dataset": "tiny", "path": "compare", "shown-models": ["ease", "popularity"]}
    store = Store({SESSION: Session(kept=kept)})
    monkeypatch.setattr(st, "session_state", store)
    return store


def message(data: Dataset, *events: dict, first: int = 1) -> SimpleNamespace:
    """What the browser sends: everything not acknowledged yet."""
    of = {"of": data.info.fingerprint}
    return SimpleNamespace(events=[of | {"serial": first + i} | event for i, event in enumerate(events)])


def send(store: Store, sent: SimpleNamespace, looks: int = 1_000) -> None:
    store["clicks"] = sent
    store.looks = looks
    try:
        clicks._hear()
    finally:
        store.looks = 1_000


def likes(store: Store, data: Dataset) -> tuple[int, ...]:
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


@pytest.mark.parametrize("looks", range(1, 5))
def test_a_callback_that_is_broken_off_loses_nothing_and_does_nothing_twice(store, data, looks):
    """Doubling a column is the proof: done twice it would show."""
    sent = message(data, {"kind": "column", "do": "duplicate", "at": 0}, *LIKES)
    with pytest.raises(Interrupted):
        send(store, sent, looks)
    send(store, sent)
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
