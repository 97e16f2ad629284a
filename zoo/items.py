"""A table of items from anywhere -> item_id, title, year, genres, and whatever else it holds."""

import polars as pl

from zoo.columns import RECOGNISE, find_columns, listed
from zoo.errors import DataError
from zoo.ids import as_text, id_text, is_plain
from zoo.titles import without_year, year_in_title, year_number

TABLE = "The table of items"
OWN = ("item_id", "title", "year", "genres", "n_users")
KEY = "__key"
NO_GENRE = ("", "(no genres listed)")


def describe(item_ids: pl.Series, table: pl.DataFrame | None) -> pl.DataFrame:
    """One row per id, in order. `DataError` when the table has no column for the item or knows none of them."""
    items = pl.DataFrame({"item_id": item_ids, KEY: id_text(item_ids)})
    facts = _facts(items.select("item_id") if table is None else table)
    if items.join(facts, on=KEY, how="semi").is_empty():
        raise DataError(
            f"{TABLE} knows none of the items: its ids are such as {_some(facts[KEY])}, those of the interactions "
            f"such as {_some(items[KEY])}. Give both the same ids, or take the table away."
        )
    items = items.join(facts, on=KEY, how="left", maintain_order="left")
    return items.with_columns(pl.col("title").fill_null(pl.col(KEY)), pl.col("genres").fill_null([])).drop(KEY)


def described(table: pl.DataFrame) -> pl.DataFrame:
    """One row per item of a table, by its own ids as text; `DataError` when the table has no column for the item."""
    return _facts(table).rename({KEY: "item_id"})


def _facts(table: pl.DataFrame) -> pl.DataFrame:
    """KEY (each once), title, year, genres, and the other columns as they are."""
    found = table.columns
    columns = find_columns(found, ("item", "title", "year", "genres"), RECOGNISE, TABLE)
    if "item" not in columns and "id" in found:
        columns["item"] = "id"
    if "item" not in columns:
        raise DataError(f"{TABLE} has no column for the item (found: {listed(found)}). Rename one to item_id.")
    item = table[columns["item"]]
    if not is_plain(item.dtype):
        raise DataError(f"{TABLE} has {item.dtype} in column {item.name}, which are no ids. Give numbers or text.")
    title, year = _title_and_year(table, columns)
    others = [column for column in found if column not in columns.values() and column not in (*OWN, KEY)]
    facts = table.select(
        id_text(item).alias(KEY),
        title.alias("title"),
        year.alias("year"),
        _genres(table, columns).alias("genres"),
        *others,
    )
    return facts.drop_nulls(KEY).unique(KEY, keep="first", maintain_order=True)


def _title_and_year(table: pl.DataFrame, columns: dict[str, str]) -> tuple[pl.Series, pl.Series]:
    """Titles without blanks; "Toy Story (1995)" gives the year where the table has no column for it."""
    title = pl.repeat(None, table.height, dtype=pl.String, eager=True)
    if "title" in columns:
        title = as_text(table[columns["title"]]).str.strip_chars().replace("", None)
    if "year" in columns:
        return title, year_number(table[columns["year"]])
    return without_year(title), year_in_title(title)


def _genres(table: pl.DataFrame, columns: dict[str, str]) -> pl.Series:
    """list[str] from lists, or from text such as "Drama|War", "Drama, War" or "['Drama', 'War']"."""
    empty = pl.Series([[]], dtype=pl.List(pl.String)).new_from_index(0, table.height)
    if "genres" not in columns:
        return empty
    genres = table[columns["genres"]]
    if genres.dtype.is_nested():
        inner = getattr(genres.dtype, "inner", None)
        if inner is None or not is_plain(inner):
            return empty
        lists = genres.cast(pl.List(pl.String), strict=False)
    else:
        text = as_text(genres).str.strip_chars(" []")
        separator = next((mark for mark in "|;," if text.str.contains(mark, literal=True).any()), "|")
        lists = text.str.split(separator)
    name = pl.element().str.strip_chars(" '\"\t")
    names = name.filter(name.is_not_null() & ~name.is_in(NO_GENRE)).unique(maintain_order=True)
    return lists.list.eval(names).fill_null(empty)


def _some(keys: pl.Series) -> str:
    return ", ".join(keys.drop_nulls().head(3).str.slice(0, 40)) or "no ids"
