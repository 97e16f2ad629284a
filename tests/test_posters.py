"""Posters: the same facts give the same picture, on the page and as pixels, and nothing of a title gets into it."""

import hashlib
import re
from collections import defaultdict
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

from zoo.catalogue import Catalogue
from zoo.datasets.films.catalogue import catalogue as films_table
from zoo.drawing import STYLES, style_of
from zoo.drawing.palette import hex_colour, palette
from zoo.posters import Facts, _mirrored, facts_of, pictures, pixels, poster, svg

NAMESPACE = "{http://www.w3.org/2000/svg}"
ODD_FACTS = [
    Facts("1"),
    Facts(""),
    Facts("<script>&\"'", "<b>", 1990, "]]>"),
    Facts("homer", "poetry", -750),
    Facts("later", "Drama", 2150, "Atlantis"),
    Facts("blank", "", 2000, ""),
]


def table(**columns: list) -> Catalogue:
    ids = pl.Series("item_id", range(len(next(iter(columns.values())))))
    frame = pl.DataFrame({"item_id": ids, **columns})
    return Catalogue.build(ids, frame, np.zeros(len(ids)))


@pytest.fixture(scope="module")
def films() -> Catalogue:
    rows = films_table()
    return Catalogue.build(rows["item_id"], rows, np.zeros(rows.height))


def colours(picture: np.ndarray) -> set[tuple[int, ...]]:
    return set(map(tuple, picture.reshape(-1, 3).tolist()))


def test_every_film_has_a_well_formed_svg_of_less_than_1500_bytes_without_text(films):
    for facts in facts_of(films):
        drawn = svg(poster(facts))
        assert len(drawn.encode()) < 1500, facts
        drawn_shapes = drawn.count("<circle") + sum(path.count("M") for path in re.findall(r' d="([^"]*)"', drawn))
        assert drawn_shapes == 1 + len(poster(facts).shapes), facts  # and the ground
        assert all(re.fullmatch(r"-?\d+", number) for number in re.findall(r' (?:cx|cy|r)="([^"]*)"', drawn)), facts
        tags = {node.tag.removeprefix(NAMESPACE) for node in ElementTree.fromstring(drawn).iter()}
        assert tags <= {"svg", "g", "path", "circle"}, facts


@pytest.mark.parametrize("facts", ODD_FACTS, ids=str)
def test_any_facts_give_a_picture_and_none_of_their_text_enters_it(facts):
    picture = poster(facts)
    drawn = svg(picture)
    ElementTree.fromstring(drawn)
    assert set(re.findall(r"#\w+", drawn)) <= {picture.ground, *(shape.fill for shape in picture.shapes)}
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in re.findall(r"#\w+", drawn))
    assert not any(mark in drawn for mark in ("script", "&", "]]", "Atlantis"))
    assert pixels(picture).shape == (96, 64, 3)


def test_one_item_has_one_picture_and_another_item_another():
    facts = Facts("alien-1979", "Horror", 1979, "USA")
    assert svg(poster(facts)) == svg(poster(facts))
    others = {svg(poster(Facts(f"item-{n}", "Horror", 1979, "USA"))) for n in range(40)}
    assert len(others) > 35


def test_pixels_show_what_the_svg_shows():
    picture = poster(Facts("x", "Drama", 1975, "Italy"))
    seen = pixels(picture)
    ground = tuple(int(picture.ground[i : i + 2], 16) for i in (1, 3, 5))
    assert seen.dtype == np.uint8
    fills = {tuple(int(shape.fill[i : i + 2], 16) for i in (1, 3, 5)) for shape in picture.shapes}
    assert colours(seen) & (fills | {ground})
    assert len(colours(seen) & fills) > 1


def test_a_picture_is_the_same_on_every_machine():
    """Models learn from posters: whoever changes the drawing changes their data, and should know."""
    drawn = svg(poster(Facts("seven-samurai-1954", "Action", 1954, "Japan")))
    assert hashlib.sha256(drawn.encode()).hexdigest().startswith("8f56ee0ffeb8d5d5")


def test_hue_follows_the_genre_and_quietness_the_decade():
    def spread(colour: str) -> int:
        rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        return max(rgb) - min(rgb)

    grounds = {genre: palette(genre, "USA", 2000).ground for genre in ("Drama", "Comedy", "Horror", "Science Fiction")}
    assert len(set(grounds.values())) == 4
    assert palette("Sci-Fi", "USA", 2000) == palette("Science Fiction", "USA", 2000)
    assert spread(palette("Horror", None, 1925).ground) < spread(palette("Horror", None, 2015).ground)
    assert spread(palette(None, None, 2000).ground) < 20  # nothing is known: nearly grey


def test_style_follows_the_decade():
    assert [style_of(year) for year in (1902, 1929, 1930, 1999, 2031, -750, None)] == [
        1920, 1920, 1930, 1990, 2020, 1920, None,
    ]  # fmt: skip
    motifs = defaultdict(set)
    for decade, style in STYLES.items():
        for motif in style:
            motifs[motif].add(decade)
    assert all(len(decades) == 1 for decades in motifs.values())


def test_country_gives_the_accent_and_the_side():
    accents = {country: palette("Drama", country, 1990).accent for country in ("USA", "Japan", "Italy", None)}
    assert len(set(accents.values())) == 4
    facts = [Facts("same", "Drama", 1985, country) for country in ("USA", "France", "Japan", "Italy", "UK", "India")]
    shapes = [[shape._replace(fill="") for shape in poster(one).shapes] for one in facts]
    assert 1 < len({repr(one) for one in shapes}) <= 2  # one way round, or the other


def test_mirrored_twice_is_the_same():
    for facts in (Facts(f"i{n}", "Drama", year, None) for n in range(5) for year in range(1925, 2026, 10)):
        for shape in poster(facts).shapes:
            assert _mirrored(_mirrored(shape)) == shape


def test_the_first_genre_stands_for_an_item_unless_all_lists_are_sorted():
    ours = table(genres=[["Drama", "Crime"], ["Crime"], []])
    assert [facts.genre for facts in facts_of(ours)] == ["Drama", "Crime", None]
    theirs = table(genres=[["Crime", "Drama"], ["Drama"], []])
    assert [facts.genre for facts in facts_of(theirs)] == ["Crime", "Drama", None]


def test_a_catalogue_without_titles_years_or_countries_has_calm_posters():
    bare = table(shape=["round", "square"])
    assert [(facts.genre, facts.year, facts.country) for facts in facts_of(bare)] == [(None, None, None)] * 2
    assert pictures(bare).shape == (2, 96, 64, 3)


def test_countries_that_are_text_and_not_lists_are_left_out():
    assert facts_of(table(countries=["Italy", "Spain"]))[0].country is None


def test_lightness_of_a_tint_is_the_same_in_every_hue():
    def luminance(colour: str) -> float:
        rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    white = [1.05 / (luminance(hex_colour(0.46, 0.09, hue)) + 0.05) for hue in range(0, 360, 15)]
    assert min(white) > 4.5  # WCAG AA: a white title can be read on the lightest ground there is
