"""What somebody types, in the words of a catalogue: misspelled ones are mended, years are told apart, nothing is
guessed in silence.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

import polars as pl
from rapidfuzz import fuzz, process

from zoo.content import LETTERS, Recipe, grams
from zoo.titles import normal_form

MOST_LETTERS = 1000  # of what is typed; the rest is not read
ALIKE = 80.0  # of 100: "horrer" and "horror" have 83, "slow" and "blow" 75
SHORTEST = 5  # letters; a shorter word that is not known is not mended: "slow" is not "low"
DECADES = {
    name: 1900 + 10 * number
    for number, name in enumerate(
        ("twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties"), 2
    )
}
_LEADING = r"(?:\b(?:from|of|in|during)\s+)?(?:\bthe\s+)?"
_SPAN = re.compile(_LEADING + r"\b([12]\d{3})\s*(?:-|–|to)\s*([12]\d{3})\b", re.IGNORECASE)
_DECADE = re.compile(
    _LEADING + rf"(?:\b([12]\d\d0)['’]?s\b|(?<!\w)['’]?([2-9]0)['’]?s\b|\b({'|'.join(DECADES)})\b)", re.IGNORECASE
)
_YEAR = re.compile(_LEADING + r"\b(1[89]\d\d|20\d\d)\b", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The words of a catalogue's texts, and the grams that item towers read of them."""

    words: dict[str, int]  # word -> texts that hold it, the most frequent first
    known: frozenset[str] = field(repr=False)  # grams (zoo/content.py)

    @classmethod
    def of(cls, recipe: Recipe, items: pl.DataFrame) -> "Vocabulary":
        parts = pl.Series(list(set(chain(*recipe.texts(items)))), dtype=pl.String)
        forms = sorted(set(normal_form(parts, LETTERS).drop_nulls()))
        counts = Counter(word for form in forms for word in set(form.split()))
        known = frozenset(chain.from_iterable(grams([form]) for form in forms))
        return cls(dict(counts.most_common()), known)

    def nearest(self, word: str) -> str | None:
        """The word spelled most like this one, the more frequent among equals; None where none is like it."""
        if len(word) < SHORTEST or not word.isalpha():
            return None
        found = process.extractOne(word, self._list, scorer=fuzz.ratio, score_cutoff=ALIKE)
        return None if found is None else str(found[0])

    @cached_property
    def _list(self) -> list[str]:
        return list(self.words)


@dataclass(frozen=True)
class Reading:
    """What was made of a text."""

    text: str  # known words, in their normal form and in the order in which they were typed; "" where there are none
    mended: tuple[tuple[str, str], ...] = ()  # (as typed, read as)
    unknown: tuple[str, ...] = ()  # left out
    years: tuple[int, int] | None = None  # that it names, both ends included
    said: str = ""  # the words that name the years
    cut: bool = False  # whether it was longer than MOST_LETTERS


def read(typed: str, vocabulary: Vocabulary) -> Reading:
    """What somebody typed, in the words of the catalogue."""
    rest, years, said = _years(typed[:MOST_LETTERS], vocabulary)
    form = normal_form(pl.Series([rest], dtype=pl.String), MOST_LETTERS)[0]
    kept: list[str] = []
    mended: dict[str, str] = {}
    unknown: dict[str, None] = {}
    for word in form.split():
        if word in vocabulary.words:
            kept.append(word)
        elif near := mended.get(word) or vocabulary.nearest(word):
            mended[word] = near
            kept.append(near)
        elif any(letter.isalnum() for letter in word):
            unknown[word] = None
    return Reading(" ".join(kept), tuple(mended.items()), tuple(unknown), years, said, len(typed) > MOST_LETTERS)


def _years(text: str, vocabulary: Vocabulary) -> tuple[str, tuple[int, int] | None, str]:
    """The text without the years that it names, these, and the words that name them. A lone number that is a word of
    the catalogue, such as 1984, stays a word."""
    if match := _SPAN.search(text):
        first, last = sorted((int(match[1]), int(match[2])))
    elif match := _DECADE.search(text):
        long, short, word = match.groups()
        first = int(long) if long else 1900 + int(short) if short else DECADES[word.lower()]
        last = first + (99 if first % 100 == 0 and first < 2000 else 9)  # the 1800s are a century, the 2000s a decade
    elif (match := _YEAR.search(text)) and match[1] not in vocabulary.words:
        first = last = int(match[1])
    else:
        return text, None, ""
    return f"{text[: match.start()]} {text[match.end() :]}", (first, last), match[0].strip()
