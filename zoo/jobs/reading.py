"""An upload looked at before anything is trained: what would be kept of it, and why not the rest."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.catalogue import Catalogue
from zoo.columns import Mapping
from zoo.errors import DataError
from zoo.files import Limits, open_table
from zoo.history_rows import star_rule
from zoo.interactions import Rules, read_interactions
from zoo.jobs.asked import Reading
from zoo.jobs.job import Job
from zoo.limited import run
from zoo.limited_wire import Facts, Parts
from zoo.settings import Settings
from zoo.split import split

INSTEAD = "Bring a smaller file, or one with fewer columns."


@dataclass(frozen=True)
class Look:
    """What training would read."""

    reading: Reading  # as asked, with the threshold that the file suggests where none was asked for
    columns: list[str]  # of the file
    found: dict[str, str]  # role -> column
    sentence: str  # rows read, kept and dropped
    dropped: dict[str, int]  # reason -> rows
    examples: dict[str, list[str]]
    notes: list[str]
    users: int
    items: int
    choices: int
    test_users: int
    has_times: bool
    titled: bool  # whether any item has a title that says more than its id
    stars: bool  # whether the threshold was suggested by the file's own ratings


def columns(job: Job, reading: Reading, settings: Settings) -> list[str]:
    """The columns of the upload, decoded in a confined process; a `DataError` where it is no table."""
    return list(_asked("columns", job, reading, settings, {})["columns"])


def look(job: Job, reading: Reading, settings: Settings, suggest: bool) -> Look:
    """Read the upload as training would, in a confined process.

    suggest : take the threshold that the ratings suggest, where they look like stars

    Raises
    ------
    DataError for what cannot be read or trained on, or is over a limit; its sentence calls the file by its name
    """
    told = _asked("look", job, reading, settings, {"suggest": suggest})
    return Look(**told | {"reading": Reading.model_validate(told["reading"])})


def _asked(what: str, job: Job, reading: Reading, settings: Settings, more: Facts) -> Facts:
    limits = {"bytes": settings.upload_bytes, "rows": settings.upload_rows, "items": settings.catalogue_items}
    facts = {"what": what, "folder": str(job.folder), "reading": reading.model_dump(), "limits": limits} | more
    task = f"Reading {Path(reading.data).name}"
    bounds = {"seconds": settings.decode_seconds, "bytes": settings.decode_bytes}
    return run("zoo.jobs.reading:work", facts, task=task, instead=INSTEAD, **bounds).facts  # type: ignore[arg-type]


def work(facts: Facts, parts: dict[str, bytes]) -> tuple[Facts, Parts]:
    """What the confined process does."""
    reading, folder = Reading.model_validate(facts["reading"]), Path(facts["folder"])
    limits = Limits(facts["limits"]["bytes"], facts["limits"]["rows"])
    if facts["what"] == "columns":
        return {"columns": open_table(folder / reading.data, limits=limits).columns}, {}
    return looked(folder, reading, limits, int(facts["limits"]["items"]), bool(facts["suggest"])), {}


def looked(folder: Path, reading: Reading, limits: Limits, most_items: int, suggest: bool) -> dict[str, Any]:
    """The facts of a `Look`, as JSON can say them."""
    path = folder / reading.data
    mapping = Mapping(user=reading.user, item=reading.item, value=reading.value, timestamp=reading.timestamp)
    stars = star_rule(path, path.name, mapping, limits) if suggest else None
    if stars is not None:
        reading = reading.model_copy(update={"threshold": stars})
    rules = Rules(reading.threshold, reading.min_user, reading.min_item)
    read = read_interactions(path, mapping, rules, limits=limits)
    n_users, n_items = read.X.shape
    if n_items > most_items:
        raise DataError(
            f"{path.name} has {n_items:,} items; the limit here is {most_items:,}. Leave rare items out: raise "
            "“Fewest people per item”."
        )
    parts = split(read.X, reading.split, last_time=read.last_time, part=read.part)
    chosen = np.bincount(parts.train.indices, minlength=n_items)
    table = open_table(folder / reading.items, limits=limits) if reading.items else None
    catalogue = Catalogue.build(read.item_ids, None if table is None else table.collect("*"), chosen)
    return {
        "reading": reading.model_dump(),
        "columns": open_table(path, limits=limits).columns,
        "found": read.report.columns,
        "sentence": read.report.sentence(),
        "dropped": read.report.dropped,
        "examples": read.report.examples,
        "notes": read.report.notes,
        "users": n_users,
        "items": n_items,
        "choices": int(read.X.nnz),
        "test_users": len(parts.test),
        "has_times": read.last_time is not None,
        "titled": catalogue.has_titles,
        "stars": stars is not None,
    }
