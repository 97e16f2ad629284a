"""What a row says about its item -> a column of the catalogue: by id, by title, or by a title spelled almost alike."""

import re

import numpy as np
import polars as pl
from rapidfuzz import fuzz, process

from zoo.catalogue import Catalogue
from zoo.columns import is_usual
from zoo.ids import clean_ids
from zoo.titles import (
    also_called,
    normal_form,
    numbers_in,
    with_arabic_numbers,
    without_parentheses,
    without_year,
    year_in_title,
)

MOSTLY = 0.5  # share of the ids that the catalogue must know where there are titles as well
YEAR_TOLERANCE = 1  # festivals and cinemas differ by a year
ALIKE = 92.0  # of 100, where a year is missing: "alien" and "aliens" have 91
ALIKE_SAME_YEAR = 85.0
SHORTEST = 4  # letters; shorter titles must be the same
AT_MOST = 100_000  # titles that are compared by spelling, a few seconds; what comes after them must be the same
PARTS = re.compile(r"\s*(?::|[()\[\]]|,| [-–—] |\ba\.?k\.?a\.?)\s*")  # "Star Wars: Episode V - The Empire Strikes Back"
CHUNK = 1_000  # titles compared with a block of the catalogue together


def find_items(things: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Which items are meant, by id where the ids are the catalogue's, else by title and year.

    Parameters
    ----------
    things : item (an id as text), title, year; each null where the file does not say it

    Returns
    -------
    `things` with item_idx Int64 (-1 unknown), how "id" | "title" | "unknown", score 0..100
    """
    by_id = pl.Series(catalogue.columns_of(things["item"]))
    titles = things["title"]
    if titles.null_count() < len(titles):
        if (by_id >= 0).sum() < MOSTLY * things["item"].count():
            by_id = pl.repeat(-1, len(by_id), eager=True)  # another catalogue's numbers collide with ours by chance
    elif catalogue.has_titles and clean_ids(things["item"]).dtype == pl.String:
        titles = things["item"]  # a column called "movie" often holds the title
    titles = titles.set(by_id >= 0, None)
    found = match_titles(without_year(titles), things["year"].fill_null(year_in_title(titles)), catalogue)
    known, similar = pl.col("by_id") >= 0, pl.col("by_title").is_not_null()
    return things.with_columns(by_id=by_id, by_title=found["item_idx"], alike=found["score"]).select(
        *things.columns,
        item_idx=pl.when(known).then("by_id").otherwise(pl.col("by_title").fill_null(-1)),
        how=pl.when(known).then(pl.lit("id")).when(similar).then(pl.lit("title")).otherwise(pl.lit("unknown")),
        score=pl.when(known).then(100.0).otherwise(pl.col("alike").fill_null(0.0)),
    )


def match_titles(titles: pl.Series, years: pl.Series, catalogue: Catalogue) -> pl.DataFrame:
    """The item that each title means.

    Parameters
    ----------
    titles : String [n]
    years : Int32 [n], null where not known; then the most chosen of several items with the title is meant

    Returns
    -------
    item_idx Int64 [n], null where none fits; score Float64 [n], 100 where the normal forms are the same
    """
    ways = {"form": titles, "short": without_parentheses(titles), "other": also_called(titles)}
    forms = {name: normal_form(way) for name, way in ways.items()}
    given = pl.DataFrame({**forms, "year": years}).with_row_index("row")
    if given["form"].null_count() == given.height:
        return pl.DataFrame(schema={"item_idx": pl.Int64, "score": pl.Float64}).clear(given.height)
    keys = _keys(catalogue)
    exact = pl.concat([_same_form(given.select("row", "year", form=form).drop_nulls("form"), keys) for form in ways])
    rest = given.join(exact, on="row", how="anti").drop_nulls("form")
    found = pl.concat([exact.unique("row", keep="first", maintain_order=True), _almost(rest.head(AT_MOST), keys)])
    return given.select("row").join(found, on="row", how="left", maintain_order="left").select("item_idx", "score")


def suggestions(title: str, catalogue: Catalogue, limit: int) -> list[int]:
    """Items that somebody may mean by a title which fits none: found by all of it, then by its parts, longest first."""
    parts = sorted((part for part in PARTS.split(title) if len(part) >= SHORTEST), key=len, reverse=True)
    found = [item for text in (title, *parts) for item in catalogue.search(text, limit)]
    return list(dict.fromkeys(found))[:limit]


def _keys(catalogue: Catalogue) -> pl.DataFrame:
    """form, year, item_idx, n_users: every form under which an item may be given; the most chosen items first."""
    items = catalogue.items
    titles = [column for column, dtype in items.schema.items() if dtype == pl.String and is_usual(column, "title")]
    facts = items.select("year", "n_users").with_row_index("item_idx").with_columns(pl.col("item_idx").cast(pl.Int64))
    ways = (lambda title: title, without_parentheses, also_called)
    forms = [facts.with_columns(form=normal_form(way(items[column]))) for column in titles for way in ways]
    others = catalogue.other_titles
    forms.append(facts.join(others.select("item_idx", form=normal_form(others["title"])), on="item_idx", how="inner"))
    keys = pl.concat(forms).drop_nulls("form")
    return keys.unique(["form", "item_idx"], keep="first").sort(["n_users", "item_idx"], descending=[True, False])


def _same_form(given: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """row, item_idx, score: the item of the same form whose year is nearest, then the most chosen one."""
    pairs = given.join(keys, on="form", how="inner", suffix="_of_item")
    apart = (pl.col("year") - pl.col("year_of_item")).abs().fill_null(YEAR_TOLERANCE)
    fitting = pairs.filter(apart <= YEAR_TOLERANCE).sort("row", apart, -pl.col("n_users"), "item_idx")
    return fitting.unique("row", keep="first").select("row", "item_idx", score=pl.lit(100.0))


def _almost(given: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """row, item_idx, score. Only titles with the same first letter and the same numbers are compared: 100,000 titles
    with 10,000 items would be a billion comparisons otherwise, and Rocky II is not Rocky III."""
    blocks = {block: group for (block,), group in _blocked(keys).group_by("block", maintain_order=True)}
    found = [given.select("row", item_idx=pl.lit(0, pl.Int64), score=pl.lit(0.0)).clear()]
    for (block,), group in _blocked(given).group_by("block", maintain_order=True):
        if block in blocks:
            found += [_most_alike(chunk, blocks[block]) for chunk in group.iter_slices(CHUNK)]
    return pl.concat(found)


def _blocked(frame: pl.DataFrame) -> pl.DataFrame:
    form = with_arabic_numbers(frame["form"])
    block = form.str.slice(0, 1) + " " + numbers_in(form)
    return frame.with_columns(form=form, block=block).filter(form.str.len_chars() >= SHORTEST)


def _most_alike(given: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    forms = given["form"].to_list(), keys["form"].to_list()
    scores = process.cdist(*forms, scorer=fuzz.ratio, score_cutoff=ALIKE_SAME_YEAR, dtype=np.float32)  # (n, keys)
    apart = np.abs(_as_floats(given["year"])[:, None] - _as_floats(keys["year"])[None, :])  # nan where one is not known
    scores[(apart > YEAR_TOLERANCE) | (np.isnan(apart) & (scores < ALIKE))] = 0.0
    best = scores.argmax(axis=1)  # the first of equals: the most chosen one
    score = scores[np.arange(len(best)), best].astype(np.float64)
    found = given.select("row").with_columns(item_idx=keys["item_idx"].gather(best), score=pl.Series(score))
    return found.filter(pl.col("score") > 0)


def _as_floats(years: pl.Series) -> np.ndarray:
    return years.cast(pl.Float64).fill_null(float("nan")).to_numpy()
