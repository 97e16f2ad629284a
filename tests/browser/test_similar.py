"""The Similar page in a real browser: walk from item to item, draw a box on the map, and open the link again."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import place_of


def similar(visitor, query: str) -> Page:
    """The page at this address, in a session of its own."""
    page = visitor.page
    page.goto(f"{page.url.split('/', 3)[0]}//{page.url.split('/')[2]}/similar?{query}")
    page.get_by_role("heading", name="Similar", level=1).wait_for()
    visitor.settle()
    return page


def test_an_item_shows_both_directions_and_leads_on(visitor):
    page = similar(visitor, "data=tiny&item=112&models=ease,asymmetric_svd")
    expect(page.locator(".list")).to_have_count(4)  # two models, both directions
    expect(page.locator(".list-head").last).to_contain_text(re.compile(r"\|S − Sᵀ\| / \|S\| = \d\.\d"))
    title = page.locator(".list .title").first
    name = title.text_content()
    title.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".found h2")).to_have_text(name)
    expect(page).not_to_have_url(re.compile("item=112"))
    expect(page.locator(".list").first.locator(".title").first).not_to_have_text(name)  # the list followed
    titles = page.locator(".list").first.locator(".title").all_text_contents()
    page.reload()
    expect(page.locator(".found h2")).to_have_text(name)
    expect(page.locator(".list").first.locator(".title").first).to_have_text(titles[0])
    page.go_back()
    expect(page.locator(".found h2")).not_to_have_text(name)


def test_a_box_drawn_on_the_map_tells_what_is_in_there_and_the_link_keeps_it(visitor):
    page = similar(visitor, "data=tiny&see=map&under=ease")
    plot = page.locator(".js-plotly-plot .nsewdrag")
    plot.wait_for()
    plot.scroll_into_view_if_needed()
    visitor.settle()
    box = place_of(plot)
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.1)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 4, box["y"] + box["height"] * 0.9, steps=8)
    page.mouse.up()
    expect(page).to_have_url(re.compile("box="))
    head = page.get_by_role("heading", name=re.compile(r"In the box: \d+ of 60 items"))
    head.wait_for()
    said = head.text_content()
    inside = int(re.search(r"box: (\d+)", said)[1])
    assert 0 < inside < 60
    expect(page.locator(".small-card")).to_have_count(inside)
    page.reload()
    expect(page.get_by_role("heading", name=said)).to_be_visible()
    expect(page.locator(".small-card")).to_have_count(inside)
    name = page.locator(".small-card strong").first.text_content()
    page.locator(".small-card").first.click()
    expect(page.locator(".found h2")).to_have_text(name)


def test_the_heat_map_and_the_lists_fit_a_phone(phone):
    page = similar(phone, "data=tiny&see=heat&under=ease")
    page.locator(".js-plotly-plot .heatmaplayer").first.wait_for(state="attached")
    assert phone.overflow == []
    page = similar(phone, "data=tiny&item=112&models=ease,item_knn")
    page.locator(".list .title").first.wait_for()
    assert phone.overflow == []
