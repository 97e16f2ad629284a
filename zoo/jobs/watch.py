"""The process that trains, watched from its start to its end, whoever ends it."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from zoo.jobs.asked import Request, Stage
from zoo.jobs.job import LOG_BYTES, Job
from zoo.jobs.worker import OUT_OF_MEMORY

CHECKOUT = Path(__file__).resolve().parents[2]
TOLD = (  # of the environment; what an operator keeps in the rest, such as the keys of a bucket, it is not told
    *("PATH", "HOME", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV"),
    *("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES"),
)
POLL = 0.25  # seconds between two looks
TAIL = 8_000  # letters at the end of what it said that may hold the reason
MEMORY_SIGNS = ("MemoryError", "bad_alloc", "memory allocation of", "can't allocate memory", "Cannot allocate memory")
FULL_DISK = "The server's disk is full. Nothing half was kept; ask whoever runs it to make room, and start again."


@dataclass(frozen=True)
class Bounds:
    """What one training may take."""

    seconds: float = 3600.0
    bytes: int = 4 * 2**30  # of memory
    most: int = 1  # trainings at once
    free: int = 512 * 2**20  # bytes of the disk that are left to others: a training ends before it takes them
    threads: int = 0  # 0: as many as torch takes
    device: Literal["auto", "cpu"] = "auto"


@dataclass(frozen=True)
class End:
    """How a training ended."""

    stage: Stage
    sentence: str | None = None


def run(job: Job, request: Request, bounds: Bounds, module: str = "training") -> End:
    """Train, until it is done or something ends it. Afterwards no process of it is left; `job.work` may hold halves."""
    job.work.mkdir(exist_ok=True)
    child = start(module, request.arguments(job.folder, job.work, job.progress_file), job, bounds)
    log = Log(job.log_file)
    assert child.stdin is not None
    assert child.stdout is not None
    reader = threading.Thread(target=log.follow, args=(child.stdout,), daemon=True)
    reader.start()
    try:
        end = _watched(child, job, bounds)
    finally:
        kill(child)
        reader.join(timeout=5)  # whoever left the group may still hold the pipe
        child.stdin.close()
        child.stdout.close()
    return end or why(child.returncode, job.without_folders(log.tail), bounds)


def start(
    module: str, arguments: list[str], job: Job, bounds: Bounds, apart: bool = False
) -> "subprocess.Popen[bytes]":
    """The module in a process group of its own; it ends when its standard input does, and so with this process.

    apart : whether what it says to standard error comes apart from its answer
    """
    job.scratch.mkdir(exist_ok=True)
    environment = {name: os.environ[name] for name in TOLD if name in os.environ}
    environment |= {"TMPDIR": str(job.scratch), "PYTHONUNBUFFERED": "1", "COLUMNS": "120"}
    if bounds.threads:
        environment |= {"OMP_NUM_THREADS": str(bounds.threads), "POLARS_MAX_THREADS": str(bounds.threads)}
    return subprocess.Popen(
        [
            *(sys.executable, "-B", "-m", "zoo.jobs.worker", str(bounds.bytes)),
            *(module, *arguments, f"--device={bounds.device}"),
        ],
        cwd=CHECKOUT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if apart else subprocess.STDOUT,
        start_new_session=True,
    )


def _watched(child: "subprocess.Popen[bytes]", job: Job, bounds: Bounds) -> End | None:
    """Why it must end; None where it ended by itself."""
    last = time.monotonic() + bounds.seconds
    while child.poll() is None:
        if job.is_cancelled:
            return End("cancelled", "It was cancelled.")
        if time.monotonic() > last:
            return End("failed", TOO_LONG.format(minutes=f"{bounds.seconds / 60:.3g}"))
        if free_bytes(job.folder) < bounds.free:
            return End("failed", FULL_DISK)
        time.sleep(POLL)
    return None


def kill(child: "subprocess.Popen[bytes]") -> None:
    """The process and whatever it started, which may outlive it."""
    with suppress(OSError):  # nothing of it is left
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def why(status: int, said: str, bounds: Bounds) -> End:
    """What its exit status and its last words mean. status : negative where a signal ended it"""
    if status == 0:
        return End("done")
    told = [line for line in said.splitlines() if line.startswith("error: ")]
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return End("failed", FULL_DISK)
    if status == OUT_OF_MEMORY or (not told and any(sign in said for sign in MEMORY_SIGNS)):
        return End("failed", TOO_LARGE.format(size=f"{bounds.bytes / 2**30:.3g}"))
    if told:
        return End("failed", told[-1].removeprefix("error: "))
    if status < 0:
        return End("failed", KILLED)
    return End("failed", UNEXPLAINED)


def free_bytes(place: Path) -> int:
    return shutil.disk_usage(place).free


class Log:
    """What a process says, in a file that keeps its end, and the last words in memory."""

    def __init__(self, path: Path) -> None:
        self._path, self._text = path, ""

    @property
    def tail(self) -> str:
        return self._text[-TAIL:]

    def follow(self, pipe: IO[bytes]) -> None:
        while block := os.read(pipe.fileno(), 2**16):
            self._text = (self._text + block.decode("utf-8", errors="replace"))[-LOG_BYTES // 4 :]
            with suppress(OSError):  # a full disk ends the training elsewhere, and says so
                self._path.write_text(self._text, "utf-8")


TOO_LONG = (
    "It took longer than the {minutes} minutes that a training may take here. "
    "Choose fewer or quicker models, or leave rare items out."
)
TOO_LARGE = (
    "It needed more than the {size} GB of memory that a training may take here. "
    "Choose smaller models, or leave rare items and people out."
)
KILLED = (
    "The training process was ended from outside, perhaps because the server ran out of memory. Nothing half was kept; "
    "start it again, with fewer models."
)
UNEXPLAINED = "The training process ended with an error that it could not explain. Start it again with other models."
