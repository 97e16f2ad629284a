"""The exported graph against the model as trained: the same random histories through both."""

import itertools
from pathlib import Path

import numpy as np
import polars as pl
import torch
from scipy.sparse import csr_array

from zoo.card import About, DatasetInfo, Parity
from zoo.errors import ModelError
from zoo.parity import FILE, TOLERANCE, compare_scores, reference_table
from zoo.runtime import Model

BATCHES = (1, 7, 512)
LENGTHS = (0, 1, 1000)  # items per history, at most the whole catalogue
KEPT = 3  # histories of each kind that go into parity.parquet, for `menagerie verify`
_USERS_AT_ONCE = 32  # torch gathers [B, L, width]


def check_parity(model: Model, scorer: torch.nn.Module, n_users: int, folder: Path) -> Parity:
    """Random histories of every length and batch size, through both graphs of the folder; a few are kept in it.

    Raises
    ------
    ModelError if the scores differ by more than `TOLERANCE` of their range
    """
    rng = np.random.default_rng(0)
    n_items = model.card.n_items
    found: list[Parity] = []
    kept: list[pl.DataFrame] = []
    for batch, length in itertools.product(BATCHES, LENGTHS):
        histories = _random_histories(rng, batch, min(length, n_items), n_items)
        users = rng.integers(0, n_users, batch) if model.card.about.input == "users" else None
        reference = reference_scores(scorer, histories, users)
        for graph in model.card.graphs:
            scores = model.run(histories, users=users, outputs=("all_scores",), graph=graph)["all_scores"]
            found.append(compare_scores(scores, reference, ""))
        few = slice(KEPT)
        kept.append(reference_table(histories[few], None if users is None else users[few], reference[few]))
    pl.concat(kept).write_parquet(folder / FILE)
    worst = Parity(
        largest_difference=max(parity.largest_difference for parity in found),
        relative_difference=max(parity.relative_difference for parity in found),
        top_20_agreement=min(parity.top_20_agreement for parity in found),
        checked=f"batches of {BATCHES}, random histories of {LENGTHS} items, on the CPU",
    )
    if worst.relative_difference > TOLERANCE or worst.top_20_agreement < 1:
        raise ModelError(
            f"{model.card.about.title}: the graph is off by {worst.relative_difference:.1e} of the score range "
            f"(allowed: {TOLERANCE:.0e}); nothing was published. This is a defect of the export."
        )
    return worst


def difference(scorer: torch.nn.Module, other: torch.nn.Module, about: About, info: DatasetInfo) -> Parity:
    """How far two models' scores lie apart, on random histories (or users) as in `check_parity`."""
    rng = np.random.default_rng(0)
    histories = _random_histories(rng, 64, min(50, info.n_items), info.n_items)
    users = rng.integers(0, info.n_users, 64) if about.input == "users" else None
    scores = (reference_scores(model, histories, users) for model in (scorer, other))
    return compare_scores(*scores, "random histories of 50 items")


def reference_scores(scorer: torch.nn.Module, histories: csr_array, users: np.ndarray | None) -> np.ndarray:
    """The trained model's own scores float32 [B, I], computed by torch, a few users at a time."""
    blocks = []
    with torch.no_grad():
        for start in range(0, histories.shape[0], _USERS_AT_ONCE):
            block = histories[start : start + _USERS_AT_ONCE]
            if users is not None:
                blocks.append(scorer(torch.from_numpy(users[start : start + _USERS_AT_ONCE]))[0])
                continue
            length = int(np.diff(block.indptr).max(initial=0))
            items = torch.full((block.shape[0], length), histories.shape[1])
            weights = torch.zeros(block.shape[0], length)
            for row in range(block.shape[0]):
                columns = block.indices[block.indptr[row] : block.indptr[row + 1]]
                items[row, : len(columns)] = torch.from_numpy(columns.astype(np.int64))
                weights[row, : len(columns)] = torch.from_numpy(block.data[block.indptr[row] : block.indptr[row + 1]])
            blocks.append(scorer(items, weights)[0])
    return torch.cat(blocks).numpy()


def _random_histories(rng: np.random.Generator, batch: int, length: int, n_items: int) -> csr_array:
    items = np.concatenate([rng.choice(n_items, length, replace=False) for _ in range(batch)]).astype(np.int64)
    indptr = np.arange(batch + 1, dtype=np.int64) * length
    return csr_array((np.ones(len(items), dtype=np.float32), items, indptr), shape=(batch, n_items))
