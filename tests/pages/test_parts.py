"""What pages share, piece by piece."""

import io
import tomllib
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pages.parts import colours
from pages.parts.downloads import parquet, safe_csv
from pages.parts.frame import escape
from pages.parts.items import Labels, decade_text, readable, year_text
from pages.parts.state import Visit
from tests.sight import contrast
from zoo.catalogue import Catalogue

CHECKOUT = Path(__file__).resolve().parents[2]
THEME = tomllib.loads((CHECKOUT / ".streamlit" / "config.toml").read_text())["theme"]


@pytest.mark.parametrize("family", colours.FAMILIES)
def test_every_shade_of_a_model_stands_out_from_the_page(family):
    _, light, dark = colours.FAMILIES[family]
    assert min(contrast(shade, THEME["light"]["backgroundColor"]) for shade in light) >= 3
    assert min(contrast(shade, THEME["dark"]["backgroundColor"]) for shade in dark) >= 3
    assert len(set(light)) == len(light) == len(set(dark))


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_can_be_read_on_every_ground(mode):
    colours_of = THEME[mode]
    for ground in ("backgroundColor", "secondaryBackgroundColor"):
        assert contrast(colours_of["textColor"], colours_of[ground]) >= 7
        assert contrast(colours_of["linkColor"], colours_of[ground]) >= 4.5
    assert contrast("#FFFFFF", colours_of["primaryColor"]) >= 4.5


def test_families_have_shapes_of_their_own():
    shapes = [shape for shape, *_ in colours.FAMILIES.values()]
    assert len(set(shapes)) == len(shapes)


def test_a_model_nobody_knows_has_a_colour_and_keeps_it():
    look = colours.of_model("brand_new", "two-tower")
    assert look == colours.of_model("brand_new", "two-tower")
    assert look["colour"][0] in colours.FAMILIES["two-tower"][1]


def test_the_app_sends_no_statistics_anywhere():
    config = tomllib.loads((CHECKOUT / ".streamlit" / "config.toml").read_text())
    assert config["browser"]["gatherUsageStats"] is False
    assert "http" not in (CHECKOUT / ".streamlit" / "config.toml").read_text()


def test_no_component_writes_markup_or_names_another_host():
    for script in (CHECKOUT / "pages" / "parts" / "web").glob("*.js"):
        text = script.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not any(
            way in text for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "http")
        )


def test_text_that_a_spreadsheet_would_run_is_guarded_in_csv_and_kept_in_parquet():
    titles = ["=1+1", "+cmd", "-2", "@SUM(A1)", "\t=1", "  =1", "\r=1", "Alien", "8½", None, "a=b"]
    table = pl.DataFrame({"title": titles, "score": [-1.0] * len(titles)})
    back = pl.read_csv(io.BytesIO(safe_csv(table)))
    assert [text for text in back["title"] if text and text.startswith("'")] == [f"'{text}" for text in titles[:7]]
    assert back["title"].to_list()[7:9] == ["Alien", "8½"]
    assert back["score"].to_list() == [-1.0] * len(titles)
    assert pl.read_parquet(io.BytesIO(parquet(table)))["title"].to_list() == titles


def test_markdown_of_strangers_is_shown_as_it_was_written():
    assert escape("[a](b) <i> :red[x] $1$ www.x.org") == r"\[a\]\(b\) \<i\> \:red\[x\] \$1\$ www\.x\.org"


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Matrix, The", ("The Matrix", None)),
        ("Seven (a.k.a. Se7en)", ("Seven", "a.k.a. Se7en")),
        ("Avventura, L' (Adventure, The)", ("L'Avventura", "The Adventure")),
        ("Good, the Bad and the Ugly, The", ("The Good, the Bad and the Ugly", None)),
        ("The Hunger Games (The Hunger Games, #1)", ("The Hunger Games", "The Hunger Games, #1")),
        ("Me, Myself & Irene", ("Me, Myself & Irene", None)),
        ("(500) Days of Summer", ("(500) Days of Summer", None)),
    ],
)
def test_titles_are_shown_as_one_says_them(title, shown):
    assert readable(title) == shown


def test_years_before_christ_and_old_decades_have_words():
    assert (year_text(-750), year_text(1994), year_text(None)) == ("750 BC", "1994", None)
    assert (decade_text(1994), decade_text(1813), decade_text(1595), decade_text(-750)) == (
        "1990s",
        "1810s",
        "16th c.",
        "BC",
    )


def catalogue(titles: list[str] | None, genres: list[list[str]] | None = None) -> Catalogue:
    ids = pl.Series("item_id", [7, 8, 9])
    table = (
        None if titles is None else pl.DataFrame({"item_id": ids, "title": titles, "genres": genres or [[], [], []]})
    )
    return Catalogue.build(ids, table, np.array([5, 1, 3]))


def test_items_without_titles_are_called_by_their_id():
    labels = Labels(catalogue(None))
    assert labels.card(1)["title"] == "Item 8"
    assert not labels.named
    assert labels.starters == [0, 2, 1]


def test_a_poster_follows_the_rarest_of_the_frequent_genres():
    labels = Labels(catalogue(["A", "B", "C"], [["Drama"], ["Drama", "War"], []]))
    assert [labels.card(idx)["genre"] for idx in range(3)] == ["Drama", "War", None]
    assert labels.card(1)["ground"] != labels.card(0)["ground"]
    assert labels.card(2)["art"].startswith("<svg ")


def test_a_verdict_replaces_the_other_one_and_can_be_taken_back():
    visit = Visit(likes=(1, 2)).judged(2, "dislike").judged(3, "like")
    assert (visit.likes, visit.dislikes) == ((1, 3), (2,))
    assert visit.judged(2, "forget").dislikes == ()
    assert (visit.verdict(3), visit.verdict(2), visit.verdict(9)) == ("like", "dislike", None)
