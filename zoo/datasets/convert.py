"""The owners' tables -> interactions.parquet and items.parquet, streamed: 32 million rows never lie in memory.

movielens-csv   ratings.csv userId,movieId,rating,timestamp   movies.csv movieId,title,genres   links.csv
movielens-dat   ratings.dat UserID::MovieID::Rating::Timestamp   movies.dat MovieID::Title::Genres   (Latin-1)
goodbooks       ratings.csv user_id,book_id,rating   books.csv   (perhaps tags.csv and book_tags.csv)
"""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from zoo.errors import DataError
from zoo.titles import without_year, year_in_title

INTERACTIONS = {"user_id": pl.Int32, "item_id": pl.Int32, "rating": pl.Float32, "timestamp": pl.Int64}
NO_GENRE = "(no genres listed)"
README = {"README.txt": False, "README": False, "README.html": False, "README.md": False}
WANTED = {  # file of the archive -> whether it must be there
    "movielens-csv": {"ratings.csv": True, "movies.csv": True, "links.csv": False, **README},
    "movielens-dat": {"ratings.dat": True, "movies.dat": True, **README},
    "goodbooks": {"ratings.csv": True, "books.csv": True, "tags.csv": False, "book_tags.csv": False, **README},
}
GENRES = (  # what readers call a genre, of the 34,252 names that they gave their shelves
    "art biography business chick-lit childrens christian classics comics contemporary cookbooks crime dystopian "
    "economics essays fantasy feminism fiction graphic-novels historical-fiction history horror humor literature "
    "manga memoir middle-grade music mystery non-fiction paranormal philosophy picture-books plays poetry politics "
    "psychology religion romance science science-fiction self-help short-stories spirituality sports steampunk "
    "suspense thriller travel true-crime urban-fantasy vampires war western young-adult"
)
MOST_GENRES = 6  # of a book, those that most readers gave


def convert(form: str, files: dict[str, Path], folder: Path) -> tuple[int, int]:
    """Write both tables into `folder`; (rows of interactions, rows of items).

    Raises
    ------
    DataError when a table is not as its owner writes it
    """
    try:
        return FORMS[form](files, folder)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        reason = " ".join(str(error).partition("\n\n")[0].split())[:200].rstrip(" .")
        raise DataError(f"The tables of the archive are not as expected ({reason}). Run the command again.") from error


def _movielens_csv(files: dict[str, Path], folder: Path) -> tuple[int, int]:
    names = ("userId", "movieId", "rating", "timestamp")
    n_rows = _write_interactions(_scan(files["ratings.csv"], names), names, folder)
    movies = _scan(files["movies.csv"], ("movieId", "title", "genres")).collect()
    items = _movies(movies["movieId"], movies["title"], movies["genres"])
    if "links.csv" in files:
        links = _scan(files["links.csv"], ("movieId", "imdbId", "tmdbId")).select(
            item_id=pl.col("movieId").cast(pl.Int32),
            imdb_id=pl.col("imdbId"),
            tmdb_id=pl.col("tmdbId").cast(pl.Int32, strict=False),
        )
        items = items.join(links.collect().unique("item_id"), on="item_id", how="left", maintain_order="left")
    items.write_parquet(folder / "items.parquet")
    return n_rows, items.height


def _movielens_dat(files: dict[str, Path], folder: Path) -> tuple[int, int]:
    names = ("user", "movie", "rating", "time")
    n_rows = _write_interactions(_read_dat(files["ratings.dat"], names).lazy(), names, folder)
    movies = _read_dat(files["movies.dat"], ("movie", "title", "genres"))
    items = _movies(movies["movie"], movies["title"], movies["genres"])
    items.write_parquet(folder / "items.parquet")
    return n_rows, items.height


