"""Trainings of this session's own, and the data sets that came out of them: no other session sees them.

A session holds its trainings by their words; whoever has the address of a page that names the word (`?job=`) takes the
training up, in another tab or after a reload. Nothing of this is in a cache that sessions share.
"""

import threading
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.parts import leaving, state
from zoo.errors import ZooError
from zoo.jobs.job import Held, Job
from zoo.jobs.queue import Jobs, default_root
from zoo.jobs.watch import Bounds
from zoo.settings import Settings

TRAININGS = "trainings"  # kept by the session: word -> Held, in the order they came
MOST = 3  # trainings that a session keeps
_making = threading.Lock()


def jobs() -> Jobs:
    settings = Settings.from_environment()
    device = "cpu" if settings.provider == "cpu" else "auto"
    took = {"seconds": settings.job_seconds, "bytes": settings.job_bytes, "most": settings.jobs}
    with _making:  # the server begins, and the first visitor comes
        return _jobs(Bounds(**took, threads=settings.threads, device=device))


def begin() -> None:
    """When the server starts: trainings that ran when it was stopped are settled, and what nobody wants goes."""
    with suppress(ZooError, OSError):  # whoever opens the page is told
        if Settings.from_environment().trains or default_root().exists():
            jobs()


@cache
def _jobs(bounds: Bounds) -> Jobs:
    return Jobs(bounds)


def trainings() -> dict[str, Job]:
    """Word -> training that was started, the latest last; what has gone meanwhile is not among them."""
    if _session_id() is None:  # a thread that serves no session
        return {}
    held: dict[str, Held] = state.kept(TRAININGS) or {}
    for word in [word for word, one in held.items() if not one.job.is_there]:
        held.pop(word).release()
    return {word: one.job for word, one in held.items()}


def words() -> tuple[str, ...]:
    """What the address of every page says, so that a reload brings the trainings back."""
    return tuple(trainings())


def keep(word: str, held: Held) -> None:
    """This session has a training; of too many that have ended, the oldest goes."""
    mine = state.kept(TRAININGS) or state.keep(TRAININGS, {})
    mine[word] = held
    while len(mine) > MOST and (old := next((word for word in mine if mine[word].job.state.is_over), None)):
        mine.pop(old).forget()


def hold(job: Job) -> Held:
    """At "Forget me" it goes at once; when the session has ended, its word can bring it back for a while."""
    held = job.hold()
    leaving.on_leave(partial(_leave, held, _session_id()))
    return held


def _leave(held: Held, session: str | None) -> None:
    held.forget() if session and session == _session_id() else held.release()  # who says "Forget me" is still there


def _session_id() -> str | None:
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context else None


def take_up(asked: tuple[str, ...]) -> int:
    """Hold the trainings with these words, too; returns how many of them there are not, or not any more."""
    there, lost = trainings(), 0
    for word in asked[:MOST]:
        if word in there:
            continue
        job = jobs().find(word)
        if job is None or job.state.stage == "new":
            lost += 1
        else:
            keep(word, hold(job))
    return lost


def forget(word: str) -> None:
    """End it and take away what it made."""
    if held := (state.kept(TRAININGS) or {}).pop(word, None):
        held.forget()


def is_busy() -> bool:
    """Whether one of them has not ended yet: a session trains one thing at a time."""
    return any(not job.state.is_over for job in trainings().values())


def folders() -> dict[str, Path]:
    """Name -> folder of every data set that came out of them; of two with one name, the later one."""
    found = {}
    for job in trainings().values():
        if job.state.models and (request := job.request):
            found[request.name] = job.zoo / request.name
    return found


def is_own(path: Path) -> bool:
    """Whether a data set lies in somebody's training, and not in the zoo."""
    return path.is_relative_to(default_root())


def called(name: str) -> str:
    """A data set in a list of them."""
    return f"{name} · yours" if name in folders() else name
