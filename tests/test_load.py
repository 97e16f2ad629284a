"""The load generator: it sees what a browser would see, and notices what is wrong."""

import asyncio
import json
import random
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.server import serve

from benchmarks.load import visitor as visitors_module
from benchmarks.load.report import section
from benchmarks.load.scenarios import Load, sessions, visitors, watched
from benchmarks.load.served import serving
from benchmarks.load.tab import Lost, Page, Tab
from benchmarks.load.visitor import Record, Visitor, checked, visit

OF = "fingerprint"


@pytest.fixture(scope="module")
def server(tiny_zoo, tmp_path_factory):
    with serving(tiny_zoo, tmp_path_factory.mktemp("load") / "log.txt", MENAGERIE_PROVIDER="cpu") as server:
        yield server


def test_visitors_get_the_lists_that_the_models_give(server, tiny_zoo):
    record = Record()

    async def one(number: int) -> None:
        async with Tab.opened(server.address) as tab:
            visitor = Visitor(tab, record, random.Random(number))
            await visitor.arrive()
            for _ in range(3):
                await visitor.change()

    async def everybody() -> None:
        await asyncio.gather(*map(one, range(5)))

    load = asyncio.run(watched(server, everybody()))
    assert record.errors == []
    assert len(record.opened) == 5
    n, wrong = checked(tiny_zoo, record.answers)
    assert n == len(record.answers) == 5 * (1 + 3)
    assert wrong == []
    assert min(load.memory) > 50e6
    assert load.server > 0 < load.generator
    assert record.n_bytes > 0


def test_on_compare_all_four_lists_come(server, tiny_zoo):
    record, _ = visitors(server, n=1, seconds=2, every=1, path="compare")
    assert record.errors == []
    assert len({one.model for one in record.answers}) == 4
    assert checked(tiny_zoo, record.answers)[1] == []


def test_sessions_open_and_leave(server):
    record, _ = sessions(server, n=20)
    assert record.errors == []
    assert len(record.opened) == 20


def test_another_list_than_the_models_is_noticed(server, tiny_zoo):
    record, _ = visitors(server, n=1, seconds=1, every=1)
    answer = record.answers[0]
    turned = replace(answer, items=answer.items[::-1])
    n, wrong = checked(tiny_zoo, [answer, turned])
    assert n == 2
    assert len(wrong) == 1
    assert answer.model in wrong[0]


class Socket:
    """In place of the server: what it was told, and what it answers to each."""

    def __init__(self, *answers: list[ForwardMsg]) -> None:
        self.told: list[BackMsg] = []
        self._answers, self._queue = list(answers), []

    async def send(self, raw: bytes) -> None:
        self.told.append(BackMsg.FromString(raw))
        self._queue += self._answers.pop(0)

    async def recv(self, decode: bool) -> bytes:
        if not self._queue:
            await asyncio.sleep(3600)
        return self._queue.pop(0).SerializeToString()


def component(name: str, data: object, hash_: str = "", cacheable: bool = False) -> ForwardMsg:
    message = ForwardMsg(hash=hash_)
    message.metadata.cacheable = cacheable
    element = message.delta.new_element.bidi_component
    element.component_name, element.id, element.json = f"menagerie.{name}", f"id-{name}", json.dumps([data])
    return message


def finished(status: str = "FINISHED_SUCCESSFULLY") -> ForwardMsg:
    return ForwardMsg(script_finished=ForwardMsg.ScriptFinishedStatus.Value(status))


def run_of(*answers: list[ForwardMsg]) -> tuple[Tab, Socket]:
    socket = Socket(*answers)
    return Tab(socket, "http://localhost/", ""), socket


def test_a_tab_reads_what_came_until_the_run_that_counts_had_finished():
    broken_off = [component("lists", "old"), finished("FINISHED_EARLY_FOR_RERUN")]
    tab, _ = run_of([*broken_off, component("lists", "new"), finished()])
    page = asyncio.run(tab.run())
    assert page.components == {"lists": "new"}
    assert page.errors == []
    assert page.n_bytes > 0


def test_a_tab_tells_clicks_by_the_component_that_hears_them_and_keeps_the_address():
    steps = {"steps": [{"number": 1, "query": "like=1", "push": True}]}
    opened = [component("clicks", {"heard": 0}), component("address", steps), finished()]
    tab, socket = run_of(opened, [finished()])

    async def act() -> None:
        await tab.run()
        await tab.click({"kind": "like", "id": 7}, OF)

    asyncio.run(act())
    state = socket.told[1].rerun_script
    assert state.query_string == "like=1"
    widget = state.widget_states.widgets[0]
    assert widget.id == "$$STREAMLIT_INTERNAL_KEY_id-clicks__events"
    (told,) = json.loads(widget.json_trigger_value)
    assert told["event"] == "events"
    (event,) = told["value"]
    assert event.pop("serial") > 1e12
    assert event == {"kind": "like", "id": 7, "of": OF}


