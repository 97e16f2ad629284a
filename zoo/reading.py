"""Uploads: a stranger's bytes go to a process of their own (zoo/decoding.py), and typed tables come back.

Nothing of an upload is decoded here, and nothing of it is written to disk.
"""

import io
from dataclasses import dataclass

import numpy as np
import polars as pl

from zoo import limited
from zoo.catalogue import Catalogue
from zoo.content import PICTURE
from zoo.dataset import Dataset
from zoo.decoding import FOUND, PLACED, ROWS, Meant
from zoo.errors import DataError, ZooError
from zoo.exports import Reading, Reason
from zoo.history import Histories, put_together
from zoo.history_rows import Read
from zoo.limited_wire import error_of
from zoo.outside import OutsideLists, Placed, lists_of
from zoo.settings import Settings


@dataclass(frozen=True)
class Bounds:
    """How much an upload may ask of this machine."""

    bytes: int = 50 * 2**20  # of the file, and of what it unpacks to
    rows: int = 2_000_000
    people: int = 20_000
    seconds: float = 30
    memory: int = 2**30  # bytes of the process that reads it

    @classmethod
    def of(cls, settings: Settings) -> "Bounds":
        return cls(
            settings.upload_bytes,
            settings.upload_rows,
            settings.batch_users,
            settings.decode_seconds,
            settings.decode_bytes,
        )


@dataclass(frozen=True)
class Opened:
    """What a file of choices is, and what was found in it: histories, or why there are none."""

    columns: list[str]
    stars: float | None  # from which rating on its rows read as likes, where nobody said it
    meant: Meant  # by which it was read
    histories: Histories | None
    refusal: ZooError | None = None


def read_history(
    content: bytes, name: str, dataset: Dataset, bounds: Bounds, meant: Meant | None = None, rule: float | None = None
) -> Opened:
    """Read a file of choices over the catalogue of a data set.

    Parameters
    ----------
    meant : None: its columns are recognised, and its ratings count by `rule` (the threshold of the data set), or as
        stars where there is no rule
    """
    task = f"Reading {name}"
    facts = {
        "name": name,
        "items": str((dataset.path / "items.parquet").resolve()),
        "meant": None if meant is None else meant.told(),
        "rule": rule,
        "limits": [bounds.bytes, bounds.rows],
        "people": bounds.people,
    }
    answer = limited.run(
        "zoo.decoding:history", facts, {"file": content}, seconds=bounds.seconds, bytes=bounds.memory, task=task
    )
    found = answer.facts
    columns, stars, meant = found["columns"], found["stars"], Meant.of(found["meant"])
    if found["refusal"] is not None:
        return Opened(columns, stars, meant, None, error_of(found["refusal"]))
    try:
        histories = put_together(_read_of(answer, dataset.catalogue, name), dataset.catalogue)
    except DataError as error:
        return Opened(columns, stars, meant, None, error)
    return Opened(columns, stars, meant, histories)


def read_outside_lists(content: bytes, name: str, dataset: Dataset, bounds: Bounds) -> OutsideLists:
    """`zoo.outside.read_lists` of an upload."""
    facts = {"name": name, "limits": [bounds.bytes, bounds.rows]}
    answer = limited.run(
        "zoo.decoding:lists",
        facts,
        {"file": content},
        seconds=bounds.seconds,
        bytes=bounds.memory,
        task=f"Reading {name}",
    )
    rows = Placed(_table(answer.parts["rows"], PLACED, name), bool(answer.facts["by_rank"]), answer.facts["notes"])
    return lists_of(rows, dataset, name)


def read_picture(content: bytes, name: str, bounds: Bounds) -> np.ndarray:
    """`zoo.pictures.uploaded`: uint8 [96, 64, 3]."""
    if len(content) > bounds.bytes:
        raise DataError(f"{name} has {len(content):,} bytes; the limit here is {bounds.bytes:,}. Take a smaller one.")
    answer = limited.run(
        "zoo.decoding:picture",
        {"name": name},
        {"file": content},
        seconds=bounds.seconds,
        bytes=bounds.memory,
        task=f"Reading {name}",
        instead="Take a smaller picture.",
    )
    return np.frombuffer(answer.parts["pixels"], dtype=np.uint8).reshape(PICTURE)


def _read_of(answer: limited.Answer, catalogue: Catalogue, name: str) -> Read:
    """What the process read; every number in it is looked at before it is used as a place in a table of ours."""
    told, parts = answer.facts["read"], answer.parts
    rows, found = _table(parts["rows"], ROWS, name), _table(parts["found"], FOUND, name)
    user_ids = _frame(parts["users"]).to_series().to_list() if told["by_user"] else [None]
    reasons = [Reason(words, verdict, is_told) for words, verdict, is_told in told["reasons"]]
    for places, n in (
        (rows["thing"], found.height),
        (rows["user"], len(user_ids)),
        (rows["reason"], len(reasons)),
        (found["item_idx"] + 1, len(catalogue) + 1),
    ):
        if len(known := places.drop_nulls()) and not known.is_between(0, n - 1).all():
            raise _odd(name)
    reading = Reading(told["service"], {}, reasons, by_user=told["by_user"])
    return Read(rows, found, user_ids, reading, tuple(told["notes"]), name)


def _table(content: bytes, schema: pl.Schema, name: str) -> pl.DataFrame:
    table = _frame(content)
    if table.schema != schema:
        raise _odd(name)
    return table


def _frame(content: bytes) -> pl.DataFrame:
    return pl.read_ipc(io.BytesIO(content))


def _odd(name: str) -> DataError:
    return DataError(f"{name} could not be read. Save it anew, and try again.")
