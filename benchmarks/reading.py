"""25 million interactions, in every format: seconds, and the largest resident memory of the process that reads them.

    python benchmarks/reading.py                       5 GB of files in a temporary folder
    python benchmarks/reading.py --rows 1000000

Made-up rows: 200,000 users, 60,000 items, a rating and a time; ids are numbers, in one file texts.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

READ = "import sys; from pathlib import Path; from zoo.interactions import read_interactions as r; r(Path(sys.argv[1]))"
CHECKOUT = Path(__file__).resolve().parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=25_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for what, path in files(made_up(options.rows), Path(folder)):
            start = time.perf_counter()
            process = subprocess.Popen([sys.executable, "-c", READ, str(path)], cwd=CHECKOUT)
            _, status, used = os.wait4(process.pid, 0)
            seconds, size = time.perf_counter() - start, path.stat().st_size / 2**20
            ended = "" if status == 0 else f"  ended with {os.waitstatus_to_exitcode(status)}"
            print(f"{what:<18} {size:7.0f} MiB  {seconds:6.1f} s  {used.ru_maxrss / 2**20:5.2f} GiB{ended}", flush=True)
            path.unlink()


def made_up(n: int) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "user_id": rng.integers(0, 200_000, n, dtype=np.int32),
            "item_id": (60_000 * rng.random(n) ** 2).astype(np.int32),
            "rating": rng.integers(1, 11, n) / 2,
            "timestamp": rng.integers(10**9, 1_700_000_000, n),
        }
    )


def files(rows: pl.DataFrame, folder: Path) -> Iterator[tuple[str, Path]]:
    rows.write_parquet(folder / "a.parquet")
    yield "Parquet", folder / "a.parquet"
    rows.write_csv(folder / "a.csv")
    subprocess.run(["gzip", "--fast", "--keep", str(folder / "a.csv")], check=True)
    yield "CSV, gzipped", folder / "a.csv.gz"
    yield "CSV", folder / "a.csv"
    rows.with_columns(pl.format("user-{}", "user_id").alias("user_id")).write_csv(folder / "t.csv")
    yield "CSV, text ids", folder / "t.csv"
    rows.write_ndjson(folder / "a.jsonl")
    yield "JSON Lines", folder / "a.jsonl"


if __name__ == "__main__":
    main()
