"""What the server holds of uploads, and that it goes; what a session registers is called when it ends."""

import asyncio
import gc
from types import SimpleNamespace

import pytest
from starlette.formparsers import MultiPartParser
from streamlit import config
from streamlit.runtime.caching.ttl_cache import TTLCache
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from pages.parts import held, leaving, session_cache, state
from pages.parts.held import called
from pages.parts.upload import BROUGHT
from tests.pages.test_bring import ONE, press, upload
from tests.uploads.pictures import good_pictures
from zoo import limited
from zoo.limited import Busy

MB = 2**20


@pytest.fixture
def manager(monkeypatch) -> MemoryUploadedFileManager:
    monkeypatch.setattr(MemoryUploadedFileManager, "add_file", held._add_file)
    monkeypatch.setattr(MultiPartParser, "spool_max_size", MB)
    before = config.get_option("server.maxUploadSize")
    held.bound(10 * MB)
    yield MemoryUploadedFileManager("/upload")
    config.set_option("server.maxUploadSize", before)


def send(manager: MemoryUploadedFileManager, session: str, *sizes: int) -> None:
    for size in sizes:
        name = f"{session}-{size}"
        manager.add_file(session, UploadedFileRec(name, name, "text/csv", bytes(size * MB)))


def kept(manager: MemoryUploadedFileManager) -> list[str]:
    return [file for files in manager.file_storage.values() for file in files]


def test_the_server_takes_no_more_than_the_setting_says_and_writes_nothing_to_disk(manager):
    assert config.get_option("server.maxUploadSize") == 10
    assert MultiPartParser.spool_max_size > 10 * MB


def test_the_oldest_file_of_a_session_goes_when_it_sends_too_many(manager):
    send(manager, "a", 9, 8, 3)
    assert kept(manager) == ["a-9", "a-8", "a-3"]
    send(manager, "a", 1)
    assert kept(manager) == ["a-8", "a-3", "a-1"]


def test_what_everybody_sent_is_told_as_one_sum(manager, monkeypatch):
    assert held.total() == 0  # where no server runs
    monkeypatch.setattr(held.runtime, "exists", lambda: True)
    monkeypatch.setattr(held.runtime, "get_instance", lambda: SimpleNamespace(uploaded_file_mgr=manager))
    send(manager, "a", 3, 2)
    send(manager, "b", 1)
    assert held.total() == 6 * MB
    manager.remove_session_files("a")
    assert held.total() == MB


def test_all_sessions_together_have_a_limit_and_whoever_holds_most_pays(manager):
    for session in "bcdefghi":
        send(manager, session, 9)
    send(manager, "a", 7, 6)
    assert "a-7" not in kept(manager)
    assert len(kept(manager)) == 9


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("a\0b.csv", "ab.csv"),
        ("\u202evsc.gnp", "vsc.gnp"),
        ("", "The upload"),
        ("/", "The upload"),
    ],
)
def test_a_file_is_called_what_can_be_shown(name, shown):
    assert called(name) == shown


def test_a_name_without_end_is_cut_in_its_middle():
    assert len(called("x" * 500 + ".csv")) == held.LONGEST_NAME + 1
    assert called("x" * 500 + ".csv").endswith("x.csv")


def test_a_file_goes_when_another_takes_its_place_and_when_its_page_is_left(monkeypatch):
    dropped = []
    monkeypatch.setattr(held, "drop", dropped.append)
    visitor = state.Session(kept={"path": "data/bring"})
    monkeypatch.setattr(state, "session", lambda: visitor)
    for file in ("first", "first", "second"):
        held._note("file", file)
    assert dropped == ["first"]
    held.leave("data/bring")
    assert dropped == ["first"]
    state.keep("path", "try/prompt")
    held._note("picture", "third")
    held.leave("try/prompt")
    assert dropped == ["first", "second"]
    held.forget("picture")
    held.forget("picture")
    assert dropped == ["first", "second", "third"]


def test_a_file_that_was_let_go_while_others_were_counted_is_no_error(manager, monkeypatch):
    add = held._add_file

    def added_and_gone(self, session, file):
        add(self, session, file)
        self.remove_session_files(session)

    monkeypatch.setattr(held, "_add_file", added_and_gone)
    send(manager, "a", 9)
    assert kept(manager) == []


