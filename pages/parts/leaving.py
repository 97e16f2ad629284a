"""The end of a visit: what belongs to one session goes when its visitor says so, and when the session has ended.

    on_leave(folder.cleanup)      # a private folder, a process, a model: called once, from any thread

Streamlit keeps a session for a while after its tab was closed, for the connection may only have been lost
(`server.disconnectedSessionTTL`); and then until something else happens to it, which on a quiet server is never.
`watch` looks every few seconds, so that it ends when its time is over.
"""

import asyncio
import weakref
from collections.abc import Callable
from contextlib import ExitStack

import streamlit as st
from streamlit import runtime
from streamlit.runtime.session_manager import SessionInfo

from pages.parts import held, session_cache, state

EVERY = 5.0  # seconds between two looks at the sessions that were left


def on_leave(callback: Callable[[], object]) -> None:
    """Call this at "Forget me", and when this session has ended; it must not hold on to anything of the session."""
    session = state.session()
    if not session.leaving:
        weakref.finalize(session, _leave, session.leaving)
    session.leaving.append(callback)


def forget_me() -> None:
    """All that is kept of this visitor: uploads and what was made of them, tastes, settings. What is left is new."""
    old = state.session()
    with ExitStack() as stack:
        for forget in (st.session_state.clear, session_cache.forget, held.drop_all):
            stack.callback(forget)
        _leave(old.leaving)
    new = state.session()
    new.turns = old.turns + 1  # widgets are made anew: the browser would give back what they held
    new.kept["forgotten"] = old.kept.get("forgotten", 0) + 1


def _leave(callbacks: list[Callable[[], object]]) -> None:
    """All of them, once, the latest first; one that fails keeps no other from its turn."""
    with ExitStack() as stack:
        while callbacks:
            stack.callback(callbacks.pop(0))


def offer() -> None:
    """The way out, at the end of a page."""
    st.button(
        "Forget me",
        on_click=forget_me,
        type="tertiary",
        icon=":material/logout:",
        help="Your taste, the files you brought and all that came of them are deleted now, as they are when you close "
        "this tab.",
    )


async def watch() -> None:
    """Runs beside the server, in its event loop, which alone may touch its sessions."""
    if runtime.exists():
        runtime.get_instance()._session_mgr._session_storage._cache._on_remove = _removed
    while True:
        await asyncio.sleep(EVERY)
        asyncio.get_running_loop().call_soon(end_sessions)  # where it fails, the loop logs it, and the next look comes


def end_sessions() -> None:
    """Ends the sessions whose time is over. Streamlit's own storage does so only when another session is stored."""
    if runtime.exists():
        storage = runtime.get_instance()._session_mgr._session_storage
        storage._cache.expire()


def _removed(session_id: str, stored: SessionInfo) -> None:
    """A session leaves the storage: it came back, or its time is over, and then nothing of it stays."""
    if not runtime.get_instance().is_active_session(session_id):
        stored.session.shutdown()  # which lets go of its uploads and downloads
        stored.session._session_state.clear()
