"""The lists that a model gave the test users when it was measured, kept beside its figures.

So a page can count anything about them (another k, who is shown an item, what two models share) without asking every
model for everybody again.

    lists.parquet    user_idx Int32, ranked Array(Int16 or Int32, 100 or I): item columns, best first, -1 behind the end
"""

from pathlib import Path

import numpy as np
import polars as pl

from zoo.errors import CardError
from zoo.split import Fold

FILE = "lists.parquet"


def write_lists(folder: Path, fold: Fold, ranked: np.ndarray) -> None:
    """ranked : int32 [n, 100 or I], the lists of the fold's users, in their order"""
    small = ranked.max(initial=-1) <= np.iinfo(np.int16).max
    ranked = np.ascontiguousarray(ranked, dtype=np.int16 if small else np.int32)
    lists = pl.Series("ranked", ranked, dtype=pl.Array(pl.Int16 if small else pl.Int32, ranked.shape[1]))
    table = pl.DataFrame({"user_idx": pl.Series(fold.user_idx, dtype=pl.Int32), "ranked": lists})
    table.write_parquet(folder / FILE, compression="zstd", compression_level=10)


def stored_lists(folder: Path, fold: Fold) -> np.ndarray | None:
    """int32 [n, 100 or I] in the order of the fold's users; None where none were kept (the model was not measured).

    Raises
    ------
    CardError where they are those of other users
    """
    path = folder / FILE
    if not path.is_file():
        return None
    table = pl.read_parquet(path)
    if not np.array_equal(table["user_idx"].to_numpy(), fold.user_idx):
        raise CardError(f"{path} holds lists of other test users. Train again.")
    return table["ranked"].to_numpy().astype(np.int32)