def test_what_was_registered_is_called_once_when_the_session_is_gone(monkeypatch):
    told = []
    here = [state.Session()]
    monkeypatch.setattr(state, "session", lambda: here[0])
    leaving.on_leave(lambda: told.append("first"))
    leaving.on_leave(lambda: told.append("second"))
    gc.collect()
    assert told == []
    here.clear()
    gc.collect()
    assert sorted(told) == ["first", "second"]


def test_one_that_fails_keeps_no_other_from_its_turn():
    told = []

    def fails():
        raise OSError("gone already")

    with pytest.raises(OSError, match="gone already"):
        leaving._leave(callbacks := [lambda: told.append(1), fails, lambda: told.append(2)])
    assert sorted(told) == [1, 2]
    assert callbacks == []


class Stored:
    """What is done with a session that leaves Streamlit's storage."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.session = self
        self._session_state = SimpleNamespace(clear=lambda: self.ended.append("state"))

    def shutdown(self) -> None:
        self.ended.append("session")


@pytest.mark.parametrize("back", [False, True])
def test_a_session_whose_time_is_over_ends_and_one_that_came_back_does_not(monkeypatch, back):
    now = [0.0]
    cache = TTLCache(maxsize=9, ttl=120, timer=lambda: now[0], on_remove=leaving._removed)
    manager = SimpleNamespace(_session_storage=SimpleNamespace(_cache=cache))
    running = SimpleNamespace(_session_mgr=manager, is_active_session=lambda _: back)
    monkeypatch.setattr(leaving.runtime, "exists", lambda: True)
    monkeypatch.setattr(leaving.runtime, "get_instance", lambda: running)
    stored = cache["a"] = Stored()
    leaving.end_sessions()
    assert stored.ended == []
    now[0] = 121.0
    leaving.end_sessions()
    assert stored.ended == ([] if back else ["session", "state"])


def test_a_look_at_the_sessions_that_fails_is_not_the_last(monkeypatch):
    looks = []

    def fails():
        looks.append("look")
        raise RuntimeError("an odd session")

    async def watched():
        watching = asyncio.create_task(leaving.watch())
        while len(looks) < 2:
            await asyncio.sleep(0)
        watching.cancel()

    monkeypatch.setattr(leaving, "EVERY", 0.0)
    monkeypatch.setattr(leaving, "end_sessions", fails)
    asyncio.run(asyncio.wait_for(watched(), 20))
    assert len(looks) >= 2


@pytest.mark.parametrize("page", ["data/bring", "try/prompt", "measure/leaderboard"])
def test_a_file_whose_turn_never_came_is_read_at_the_next_click(app, monkeypatch, page):
    def waits(*_, **__):
        raise Busy("Reading a.csv has to wait. Try again in a minute.")

    name, content = ("a.png", good_pictures()[0][1]) if page == "try/prompt" else ("a.csv", b"user,item,rank\n-1,1,1\n")
    monkeypatch.setattr(limited, "run", waits)
    app.open(page).at.file_uploader[0].upload(name, content)
    app.run()
    assert [error.value for error in app.at.error] == ["Reading a\\.csv has to wait\\. Try again in a minute\\."]
    monkeypatch.undo()
    monkeypatch.setenv("MENAGERIE_ZOO", str(app.data.path.parent))
    app.run()
    assert "has to wait" not in app.words
    assert len(app.at.error) == (0 if page == "try/prompt" else 1), "it was not read"


def test_forget_me_lets_go_of_every_file_and_of_what_was_remembered_for_the_session(app, monkeypatch):
    done = []
    for module, name in ((held, "drop_all"), (session_cache, "forget")):
        monkeypatch.setattr(module, name, lambda name=name: done.append(name))
    press(app.open("data/bring"), "Forget me")
    assert sorted(done) == ["drop_all", "forget"]


def test_forget_me_takes_the_file_the_taste_and_what_others_registered(app):
    upload(app.open("data/bring"), "mine.csv", ONE)
    app.taste(3, 4)
    told, turns = [], app.session.turns
    app.session.leaving.append(lambda: told.append(True))
    assert app.at.session_state[BROUGHT].name == "mine.csv"
    press(app, "Forget me")
    assert told == [True]
    assert app.session.tastes == {}
    assert (app.session.turns, app.session.kept["forgotten"]) == (turns + 1, 1), "the browser gives back what it shows"
    assert app.at.session_state.get(BROUGHT) is None
    assert "rows matched" not in app.run().words
