"""Why lists differ, and the memo, in a real browser: asked for, kept by the address, opened without a network."""

import re

from playwright.sync_api import Browser, expect


def differing(visitor):
    """Two lists side by side, and the switch turned on."""
    visitor.like("amber harb")
    visitor.compare("Popularity", "EASE")
    visitor.page.get_by_text("Why do these lists differ?", exact=True).click()
    flow = visitor.page.locator(".flow")
    flow.locator(".row").first.wait_for()
    return flow


def test_lines_join_what_two_lists_share_and_the_address_brings_them_back(visitor):
    page = visitor.page
    flow = differing(visitor)
    columns = [set(flow.locator(".rows").nth(i).locator(".title").all_text_contents()) for i in (0, 1)]
    lists = [set(page.locator(".list").nth(i).locator(".title").all_text_contents()) for i in (0, 1)]
    assert columns == lists
    shared = len(lists[0] & lists[1])
    expect(flow.locator(".line.all")).to_have_count(shared)
    flow.locator(".row.all").first.hover()
    expect(flow.locator(".row.lit")).to_have_count(2)
    expect(flow.locator(".line.lit")).to_have_count(1)
    expect(page).to_have_url(re.compile("differ=on"))
    page.get_by_role("radio", name="10", exact=True).click()
    expect(flow.locator(".row")).to_have_count(20)
    expect(page).to_have_url(re.compile("ranks=10"))
    page.reload()
    expect(flow.locator(".row")).to_have_count(20)
    page.go_back()
    expect(flow.locator(".row")).to_have_count(40)


def test_lines_fit_a_phone(phone):
    flow = differing(phone)
    expect(flow.locator("tbody tr").first).to_be_visible()
    assert phone.overflow == []


def test_the_memo_opens_without_a_network_and_tells_the_same_lists(visitor, browser: Browser, tmp_path):
    page = visitor.page
    visitor.like("amber harb")
    visitor.compare("Popularity", "EASE")
    expect(page.locator(".list").last.locator(".card").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Memo").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    shown = [page.locator(".list").nth(i).locator(".title").all_text_contents() for i in (0, 1)]
    context = browser.new_context(offline=True, viewport={"width": 900, "height": 700})
    memo, asked = context.new_page(), []
    memo.on("request", lambda request: asked.append(request.url))
    memo.on("console", lambda message: asked.append(message.text))
    memo.goto(file.as_uri())
    expect(memo.get_by_role("heading", level=1)).to_have_text("Popularity and EASE on one taste")
    assert [memo.locator("ol").nth(i).locator("strong").all_text_contents() for i in (0, 1)] == shown
    widths = memo.locator("ol img").evaluate_all("(found) => found.map((one) => one.complete && one.naturalWidth)")
    assert len(widths) == sum(map(len, shown))
    assert all(widths)
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert memo.pdf(format="A4").startswith(b"%PDF")
    memo.set_viewport_size({"width": 390, "height": 844})
    assert memo.evaluate("() => document.documentElement.scrollWidth") == 390
    link = memo.get_by_role("link").get_attribute("href")
    context.close()
    page.goto(link)
    page.locator(".list .card").first.wait_for()
    expect(page.locator(".list")).to_have_count(2)
    assert [page.locator(".list").nth(i).locator(".title").all_text_contents() for i in (0, 1)] == shown
