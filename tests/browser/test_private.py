"""What one visitor brings is nobody else's, leaves no file behind, and is gone when the visit is over."""

import os
import re
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from benchmarks.load.served import free_port
from tests.browser.conftest import running
from tests.browser.test_app import upload
from tests.conftest import until

SECRET = "Zzyzx Qwertzuiop"
MINE = f"title,year\nThe Amber Harbour,1950\n{SECRET},1999\n".encode()
TOKEN = "only for this test"
LARGE = MINE + b"Another Film Without A Name,2001\n" * 100_000  # more than is kept out of temporary files by default


class Server:
    def __init__(self, address: str, log: Path, folder: Path, process: subprocess.Popen) -> None:
        self.address, self.log, self.folder, self.process = address, log, folder, process

    @property
    def uploaded(self) -> int:
        """Bytes of uploads that the server holds now. (Streamlit's own metrics are up to five seconds old.)"""
        request = urllib.request.Request(f"{self.address}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            told = answer.read().decode()
        return int(float(re.search(r"^menagerie_uploads_bytes (\S+)$", told, re.MULTILINE)[1]))

    def lets_go(self) -> None:
        """Until it holds no upload: it looks for closed tabs now and then, and for garbage now and then."""
        until(lambda: self.uploaded == 0, seconds=90)

    def written(self) -> list[str]:
        """Files in its folder for temporary files, and deleted ones that it still has open."""
        files = [str(path) for path in self.folder.rglob("*") if path.is_file()]
        for link in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed since the folder was listed
                files.append(os.readlink(link))
        return [one for one in files if str(self.folder) in one]


@pytest.fixture(scope="module")
def server(tiny_zoo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder, log, port = tmp_path_factory.mktemp("temporary"), tmp_path_factory.mktemp("log") / "log.txt", free_port()
    environment = {
        "MENAGERIE_ZOO": str(tiny_zoo),
        "MENAGERIE_METRICS_TOKEN": TOKEN,
        "STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": "1",
        "STREAMLIT_SERVER_HEADLESS": "true",
        "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none",
        "TMPDIR": str(folder),
    }
    command = ["-m", "tests.browser.session_server", f"--server.port={port}"]
    with running(command, log, port, **environment) as process:
        yield Server(f"http://localhost:{port}", log, folder, process)


@pytest.fixture
def visits(browser: Browser, server: Server) -> Iterator[Callable[[], Page]]:
    """Opens a window with nothing of anybody's; after the test all are closed, and the server holds nothing of them."""
    contexts = []

    def visit() -> Page:
        contexts.append(browser.new_context())
        return contexts[-1].new_page()

    yield visit
    for context in contexts:
        context.close()
    server.lets_go()


def bring(page: Page, server: Server, content: bytes = MINE) -> None:
    page.goto(f"{server.address}/bring")
    page.get_by_role("heading", name="Bring", level=1).wait_for()
    upload(page, "my-own-file.csv", content)
    page.get_by_text("rows matched").first.wait_for()


def test_two_visitors_at_once_see_nothing_of_each_other(visits: Callable[[], Page], server: Server):
    mine, theirs = visits(), visits()
    theirs.goto(f"{server.address}/bring")
    bring(mine, server)
    mine.get_by_text(SECRET).first.wait_for()
    for address in (f"{server.address}/bring", mine.url):  # by the address that the other one sees, too
        theirs.goto(address)
        theirs.get_by_role("heading", name="What to bring").wait_for()
        assert SECRET not in theirs.content()
        assert "my-own-file" not in theirs.content()
    assert "Zzyzx" not in mine.url
    mine.get_by_role("button", name="Use as my taste").click()
    mine.locator(".taste .chip.like").first.wait_for()
    theirs.goto(mine.url)
    theirs.locator(".poster").first.wait_for()
    assert theirs.locator(".taste .chip.like").count() == 0


def test_an_upload_is_let_go_when_its_page_is_left_and_touches_no_disk(visits: Callable[[], Page], server: Server):
    page = visits()
    bring(page, server, LARGE)
    assert server.uploaded == len(LARGE)
    assert server.written() == []
    page.get_by_role("link", name="Compare").click()
    page.get_by_role("heading", name="Compare", level=1).wait_for()
    server.lets_go()


def test_forget_me_leaves_nothing(visits: Callable[[], Page], server: Server):
    page = visits()
    bring(page, server)
    page.get_by_role("button", name="Forget me").click()
    expect(page.get_by_text("rows matched")).to_have_count(0)
    server.lets_go()
    until(lambda: SECRET not in page.content())
    page.get_by_role("link", name="Recommend").click()
    page.locator(".poster").first.wait_for()
    assert page.locator(".taste .chip").count() == 0


def test_a_session_ends_soon_after_its_tab_was_closed_though_nobody_else_comes(
    visits: Callable[[], Page], server: Server
):
    ended = server.log.read_text().count("a session ended")
    page = visits()
    bring(page, server)
    assert server.uploaded
    page.context.close()
    server.lets_go()
    until(lambda: server.log.read_text().count("a session ended") > ended)


def test_nothing_of_a_file_is_in_the_log(server: Server):
    log = server.log.read_text()
    assert "Zzyzx" not in log
    assert "my-own-file" not in log
    assert "Traceback" not in log