def _goodbooks(files: dict[str, Path], folder: Path) -> tuple[int, int]:
    names = ("user_id", "book_id", "rating")
    n_rows = _write_interactions(_scan(files["ratings.csv"], names), names, folder)
    needed = ("book_id", "goodreads_book_id", "work_id", "authors", "original_publication_year", "title")
    books = _scan(files["books.csv"], (*needed, "original_title", "language_code", "isbn")).collect()
    items = books.select(
        item_id=pl.col("book_id").cast(pl.Int32),
        title=pl.col("title").str.strip_chars(),
        original_title=pl.col("original_title").str.strip_chars(),
        authors=pl.col("authors").str.split(", "),
        year=pl.col("original_publication_year").cast(pl.Float64, strict=False).cast(pl.Int16, strict=False),
        language="language_code",
        isbn="isbn",
        goodreads_book_id=pl.col("goodreads_book_id").cast(pl.Int32),
        work_id=pl.col("work_id").cast(pl.Int32),
    )
    if {"tags.csv", "book_tags.csv"} <= files.keys():
        genres = _goodbooks_genres(files["tags.csv"], files["book_tags.csv"])
        items = items.join(genres, on="goodreads_book_id", how="left", maintain_order="left")
        items = items.with_columns(pl.col("genres").fill_null([]))
    items.write_parquet(folder / "items.parquet")
    return n_rows, items.height


def _goodbooks_genres(tags: Path, book_tags: Path) -> pl.DataFrame:
    """goodreads_book_id, genres list[str]: the shelf names that are genres, the most given first."""
    names = _scan(tags, ("tag_id", "tag_name")).filter(pl.col("tag_name").is_in(GENRES.split()))
    given = _scan(book_tags, ("goodreads_book_id", "tag_id", "count")).join(names, on="tag_id", how="inner")
    counted = given.select(
        pl.col("goodreads_book_id").cast(pl.Int32), "tag_name", count=pl.col("count").cast(pl.Int64, strict=False)
    )
    best = counted.sort(["goodreads_book_id", "count", "tag_name"], descending=[False, True, False])
    names_of = pl.col("tag_name").unique(maintain_order=True).head(MOST_GENRES).alias("genres")
    return best.group_by("goodreads_book_id", maintain_order=True).agg(names_of).collect()


def _movies(ids: pl.Series, titles: pl.Series, genres: pl.Series) -> pl.DataFrame:
    """item_id, title, year, genres. "Toy Story (1995)" gives title and year."""
    titles = titles.str.strip_chars()
    lists = genres.fill_null("").str.split("|").list.eval(pl.element().filter(~pl.element().is_in(["", NO_GENRE])))
    table = {"item_id": ids.str.strip_chars().cast(pl.Int32), "title": without_year(titles)}
    return pl.DataFrame(table | {"year": year_in_title(titles).cast(pl.Int16), "genres": lists})


def _write_interactions(rows: pl.LazyFrame, names: tuple[str, ...], folder: Path) -> int:
    """Rows of text, typed; what is no number is an error. Ids, ratings and times are all numbers in these data sets."""
    to = folder / "interactions.parquet"
    typed = [
        pl.col(name).cast(dtype).alias(new) for name, (new, dtype) in zip(names, INTERACTIONS.items(), strict=False)
    ]
    rows.select(typed).sink_parquet(to)
    return int(pl.scan_parquet(to).select(pl.len()).collect().item())


def _scan(path: Path, names: tuple[str, ...]) -> pl.LazyFrame:
    """The columns of a CSV file, as text."""
    rows = pl.scan_csv(path, infer_schema=False, glob=False)
    found = rows.collect_schema().names()
    if missing := [name for name in names if name not in found]:
        raise DataError(
            f"{path.name} has no column {missing[0]} (found: {', '.join(found)[:200]}). Its owner changed it."
        )
    return rows.select(names)


def _read_dat(path: Path, names: tuple[str, ...]) -> pl.DataFrame:
    """A table with "::" between its values and no header, in Latin-1; as text."""
    content = path.read_bytes()
    if b"\t" in content:
        raise DataError(f"{path.name} holds tabs. It is not the file that was expected.")
    plain = content.decode("latin-1").replace("::", "\t").encode()
    return pl.read_csv(
        plain, separator="\t", has_header=False, new_columns=list(names), quote_char=None, infer_schema=False
    )


FORMS: dict[str, Callable[[dict[str, Path], Path], tuple[int, int]]] = {
    "movielens-csv": _movielens_csv,
    "movielens-dat": _movielens_dat,
    "goodbooks": _goodbooks,
}
