"""The log: one line each, for people or machines, and nothing in it of what an exception quotes."""

import json
import logging
import sys
import threading

import pytest

from zoo import logs
from zoo.logs import JsonFormatter, TextFormatter, came_through, place

SECRET = "Brazil (1985)"


def raised() -> Exception:
    try:
        try:
            {}[SECRET]
        except KeyError as error:
            raise ValueError(f"could not read {SECRET}") from error
    except ValueError as error:
        return error


def record(message: str, *args: object, error: Exception | None = None, **extra: object) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord("menagerie.page", logging.ERROR, "here.py", 3, message, args, info)
    vars(made).update(extra)
    return made


def test_a_line_is_one_object_with_what_was_given():
    line = JsonFormatter().format(record("drawn in %d", 3, page="compare", milliseconds=41, status="ok"))
    found = json.loads(line)
    assert "\n" not in line
    assert found.pop("time").endswith("+00:00")
    assert found == {
        "level": "ERROR",
        "logger": "menagerie.page",
        "message": "drawn in 3",
        "page": "compare",
        "milliseconds": 41,
        "status": "ok",
    }


def test_a_line_for_people_ends_with_the_same():
    line = TextFormatter().format(record("drawn", page="compare", milliseconds=41))
    assert line.endswith("ERROR   menagerie.page: drawn page=compare milliseconds=41")


@pytest.mark.parametrize("form", [TextFormatter(), JsonFormatter()])
def test_nobody_who_is_quoted_writes_a_line_of_their_own(form):
    assert "\n" not in form.format(record("refused %s", "x\n2026-01-01 ERROR all is lost\r\nmore"))


@pytest.mark.parametrize("form", [TextFormatter(), JsonFormatter()])
def test_of_an_exception_the_log_tells_its_kind_and_lines_and_nothing_that_it_says(form):
    line = form.format(record("A page stopped.", error=raised()))
    assert SECRET not in line
    for told in ("ValueError", "KeyError", "test_logs.py", "in raised"):
        assert told in line


def test_an_exception_without_a_cause_tells_of_the_one_it_came_from_unless_that_is_hidden():
    def shown(hide: bool) -> str:
        try:
            try:
                raise OSError
            except OSError as error:
                if hide:
                    raise ValueError from None
                int(str(error))  # a ValueError on the way
        except ValueError as error:
            return came_through(error)

    assert "OSError" in shown(hide=False)
    assert "OSError" not in shown(hide=True)


def test_an_exception_that_came_from_itself_ends():
    error = ValueError()
    error.__context__ = OSError()
    error.__context__.__context__ = error
    assert came_through(error).count("ValueError") == 1


def test_the_place_of_an_exception_is_its_last_line():
    assert place(raised()).startswith("ValueError in tests/test_logs.py, line ")
    assert place(json.JSONDecodeError("x", "y", 0)) == "json.decoder.JSONDecodeError"


def test_what_ends_a_thread_is_in_the_log_without_its_words(monkeypatch, capsys):
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    logs.set_up("json")
    thread = threading.Thread(target=lambda: (_ for _ in ()).throw(ValueError(SECRET)))
    thread.start()
    thread.join()
    logging.captureWarnings(False)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["message"] for line in lines] == ["A thread ended by an error."]
    assert lines[0]["exception"].startswith("ValueError")
    assert SECRET not in str(lines)
