"""One uploaded graph in a process of its own: asked within limits, stopped when it breaks them, gone with its owner.

Even a graph that passed every check may meet a history that makes it hang, so the server never runs one itself. The
process inherits no variable that could hold a secret, opens no other file, and holds the only copy of the weights: the
file that it reads them from has no name, and goes with the worker.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from zoo import telemetry
from zoo.errors import ModelError
from zoo.limited import CHECKOUT, FEW_THREADS, TOLD
from zoo.own_graph_wire import Garbled, Message, receive, send

MOST_ALIVE = 4  # processes of all visitors together: who was not asked for longest starts anew when asked again
MOST_DEATHS = 5  # after so many it is not started again
STARTING = 30.0  # seconds that a process may take to start Python, on a busy machine, before its graph is loaded
PROCESSOR_SECONDS = 86_400  # for its whole life: what bounds one answer is the clock on our side
OVERHEAD = 2**16  # bytes beyond the numbers that were asked for
SLOW = "{title} took longer than {seconds:g} seconds{to}, the limit here."
LARGE = "{title} needs more than {most:,.0f} MB of memory{to}, the limit here."


class Broken(ModelError):
    """The graph gave no answer. cause : "time", "memory", "died", "busy", or "refused" (ONNX Runtime's own words)"""

    def __init__(self, sentence: str, cause: str) -> None:
        super().__init__(sentence)
        self.cause = cause


@dataclass(frozen=True)
class Bounds:
    seconds: float = 10.0  # to load the graph, and for each answer
    bytes: int = 2**30  # of memory, the weights among it


@dataclass(frozen=True)
class End:
    """An input or an output as the graph declares it."""

    name: str
    type: str  # such as "tensor(int64)"
    shape: tuple[int | None, ...]  # None: any


class Worker:
    """Started when it is asked first, and again after it died. Thread-safe: one question at a time."""

    def __init__(self, content: bytes, title: str, bounds: Bounds) -> None:
        self.title, self._bounds = title, bounds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._link: socket.socket | None = None
        self._deaths, self._stopped = 0, False
        self._file = _nameless(content)

    def __del__(self) -> None:
        if hasattr(self, "_file"):  # there may have been no room for it
            self.stop()

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        return self._process.pid if self._process else None

    def describe(self) -> tuple[list[End], list[End]]:
        """Inputs and outputs. `Broken` where the graph cannot be loaded."""
        told, _ = self._exchange({"ask": "describe"}, {}, OVERHEAD, " to load")
        try:
            inputs, outputs = ([_end(*one) for one in told[side]] for side in ("inputs", "outputs"))
        except (KeyError, TypeError, ValueError):
            raise self._died() from None
        return inputs, outputs

    def ask(self, outputs: Sequence[str], feeds: dict[str, np.ndarray], most: int) -> list[np.ndarray]:
        """The outputs in their order, whatever they are. most : bytes that they may have; `Broken` where none come"""
        _, found = self._exchange({"ask": "run", "outputs": list(outputs)}, feeds, most + OVERHEAD, " to answer")
        if set(found) != set(outputs):
            raise self._died()
        return [found[name] for name in outputs]

    def pause(self) -> bool:
        """Ends the process where nobody waits for it; the next question starts another."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            self._end()
        finally:
            self._lock.release()
        return True

    def stop(self) -> None:
        """Ends the process for good, whatever it does, and lets go of the weights."""
        self._stopped = True
        self._end()  # whoever waits for an answer gets none, and lets go of the lock
        with self._lock:
            self._end()  # one that was being started meanwhile
            self._file.close()

    def _exchange(self, told: dict[str, Any], feeds: dict[str, np.ndarray], most: int, to: str) -> Message:
        with self._lock:
            link = self._started()
            until = time.monotonic() + self._bounds.seconds
            try:
                send(link, told, feeds, until)
                answer = receive(link, most, until)
            except TimeoutError:
                raise self._died("time", SLOW.format(title=self.title, seconds=self._bounds.seconds, to=to)) from None
            except Garbled:
                raise self._died("refused", f"{self.title} answers with more than was asked for.") from None
            except OSError:
                answer = None
            if answer is None:
                raise self._died()
            facts, arrays = answer
            if "error" in facts:
                raise self._refused(facts, to)
            return facts, arrays

    def _started(self) -> socket.socket:
        """The link to the process, which has started Python but touched nothing of the graph."""
        if self._stopped or self._deaths >= MOST_DEATHS:
            raise Broken(f"{self.title} is not started again: it broke off {self._deaths} times.", "died")
        if self._link is not None:
            _make_room(self)
            return self._link
        with suppress(OSError):  # too many processes or open files, or it took too long
            link = self._link = self._start()
            _make_room(self)
            if not self._stopped and receive(link, OVERHEAD, time.monotonic() + STARTING) is not None:
                return link
        raise self._died("busy", f"The server is too busy to start {self.title}. Try again in a minute.")

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        handles = (theirs.fileno(), self._file.fileno())
        self._file.seek(0)
        limits = (self._bounds.bytes, PROCESSOR_SECONDS)
        command = [sys.executable, "-B", "-m", "zoo.own_graph_server", *map(str, (*handles, *limits))]
        with theirs:
            self._process = subprocess.Popen(
                command,
                cwd=CHECKOUT,
                env={name: os.environ[name] for name in TOLD if name in os.environ} | FEW_THREADS,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # a graph has nothing to say in the server's log
                pass_fds=handles,
                start_new_session=True,
            )
        return ours

    def _refused(self, facts: dict[str, Any], to: str) -> Broken:
        """What the process said while it stayed alive."""
        if facts["error"] == "memory":
            return self._died("memory", LARGE.format(title=self.title, most=self._bounds.bytes / 2**20, to=to))
        said = str(facts.get("sentence", ""))[:300].replace(f"/dev/fd/{self._file.fileno()}", "the file")
        return Broken(f"ONNX Runtime cannot run {self.title}: {said}", "refused")

    def _died(self, cause: str = "died", sentence: str = "") -> Broken:
        self._deaths += 1
        self._end()
        return Broken(sentence or f"{self.title} broke off: the process that ran it ended. Ask again.", cause)

    def _end(self) -> None:
        link, process, self._link, self._process = self._link, self._process, None, None
        if link is not None:
            link.close()
        if process is not None and process.poll() is None:
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _nameless(content: bytes) -> IO[bytes]:
    """A file that nobody else can open, and that goes when it is closed."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the worker
    try:
        file.write(content)
        file.flush()
    except OSError:
        with suppress(OSError):  # it tries to write once more
            file.close()
        raise
    return file


_alive: list[weakref.ref[Worker]] = []  # the one that was asked last comes last
_changing = threading.Lock()


def alive() -> int:
    """Processes that run somebody's graph now."""
    with _changing:
        return sum((one := ref()) is not None and one.pid is not None for ref in _alive)


telemetry.gauge("own_model_processes", alive)


def _make_room(asked: Worker) -> None:
    """Notes who is asked now, and pauses whoever was not asked for longest where there are too many."""
    with _changing:
        others = [one for ref in _alive if (one := ref()) is not None and one is not asked and one.pid is not None]
        kept = [*others]
        for one in others:
            if len(kept) < MOST_ALIVE:
                break
            if one.pause():
                kept.remove(one)
        _alive[:] = [weakref.ref(one) for one in (*kept, asked)]


def _end(name: str, kind: str, shape: list[int | str | None]) -> End:
    return End(str(name), str(kind), tuple(n if isinstance(n, int) else None for n in shape))
