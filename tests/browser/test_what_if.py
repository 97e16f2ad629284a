"""What if? in a real browser: a slider by keyboard, everything that follows it, and the link opened again."""

import re

from playwright.sync_api import Page, expect


def what_if(visitor) -> Page:
    visitor.like("crooked signal")
    visitor.like("paper lantern")
    visitor.go("What if")
    visitor.page.locator(".list .rank").first.wait_for()
    ring(visitor.page).wait_for()
    return visitor.page


def ring(page: Page):
    """The mark of the weight that is set."""
    return page.locator(".js-plotly-plot .scatterlayer .trace").last.locator(".textpoint")


def test_a_slider_moves_list_figures_and_curve_and_the_link_brings_them_back(visitor):
    page = what_if(visitor)
    own = visitor.titles()
    popular = page.get_by_test_id("stMetric").filter(has_text="Popularity@20").get_by_test_id("stMetricValue")
    before = popular.text_content()
    expect(page.get_by_text("own list: nothing is wished of it yet")).to_be_visible()
    slider = page.get_by_role("slider", name="Popularity penalty")
    slider.focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"penalty=0\.4"))
    expect(page.get_by_text(re.compile(r"With popularity penalty 0\.4, .* test users"))).to_be_visible()
    expect(ring(page)).to_have_text("0.4")
    expect(popular).not_to_have_text(before)
    expect(page.locator(".tag.move.up").first).to_be_visible()
    lists = visitor.titles()
    assert lists != own
    figure = popular.text_content()
    page.reload()
    expect(ring(page)).to_have_text("0.4")
    assert visitor.titles() == lists
    expect(popular).to_have_text(figure)
    page.get_by_role("button", name="Back to the original").click()
    expect(page).not_to_have_url(re.compile("penalty"))
    expect(ring(page)).to_have_text("0")
    assert visitor.titles() == own


def test_the_page_fits_a_phone(phone):
    page = what_if(phone)
    expect(page.get_by_text("Each mark is a weight")).to_be_visible()
    assert phone.overflow == []
