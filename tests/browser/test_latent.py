"""The Latent page in a real browser: move, draw, walk, and open the link again."""

import re

import pytest
from playwright.sync_api import Page, expect

TASTE = "data=tiny&like=100,106,112,124"


def latent(visitor, query: str = "") -> Page:
    """The page at this address, in a session of its own."""
    page = visitor.page
    page.goto(f"{page.url.split('/', 3)[0]}//{page.url.split('/')[2]}/latent?{TASTE}{query}")
    page.locator(".list .rank").first.wait_for()
    visitor.settle()
    return page


def titles(page: Page, at: int) -> list[str]:
    return page.locator(".list").nth(at).locator(".card .title").all_text_contents()


def test_drawing_again_gives_another_list_and_the_link_gives_it_back(visitor):
    page = latent(visitor, "&temperature=2.5")
    expect(page.locator(".list")).to_have_count(4)
    expect(page.locator(".katex-display")).to_have_count(1)
    before = titles(page, 1)
    page.get_by_role("button", name="Draw again").click()
    expect(page).to_have_url(re.compile("draw=2"))
    expect(page.locator(".list").nth(1).locator(".card .title")).not_to_have_text(before)
    drawn = titles(page, 1)
    page.reload()
    expect(page.locator(".list").nth(1).locator(".card .title")).to_have_text(drawn)
    page.go_back()
    expect(page.locator(".list").nth(1).locator(".card .title")).to_have_text(before)


def test_a_rank_is_moved_by_keyboard_to_the_end_where_only_the_history_is_left(visitor):
    page = latent(visitor, "&idea=rank")
    published = titles(page, 1)
    expect(page.locator(".list").first.locator(".card .title")).to_have_text(published)
    page.get_by_role("slider", name="Factors K").focus()
    page.keyboard.press("End")
    expect(page).to_have_url(re.compile("factors=60"))
    expect(page.locator(".list").first).to_contain_text("the history is given back")
    expect(page.locator(".js-plotly-plot")).to_be_visible()


@pytest.mark.parametrize("idea", ["Variational", "Denoising", "Rank", "Regularisation", "Two-tower"])
def test_every_idea_fits_a_phone(phone, idea):
    page = latent(phone)
    page.get_by_role("radio", name=idea).or_(page.get_by_role("button", name=idea, exact=True)).first.click()
    if idea != "Variational":
        expect(page).to_have_url(re.compile("idea="))
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    page.locator(".list .rank").first.wait_for()
    assert phone.overflow == []
