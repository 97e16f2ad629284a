"""axe-core on every page: with and without a taste, on a desk and on a phone, in light and in dark, shadow roots too.

Nothing of the weight moderate or more may be found, but for what Streamlit draws and we cannot mend (EXCEPTIONS).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE, Visitor, settle
from tests.navigation import Place, places

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
WEIGHTS = ("moderate", "serious", "critical")
TASTE = "data=tiny&like=100,106,103"
CONTRAST = ["color-contrast"]  # what the other of light and dark may change
FIND = """async ([rules, exceptions]) => {
    const only = rules ? {runOnly: {type: "rule", values: rules}} : {}
    const found = await axe.run(document, {resultTypes: ["violations", "incomplete"], ...only})
    const unsure = found.incomplete.filter((one) => one.id !== "color-contrast") // what lies on a picture or a gradient
    return [...found.violations, ...unsure].flatMap((rule) => rule.nodes.map((node) => {
        const element = node.target.every((part) => typeof part === "string") && document.querySelector(node.target[0])
        const excused = exceptions.findIndex(([id, selector]) => id === rule.id && element && element.matches(selector))
        const [why, html] = [(node.failureSummary ?? "").replace(/\\s+/g, " "), node.html.slice(0, 300)]
        return {rule: rule.id, weight: rule.impact, where: node.target.flat().join(" >> "), html, why, excused}
    }))
}"""

DRESSED = """(dark) => [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")].every((host) => {
    const stage = host.shadowRoot?.querySelector(".stage")
    return !stage?.offsetParent || stage.classList.contains("dark") === dark
})"""  # each of our components is drawn again when the theme changes


@dataclass(frozen=True)
class Exempt:
    """A finding in what Streamlit draws, and a page on which it is found."""

    rule: str
    selector: str
    why: str
    path: str = ""


NAVIGATION = "Streamlit puts the sections of st.navigation as div between its ul and their li: no setting mends that."
EXCEPTIONS = (
    Exempt("list", "[data-testid=stSidebarNavItems]", NAVIGATION),
    Exempt("listitem", "[data-testid=stSidebarNavItems] li", NAVIGATION),
    Exempt(
        "scrollable-region-focusable",
        ".katex-display",
        "An equation wider than a phone scrolls sideways in st.latex, which takes no tabindex; browsers since 2024 "
        "focus such boxes by themselves.",
        "latent",
    ),
)


@dataclass
class Window:
    """One page of a browser that stays open: every test goes elsewhere in it."""

    page: Page
    address: str

    def open(self, path: str, query: str) -> None:
        self.page.goto(f"{self.address}/{path}?{query}")
        self.settle()

    def settle(self) -> None:
        settle(self.page)

    def dress(self, mode: str) -> None:
        """In light or dark, as the system says."""
        self.page.emulate_media(color_scheme=mode, reduced_motion="reduce")
        self.page.wait_for_function(DRESSED, arg=mode == "dark")
        self.settle()

    def findings(self, rules: list[str] | None = None) -> list[dict]:
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(AXE)
        return self.page.evaluate(FIND, [rules, [[one.rule, one.selector] for one in EXCEPTIONS]])


@pytest.fixture(scope="module")
def desk(browser: Browser, address: str) -> Iterator[Window]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    yield Window(Visitor(context.new_page(), address).page, address)
    context.close()


@pytest.fixture(scope="module")
def pocket(browser: Browser, address: str) -> Iterator[Window]:
    size = {"width": 390, "height": 844}
    context = browser.new_context(
        viewport=size, has_touch=True, is_mobile=True, user_agent=PHONE, reduced_motion="reduce"
    )
    yield Window(Visitor(context.new_page(), address).page, address)
    context.close()


def nothing_stands_in_the_way(found: list[dict], where: str) -> None:
    grave = [one for one in found if one["weight"] in WEIGHTS and one["excused"] < 0]
    told = [f"{one['rule']} ({one['weight']}): {one['why']}\n  at {one['where']}\n  {one['html']}" for one in grave]
    assert not grave, f"{len(grave)} findings on {where}\n" + "\n".join(told[:12])


@pytest.mark.parametrize("place", places(), ids=str)
def test_nothing_stands_in_the_way_of_who_comes_with_a_taste(desk: Window, place: Place):
    """The whole of each page in light on a desk, and its contrasts in dark."""
    _look_at(desk, place, TASTE, ("light", "dark"))


@pytest.mark.parametrize("place", places(), ids=str)
def test_nothing_stands_in_the_way_of_who_has_none_yet(pocket: Window, place: Place):
    """The whole of each page in dark on a phone, and its contrasts in light."""
    _look_at(pocket, place, "data=tiny", ("dark", "light"))


def test_nothing_stands_in_the_way_of_who_compares_every_two(desk: Window, pocket: Window):
    for window in (desk, pocket):
        window.open("leaderboard", "data=tiny&pairs=recall_at_20")
        window.page.locator(".pairs tbody tr").first.wait_for()
        window.settle()
        nothing_stands_in_the_way(window.findings(), "Leaderboard, with every two compared")


def test_nothing_stands_in_the_way_of_who_reads_how_a_model_works(pocket: Window):
    pocket.open("zoo", "data=tiny")
    fold = pocket.page.locator("details", has_text="How it works, its settings, and the file").first
    fold.locator("summary").click()
    fold.locator(".settings").wait_for()
    pocket.settle()
    nothing_stands_in_the_way(pocket.findings(), "Zoo, with a fold open")
    pocket.dress("dark")
    nothing_stands_in_the_way(pocket.findings(CONTRAST), "Zoo, with a fold open, in dark")
    pocket.dress("light")


def test_nothing_stands_in_the_way_of_who_brought_a_file(pocket: Window):
    """Its matches open, and lists for everybody in it: long tables that scroll in frames of their own."""
    rows = "".join(f"{person},{item}\n" for person in "ab" for item in range(100, 160, 3))
    file = {"name": "many.csv", "mimeType": "text/csv", "buffer": f"userId,movieId\n{rows}".encode()}
    pocket.open("bring", "data=tiny")
    pocket.page.locator("input[type=file]").set_input_files(file)
    pocket.page.get_by_text("Review and correct the matches").click()
    pocket.page.get_by_text("Is one of them wrong?").wait_for()
    pocket.page.get_by_role("button", name="Recommend for 2 people").click(delay=100)
    pocket.page.locator(".wide-table").nth(1).wait_for()
    pocket.settle()
    found = pocket.findings()
    chip = [one["rule"] for one in found if one["where"] == ".stFileChip"]  # Streamlit's: no setting gives it a role
    assert chip == ["aria-prohibited-attr"], "Streamlit mended the name of a file: nothing is to be left aside here."
    nothing_stands_in_the_way([one for one in found if one["where"] != ".stFileChip"], "Bring, with a file")


def _look_at(window: Window, place: Place, query: str, modes: tuple[str, str]) -> None:
    window.page.emulate_media(color_scheme=modes[0], reduced_motion="reduce")
    window.open(place.path, query)
    nothing_stands_in_the_way(window.findings(), f"{place}, {query}, {modes[0]}")
    window.dress(modes[1])
    nothing_stands_in_the_way(window.findings(CONTRAST), f"{place}, {query}, {modes[1]}")


def test_nothing_that_opens_stands_in_anybodys_way(desk: Window):
    page = desk.page
    desk.dress("light")
    desk.open("compare", TASTE)
    page.locator(".list-head .more").first.click()
    page.locator(".tools-box:visible").wait_for()
    nothing_stands_in_the_way(desk.findings(), "Compare with the settings of a column")
    page.get_by_role("combobox", name="Find an item by title").press_sequentially("harb", delay=20)
    page.get_by_role("option").first.wait_for()
    nothing_stands_in_the_way(desk.findings(), "Compare with suggestions")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Copy link").click()
    said = page.get_by_text("Copied: whoever opens the link sees this view.").or_(page.get_by_label("Copy this text"))
    expect(said).to_be_visible()
    nothing_stands_in_the_way(desk.findings(), "Compare with what was said of the link")


@pytest.mark.parametrize("path", sorted({one.path for one in EXCEPTIONS}))
def test_each_exception_is_still_needed(pocket: Window, path: str):
    pocket.open(path, "data=tiny")
    opener = pocket.page.get_by_test_id("stExpandSidebarButton")
    if opener.is_visible():
        opener.click()
        pocket.page.get_by_test_id("stSidebarNavItems").wait_for()
    found = {finding["excused"] for finding in pocket.findings([one.rule for one in EXCEPTIONS])}
    idle = [one.rule for at, one in enumerate(EXCEPTIONS) if one.path == path and at not in found]
    assert not idle, f"Streamlit mended {', '.join(idle)}: take it out of EXCEPTIONS"


@pytest.mark.parametrize(
    ("break_it", "rule"),
    [
        ("card.append(document.createElement('button'))", "button-name"),
        ("card.querySelector('.title').style.color = '#ccc'", "color-contrast"),
        ("card.parentElement.setAttribute('role', 'table')", "aria-required-children"),
    ],
)
def test_what_is_broken_inside_a_component_is_found(desk: Window, break_it: str, rule: str):
    """Shadow roots are looked into: without that, all of the above would be empty praise."""
    desk.dress("light")
    desk.open("", TASTE)
    desk.page.locator(".card").first.evaluate(f"(card) => {{ {break_it} }}")
    found = desk.findings()
    assert rule in {one["rule"] for one in found}, json.dumps(found, indent=1)
