"""A data set of one's own: from the file to the Leaderboard, through a reload; a stranger sees nothing of it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Visitor, _visit, serving, settle

TRAINING = 120_000  # milliseconds: torch is loaded twice


@pytest.fixture
def own_address(tiny_zoo: Path, tmp_path: Path) -> Iterator[str]:
    """A server whose trainings lie in a folder of this test."""
    with serving(tiny_zoo, tmp_path / "log.txt", TMPDIR=str(tmp_path)) as address:
        yield address


@pytest.fixture
def trainer(browser: Browser, own_address: str) -> Iterator[Visitor]:
    yield from _visit(browser, own_address, {"width": 1280, "height": 900})


@pytest.mark.faults
def test_a_data_set_is_trained_through_a_reload_and_seen_by_nobody_else(trainer, browser, own_address, world):
    page = trainer.page
    trainer.go("Train")
    files = page.locator("input[type=file]")
    files.nth(0).set_input_files(world / "interactions.csv")
    expect(page.get_by_text("3,100 rows read")).to_be_visible()
    page.get_by_role("button", name="Choose models").click()
    page.get_by_role("button", name="EASE", exact=True).wait_for(timeout=TRAINING)
    for name in ("ItemKNN", "PureSVD"):
        page.get_by_role("button", name=name, exact=True).click()
    name = page.get_by_role("textbox", name="Name of the data set")
    name.fill("mine")
    name.press("Tab")
    page.get_by_role("button", name="Train 2 models").click()
    page.get_by_role("heading", name="Training mine").wait_for()
    expect(page).to_have_url(re.compile(r"[?&]job=[\w-]{32}(&|$)"))
    assert trainer.overflow == []

    page.reload()
    page.get_by_role("heading", name="Training mine").wait_for()
    page.get_by_role("button", name="Open the Leaderboard").wait_for(timeout=TRAINING)
    with page.expect_download() as taken:
        page.get_by_role("button", name=re.compile("Download the zoo")).click()
    assert taken.value.suggested_filename == "mine.zip"
    page.get_by_role("button", name="Open the Leaderboard").click()
    page.get_by_role("heading", name="Leaderboard", level=1).wait_for()
    expect(page.locator(".board")).to_contain_text("EASE")
    expect(page.get_by_text("Yours, this session only")).to_be_visible()
    expect(page).to_have_url(re.compile("data=mine&job="))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text(re.compile("^Copied"))).to_be_visible()
    assert "job=" not in page.evaluate("() => navigator.clipboard.readText()")

    page.reload()
    expect(page.get_by_text("Yours, this session only")).to_be_visible()
    stranger = browser.new_context().new_page()
    stranger.goto(f"{own_address}/leaderboard?data=mine")
    expect(stranger.get_by_text("It is about a data set that is not here.")).to_be_visible()
    settle(stranger)
    stranger.get_by_role("combobox", name=re.compile("Data set")).click(delay=100)  # it misses some shorter presses
    expect(stranger.get_by_role("option")).to_have_count(2)
    expect(stranger.get_by_role("option", name=re.compile("mine"))).to_have_count(0)
    stranger.context.close()
