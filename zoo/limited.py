"""What strangers send is looked at in a process of its own: little time, little memory, nothing written, no secrets.

    run("zoo.reading:read", facts, parts, seconds=30, bytes=2**30, task="Reading ratings.csv", instead="Bring less.")

The process is started afresh (a server with threads must not be forked), does one piece of work, and ends. Whatever
becomes of it, the caller gets an answer or one sentence. Between the two: JSON and bytes, never a pickle.

To start Python and polars takes half a second; so one process waits, already started, and goes when nobody comes.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from zoo import telemetry
from zoo.errors import DataError, ZooError
from zoo.limited_wire import MOST_ANSWER, Facts, Message, Parts, error_of, packed, read

CHECKOUT = Path(__file__).resolve().parent.parent
PRELOADED = ("zoo.decoding", "pyarrow.parquet")  # what nearly every piece of work needs
AT_ONCE = 2  # processes that work at the same time: others wait for their turn
LAST_BREATH = 5.0  # seconds for a process that has nothing more to say
TAIL = 4_000  # bytes of what a process says to standard error that are looked at; they are shown to nobody
FEW_THREADS = {"POLARS_MAX_THREADS": "2", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
TOLD = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONPATH", "SYSTEMROOT", "TMPDIR", "TZ")
OUT_OF_MEMORY = (b"memory allocation of", b"out of memory", b"bad_alloc", b"Cannot allocate memory", b"MemoryError")
DAMAGED = "{task} could not be finished. It may be damaged: make it anew, and try again."

Child = subprocess.Popen[bytes]
logger = logging.getLogger(__name__)


class Busy(ZooError):
    """Nobody looked at what was sent. It is no `DataError`: nothing is wrong with it, and the next try may go well."""

    cause = "busy"


class OutOfBounds(DataError):
    """The process came to no answer. cause : "time", "memory", "died", or "fault" (one of ours)."""

    def __init__(self, sentence: str, cause: str) -> None:
        super().__init__(sentence)
        self.cause = cause


@dataclass(frozen=True)
class Answer:
    facts: Facts
    parts: dict[str, bytes] = field(repr=False)


def run(
    target: str,
    facts: Facts,
    parts: Parts | None = None,
    *,
    seconds: float,
    bytes: int,
    task: str,
    instead: str = "Bring a smaller file.",
) -> Answer:
    """Have a piece of work done by another process.

    Parameters
    ----------
    target : "module:function" of this project, called as `function(facts, parts)`; it returns facts and parts as well
    facts : what JSON can say; a large file that lies on disk goes as its path
    parts : bytes by name
    seconds : from the moment its turn comes until it is ended, with whatever it started
    bytes : of memory
    task, instead : a sentence begins with the one and ends with the other: "Reading a.csv took longer than ..."

    Raises
    ------
    the `ZooError` that the work raised, its class and sentence; `OutOfBounds` where it came to no answer; `Busy` where
    its turn never came, or no process could be started
    """
    began, outcome = time.perf_counter(), "fault"
    try:
        answer = _run(target, facts, parts, seconds, bytes, task, instead)
        outcome = "read"
        return answer
    except (OutOfBounds, Busy) as error:
        outcome = error.cause
        raise
    except ZooError:
        outcome = "refused"
        raise
    finally:
        telemetry.count("decodings", outcome=outcome)
        telemetry.observe("decoding", time.perf_counter() - began)


def _run(target: str, facts: Facts, parts: Parts | None, seconds: float, bytes: int, task: str, instead: str) -> Answer:
    request = packed({"target": target, "seconds": seconds, "bytes": bytes, "facts": facts}, parts or {})
    if not _turns.acquire(timeout=max(seconds, 1.0)):
        raise Busy(f"{task} has to wait: the server reads other files just now. Try again in a minute.")
    try:
        end = _worked(_spare.take(), request, seconds)
        if end.retired:
            end = _worked(_start(), request, seconds)
    except OSError as error:
        logger.error("no process could be started: %s", error)
        raise Busy(f"{task} has to wait: the server can start nothing new just now. Try again in a minute.") from error
    finally:
        _turns.release()
        _spare.fill()
    said, found = end.answer or ({}, {})
    if said.get("ends") == "done":
        return Answer(said["facts"], found)
    if said.get("ends") == "error":
        raise error_of(said["error"])
    if end.late or end.status == -getattr(signal, "SIGXCPU", 0):
        raise OutOfBounds(f"{task} took longer than {seconds:g} seconds, the limit here. {instead}", "time")
    if said.get("ends") == "memory" or end.out_of_memory:
        most = f"{bytes / 2**20:,.0f} MB"
        raise OutOfBounds(f"{task} needs more than {most} of memory, the limit here. {instead}", "memory")
    if said.get("ends") == "fault":
        logger.error("%s of an upload failed: %s", target, said["where"])
        raise OutOfBounds(DAMAGED.format(task=task), "fault")
    logger.error("%s of an upload ended its process with status %s", target, end.status)
    raise OutOfBounds(DAMAGED.format(task=task), "died")


def warm() -> None:
    """Start the process that will do the next piece of work: a page with an uploader does so when it is opened."""
    _spare.fill()


@dataclass(frozen=True)
class _End:
    """What became of a process."""

    answer: Message | None  # None: nothing whole
    status: int
    said: bytes  # the end of it, to standard error
    late: bool  # ended by us

    @property
    def retired(self) -> bool:
        """It had waited too long for work, and went while the work was on its way."""
        return self.answer is None and self.status == 0 and not self.late

    @property
    def out_of_memory(self) -> bool:
        killed = self.status == -getattr(signal, "SIGKILL", 0)  # not by us: by the system
        return self.answer is None and (killed or any(sign in self.said for sign in OUT_OF_MEMORY))


class _Spare:
    """At most one process that has nothing to do yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: Child | None = None

    def take(self) -> Child:
        with self._lock:
            child, self._waiting = self._alive(), None
        return child or _start()

    def fill(self) -> None:
        with self._lock, suppress(OSError):  # then it is started when it is needed
            self._waiting = self._alive() or _start()

    def _alive(self) -> Child | None:
        if self._waiting is not None and self._waiting.poll() is not None:
            _close(self._waiting)
            self._waiting = None
        return self._waiting


