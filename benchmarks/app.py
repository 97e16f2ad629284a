"""How soon the app answers after it was started, and how much memory it holds when everything was used.

    python -m benchmarks.app --zoo zoo-data

Needs a Chromium (Debian: apt install chromium) and a machine that does nothing else. Start: seconds from the command to
the first answer of the server, and to the first poster in a browser that is open already; medians, in turns with an app
of Streamlit's that shows one heading: sooner nothing here can be. Memory: resident in the server after each page, after
every model was asked for a list, and at its peak.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.harness.process import CHECKOUT
from benchmarks.harness.table import Row, Table
from benchmarks.load.served import free_port, stop

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
EMPTY = 'import streamlit as st\n\nst.title("Empty")\n'
COMMAND = "make bench-app"


@dataclass(frozen=True)
class Started:
    address: str
    began: float  # when the command was given, as of time.perf_counter
    pid: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zoo", type=Path, required=True)
    parser.add_argument("--starts", type=int, default=15)
    parser.add_argument("--runs", type=int, default=3, help="through all pages (default: 3)")
    options = parser.parse_args()
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=next(filter(None, map(shutil.which, NAMES))), args=FLAGS)
        starts(browser, options.zoo, Path(folder), options.starts).write()
        memory(browser, options.zoo, options.runs).write()
        browser.close()


def starts(browser: Browser, zoo: Path, folder: Path, n: int) -> Table:
    (folder / "app.py").write_text(EMPTY)
    ways = {
        "Menagerie": (lambda: serving(zoo), ".poster"),
        "an empty Streamlit app": (lambda: empty(folder), "h1"),
    }
    found: dict[str, list[tuple[float, float]]] = {title: [] for title in ways}
    for turn in range(n + 1):
        for title, (serve, waited_for) in ways.items():
            with serve() as server, seen(browser, server, waited_for) as (_, seconds):
                if turn:  # the first one compiles
                    found[title].append(seconds)
    answers, drawn = "server answers, s", "first picture or heading, s"
    rows = [
        {"app": title, answers: median(one[0] for one in times), drawn: median(one[1] for one in times)}
        for title, times in found.items()
    ]
    return Table(
        "app_start",
        "From the command to the first page",
        COMMAND,
        ["app", answers, drawn],
        rows,
        [
            f"Medians of {n} starts in turns, after one that compiled, in a browser that is open already and has "
            "nothing of the app."
        ],
    )


@contextmanager
def seen(browser: Browser, server: Started, waited_for: str) -> Iterator[tuple[Page, tuple[float, float]]]:
    """The first page as soon as there is one, and the seconds until the server answered and until it showed that."""
    context = browser.new_context()
    page = context.new_page()
    page.goto("about:blank")
    while True:
        with suppress(OSError):
            urllib.request.urlopen(f"{server.address}/_stcore/health", timeout=5).close()
            break
        time.sleep(0.02)
    answered = time.perf_counter() - server.began
    page.goto(server.address)
    page.locator(waited_for).first.wait_for()
    yield page, (answered, time.perf_counter() - server.began)
    context.close()


def serving(zoo: Path):
    port = free_port()
    return started(port, "-m", "zoo.cli", "serve", "--zoo", str(zoo.resolve()), "--port", str(port))


def empty(folder: Path):
    port = free_port()
    return started(port, "-m", "streamlit", "run", str(folder / "app.py"), "--server.port", str(port))


@contextmanager
def started(port: int, *command: str) -> Iterator[Started]:
    quiet = {
        "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none",
        "STREAMLIT_SERVER_HEADLESS": "true",
        "PYTHONDONTWRITEBYTECODE": "",  # what was compiled at one start is there at the next
    }
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, *command], cwd=CHECKOUT, env=os.environ | quiet, **streams)
    try:
        yield Started(f"http://localhost:{port}", began, process.pid)
    finally:
        stop(process)


def memory(browser: Browser, zoo: Path, n: int) -> Table:
    runs = [one_run(browser, zoo) for _ in range(n)]
    held = {what: [run[what] for run in runs] for what in runs[0]}
    rows: list[Row] = [{"after": what, "MB": median(of), "at most": max(of)} for what, of in held.items()]
    notes = [f"Resident in the server, one visitor, one page after the other: the median of {n} runs, and the highest."]
    return Table("app_memory", f"Memory of the app with {zoo.name}", COMMAND, ["after", "MB", "at most"], rows, notes)


def one_run(browser: Browser, zoo: Path) -> dict[str, float]:
    """MB after each page, and at the peak."""
    held: dict[str, float] = {}
    with serving(zoo) as server, seen(browser, server, ".poster") as (page, _):
        use_everything(page, server.address, lambda what: held.update({what: resident(server.pid, "VmRSS")}))
        return held | {"at its peak": resident(server.pid, "VmHWM")}


def use_everything(page: Page, address: str, told: Callable[[str], None]) -> None:
    told("the first page")
    page.locator(".sample").first.click()
    page.locator(".rank").first.wait_for()
    chips = page.get_by_role("group", name="Model").get_by_role("button")
    for name in chips.evaluate_all("(found) => found.map((chip) => chip.getAttribute('aria-label'))"):
        page.get_by_role("group", name="Model").get_by_role("button", name=name, exact=True).click()
        page.locator(".list").get_by_role("heading", name=name, exact=True).wait_for()
    told("every model asked")
    page.goto(f"{address}/compare?{page.url.partition('?')[2]}")
    page.locator(".list").nth(1).wait_for()
    told("Compare")
    page.goto(f"{address}/zoo")
    page.locator(".modelcard").first.wait_for()
    for fold in page.get_by_text("How it works, its settings, and the file").all():
        fold.click()
        page.wait_for_timeout(500)
    told("Zoo, everything open")
    for name, ready in (
        ("leaderboard", ".board .cell"),
        ("segments", ".people .person"),
        ("catalogue", ".shelf tbody tr"),
    ):
        page.goto(f"{address}/{name}")
        page.locator(ready).first.wait_for()
        page.locator(".js-plotly-plot").first.wait_for()
        if name == "leaderboard":
            page.get_by_text("Every two compared", exact=True).click()
            page.locator(".pairs tbody tr").first.wait_for()
        told(name.capitalize())
    page.goto(f"{address}/bring")
    page.locator("input[type=file]").set_input_files(
        {
            "name": "mine.csv",
            "mimeType": "text/csv",
            "buffer": b"title,year\nThe Matrix,1999\nTitanic,1997\nHeat,1995\n",
        }
    )
    page.get_by_text("rows matched").first.wait_for()
    told("Bring, a file read")
    page.get_by_text("Review and correct the matches").click()
    page.get_by_text("Is one of them wrong?").wait_for()
    told("Bring, its table of matches open")


def resident(pid: int, field: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith(f"{field}:"))


if __name__ == "__main__":
    main()
