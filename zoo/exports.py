"""Exports of services: recognised by their columns; each row read as a like, a dislike, as seen, or left aside.

    service      scale       a row without a rating       left aside
    Letterboxd   0.5 to 5    watched: a like              the watchlist
    IMDb         1 to 10     left aside                   series, episodes, games
    Goodreads    1 to 5      read: a like                 to-read, currently-reading, other shelves
    MovieLens    0.5 to 5    left aside

A rating from `like_from` is a like, one below `dislike_below` a dislike; what lies between was seen, and says nothing.
A heart on Letterboxd is a like whatever the stars. A book that was not finished is a dislike, unless it was rated.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from zoo.columns import plain
from zoo.errors import DataError
from zoo.files import Limits, open_table
from zoo.rows import moment
from zoo.table import Table, decode
from zoo.unpack import members

LIKE, DISLIKE, SEEN, ASIDE = 1, -1, 0, -2
SERIES = r"(?i)episod|serie|série|game|podcast|music|folge|spiel"  # IMDb's title types, in its languages
NOT_FINISHED = r"(?i)^(dnf|did-?not-?finish|didn-?t-?finish|not-?finished|unfinished|abandoned|gave-?up)"
ARCHIVE = ("watched.csv", "ratings.csv", "likes/films.csv", "diary.csv")
LETTERBOXD_COLUMNS = ("Date", "Name", "Year", "Letterboxd URI", "Rating", "Liked")


@dataclass(frozen=True)
class Stars:
    """Where likes begin and dislikes end, on the service's own scale."""

    like_from: float
    dislike_below: float

    def __post_init__(self) -> None:
        if not self.dislike_below <= self.like_from:
            raise DataError(
                f"Ratings below {self.dislike_below:g} cannot be dislikes where {self.like_from:g} is a like already. "
                "Give the dislikes a lower bound than the likes."
            )

    def changed(self, like_from: float | None, dislike_below: float | None) -> "Stars":
        """As somebody said otherwise; where likes begin early, dislikes end there."""
        like_from = self.like_from if like_from is None else like_from
        return Stars(like_from, min(self.dislike_below, like_from) if dislike_below is None else dislike_below)


@dataclass(frozen=True)
class Reason:
    """Why a row counts as it does."""

    words: str  # after its number of rows: "12 rated 3.5 or more"
    verdict: int  # LIKE, DISLIKE, SEEN or ASIDE
    told: bool = True  # by a rating or a heart; of several rows on one item these decide, then the latest


@dataclass(frozen=True)
class Service:
    """One kind of export."""

    name: str
    recognised_by: tuple[frozenset[str], ...]  # columns in plain form; any of these sets
    scale: tuple[float, float, float]  # lowest, highest, step
    stars: Stars  # unless somebody says otherwise
    roles: Mapping[str, tuple[str, ...]]  # what a column is to us -> its name in plain form
    ids: tuple[tuple[str, str | None], ...]  # column of the export, column of a catalogue that knows it (None: the id)
    judge: "Callable[[Cells, Stars], Verdicts]" = field(repr=False)
    of: str = "films"  # what its rows are

    def read(self, table: Table, stars: Stars, catalogue_columns: Sequence[str]) -> "Reading":
        """What the export says, as expressions over the table.

        catalogue_columns : decide which of the export's ids can be looked up
        """
        cells = Cells(table, self.roles)
        usable = [(cells.named(own), other) for own, other in self.ids if other is None or other in catalogue_columns]
        column, foreign = next(((found, other) for found, other in usable if found is not None), (None, None))
        expressions = {role: cells.text(role) for role in ("title", "also", "year")}
        expressions["item"] = pl.lit(None, pl.String) if column is None else pl.col(column).cast(pl.String)
        expressions["time"] = cells.time()
        code, reasons = _coded(self.judge(cells, stars))
        return Reading(self.name, expressions | {"reason": code}, reasons, foreign)  # an export is one person's


@dataclass(frozen=True)
class Reading:
    """How the rows of one file are read."""

    service: str | None
    expressions: dict[str, pl.Expr]  # user, item, title, also, year, time, reason (a place in `reasons`)
    reasons: list[Reason]
    foreign: str | None = None  # the catalogue's column that `item` is looked up in; None: its own ids
    by_user: bool = False


