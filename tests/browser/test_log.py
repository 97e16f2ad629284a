"""What visitors bring and type stays out of the log; a fault of ours is one sentence with a number. In a browser."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from benchmarks.load.served import free_port
from tests.browser.conftest import running
from tests.conftest import until

MARKER = "quokka"
FAULTY = f"""
import os, runpy, sys
from pages.parts import logs
logs.set_up(os.environ["MENAGERIE_LOG"])
from pages.parts import frame
title = frame.title
def faulty(name, lead):
    if name == "Segments":
        raise ValueError("{MARKER}")
    title(name, lead)
frame.title = faulty
sys.argv = ["server", *sys.argv[1:]]
runpy.run_module("pages.parts.server", run_name="__main__", alter_sys=True)
"""


@pytest.fixture(params=["text", "json"])
def form(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def log(form: str, tmp_path: Path) -> Path:
    return tmp_path / "log.txt"


@pytest.fixture
def faulty(tiny_zoo: Path, form: str, log: Path) -> Iterator[str]:
    """The app with a fault: Segments raises what no page expects, and quotes the visitor."""
    port = free_port()
    own = {"MENAGERIE_ZOO": str(tiny_zoo), "MENAGERIE_LOG": form, "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none"}
    options = [f"--server.port={port}", "--server.headless=true", "--logger.hideWelcomeMessage=true"]
    with running(["-c", FAULTY, *options], log, port, **own):
        yield f"http://localhost:{port}"


def test_neither_a_file_nor_an_address_nor_a_fault_reaches_the_log(faulty, form, log, page):
    page.goto(f"{faulty}/?data=tiny&like={MARKER}&who={MARKER}")
    page.get_by_role("heading", name="Recommend", exact=True).wait_for()
    page.goto(f"{faulty}/bring?data=tiny&like={MARKER}")
    page.get_by_role("heading", name="Bring", exact=True).wait_for()
    file = {"name": f"{MARKER}.csv", "mimeType": "text/csv", "buffer": f"title\n{MARKER} (1985)\n".encode()}
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_text(re.compile("could not be used|were not found|not in this catalogue", re.I)).first.wait_for()

    page.goto(f"{faulty}/segments?data=tiny&metric={MARKER}")
    page.get_by_text("This page could not be drawn").wait_for()
    text = page.locator("[data-testid=stMain]").inner_text()
    assert "Traceback" not in text
    assert "ValueError" not in text
    assert MARKER not in text
    number = re.search(r"under the number (\w{6})\.", text)[1]

    page.goto(f"{faulty}/operate")
    page.get_by_text("failed in the last ten minutes.").wait_for()
    expect(page.get_by_text(number)).to_be_visible()
    expect(page.get_by_text("Segments stopped: ValueError in")).to_be_visible()

    if form == "json":
        until(lambda: {line["page"] for line in requests(log)} >= {"recommend", "bring", "segments", "operate"})
    told = log.read_text("utf-8")
    assert MARKER not in told
    assert number in told
    assert "ValueError" in told
    if form == "json":
        drawn = requests(log)
        assert {line["status"] for line in drawn if line["page"] == "segments"} == {"failed"}
        assert all(isinstance(line["milliseconds"], int) for line in drawn)


def requests(log: Path) -> list[dict]:
    """What the log says of each page that was drawn, which comes after the page; no line has another form."""
    whole = log.read_text("utf-8").rpartition("\n")[0]
    lines = [json.loads(line) for line in whole.splitlines()]
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    return [line for line in lines if line["logger"] == "menagerie.request"]
