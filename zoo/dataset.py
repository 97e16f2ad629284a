"""A data set as the zoo holds it, so that the app can look at people from the data and measure live.

    dataset.json       zoo.card.DatasetInfo
    items.parquet      one row per item; row number = column number
    users.parquet      user_idx, user_id, role ("train", "validation", "test"), n_items
    train.parquet      user_idx, item_idx, weight: what models learn from
    held_out.parquet   part ("validation", "test"), kind ("fold_in", "held_out", "masked"), user_idx, item_idx, weight
    references.parquet where the data was simulated: lists by its true probabilities (zoo.references)
    MANIFEST.json      sha256 and size of each of these files
    <model>/           zoo.manifest

Where users are known to training (every split but strong:), their fold-in is their row of train.parquet.
"""

import hashlib
import os
import shutil
import tempfile
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from zoo.card import Card, DatasetInfo
from zoo.catalogue import Catalogue
from zoo.errors import CardError
from zoo.folder import ModelFolder
from zoo.manifest import CURRENT, changed, check_manifest, read_current, read_manifest, readable, write_manifest
from zoo.metrics import ItemFacts
from zoo.references import FILE as REFERENCES
from zoo.references import read_references
from zoo.split import Fold, Split

ROLES = ("train", "validation", "test")


class Dataset:
    """One folder of the zoo, read on demand. Never changes after it was written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.info = DatasetInfo.load(path / "dataset.json")

    @property
    def name(self) -> str:
        return self.info.name

    @cached_property
    def catalogue(self) -> Catalogue:
        path, content = self._file("items.parquet")
        return Catalogue.load(path, content)

    @cached_property
    def users(self) -> pl.DataFrame:
        return pl.read_parquet(self._file("users.parquet")[1])

    @cached_property
    def train(self) -> csr_array:
        """float32 [U, I]; empty rows for users who are held out whole."""
        return _to_csr(pl.read_parquet(self._file("train.parquet")[1]), (self.info.n_users, self.info.n_items))

    @cached_property
    def validation(self) -> Fold:
        return self._fold("validation")

    @cached_property
    def test(self) -> Fold:
        return self._fold("test")

    @cached_property
    def references(self) -> dict[str, np.ndarray]:
        """Lists of the test users that no model made, int64 [n, 100] by name; {} where nothing better is known."""
        there = (self.path / REFERENCES).is_file()
        return read_references(*self._file(REFERENCES), self.test) if there else {}

    @cached_property
    def item_facts(self) -> ItemFacts:
        """What metrics must know of the items."""
        return ItemFacts.of(self.train, self.catalogue.items["genres"])

    def check(self) -> None:
        """Compares every file of the data set with its checksum; those of the models are compared when they are opened.

        Raises
        ------
        CardError naming the first file that is missing or not as it was written
        """
        check_manifest(self.path, below=False)

    def model_names(self) -> list[str]:
        """Models that were published here, broken ones among them, by name."""
        return sorted(path.parent.name for path in self.path.glob(f"*/{CURRENT}"))

    def model(self, name: str, checksum: str | None = None) -> ModelFolder:
        """The model in service, or the publication of it with this checksum.

        Raises
        ------
        CardError where it is broken, or was trained on other data, or that publication is not there any more
        """
        if name not in self.model_names():
            known = ", ".join(self.model_names()) or "none yet"
            raise CardError(f"{self.name} has no model {name!r} (found: {known}). Train it: menagerie train {name}.")
        folder = ModelFolder.open(self.path / name, checksum)
        if why := self._why_foreign(folder.card):
            folder.close()
            raise CardError(f"{folder.path} {why} Train it again.")
        return folder

    def _why_foreign(self, card: Card) -> str | None:
        if card.dataset_fingerprint == self.info.fingerprint:
            of = f"is about {card.n_items:,} items, and this data set has {self.info.n_items:,}."
            return None if card.n_items == self.info.n_items else of
        if card.split != self.info.split:
            return (
                f"was trained under the split {card.split}, and this data set is split {self.info.split}: figures "
                "under two splits do not belong on one table."
            )
        return f"was trained on other data than {self.path}."

    def current(self, name: str) -> str:
        """Which publication of a model is in service: cheap to ask, and different after every training."""
        return read_current(self.path / name)

    def history(self, user_idx: int) -> np.ndarray:
        """Item columns that this user is known for: the training row, or the fold-in of a held-out user."""
        place = self.place_in_fold(user_idx)
        return _row(self.train, user_idx) if place is None else _row(place[0].fold_in, place[1])

    def hidden_choices(self, user_idx: int) -> np.ndarray:
        """Item columns that a held-out user chose and that no model was shown; empty for others."""
        place = self.place_in_fold(user_idx)
        return np.empty(0, dtype=np.int64) if place is None else _row(place[0].held_out, place[1])

    def place_in_fold(self, user_idx: int) -> tuple[Fold, int] | None:
        """The fold that a held-out user belongs to, and the row there; None for others."""
        for fold in (self.test, self.validation):
            position = np.flatnonzero(fold.user_idx == user_idx)
            if len(position):
                return fold, int(position[0])
        return None

    def training_users(self) -> np.ndarray:
        """int64, the users whom models learned from: nobody else has a vector in a memory-based one."""
        return np.flatnonzero(np.diff(self.train.indptr)).astype(np.int64)

    def find_users(self, text: str = "", limit: int = 12) -> pl.DataFrame:
        """Rows of `users` whose id holds a text: the same id, then those that begin with it, then the most active."""
        outside = pl.col("user_id").cast(pl.String)
        order = [outside == text, outside.str.starts_with(text), pl.col("role") == "test", pl.col("n_items")]
        return self.users.filter(outside.str.contains(text, literal=True)).sort(order, descending=True).head(limit)

    def _file(self, name: str) -> tuple[Path, bytes]:
        """A table as it was published; what replaced it since is another data set's.

        Raises
        ------
        CardError where it is missing or changed, or another data set took its place while this one was in use
        """
        path = self.path / name
        if not path.is_file() and self.path.is_dir():
            raise CardError(f"{path} is missing; train again into another folder, or copy the whole data set.")
        with readable(self.path):
            listed, content = read_manifest(self.path)[0].files.get(name), path.read_bytes()
        now = DatasetInfo.load(self.path / "dataset.json")
        if (now.fingerprint, now.items) != (self.info.fingerprint, self.info.items):
            raise CardError(f"{self.name} was replaced by other data while this was drawn. Any click shows it.")
        if listed is None or hashlib.sha256(content).hexdigest() != listed.sha256:
            raise changed(path)
        return path, content

    def _fold(self, part: str) -> Fold:
        role = pl.read_parquet(self._file("held_out.parquet")[1]).filter(pl.col("part") == part)
        held_out = role.filter(pl.col("kind") == "held_out")
        user_idx = held_out["user_idx"].unique().sort().to_numpy().astype(np.int64)
        shape = (self.info.n_users, self.info.n_items)
        matrices = {
            kind: _to_csr(role.filter(pl.col("kind") == kind), shape)[user_idx]
            for kind in ("fold_in", "held_out", "masked")
        }
        if not self.info.split.startswith("strong:"):
            matrices["fold_in"] = self.train[user_idx]
        return Fold(user_idx, **matrices)


def write_dataset(
    path: Path,
    info: DatasetInfo,
    catalogue: Catalogue,
    user_ids: pl.Series,
    parts: Split,
    references: pl.DataFrame | None = None,
) -> Dataset:
    """Write a data set in one step; where the same data already lies there, keep it, described as it is now.

    Raises
    ------
    CardError if other data, or the same under another split or other rules, already lies there
    """
    info = info.model_copy(update={"items": hashlib.sha256(catalogue.items.write_ndjson().encode()).hexdigest()})
    if (path / "dataset.json").exists():
        there = Dataset(path)
        if there.info.fingerprint != info.fingerprint:
            raise CardError(
                f"{path} already holds other data, or the same under other rules (split {there.info.split}). "
                "Choose another --name or --out, or remove that folder."
            )
        return there if there.info.items == info.items else _described_anew(there, info, catalogue)
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        info.save(staging / "dataset.json")
        catalogue.save(staging / "items.parquet")
        _users_table(user_ids, parts).write_parquet(staging / "users.parquet")
        _entries(parts.train).write_parquet(staging / "train.parquet")
        _held_out_table(parts).write_parquet(staging / "held_out.parquet")
        if references is not None:
            references.write_parquet(staging / REFERENCES)
        write_manifest(staging, below=False)
        staging.chmod(0o755)
        os.rename(staging, path)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return Dataset(path)


def _described_anew(there: Dataset, info: DatasetInfo, catalogue: Catalogue) -> Dataset:
    """The same choices of the same items, of which another table tells: titles are mended without training again."""
    catalogue.save(there.path / ".items.new")
    os.replace(there.path / ".items.new", there.path / "items.parquet")
    there.info.model_copy(update={"items": info.items}).save(there.path / ".info.new")
    os.replace(there.path / ".info.new", there.path / "dataset.json")
    write_manifest(there.path, below=False)
    return Dataset(there.path)


def _users_table(user_ids: pl.Series, parts: Split) -> pl.DataFrame:
    n_items = np.diff(parts.train.indptr)
    role = np.zeros(len(user_ids), dtype=np.int64)  # positions in ROLES
    for code, fold in ((1, parts.validation), (2, parts.test)):
        role[fold.user_idx] = code
        n_items[fold.user_idx] = np.diff(fold.fold_in.indptr)
    columns = {
        "user_idx": pl.Series(np.arange(len(user_ids)), dtype=pl.Int64),
        "user_id": user_ids,
        "role": pl.Series(np.array(ROLES)[role]),
        "n_items": pl.Series(n_items, dtype=pl.Int64),
    }
    return pl.DataFrame(columns)


def _held_out_table(parts: Split) -> pl.DataFrame:
    tables = []
    for part, fold in (("validation", parts.validation), ("test", parts.test)):
        kinds = {"held_out": fold.held_out, "masked": fold.masked}
        if parts.holds_users_out:
            kinds["fold_in"] = fold.fold_in
        for kind, matrix in kinds.items():
            table = _entries(matrix).with_columns(pl.lit(part).alias("part"), pl.lit(kind).alias("kind"))
            users = pl.Series("user_idx", fold.user_idx, dtype=pl.Int32)
            tables.append(table.with_columns(users.gather(table["user_idx"]).alias("user_idx")))
    return pl.concat(tables)


def _entries(X: csr_array) -> pl.DataFrame:
    rows = np.repeat(np.arange(X.shape[0], dtype=np.int32), np.diff(X.indptr))
    return pl.DataFrame({"user_idx": rows, "item_idx": X.indices.astype(np.int32), "weight": X.data.astype(np.float32)})


def _to_csr(entries: pl.DataFrame, shape: tuple[int, int]) -> csr_array:
    rows, columns = entries["user_idx"].to_numpy(), entries["item_idx"].to_numpy()
    return csr_array((entries["weight"].to_numpy(), (rows, columns)), shape=shape, dtype=np.float32)


def _row(X: csr_array, row: int) -> np.ndarray:
    return X.indices[X.indptr[row] : X.indptr[row + 1]].astype(np.int64)
