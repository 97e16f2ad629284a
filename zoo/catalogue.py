"""What is recommended: items with their titles, years and genres; search, filters, and outside ids -> columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from rapidfuzz import fuzz, process

from zoo.errors import DataError
from zoo.files import read_table
from zoo.ids import id_text
from zoo.items import describe
from zoo.titles import MAX_LENGTH, normal_form, without_parentheses

ITEMS_FILES = ("items.parquet", "items.csv")
SCHEMA = {
    "item_id": (pl.Int64, pl.String),
    "title": (pl.String,),
    "year": (pl.Int32,),
    "genres": (pl.List(pl.String),),
    "n_users": (pl.Int64,),
}
ALSO = "also"  # column with other titles of an item, a list; search and matching know them
PEOPLE = {  # columns that search looks into last -> what such people make
    "directors": "films",
    "director": "films",
    "authors": "books",
    "author": "books",
    "artists": "music",
    "artist": "music",
}
FUZZY_LETTERS = 3  # fewer letters resemble everything
FUZZY_CUTOFF = 80.0  # of 100
FUZZY_SHORTER = 2  # letters that a title may be shorter than what was typed


@dataclass(frozen=True)
class Catalogue:
    """I items; row number in `items` = column number in every matrix."""

    items: (
        pl.DataFrame
    )  # item_id, title str, year Int32|null, genres list[str], n_users Int64, + the source's other columns

    @classmethod
    def build(cls, item_ids: pl.Series, table: pl.DataFrame | None, n_users: np.ndarray) -> "Catalogue":
        """Describe items by the rows of a table with the same id, whatever the types of the ids.

        Parameters
        ----------
        item_ids : [I], their order is kept
        table : titles, years, genres and anything else, columns recognised by name; the first row of an id counts.
            None: the id is the title
        n_users : int [I], training users who chose the item

        Raises
        ------
        DataError when the table has no column for the item, or describes none of these items
        """
        items = describe(item_ids, table).with_columns(n_users=pl.Series(n_users, dtype=pl.Int64))
        return cls(items.select(*SCHEMA, pl.exclude(*SCHEMA)))

    @classmethod
    def load(cls, path: Path, content: bytes | None = None) -> "Catalogue":
        """What `save` wrote; `DataError` when it is something else. content : of the file, where it was read already"""
        items = read_table(path if content is None else content, path.name)
        for column, dtypes in SCHEMA.items():
            if items.schema.get(column) not in dtypes:
                raise DataError(
                    f"{path} is no catalogue: column {column} is not there or of another type. Train again."
                )
        return cls(items)

    def save(self, path: Path) -> None:
        """Write the items as Parquet."""
        self.items.write_parquet(path)

    def __len__(self) -> int:
        return self.items.height

    def title(self, idx: int) -> str:
        """The title of a column. It comes from a stranger's file: escape it before it is shown."""
        return str(self.items["title"][idx])

    @property
    def has_titles(self) -> bool:
        """Whether any title says more than the id."""
        return bool((self.items["title"] != id_text(self.items["item_id"])).any())

    def years(self) -> tuple[int, int] | None:
        """First and last year; None when no item has one."""
        known = self.items["year"].drop_nulls().to_numpy()
        return (int(known.min()), int(known.max())) if len(known) else None

    def genres(self) -> list[str]:
        """Every genre, the most frequent first."""
        counts = self.items["genres"].explode().drop_nulls().alias("genre").value_counts(name="n")
        return counts.sort(["n", "genre"], descending=[True, False])["genre"].to_list()

    def search(self, text: str, limit: int = 20) -> list[int]:
        """Columns of the items whose title fits what was typed so far, best first; [] for a blank text.

        The whole title (what stands in parentheses may be left out), then its beginning, then the beginning of a later
        word, then every word typed begins some word; then the people behind it, the same way; what only looks alike
        when there is nothing else. Other titles count as titles. Within each, the more users an item has, the earlier
        it comes.
        """
        query = normal_form(pl.Series([text[:MAX_LENGTH]]))[0]
        if not query or limit < 1:
            return []
        found = _fitting(query, self._forms)
        if len(found) < limit and self.people_columns:
            found = list(dict.fromkeys([*found, *_fitting(query, self._people)]))
        return found[:limit] or self._resembling(query)[:limit]

    def allowed(self, genres: Sequence[str] = (), years: tuple[int, int] | None = None) -> np.ndarray:
        """bool [I]: has any of the genres (none given: all pass), and lies in the years, both ends included."""
        passes = pl.lit(True)
        if genres:
            passes &= pl.col("genres").list.eval(pl.element().is_in(list(genres))).list.any()
        if years is not None:
            passes &= pl.col("year").is_between(*years).fill_null(False)
        return self.items.select(pl.repeat(True, pl.len()) & passes).to_series().to_numpy()

    def columns_of(self, outside_ids: Sequence[Any] | np.ndarray | pl.Series) -> np.ndarray:
        """int64, as many as given: the column of each outside id, -1 for an unknown one; 12, 12.0 and "12" are one."""
        if not isinstance(outside_ids, (pl.Series, np.ndarray)):
            outside_ids = pl.Series([None if one is None else str(one) for one in outside_ids], dtype=pl.String)
        wanted = id_text(pl.Series("id", outside_ids)).to_frame("id")
        return wanted.join(self._columns, on="id", how="left", maintain_order="left")["idx"].fill_null(-1).to_numpy()

    @cached_property
    def _columns(self) -> pl.DataFrame:
        ids = id_text(self.items["item_id"]).to_frame("id").with_columns(idx=pl.int_range(len(self), dtype=pl.Int64))
        return ids.unique("id", keep="first", maintain_order=True)

    @cached_property
    def other_titles(self) -> pl.DataFrame:
        """item_idx Int64, title: what else items are called, a row each."""
        if self.items.schema.get(ALSO) != pl.List(pl.String):
            return pl.DataFrame(schema={"item_idx": pl.Int64, "title": pl.String})
        names = self.items.select(pl.int_range(pl.len(), dtype=pl.Int64).alias("item_idx"), title=ALSO)
        return names.explode("title").filter(pl.col("title").str.strip_chars() != "")

    @cached_property
    def people_columns(self) -> list[str]:
        """Who made the items, as far as the table tells."""
        return [name for name in PEOPLE if self.items.schema.get(name) in (pl.String, pl.List(pl.String))]

    @property
    def kind(self) -> str | None:
        """What the items are, such as "films", as far as the table tells."""
        return PEOPLE[self.people_columns[0]] if self.people_columns else None

    @cached_property
    def _forms(self) -> pl.DataFrame:
        """idx, form, short (without parentheses), n_users; the most chosen first: ties need no further thought."""
        titles = pl.concat([_numbered(self.items["title"]), self.other_titles])
        return self._by_popularity(titles, short=normal_form(without_parentheses(titles["title"])))

    @cached_property
    def _people(self) -> pl.DataFrame:
        """The same of the people behind the items, a row for each of them."""
        columns = [_numbered(self.items[name]) for name in self.people_columns]
        names = pl.concat(
            [table.explode("title") if table.schema["title"] == pl.List(pl.String) else table for table in columns]
        )
        return self._by_popularity(names, short=normal_form(names["title"]))

    def _by_popularity(self, names: pl.DataFrame, short: pl.Series) -> pl.DataFrame:
        n_users = self.items["n_users"].gather(names["item_idx"])
        forms = pl.DataFrame(
            {"idx": names["item_idx"], "form": normal_form(names["title"]), "short": short, "n_users": n_users}
        )
        return forms.drop_nulls("form").sort("n_users", descending=True, maintain_order=True)

    @cached_property
    def _form_list(self) -> list[str]:
        return self._forms["form"].to_list()

    def _resembling(self, query: str) -> list[int]:
        """By the stretch of the title that looks most like the query; titles much shorter than it are out."""
        if len(query) < FUZZY_LETTERS:
            return []
        scorer, cutoff = fuzz.partial_ratio, FUZZY_CUTOFF
        scores = process.cdist([query], self._form_list, scorer=scorer, score_cutoff=cutoff, dtype=np.float32)[0]
        scores[self._forms["form"].str.len_chars().to_numpy() < len(query) - FUZZY_SHORTER] = 0.0
        best = np.argsort(-scores, kind="stable")  # stable: among equals the most chosen stays first
        return self._forms["idx"].gather(best[scores[best] > 0]).unique(maintain_order=True).to_list()


def _numbered(titles: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({"item_idx": pl.int_range(len(titles), dtype=pl.Int64, eager=True), "title": titles})


def _fitting(query: str, forms: pl.DataFrame) -> list[int]:
    """Columns whose form fits what was typed, each once, best first."""
    form, padded = pl.col("form"), " " + pl.col("form")
    every_word = pl.all_horizontal(padded.str.contains(" " + word, literal=True) for word in query.split(" ") if word)
    tier = (
        pl.when((form == query) | (pl.col("short") == query)).then(0)
        .when(form.str.starts_with(query)).then(1)
        .when(padded.str.contains(" " + query, literal=True)).then(2)
        .when(every_word).then(3)
    )  # fmt: skip
    found = forms.select("idx", tier=tier).drop_nulls("tier").sort("tier", maintain_order=True)
    return found["idx"].unique(maintain_order=True).to_list()


def find_items_beside(path: Path) -> Path | None:
    """items.parquet or items.csv in the folder of an interactions file (not that file itself)."""
    beside = (path.parent / name for name in ITEMS_FILES)
    return next((file for file in beside if file.is_file() and file != path), None)
