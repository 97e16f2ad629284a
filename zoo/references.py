"""What could be known at best: ranked lists that no model made, measured beside the models.

On real data nobody knows how good a recommender can be: the figures of the best model are the best figures there are.
Where a simulator made the data its own probabilities are known, and two lists say what the models' figures cannot:

    oracle        by the true probability of the next observed choice: how far every model is from what can be reached
    preference    by what the person would like if everything were equally visible: how far the *measure* is from what
                  recommending is for. It falls short of the oracle although no list would please more, because what
                  was never noticed could not be chosen.

Only lists are kept, not probabilities: two tables [n, I] of floats would be larger than most models.

    references.parquet    name, user_idx Int64, ranked list[Int32] (item columns, best first, at most 100)
"""

from pathlib import Path

import numpy as np
import polars as pl

from zoo.errors import CardError
from zoo.metrics import LONGEST_LIST
from zoo.split import Fold

FILE = "references.parquet"
TITLES = {"oracle": "true probability of the next observed choice", "preference": "true preference, exposure aside"}


def references_table(scores: dict[str, np.ndarray], user_idx: np.ndarray) -> pl.DataFrame:
    """The table of references.parquet from scores [n, I] by name, -inf for what may not be listed."""
    return pl.concat([_lists(name, of_name, user_idx) for name, of_name in scores.items()])


def _lists(name: str, scores: np.ndarray, user_idx: np.ndarray) -> pl.DataFrame:
    ranked = np.argsort(-scores, axis=1, kind="stable")[:, :LONGEST_LIST]
    listed = np.isfinite(np.take_along_axis(scores, ranked, axis=1))
    lists = [row[there].astype(np.int32) for row, there in zip(ranked, listed, strict=True)]
    users = pl.Series("user_idx", user_idx, dtype=pl.Int64)
    return pl.DataFrame({"user_idx": users, "ranked": pl.Series(lists, dtype=pl.List(pl.Int32))}).select(
        pl.lit(name).alias("name"), "user_idx", "ranked"
    )


def read_references(path: Path, content: bytes, fold: Fold) -> dict[str, np.ndarray]:
    """Lists of the fold's users by name, int64 [n, 100], -1 behind the end of a list. path : what sentences name

    Raises
    ------
    CardError where the file was made for other users
    """
    table = pl.read_parquet(content)
    users = pl.DataFrame({"user_idx": pl.Series(fold.user_idx, dtype=pl.Int64)})
    found = {}
    for name in table["name"].unique(maintain_order=True):
        of_users = users.join(table.filter(pl.col("name") == name), on="user_idx", how="left", maintain_order="left")
        if of_users["ranked"].null_count():
            raise CardError(f"{path} lacks test users of this data set. Train again into another folder.")
        ranked = np.full((len(fold), LONGEST_LIST), -1, dtype=np.int64)
        for row, items in enumerate(of_users["ranked"].to_list()):
            ranked[row, : len(items)] = items
        found[name] = ranked
    return found
