"""How soon the pages under Measure answer, and the memory that they need.

    python benchmarks/measure_pages.py --zoo zoo-data --dataset films
    python benchmarks/measure_pages.py --users 100000         makes a data set of so many test users, and three models
                                                              (in --zoo, where it is given)

Runs the pages as the server does, without a browser: seconds of the first visit (every two models are compared then)
and the median of the visits after it, for several views of each page; resident memory of the process afterwards.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl
from streamlit.testing.v1 import AppTest

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))
from pages.parts import cached, measured  # noqa: E402 - the checkout is no package
from pages.parts.state import SESSION, Session  # noqa: E402

MODELS = ("popularity", "item_knn", "pure_svd")
VIEWS = {
    "leaderboard": ({}, {"baseline": "popularity"}, {"at": "10"}),
    "segments": ({}, {"a": "pure_svd", "b": "popularity", "by": "popularity"}, {"range": "0.2~0.6"}),
    "catalogue": ({}, {"of": "item"}, {"of": "genre"}, {"depth": "100"}),
}
AGAIN = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zoo", type=Path)
    parser.add_argument("--dataset")
    parser.add_argument("--users", type=int, help="make a data set of so many test users")
    parser.add_argument("--items", type=int, default=5000)
    options = parser.parse_args()
    if not options.users:
        return visit(options.zoo.resolve(), options.dataset)
    if options.zoo:
        options.zoo.mkdir(parents=True)
        return visit(make(options.zoo.resolve(), options.users, options.items), "made")
    with tempfile.TemporaryDirectory() as folder:
        visit(make(Path(folder), options.users, options.items), "made")


def make(folder: Path, n_users: int, n_items: int) -> Path:
    """A zoo of users whose last choice is hidden, and of models that are fitted in seconds."""
    rng = np.random.default_rng(98765)
    popularity = 1.0 / np.arange(1, n_items + 1) ** 0.8
    users = np.repeat(np.arange(n_users), rng.integers(5, 30, n_users))
    taste = rng.integers(0, 10, n_users)[users]
    items = rng.choice(n_items // 10, len(users), p=popularity[: n_items // 10] / popularity[: n_items // 10].sum())
    rows = {"user_id": users, "item_id": 10 * items + np.where(rng.random(len(users)) < 0.7, taste, 0)}
    table = pl.DataFrame(rows).unique(maintain_order=True).with_columns(timestamp=pl.int_range(pl.len()))
    table.write_parquet(folder / "interactions.parquet")
    where = ["--data", str(folder / "interactions.parquet"), "--split", "leave-last-out", "--name", "made"]
    command = [sys.executable, "-m", "zoo.cli", "train", *MODELS, *where, "--out", str(folder / "zoo")]
    subprocess.run(command, cwd=CHECKOUT, check=True)
    return folder / "zoo"


def visit(zoo: Path, dataset: str) -> None:
    os.environ["MENAGERIE_ZOO"] = str(zoo)
    app = AppTest.from_file(str(CHECKOUT / "streamlit_app.py"), default_timeout=600)
    app.session_state[SESSION] = Session(kept={"dataset": dataset})
    app.run()
    for k in (None, *measured.KS):
        start = time.perf_counter()
        measured.draw_ahead(cached.dataset(dataset), k)
        print(
            f"drawn ahead, as the server does when it starts (k {k or 'as usual'}): {time.perf_counter() - start:.2f} s"
        )
    print(f"before the first of them: {resident():.0f} MB")
    for page, views in VIEWS.items():
        for view in views:
            times = [seconds(app, page, view) for _ in range(1 + AGAIN)]
            said = " ".join(f"{name}={text}" for name, text in view.items()) or "as it opens"
            print(f"{page:<12} {said:<40} first {times[0]:.2f} s, then {median(times[1:]):.2f} s", flush=True)
    print(f"afterwards: {resident():.0f} MB, at its peak {peak():.0f} MB")


def seconds(app: AppTest, page: str, view: dict[str, str]) -> float:
    app.session_state[SESSION].view = dict(view)
    app.session_state[SESSION].turns += 1
    start = time.perf_counter()
    app.switch_page(f"pages/measure/{page}.py").run()
    assert not app.exception, app.exception
    return time.perf_counter() - start


def resident() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmRSS:"))


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    main()
