"""A real Chromium on the real server. Where there is none, the tests say so loudly; in CI that is a failure."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

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
PHONE = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36"
)
OWN = re.compile(r"^(https?|wss?)://localhost[:/]|^(blob|data|about):")
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
def serving(tiny_zoo: Path, log: Path) -> Iterator[str]:
    """The app on a free port, by the real command."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "zoo.cli", "serve", "--zoo", str(tiny_zoo), "--port", str(port)]
    with log.open("wb") as output:
        server = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env={**os.environ, "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(f"http://localhost:{port}/_stcore/health", server, log)
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def _wait_for(url: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(240):
        assert server.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.25)
        else:
            return
    raise AssertionError(f"The server did not answer in a minute:\n{log.read_text()}")


class Visitor:
    """A page, what went wrong on it, and the handful of things that people do."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.errors: list[str] = []
        self.foreign: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("console", self._listen)
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
        box.fill("")
        box.press_sequentially(text, delay=20)
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
        self.page.get_by_role("link", name=name).click()
        self.page.get_by_role("heading", name=name, level=1).wait_for()

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

    def titles(self, model: str | None = None) -> list[str]:
        """Titles of the list that stands there now, best first."""
        lists = self.page.locator(".list")
        if model:
            lists = lists.filter(has=self.page.get_by_role("heading", name=model))
        lists.locator(".rank").first.wait_for()
        return lists.first.locator(".card .title").all_text_contents()

    @property
    def overflow(self) -> list[str]:
        """What is wider than the screen."""
        wide = """() => [document.documentElement, ...document.querySelectorAll("[data-testid=stMain]")]
            .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => `${e.tagName} ${e.scrollWidth}`)"""
        return self.page.evaluate(wide)


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
    visitor = Visitor(context.new_page(), address)
    yield visitor
    context.close()
    assert visitor.foreign == [], "requests left the server"
    assert visitor.errors == [], "errors in the console"
