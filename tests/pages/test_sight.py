"""Whoever sees colours otherwise, or print without any, tells the models apart and reads every text."""

import importlib
import itertools
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from pages.parts import charts, colours
from tests.sight import SIGHTS, apart, ciede2000, contrast, lab, mixed
from training.table import MODELS

CHECKOUT = Path(__file__).resolve().parents[2]
THEME = tomllib.loads((CHECKOUT / ".streamlit" / "config.toml").read_text("utf-8"))["theme"]
WEB = CHECKOUT / "pages" / "parts" / "web"
MODES = ("light", "dark")
LEAST = {"full": 5, "protanopia": 5, "deuteranopia": 5, "tritanopia": 5, "grey": 2.5}  # CIEDE2000; 1 is barely seen
READABLE = 4.5  # WCAG 2.2, 1.4.3: text
CAPTION = 0.6  # Streamlit's captions: this share of the text's colour
TINT = 0.1  # of the accent, behind what is chosen of several


def looks() -> dict[str, dict]:
    """The mark and the colours of every model that the zoo can train."""
    about = {name: importlib.import_module(module).ABOUT for name, module in MODELS.items()}
    return {name: colours.of_model(name, one.family) for name, one in about.items()}


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [  # Sharma, Wu, Dalal 2005, table 1: pairs 1, 4, 7, 9, 17, 25 and 34
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0000),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.4900, -0.0010), (50, -2.4900, 0.0009), 7.1792),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_distances_are_those_of_the_published_table(one, other, distance):
    assert ciede2000(one, other) == pytest.approx(distance, abs=5e-5)
    assert ciede2000(other, one) == pytest.approx(distance, abs=5e-5)


def test_a_deficiency_leaves_white_black_and_greys_and_confuses_what_it_must():
    for sight in SIGHTS:
        for grey in ("#ffffff", "#808080", "#000000"):
            np.testing.assert_allclose(lab(grey, sight), lab(grey), atol=0.05)
    assert apart("#d01010", "#6f6a00") > 20  # a red and an olive
    assert min(apart("#d01010", "#6f6a00", sight) for sight in ("protanopia", "deuteranopia")) < 12


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("mode", MODES)
def test_any_two_models_are_told_apart_by_colour_or_by_shape(mode, sight):
    at = MODES.index(mode)
    for (one, a), (other, b) in itertools.combinations(looks().items(), 2):
        if a["mark"] == b["mark"]:
            found = apart(a["colour"][at], b["colour"][at], sight)
            assert found >= LEAST[sight], f"{one} and {other} are {found:.1f} apart in {mode}, {sight}"


@pytest.mark.parametrize("sight", SIGHTS)
def test_what_no_model_of_the_zoo_made_has_a_shape_of_its_own(sight):
    assert colours.ELSEWHERE["mark"] not in {look["mark"] for look in looks().values()}
    assert set(charts.SYMBOLS) >= {look["mark"] for look in looks().values()} | {colours.ELSEWHERE["mark"]}


@pytest.mark.parametrize("mode", MODES)
def test_captions_can_be_read_on_every_ground(mode):
    theme = THEME[mode]
    grounds = [theme["backgroundColor"], theme["secondaryBackgroundColor"]]
    grounds += [theme["sidebar"]["backgroundColor"], theme["sidebar"]["secondaryBackgroundColor"]]
    for ground in grounds:
        assert contrast(mixed(theme["textColor"], ground, CAPTION), ground) >= READABLE, ground


@pytest.mark.parametrize("mode", MODES)
def test_the_muted_words_and_the_accent_of_our_components_can_be_read(mode):
    css = (WEB / "base.css").read_text("utf-8")
    stage = re.search(r"\.stage \{(.*?)\}" if mode == "light" else r"\.stage\.dark \{(.*?)\}", css, re.S)[1]
    for name in ("muted", "like"):
        colour = re.search(rf"--{name}: (#[0-9a-f]{{6}})", stage)[1]
        for ground in ("backgroundColor", "secondaryBackgroundColor"):
            assert contrast(colour, THEME[mode][ground]) >= READABLE, (name, ground)


@pytest.mark.parametrize("mode", MODES)
def test_what_is_chosen_of_several_can_be_read_on_its_tint(mode):
    css = (WEB / "page.css").read_text("utf-8")
    colour = re.search(r"light-dark\((#\w{6}), (#\w{6})\)", css)[1 + MODES.index(mode)]
    theme = THEME[mode]
    tint = mixed(theme["primaryColor"], theme["backgroundColor"], TINT)
    assert contrast(colour, tint) >= READABLE
    assert colour.upper() == theme["linkColor"].upper()  # one accent


@pytest.mark.parametrize("mode", MODES)
def test_charts_write_in_the_colours_of_the_page(mode):
    at, ground = MODES.index(mode), THEME[mode]["backgroundColor"]
    assert charts.TEXT[at] == THEME[mode]["textColor"]
    assert charts.GRID[at] == THEME[mode]["borderColor"]
    assert contrast(charts.MUTED[at], ground) >= READABLE
