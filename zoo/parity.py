"""Does a graph still say what its model said when it was trained?

`parity.parquet` holds, for a few histories, the best items and their scores as computed by the trained model itself.
Whoever has ONNX Runtime can run the graph on the same histories and compare: no torch needed.
"""

from pathlib import Path

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from zoo.card import Parity
from zoo.errors import CardError
from zoo.runtime import Model

FILE = "parity.parquet"
TOLERANCE = 1e-4  # of the score range: what float32 sums in another order may differ by
KEPT = 100  # best items kept per history


def compare_scores(scores: np.ndarray, reference: np.ndarray, checked: str) -> Parity:
    """How far scores are from the reference, both float [B, I] over the same histories and items.

    A list of 20 agrees if the reference would accept it: ranked by the reference's own scores, no place of it is worse
    than the reference's best list by more than `TOLERANCE` of the range. So a tie may be broken either way.
    """
    reference = reference.astype(np.float64)
    difference = np.abs(scores - reference).max(axis=1, initial=0.0)
    spread = np.ptp(reference, axis=1)
    spread = np.where(spread > 0, spread, max(spread.max(initial=0.0), 1.0))  # equal scores: nothing to be relative to
    ours = np.take_along_axis(reference, np.argsort(-scores, axis=1, kind="stable")[:, :20], axis=1)
    best = -np.sort(-reference, axis=1)[:, :20]
    agrees = (best - np.minimum.accumulate(ours, axis=1)).max(axis=1, initial=0.0) <= TOLERANCE * spread
    return Parity(
        largest_difference=float(difference.max(initial=0.0)),
        relative_difference=float((difference / spread).max(initial=0.0)),
        top_20_agreement=float(agrees.mean()) if len(agrees) else 1.0,
        checked=checked,
    )


def reference_table(histories: csr_array, users: np.ndarray | None, reference: np.ndarray) -> pl.DataFrame:
    """The reference's best items of each history. histories csr [B, I], users int64 [B] or None, reference [B, I]."""
    best = np.argsort(-reference, axis=1, kind="stable")[:, :KEPT]
    rows = [slice(histories.indptr[row], histories.indptr[row + 1]) for row in range(histories.shape[0])]
    table = {
        "items": [histories.indices[row].tolist() for row in rows],
        "weights": [histories.data[row].tolist() for row in rows],
        "user": [None] * len(rows) if users is None else users.tolist(),
        "best": best.tolist(),
        "scores": np.take_along_axis(reference, best, axis=1).astype(float).tolist(),
    }
    types: dict[str, pl.DataType | type[pl.DataType]] = {
        "items": pl.List(pl.Int64),
        "weights": pl.List(pl.Float32),
        "user": pl.Int64,
        "best": pl.List(pl.Int64),
        "scores": pl.List(pl.Float64),
    }
    return pl.DataFrame(table, schema_overrides=types)


def check(model: Model, path: Path) -> Parity:
    """Run the stored histories through every graph of a loaded model and compare. What it returns is the worst.

    Raises
    ------
    CardError if the file is not there, or a stored score is missed by more than `TOLERANCE` of the range of its list
    """
    if not path.is_file():
        raise CardError(f"{path} is missing: nothing tells what the model once said. Train again.")
    table = pl.read_parquet(path)
    lengths = table["items"].list.len().to_numpy()
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    items = table["items"].explode(empty_as_null=False).to_numpy()
    weights = table["weights"].explode(empty_as_null=False).to_numpy()
    histories = csr_array((weights, items, indptr), shape=(len(table), model.card.n_items))
    users = None if model.card.about.input == "items" else table["user"].to_numpy()
    best = np.array(table["best"].to_list())
    stored = np.array(table["scores"].to_list())
    found = []
    for graph in model.card.graphs:
        scores = model.run(histories, users=users, outputs=("all_scores",), graph=graph)["all_scores"]
        listed = np.take_along_axis(scores, best, axis=1)
        found.append(compare_scores(listed, stored, f"{len(table)} stored histories"))
    parity = max(found, key=lambda one: (one.relative_difference, -one.top_20_agreement))
    if parity.relative_difference > TOLERANCE or parity.top_20_agreement < 1:
        raise CardError(
            f"{path.parent} no longer gives the scores that it was published with: off by "
            f"{parity.relative_difference:.1e} of their range (allowed: {TOLERANCE:.0e}). Train or export it again."
        )
    return parity