def test_a_tab_names_what_it_has_kept_and_understands_what_is_sent_by_name():
    large = component("lists", "large", hash_="abc", cacheable=True)
    by_name = ForwardMsg(ref_hash="abc")
    tab, socket = run_of([large, finished()], [by_name, finished()], *([finished()] for _ in range(4)))

    async def act() -> list[Page]:
        return [await tab.run() for _ in range(6)]

    pages = asyncio.run(act())
    assert pages[1].components == {"lists": "large"}
    assert [list(told.rerun_script.cached_message_hashes) for told in socket.told] == [[], *([["abc"]] * 4), []]


def test_errors_on_a_page_are_errors():
    exception = ForwardMsg()
    exception.delta.new_element.exception.type = "KeyError"
    box, warning = ForwardMsg(), ForwardMsg()
    box.delta.new_element.alert.format, box.delta.new_element.alert.body = 1, "This did not work"
    warning.delta.new_element.alert.format = 2
    lost = ForwardMsg()
    lost.page_not_found.page_name = "x"
    tab, _ = run_of([exception, box, warning, lost, finished("FINISHED_WITH_COMPILE_ERROR")])
    errors = asyncio.run(tab.run()).errors
    assert errors == ["KeyError: ", "This did not work", "page not found", "FINISHED_WITH_COMPILE_ERROR"]


def test_a_server_that_does_not_answer_is_an_error_of_the_visit(monkeypatch):
    monkeypatch.setattr("benchmarks.load.tab.PATIENCE", 0.05)
    tab, _ = run_of([])
    with pytest.raises(Lost, match="no answer"):
        asyncio.run(tab.run())

    @asynccontextmanager
    async def opened(*_):
        raise Lost("the socket broke")
        yield

    monkeypatch.setattr(visitors_module.Tab, "opened", opened)
    record = Record()
    asyncio.run(visit("http://localhost:1", record, random.Random(0), until=0, every=1))
    assert record.errors == ["the socket broke"]


def test_a_socket_that_is_refused_or_closed_is_an_error_of_the_visit(monkeypatch):
    monkeypatch.setattr("benchmarks.load.tab._document", lambda url: {})

    async def closes(socket) -> None:
        await socket.recv()
        await socket.close(1013)

    async def met(**server) -> list[str]:
        record = Record()
        async with serve(closes, "localhost", 0, subprotocols=["streamlit"], **server) as running:
            port = running.sockets[0].getsockname()[1]
            await visit(f"http://localhost:{port}", record, random.Random(0), until=0, every=1)
        return record.errors

    for server in ({}, {"process_request": lambda connection, request: connection.respond(503, "full")}):
        (error,) = asyncio.run(met(**server))
        assert error.startswith("the socket broke: ")


def page(likes: list[int], dislikes: list[int], *lists: list[int]) -> Page:
    """As the app answers: the latest like comes first."""
    taste = {"likes": [{"id": one} for one in likes[::-1]], "dislikes": [{"id": one} for one in dislikes[::-1]]}
    shown = [{"name": "ease", "title": "EASE", "cards": [{"id": item} for item in items]} for items in lists]
    return Page({"taste": taste, "lists": {"of": OF, "lists": shown}, "share": {"data": "tiny"}})


class Scripted:
    """A tab that shows these pages, one after another."""

    def __init__(self, *pages: Page) -> None:
        self._pages, self.events = list(pages), []

    async def run(self) -> Page:
        start = Page({"lists": {"of": OF, "samples": [{"event": {"kind": "sample", "number": 0}}]}})
        return start

    async def click(self, event: dict, of: str) -> Page:
        assert of == OF
        self.events.append(event)
        return self._pages.pop(0)


class Always(random.Random):
    """Chance that always rolls the same, and takes what comes first."""

    def __init__(self, roll: float) -> None:
        super().__init__(0)
        self._roll = roll

    def random(self) -> float:
        return self._roll

    def choice(self, things):
        return things[0]


def visited(roll: float, first: Page, second: Page) -> tuple[Record, list[dict]]:
    record, tab = Record(), Scripted(first, second)

    async def act() -> None:
        visitor = Visitor(tab, record, Always(roll))
        await visitor.arrive()
        await visitor.change()

    asyncio.run(act())
    return record, tab.events


