"""The pages that decide, in a real browser: pin, drag, bring, follow, take home, and open the link again."""

import csv
import io
import re

import polars as pl
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import place_of
from tests.browser.test_app import upload
from zoo.registry import Zoo


def leaderboard(visitor) -> Page:
    visitor.go("Leaderboard")
    visitor.page.locator(".board .cell").first.wait_for()
    return visitor.page


def segments(visitor, query: str) -> Page:
    """The page at this address, in a session of its own."""
    page = visitor.page
    page.goto(f"{page.url.split('/', 3)[0]}//{page.url.split('/')[2]}/segments?{query}")
    page.locator(".people .person").first.wait_for()
    visitor.settle()
    return page


def query(page: Page) -> str:
    return page.url.partition("?")[2]


def test_a_pinned_baseline_turns_figures_into_differences_and_back(visitor):
    page = leaderboard(visitor)
    figure = page.get_by_role("button", name=re.compile(r"^PureSVD, nDCG@100"))
    before = figure.locator(".mean").text_content()
    page.get_by_role("button", name="Compare with Popularity").click()
    expect(figure.locator(".mean")).to_have_text(re.compile(r"^[+−]\d\.\d{4}$"))
    expect(page.locator(".pinned")).to_contain_text("Popularity")
    expect(page).to_have_url(re.compile(r"baseline=popularity"))
    page.reload()
    expect(figure.locator(".mean")).to_have_text(re.compile(r"^[+−]\d\.\d{4}$"))
    page.get_by_role("button", name="Compare with Popularity").click()
    expect(figure.locator(".mean")).to_have_text(before)
    expect(page).not_to_have_url(re.compile("baseline"))
    page.go_back()
    expect(page.locator(".pinned")).to_contain_text("Popularity")


def test_every_two_compared_sort_by_any_head_and_a_row_leads_to_its_users(visitor):
    page = leaderboard(visitor)
    page.get_by_text("Every two compared", exact=True).click()
    table = page.locator(".pairs table")
    head = table.get_by_role("columnheader", name=re.compile("^Difference"))
    expect(head).to_have_attribute("aria-sort", "none")
    names = table.locator("tbody th .who").all_text_contents()
    differences = []
    for way in ("descending", "ascending"):
        head.get_by_role("button").click()
        expect(head).to_have_attribute("aria-sort", way)
        differences.append([float(text.replace("−", "-")) for text in table.locator(".mean").all_text_contents()])
    assert differences[0] == sorted(differences[0], reverse=True)
    assert differences[1] == sorted(differences[1])
    assert len(set(differences[0])) > 10
    first = table.get_by_role("columnheader", name="First").get_by_role("button")
    first.click()
    assert table.locator("tbody th .who").all_text_contents() == sorted(names, key=str.casefold)
    expect(first).to_be_focused()  # it was drawn anew
    row = table.get_by_role("button", name=re.compile(r"^EASE minus Popularity: .* Who are these users\?$"))
    row.focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Segments", level=1).wait_for()
    expect(page).to_have_url(re.compile(r"(?=.*\ba=ease\b)(?=.*\bb=popularity\b)"))
    page.go_back()
    expect(page).to_have_url(re.compile("pairs=ndcg_at_100"))
    expect(row).to_be_in_viewport()
    expect(table.get_by_role("columnheader", name="First")).to_have_attribute(
        "aria-sort", "ascending"
    )  # as it was left
    page.get_by_test_id("stExpander").filter(has=table).get_by_text("Recall@20", exact=True).first.click()
    expect(page).to_have_url(re.compile("pairs=recall_at_20"))
    expect(table.get_by_role("columnheader", name="First")).to_have_attribute("aria-sort", "ascending")
    page.locator(".pairs tbody tr").first.click(position={"x": 5, "y": 5})  # anywhere in it
    page.get_by_role("heading", name="Segments", level=1).wait_for()
    page.go_back()
    page.locator(".pairs tbody tr").first.wait_for()
    page.get_by_text("Every two compared", exact=True).click()
    expect(page.locator(".pairs")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("pairs="))


def test_a_number_is_followed_to_its_users_down_to_one_persons_lists(visitor):
    page = leaderboard(visitor)
    cell = page.get_by_role("button", name=re.compile(r"^EASE, Recall@20"))
    cell.focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Segments", level=1).wait_for()
    expect(page.locator(".people .person").first).to_be_visible()
    expect(page).to_have_url(re.compile("metric=recall_at_20"))
    person = page.locator(".people .person").last
    name = person.locator(".title").text_content()
    person.click()
    page.get_by_role("heading", name=name, level=2).wait_for()
    expect(page.locator(".list")).to_have_count(2)  # the history, and the list of EASE
    expect(page.locator(".list").last.locator(".list-head")).to_contain_text(re.compile(r"found \d+ of \d+ hidden"))
    page.go_back()
    expect(page.locator(".list")).to_have_count(0)


