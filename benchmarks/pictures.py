"""What the picture tower sees: our posters, the same under noise, and the same dealt out anew among the films.

    python benchmarks/pictures.py --zoo pictures-zoo

Our posters encode genre and decade by construction, so a tower that reads them should find films that nobody chose; the
more noise lies on them, the fewer; and shuffled, where every film has another one's poster, none but by chance.

Films, simulated viewers, split cold-items:98765. Each model ranks the withheld test films only, so that chance is
20 / (number of them), whatever the rest of the catalogue. Intervals: bootstrap over users; for the shuffled ones, over
SHUFFLES of them (t), because one deal of the posters helps or harms the popular films of everybody alike.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.stats import t as student

from zoo.dataset import Dataset
from zoo.ids import id_text
from zoo.metrics import recall_at_k
from zoo.posters import pictures
from zoo.registry import Zoo
from zoo.runtime import Runtime
from zoo.settings import Settings
from zoo.significance import mean_intervals

SPLIT, MODEL, K = "cold-items:98765", "two_tower_image", 20
NOISE = (64,)  # standard deviation, of 255 levels
SHUFFLES = 3
SETTINGS = ("batch_size=4096", "n_epochs=4", "learning_rate=0.004")  # each in a quarter of the usual time


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zoo", type=Path, required=True, help="a folder for the data sets, models and pictures")
    options = parser.parse_args()
    train(options.zoo, "posters")
    drawn, ids = posters(Zoo(options.zoo).dataset("posters"))
    rng = np.random.default_rng(98765)
    for level in NOISE:
        noisy = np.clip(drawn + rng.normal(0, level, drawn.shape), 0, 255).astype(np.uint8)
        train(options.zoo, f"noise-{level}", saved(options.zoo / f"pictures-noise-{level}", noisy, ids))
    for number in range(1, SHUFFLES + 1):
        dealt = drawn[rng.permutation(len(drawn))]
        train(options.zoo, f"shuffled-{number}", saved(options.zoo / f"pictures-shuffled-{number}", dealt, ids))
    report(Zoo(options.zoo))


def train(zoo: Path, name: str, folder: Path | None = None) -> None:
    if (zoo / name / MODEL).exists():
        return
    command = [sys.executable, "-m", "zoo.cli", "train", MODEL, "--data", "films", "--split", SPLIT, "--name", name]
    command += ["--set", *SETTINGS]
    subprocess.run([*command, "--out", str(zoo), *(["--pictures", str(folder)] if folder else [])], check=True)


def posters(dataset: Dataset) -> tuple[np.ndarray, list[str]]:
    """Our posters uint8 [I, 96, 64, 3], and the ids of their items."""
    return pictures(dataset.catalogue), id_text(dataset.catalogue.items["item_id"]).to_list()


def saved(folder: Path, pixels: np.ndarray, ids: list[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for item, picture in zip(ids, pixels, strict=True):
        Image.fromarray(picture).save(folder / f"{item}.png")
    return folder


def found(dataset: Dataset, runtime: Runtime) -> tuple[np.ndarray, int]:
    """Recall@20 of every test user among the withheld films, and how many of those there are."""
    fold = dataset.test
    cold = np.bincount(fold.held_out.indices, minlength=dataset.info.n_items) > 0
    model = runtime.load(dataset.model(MODEL))
    ranked = model.run(fold.fold_in, masked=fold.masked, candidates=cold, k=K, outputs=("ranked",))["ranked"]
    return recall_at_k(ranked, fold.held_out, K), int(cold.sum())


def report(zoo: Zoo) -> None:
    runtime = Runtime(Settings(provider="cpu"))
    print(f"| pictures | recall@{K} among the withheld films |\n|---|---|")
    for name in ("posters", *(f"noise-{level}" for level in NOISE)):
        recall, n_cold = found(zoo.dataset(name), runtime)
        (mean,) = mean_intervals(recall[:, None])
        print(f"| {name} | {mean.mean:.4f} [{mean.low:.4f}, {mean.high:.4f}], {mean.n:,} users |")
    means = [np.nanmean(found(zoo.dataset(f"shuffled-{number + 1}"), runtime)[0]) for number in range(SHUFFLES)]
    half = student.ppf(0.975, SHUFFLES - 1) * np.std(means, ddof=1) / np.sqrt(SHUFFLES)
    low, high = np.mean(means) - half, np.mean(means) + half
    print(f"| shuffled | {np.mean(means):.4f} [{low:.4f}, {high:.4f}], {SHUFFLES} shuffles |")
    print(f"| chance | {K / n_cold:.4f}: {K} of {n_cold} |")


if __name__ == "__main__":
    main()
