"""A newcomer's first two minutes, over the films that come with the code."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Visitor, _visit, serving
from tests.browser.test_app import upload
from tests.conftest import CHECKOUT

LETTERBOXD = b"""Date,Name,Year,Letterboxd URI,Rating
2024-01-01,The Matrix,1999,https://boxd.it/a,4.5
2024-01-02,Am\xc3\xa9lie,2001,https://boxd.it/b,5
2024-01-03,Titanic,1997,https://boxd.it/c,1.5
2024-01-04,A Film That Nobody Made,2023,https://boxd.it/d,4
"""


@pytest.fixture
def newcomer(browser: Browser, tmp_path) -> Iterator[Visitor]:
    with serving(CHECKOUT / "zoo-data", tmp_path / "log.txt") as address:
        yield from _visit(browser, address, {"width": 1280, "height": 900})


def test_a_newcomer_sees_films_tries_a_taste_compares_reads_the_zoo_and_brings_an_export(newcomer):
    page = newcomer.page
    expect(page.get_by_text("simulated viewers").first).to_be_visible()
    page.locator(".sample").first.click()
    expect(page.locator(".rank")).to_have_count(20)
    newcomer.like("spirited away")
    expect(page.locator(".card .title", has_text="Spirited Away")).to_have_count(0)

    newcomer.go("Compare")
    expect(page.locator(".list")).to_have_count(4)
    expect(page.locator(".overlap .lead")).to_contain_text(re.compile(r"share \d+ of 20 items"))

    newcomer.go("Zoo")
    expect(page.locator(".modelcard").filter(has_text="Mult-VAE")).to_contain_text(
        re.compile(r"0\.\d{3} \[0\.\d{3}, 0\.\d{3}\]")
    )

    newcomer.go("Bring")
    upload(page, "ratings.csv", LETTERBOXD)
    page.get_by_text("Letterboxd").first.wait_for()
    expect(page.get_by_text(re.compile("3 of 4 rows matched"))).to_be_visible()
    page.get_by_role("button", name="Use as my taste").click()
    page.get_by_role("heading", name="Recommend", level=1).wait_for()  # the button leads there
    newcomer.chip("Matrix").wait_for()
    expect(page.locator(".taste .chip.like")).to_have_count(2)
    expect(page.locator(".taste .chip.dislike")).to_contain_text("Titanic")
