"""The view as an address: what is written can be read again, and what anybody may type does no harm."""

import string
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.parts.columns import Column
from pages.parts.link import MOST_ITEMS, MOST_LETTERS, TASTE_LETTERS, Link, fitting, read

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
LISTS = st.lists(TEXTS, max_size=8).map(tuple)
YEARS = st.integers(-9999, 9999)
LINKS = st.builds(
    Link,
    data=st.none() | TEXTS,
    like=LISTS,
    dislike=LISTS,
    seen=LISTS,
    taste=st.none() | TEXTS,
    who=st.none() | st.text(max_size=40),
    model=st.none() | TEXTS,
    models=LISTS,
    k=st.none() | st.integers(0, 9999),
    known=st.none() | st.booleans(),
    genres=LISTS,
    years=st.none() | st.tuples(YEARS, YEARS),
)


def query_of(text: str) -> dict[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True))


@given(LINKS)
def test_every_link_is_read_as_it_was_written(link):
    assert read(query_of(link.query())) == (link, [])


@given(LINKS)
def test_an_address_holds_nothing_that_a_browser_would_change(link):
    assert set(link.query()) <= set(string.ascii_letters + string.digits + "-._~,!=%&+")


@given(st.dictionaries(st.sampled_from(["like", "k", "known", "years", "who", "models", "odd"]) | TEXTS, st.text()))
def test_nothing_that_can_be_typed_makes_reading_fail(query):
    link, sentences = read(query)
    assert all(sentence.endswith(".") for sentence in sentences)
    assert query_of(link.query()) is not None


def test_an_address_that_means_something_is_short_and_legible():
    link = Link(data="films", like=("318", "527"), dislike=("2",), model="ease", k=10, years=(1960, 1979))
    assert link.query() == "data=films&like=318,527&dislike=2&model=ease&k=10&years=1960-1979"


def test_ten_thousand_items_are_cut_off_with_a_sentence():
    link, (sentence,) = read({"like": ",".join(map(str, range(10_000)))})
    assert link.like == tuple(str(n) for n in range(10_000 - MOST_ITEMS, 10_000))
    assert sentence == f"It names 10,000 liked items; the last {MOST_ITEMS:,} were taken."


@pytest.mark.parametrize(
    "query",
    [{"k": "many"}, {"k": "-5"}, {"k": "٣"}, {"years": "1999"}, {"known": "maybe"}, {"x": "<script>alert(1)</script>"}],
)
def test_a_setting_that_cannot_be_read_is_told_without_repeating_it(query):
    link, (sentence,) = read(query)
    assert link == Link()
    assert sentence == "1 setting in it could not be read and was left out."


def test_a_word_of_endless_length_is_left_out():
    link, sentences = read({"data": "x" * (MOST_LETTERS + 1), "like": "y" * (MOST_LETTERS + 1)})
    assert link == Link()
    assert len(sentences) == 1


def test_settings_of_the_frame_around_an_app_are_nobodys_mistake():
    assert read({"embed": "true", "embed_options": "dark_theme"}) == (Link(), [])


def test_of_a_taste_too_long_for_an_address_the_latest_stay():
    likes, dislikes = [str(n) for n in range(5000)], [str(n) for n in range(5000, 9000)]
    kept = fitting(likes, dislikes, ["9999"])
    assert kept[2] == []  # what was liked comes first
    assert kept[0] == likes[-len(kept[0]) :]
    assert kept[1] == dislikes[-len(kept[1]) :]
    assert TASTE_LETTERS // 5 < len(",".join(kept[1])) <= TASTE_LETTERS // 4
    assert TASTE_LETTERS * 0.99 < len(",".join(kept[0])) + len(",".join(kept[1])) <= TASTE_LETTERS


@given(st.lists(TEXTS, max_size=20))
def test_a_short_taste_fits_whole_and_a_long_one_within_the_limit(ids):
    likes, _, _ = fitting(ids, [])
    assert likes == ids[len(ids) - len(likes) :]
    assert len(Link(like=tuple(likes)).query()) <= len("like=") + TASTE_LETTERS
    if sum(map(len, ids)) < TASTE_LETTERS / 15:
        assert likes == ids


def test_what_was_merely_seen_takes_the_room_that_is_left():
    likes, seen = [str(n) for n in range(1000, 1010)], [str(n) for n in range(2000, 9000)]
    kept = fitting(likes, [], seen)
    assert kept[0] == likes
    assert kept[2] == seen[-len(kept[2]) :]
    assert TASTE_LETTERS * 0.99 < len(",".join(kept[0])) + len(",".join(kept[2])) <= TASTE_LETTERS


COLUMNS = st.builds(
    Column,
    model=TEXTS,
    k=st.none() | st.sampled_from((5, 10, 20, 30, 50)),
    known=st.sampled_from((None, "hidden", "shown")),
    genre=st.none() | TEXTS,
    years=st.none() | st.tuples(st.integers(0, 9999), st.integers(0, 9999)),
)


@given(COLUMNS)
def test_every_column_is_read_as_it_was_written(column):
    assert Column.read(column.text) == column


@given(st.text())
def test_any_text_is_some_column(text):
    column = Column.read(text)
    assert Column.read(column.text) == column
