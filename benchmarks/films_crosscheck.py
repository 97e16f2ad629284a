"""Our films beside those of MovieLens latest-small: titles, years and genres, and how often they differ.

    python benchmarks/films_crosscheck.py FOLDER                          FOLDER holds ml-latest-small
    python benchmarks/films_crosscheck.py FOLDER --write zoo/datasets/films/README.md
    python benchmarks/films_crosscheck.py FOLDER --list                   every difference, and what was not found

Titles are matched as an upload is matched (zoo/matching.py), other titles on either side included; a film is the same
where the years are at most one apart. With --write, what stands between the two marks in the file is replaced.
"""

import argparse
from pathlib import Path

import numpy as np
import polars as pl

from zoo.catalogue import Catalogue
from zoo.datasets.films.catalogue import catalogue
from zoo.matching import match_titles

BEGIN, END = "<!-- crosscheck -->\n", "<!-- end of crosscheck -->"
SAME = {"Sci-Fi": "Science Fiction", "Children": "Family"}
NO_GENRE = ("Film-Noir", "IMAX")  # there, not here: a style and a screen
LAST_YEAR = 2018  # of MovieLens latest-small


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder that holds ml-latest-small")
    parser.add_argument("--write", type=Path, metavar="FILE")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    films = catalogue()
    both = matched(films, pl.read_parquet(options.data / "ml-latest-small" / "items.parquet"))
    if options.list:
        listed(films, both)
    text = table(films, both)
    if not options.write:
        print(text)
        return
    before, _, rest = options.write.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        parser.error(f"{options.write} has no {BEGIN.strip()} ... {END}.")
    options.write.write_text(before + BEGIN + text + end + after, encoding="utf-8")


def matched(films: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    """Our rows with their_title, their_year and their_genres, each film once: the nearest year counts."""
    ours = Catalogue.build(films["item_id"], films, np.zeros(films.height))
    found = match_titles(theirs["title"], theirs["year"].cast(pl.Int32), ours)
    genres = pl.col("genres").list.eval(pl.element().replace(SAME).filter(~pl.element().is_in(NO_GENRE)))
    pairs = theirs.select(their_title="title", their_year=pl.col("year").cast(pl.Int32), their_genres=genres)
    pairs = pairs.with_columns(found["item_idx"], found["score"]).filter(pl.col("score") == 100)
    pairs = films.with_row_index("item_idx").cast({"item_idx": pl.Int64}).join(pairs, on="item_idx")
    return pairs.sort((pl.col("year") - pl.col("their_year")).abs()).unique("item_id", keep="first")


def table(films: pl.DataFrame, both: pl.DataFrame) -> str:
    n, with_genres = both.height, both.filter(pl.col("their_genres").list.len() > 0)
    years = both.filter(pl.col("year") != pl.col("their_year")).height
    nothing = with_genres.filter(pl.col("genres").list.set_intersection("their_genres").list.len() == 0).height
    principal = with_genres.filter(~pl.col("their_genres").list.contains(pl.col("genres").list.first())).height
    missing = films.join(both, on="item_id", how="anti")
    newer = missing.filter(pl.col("year") > LAST_YEAR).height
    rows = [
        ("films", f"{films.height:,}"),
        (
            "found there",
            f"{n:,}; of the others {newer:,} are newer than {LAST_YEAR}, {missing.height - newer:,} unknown to it",
        ),
        (
            "the year differs",
            f"{years:,} ({years / n:.1%}), by one: a festival or home showing first; ours is the first public showing",
        ),
        (
            "no genre in common",
            f"{nothing:,}, leaving aside {n - with_genres.height:,} of which it knows no genre of ours",
        ),
        ("our principal genre is not among theirs", f"{principal:,} ({principal / with_genres.height:.1%})"),
    ]
    return "\n".join(["| | |", "|---|---|", *(f"| {what} | {figure} |" for what, figure in rows)]) + "\n"


def listed(films: pl.DataFrame, both: pl.DataFrame) -> None:
    for row in both.filter(pl.col("year") != pl.col("their_year")).sort("title").iter_rows(named=True):
        print(f"year   {row['item_id']}: there {row['their_year']}")
    odd = ~pl.col("their_genres").list.contains(pl.col("genres").list.first()) & (pl.col("their_genres").list.len() > 0)
    for row in both.filter(odd).sort("title").iter_rows(named=True):
        print(f"genre  {row['item_id']}: {', '.join(row['genres'])}; there {', '.join(row['their_genres'])}")
    for row in films.join(both, on="item_id", how="anti").filter(pl.col("year") <= LAST_YEAR).iter_rows(named=True):
        print(f"absent {row['item_id']}")


if __name__ == "__main__":
    main()
