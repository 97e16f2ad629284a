"""Small zoos that nobody trains: a data set at random, and item-item models in which every score says who made it."""

import tempfile
from pathlib import Path

import numpy as np
import onnx
import polars as pl
from scipy.sparse import csr_array

from training.graphs import ITEM_ITEM_DENSE, ITEM_ITEM_ROWS, item_item, with_ranking
from zoo.card import About, Card, DatasetInfo, Parity
from zoo.catalogue import Catalogue
from zoo.dataset import Dataset, write_dataset
from zoo.manifest import publication
from zoo.runtime import Model
from zoo.split import split

N_USERS, N_ITEMS = 60, 12
WEIGHTS, GRAPHS = "weights.bin", {"rows": ("model.onnx", ITEM_ITEM_ROWS), "dense": ("dense.onnx", ITEM_ITEM_DENSE)}


def write_data(root: Path, name: str = "small", *, seed: int = 0, titles: str = "Title") -> Dataset:
    """A data set of random choices; another seed: other data."""
    rng = np.random.default_rng(seed)
    X = csr_array((rng.random((N_USERS, N_ITEMS)) < 0.6).astype(np.float32))
    items = [f"i{item}" for item in range(N_ITEMS)]
    table = pl.DataFrame({"item_id": items, "title": [f"{titles} {item}" for item in items]})
    parts = split(X, "strong:1")
    catalogue = Catalogue.build(pl.Series(items), table, np.diff(parts.train.tocsc().indptr))
    info = DatasetInfo(
        name=name, source="made up", licence=None, fingerprint=f"{seed:064x}", split="strong:1", threshold=None,
        min_user=0, min_item=0, repeats="first", n_users=N_USERS, n_items=N_ITEMS, n_interactions=X.nnz,
        n_training_users=N_USERS, n_training_interactions=X.nnz, n_test_users=len(parts.test),
        n_validation_users=len(parts.validation), rows_read=X.nnz, dropped={}, notes=[], created="2026-01-01T00:00:00Z",
    )  # fmt: skip
    return write_dataset(root / name, info, catalogue, pl.Series([f"u{user}" for user in range(N_USERS)]), parts)


def write_zoo(root: Path) -> Dataset:
    """Such a data set with the models one (1.0) and two (2.0)."""
    data = write_data(root)
    publish(data, "one", 1.0)
    publish(data, "two", 2.0)
    return data


def card(data: Dataset, name: str, **changes: object) -> Card:
    about = About(name=name, title=name.upper(), family="baseline", summary="Made up.", equation="x", item_item=True)
    facts = Card(
        about=about, dataset=data.name, dataset_fingerprint=data.info.fingerprint, split=data.info.split,
        n_users=N_USERS, n_items=N_ITEMS, n_interactions=1, settings={}, seed=0, device="cpu", fit_seconds=0.0,
        peak_bytes=None, parameters=N_ITEMS**2, weight_bytes=4 * N_ITEMS**2,
        graphs={role: file for role, (file, _) in GRAPHS.items()}, gather_width=N_ITEMS,
        outputs=["ranked", "scores", "all_scores"],
        parity=Parity(largest_difference=0.0, relative_difference=0.0, top_20_agreement=1.0, checked="nothing"),
        metrics=None, reason="Nobody measured it.", versions={}, created="2026-01-01T00:00:00Z",
    )  # fmt: skip
    return facts.model_copy(update=changes)


def fill(folder: Path, data: Dataset, name: str, value: float, location: str = WEIGHTS, **changes: object) -> None:
    """The files of a model that gives every item, for one thing in the history, this score."""
    np.full((N_ITEMS, N_ITEMS), value, dtype=np.float32).tofile(folder / WEIGHTS)
    for file, template in GRAPHS.values():
        graph = with_ranking(item_item(template, N_ITEMS, location, 0), N_ITEMS)
        onnx.save(graph, folder / file)
    card(data, name, **changes).save(folder / "card.json")


def publish(data: Dataset, name: str = "one", value: float = 1.0, **changes: object) -> Path:
    """Publishes such a model; returns the publication's folder."""
    with publication(data.path / name) as folder:
        fill(folder, data, name, value, **changes)
    return data.path / name / data.current(name)


def prepared(data: Dataset, name: str, values: list[float]) -> list[Path]:
    """Folders of such models, for somebody to publish who has no time to make them."""
    folders = [Path(tempfile.mkdtemp(dir=data.path.parent.parent)) for _ in values]
    for folder, value in zip(folders, values, strict=True):
        fill(folder, data, name, value)
    return folders


def answer(model: Model, graph: str | None = None) -> float:
    """The one score of such a model; fails where a list is not of one model alone."""
    history = csr_array(([1.0], ([0], [0])), shape=(1, N_ITEMS), dtype=np.float32)
    scores = model.run(history, k=N_ITEMS - 1, graph=graph)["scores"]
    assert scores.shape == (1, N_ITEMS - 1)
    assert len(set(scores.ravel().tolist())) == 1
    return float(scores[0, 0])
