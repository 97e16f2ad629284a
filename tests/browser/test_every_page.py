"""Every page of the navigation, whoever wrote it: no request leaves, Back leads back, a link can be copied, and what
strangers call their items breaks nothing."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import PHONE, Visitor, _visit, serving
from tests.hostile import MARKUP, TITLES, renamed
from tests.navigation import Place, places

TASTE = "data=tiny&like=100,106,103"
VIEWS = {"catalogue": "of=item&item=100", "segments": "a=ease&b=popularity"}  # where titles show only when asked for
ENTERED = """() => {
    const roots = [document, ...[...document.querySelectorAll("*")].map((one) => one.shadowRoot).filter(Boolean)]
    const found = roots.flatMap((root) => [...root.querySelectorAll("script, img[src=x], a[href*=elsewhere]")])
    const strange = found.filter((one) => one.localName !== "script" || one.textContent.includes("pwned"))
    return {pwned: window.pwned ?? 0, strange: strange.map((one) => one.outerHTML.slice(0, 200))}
}"""


def heading(visitor: Visitor, place: Place):
    return visitor.page.get_by_role("heading", name=re.compile(rf"^{re.escape(place.title)}\??$"), level=1)


def test_walking_through_all_pages_asks_no_other_host_and_back_and_forward_retrace_it(visitor):
    page, walk = visitor.page, places()
    for place in walk[1:]:
        visitor.go(place.title)
        expect(page).to_have_url(re.compile(rf"/{place.path}\?.*data=tiny"))
        expect(page).to_have_title(f"{place.title} · Menagerie")  # as history and bookmarks name it
        expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)
    for place in walk[-2::-1]:
        page.go_back()
        heading(visitor, place).wait_for()
    for place in walk[1:]:
        page.go_forward()
        heading(visitor, place).wait_for()
    assert visitor.foreign == []
    assert visitor.errors == []


@pytest.mark.parametrize("place", places(), ids=str)
def test_a_link_is_copied_on_every_page_and_opens_it_again(visitor, place):
    page = visitor.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.like("amber harb")
    expect(page).to_have_url(re.compile("like=100"))
    if place.path:
        visitor.go(place.title)
    expect(page).to_have_url(re.compile(rf"/{place.path}\?.*like=100"))
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Copied: whoever opens the link sees this view.")).to_be_visible()
    link = page.evaluate("() => navigator.clipboard.readText()")
    assert link == page.url
    page.keyboard.press("Escape")
    expect(page.get_by_text("Copied: whoever opens the link sees this view.")).to_have_count(0)
    page.goto("about:blank")
    page.goto(link)
    heading(visitor, place).wait_for()
    expect(page.get_by_text("Not everything in this link")).to_have_count(0)


@pytest.fixture(scope="module")
def pocket(browser: Browser, tiny_zoo, tmp_path_factory) -> Iterator[Visitor]:
    """A phone, over items with the names that strangers give them."""
    folder = tmp_path_factory.mktemp("hostile")
    options = {"has_touch": True, "is_mobile": True, "user_agent": PHONE}
    with serving(renamed(tiny_zoo, folder), folder / "log.txt") as address:
        yield from _visit(browser, address, {"width": 390, "height": 844}, **options)


@pytest.mark.parametrize("place", places(), ids=str)
def test_names_of_strangers_are_text_and_make_no_page_wider_than_a_phone(pocket, place):
    page = pocket.page
    root = page.url.partition("/")[0] + "//" + page.url.split("/")[2]
    page.goto(f"{root}/{place.path}?{TASTE}&{VIEWS.get(place.path, '')}")
    heading(pocket, place).wait_for()
    pocket.settle()
    assert page.evaluate(ENTERED) == {"pwned": 0, "strange": []}
    assert pocket.overflow == []


def test_a_name_is_shown_letter_by_letter(pocket):
    page = pocket.page
    root = page.url.partition("/")[0] + "//" + page.url.split("/")[2]
    page.goto(f"{root}/?{TASTE}")
    expect(page.locator(".rank").first).to_be_visible()
    shown = {*page.locator(".card .title").all_text_contents(), *page.locator(".chip-title").all_text_contents()}
    assert MARKUP in shown
    assert shown & {TITLES[4], TITLES[5]}