class Cells:
    """The cells of an export, by their role."""

    def __init__(self, table: Table, roles: Mapping[str, tuple[str, ...]]) -> None:
        self._table = table
        self._plain = {plain(column): column for column in reversed(table.columns)}
        found = {role: next(filter(None, map(self.named, names)), None) for role, names in roles.items()}
        self.columns = {role: column for role, column in found.items() if column is not None}

    def named(self, name: str) -> str | None:
        """The column with this name in plain form."""
        return self._plain.get(name)

    def text(self, role: str) -> pl.Expr:
        """Text without blanks around it; null where it is blank, or there is no such column."""
        if role not in self.columns:
            return pl.lit(None, pl.String)
        text = pl.col(self.columns[role]).cast(pl.String, strict=False).str.strip_chars()
        return pl.when(text != "").then(text)

    def rating(self) -> pl.Expr:
        """Float64; null where there is none. 0 is none, and a comma is a decimal point: no rating has thousands."""
        number = self.text("rating").str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
        return pl.when(number.is_finite() & (number > 0)).then(number)

    def time(self) -> pl.Expr:
        column = self.columns.get("time")
        return pl.lit(None, pl.Float64) if column is None else moment(self._table, column)

    @property
    def name(self) -> str:
        """Of the file."""
        return self._table.name


Verdicts = list[tuple[pl.Expr, Reason]]  # the first whose condition holds decides; the last holds always


def recognise(columns: Sequence[str]) -> Service | None:
    """The service whose export has these columns.

    >>> recognise(["Date", "Name", "Year", "Letterboxd URI", "Rating"]).name
    'Letterboxd'
    >>> recognise(["user", "item"]) is None
    True
    """
    found = {plain(column) for column in columns}
    return next((one for one in SERVICES if any(needed <= found for needed in one.recognised_by)), None)


def open_export(source: Path | bytes, name: str, limits: Limits) -> Table:
    """`open_table`, which also makes one table of the whole archive that Letterboxd sends."""
    if isinstance(source, bytes) or source.is_file():
        limits.check_bytes(len(source) if isinstance(source, bytes) else source.stat().st_size, name)
        files = members(source, name, ARCHIVE, limits.bytes)
        parts = {one: open_table(content, one, limits) for one, content in files.items() if content.strip()}
        if any(recognise(part.columns) is LETTERBOXD for part in parts.values()):
            return _letterboxd_archive(parts, name, limits)
    return open_table(source, name, limits)


def _letterboxd_archive(parts: dict[str, Table], name: str, limits: Limits) -> Table:
    """One row per film: watched.csv and ratings.csv together, with the hearts of likes/films.csv."""
    watched, ratings, likes, diary = (_read(parts.get(one)) for one in ARCHIVE)
    film = ["Name", "Year"]  # an entry of the diary has a URI of its own
    films = pl.concat([part.select("Date", *film, "Letterboxd URI") for part in (ratings, watched, likes)])
    films = films.unique(film, keep="first", maintain_order=True)
    rated = ratings.select(*film, "Rating").unique(film, keep="last")
    hearts = likes.select(*film, Liked=pl.lit("Yes")).unique(film)
    films = films.join(rated, on=film, how="left", nulls_equal=True, maintain_order="left")
    films = films.join(hearts, on=film, how="left", nulls_equal=True, maintain_order="left")
    limits.check_rows(films.height, name)
    again = diary.filter(pl.col("Rewatch") == "Yes").height
    notes = [f"Put together from {', '.join(one for one in ARCHIVE[:3] if one in parts)}: one row per film."]
    notes += [f"Re-watches in the diary: {again:,}; a film counts once."] if again else []
    return Table(name, films.select(LETTERBOXD_COLUMNS).lazy(), films.select(LETTERBOXD_COLUMNS).schema, notes)


def _read(part: Table | None) -> pl.DataFrame:
    """All of one file of the archive; no rows where it is not there. Files of people who never used them are empty."""
    wanted = {column: pl.lit(None, pl.String) for column in (*LETTERBOXD_COLUMNS, "Rewatch")}
    if part is None:
        return pl.DataFrame(schema=dict.fromkeys(wanted, pl.String))
    found = [pl.col(column) if column in part.columns else empty.alias(column) for column, empty in wanted.items()]
    return decode(lambda: part.frame.select(found).collect(), part.name, part.find_fault)


def _coded(verdicts: Verdicts) -> tuple[pl.Expr, list[Reason]]:
    """The place of the reason of each row."""
    code = pl.lit(len(verdicts) - 1, pl.UInt8)
    for place in reversed(range(len(verdicts) - 1)):
        code = pl.when(verdicts[place][0]).then(pl.lit(place, pl.UInt8)).otherwise(code)
    return code, [reason for _, reason in verdicts]


def _rated(cells: Cells, stars: Stars) -> Verdicts:
    rating = cells.rating()
    return [
        (rating >= stars.like_from, Reason(f"rated {stars.like_from:g} or more", LIKE)),
        (rating < stars.dislike_below, Reason(f"rated below {stars.dislike_below:g}", DISLIKE)),
        (rating.is_not_null(), Reason("rated in between", SEEN)),
    ]


