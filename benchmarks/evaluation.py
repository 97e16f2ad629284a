"""What measuring costs: 100,000 test users x 20,000 items, and intervals and comparisons of 10,000 users x 14 models.

    python benchmarks/evaluation.py --users 100000 --items 20000

Makes up interactions (long-tailed, about 40 per user, two of them held out), trains popularity and pure_svd on them,
and runs `menagerie evaluate` on each in a process of its own. Prints seconds and the largest resident memory beside the
model's own size, then the time of the bootstrap. The [U, I] scores of these users alone would take 8 GB.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from zoo.registry import Zoo
from zoo.significance import compare_all, mean_intervals

CHECKOUT = Path(__file__).resolve().parent.parent
MODELS = ("popularity", "pure_svd")
HELD_OUT = 2  # choices of each user


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=20_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "interactions.parquet"
        made_up(options.users, options.items).write_parquet(file)
        for name in MODELS:
            measure(name, file, Path(folder) / name)
    intervals()


def measure(name: str, file: Path, zoo: Path) -> None:
    menagerie("train", name, "--data", file, "--split", "column:part", "--name", "made-up", "--out", zoo)
    dataset = Zoo(zoo).dataset("made-up")
    with dataset.model(name) as found:
        model_size = found.card.weight_bytes / 2**20
    seconds, peak = menagerie("evaluate", "--zoo", zoo)
    users, items = dataset.info.n_test_users, dataset.info.n_items
    print(f"{users:,} users x {items:,} items, {name}: {seconds:.1f} s, at most {peak / 2**30:.2f} GiB", end="")
    print(f" (its weights: {model_size:.0f} MiB)", flush=True)


def made_up(n_users: int, n_items: int) -> pl.DataFrame:
    """user_id, item_id, part; each pair once."""
    rng = np.random.default_rng(0)
    length = rng.geometric(1 / 40, n_users).clip(6, 400)
    users = np.repeat(np.arange(n_users, dtype=np.int32), length)
    items = (n_items * rng.random(len(users)) ** 3).astype(np.int32)  # the lower the column, the more popular
    table = pl.DataFrame({"user_id": users, "item_id": items}).unique(maintain_order=True)
    place = pl.int_range(pl.len()).over("user_id")
    return table.with_columns(part=pl.when(place < HELD_OUT).then(pl.lit("test")).otherwise(pl.lit("train")))


def menagerie(*arguments: object) -> tuple[float, int]:
    """Seconds, and the largest resident memory of the process in bytes."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "zoo.cli", *map(str, arguments)]
    process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - start, used.ru_maxrss * 1024


def intervals(n_users: int = 10_000, n_models: int = 14) -> None:
    values = np.random.default_rng(0).random((n_users, n_models))
    start = time.perf_counter()
    mean_intervals(values)
    between = time.perf_counter()
    compare_all({str(model): values[:, model] for model in range(n_models)}, metric="recall_at_20")
    end = time.perf_counter()
    print(f"intervals of {n_models} models x {n_users:,} users, 10,000 draws: {between - start:.1f} s")
    print(f"all {n_models * (n_models - 1) // 2} comparisons with Holm: {end - between:.1f} s")


if __name__ == "__main__":
    main()
