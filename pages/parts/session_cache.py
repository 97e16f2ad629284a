"""What is remembered for one session alone: of a taste, of a model that was brought, of a data set that was trained."""

from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

_of_sessions: list[Callable] = []


def for_session(remembered: Callable, most: int = 32, *, kind: Callable = st.cache_data) -> Callable:
    """The same function, remembered in the session alone: for what was computed of what nobody else may see.

    A thread that serves no session, such as that of a download, remembers nothing.
    kind : the cache of Streamlit that `remembered` uses
    """
    alone = kind(remembered.__wrapped__, show_spinner=False, max_entries=most, scope="session")
    _of_sessions.append(alone)

    def answer(*args: Any, **named: Any) -> Any:
        in_session = get_script_run_ctx(suppress_warning=True) is not None
        return (alone if in_session else remembered.__wrapped__)(*args, **named)

    return answer


def forget() -> None:
    """All of this, of the session that asks."""
    for alone in _of_sessions:
        alone.clear()
