"""A validation slice of a published split's training rows, to choose settings on: the test rows are left out whole.

    python benchmarks/validation_slice.py ../shared/data/gowalla/interactions.parquet --out slice/gowalla
    menagerie train two_tower_id --data slice/gowalla --split column:part --out zoo-slice --set n_factors=128

Of each user's training rows a tenth becomes `validation` (early stopping, the curve) and another tenth stands as `test`
(figures to compare settings by), at random, by seed; who has fewer than ten rows may get none of either.
"""

import argparse
from pathlib import Path

import numpy as np
import polars as pl

SHARE = 0.1  # of the training rows, twice


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="interactions.parquet with a column that says train or test")
    parser.add_argument("--column", default="part")
    parser.add_argument("--seed", type=int, default=98765)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    options = parser.parse_args()
    train = pl.read_parquet(options.data).filter(pl.col(options.column) == "train")
    drawn = np.random.default_rng(options.seed).random(train.height)
    part = np.where(drawn < SHARE, "validation", np.where(drawn < 2 * SHARE, "test", "train"))
    options.out.mkdir(parents=True, exist_ok=True)
    sliced = train.with_columns(pl.Series(options.column, part))
    sliced.write_parquet(options.out / "interactions.parquet")
    print(sliced[options.column].value_counts(sort=True))


if __name__ == "__main__":
    main()
