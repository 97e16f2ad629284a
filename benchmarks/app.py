"""How soon the app answers after it was started, and how much memory it holds when everything was used.

    python benchmarks/app.py --zoo zoo-data

Starts `menagerie serve`, and a Chromium (Debian: apt install chromium) beside it. Prints seconds from the start of the
command to the first answer and to the first poster, and the server's resident memory after each page, after every model
was asked for a list, and at its peak.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

CHECKOUT = Path(__file__).resolve().parent.parent
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zoo", type=Path, required=True)
    parser.add_argument("--starts", type=int, default=3)
    options = parser.parse_args()
    with sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, NAMES)))
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        for turn in range(options.starts):
            page = browser.new_page()
            page.goto("about:blank")
            server, address, start = serve(options.zoo)
            answered = wait_for(f"{address}/_stcore/health") - start
            page.goto(address)
            page.locator(".poster").first.wait_for()
            print(f"answers after {answered:.2f} s, first poster after {time.perf_counter() - start:.2f} s", flush=True)
            if turn == options.starts - 1:
                use_everything(page, address, server.pid)
            page.close()
            server.send_signal(signal.SIGTERM)
            server.wait()
        browser.close()


def serve(zoo: Path) -> tuple[subprocess.Popen, str, float]:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "zoo.cli", "serve", "--zoo", str(zoo.resolve()), "--port", str(port)]
    start = time.perf_counter()
    environment = {**os.environ, "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none"}
    server = subprocess.Popen(
        command, cwd=CHECKOUT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return server, f"http://localhost:{port}", start


def wait_for(url: str) -> float:
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.02)
        else:
            return time.perf_counter()


def use_everything(page: Page, address: str, pid: int) -> None:
    told("the first page", pid)
    page.locator(".sample").first.click()
    page.locator(".rank").first.wait_for()
    chips = page.get_by_role("group", name="Model").get_by_role("button")
    for name in chips.evaluate_all("(found) => found.map((chip) => chip.getAttribute('aria-label'))"):
        page.get_by_role("group", name="Model").get_by_role("button", name=name, exact=True).click()
        page.locator(".list").get_by_role("heading", name=name, exact=True).wait_for()
    told("every model asked", pid)
    page.goto(f"{address}/compare?{page.url.partition('?')[2]}")
    page.locator(".list").nth(1).wait_for()
    told("Compare", pid)
    page.goto(f"{address}/zoo")
    page.locator(".modelcard").first.wait_for()
    for fold in page.get_by_text("How it works, its settings, and the file").all():
        fold.click()
        page.wait_for_timeout(500)
    told("Zoo, everything open", pid)
    for name, ready in (
        ("leaderboard", ".board .cell"),
        ("segments", ".people .person"),
        ("catalogue", ".shelf tbody tr"),
    ):
        page.goto(f"{address}/{name}")
        page.locator(ready).first.wait_for()
        page.locator(".js-plotly-plot").first.wait_for()
        told(name.capitalize(), pid)
    page.goto(f"{address}/bring")
    page.locator("input[type=file]").set_input_files(
        {
            "name": "mine.csv",
            "mimeType": "text/csv",
            "buffer": b"title,year\nThe Matrix,1999\nTitanic,1997\nHeat,1995\n",
        }
    )
    page.get_by_text("rows matched").first.wait_for()
    told("Bring, a file read", pid)
    print(f"{'at its peak':<24} {resident(pid, 'VmHWM'):.0f} MB")


def told(what: str, pid: int) -> None:
    print(f"{what:<24} {resident(pid, 'VmRSS'):.0f} MB", flush=True)


def resident(pid: int, field: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith(f"{field}:"))


if __name__ == "__main__":
    main()
