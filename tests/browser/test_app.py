"""What people do with the app, in a real browser."""

import csv
import io
import re

from playwright.sync_api import expect

from tests.browser.conftest import serving

ONE = b"title,year\nThe Amber Harbour,1950\nSilent Harbour,1951\nNo Such Thing,1999\n"
MANY = b"userId,movieId\na,100\na,106\nb,103\nb,109\n"


def upload(page, name: str, content: bytes) -> None:
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})


def test_search_like_three_read_dislike_one_and_switch_the_model(visitor):
    page = visitor.page
    for text in ("amber harb", "paper signal", "silent lant"):
        visitor.like(text)
        expect(page.locator(".card .title", has_text=re.compile(text, re.I))).to_have_count(0)
    expect(page.locator(".rank")).to_have_count(20)
    expect(page.locator(".list-head")).to_contain_text(re.compile(r"20 items · CPU.* · [\d.]+ ms"))

    dislike = page.locator(".card").first.get_by_role("button", name=re.compile("^Dislike"))
    label = dislike.evaluate("(button) => { button.click(); return button.ariaLabel }")  # of one list, not of the next
    title = label.removeprefix("Dislike: ")
    expect(page.locator(".taste .chip.dislike")).to_have_count(1)
    expect(page.locator(".taste .chip.dislike")).to_contain_text(title)
    expect(page.locator(".card .title", has_text=title)).to_have_count(0)

    page.get_by_role("button", name="PureSVD").click()
    page.locator(".list").get_by_role("heading", name="PureSVD").wait_for()
    expect(page.locator(".rank")).to_have_count(20)