def test_a_change_that_is_late_counts_from_when_it_was_due(monkeypatch):
    now = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    class Slow(Scripted):
        async def click(self, event: dict, of: str) -> Page:
            await sleep(1.5)
            return await super().click(event, of)

    likes = [1, 2, 5, 6, 7, 8]
    slow = Slow(*(page(likes[:n], [], [n + 3]) for n in range(2, 7)))

    @asynccontextmanager
    async def opened(*_):
        yield slow

    monkeypatch.setattr(visitors_module.Tab, "opened", opened)
    monkeypatch.setattr(visitors_module, "asyncio", SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(visitors_module, "time", SimpleNamespace(monotonic=lambda: now, perf_counter=lambda: now))
    record = Record()
    asyncio.run(visit("http://localhost:1", record, Always(0.9), until=6, every=1))
    assert record.errors == []
    assert record.changes == [1.5, 2.0, 2.5, 3.0]  # due at 2.5, 3.5, 4.5 and 5.5; done at 4.0, 5.5, 7.0 and 8.5


@pytest.mark.parametrize(
    ("roll", "event", "likes", "dislikes"),
    [
        (0.9, {"kind": "like", "id": 5}, [1, 2, 5], []),
        (0.2, {"kind": "dislike", "id": 5}, [1, 2], [5]),
        (0.05, {"kind": "forget", "id": 1}, [2], []),
    ],
)
def test_a_visitor_likes_dislikes_and_takes_back(roll, event, likes, dislikes):
    record, events = visited(roll, page([1, 2], [], [5, 6]), page(likes, dislikes, [7, 8]))
    assert events[1] == event
    assert record.errors == []
    assert record.answers[-1].likes == tuple(likes)
    assert record.answers[-1].items == (7, 8)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (page([1, 2], [], [7, 8]), "another taste"),  # the like did not arrive
        (page([1, 2, 5], []), "0 lists came"),
        (page([1, 2, 5], [], [7], [8]), "2 lists came"),
        (page([1, 2, 5], [], [5, 7]), "offers"),  # what was just liked
        (page([1, 2, 5], [], []), "offers"),  # nothing at all
        (Page({}, ["KeyError: x"]), "KeyError: x"),
    ],
)
def test_a_visitor_notices_what_is_wrong(answer, words):
    record, _ = visited(0.9, page([1, 2], [], [5, 6]), answer)
    assert any(words in error for error in record.errors), record.errors


def test_memory_at_a_moment_is_the_median_around_it():
    load = Load(memory=[100] * 30 + [200] * 30)
    load.memory[58] = 10**9  # one sample says nothing
    assert load.at(0) == 100
    assert load.at(1) == 200
    assert Load(memory=[5]).at(0.5) == 5


def test_a_table_has_a_column_for_each_run_and_leaves_out_what_nobody_measured():
    machine = {"processor": "P", "threads": 2, "memory": "4 GiB", "python": "3"}
    rows = [{"page": "Recommend", "p95 s": 0.5, "proxy": None}, {"page": "Compare", "p95 s": 0.25, "proxy": None}]
    lines = section({"title": "T", "machine": machine, "rows": rows}).splitlines()
    assert lines[0] == "## T"
    assert lines[-2:] == ["| page | Recommend | Compare |", "| p95 s | 0.5 | 0.25 |"]


def test_the_page_of_figures_is_what_the_results_say():
    folder = Path(__file__).resolve().parent.parent
    written = (folder / "docs" / "load.md").read_text()
    results = sorted((folder / "benchmarks" / "load" / "results").glob("*.json"))
    assert results
    for path in results:
        assert section(json.loads(path.read_text())) in written


def test_garbage_goes_now_and_then_and_no_run_waits_for_it(monkeypatch):
    import gc
    import tomllib
    import weakref

    from pages.parts import asgi

    settings = tomllib.loads((Path(__file__).resolve().parent.parent / ".streamlit" / "config.toml").read_text())
    assert settings["runner"]["postScriptGC"] is False
    monkeypatch.setattr(asgi, "TIDY", 0.01)

    class Thing:
        pass

    async def tidied() -> bool:
        thing = Thing()
        thing.itself, gone = thing, weakref.ref(thing)
        del thing
        task = asyncio.create_task(asgi._tidy())
        await asyncio.sleep(0.2)
        task.cancel()
        return gone() is None

    gc.disable()
    try:
        assert asyncio.run(tidied())
    finally:
        gc.enable()
