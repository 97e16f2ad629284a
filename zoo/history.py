"""Somebody's file over an existing catalogue: items found by id, or by title and year, with a report to review.

Two steps, so that a wrong match can be mended without the file: `find_in` (zoo/history_rows.py) reads the rows and
finds each thing that they name; `put_together` and `corrected` make the histories, `corrected` where somebody said what
the rows mean.
"""

from collections.abc import Mapping as Corrections
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from zoo.catalogue import Catalogue
from zoo.columns import RECOGNISE, Mapping
from zoo.errors import DataError
from zoo.exports import ASIDE, DISLIKE, LIKE, SEEN, open_export
from zoo.files import NO_LIMITS, Limits
from zoo.history_rows import Read, find_in
from zoo.match_report import MatchReport
from zoo.text import visible

EXAMPLES = 5
LETTERS = 80  # of an example
WORDS = {LIKE: "like", DISLIKE: "dislike", SEEN: "seen"}
MATCHES = ["given", "item_idx", "title", "how", "score", "rows", "says"]
MOST_MENDED = 100_000  # rows that are kept for corrections by hand


@dataclass(frozen=True)
class Histories:
    """B users of a file, also those of whom nothing matched; without a user column it is one user with the id None."""

    user_ids: list[str | int | None]  # [B] sorted
    X: csr_array  # likes, float32 [B, I], 1.0 per item
    dislikes: csr_array  # the same
    seen: csr_array  # the same: known to the user, who says nothing of them
    report: MatchReport
    read: Read | None = field(default=None, repr=False)  # None: too long to be mended by hand


def read_histories(
    source: Path | bytes,
    name: str,
    catalogue: Catalogue,
    *,
    mapping: Mapping = RECOGNISE,
    threshold: float | None = None,
    like_from: float | None = None,
    dislike_below: float | None = None,
    limits: Limits = NO_LIMITS,
) -> Histories:
    """Read a file of likes, or the export of a service, and find its items in the catalogue.

    Parameters
    ----------
    source : CSV, TSV, JSON lines or Parquet, or one of them in a gzip or zip file; an item column or a title column
        (with or without a year), perhaps a user column and a rating. Or an export: its service is recognised by its
        columns, unless columns are named
    name : what the person calls the file
    mapping : columns by name; those not named are recognised
    threshold : rows with a lower rating are no likes: their items were seen; None, or a file without ratings = every
        row is one. Not for exports
    like_from, dislike_below : for exports, on the service's scale; None = as usual for the service

    Raises
    ------
    DataError when the file cannot be read or understood, and when nothing that is liked in it is in the catalogue
    """
    table = open_export(source, name, limits)
    read = find_in(
        table, catalogue, mapping=mapping, threshold=threshold, like_from=like_from, dislike_below=dislike_below
    )
    return put_together(read, catalogue)


def put_together(read: Read, catalogue: Catalogue) -> Histories:
    """The histories of what was read; a `DataError` when nothing of it, or nothing liked, is in the catalogue."""
    histories = _put_together(read, catalogue)
    report = histories.report
    if report.matched == 0 or report.matched == report.below_threshold:
        raise DataError(f"{read.name}: {report.sentence()} {_remedy(report, catalogue)}")
    if read.rows.height <= MOST_MENDED:
        return histories
    return replace(histories, report=replace(report, matches=report.matches.head(MOST_MENDED)), read=None)


def corrected(histories: Histories, corrections: Corrections[str, int], catalogue: Catalogue) -> Histories:
    """The same file where some of what it names means another item.

    corrections : what the file says, as `matches` has it under "given" -> the column of the item; -1 leaves it out
    """
    if histories.read is None:
        raise DataError(f"Files of more than {MOST_MENDED:,} rows cannot be mended by hand. Mend the file.")
    return _put_together(histories.read, catalogue, corrections)


