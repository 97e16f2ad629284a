"""What an item is, apart from who chose it: its words, its picture, its facts, as the numbers that item towers take.

    text_ids   int64 [N, T]           hashed words, pairs of words and parts of words; 0 = nothing
    picture    uint8 [N, 96, 64, 3]   RGB
    features   float32 [N, F]         year, genres and every other column of numbers or few words
    present    bool [N, 3]            which of the three an item has

A `Recipe` says how; it is made once from the items of training and travels on the model's card, so that a new item, or
a sentence that somebody types, is read as the training items were.

Hashing words into a table of fixed size: Weinberger et al. 2009, arXiv:0902.2206. Parts of words: Bojanowski et al.
2017, arXiv:1607.04606.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice, pairwise
from typing import Literal
from zlib import crc32

import numpy as np
import polars as pl

from zoo.ids import id_text
from zoo.titles import normal_form
from zoo.typed import Typed

KINDS = ("text", "picture", "features")  # the columns of `present`
PICTURE = (96, 64, 3)  # rows, columns, RGB
LETTERS = 2000  # of one part of a text
LONGEST = 256  # ids of one item; what a text has beyond them is not read
N_GENRES = 40  # the most frequent ones become features
WORD_PART = 4  # letters
NOT_CONTENT = ("item_id", "n_users", "year", "genres", "also")  # ids, popularity, what is read by itself, more names
_WORDS_IN_A_CELL = re.compile(r"\w\s+\w")


class Feature(Typed):
    """One column of `features`."""

    column: str  # of the item table
    kind: Literal["number", "known", "holds"]  # a number in standard units; whether there is one; whether `value` is in
    value: str | None = None  # holds: of a list (or alone in its cell)
    mean: float = 0.0  # number: (x - mean) / sd; 0 where it is not known
    sd: float = 1.0


class Recipe(Typed):
    """How items become numbers."""

    text: list[str]  # columns that are read, in this order
    n_buckets: int  # text_ids lie in 1..n_buckets
    features: list[Feature]

    @classmethod
    def of(cls, items: pl.DataFrame, n_buckets: int) -> "Recipe":
        """Reads what these items have: every column of words, every column of numbers that is no id.

        Parameters
        ----------
        items : `Catalogue.items`
        n_buckets : size of the table that words are hashed into
        """
        text = [name for name in items.columns if _is_text(items[name])]
        if "title" in text and bool((items["title"] == id_text(items["item_id"])).all()):
            text.remove("title")  # the id again: no words
        return cls(text=text, n_buckets=n_buckets, features=list(_features(items)))

    def text_ids(self, items: pl.DataFrame) -> np.ndarray:
        """int64 [N, T]; T is the longest text of these items, at most LONGEST. A column that is missing is no text."""
        return self.hashed(self.texts(items))

    def texts(self, items: pl.DataFrame) -> list[list[str]]:
        """What is written of each item, in parts: a title, a description, each entry of a list."""
        columns = [_parts(items[name]) for name in self.text if name in items.columns]
        return [list(chain(*of_item)) for of_item in zip(*columns, strict=True)] or [[]] * items.height

    def hashed(self, texts: Sequence[Sequence[str]], known: Collection[str] | None = None) -> np.ndarray:
        """int64 [N, T] of N texts, each in parts; no pair of words spans two parts.

        known : of `grams`, those that are read; None: all of them
        """
        lengths = [len(text) for text in texts]
        forms = normal_form(pl.Series([part for text in texts for part in text], dtype=pl.String), LETTERS).to_list()
        ends = np.cumsum(lengths)
        parts = [forms[end - length : end] for end, length in zip(ends, lengths, strict=True)]
        bucket = lru_cache(2**18)(lambda gram: 1 + crc32(gram.encode()) % self.n_buckets)  # most of them recur
        rows = [list(islice(map(bucket, _among(known, grams(of))), LONGEST)) for of in parts]
        ids = np.zeros((len(rows), max(map(len, rows), default=0)), dtype=np.int64)
        for row, found in enumerate(rows):
            ids[row, : len(found)] = found
        return ids

    def feature_values(self, items: pl.DataFrame) -> np.ndarray:
        """float32 [N, F]. A column that is missing says nothing: 0."""
        values = np.zeros((items.height, len(self.features)), dtype=np.float32)
        for place, feature in enumerate(self.features):
            if feature.column in items.columns:
                values[:, place] = _values(items[feature.column], feature)
        return values

    def content(self, items: pl.DataFrame, pictures: "Pictures | None" = None) -> "Content":
        """The content of these items, as an item tower takes it."""
        text_ids, features = self.text_ids(items), self.feature_values(items)
        pictures = pictures or Pictures.none(items.height)
        told = [
            (text_ids > 0).any(axis=1) if text_ids.size else np.zeros(items.height, dtype=bool),
            pictures.present,
            (features != 0).any(axis=1) if features.size else np.zeros(items.height, dtype=bool),
        ]
        return Content(text_ids, pictures.pixels, features, np.stack(told, axis=1))


@dataclass(frozen=True)
class Pictures:
    """pixels uint8 [N, 96, 64, 3], black where there is none; present bool [N]; source: where from, for the card."""

    pixels: np.ndarray
    present: np.ndarray
    source: str = "none"

    def part(self, rows: slice) -> "Pictures":
        return Pictures(self.pixels[rows], self.present[rows], self.source)

    @classmethod
    def none(cls, n: int) -> "Pictures":
        """No picture of n items; takes no memory."""
        return cls(np.broadcast_to(np.zeros((1, *PICTURE), dtype=np.uint8), (n, *PICTURE)), np.zeros(n, dtype=bool))


@dataclass(frozen=True)
class Content:
    """N items as an item tower takes them; shapes are those at the top of this file."""

    text_ids: np.ndarray
    picture: np.ndarray
    features: np.ndarray
    present: np.ndarray

    def __len__(self) -> int:
        return len(self.present)

    def part(self, rows: slice | np.ndarray) -> "Content":
        return Content(self.text_ids[rows], self.picture[rows], self.features[rows], self.present[rows])

    def feeds(self) -> dict[str, np.ndarray]:
        """By the names of the graph's inputs."""
        return {
            "text_ids": self.text_ids,
            "picture": np.ascontiguousarray(self.picture),
            "features": self.features,
            "present": self.present,
        }


