"""A real Chromium on the real server. Where there is none, the tests say so loudly; in CI that is a failure."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from benchmarks.load.served import free_port, stop, wait_for

CHECKOUT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 30_000  # milliseconds: two busy cores are slow
expect.set_options(timeout=PATIENCE)
SEEN = 6000  # letters of a page, told of a test that failed
PHONE = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36"
)
OWN = re.compile(r"^(https?|wss?)://localhost[:/]|^(blob|data|about):")
REFUSED = """document.addEventListener("securitypolicyviolation", (refused) =>
    console.error(`the policy refused ${refused.effectiveDirective} ${refused.blockedURI} of ${refused.sourceFile}`))"""
NOISE = ("Failed to load resource",)  # a page opened by its address looks for its server in the folder first, by design


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if (path := chromium()) is None:
        message = "LEFT OUT: no Chromium was found, so nothing was seen in a browser (Debian: apt install chromium)"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def address(tiny_zoo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app over the tiny zoo, served once for all tests."""
    with serving(tiny_zoo, tmp_path_factory.mktemp("server") / "log.txt") as address:
        yield address


def chromium() -> str | None:
    """Where the browser is; None where there is none."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def serving(tiny_zoo: Path, log: Path, port: int | None = None, **environment: str) -> Iterator[str]:
    """The app on a free port, by the real command."""
    port = port or free_port()
    command = ["-m", "zoo.cli", "serve", "--zoo", str(tiny_zoo), "--port", str(port)]
    with running(command, log, port, **environment):
        yield f"http://localhost:{port}"


@contextmanager
def running(command: list[str], log: Path, port: int, **environment: str) -> Iterator[subprocess.Popen]:
    """A server that Python is started with, from when it answers."""
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, *command],
            cwd=CHECKOUT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(f"http://localhost:{port}/_stcore/health", server, log)
        yield server
    finally:
        stop(server)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty window, for what a `Visitor` is not: on servers of a test's own, and where errors are expected."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    yield page
    context.close()


def settle(page: Page) -> None:
    """Until the page stands still: the script has run, and each of our components is drawn.

    What shows that a script has begun must have been waited for: before that the page stands still, too.
    """
    page.get_by_role("heading", level=1).first.wait_for()
    page.wait_for_function(
        """() => document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "notRunning"
            && !document.querySelector("[data-testid=stSkeleton], [data-testid=stSpinner]")
            && [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")]
                .every((host) => host.shadowRoot?.childElementCount)""",
        timeout=PATIENCE,
    )
    page.wait_for_timeout(150)


class Visitor:
    """A page, what went wrong on it, and the handful of things that people do."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.errors: list[str] = []
        self.foreign: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("console", self._listen)
        page.add_init_script(REFUSED)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("websocket", lambda socket: OWN.match(socket.url) or self.foreign.append(socket.url))
        page.route(lambda url: not OWN.match(url), self._refuse)
        page.goto(address)
        page.wait_for_selector(".poster")

    def _listen(self, message) -> None:
        if message.type == "error" and not message.text.startswith(NOISE):
            self.errors.append(message.text)

    def _refuse(self, route) -> None:
        self.foreign.append(route.request.url)
        route.abort()

    def search(self, text: str) -> Locator:
        """Type into the box; the suggestions, once they answer this text."""
        box = self.page.get_by_role("combobox", name="Find an item by title")
        box.fill(text)  # at once: an answer to the first letters only would stand there, and be taken for this one
        expect(self.page.locator(".option.at strong")).to_contain_text(re.compile(text, re.I))
        return self.page.get_by_role("option")

    def like(self, text: str) -> None:
        self.search(text)
        self.page.keyboard.press("Enter")
        self.chip(text).wait_for()

    def like_at_once(self, n: int) -> None:
        """The first n cards, faster than the server answers."""
        self.page.locator(".card").nth(n - 1).wait_for()
        self.page.evaluate(
            """(n) => {
                const roots = [...document.querySelectorAll("*")].map(e => e.shadowRoot).filter(Boolean)
                const likes = roots.flatMap(root => [...root.querySelectorAll(".card [data-key^=like]")])
                likes.slice(0, n).forEach((button) => button.click())
            }""",
            n,
        )

    def dislike(self, text: str) -> None:
        self.search(text)
        self.page.keyboard.press("Shift+Enter")
        self.page.locator(".chip.dislike", has_text=re.compile(text, re.I)).wait_for()

    def chip(self, text: str) -> Locator:
        return self.page.locator(".taste .chip.like", has_text=re.compile(text, re.I))

    def go(self, name: str) -> None:
        if (opener := self.page.get_by_test_id("stExpandSidebarButton")).is_visible():
            opener.click()
        self.page.get_by_role("link", name=name, exact=True).click()
        self.page.get_by_role("heading", name=name, level=1).wait_for()
        self.settle()

    def compare(self, *names: str) -> None:
        """To Compare, where these models stand side by side and no others."""
        self.go("Compare")
        chips = self.page.get_by_role("group", name=re.compile("Models"))
        pressed = chips.get_by_role("button", pressed=True)
        pressed.first.wait_for()
        there = pressed.evaluate_all("(found) => found.map((chip) => chip.getAttribute('aria-label'))")
        strangers = [name for name in there if name not in names]
        missing = [name for name in names if name not in there]
        for name in (*strangers[1:], *missing, *strangers[:1]):  # not all out at once: then the page chooses again
            chips.get_by_role("button", name=name, exact=True).click()
            heading = self.page.locator(".list").get_by_role("heading", name=name, exact=True)
            expect(heading).to_have_count(1 if name in names else 0)
        expect(self.page.locator(".list")).to_have_count(len(names))
        self.settle()

    def settle(self) -> None:
        settle(self.page)

    def titles(self, model: str | None = None) -> list[str]:
        """Titles of the list that stands there now, best first."""
        lists = self.page.locator(".list")
        if model:
            lists = lists.filter(has=self.page.get_by_role("heading", name=model))
        lists.locator(".rank").first.wait_for()
        return lists.first.locator(".card .title").all_text_contents()

    @property
    def overflow(self) -> list[str]:
        """What is wider than the screen once the page stands still; a chart is laid out in two steps."""
        wide = """() => [document.documentElement, ...document.querySelectorAll("[data-testid=stMain]")]
            .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => `${e.tagName} ${e.scrollWidth}`)"""
        self.settle()
        for _ in range(20):
            if not (found := self.page.evaluate(wide)):
                break
            self.page.wait_for_timeout(100)
        return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    """What the windows of a test showed when it failed, for whoever reads of it elsewhere."""
    report = yield
    if report.when == "call" and report.failed:
        for name, value in getattr(item, "funcargs", {}).items():
            page = value.page if hasattr(value, "page") else value
            if isinstance(page, Page):
                with suppress(PlaywrightError):
                    seen = page.locator("body").aria_snapshot(timeout=5000)
                    report.sections.append((f"{name} at {page.url}", seen[:SEEN]))
    return report


def place_of(thing: Locator) -> dict[str, float]:
    """Its box, once it is the same twice: where the pointer goes is said in numbers."""
    before, now = None, thing.bounding_box()
    while now is None or now != before:
        thing.page.wait_for_timeout(100)
        before, now = now, thing.bounding_box()
    return now


@pytest.fixture
def visitor(browser: Browser, address: str) -> Iterator[Visitor]:
    yield from _visit(browser, address, {"width": 1280, "height": 900})


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[Visitor]:
    options = {"has_touch": True, "is_mobile": True, "user_agent": PHONE}  # Streamlit reads the name of the browser
    yield from _visit(browser, address, {"width": 390, "height": 844}, **options)


def _visit(browser: Browser, address: str, viewport: dict[str, int], **options: bool | str) -> Iterator[Visitor]:
    """Whatever a test looks at: nothing may leave the server, and no error may stand in the console."""
    context = browser.new_context(viewport=viewport, accept_downloads=True, reduced_motion="reduce", **options)
    try:
        visitor = Visitor(context.new_page(), address)
        yield visitor
    finally:
        context.close()
    assert visitor.foreign == [], "requests left the server"
    assert visitor.errors == [], "errors in the console"
