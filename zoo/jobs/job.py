"""One job as a folder that only its word leads to.

    state.json          how it stands (asked.State), replaced in one step
    request.json        what was asked
    upload/             the files, until the job has ended
    progress.json       how far each model has come; the worker keeps it (training/told.py)
    log.txt             what the worker said, at most LOG_BYTES
    work/, scratch/     the zoo while it is made, and what libraries leave behind; gone afterwards
    zoo/                what came out: whole models only
    cancel              somebody asked to end it
    forgotten           nobody may have it any more: it goes as soon as its worker has gone
    held, watched       locked while a session has it, and while a thread looks after its worker

Locks are POSIX `flock`: they end with the process, however it ends. So a job that says "running" and that nobody
watches was interrupted, and one that no session holds may go.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from zoo.errors import CardError, DataError
from zoo.jobs.asked import Request, State

LOG_BYTES = 200_000
SHOWN = 40  # lines of the log
UNSAFE = re.compile(r"[^\w.-]+")


class Held:
    """A session's hold on a job: while it is open, the job's folder stays."""

    def __init__(self, job: "Job", file: IO[bytes]) -> None:
        self.job, self._file = job, file

    def release(self) -> None:
        """The job may be taken up by its word for a while, then it goes."""
        if not self._file.closed:
            self.job.touch()
            self._file.close()

    def forget(self) -> None:
        """The job is ended, and goes now; whoever else has its word has lost it, too."""
        self._file.close()
        self.job.forget()


class Job:
    """A view of one folder; any process may have one. Whatever is asked of a folder that is gone, it has ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.upload, self.work, self.zoo = folder / "upload", folder / "work", folder / "zoo"
        self.scratch = folder / "scratch"  # for what libraries leave behind
        self.progress_file, self.log_file = folder / "progress.json", folder / "log.txt"

    @property
    def is_there(self) -> bool:
        return (self.folder / "state.json").is_file() and not (self.folder / "forgotten").exists()

    @property
    def request(self) -> Request | None:
        try:
            return Request.load(self.folder / "request.json")
        except CardError:
            return None

    @property
    def state(self) -> State:
        """As it is: a job that nobody looks after any more does not run, whatever its file says."""
        watched = self.is_watched  # asked first: it may end in between, and then the file tells how
        try:
            found = State.load(self.folder / "state.json")
        except CardError:
            return State(stage="interrupted", sentence="This training is not there any more.")
        if found.stage in ("waiting", "running") and not watched:
            return found.model_copy(update={"stage": "interrupted", "sentence": INTERRUPTED})
        return found

    def save(self, what: State | Request) -> None:
        name = "state.json" if isinstance(what, State) else "request.json"
        new = self.folder / f".{name}.new"
        what.save(new)
        os.replace(new, self.folder / name)

    def progress(self) -> dict[str, Any]:
        """What training/told.py says; {} before it said anything."""
        try:
            told = json.loads(self.progress_file.read_bytes())
        except (OSError, ValueError):
            return {}
        return told if isinstance(told, dict) else {}

    def log(self) -> list[str]:
        """The last lines, for whoever asked for the training: no folders of the server, no traces of its code."""
        try:
            text = self.log_file.read_text("utf-8", errors="replace")
        except OSError:
            return []
        text = self.without_folders(text.partition("Traceback (most recent call last)")[0])
        return [line for line in text.splitlines() if line.strip()][-SHOWN:]

    def without_folders(self, said: str) -> str:
        """What the worker said, without where its files lie on the server."""
        return said.replace(f"{self.folder}{os.sep}", "")

    def put(self, content: bytes, name: str, kind: str) -> str:
        """Keep an upload in the folder; returns its name there. An `OSError` where the disk has no room for it.

        kind : "data" or "items"; each lies in a folder of its own, in place of an earlier one
        """
        place = self.upload / kind
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        safe = UNSAFE.sub("_", Path(name).name).strip("._")[-80:] or "upload"
        if safe.lower().startswith("items."):  # training would take it for the table of items
            safe = f"uploaded-{safe}"
        (place / safe).write_bytes(content)
        return str((place / safe).relative_to(self.folder))

    def cancel(self) -> None:
        """Ask for its end; a job that has not begun, or has ended, is left as it is."""
        if self.is_there and self.state.stage in ("waiting", "running"):
            (self.folder / "cancel").touch()

    @property
    def is_cancelled(self) -> bool:
        return (self.folder / "cancel").exists() or (self.folder / "forgotten").exists() or not self.folder.exists()

    def forget(self) -> None:
        """End it and take everything away: now, or when its worker has gone."""
        if not self.folder.exists():
            return
        (self.folder / "forgotten").touch()
        if not self.is_watched:
            shutil.rmtree(self.folder, ignore_errors=True)

    def hold(self) -> Held:
        """Several sessions may hold it at once."""
        return Held(self, self._lock("held", fcntl.LOCK_SH))

    def watch(self) -> IO[bytes]:
        """An open file: while it is open, one thread looks after the job."""
        return self._lock("watched", fcntl.LOCK_EX)

    @property
    def is_watched(self) -> bool:
        return self._is_locked("watched", fcntl.LOCK_SH)  # shared: two who ask at once do not take each other for it

    @property
    def is_held(self) -> bool:
        return self._is_locked("held", fcntl.LOCK_EX)

    def _is_locked(self, name: str, against: int) -> bool:
        try:
            with (self.folder / name).open("rb") as file:
                fcntl.flock(file, against | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def touch(self) -> None:
        """A session has it just now."""
        with suppress(FileNotFoundError):
            os.utime(self.folder / "held")

    def unwanted(self) -> float:
        """Seconds since a session had it, or since it changed how it stands."""
        times = []
        for path in (self.folder / "held", self.folder / "state.json"):
            with suppress(FileNotFoundError):
                times.append(path.stat().st_mtime)
        return time.time() - max(times or [self.folder.stat().st_mtime])  # at first it is but a folder

    def _lock(self, name: str, how: int) -> IO[bytes]:
        try:
            file = (self.folder / name).open("ab")
        except FileNotFoundError:
            raise DataError("This training is not there any more. Start it again.") from None
        fcntl.flock(file, how)
        return file


INTERRUPTED = "The app ended while this training ran. Start it again for what is missing."


def folder_of(root: Path, word: str) -> Path:
    """Where the job with this word lies. The word itself stands nowhere on the disk."""
    return root / hashlib.sha256(word.encode()).hexdigest()[:32]