def test_a_range_dragged_on_the_histogram_keeps_its_users_and_the_link_keeps_the_range(visitor):
    page = segments(visitor, "data=tiny&a=ease&b=popularity")
    everybody = page.locator(".people .person").count()
    chart = page.locator(".js-plotly-plot").nth(1)
    bars = chart.locator(".bars .point path")
    expect(bars.first).to_be_attached()
    chart.scroll_into_view_if_needed()
    visitor.settle()
    plot = place_of(chart.locator(".nsewdrag"))
    page.mouse.move(plot["x"] + plot["width"] * 0.55, plot["y"] + plot["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(plot["x"] + plot["width"] - 2, plot["y"] + plot["height"] * 0.6, steps=8)
    page.mouse.up()
    expect(page).to_have_url(re.compile("range="))
    said = page.get_by_text(re.compile(r"\d+ of \d+ users lie between"))
    expect(said).not_to_contain_text(f"{everybody} of {everybody} users")
    inside = int(re.match(r"(\d+) of", said.text_content())[1])
    assert 0 < inside < everybody
    expect(page.locator(".people .person")).to_have_count(inside)
    differences = [text.replace("−", "-") for text in page.locator(".person .value:last-child").all_text_contents()]
    assert all(float(text) > 0 for text in differences)  # to the right of the middle: EASE is ahead
    shown = page.locator(".people .person .title").all_text_contents()
    page.reload()
    expect(page.locator(".people .person")).to_have_count(inside)
    assert page.locator(".people .person .title").all_text_contents() == shown
    page.get_by_role("button", name="Everybody again").click()
    expect(page.locator(".people .person")).to_have_count(everybody)


def test_a_mark_of_a_group_leads_to_the_users_of_that_group(visitor):
    page = segments(visitor, "data=tiny&a=ease")
    mark = page.locator(".js-plotly-plot").first.locator(".scatterlayer .point").first
    mark.wait_for()
    visitor.settle()
    box = place_of(mark)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page).to_have_url(re.compile("group="))


def test_an_incumbent_is_brought_compared_and_forgotten(visitor, tiny_zoo):
    page = leaderboard(visitor)
    page.get_by_text("Bring the lists of the system in use today").click()
    upload(page, "today.csv", lists(tiny_zoo))
    row = page.locator(".board tbody tr", has_text="Incumbent")
    expect(row).to_be_visible()
    page.get_by_role("button", name="Compare with Incumbent").click()
    expect(page.locator(".pinned")).to_contain_text("Incumbent")
    expect(page.get_by_role("button", name=re.compile(r"^EASE, Recall@20"))).to_contain_text("not told apart")
    page.get_by_role("button", name=re.compile(r"^Popularity, Recall@20")).click()
    page.get_by_role("heading", name="Segments", level=1).wait_for()
    expect(page.locator(".people .heads")).to_contain_text("Incumbent")
    visitor.go("Leaderboard")
    page.get_by_text("Bring the lists of the system in use today").click()
    page.get_by_role("button", name="Forget these lists").click()
    expect(row).to_have_count(0)


def lists(zoo) -> bytes:
    """Those of EASE, as another system would write them."""
    data = Zoo(zoo).dataset("tiny")
    with data.model("ease") as folder:
        table = pl.read_parquet(folder.path / "lists.parquet").with_columns(pl.col("ranked").arr.to_list())
    rows = table.explode("ranked").filter(pl.col("ranked") >= 0)
    items = data.catalogue.items["item_id"].gather(rows["ranked"].cast(pl.Int64))
    users = data.users["user_id"].gather(rows["user_idx"].cast(pl.Int64))
    return pl.DataFrame({"user": users, "item": items}).write_csv().encode()


@pytest.mark.parametrize("kind", ["CSV", "Parquet", "Markdown"])
def test_figures_are_taken_home(visitor, kind):
    page = leaderboard(visitor)
    models = page.locator(".board tbody tr").count()
    page.get_by_role("button", name="Download figures").click()
    with page.expect_download() as download:
        page.get_by_role("button", name=kind, exact=True).click()
    content = download.value.path().read_bytes()
    if kind == "Markdown":
        assert content.decode().startswith("| model | title | metric |")
        return
    rows = (
        pl.read_parquet(io.BytesIO(content)).to_dicts()
        if kind == "Parquet"
        else list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    )
    assert len({row["model"] for row in rows}) == models
    assert {row["metric"] for row in rows} >= {"ndcg_at_100", "recall_at_20", "coverage_at_20"}


def test_an_item_leads_to_whom_it_is_shown_and_they_to_their_lists(visitor):
    page = visitor.page
    visitor.go("Catalogue")
    page.get_by_text("An item", exact=True).click()
    box = page.get_by_role("combobox", name="Find an item of the catalogue")
    box.fill("cafe zur")
    expect(page.get_by_role("option")).to_contain_text(["Café Zürich"])
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Café Zürich").wait_for()
    expect(page).to_have_url(re.compile("item="))
    person = page.locator(".shelf .person", has_text="Café Zürich").first  # not of the item that stood there before
    person.wait_for()
    name = person.locator("strong").text_content()
    person.click()
    page.get_by_role("heading", name=name, level=2).wait_for()
    expect(page.locator(".list .title", has_text="Café Zürich").first).to_be_visible()


@pytest.mark.parametrize("name", ["Leaderboard", "Segments", "Catalogue"])
def test_the_pages_fit_a_phone(phone, name):
    phone.go(name)
    ready = {"Leaderboard": ".board .cell", "Segments": ".people .person", "Catalogue": ".shelf tbody tr"}[name]
    phone.page.locator(ready).first.wait_for()
    expect(phone.page.locator(".js-plotly-plot").first).to_be_visible()
    assert phone.overflow == []