def _put_together(read: Read, catalogue: Catalogue, corrections: Corrections[str, int] | None = None) -> Histories:
    things = _with_corrections(read.found, corrections or {}, catalogue)
    reasons = read.reading.reasons
    verdicts = pl.Series([one.verdict for one in reasons], dtype=pl.Int8)
    rows = read.rows.with_columns(
        verdict=verdicts.gather(read.rows["reason"]),
        item_idx=things["item_idx"].gather(read.rows["thing"]),
        how=things["how"].gather(read.rows["thing"]),
    )
    said = rows.filter(pl.col("verdict") != ASIDE)
    matched = said.filter(pl.col("item_idx") >= 0, pl.col("user").is_not_null())
    if not read.reading.service:  # of several rows on one item the best decides
        matched = matched.sort("verdict", maintain_order=True)
    entries = matched.unique(["user", "item_idx"], keep="last", maintain_order=True).sort("user", "item_idx")
    shape = (len(read.user_ids), len(catalogue))
    likes, dislikes, seen = (
        _matrix(entries.filter(pl.col("verdict") == verdict), shape) for verdict in (LIKE, DISLIKE, SEEN)
    )
    verdict = pl.col("verdict").last() if read.reading.service else pl.col("verdict").max()
    says = said.group_by("thing").agg(says=verdict.replace_strict(WORDS, return_dtype=pl.String))
    things = things.with_row_index("thing").join(says, on="thing", how="left", maintain_order="left")
    report = _report(read, rows, said, matched, things, repeated=matched.height - entries.height)
    return Histories(read.user_ids, likes, dislikes, seen, report, read)


def _with_corrections(found: pl.DataFrame, corrections: Corrections[str, int], catalogue: Catalogue) -> pl.DataFrame:
    """`found` with the titles of the catalogue, as somebody mended it."""
    if corrections:
        meant = pl.DataFrame({"given": list(corrections), "meant": list(corrections.values())})
        found = found.join(meant.cast({"meant": pl.Int64}), on="given", how="left", maintain_order="left")
        mended = pl.col("meant").is_not_null()
        by_hand = pl.when(pl.col("meant") >= 0).then(pl.lit("hand")).otherwise(pl.lit("left out"))
        found = found.with_columns(
            item_idx=pl.coalesce("meant", "item_idx"),
            how=pl.when(mended).then(by_hand).otherwise("how"),
            score=pl.when(mended).then(100.0 * (pl.col("meant") >= 0)).otherwise("score"),
        ).drop("meant")
    idx = found["item_idx"]
    return found.with_columns(found=catalogue.items["title"].gather(idx.set(idx < 0, None)))


def _matrix(entries: pl.DataFrame, shape: tuple[int, int]) -> csr_array:
    ones = np.ones(entries.height, dtype=np.float32)
    return csr_array((ones, (entries["user"].to_numpy(), entries["item_idx"].to_numpy())), shape)


def _report(
    read: Read, rows: pl.DataFrame, said: pl.DataFrame, matched: pl.DataFrame, things: pl.DataFrame, repeated: int
) -> MatchReport:
    reasons = read.reading.reasons
    counts = np.bincount(rows["reason"].to_numpy(), minlength=len(reasons)).tolist()
    ways = dict(matched["how"].value_counts().iter_rows())
    left_out = said.filter(pl.col("how") == "left out").height
    aside, service = rows.height - said.height, read.reading.service
    unknown = things.filter(pl.col("how") == "unknown").sort("rows", descending=True, maintain_order=True)
    nobody = ["(a row without a user)"] if said["user"].has_nulls() else []
    return MatchReport(
        rows=rows.height,
        matched=matched.height,
        unknown=said.height - matched.height - left_out,
        repeated=repeated,
        below_threshold=0 if service else matched.filter(pl.col("verdict") == SEEN).height,
        by_id=ways.get("id", 0),
        by_title=ways.get("title", 0),
        unknown_examples=(nobody + [visible(one[:LETTERS]) for one in unknown["given"].head(EXAMPLES)])[:EXAMPLES],
        matches=things.select("given", "item_idx", "how", "score", "rows", "says", title="found").select(MATCHES),
        left_aside=left_out + aside,
        by_hand=ways.get("hand", 0),
        service=service,
        reasons=tuple(zip(reasons, counts, strict=True)) if service else (),
        notes=read.notes,
    )


def _remedy(report: MatchReport, catalogue: Catalogue) -> str:
    if report.below_threshold:
        return "Lower the threshold."
    if report.left_aside == report.rows:
        return "Nothing in it says what somebody likes. Bring what was watched, read or rated."
    if catalogue.has_titles and all(example.isdecimal() for example in report.unknown_examples):
        return (
            f"It names items by numbers that mean nothing here, such as {', '.join(report.unknown_examples)}. Bring "
            "their titles too: with MovieLens' ratings.csv, join movies.csv by movieId."
        )
    return f"Bring ids or titles of this catalogue, not such as {', '.join(report.unknown_examples)}."
