"""What each model would need of an upload: asked of training itself, in a process like the one that trains."""

import importlib.util
import json
import subprocess
import threading
from dataclasses import dataclass

from zoo.commands import FOR_TRAINING
from zoo.errors import DataError, ZooError
from zoo.jobs.asked import Reading
from zoo.jobs.job import Job
from zoo.jobs.watch import Bounds, kill, start, why

SECONDS = 120.0


@dataclass(frozen=True)
class Offer:
    """A model that may be trained on this data; training/ahead.py says what the fields mean."""

    name: str
    title: str
    family: str
    summary: str
    by_name: bool  # only for catalogues that are too large for others
    bytes: int | None
    seconds: float | None
    problem: str | None
    note: str | None


def missing() -> list[str]:
    """Packages that training needs and that are not installed."""
    return [name for name in FOR_TRAINING if importlib.util.find_spec(name) is None]


def offers(job: Job, reading: Reading, bounds: Bounds, module: str = "training.ahead") -> list[Offer]:
    """Every model of the zoo's table, in its order.

    Raises
    ------
    ZooError where training cannot say it, with its reason
    """
    child = start(module, [*reading.arguments(job.folder), f"--out={job.work}"], job, bounds, apart=True)
    timer = threading.Timer(SECONDS, kill, (child,))
    timer.start()
    try:
        answer, said = _both(child)
    finally:
        late = not timer.is_alive()
        timer.cancel()
        kill(child)
    if late:
        raise ZooError("To find out what each model needs took too long. Leave rare items and people out.")
    if child.returncode != 0:
        raise DataError(why(child.returncode, job.without_folders(said), bounds).sentence or "")
    return [Offer(**one) for one in json.loads(answer)]


def _both(child: "subprocess.Popen[bytes]") -> tuple[bytes, str]:
    """What it answers, and what it says beside it; its standard input stays open meanwhile, or it would end itself."""
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    said: list[bytes] = []
    pipe = child.stderr
    listener = threading.Thread(target=lambda: said.append(pipe.read()), daemon=True)
    listener.start()
    answer = child.stdout.read()
    listener.join()
    child.wait()
    for one in (child.stdin, child.stdout, child.stderr):
        one.close()
    return answer, said[0].decode("utf-8", errors="replace") if said else ""
