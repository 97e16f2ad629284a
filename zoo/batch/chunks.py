"""The second reading of a file: rows -> chunks on disk that hold everything of some people, whatever its order.

An external sort by distribution: the limits of the chunks are quantiles of the user ids, so that each chunk can be held
at once, and chunk after chunk is in the order of the ids. A file that is sorted already costs no more than another.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import polars as pl

from zoo.batch.progress import Progress
from zoo.batch.source import THING, Source, user_ids
from zoo.batch.survey import Survey
from zoo.errors import DataError
from zoo.manifest import put
from zoo.report import Ledger, Report
from zoo.rows import NO_ITEM, NO_RATING, NO_USER

UNKNOWN, BELOW, REPEATED = "of items that are unknown here", "below the threshold", "repeated"
NOBODYS = -1  # in place of an item: the row only says who there is


def as_seen(item_idx: Any) -> Any:
    """In place of an item that was rated below the threshold: no like, but to be kept out of the list. Its own inverse.

    >>> as_seen(0), as_seen(7), as_seen(as_seen(7))
    (-2, -9, 7)
    """
    return -2 - item_idx


@dataclass(frozen=True)
class Sorted:
    """What was written, and what became of the rows of the file."""

    integers: bool  # whether user ids are Int64, else String
    rows: list[int]  # rows of the file that belong to each chunk
    written: list[int]  # rows that lie in it
    rows_read: int
    dropped: dict[str, int]
    examples: dict[str, list[str]]
    notes: list[str]
    columns: dict[str, str]

    def report(self, kept: int, repeated: int) -> Report:
        """kept : distinct pairs in all chunks; repeated : rows with one of them once more"""
        dropped = self.dropped | ({REPEATED: repeated} if repeated else {})
        return Report(self.rows_read, kept, dropped, self.examples, self.notes, self.columns)

    @classmethod
    def load(cls, path: Path) -> "Sorted":
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def save(self, path: Path) -> None:
        write_json(path, asdict(self))


def write_json(path: Path, content: Any) -> None:
    new = path.with_name(path.name + ".new")
    new.write_text(json.dumps(content, indent=2), encoding="utf-8")
    put(new, path)


def sort_by_user(source: Source, seen: Survey, folder: Path, progress: Progress) -> Sorted:
    """Write chunks of user and item_idx into an empty folder; for item_idx below 0 see `NOBODYS` and `as_seen`."""
    rows, written = [0] * seen.n_chunks, [0] * seen.n_chunks
    ledger = Ledger(0, pl.Series(), pl.Series())
    for block in source.blocks():
        users = user_ids(block["user"], seen.integers)
        telling = _telling(block, users, seen, ledger)
        ledger.rows_read += block.height
        progress.show(ledger.rows_read)
        for chunk, count in _chunks_of(users.drop_nulls(), seen).value_counts().iter_rows():
            rows[chunk] += count
        telling = telling.with_columns(_chunks_of(telling["user"], seen))
        for (chunk,), part in telling.partition_by("chunk", as_dict=True, include_key=False).items():
            written[chunk] += part.height
            with chunk_file(folder, chunk).open("ab") as file:  # one stream behind another
                part.write_ipc_stream(file, compression="lz4", compat_level=pl.CompatLevel.oldest())
    found = (ledger.rows_read, ledger.dropped, ledger.examples)
    return Sorted(seen.integers, rows, written, *found, seen.notes, source.columns)


def read_chunk(folder: Path, chunk: int, there: Sorted) -> pl.DataFrame:
    """user, item_idx: everything of the people of one chunk, in no order.

    Raises
    ------
    DataError when it is not as it was written
    """
    from pyarrow import ArrowException, OSFile, ipc  # a third of a second to import

    path = chunk_file(folder, chunk)
    parts = [pl.DataFrame(schema={"user": pl.Int64 if there.integers else pl.String, "item_idx": pl.Int32})]
    try:
        if there.written[chunk]:
            with OSFile(str(path)) as file:
                while file.tell() < file.size():
                    parts.append(cast(pl.DataFrame, pl.from_arrow(ipc.open_stream(file).read_all())))
    except (OSError, ArrowException):
        parts = parts[:1]
    rows = pl.concat(parts)
    if rows.height != there.written[chunk]:
        raise DataError(f"{path} is not as it was written. Remove {folder}, and start again.")
    return rows


def chunk_file(folder: Path, chunk: int) -> Path:
    return folder / f"rows-{chunk:05}.arrows"


def _chunks_of(users: pl.Series, seen: Survey) -> pl.Series:
    return pl.Series("chunk", seen.limits.search_sorted(users, side="right"))


def _telling(block: pl.DataFrame, users: pl.Series, seen: Survey, ledger: Ledger) -> pl.DataFrame:
    """user, item_idx of what a block says: likes, and what was seen; `NOBODYS` for people of whom it says nothing."""
    found = block.join(seen.things, on=THING, how="left", nulls_equal=True, maintain_order="left")
    ledger.user_ids, ledger.item_ids = users, found["said"]
    place = pl.int_range(pl.len(), dtype=pl.UInt32)  # the code of either within this block
    frame = found.select(
        "value",
        "item_idx",
        row=pl.int_range(pl.len(), dtype=pl.Int64) + ledger.rows_read,
        user=pl.when(users.is_not_null()).then(place),
        item=pl.when(pl.col("said").is_not_null()).then(place),
    )
    frame = ledger.drop(frame, frame["user"].is_null(), NO_USER)
    frame = ledger.drop(frame, frame["item"].is_null(), NO_ITEM)
    if seen.threshold is not None:
        frame = ledger.drop(frame, frame["value"].is_null(), NO_RATING)
        low = frame["value"] < seen.threshold
        rated_low = frame.filter(low, pl.col("item_idx") >= 0).with_columns(item_idx=as_seen(pl.col("item_idx")))
        frame = ledger.drop(frame, low, BELOW)
    else:
        rated_low = frame.clear()
    frame = pl.concat([ledger.drop(frame, frame["item_idx"] < 0, UNKNOWN), rated_low])
    telling = pl.DataFrame({"user": users.gather(frame["user"]), "item_idx": frame["item_idx"]})
    people = users.drop_nulls()
    if telling.height == len(people):
        return telling
    others = people.unique().to_frame("user").join(telling, on="user", how="anti")
    return pl.concat([telling, others.with_columns(item_idx=pl.lit(NOBODYS, pl.Int32))])
