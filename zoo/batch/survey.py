"""The first reading of a file: which items it names, what its user ids are, and where to cut it into chunks.

What is held is a block of rows, a sample of the user ids, and the distinct items: it does not grow with people.
"""

from dataclasses import dataclass
from typing import cast

import polars as pl

from zoo.batch.progress import Progress
from zoo.batch.source import THING, Source, all_integers, user_ids
from zoo.catalogue import Catalogue
from zoo.errors import DataError
from zoo.history_rows import NO_RATINGS, like_from_stars
from zoo.ids import id_text
from zoo.matching import find_items
from zoo.titles import year_number

SAMPLE = 2**16  # user ids that decide where to cut; up to twice as many are held
MANY_THINGS = 2**18  # distinct items of some blocks that are gathered before they become one table
EXAMPLES = 5
LETTERS = 80  # of an example
STARS = "Its ratings look like stars: rows rated {:g} or more are likes; --like-from says otherwise."


@dataclass(frozen=True)
class Survey:
    """What the first reading saw."""

    rows: int
    integers: bool  # whether every user id is an integer
    limits: pl.Series  # ascending user ids: chunk c holds those from limits[c - 1] on, and below limits[c]
    things: pl.DataFrame  # THING as in the file, item_idx Int32 (-1 unknown), said: its name in words, null: blank
    threshold: float | None  # rows with a lower rating are no likes
    notes: list[str]

    @property
    def n_chunks(self) -> int:
        return len(self.limits) + 1


def survey(
    source: Source, catalogue: Catalogue, threshold: float | None, rows_per_chunk: int, progress: Progress
) -> Survey:
    """Read all of the file once. threshold : None: what the scale of the ratings seems to say

    Raises
    ------
    DataError when the file cannot be read, has no rows, or names no item of the catalogue
    """
    things, sample = _Things(), _Sample()
    for block in source.blocks():
        things.add(block)
        sample.add(block["user"])
        progress.show(sample.rows)
    name, notes = source.table.name, list(source.table.notes)
    if not sample.rows:
        raise DataError(f"{name} has no rows. Bring a file with a header and at least one row.")
    rated = source.columns.get("value")
    if rated is None:
        notes += [] if threshold is None else [NO_RATINGS]
        threshold = None
    elif threshold is None and (threshold := like_from_stars(rated, things.highest())) is not None:
        notes.append(STARS.format(threshold))
    found = _found(things.all(), catalogue, threshold)
    _check_any(found, name, threshold)
    limits = sample.limits(-(-sample.rows // rows_per_chunk))
    return Survey(sample.rows, sample.integers, limits, found, threshold, notes)


class _Things:
    """The distinct items that rows name: how many rows do, and their highest rating."""

    def __init__(self) -> None:
        self._parts: list[pl.DataFrame] = []
        self._new = 0  # rows of all parts but the first

    def add(self, block: pl.DataFrame) -> None:
        self._parts.append(block.group_by(THING).agg(rows=pl.len(), highest=pl.col("value").max()))
        self._new += self._parts[-1].height
        if self._new > max(MANY_THINGS, self._parts[0].height):  # what is gathered has doubled: linear in the end
            self._gather()

    def _gather(self) -> None:
        together = pl.concat(self._parts).group_by(THING)
        self._parts = [together.agg(pl.col("rows").sum(), pl.col("highest").max())]
        self._new = 0

    def all(self) -> pl.DataFrame:
        self._gather()
        return self._parts[0].sort(THING)

    def highest(self) -> float:
        return max(cast(float, part["highest"].max() or 0.0) for part in self._parts)


class _Sample:
    """Every n-th user id, so that few are held; and of all of them, whether they are integers."""

    def __init__(self) -> None:
        self.rows = 0
        self.integers = True
        self._every = 1
        self._held: list[pl.Series] = []

    def add(self, users: pl.Series) -> None:
        self.integers = self.integers and all_integers(users)
        self._held.append(users.gather_every(self._every, -self.rows % self._every))
        self.rows += len(users)
        while sum(map(len, self._held)) > 2 * SAMPLE:
            self._held = [pl.concat(self._held).gather_every(2)]
            self._every *= 2

    def limits(self, n_chunks: int) -> pl.Series:
        users = user_ids(pl.concat(self._held), self.integers).drop_nulls().sort()
        places = [len(users) * chunk // n_chunks for chunk in range(1, n_chunks)] if len(users) else []
        return users.gather(places).unique(maintain_order=True)


def _found(things: pl.DataFrame, catalogue: Catalogue, threshold: float | None) -> pl.DataFrame:
    """`Survey.things`, with rows and liked. Only what somebody rated tells whether the ids are the catalogue's."""
    liked = rated = pl.lit(True)
    if threshold is not None:
        liked, rated = (pl.col("highest") >= threshold).fill_null(False), pl.col("highest").is_not_null()
    title = things["title"].cast(pl.String)
    spelled = things.select(
        "rows", item=id_text(things["item"]), title=title, year=year_number(things["year"]), liked=liked, rated=rated
    ).with_row_index("thing")
    found = find_items(spelled.filter("rated"), catalogue).select("thing", "item_idx")
    spelled = spelled.join(found, on="thing", how="left", maintain_order="left")
    return spelled.select(
        *(things[role] for role in THING),
        item_idx=pl.col("item_idx").fill_null(-1).cast(pl.Int32),
        said=pl.coalesce(pl.col("title").str.strip_chars().replace("", None), "item"),
        rows="rows",
        liked="liked",
    )


def _check_any(things: pl.DataFrame, name: str, threshold: float | None) -> None:
    if things.select((pl.col("liked") & (pl.col("item_idx") >= 0)).any()).item():
        return
    if not things["liked"].any():
        raise DataError(f"{name}: no row is rated {threshold:g} or more. Lower --like-from, or mend the file.")
    unknown = things.filter("liked").drop_nulls("said").sort("rows", "said", descending=[True, False])["said"]
    such = ", ".join(unknown.head(EXAMPLES).str.slice(0, LETTERS)) or "blanks"
    raise DataError(f"{name}: no row names an item of this catalogue. Bring its ids or titles, not such as {such}.")
