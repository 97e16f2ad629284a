"""From a taste change to four refreshed lists of 20, on the server: what a click on Compare costs.

    python -m benchmarks.taste_change --zoo zoo-data --dataset ml-latest-small

The median and the 95th percentile of 200 changes: of the models alone, each likes and then also one dislike, and
of the whole run of the page (reading the session, asking, drawing; without a browser, by Streamlit's AppTest).
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from streamlit.testing.v1 import AppTest

from benchmarks.harness.table import Row, Table
from pages.parts.state import SESSION, Session, Visit
from zoo.dataset import Dataset
from zoo.recommend import Taste, recommend, why_not
from zoo.registry import Zoo
from zoo.runtime import Model, Runtime
from zoo.settings import Settings

APP = Path(__file__).resolve().parent.parent / "streamlit_app.py"
COLUMNS = 4
WARM_UP = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zoo", type=Path, required=True)
    parser.add_argument("--dataset")
    parser.add_argument("--models", nargs=COLUMNS, help=f"{COLUMNS} models (default: the best of each family)")
    parser.add_argument("--changes", type=int, default=200)
    options = parser.parse_args()
    dataset, runtime = Zoo(options.zoo).dataset(options.dataset), Runtime(Settings.from_environment())
    names = options.models or best_of_each_family(dataset)
    models = [runtime.load(dataset.model(name)) for name in names]
    rng = np.random.default_rng(0)
    ways: dict[str, Callable[[], None]] = {
        model.card.about.title: lambda model=model: ask([model], some_taste(rng, dataset)) for model in models
    }
    ways["all four lists"] = lambda: ask(models, some_taste(rng, dataset))
    ways["all four, with a dislike"] = lambda: ask(models, some_taste(rng, dataset, dislikes=1))
    ways["the whole page"] = page(options.zoo, dataset, names, rng)
    rows = [row(what, measured(options.changes, change)) for what, change in ways.items()]
    Table(
        "app_click",
        f"From a change of the taste to four lists of 20: {dataset.name}, {dataset.info.n_items:,} items",
        "make bench-app",
        ["what is asked", "median ms", "p95 ms"],
        rows,
        [f"{options.changes} changes each, on the server. The page: one run of Compare, without a browser."],
    ).write()


def best_of_each_family(dataset: Dataset) -> list[str]:
    best: dict[str, tuple[float, str]] = {}
    for name in dataset.model_names():
        with dataset.model(name) as folder:
            card = folder.card
        if why_not(card, Taste((0,))) is None and card.metrics:
            entry = (card.metrics["ndcg_at_100"].mean, name)
            best[card.about.family] = max(best.get(card.about.family, entry), entry)
    return [name for _, name in best.values()]


def some_taste(rng: np.random.Generator, dataset: Dataset, dislikes: int = 0) -> Taste:
    items = rng.choice(dataset.info.n_items, rng.integers(1, 60) + dislikes, replace=False).tolist()
    return Taste(tuple(items[dislikes:]), tuple(items[:dislikes]))


def ask(models: list[Model], taste: Taste) -> None:
    for model in models:
        recommend(model, [taste], k=20)


def page(zoo: Path, dataset: Dataset, names: list[str], rng: np.random.Generator) -> Callable[[], None]:
    """A run of Compare after a change of the taste."""
    os.environ["MENAGERIE_ZOO"] = str(zoo.resolve())
    at = AppTest.from_file(APP, default_timeout=60)
    at.session_state[SESSION] = session = Session(kept={"dataset": dataset.name, "models": names})
    at.run()
    at.switch_page("pages/try/compare.py")

    def change() -> None:
        taste = some_taste(rng, dataset)
        session.tastes = {dataset.info.fingerprint: Visit(likes=taste.likes)}
        at.run()
        assert not at.exception, at.exception

    return change


def measured(n: int, change: Callable[[], None]) -> np.ndarray:
    """Milliseconds of n changes, after a few that warm up."""
    times = []
    for _ in range(n + WARM_UP):
        start = time.perf_counter()
        change()
        times.append(1000 * (time.perf_counter() - start))
    return np.array(times[WARM_UP:])


def row(what: str, times: np.ndarray) -> Row:
    return {"what is asked": what, "median ms": float(np.median(times)), "p95 ms": float(np.quantile(times, 0.95))}


if __name__ == "__main__":
    main()
