"""The log of the app: for people, or one JSON object a line. What visitors brought or typed is not in it.

    2026-01-31 12:00:00,000 INFO    menagerie.page: drawn page=compare milliseconds=41 status=ok
    {"time": "2026-01-31T12:00:00.000+00:00", "level": "INFO", "logger": "menagerie.page", "message": "drawn", ...}

The message of an exception may quote a file, a title or an address; of an exception the log holds its kind and the
lines of code that it came through, which is what mends it.
"""

import json
import logging
import sys
import threading
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal

TEXT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
OURS = ("menagerie", "zoo", "pages")
_Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class TextFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__(TEXT)

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = " ".join(record.message.splitlines())  # nobody who is quoted writes a line of their own
        return super().formatMessage(record) + "".join(f" {name}={value}" for name, value in _extras(record).items())

    def formatException(self, ei: _Raised) -> str:
        return came_through(ei[1])


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        } | _extras(record)
        if record.exc_info and record.exc_info[1]:
            line["exception"] = came_through(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    """What was given as `extra`: page, milliseconds, status, ..."""
    return {name: value for name, value in vars(record).items() if name not in USUAL and not name.startswith("_")}


def came_through(error: BaseException | None) -> str:
    """Kind of an exception, of what it came from, and the lines of code; without what they said.

    >>> came_through(ValueError("could not read 'Brazil (1985)'"))
    'ValueError'
    """
    parts = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        frames = traceback.extract_tb(error.__traceback__)
        lines = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        parts.append("\n".join([_kind(error), *lines]))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\nwhich came from\n".join(parts)


def place(error: BaseException) -> str:
    """Kind and last line of an exception, in one line: what an operator reads first."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return _kind(error)
    parts = frames[-1].filename.replace("\\", "/").split("/")
    return f"{_kind(error)} in {'/'.join(parts[-2:])}, line {frames[-1].lineno}"


def _kind(error: BaseException) -> str:
    kind = type(error)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def handler(form: Literal["text", "json"]) -> logging.Handler:
    """To standard error, as one whole line each."""
    made = logging.StreamHandler(sys.stderr)
    made.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    return made


def set_up(form: Literal["text", "json"]) -> None:
    """The log of this process: everybody's messages, warnings, and what ends a thread."""
    root = logging.getLogger()
    for other in root.handlers[:]:
        root.removeHandler(other)
    root.addHandler(handler(form))
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    logging.captureWarnings(True)
    threading.excepthook = _thread_ended


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_type is SystemExit or ended.exc_value is None:
        return
    logging.getLogger("menagerie").error(
        "A thread ended by an error.", exc_info=(ended.exc_type, ended.exc_value, ended.exc_traceback)
    )
