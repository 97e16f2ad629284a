"""A process of its own for what strangers send: its answer, or one sentence, and nothing of it left."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from zoo import limited
from zoo.columns import NoColumn
from zoo.errors import DataError, ModelError
from zoo.limited import Answer, Busy, OutOfBounds
from zoo.limited_wire import LENGTH, MOST_ANSWER, error_of, packed, read

MUCH = 2**28  # bytes
WORK = "tests.limited_work:"
SYSTEM = pytest.mark.skipif(os.name != "posix", reason="LEFT OUT: the system knows no limits")


def run(name: str, facts: dict | None = None, parts: dict | None = None, seconds: float = 20) -> Answer:
    return limited.run(WORK + name, facts or {}, parts, seconds=seconds, bytes=MUCH, task="Reading a.csv")


def cause(name: str, facts: dict | None = None, seconds: float = 20) -> str:
    with pytest.raises(OutOfBounds) as caught:
        run(name, facts, seconds=seconds)
    sentence = str(caught.value)
    assert sentence.startswith("Reading a.csv ")
    assert sentence.endswith(".")
    return caught.value.cause


def test_facts_and_parts_go_there_and_come_back():
    answer = run("echo", {"odd": "\ud800", "n": [1, None]}, {"file": b"abc", "none": b""})
    assert answer.facts == {"said": {"odd": "\ud800", "n": [1, None]}}
    assert answer.parts == {"file": b"cba", "none": b""}


def test_a_refusal_keeps_its_class_and_its_sentence():
    with pytest.raises(NoColumn, match=r"^a\.csv has no column\. Name it\.$") as column:
        run("refuse", {"how": "column"})
    assert column.value.option == "Name it"
    with pytest.raises(ModelError, match="This</b> graph") as model:
        run("refuse", {"how": "model"})
    assert str(model.value).isprintable(), "what cannot be seen reached a page"


def test_an_error_of_a_class_that_is_not_ours_is_no_more_than_a_sentence():
    told = {"kind": "subprocess.CalledProcessError", "sentence": "x", "more": {}}
    assert type(error_of(told)) is DataError
    assert type(error_of(told | {"kind": "builtins.SystemExit"})) is DataError


@SYSTEM
@pytest.mark.parametrize("work", ["hold", "hold_in_polars", "hold_in_arrow"])
def test_too_much_memory_is_a_sentence_whoever_asks_for_it(work):
    assert cause(work, {"bytes": 2 * MUCH}) == "memory"


@SYSTEM
def test_the_limit_is_what_it_holds_and_not_what_libraries_reserve():
    assert run("hold", {"bytes": MUCH // 4}).facts == {"length": MUCH // 4}


@SYSTEM
def test_too_long_is_a_sentence_and_whatever_it_started_ends_with_it():
    seconds, began = f"60.{os.getpid()}", time.monotonic()
    assert cause("start_another", {"seconds": seconds}, seconds=5) == "time"
    assert time.monotonic() - began < 60, "it was waited for"
    for _ in range(50):
        if not _asleep(seconds):
            return
        time.sleep(0.1)
    raise AssertionError("what it started lives on")


def test_processor_time_is_bounded_where_nobody_is_left_to_look_at_the_clock():
    code = "from zoo.limits import confine; confine(0, 2**30)\nwhile True: pass"
    done = subprocess.run([sys.executable, "-c", code], cwd=limited.CHECKOUT, timeout=120, check=False)
    assert done.returncode == -signal.SIGXCPU


@SYSTEM
@pytest.mark.parametrize(
    ("from_outside", "then"),
    [("", [[0, 0], [0, 0], [128, 128], [8, 10]]), ("64, 9", [[0, 0], [0, 0], [64, 64], [8, 9]])],
)
def test_limits_are_set_for_good_and_those_from_outside_are_never_loosened(from_outside, then):
    code = f"""if True:
        import json, resource
        from zoo.limits import confine
        kinds = (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_CPU)
        for kind, most in zip(kinds[2:], ({from_outside})):
            resource.setrlimit(kind, (most, most))
        confine(7, 2**30)
        print(json.dumps([resource.getrlimit(kind) for kind in kinds]))"""
    done = subprocess.run([sys.executable, "-c", code], cwd=limited.CHECKOUT, capture_output=True, check=True)
    assert json.loads(done.stdout) == then


@pytest.mark.parametrize("status", [0, 3])
def test_a_process_that_ends_without_an_answer_is_a_sentence(status):
    assert cause("leave", {"status": status}) == "died"


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT])
def test_a_process_that_dies_is_a_sentence(number):
    assert cause("die", {"signal": int(number)}) == "died"


def test_one_that_the_system_kills_had_not_enough_memory():
    assert cause("die", {"signal": int(signal.SIGKILL)}) == "memory"


def test_a_fault_tells_where_and_nothing_of_what_was_sent(caplog):
    assert cause("fail", {"secret": "the file's own words"}) == "fault"
    assert "KeyError in limited_work.py" in caplog.text
    assert "own words" not in caplog.text


def test_a_panic_is_a_fault():
    assert cause("panic") == "fault"


def test_what_libraries_print_is_no_answer():
    assert run("chatter").facts == {"fine": True}


def test_an_answer_without_end_is_refused():
    with pytest.raises(OutOfBounds) as caught:
        limited.run(WORK + "flood", {"bytes": MOST_ANSWER}, seconds=30, bytes=2**30, task="Reading a.csv")
    assert caught.value.cause == "memory"


@SYSTEM
def test_it_writes_no_file(tmp_path: Path):
    path = tmp_path / "written"
    assert cause("write", {"path": str(path)}) == "fault"
    assert not path.exists() or path.stat().st_size == 0


def test_it_knows_no_secrets(monkeypatch):
    monkeypatch.setenv("OIDC_CLIENT_SECRET", "hidden")
    limited._close(limited._spare.take())  # it was started before
    told = run("surroundings").facts
    assert "OIDC_CLIENT_SECRET" not in told["environment"]
    assert not {"streamlit", "torch", "onnxruntime", "scipy"} & set(told["modules"])


def test_one_process_waits_for_the_next_piece_of_work_and_is_used_once():
    limited.warm()
    first = limited._spare._waiting
    assert first is not None
    run("echo")
    assert first.poll() is not None
    assert limited._spare._waiting not in (first, None)


def test_one_that_went_while_work_was_on_its_way_is_replaced():
    limited.warm()
    waiting = limited._spare._waiting
    waiting.stdin.close()  # it thinks that nobody wants anything
    waiting.wait(20)
    with open(os.devnull, "wb") as nobody:
        waiting.stdin = nobody
        waiting.poll = lambda: None  # nobody looked
        assert run("echo").facts == {"said": {}}


def test_one_that_was_killed_while_it_waited_is_replaced():
    limited.warm()
    waiting = limited._spare._waiting
    waiting.kill()
    waiting.wait(20)
    assert run("echo").facts == {"said": {}}


def test_one_that_nobody_asks_for_anything_goes():
    code = "from zoo import limited_process as process; process.IDLE = 0.1; process.main([])"
    child = subprocess.Popen([sys.executable, "-c", code], cwd=limited.CHECKOUT, stdin=subprocess.PIPE)
    assert child.wait(60) == 0
    child.stdin.close()


def test_where_no_process_can_be_started_nothing_is_lost_and_the_next_try_may_go_well(monkeypatch):
    def fails():
        raise BlockingIOError("Resource temporarily unavailable")

    limited.warm()
    monkeypatch.setattr(limited, "_start", fails)
    assert run("echo").facts == {"said": {}}, "the answer was lost, for no process could be started for the next one"
    with pytest.raises(Busy, match=r"^Reading a\.csv has to wait: .* Try again in a minute\.$"):
        run("echo")
    monkeypatch.undo()
    assert run("echo").facts == {"said": {}}


def test_others_wait_for_their_turn_and_hear_so(monkeypatch):
    monkeypatch.setattr(limited, "_turns", limited.threading.BoundedSemaphore(1))
    with limited._turns, pytest.raises(Busy, match=r"^Reading a\.csv has to wait: .* Try again in a minute\.$"):
        run("echo", seconds=0.1)
    assert not issubclass(Busy, DataError), "whoever keeps why a file was refused would keep this, too"


def test_half_an_answer_is_none():
    whole = b"".join(packed({"a": 1}, {"x": b"123"}))
    assert read(io.BytesIO(whole), 10**6) == ({"a": 1}, {"x": b"123"})
    for at in range(len(whole)):
        assert read(io.BytesIO(whole[:at]), 10**6) is None


@pytest.mark.parametrize(
    "head",
    [
        b"[" * 10_000,
        b"[]",
        b'{"facts": {}}',
        b'{"facts": [], "parts": []}',
        b'{"facts": {}, "parts": [["x", -1]]}',
        b'{"facts": {}, "parts": [["x", 200], ["y", -100]]}',
        b'{"facts": {}, "parts": [["x", 101]]}',
        b'{"facts": {}, "parts": [["x", 60], ["y", 60]]}',
        b'{"facts": {}, "parts": [["x", Infinity]]}',
        b'{"facts": {}, "parts": [["x", NaN]]}',
        b'{"facts": {}, "parts": [["x"]]}',
    ],
)
def test_an_answer_that_makes_no_sense_is_none_and_takes_no_memory(head):
    pipe = io.BytesIO(LENGTH.pack(len(head)) + head + b"x" * 1_000)
    assert read(pipe, max(100, len(head))) is None
    assert pipe.tell() <= LENGTH.size + len(head) + 100


def test_an_answer_of_more_than_was_allowed_is_not_even_read():
    whole = b"".join(packed({"a": "b" * 200}, {}))
    assert read(io.BytesIO(whole), 1_000) == ({"a": "b" * 200}, {})
    assert read(io.BytesIO(whole), 100) is None


def _asleep(seconds: str) -> bool:
    done = subprocess.run(["ps", "-eo", "stat,args"], capture_output=True, text=True, check=True)
    return any(line.endswith(f"sleep {seconds}") and not line.startswith("Z") for line in done.stdout.splitlines())
