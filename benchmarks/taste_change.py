"""From a taste change to four refreshed lists of 20, on the server: what a click on Compare costs.

    python benchmarks/taste_change.py --zoo zoo-data --dataset ml-latest-small

Prints the median and the 95th percentile of 200 changes (each adds a like), and each model's own median.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from zoo.recommend import Taste, recommend, why_not
from zoo.registry import Zoo
from zoo.runtime import Runtime
from zoo.settings import Settings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zoo", type=Path, required=True)
    parser.add_argument("--dataset")
    parser.add_argument("--changes", type=int, default=200)
    options = parser.parse_args()
    dataset, runtime = Zoo(options.zoo).dataset(options.dataset), Runtime(Settings.from_environment())
    models = [runtime.load(dataset.model(name)) for name in dataset.model_names()]
    models = [model for model in models if why_not(model.card, Taste((0,))) is None][:4]
    rng = np.random.default_rng(0)
    times = np.array([one_change(models, rng, dataset.info.n_items) for _ in range(options.changes + 5)])[5:]
    for model, each in zip(models, times.T, strict=True):
        print(f"{model.card.name:<16} median {np.median(each):7.2f} ms")
    total = times.sum(axis=1)
    print(f"{'four lists':<16} median {np.median(total):7.2f} ms, 95th percentile {np.quantile(total, 0.95):7.2f} ms")


def one_change(models, rng: np.random.Generator, n_items: int) -> list[float]:
    taste = Taste(tuple(int(item) for item in rng.choice(n_items, rng.integers(1, 60), replace=False)))
    times = []
    for model in models:
        start = time.perf_counter()
        recommend(model, [taste], k=20)
        times.append(1000 * (time.perf_counter() - start))
    return times


if __name__ == "__main__":
    main()
