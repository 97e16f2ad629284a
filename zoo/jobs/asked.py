"""What was asked of a job, and how it stands: the two small files that every process reads the same way."""

import re
from pathlib import Path
from typing import Literal

from pydantic import Field

from zoo.errors import DataError
from zoo.typed import Typed

SPLIT = "strong:98765"
NAME = re.compile(r"\w(?:[\w .-]{0,58}\w)?")  # a folder's name on any system, and nothing that a shell would read
Stage = Literal["new", "waiting", "running", "done", "failed", "cancelled", "interrupted"]
ENDED = ("done", "failed", "cancelled", "interrupted")


class Reading(Typed):
    """How an upload is read. Files are names within the job's own folder."""

    data: str
    items: str | None = None
    user: str | None = None  # columns; None: recognised
    item: str | None = None
    value: str | None = None
    timestamp: str | None = None
    threshold: float | None = None  # a row counts from this rating on; None: every row
    min_user: int = 1  # fewest items of a person
    min_item: int = 1  # fewest people of an item
    split: str = SPLIT

    def arguments(self, folder: Path) -> list[str]:
        """The same for `python -m training`; with "=", so that no value is taken for an option."""
        named = {"user": self.user, "item": self.item, "value": self.value, "timestamp": self.timestamp}
        named |= {"items": self.items and str(folder / self.items), "threshold": self.threshold}  # type: ignore[dict-item]
        given = [f"--{name}={value}" for name, value in named.items() if value is not None]
        activity = [f"--min-user={self.min_user}", f"--min-item={self.min_item}"]
        return [f"--data={folder / self.data}", *given, *activity, f"--split={self.split}"]


class Request(Typed):
    """What is to be trained, on what, and how it will be called."""

    name: str
    models: list[str]
    titles: dict[str, str] = Field(default_factory=dict)  # of these models, as people know them
    reading: Reading

    def arguments(self, folder: Path, out: Path, progress: Path) -> list[str]:
        told = [f"--out={out}", f"--name={self.name}", f"--progress={progress}"]
        return [*self.models, *self.reading.arguments(folder), *told]


class State(Typed):
    """How a job stands."""

    stage: Stage
    sentence: str | None = None  # why it ended, where that is not plain
    place: int = 0  # in the queue: 1 is next
    started: float | None = None  # seconds since 1970
    ended: float | None = None
    models: tuple[str, ...] = ()  # whole models that came out

    @property
    def is_over(self) -> bool:
        return self.stage in ENDED


def check_name(name: str, taken: list[str]) -> str:
    """The name of a new data set; a `DataError` where it cannot be one, or is taken."""
    name = " ".join(name.split())
    if not NAME.fullmatch(name):
        raise DataError("Give the data set a plain name: letters, digits, spaces, - and _, at most 60 of them.")
    if name.casefold() in {other.casefold() for other in taken}:
        raise DataError(f"There is a data set {name} already. Choose another name.")
    return name
