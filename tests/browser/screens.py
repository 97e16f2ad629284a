"""Screenshots of every page, in light and dark, on a desk and on a phone: what a visitor sees after a few steps.

python -m tests.browser.screens --zoo ZOO --out screens [--dataset NAME] [--only recommend]

Needs a Chromium. Writes OUT/<width>-<light|dark>-<page>-<state>.png, and prints what is wider than its screen.
"""

import argparse
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.conftest import FLAGS, PATIENCE, PHONE, chromium, serving
from tests.navigation import places
from zoo.registry import Zoo

SCREENS = {1280: {}, 390: {"has_touch": True, "is_mobile": True, "user_agent": PHONE}}
Mode = Literal["light", "dark"]
MODES: tuple[Mode, ...] = ("light", "dark")
VIEWS = {  # of pages without a tour of their own, beside the view that they open with: {state: query}
    "prompt": {"words": "words=a+film+about+the+sea", "add": "ask=add"},
    "what-if": {"varied": "diversity=0.5&penalty=0.3"},
    "similar": {"heat": "see=heat", "map": "see=map"},
    "latent": {"walk": "act=walk", "noise": "idea=noise&salt=0.3", "rank": "idea=rank", "towers": "idea=towers"},
}
TALL = 2600  # pixels: longer pages are cut
FILE = "title,year,rating\n{title},,5\nNo Such Thing At All,1999,4\n"


