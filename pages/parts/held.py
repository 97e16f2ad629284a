"""What the server holds of uploads: in memory only, so much at most, and no longer than somebody needs it.

Streamlit takes a file from the browser before any page knows of it, and keeps it until the session ends. Here it is let
go as soon as it was read, or as its page is left; and nobody fills the memory by sending more and more.
"""

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import streamlit as st
from starlette.formparsers import MultiPartParser
from streamlit import config, runtime
from streamlit.errors import StreamlitAPIException
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import DeletedFile, UploadedFileRec

from pages.parts import state

OF_ONE = 2  # files of the largest size that one session may have here
OF_ALL = 8  # and all sessions together
LONGEST_NAME = 80  # letters
HELD = "held"  # the session's key: uploader -> (file_id, path of its page)
_add_file = MemoryUploadedFileManager.add_file


@dataclass(frozen=True)
class Sent:
    """A file that somebody sent."""

    file_id: str
    name: str
    content: bytes | None = field(repr=False)  # None: it was let go


def bound(largest: int) -> None:
    """Once, before anybody comes: how many bytes a file may have, whoever sends it, and how many all may have.

    Of what was sent first the oldest goes when there is too much. Nothing goes to a temporary file.
    """
    config.set_option("server.maxUploadSize", -(-largest // 2**20))
    MultiPartParser.spool_max_size = largest + 2**20

    def add_file(self: MemoryUploadedFileManager, session_id: str, file: UploadedFileRec) -> None:
        _add_file(self, session_id, file)
        for of, oldest in _too_many(self, session_id, largest):
            self.remove_file(of, oldest)

    MemoryUploadedFileManager.add_file = add_file  # type: ignore[method-assign]


def total() -> int:
    """Bytes of what everybody sent, as the server holds them now."""
    manager = runtime.get_instance().uploaded_file_mgr if runtime.exists() else None
    return 0 if manager is None else sum(sum(files.values()) for files in _sizes(manager).values())  # type: ignore[arg-type]


def _too_many(manager: MemoryUploadedFileManager, session_id: str, largest: int) -> list[tuple[str, str]]:
    """Session and id of what has to go: the oldest of this session, then of whoever has the most."""
    sizes = _sizes(manager)
    out, own = [], sizes.get(session_id, {})  # none: it was let go meanwhile
    while sum(own.values()) > OF_ONE * largest:
        out.append((session_id, oldest := next(iter(own))))
        del own[oldest]
    totals = {of: sum(files.values()) for of, files in sizes.items()}
    while sum(totals.values()) > OF_ALL * largest:
        most = max(totals, key=totals.__getitem__)
        out.append((most, oldest := next(iter(sizes[most]))))
        totals[most] -= sizes[most].pop(oldest)
    return out


def _sizes(manager: MemoryUploadedFileManager) -> dict[str, dict[str, int]]:
    """Session -> file_id -> bytes."""
    with manager._lock:
        stored = [(of, files) for of, files in manager.file_storage.items() if files]
        return {of: {file.file_id: len(file.data) for file in files.values()} for of, files in stored}


def uploader(label: str, kinds: list[str], key: str, largest: int, help: str | None = None) -> Sent | None:
    """`st.file_uploader` for one file; None where there is none.

    What it holds stays while its page is open, unless `drop` lets it go before; then its `content` is None.
    """
    try:
        file = st.file_uploader(label, type=kinds, key=key, max_upload_size=-(-largest // 2**20), help=help)
    except StreamlitAPIException:  # the browser offers no such file; whoever sends it otherwise reads this
        st.error(f"A file of this kind cannot be read here. Take one of {', '.join(kinds)}.")
        return None
    if file is not None:
        _note(key, file.file_id)
        return Sent(file.file_id, called(file.name), file.getvalue())
    value: Any = st.session_state.get(key)
    return Sent(value.file_id, "", None) if isinstance(value, DeletedFile) else None


def called(name: str) -> str:
    """What a file is called in a sentence: without folders, without what cannot be seen, not too long.

    >>> called("C:/files/../my films.csv"), called("a\\u202egnp.csv"), called("")
    ('my films.csv', 'agnp.csv', 'The upload')
    """
    last = PurePath(name.replace("\\", "/")).name
    seen = "".join(letter for letter in last if letter.isprintable()).strip()
    short = seen if len(seen) <= LONGEST_NAME else f"{seen[: LONGEST_NAME // 2]}…{seen[-LONGEST_NAME // 2 :]}"
    return short or "The upload"


def drop(file_id: str) -> None:
    """Let go of a file that was read."""
    if context := get_script_run_ctx():
        context.uploaded_file_mgr.remove_file(context.session_id, file_id)  # type: ignore[attr-defined]


def forget(key: str) -> None:
    """Let go of what an uploader holds."""
    if found := state.kept(HELD, {}).pop(key, None):
        drop(found[0])


def drop_all() -> None:
    """Let go of every file of this session."""
    if context := get_script_run_ctx():
        context.uploaded_file_mgr.remove_session_files(context.session_id)


def leave(path: str) -> None:
    """Let go of the files of every page but this one: no uploader shows them any more."""
    held = state.kept(HELD, {})
    for key, (file_id, of) in [*held.items()]:
        if of != path:
            drop(file_id)
            del held[key]


def _note(key: str, file_id: str) -> None:
    held = state.keep(HELD, state.kept(HELD, {}))
    before, _ = held.get(key, (file_id, ""))
    if before != file_id:  # another one takes its place
        drop(before)
    held[key] = (file_id, state.kept("path"))
