"""The jobs of one app: new ones, their turn, and what becomes of those that nobody wants any more."""

import os
import secrets
import shutil
import stat
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from zoo import telemetry
from zoo.errors import ZooError
from zoo.jobs.asked import Request, State
from zoo.jobs.job import INTERRUPTED, Job, folder_of
from zoo.jobs.result import gather
from zoo.jobs.watch import FULL_DISK, KILLED, UNEXPLAINED, Bounds, End, free_bytes, run

MOST_WAITING = 20
KEEP = 30 * 60.0  # seconds that an ended job stays after the last session that had it has gone
SWEEP = 60.0  # seconds between two looks at what may go
POLL = 0.25  # seconds between two looks at whether it is one's turn
LOST = "The training could not be looked after any more; nothing half was kept. Start it again."
OURS = (KILLED, UNEXPLAINED, FULL_DISK, LOST)  # the operator's business; other sentences may name columns of a file


class Jobs:
    """All trainings of one app. Several apps may share a root: each looks after its own, and any may sweep."""

    def __init__(self, bounds: Bounds, root: Path | None = None, keep: float = KEEP, module: str = "training") -> None:
        self.bounds, self.keep, self.module = bounds, keep, module
        self.root = private_folder(root or default_root())
        self._changing = threading.Lock()
        self._line: list[Path] = []  # folders of jobs that have not ended, in the order they came
        self.sweep()
        threading.Thread(target=self._sweep_forever, name="jobs-sweep", daemon=True).start()
        telemetry.gauge("jobs_running", lambda: len(self._line[: self.bounds.most]))
        telemetry.gauge("jobs_waiting", lambda: len(self._line[self.bounds.most :]))

    def new(self) -> tuple[str, Job]:
        """An unguessable word, and the empty job that it leads to: hold it before anything else, or it is swept."""
        word = secrets.token_urlsafe(24)
        job = Job(folder_of(self.root, word))
        job.folder.mkdir(mode=0o700)
        job.save(State(stage="new"))
        return word, job

    def find(self, word: str) -> Job | None:
        """The job with this word; None where there is none, or it has gone."""
        job = Job(folder_of(self.root, word))
        return job if job.is_there else None

    def start(self, job: Job, request: Request) -> None:
        """Put a new job into the queue; a thread looks after it from now on.

        Raises
        ------
        ZooError where the queue is full, the disk has too little room, or the job was started before
        """
        size = sum(path.stat().st_size for path in job.upload.rglob("*") if path.is_file())
        if free_bytes(job.folder) < self.bounds.free + 4 * size:
            raise ZooError(NO_ROOM)
        with self._changing:
            if job.state.stage != "new":
                raise ZooError("This training was started already.")
            if len(self._line) >= self.bounds.most + MOST_WAITING:
                raise ZooError("Too many trainings wait already. Come back in a while.")
            watched = job.watch()
            try:
                job.save(request)
                job.save(State(stage="waiting", place=len(self._line) + 1 - self.bounds.most))
            except OSError:
                watched.close()
                raise ZooError(NO_ROOM) from None
            self._line.append(job.folder)
        threading.Thread(target=self._look_after, args=(job, request, watched), name="job", daemon=True).start()

    def _look_after(self, job: Job, request: Request, watched: IO[bytes]) -> None:
        started, end = None, End("failed", LOST)
        try:
            if self._wait_for_turn(job):
                started = time.time()
                job.save(State(stage="running", started=started))
                end = run(job, request, self.bounds, self.module)
            else:
                end = End("cancelled", "It was cancelled before it began.")
        except OSError:
            end = End("failed", NO_ROOM if free_bytes(self.root) < self.bounds.free else LOST)
        finally:
            with suppress(OSError, ZooError):  # what cannot be settled now is "interrupted", and settled by a sweep
                settle(job, request, end, started)
            with self._changing:
                self._line.remove(job.folder)
            watched.close()
            telemetry.count("jobs", outcome=end.stage)
            if end.sentence in OURS:
                telemetry.error(end.sentence, where="train")
            if (job.folder / "forgotten").exists():
                shutil.rmtree(job.folder, ignore_errors=True)

    def _wait_for_turn(self, job: Job) -> bool:
        """Whether it came; False where the job was cancelled meanwhile."""
        told = 0
        while True:
            if job.is_cancelled:
                return False
            with self._changing:
                place = self._line.index(job.folder) + 1 - self.bounds.most
            if place < 1:
                return True
            if place != told:
                told = place
                job.save(State(stage="waiting", place=place))
            time.sleep(POLL)

    def sweep(self) -> None:
        """Settle what ran when its app was killed, and remove what no session has held for a while."""
        for folder in self.root.iterdir():
            with suppress(OSError, ZooError):  # another app may sweep at the same time
                self._sweep(Job(folder))

    def _sweep(self, job: Job) -> None:
        if job.is_watched:
            return
        if (job.folder / "forgotten").exists():
            shutil.rmtree(job.folder, ignore_errors=True)
        elif job.is_there and job.state.stage == "interrupted" and not (job.folder / "settled").exists():
            settle(job, job.request, End("interrupted", INTERRUPTED), None)
        elif job.is_held:
            job.touch()
        elif job.unwanted() > (self.keep if job.state.is_over else SWEEP):
            shutil.rmtree(job.folder, ignore_errors=True)

    def _sweep_forever(self) -> None:
        while True:
            time.sleep(SWEEP)
            with suppress(OSError):
                self.sweep()


def settle(job: Job, request: Request | None, end: End, started: float | None) -> None:
    """Whatever ended a job: whole models are kept, the upload and halves go, and its state says how it ended."""
    for folder in (job.upload, job.scratch):
        shutil.rmtree(folder, ignore_errors=True)
    models = tuple(gather(job.work, job.zoo, request.name)) if request else ()
    (job.folder / "cancel").unlink(missing_ok=True)
    state = State(stage=end.stage, sentence=end.sentence, started=started, ended=time.time(), models=models)
    with suppress(OSError):  # on a disk that is still full it stays "running", which nobody watches: "interrupted"
        job.save(state)
        (job.folder / "settled").touch()


def default_root() -> Path:
    return Path(tempfile.gettempdir()) / f"menagerie-jobs-{os.getuid()}"


def private_folder(path: Path) -> Path:
    """Made where it is missing; a `ZooError` where it cannot be, somebody else has it, or may look into it."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        why = error.strerror or error
        raise ZooError(f"{path}, where trainings lie, cannot be made: {why}. Let TMPDIR name another folder.") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise ZooError(f"{path} must be a folder that only this user may open (chmod 700). Mend it, or remove it.")
    return path


NO_ROOM = "The server's disk has too little room for a training. Nothing was started; ask whoever runs it to make room."
