"""The folder of a run: a part of the lists for each chunk of people. What is finished is not done again.

    OUT.parts/job.json            what was asked: file, model, catalogue and arguments, by their checksums
    OUT.parts/sorted.json         zoo.batch.chunks.Sorted; written when every chunk is
    OUT.parts/rows-00000.arrows   a chunk of people
    OUT.parts/lists-00000.parquet their lists, moved here when they are all written
    OUT.parts/lists-00000.json    what it holds, written after it; only a part with this file is finished

However a run ends (kill -9, no power), the same call goes on after the last finished part; where something else is
asked now, it starts anew. The lists appear under their name in one step, and the folder goes.
"""

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.batch.chunks import write_json
from zoo.dataset import Dataset
from zoo.errors import ZooError
from zoo.runtime import Model

JOB, SORTED = "job.json", "sorted.json"
NAMES = {"input": "file", "model": "model", "items": "catalogue"}  # what may have changed since; else: arguments


@dataclass(frozen=True)
class Part:
    """What one finished part holds."""

    job: str  # sha256 of what was asked
    bytes: int
    users: int
    strangers: int  # users none of whose likes is known
    kept: int  # distinct pairs of them
    repeated: int


@dataclass(frozen=True)
class Job:
    """What is asked, and where its parts lie."""

    model: Model
    dataset: Dataset
    k: int
    folder: Path
    key: str  # sha256 of what was asked

    def lists(self, chunk: int) -> Path:
        return self.folder / f"lists-{chunk:05}.parquet"

    def finished(self, chunk: int) -> Part | None:
        """The part, where it was written whole, for this question."""
        try:
            part = Part(**json.loads(self.lists(chunk).with_suffix(".json").read_text(encoding="utf-8")))
            return part if part.job == self.key and self.lists(chunk).stat().st_size == part.bytes else None
        except (OSError, ValueError, TypeError):
            return None


@contextmanager
def held(folder: Path) -> Iterator[Path]:
    """The folder of the parts, ours alone while the block runs; the lock ends with the process."""
    folder.mkdir(exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ZooError(f"Another process writes to {folder}. Wait for it, or name another --out.") from None
        yield folder


def begin(folder: Path, asked: dict[str, Any], say: Callable[[str], None]) -> None:
    """An empty folder for what is asked, or the one in which the same was begun."""
    try:
        before = json.loads((folder / JOB).read_text(encoding="utf-8"))
    except FileNotFoundError:
        if foreign := sorted(path.name for path in folder.iterdir() if path.name not in (".lock", JOB + ".new")):
            raise ZooError(
                f"{folder} holds {foreign[0]}, which no run of ours wrote. Move it away, or name another --out."
            ) from None
        before = asked
    except ValueError:
        before = {}
    if before != asked:
        changed = [name for name in asked if before.get(name) != asked[name]]
        what = " and ".join(dict.fromkeys(NAMES.get(name, "arguments") for name in changed))
        say(f"{folder.name} was begun with other {what}: it starts anew.")
        (folder / SORTED).unlink(missing_ok=True)  # first: without it no chunk counts
        for path in folder.iterdir():
            if path.name not in (".lock", JOB):  # a stop in here is met by the same difference again
                path.unlink()
    write_json(folder / JOB, asked)
