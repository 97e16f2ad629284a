"""Why an item is in a list, in a real browser: the line on its card, the dialog behind it, and the way back."""

import re

from playwright.sync_api import expect


def test_a_card_says_because_of_what_and_opens_all_of_it_by_keyboard_until_back(visitor):
    page = visitor.page
    for text in ("amber harb", "paper signal"):
        visitor.like(text)
        expect(page.locator(".list .card .title", has_text=re.compile(text, re.I))).to_have_count(0)
    visitor.settle()  # the list followed
    card = page.locator(".list .card").first
    expect(card.locator(".because")).to_have_text(re.compile("^because you had "))
    expect(card.locator(".because")).to_have_attribute("title", re.compile(r"\+[\d.]+, of a score of −?[\d.]+\.$"))
    title = card.locator(".title").text_content()
    why = card.get_by_role("button", name=f"Why {title}?")
    why.focus()
    page.keyboard.press("Enter")

    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(re.compile(r"rank 1 of \d+"))
    expect(dialog.locator(".js-plotly-plot .bars .point")).to_have_count(2)
    expect(page).to_have_url(re.compile("why=.*whose="))
    dialog.get_by_role("button", name="What would let it leave the first 10?").click()
    expect(dialog).to_contain_text("What would change it?")
    expect(page).to_have_url(re.compile("turn=on"))

    page.reload()
    expect(dialog).to_contain_text("What would change it?")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page).not_to_have_url(re.compile("why="))
    page.go_back()
    expect(dialog).to_contain_text("What would change it?")


def test_on_a_phone_the_dialog_fits_and_back_closes_it(phone):
    page = phone.page
    phone.like("amber harb")
    phone.settle()
    page.locator(".list .card").first.get_by_role("button", name=re.compile("^Why")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".js-plotly-plot .bars .point")).to_have_count(1)
    box = dialog.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert phone.overflow == []
    page.go_back()
    expect(dialog).to_have_count(0)
    expect(page.locator(".list .because").first).to_have_text(re.compile("^because you had "))