def _otherwise(words: str, verdict: int) -> Verdicts:
    return [(pl.lit(True), Reason(words, verdict, told=False))]


def _judge_letterboxd(cells: Cells, stars: Stars) -> Verdicts:
    if "rating" not in cells.columns and "watchlist" in cells.name.lower():  # its columns are those of watched.csv
        return _otherwise("on the watchlist, not watched yet", ASIDE)
    heart = (cells.text("heart") == "Yes", Reason("with a heart", LIKE))
    return [heart, *_rated(cells, stars), *_otherwise("watched and not rated", LIKE)]


def _judge_imdb(cells: Cells, stars: Stars) -> Verdicts:
    series = (cells.text("kind").str.contains(SERIES), Reason("series, episodes or games", ASIDE))
    return [series, *_rated(cells, stars), *_otherwise("without a rating of yours", ASIDE)]


def _judge_goodreads(cells: Cells, stars: Stars) -> Verdicts:
    shelf = cells.text("shelf").str.to_lowercase().str.replace_all(r"[\s_]+", "-")
    read = (shelf == "read") | shelf.is_null() | cells.text("time").is_not_null()
    return [
        *_rated(cells, stars),
        (shelf.str.contains(NOT_FINISHED), Reason("not finished", DISLIKE, told=False)),
        (shelf == "to-read", Reason("to read", ASIDE, told=False)),
        (shelf == "currently-reading", Reason("being read", ASIDE, told=False)),
        (read, Reason("read and not rated", LIKE, told=False)),
        *_otherwise("on other shelves", ASIDE),
    ]


def _judge_movielens(cells: Cells, stars: Stars) -> Verdicts:
    return [*_rated(cells, stars), *_otherwise("without a rating", ASIDE)]


def foreign_key(ids: pl.Series) -> pl.Series:
    """Ids of IMDb and others as they are compared: tt0114709, 0114709 and 114709 are one.

    >>> foreign_key(pl.Series(["tt0114709", " 862 ", "tt", None])).to_list()
    ['114709', '862', None, None]
    """
    return ids.cast(pl.String).str.extract(r"^\s*(?:tt)?0*([1-9]\d*)(?:\.0)?\s*$")


LETTERBOXD = Service(
    name="Letterboxd",
    recognised_by=(frozenset({"name", "letterboxduri"}),),
    scale=(0.5, 5.0, 0.5),
    stars=Stars(like_from=3.5, dislike_below=2.5),
    roles={
        "title": ("name",),
        "year": ("year",),
        "rating": ("rating",),
        "time": ("watcheddate", "date"),
        "heart": ("liked",),
    },
    ids=(),
    judge=_judge_letterboxd,
)
IMDB = Service(
    name="IMDb",
    recognised_by=(frozenset({"const", "yourrating"}), frozenset({"const", "titletype"})),
    scale=(1.0, 10.0, 1.0),
    stars=Stars(like_from=7.0, dislike_below=5.0),
    roles={
        "title": ("title",),
        "also": ("originaltitle",),
        "year": ("year",),
        "rating": ("yourrating",),
        "time": ("daterated",),
        "kind": ("titletype",),
    },
    ids=(("const", "imdb_id"),),
    judge=_judge_imdb,
)
GOODREADS = Service(
    name="Goodreads",
    recognised_by=(frozenset({"bookid", "title", "exclusiveshelf"}), frozenset({"bookid", "title", "myrating"})),
    scale=(1.0, 5.0, 1.0),
    stars=Stars(like_from=3.5, dislike_below=2.5),
    roles={
        "title": ("title",),
        "year": ("originalpublicationyear",),  # the year published is that of an edition: it would mislead
        "rating": ("myrating",),
        "time": ("dateread",),
        "shelf": ("exclusiveshelf",),
    },
    ids=(("bookid", "goodreads_book_id"),),
    judge=_judge_goodreads,
    of="books",
)
MOVIELENS = Service(
    name="MovieLens",
    # What the website gives. The data sets' ratings.csv is read like any table, by the rules of the zoo
    recognised_by=(frozenset({"movieid", "imdbid", "tmdbid", "rating"}),),
    scale=(0.5, 5.0, 0.5),
    stars=Stars(like_from=3.5, dislike_below=2.5),
    roles={"title": ("title",), "rating": ("rating",), "time": ("timestamp",)},
    ids=(("imdbid", "imdb_id"), ("tmdbid", "tmdb_id"), ("movieid", None)),
    judge=_judge_movielens,
)
SERVICES = (LETTERBOXD, IMDB, GOODREADS, MOVIELENS)