def grams(parts: Sequence[str]) -> Iterator[str]:
    """Words, pairs of neighbours, and the letters of longer words, four by four; of texts in their normal form.

    >>> list(grams(["slow horror"]))
    ['slow', 'horror', 'slow horror', '#<hor', '#horr', '#orro', '#rror', '#ror>']
    """
    words = [part.split() for part in parts]
    for of_part in words:
        yield from of_part
    for of_part in words:
        yield from (f"{a} {b}" for a, b in pairwise(of_part))
    for word in (word for of_part in words for word in of_part if len(word) > WORD_PART):
        marked = f"<{word}>"
        yield from (f"#{marked[start : start + WORD_PART]}" for start in range(len(marked) - WORD_PART + 1))


def _among(known: Collection[str] | None, found: Iterator[str]) -> Iterator[str]:
    return found if known is None else (gram for gram in found if gram in known)


def _is_text(column: pl.Series) -> bool:
    """Words: lists of them, or cells of several words or that recur. An id, a code or an address is none."""
    if column.name in NOT_CONTENT and column.name != "genres":
        return False
    if column.dtype == pl.List(pl.String):
        return bool(column.list.len().sum())
    if column.dtype != pl.String:
        return False
    cells = column.drop_nulls()
    if cells.is_empty() or cells.str.contains("://", literal=True).mean() > 0.5:  # type: ignore[operator]
        return False
    sample = cells.head(1000)
    in_words = sum(bool(_WORDS_IN_A_CELL.search(cell)) for cell in sample) / len(sample)
    return column.name == "title" or in_words > 0.2 or cells.n_unique() < len(cells) / 4


def _parts(column: pl.Series) -> list[list[str]]:
    """The text of each item in parts: the words of a list stand for themselves."""
    if column.dtype != pl.List(pl.String):
        return [[cell] if cell else [] for cell in column.cast(pl.String).to_list()]
    return [[one for one in cell if one] if cell else [] for cell in column.to_list()]


def _features(items: pl.DataFrame) -> Iterator[Feature]:
    numbers = [name for name in items.columns if name == "year" or _is_measure(items[name])]
    for name in numbers:
        known = _numbers(items[name])
        known = known[np.isfinite(known)]
        if len(known):
            yield Feature(column=name, kind="number", mean=float(known.mean()), sd=float(known.std()) or 1.0)
            yield Feature(column=name, kind="known")
    if "genres" in items.columns:
        counts = items["genres"].explode().drop_nulls().alias("genre").value_counts(name="n")
        for genre in counts.sort(["n", "genre"], descending=[True, False])["genre"].head(N_GENRES):
            yield Feature(column="genres", kind="holds", value=genre)


def _is_measure(column: pl.Series) -> bool:
    """A number that says something of the item; whole numbers that never recur are ids."""
    if column.name in NOT_CONTENT or not column.dtype.is_numeric():
        return False
    known = column.drop_nulls()
    if column.dtype.is_integer():
        return known.n_unique() < 0.9 * len(known) and not column.name.lower().endswith("id")
    return known.n_unique() > 1


def _numbers(column: pl.Series) -> np.ndarray:
    return column.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()


def _values(column: pl.Series, feature: Feature) -> np.ndarray:
    if feature.kind == "holds":
        holds = column.list.contains(feature.value) if column.dtype.is_nested() else column == feature.value
        return holds.fill_null(False).to_numpy().astype(np.float32)
    numbers = _numbers(column)
    if feature.kind == "known":
        return np.isfinite(numbers).astype(np.float32)
    return np.nan_to_num((numbers - feature.mean) / feature.sd).clip(-5, 5).astype(np.float32)
