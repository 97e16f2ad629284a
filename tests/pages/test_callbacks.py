"""A callback of a widget is not broken off by the next message, whatever it looks at."""

from types import SimpleNamespace

import pytest
from streamlit.runtime.state import SessionState
from streamlit.runtime.state.safe_session_state import SafeSessionState

from pages.parts import callbacks


class BrokenOff(BaseException):
    pass


class Waiting:
    """The next message: whoever asks is broken off, once there is one."""

    there = False

    def __call__(self) -> None:
        if self.there:
            raise BrokenOff


@pytest.fixture
def told(monkeypatch) -> SimpleNamespace:
    """A session whose callback counts twice, and the next message, which comes while it does."""
    monkeypatch.setattr(SafeSessionState, "on_script_will_rerun", callbacks._will_rerun)
    told = SimpleNamespace(waiting=Waiting(), fails=False)
    told.session = SafeSessionState(SessionState(), told.waiting)

    def callback(self, *_, **__) -> None:
        told.waiting.there = True
        if told.fails:
            raise ValueError("of the callback")
        told.session["pressed"] = 1
        told.session["pressed"] += 1

    monkeypatch.setattr(SessionState, "on_script_will_rerun", callback)
    return told


def test_streamlit_alone_breaks_a_callback_off(told):
    with pytest.raises(BrokenOff):
        told.session.on_script_will_rerun(None)


def test_a_callback_is_done_whole_and_the_script_is_broken_off_after_it(told):
    callbacks.done_whole()
    told.session.on_script_will_rerun(None)
    told.waiting.there = False
    assert told.session["pressed"] == 2
    told.waiting.there = True
    with pytest.raises(BrokenOff):
        told.session["pressed"]


def test_a_callback_is_called_though_the_next_message_waits_already(told):
    callbacks.done_whole()
    told.waiting.there = True
    told.session.on_script_will_rerun(None)
    told.waiting.there = False
    assert told.session["pressed"] == 2


def test_a_callback_that_fails_changes_nothing_of_that(told):
    callbacks.done_whole()
    told.fails = True
    with pytest.raises(ValueError, match="of the callback"):
        told.session.on_script_will_rerun(None)
    with pytest.raises(BrokenOff):
        told.session["anything"]