def test_search_forgives_accents_case_and_articles_and_is_driven_by_the_keyboard(visitor):
    page = visitor.page
    box = page.get_by_role("combobox", name="Find an item by title")
    box.fill("CAFE ZUR")
    expect(page.get_by_role("option")).to_contain_text(["Café Zürich"])
    box.fill("harbour")
    expect(page.get_by_role("option").nth(2)).to_be_visible()
    expect(page.locator(".option.at")).to_contain_text("Harbour")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option").nth(1)).to_have_attribute("aria-selected", "true")
    second = page.get_by_role("option").nth(1).locator("strong").text_content()
    page.keyboard.press("Enter")
    visitor.chip(re.escape(second)).wait_for()
    expect(box).to_be_focused()
    expect(box).to_have_value("")
    box.fill("qqqqqqqq")
    expect(page.get_by_text("Nothing here is called “qqqqqqqq”.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".options")).to_be_hidden()


def test_a_like_on_a_card_joins_the_taste_and_can_be_taken_back(visitor):
    page = visitor.page
    card = page.locator(".card").first
    title = card.locator(".title").text_content()
    card.get_by_role("button", name=re.compile("^Like")).click()
    expect(visitor.chip(re.escape(title))).to_be_visible()
    page.get_by_role("button", name=f"Take back {title} (liked)").click()
    expect(page.get_by_role("heading", name="Begin with something you know")).to_be_visible()
    expect(page.locator(".taste .chip")).to_have_count(0)


def test_a_button_that_is_drawn_anew_while_it_is_pressed_is_clicked_all_the_same(visitor):
    page = visitor.page
    visitor.like("paper sig")
    ease, pure_svd = (page.get_by_role("button", name=name, exact=True) for name in ("EASE", "PureSVD"))
    ease.hover()
    page.mouse.down()
    pure_svd.evaluate("(button) => button.click()")  # all chips are drawn anew
    page.locator(".list").get_by_role("heading", name="PureSVD").wait_for()
    page.mouse.up()
    expect(page.locator(".list").get_by_role("heading", name="EASE")).to_be_visible()
    expect(ease).to_have_attribute("aria-pressed", "true")


def test_titles_of_strangers_are_shown_as_they_are_written(visitor):
    visitor.like("bold")
    expect(visitor.chip("bold")).to_contain_text("<b>Bold</b> & <script>alert('x')</script>")
    assert visitor.page.locator(".taste b, .taste script").count() == 0


def test_the_taste_survives_compare_back_and_forward(visitor):
    page = visitor.page
    visitor.like("amber harb")
    visitor.go("Compare")
    expect(page.locator(".list")).to_have_count(4)  # the best of each family
    visitor.chip("amber harb").wait_for()
    page.go_back()
    page.get_by_role("heading", name="Recommend", level=1).wait_for()
    visitor.chip("amber harb").wait_for()
    page.go_forward()
    page.get_by_role("heading", name="Compare", level=1).wait_for()
    visitor.chip("amber harb").wait_for()


def test_two_models_compared_light_up_the_same_item_in_both_lists(visitor):
    page = visitor.page
    visitor.like("amber harb")
    visitor.compare("Popularity", "EASE")
    left, right = (set(page.locator(".list").nth(i).locator(".title").all_text_contents()) for i in (0, 1))
    expect(page.locator(".overlap .lead")).to_contain_text(f" share {len(left & right)} of 20 items")
    shared = page.locator(".list").first.locator(".card", has=page.locator(".also")).first
    shared.hover()
    expect(page.locator(".card.twin")).to_have_count(2)
    assert len(set(page.locator(".card.twin .title").all_text_contents())) == 1


def test_a_definition_is_shown_on_focus(visitor):
    visitor.like("amber harb")
    visitor.go("Compare")
    visitor.page.get_by_text("How alike, pair by pair").click()
    term = visitor.page.locator(".overlap .term", has_text="Rank-biased overlap")
    term.focus()
    expect(term.get_by_role("tooltip")).to_be_visible()
    expect(term.get_by_role("tooltip")).to_contain_text("the top counted most")


def test_somebody_from_the_data_can_be_looked_at_and_gone_on_from(visitor):
    page = visitor.page
    page.get_by_role("button", name="Somebody from the data").click()
    page.get_by_role("button", name="Surprise me").click()
    expect(page.locator(".list-head")).to_contain_text(re.compile(r"found \d+ of \d+ hidden"))
    expect(page.locator(".card").get_by_role("button", name=re.compile("^Like"))).to_have_count(0)
    page.get_by_role("button", name="Go on from this taste").click()
    expect(page.locator(".taste .chip.like").first).to_be_visible()
    expect(page.locator(".card").get_by_role("button", name=re.compile("^Like")).first).to_be_visible()


def test_a_memory_based_model_explains_itself_and_the_way_out_works(visitor):
    page = visitor.page
    visitor.like("amber harb")
    page.get_by_role("group", name="Model").get_by_role("button", name="Two-tower (id)", exact=True).click()
    expect(page.locator(".problem")).to_contain_text("memory-based")
    page.get_by_role("button", name="Look at somebody it knows").click()
    expect(page.locator(".rank").first).to_be_visible()


def test_chance_finds_somebody_whom_a_memory_based_model_knows(visitor):
    page = visitor.page
    page.get_by_role("group", name="Model").get_by_role("button", name="Two-tower (id)", exact=True).click()
    page.get_by_role("button", name="Somebody from the data").click()
    page.get_by_role("button", name="Surprise me").click()
    expect(page.locator(".rank").first).to_be_visible()


def test_an_uploaded_history_becomes_the_taste(visitor):
    page = visitor.page
    visitor.go("Bring")
    upload(page, "mine.csv", ONE)
    expect(page.get_by_text("2 of 3 rows matched; 1 unknown; 0 repeated.")).to_be_visible()
    page.get_by_role("button", name="Use as my taste").click()
    page.get_by_role("heading", name="Recommend", level=1).wait_for()
    visitor.chip("amber harb").wait_for()
    expect(page.locator(".rank")).to_have_count(20)


def test_lists_for_everybody_are_downloaded_and_can_be_read(visitor):
    page = visitor.page
    visitor.go("Bring")
    upload(page, "many.csv", MANY)
    page.get_by_role("button", name="Recommend for 2 people").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert list(rows[0]) == ["user", "rank", "item_id", "title", "score"]
    assert [int(row["rank"]) for row in rows if row["user"] == "a"] == list(range(1, 21))
    assert not any(row["title"].startswith(("=", "+", "-", "@")) for row in rows)


def test_a_bad_file_shows_its_sentence_and_keeps_the_taste(visitor):
    page = visitor.page
    visitor.like("amber harb")
    visitor.go("Bring")
    upload(page, "picture.csv", b"\x89PNG\r\n\x1a\n0000")
    expect(page.get_by_test_id("stAlert")).to_contain_text("picture.csv")
    visitor.go("Recommend")
    visitor.chip("amber harb").wait_for()


def test_nothing_is_wider_than_a_phone(phone):
    page = phone.page
    assert phone.overflow == []
    for text in ("amber harb", "paper signal", "silent lant", "copper gar"):
        phone.like(text)
    phone.dislike("distant riv")
    expect(page.locator(".rank")).to_have_count(20)
    assert phone.overflow == []
    phone.go("Compare")
    page.locator(".list").first.wait_for()
    assert phone.overflow == []
    phone.go("Bring")
    upload(page, "many.csv", MANY)
    page.get_by_role("button", name="Recommend for 2 people").click()
    page.get_by_role("button", name="Download CSV").wait_for()
    assert phone.overflow == []


def test_the_first_visitor_of_a_server_may_come_by_a_deep_link(page, tiny_zoo, tmp_path):
    """Streamlit takes pages/ for its older kind of pages until a script ran, and would say "Page not found"."""
    with serving(tiny_zoo, tmp_path / "log.txt") as address:
        page.goto(f"{address}/bring")
        page.get_by_role("heading", name="Bring", level=1).wait_for()
        expect(page.get_by_text("Page not found")).to_have_count(0)


def test_what_every_page_draws_with_comes_once_and_before_the_scripts_ask_for_it(visitor):
    asked = visitor.page.evaluate(
        """() => {
            const { domInteractive } = performance.getEntriesByType("navigation")[0];
            return performance.getEntriesByType("resource").flatMap(({ name, startTime }) => {
                const found = /BidiComponent|Html/.exec(name);
                return found ? [[found[0], startTime < domInteractive]] : [];
            });
        }"""
    )
    assert sorted(asked) == [["BidiComponent", True], ["Html", True]]


def test_quick_clicks_are_all_heard(visitor):
    visitor.like_at_once(5)
    expect(visitor.page.locator(".taste .chip.like")).to_have_count(5)


def test_the_keyboard_stays_in_the_list_when_a_liked_card_leaves_it(visitor):
    page = visitor.page
    visitor.like("amber harb")
    page.locator(".rank").first.wait_for()
    button = page.locator(".card").nth(2).get_by_role("button", name=re.compile("^Like"))
    name = button.get_attribute("aria-label")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".taste .chip.like")).to_have_count(2)
    expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    expect(page.locator(".card").nth(2).get_by_role("button", name=re.compile("^Like"))).to_be_focused()