class Tour:
    """One browser window, and the steps that are photographed in it."""

    def __init__(self, page: Page, address: str, out: Path, name: str, dataset: str) -> None:
        self.page, self.address, self.out, self.name, self.dataset = page, address, out, name, dataset
        page.set_default_timeout(PATIENCE)

    def run(self, only: str) -> None:
        """Every page of the navigation: the tour that is written here for it, or else its views."""
        for place in places():
            name = place.path or "recommend"
            if only in name:
                tour = getattr(self, name.replace("-", "_"), None)
                tour() if tour else self.views(name)

    def views(self, name: str) -> None:
        """What a page shows of a taste that is ready, as it opens and in the views that are named for it."""
        taste = self.taste()
        for at, (state, query) in enumerate(({"": ""} | VIEWS.get(name, {})).items(), 1):
            self.open(name, f"{taste}&{query}")
            self.photograph("-".join(filter(None, [name, str(at), state])))

    def taste(self) -> str:
        """The first of the tastes that are ready, as an address says it."""
        self.open("")
        self.page.locator(".sample").first.click()
        self.page.locator(".rank").first.wait_for()
        self.page.wait_for_url(re.compile("like="))
        return "like=" + parse_qs(urlsplit(self.page.url).query)["like"][0]

    def open(self, page: str, query: str = "") -> None:
        self.page.goto(f"{self.address}/{page}?data={self.dataset}&{query}")
        self.page.get_by_role("heading", level=1).wait_for()

    def settle(self) -> None:
        """Until the page stands still: no run, no spinner, and no picture on its way."""
        self.page.wait_for_function(
            "() => !document.querySelector('[data-testid=stStatusWidget], [data-testid=stSpinner]')"
        )
        self.page.wait_for_load_state("networkidle")
        self.page.wait_for_timeout(700)

    def photograph(self, state: str, whole: bool = True) -> None:
        """The page, whole up to a limit: the scroller is Streamlit's main box, so the window grows to its height."""
        self.settle()
        before = self.page.viewport_size or {"width": 1280, "height": 900}
        tall = self.page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollHeight")
        if whole and tall > before["height"]:
            self.page.set_viewport_size({"width": before["width"], "height": min(int(tall), TALL)})
            self.settle()
        self.page.screenshot(path=self.out / f"{self.name}-{state}.png")
        wide = self.page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth - innerWidth")
        if wide > 1:
            print(f"{self.name}-{state}: {wide} pixels too wide")
        self.page.set_viewport_size(before)

    def recommend(self) -> None:
        self.open("")
        self.page.locator(".poster").first.wait_for()
        self.photograph("recommend-1-empty")
        self.page.locator(".sample").first.click()
        self.page.locator(".rank").first.wait_for()
        self.photograph("recommend-2-list")
        title = self.page.locator(".card .title").first.text_content() or ""
        typed = title.removeprefix("The ").removeprefix("Item ")[:3]
        self.page.get_by_role("combobox", name="Find an item by title").press_sequentially(typed, delay=20)
        self.page.locator(".options .option").first.wait_for()
        self.photograph("recommend-3-search", whole=False)
        self.page.keyboard.press("Escape")
        self.page.get_by_role("button", name="Somebody from the data").click()
        self.page.get_by_role("button", name="Surprise me").click()
        self.page.locator(".rank").first.wait_for()
        self.photograph("recommend-4-somebody")

    def compare(self) -> None:
        self.open("")
        self.page.locator(".sample").nth(1).click()
        self.page.locator(".rank").first.wait_for()
        self.go("Compare")
        self.page.locator(".list").nth(1).wait_for()
        self.photograph("compare-1-lists")
        self.page.locator(".list-head .more").first.click()
        self.page.locator(".tools-box").first.wait_for()
        n = self.page.locator(".list").count()
        self.page.get_by_role("button", name=re.compile("^Remove this column")).first.click()
        expect(self.page.locator(".list")).to_have_count(n - 1)
        self.page.locator(".list-head .more").first.click()
        self.page.get_by_role("button", name=re.compile("^Double")).first.click()
        self.page.locator(".tools-box select").first.select_option("10")
        self.page.get_by_role("heading", name=re.compile("10 items")).first.wait_for()
        self.photograph("compare-2-build")

    def leaderboard(self) -> None:
        self.open("leaderboard")
        self.page.locator(".board .cell").first.wait_for()
        self.photograph("leaderboard-1-figures")
        self.page.locator(".board .pin").nth(2).click()
        self.page.locator(".pinned").wait_for()
        self.photograph("leaderboard-2-pinned")

    def segments(self) -> None:
        self.open("segments")
        self.page.locator(".people .person").first.wait_for()
        self.photograph("segments-1-model")
        self.open("segments", "b=popularity&by=popularity")
        self.page.locator(".people .person").first.click()
        self.page.locator(".list").nth(2).wait_for()
        self.photograph("segments-2-person")

    def catalogue(self) -> None:
        self.open("catalogue")
        self.page.locator(".shelf tbody tr").first.wait_for()
        self.photograph("catalogue-1-all")
        self.open("catalogue", "of=item")
        self.page.locator(".shelf .person").first.wait_for()
        self.photograph("catalogue-2-item")

    def zoo(self) -> None:
        self.open("zoo")
        self.page.locator(".modelcard .cost").first.wait_for()
        self.photograph("zoo-1-cards")
        for fold in self.page.get_by_text("How it works, its settings, and the file").all()[:3]:
            fold.click()
        self.page.locator(".more summary").first.click()
        self.photograph("zoo-2-open")

    def bring(self) -> None:
        self.open("")
        title = self.page.locator(".card .title").first.text_content() or ""
        self.go("Bring")
        self.photograph("bring-1-empty")
        content = FILE.format(title='"' + title.replace('"', '""') + '"').encode()
        self.page.locator("input[type=file]").set_input_files(
            {"name": "mine.csv", "mimeType": "text/csv", "buffer": content}
        )
        self.page.get_by_text("rows matched").first.wait_for()
        self.photograph("bring-2-report")

    def go(self, name: str) -> None:
        if (opener := self.page.get_by_test_id("stExpandSidebarButton")).is_visible():
            opener.click()
        self.page.get_by_role("link", name=name, exact=True).click()
        self.page.get_by_role("heading", name=name, level=1).wait_for()


def windows(browser: Browser, address: str, out: Path, dataset: str) -> Iterator[Tour]:
    for width, options in SCREENS.items():
        for mode in MODES:
            viewport = {"width": width, "height": 900 if width > 1000 else 844}
            context = browser.new_context(viewport=viewport, color_scheme=mode, reduced_motion="reduce", **options)
            yield Tour(context.new_page(), address, out, f"{width}-{mode}", dataset)
            context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zoo", type=Path, required=True, help="folder of the zoo")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--dataset", help="data set of the zoo (default: the first one)")
    parser.add_argument("--only", default="", help="only pages whose name holds this")
    parser.add_argument("--window", default="", help="only windows whose name holds this, such as 390-dark")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    dataset = options.dataset or Zoo(options.zoo).datasets()[0]
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(options.zoo, Path(folder) / "log.txt") as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for tour in windows(browser, address, options.out, dataset):
            if options.window in tour.name:
                tour.run(options.only)


if __name__ == "__main__":
    main()
