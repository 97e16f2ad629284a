"""Links, Back, sample tastes, building a comparison and the Zoo page, in a real browser."""

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, expect

from tests.browser.test_app import upload
from training.table import MODELS

MINE = b"title,year\nThe Amber Harbour,1950\nThe Silent Harbour,1951\n"


def said(page) -> dict[str, str]:
    """What the address says now."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def wait_for_address(page, pattern: str) -> None:
    expect(page).to_have_url(re.compile(pattern))


def pressed(page, name: str):
    return page.get_by_role("group", name="Model").get_by_role("button", name=name, pressed=True)


def test_reload_and_a_second_browser_show_the_same(visitor, browser):
    page = visitor.page
    visitor.like("amber harb")
    visitor.dislike("distant riv")
    page.get_by_role("button", name="PureSVD").click()
    pressed(page, "PureSVD").wait_for()
    wait_for_address(page, r"like=100&dislike=220&model=pure_svd")
    titles = visitor.titles("PureSVD")

    page.reload()
    visitor.chip("amber harb").wait_for()
    pressed(page, "PureSVD").wait_for()
    assert visitor.titles("PureSVD") == titles

    other = browser.new_context()
    there = other.new_page()
    there.goto(page.url)
    there.locator(".taste .chip.like", has_text="Amber Harbour").wait_for()
    there.locator(".taste .chip.dislike", has_text="Distant River").wait_for()
    there.locator(".rank").first.wait_for()
    assert there.locator(".card .title").all_text_contents() == titles
    other.close()


def test_back_undoes_a_like_a_model_and_a_page_one_at_a_time_and_forward_does_them_again(visitor):
    page = visitor.page
    visitor.like("amber harb")
    wait_for_address(page, "like=100")
    visitor.like("paper sig")
    wait_for_address(page, "like=100,1")
    page.get_by_role("button", name="PureSVD").click()
    wait_for_address(page, "model=pure_svd")
    visitor.go("Compare")
    wait_for_address(page, "/compare.*like=100,1")

    page.go_back()
    page.get_by_role("heading", name="Recommend", level=1).wait_for()
    pressed(page, "PureSVD").wait_for()
    page.go_back()
    expect(pressed(page, "PureSVD")).to_have_count(0)
    expect(page.locator(".taste .chip.like")).to_have_count(2)
    page.go_back()
    expect(page.locator(".taste .chip.like")).to_have_count(1)
    page.go_back()
    page.get_by_role("heading", name="Begin with something you know").wait_for()

    page.go_forward()
    visitor.chip("amber harb").wait_for()
    page.go_forward()
    expect(page.locator(".taste .chip.like")).to_have_count(2)


def test_back_right_after_a_like_is_not_lost(visitor):
    page = visitor.page
    for _ in range(3):
        visitor.like("amber harb")
        wait_for_address(page, "like=100")
        page.go_back()
        page.get_by_role("heading", name="Begin with something you know").wait_for()
        expect(page.locator(".taste .chip.like")).to_have_count(0)


def test_quick_likes_leave_an_address_that_tells_all_of_them(visitor):
    visitor.like_at_once(5)
    expect(visitor.page.locator(".taste .chip.like")).to_have_count(5)
    wait_for_address(visitor.page, r"like=\d+(,\d+){4}&")


def test_a_hostile_address_gives_a_sentence(visitor, address):
    page = visitor.page
    page.goto(f"{address}/?data=tiny&like=100,<script>alert(1)</script>,{','.join(map(str, range(5000, 15000)))}")
    expect(page.get_by_text("Not everything in this link could be used.")).to_be_visible()
    page.goto(f"{address}/compare?data=%00%ff&models=../..,<b>&k=9e9&who=%22%27&years=1-&%F0%9F=1")
    expect(page.get_by_text("It is about a data set that is not here.")).to_be_visible()
    page.get_by_role("heading", name="Compare", level=1).wait_for()


def test_a_brought_history_enters_the_address_only_after_copy_link_and_its_sentence(visitor, browser):
    page = visitor.page
    visitor.go("Bring")
    upload(page, "mine.csv", MINE)
    page.get_by_role("button", name="Use as my taste").click()
    visitor.chip("amber harb").wait_for()
    wait_for_address(page, "taste=")
    assert "like" not in said(page)
    page.locator(".card").first.get_by_role("button", name=re.compile("^Like")).click()
    expect(page.locator(".taste .chip.like")).to_have_count(3)
    assert "like" not in said(page)

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("The link will hold the ids of 3 items")).to_be_visible()
    assert "like" not in said(page)
    page.get_by_role("button", name="Copy it all the same").click()
    expect(page.get_by_text("Copied: whoever opens the link sees this view.")).to_be_visible()
    wait_for_address(page, "like=")
    link = page.evaluate("() => navigator.clipboard.readText()")

    other = browser.new_context()
    there = other.new_page()
    there.goto(link)
    expect(there.locator(".taste .chip.like")).to_have_count(3)
    expect(there.get_by_text("Not everything in this link")).to_have_count(0)
    other.close()


def test_a_click_on_a_sample_gives_a_taste_and_a_list(visitor):
    page = visitor.page
    page.get_by_role("button", name="Comedy of the 1950s").click()
    expect(page.locator(".taste .chip.like")).to_have_count(5)
    expect(page.locator(".rank")).to_have_count(20)
    page.go_back()
    page.get_by_role("button", name="Comedy of the 1950s").wait_for()


BESIDE_ITS_LIST = """(marks) => marks.filter(
    one => one.getBoundingClientRect().right > one.closest(".list").getBoundingClientRect().right + 1
).map(one => one.textContent)"""


def heads(page) -> list[str]:
    return page.locator(".list h2").all_text_contents()


def test_columns_are_doubled_set_moved_and_removed_by_keyboard(visitor):
    page = visitor.page
    visitor.like("amber harb")
    visitor.compare("AsymmetricSVD", "Popularity", "EASE")
    before = heads(page)
    page.locator(".list").first.locator(".more").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name=f"Double this column: {before[0]}").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".list")).to_have_count(4)
    page.locator(".list").first.get_by_label("Length").select_option("10")
    expect(page.locator(".list").first.locator(".card")).to_have_count(10)
    own = f"{before[0]} · 10 items"
    expect(page.locator(".list h2")).to_have_text([own, *before])
    expect(page.locator(".also").first).to_contain_text("rank")
    assert page.locator(".list .also-one").evaluate_all(BESIDE_ITS_LIST) == []
    right = page.get_by_role("button", name=f"Move right: {own}")
    right.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".list h2")).to_have_text([before[0], own, *before[1:]])
    expect(page.get_by_role("button", name=f"Move right: {own}")).to_be_focused()
    page.go_back()
    expect(page.locator(".list h2")).to_have_text([own, *before])
    page.get_by_role("button", name=f"Settings of this column: {own}").click()
    page.get_by_role("button", name=f"Remove this column: {own}").click()
    expect(page.locator(".list h2")).to_have_text(before)


def test_settings_of_a_column_go_away_by_escape_and_by_a_click_elsewhere(visitor):
    page = visitor.page
    visitor.like("amber harb")
    visitor.go("Compare")
    first, second = (page.locator(".list").nth(n).locator(".more") for n in (0, 1))
    first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".tools-box:visible")).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.locator(".tools-box:visible")).to_have_count(0)
    expect(first).to_be_focused()
    first.click()
    second.click()
    expect(page.locator(".tools-box:visible")).to_have_count(1)
    expect(first).to_have_attribute("aria-expanded", "false")
    page.get_by_role("heading", name="Compare", level=1).click()
    expect(page.locator(".tools-box:visible")).to_have_count(0)


def test_a_column_can_be_dragged_to_another_place(visitor):
    page = visitor.page
    visitor.like("amber harb")
    visitor.compare("Popularity", "EASE", "Mult-VAE")
    first, second, third = heads(page)
    page.locator(".list h2").first.drag_to(page.locator(".list").nth(2).locator("h2"))
    expect(page.locator(".list h2")).to_have_text([second, third, first])


def test_a_model_is_downloaded_from_its_card(visitor):
    page = visitor.page
    visitor.go("Zoo")
    expect(page.locator(".modelcard")).to_have_count(len(MODELS))
    page.get_by_text("How it works, its settings, and the file").nth(1).click()
    page.get_by_text("How it works, its settings, and the file").nth(2).click()
    button = page.get_by_role("button", name=re.compile("^Download ONNX")).locator("visible=true").first
    with page.expect_download() as download:
        button.click()
    assert download.value.suggested_filename.startswith("tiny-")
    assert download.value.path().stat().st_size > 1000


def test_a_chosen_model_is_seen_whole_on_a_phone(phone):
    page = phone.page

    def whole(chip: Locator) -> None:
        box = chip.bounding_box()
        assert box["x"] >= 0, box
        assert box["x"] + box["width"] <= page.viewport_size["width"], box

    phone.like("amber harb")
    chips = page.get_by_role("group", name="Model").get_by_role("button")
    last = chips.last
    expect(chips.and_(page.get_by_role("button", pressed=True))).to_have_count(1)
    whole(page.get_by_role("group", name="Model").get_by_role("button", pressed=True))
    assert last.bounding_box()["x"] > page.viewport_size["width"]  # its row scrolls
    last.click()
    expect(last).to_have_attribute("aria-pressed", "true")
    page.locator(".rank").first.wait_for()
    phone.settle()
    whole(last)
    phone.go("Compare")
    page.locator(".list").nth(1).wait_for()
    phone.settle()
    chosen = page.get_by_role("group", name="Models").get_by_role("button", pressed=True).all()
    assert len(chosen) > 1
    for chip in chosen:
        whole(chip)


def test_the_zoo_page_is_no_wider_than_a_phone(phone):
    phone.go("Zoo")
    phone.page.locator(".modelcard .cost").first.wait_for()
    folds = phone.page.locator("details", has_text="How it works, its settings, and the file")
    expect(folds).to_have_count(len(MODELS))
    for fold in folds.all():  # one after the other: a click while a fold is being made would be lost
        fold.locator("summary").click()
        fold.locator(".katex-display").wait_for()
        fold.locator(".settings").wait_for()
        assert phone.overflow == []


def test_back_after_bringing_a_file_loses_no_taste(visitor):
    """A page that sends its visitor on leaves a step in the history that says nothing."""
    page = visitor.page
    visitor.like("paper sig")
    visitor.go("Bring")
    wait_for_address(page, "/bring.*like=1")
    upload(page, "mine.csv", MINE)
    page.get_by_role("button", name="Add to my taste").click()
    visitor.chip("amber harb").wait_for()
    page.go_back()
    page.get_by_role("heading", name="Bring", level=1).wait_for()
    visitor.go("Recommend")
    expect(visitor.chip("amber harb")).to_be_visible()
    expect(visitor.chip("paper sig")).to_be_visible()


def test_steps_done_faster_than_the_server_answers_are_gone_back_over_one_by_one(visitor):
    page = visitor.page
    visitor.like("amber harb")
    expect(page.locator(".card .title", has_text=re.compile("amber harb", re.I))).to_have_count(
        0
    )  # the list is the new one
    visitor.like_at_once(3)
    for n in (4, 3, 2, 1):
        expect(page.locator(".taste .chip.like")).to_have_count(n)
        expect(page).to_have_url(re.compile(r"like=\d+" + r",\d+" * (n - 1) + r"(&|$)"))
        page.go_back()
    expect(page.locator(".taste .chip.like")).to_have_count(0)


def test_a_change_of_page_right_after_a_click_loses_neither(visitor):
    page = visitor.page
    for name, n in (("Compare", 2), ("Recommend", 4), ("Compare", 6), ("Recommend", 8)):
        visitor.like_at_once(2)
        page.get_by_role("link", name=name, exact=True).click()
        page.get_by_role("heading", name=name, level=1).wait_for()
        expect(page.locator(".taste .chip.like")).to_have_count(n)
        visitor.settle()
