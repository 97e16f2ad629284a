"""Words, a picture and a new item in a real browser: asked, seen, and opened again by their link."""

import io
import re

from PIL import Image
from playwright.sync_api import expect

from zoo.pictures import pictures_of
from zoo.registry import Zoo


def prompt(visitor):
    visitor.go("Prompt")
    visitor.page.locator(".sample").first.wait_for()
    return visitor.page


def say(page, text: str) -> None:
    box = page.get_by_role("textbox", name="Say what you are looking for")
    box.fill(text)
    box.press("Enter")
    page.locator(".list .rank").first.wait_for()


def titles(page) -> list[str]:
    return page.locator(".list").first.locator(".card .title").all_text_contents()


def test_words_find_items_without_a_history_and_their_link_finds_them_again(visitor):
    page = prompt(visitor)
    say(page, "silent comedi")
    expect(page.get_by_text("‘comedi’ is in no text of this catalogue; read as ‘comedy’.")).to_be_visible()
    expect(page.locator(".list")).to_have_count(2)  # the towers that read words
    expect(page).to_have_url(re.compile("words=silent%20comedi"))
    found = titles(page)
    page.reload()
    page.locator(".list .rank").first.wait_for()
    assert titles(page) == found
    page.go_back()
    expect(page.locator(".sample").first).to_be_visible()


def test_an_example_is_asked_by_a_click_and_a_taste_stands_beside_it(visitor):
    page = prompt(visitor)
    name = page.locator(".sample > span").nth(1).text_content()  # behind the posters
    page.locator(".sample").first.click()
    page.locator(".list .rank").first.wait_for()
    expect(page.get_by_role("textbox", name="Say what you are looking for")).to_have_value(name)
    visitor.like("amber harb")
    expect(page.locator(".list h2")).to_have_text(["Words", "With taste", "Taste", "Taste"])
    page.get_by_text("How words find items").click()
    expect(page.locator(".katex-display").first).to_be_visible()


def test_a_picture_finds_the_item_whose_poster_it_is(visitor, tiny_zoo):
    page = prompt(visitor)
    catalogue = Zoo(tiny_zoo).dataset("tiny").catalogue
    poster = io.BytesIO()
    Image.fromarray(pictures_of(catalogue, None).pixels[7]).save(poster, "PNG")
    page.get_by_role("button", name="Show a picture").click()
    file = page.locator("input[type=file]")
    file.set_input_files({"name": "poster.png", "mimeType": "image/png", "buffer": poster.getvalue()})
    page.locator(".list .rank").first.wait_for()
    expect(page.locator(".list").first.locator(".card .title").first).to_have_text(catalogue.title(7))
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Take it away").click()
    expect(page.locator(".sample").first).to_be_visible()


def test_a_file_that_is_no_picture_is_refused_in_a_sentence(visitor):
    page = prompt(visitor)
    page.get_by_role("button", name="Show a picture").click()
    file = page.locator("input[type=file]")
    file.set_input_files({"name": "holiday.png", "mimeType": "image/png", "buffer": b"no picture at all"})
    expect(page.get_by_text("is no picture that can be read")).to_be_visible()


def test_a_new_item_is_placed_followed_to_somebody_and_forgotten(visitor):
    visitor.like("amber harb")
    visitor.like("paper sig")
    page = prompt(visitor)
    page.get_by_text("Add an item", exact=True).click()
    page.get_by_label("Title").fill("The Silent Umbrella")
    page.get_by_label("Year").fill("1985")
    page.get_by_role("button", name="Place it in the catalogue").click()
    expect(page.locator(".list")).to_have_count(3)
    expect(page.locator(".list .tag.move")).to_have_count(3)
    expect(page.locator(".list-head").first).to_contain_text(re.compile(r"rank \d+ of \d+"))
    expect(page.locator(".shelf tbody tr")).to_have_count(3)
    person = page.locator(".shelf .person").first
    name = person.locator("strong").text_content()
    person.click()
    page.get_by_role("heading", name=name, level=2).wait_for()
    page.go_back()
    page.get_by_role("button", name="Forget it").click()
    expect(page.locator(".shelf")).to_have_count(0)


def test_the_page_fits_a_phone(phone):
    page = prompt(phone)
    assert phone.overflow == []
    say(page, "silent comedy")
    assert phone.overflow == []
