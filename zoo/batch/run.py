"""Lists for everybody in a file, chunk after chunk of people, each asked of the model a few at a time."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from zoo.batch.chunks import NOBODYS, UNKNOWN, Sorted, as_seen, read_chunk, sort_by_user, write_json
from zoo.batch.parts import SORTED, Job, Part, begin, held
from zoo.batch.progress import Progress
from zoo.batch.source import open_source
from zoo.batch.survey import survey
from zoo.columns import RECOGNISE, Mapping
from zoo.dataset import Dataset
from zoo.errors import ModelError, ZooError
from zoo.files import check_source
from zoo.manifest import put, sha256
from zoo.recommend import Taste, why_not
from zoo.report import Report
from zoo.rows import NO_ITEM, NO_RATING, NO_USER
from zoo.runtime import Model

FORMAT = 2  # of the folder of parts
ROWS_PER_CHUNK = 2**20  # of the file, on average; so much is done again after a stop, at most
PEOPLE_AT_ONCE = 4096  # whom a model is asked for; zoo/runtime.py splits them as its memory allows
PLACES_AT_ONCE = 2**20  # of their lists: fewer people where these are long
ROWS_PER_GROUP = 2**16  # of the lists, written together


def recommend_for_all(
    source: Path,
    out: Path,
    model: Model,
    dataset: Dataset,
    *,
    mapping: Mapping = RECOGNISE,
    like_from: float | None = None,
    k: int = 20,
    say: Callable[[str], None] = print,
    rows_per_chunk: int = ROWS_PER_CHUNK,
) -> Report:
    """Lists for everybody in a file, as `zoo.recommend.recommend` makes them: Parquet of user, rank, item_id, score.

    Parameters
    ----------
    source : Parquet or CSV (also with gzip), user and item, perhaps value; in any order. Or lists of items per user
    out : written in the order of the user ids: Int64 where all of them are integers, else text
    like_from : rows rated lower are no likes: their items are kept out of the lists; None: the rule of the data set,
        else what the ratings look like
    say : takes the sentences about what was found
    rows_per_chunk : rows of the file that are held at once, and done again where a run was stopped

    Returns
    -------
    what became of the rows: rows_kept are distinct pairs

    Raises
    ------
    DataError when the file cannot be read, or names nothing that is known here
    ModelError if the model serves no new profiles, or k is below 1
    ZooError when another process writes the same lists, or what lies at OUT.parts is not ours
    """
    if reason := why_not(model.card, Taste()):
        raise ModelError(reason)
    if k < 1:
        raise ModelError(f"A list of {k} items was asked for; ask for 1 or more.")
    check_source(source, source.name)
    threshold = dataset.info.threshold if like_from is None else like_from
    asked = {
        "format": FORMAT,
        "input": sha256(source),
        "model": model.checksum,
        "items": dataset.info.items,
        "provider": model.provider,
        "like_from": threshold,
        "k": k,
        "columns": asdict(mapping),
        "rows_per_chunk": rows_per_chunk,
    }
    key = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    with held(out.with_name(out.name + ".parts")) as folder:
        job = Job(model, dataset, k, folder, key)
        begin(folder, asked, say)
        try:
            there = _sorted(job, source, mapping, threshold, rows_per_chunk)
        except ZooError:  # nothing in there would help another run
            shutil.rmtree(folder)
            raise
        parts, speed = _every_part(job, there, say)
        _put_together(job, there, out)
        shutil.rmtree(folder)
    return _told(there, parts, f"{out} ({model.provider}{speed})", say)


def _sorted(job: Job, source: Path, mapping: Mapping, like_from: float | None, rows_per_chunk: int) -> Sorted:
    """The chunks, from an earlier run where they are there."""
    if (job.folder / SORTED).exists():
        return Sorted.load(job.folder / SORTED)
    for path in job.folder.glob("rows-*"):
        path.unlink()
    opened = open_source(source, mapping, job.folder)
    with Progress("Reading").shown() as progress:
        seen = survey(opened, job.dataset.catalogue, like_from, rows_per_chunk, progress)
    with Progress("Sorting by user", seen.rows).shown() as progress:
        there = sort_by_user(opened, seen, job.folder, progress)
    there.save(job.folder / SORTED)
    (job.folder / "unpacked").unlink(missing_ok=True)
    return there


def _every_part(job: Job, there: Sorted, say: Callable[[str], None]) -> tuple[list[Part], str]:
    """What each part holds, and how fast those of this run were made."""
    parts = [job.finished(chunk) for chunk in range(len(there.rows))]
    if before := [part for part in parts if part]:
        say(f"It goes on: {sum(part.users for part in before):,} people had their lists already.")
    rows = sum(of for of, part in zip(there.rows, parts, strict=True) if part)
    users, start = 0, time.monotonic()
    try:
        with Progress("Recommending", there.rows_read, done=rows).shown() as progress:
            for chunk, part in enumerate(parts):
                if part is None:
                    parts[chunk] = made = _part(job, there, chunk, progress)
                    progress.add(there.rows[chunk], made.users)
                    users += made.users
    except KeyboardInterrupt:
        say(f"Stopped. The same call goes on where it was; to give it up, remove {job.folder}.")
        raise
    speed = f", {users / (time.monotonic() - start):,.0f} users/s" if users else ""
    return [part for part in parts if part], speed


def _part(job: Job, there: Sorted, chunk: int, progress: Progress) -> Part:
    """Makes the lists of one chunk."""
    from pyarrow.parquet import ParquetWriter

    people, X, n_liked = _histories(read_chunk(job.folder, chunk, there), len(job.dataset.catalogue))
    path = job.lists(chunk)
    new = path.with_suffix(".new")
    with ParquetWriter(new, _schema(job, there), compression="zstd") as writer:
        waiting: list[pl.DataFrame] = []
        size = max(1, min(PEOPLE_AT_ONCE, PLACES_AT_ONCE // job.k))
        for start in range(0, len(people), size):
            done = min(start + size, len(people))
            waiting.append(_lists(job, people[start:done], X[start:done]))
            progress.show(there.rows[chunk] * done // len(people), done)
            if done == len(people) or sum(part.height for part in waiting) >= ROWS_PER_GROUP:
                writer.write_table(pl.concat(waiting).to_arrow(compat_level=pl.CompatLevel.oldest()))
                waiting = []
    put(new, path)
    n_pairs = int(np.count_nonzero(X.data))
    strangers = int((X.sum(axis=1) == 0).sum())
    part = Part(job.key, path.stat().st_size, len(people), strangers, n_pairs, n_liked - n_pairs)
    write_json(path.with_suffix(".json"), asdict(part))
    return part


def _histories(rows: pl.DataFrame, n_items: int) -> tuple[pl.Series, csr_array, int]:
    """User ids [B], sorted; their likes, float32 [B, I], 1.0 per item, and 0.0 for what was only seen; how many rows
    the likes come from.
    """
    people = rows["user"].unique().sort()
    places = pl.int_range(len(people), dtype=pl.Int64, eager=True)
    user_idx = rows["user"].replace_strict(people, places, return_dtype=pl.Int64).to_numpy()
    item_idx = rows["item_idx"].to_numpy()
    told, liked = item_idx != NOBODYS, item_idx >= 0
    pairs = user_idx[told] * n_items + np.where(liked, item_idx, as_seen(item_idx))[told]
    keys = np.sort(2 * pairs + liked[told])  # of several rows of one pair the last is a like, if any is
    keys = keys[np.diff(keys >> 1, append=-1) != 0]  # np.unique hashes them first: fifty times as slow
    pairs, weights = keys >> 1, (keys & 1).astype(np.float32)
    indptr = np.searchsorted(pairs, np.arange(len(people) + 1) * n_items)
    return people, csr_array((weights, pairs % n_items, indptr), (len(people), n_items)), int(liked.sum())


def _lists(job: Job, people: pl.Series, X: csr_array) -> pl.DataFrame:
    """What `recommend` gives tastes without dislikes; X : float32 [B, I], as of `_histories`"""
    answer = job.model.run(X, k=job.k)
    rows, places = np.nonzero(answer["ranked"] >= 0)
    return pl.DataFrame(
        {
            "user": people.gather(rows),
            "rank": pl.Series(places + 1, dtype=pl.Int64),
            "item_id": job.dataset.catalogue.items["item_id"].gather(answer["ranked"][rows, places]),
            "score": pl.Series(answer["scores"][rows, places], dtype=pl.Float32),
        }
    )


def _schema(job: Job, there: Sorted) -> Any:
    user = pl.Int64() if there.integers else pl.String()
    item_id = job.dataset.catalogue.items.schema["item_id"]
    empty = pl.DataFrame(schema={"user": user, "rank": pl.Int64, "item_id": item_id, "score": pl.Float32})
    return empty.to_arrow(compat_level=pl.CompatLevel.oldest()).schema


def _put_together(job: Job, there: Sorted, out: Path) -> None:
    from pyarrow.parquet import ParquetFile, ParquetWriter

    new = job.folder / "lists.new"
    with (
        ParquetWriter(new, _schema(job, there), compression="zstd") as writer,
        Progress("Putting together", there.rows_read).shown() as progress,
    ):
        for chunk in range(len(there.rows)):
            with ParquetFile(job.lists(chunk)) as part:
                for group in range(part.num_row_groups):
                    writer.write_table(part.read_row_group(group))
            progress.show(sum(there.rows[: chunk + 1]))
    put(new, out)


def _told(there: Sorted, parts: list[Part], where: str, say: Callable[[str], None]) -> Report:
    users, strangers = sum(part.users for part in parts), sum(part.strangers for part in parts)
    report = there.report(sum(part.kept for part in parts), sum(part.repeated for part in parts))
    say(f"{users:,} lists written to {where}.")
    for sentence in (report.sentence(), *report.notes):
        say(sentence)
    for reason in (NO_USER, NO_ITEM, NO_RATING, UNKNOWN):
        if examples := report.examples.get(reason):
            say(f"Rows {reason}, such as {'; '.join(examples)}.")
    if strangers:
        say(f"Of {strangers:,} of {users:,} people nothing is known here: they get what the model gives anybody.")
    return report