_turns = threading.BoundedSemaphore(AT_ONCE)
_spare = _Spare()


def _start() -> Child:
    environment = {name: os.environ[name] for name in TOLD if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-B", "-m", "zoo.limited_process", *PRELOADED],
        cwd=CHECKOUT,
        env=environment | FEW_THREADS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # a group of its own: what it starts is ended with it
    )


def _worked(child: Child, request: list[bytes], seconds: float) -> _End:
    """Give a process its work, and wait for what becomes of it. Nothing of it is left."""
    late, said = threading.Event(), bytearray()

    def end() -> None:
        late.set()
        _kill(child)

    timer = threading.Timer(seconds, end)
    writer = threading.Thread(target=_write, args=(child.stdin, request), daemon=True)
    listener = threading.Thread(target=_listen, args=(child.stderr, said), daemon=True)
    for thread in (timer, writer, listener):
        thread.start()
    try:
        assert child.stdout
        answer = read(child.stdout, MOST_ANSWER)
        if answer is None:
            with suppress(subprocess.TimeoutExpired):
                child.wait(LAST_BREATH)
    finally:
        timer.cancel()
        _kill(child)
        status = child.wait()
        writer.join()
        listener.join()
        _close(child)
    return _End(answer, status, bytes(said), late.is_set() and answer is None)


def _write(pipe: IO[bytes], request: list[bytes]) -> None:
    with suppress(OSError, ValueError), pipe:  # it may be gone, and says so by its status
        for piece in request:
            pipe.write(piece)


def _listen(pipe: IO[bytes], said: bytearray) -> None:
    with suppress(OSError, ValueError):
        while block := os.read(pipe.fileno(), TAIL):
            said += block
            del said[:-TAIL]


def _kill(child: Child) -> None:
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()


def _close(child: Child) -> None:
    for pipe in (child.stdin, child.stdout, child.stderr):
        with suppress(OSError):
            if pipe:
                pipe.close()
