"""What somebody types, in the words of a catalogue."""

import polars as pl
import pytest

from zoo.content import Recipe, grams
from zoo.vocabulary import MOST_LETTERS, Vocabulary, read

ITEMS = pl.DataFrame(
    {
        "item_id": [1, 2, 3],
        "title": ["Slow Horror", "The Horror of Space", "1984"],
        "year": [1970, 1979, 1984],
        "genres": [["Horror"], ["Science Fiction"], ["Drama"]],
        "n_users": [1, 2, 3],
    }
)
WORDS = Vocabulary.of(Recipe.of(ITEMS, 64), ITEMS)


def test_words_are_those_of_every_column_that_is_read_with_how_many_texts_hold_them():
    assert WORDS.words == {
        "horror": 3, "slow": 1, "of": 1, "space": 1, "1984": 1, "science": 1, "fiction": 1, "drama": 1
    }  # fmt: skip
    assert next(iter(WORDS.words)) == "horror"
    assert WORDS.known >= set(grams(["slow horror"])) | {"horror of", "science fiction"}
    assert "slow fiction" not in WORDS.known


def test_a_misspelled_word_is_read_as_the_nearest_one_and_told():
    found = read("slow horrer, HORRER", WORDS)
    assert found.text == "slow horror horror"
    assert found.mended == (("horrer", "horror"),)
    assert not found.unknown


def test_a_word_that_nothing_is_like_is_left_out_and_told_once():
    found = read("xyzzyq horror xyzzyq", WORDS)
    assert (found.text, found.unknown) == ("horror", ("xyzzyq",))


def test_short_words_and_numbers_are_not_mended():
    assert read("slaw", WORDS).unknown == ("slaw",)
    assert read("1985x", WORDS).unknown == ("1985x",)
    assert read("spece", WORDS).text == "space"


def test_what_is_only_a_little_alike_is_another_word():
    assert read("horizon friction", WORDS).unknown == ("horizon",)
    assert read("friction", WORDS).mended == (("friction", "fiction"),)


def test_the_more_frequent_of_two_words_alike_is_meant():
    more = Vocabulary({"canter": 9, "banter": 2}, frozenset())
    assert more.nearest("ranter") == "canter"


@pytest.mark.parametrize(
    ("typed", "years", "text"),
    [
        ("horror from the seventies", (1970, 1979), "horror"),
        ("Horror of the 1970s", (1970, 1979), "horror"),
        ("'70s horror", (1970, 1979), "horror"),
        ("horror 1960 to 1975", (1960, 1975), "horror"),
        ("horror 1975–1960", (1960, 1975), "horror"),
        ("horror in 1971", (1971, 1971), "horror"),
        ("drama of the 1800s", (1800, 1899), "drama"),
        ("drama of the 2000s", (2000, 2009), "drama"),
        ("1984", None, "1984"),
        ("space", None, "space"),
        ("the seventies", (1970, 1979), ""),
    ],
)
def test_years_are_told_apart_from_words(typed, years, text):
    found = read(typed, WORDS)
    assert (found.years, found.text) == (years, text)
    assert bool(found.said) == (years is not None)


@pytest.mark.parametrize("typed", ["", "   ", "!!! ???", "👻🚀", "\x00\x07", "&", "'s"])
def test_what_holds_no_words_is_no_prompt(typed):
    found = read(typed, WORDS)
    assert found.text == ""
    assert found.years is None


def test_other_scripts_and_signs_are_told_and_break_nothing():
    found = read("قصة horror 👻 宇宙 <b>space</b>", WORDS)
    assert found.text == "horror space"
    assert found.unknown == ("قصة", "宇宙", "b")


def test_only_the_first_letters_are_read():
    found = read("horror " * 2000, WORDS)
    assert found.cut
    assert len(found.text) <= MOST_LETTERS
    assert not read("horror " * 100, WORDS).cut
    assert read("x " * MOST_LETTERS + "1970s", WORDS).years is None
    assert read("x" * MOST_LETTERS + " horror", WORDS).text == ""
