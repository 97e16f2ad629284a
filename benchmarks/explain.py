"""What "Why this item?" costs on the server: the explanation of a list of ten, for every model and several histories.

    python -m benchmarks.explain --zoo zoo-data --dataset films
    python -m benchmarks.explain --zoo zoo-data --dataset films --check

Prints the median and the 95th percentile of many explanations, each of another history (items drawn as often as they
were chosen), the median of processor time over all cores, and what one search for counterfactuals costs. With --check,
in place of times: how many of the two strongest reasons are among those that are asked, where only a tenth of a real
history may be left out one by one.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from zoo import explain as explaining
from zoo.counterfactual import turn
from zoo.dataset import Dataset
from zoo.explain import explain, method_of
from zoo.recommend import Taste, recommend
from zoo.registry import Zoo
from zoo.runtime import Model, Runtime
from zoo.settings import Settings

LIST = 10
WARM_UP = 3
PEOPLE = 4  # of each length, in --check
TENTH = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zoo", type=Path, required=True)
    parser.add_argument("--dataset")
    parser.add_argument("--models", nargs="+", help="default: all")
    parser.add_argument("--lengths", type=int, nargs="+", default=[5, 50, 500])
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    dataset, runtime = Zoo(options.zoo).dataset(options.dataset), Runtime(Settings.from_environment())
    for name in options.models or dataset.model_names():
        model = runtime.load(dataset.model(name))
        for length in options.lengths:
            if length >= dataset.info.n_items:
                continue
            if not options.check:
                measure(model, dataset, length, options.times)
            elif method_of(model) == "leave one out":
                check(model, dataset, length)


def measure(model: Model, dataset: Dataset, length: int, n: int) -> None:
    rng = np.random.default_rng(0)
    chosen = np.asarray(dataset.train.sum(axis=0)).ravel() + 1e-9
    user_idx = None if model.card.about.serves_new_profiles else int(dataset.training_users()[0])
    wall, processor, searches = [], [], []
    for _ in range(n + WARM_UP):
        items = rng.choice(dataset.info.n_items, length, replace=False, p=chosen / chosen.sum()).tolist()
        taste = Taste(tuple(items), user_idx=user_idx)
        ranked = recommend(model, [taste], k=2 * LIST).ranked[0]
        start, busy = time.perf_counter(), time.process_time()
        found = explain(model, taste, ranked[:LIST][ranked[:LIST] >= 0])
        wall.append(1000 * (time.perf_counter() - start))
        processor.append(1000 * (time.process_time() - busy))
        if len(searches) < WARM_UP:
            start = time.perf_counter()
            turn(model, taste, int(ranked[-1]))
            searches.append(1000 * (time.perf_counter() - start))
    times = np.array(wall[WARM_UP:])
    print(
        f"{model.card.name:<24} history {length:>5}, {int(found.asked.sum()):>5} asked: "
        f"median {np.median(times):7.1f} ms, 95th percentile {np.quantile(times, 0.95):7.1f} ms, "
        f"processor {np.median(processor[WARM_UP:]):7.1f} ms; "
        f"what would let rank {2 * LIST} enter: {np.median(searches):8.1f} ms",
        flush=True,
    )


def check(model: Model, dataset: Dataset, length: int) -> None:
    """The two strongest reasons for each item of a list, among a tenth of the history and among all of it."""
    rng = np.random.default_rng(1)
    n_chosen = np.diff(dataset.train.indptr)
    people = np.flatnonzero(n_chosen >= min(length, n_chosen.max()))
    shares = []
    usual = explaining.WORK, explaining.LEAST
    explaining.LEAST = 1
    for user in rng.choice(people, PEOPLE):
        own = dataset.train[[user]].indices
        taste = Taste(tuple(rng.choice(own, min(length, len(own)), replace=False).tolist()))
        ranked = recommend(model, [taste], k=LIST).ranked[0]
        explaining.WORK = 2**60
        whole = explain(model, taste, ranked)
        row = len(taste.likes) * model.card.gather_width + 4 * dataset.info.n_items
        explaining.WORK = row * (len(taste.likes) // TENTH)
        asked = explain(model, taste, ranked).asked
        reasons = [whole.reasons(place, 2) for place in range(len(ranked))]
        shares += [np.mean([asked[row] for row in rows]) for rows in reasons if rows]
    explaining.WORK, explaining.LEAST = usual
    print(
        f"{model.card.name:<24} history {len(taste.likes):>5}: {np.mean(shares):.2f} of the two strongest reasons are "
        f"among {len(taste.likes) // TENTH}",
        flush=True,
    )


if __name__ == "__main__":
    main()
