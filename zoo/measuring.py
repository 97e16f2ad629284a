"""All that stands on one table: the models of a data set, lists made elsewhere, and what could be known at best.

Every row is measured on the same test users; what cannot be is left out, with the reason.
"""

import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from zoo.board import every_two
from zoo.card import Interval, Spread
from zoo.dataset import Dataset
from zoo.errors import CardError, DataError
from zoo.evaluate import Evaluation, cannot_measure, lists_of, measure, read_per_user
from zoo.lists import FILE as LISTS
from zoo.lists import write_lists
from zoo.manifest import MANIFEST, publication
from zoo.outside import read_lists
from zoo.runtime import Runtime
from zoo.significance import Comparison, with_holm
from zoo.split import Fold
from zoo.verdict import SEGMENTS, Segment, family

Say = Callable[[str], None]


@dataclass
class Measured:
    """Evaluations by name, in the order in which they were asked for."""

    dataset: Dataset
    part: Literal["test", "validation"] = "test"
    models: dict[str, Evaluation] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)  # why a model has no figures here
    runs: dict[str, dict[str, Spread]] = field(default_factory=dict)  # of models that were trained several times
    external: dict[str, Evaluation] = field(default_factory=dict)  # lists made elsewhere
    notes: dict[str, list[str]] = field(default_factory=dict)  # what was odd about those
    references: dict[str, Evaluation] = field(default_factory=dict)

    @property
    def fold(self) -> Fold:
        """The users who are measured."""
        return self.dataset.test if self.part == "test" else self.dataset.validation

    def all(self) -> dict[str, Evaluation]:
        return self.models | self.external

    def compared(self, metric: str) -> list[Comparison]:
        """Every two of the models and the lists made elsewhere, on the users that both have; Holm over all of them."""
        return with_holm(self._pairs(metric, np.ones(len(self.fold), dtype=bool)))

    def compared_by_activity(self, metric: str) -> dict[tuple[str, str], list[Segment]]:
        """The same for users of one activity at a time, as a verdict tells them: Holm over the segments of a pair."""
        n_fold_in = np.diff(self.fold.fold_in.indptr)
        found: dict[tuple[str, str], list[Segment]] = {}
        for words, start, stop in SEGMENTS:
            for one in self._pairs(metric, (n_fold_in >= start) & (n_fold_in < stop)):
                found.setdefault((one.a, one.b), []).append(Segment(words, one))
        return {pair: family(segments) for pair, segments in found.items()}

    def _pairs(self, metric: str, rows: np.ndarray) -> list[Comparison]:
        """Every two on some of the users, each as if it stood alone. rows : bool [n]"""
        having = [name for name, of in self.all().items() if metric in of.per_user.columns]
        columns = {name: np.where(rows, self.column(name, metric), np.nan) for name in having}
        return every_two({metric: columns})[metric]

    def column(self, name: str, metric: str) -> np.ndarray:
        """A figure for every user, float64 [n]; nan where undefined, or where somebody has no list."""
        users = pl.DataFrame({"user_idx": self.fold.user_idx})
        table = self.all()[name].per_user.select("user_idx", metric)
        found = users.join(table, on="user_idx", how="left", maintain_order="left")[metric]
        return found.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def measure_all(
    dataset: Dataset,
    runtime: Runtime,
    names: Iterable[str] | None = None,
    lists: Mapping[str, Path] | None = None,
    say: Say = lambda text: None,
    part: Literal["test", "validation"] = "test",
    save: bool = False,
) -> Measured:
    """Measure models of a data set, now, through ONNX Runtime, and lists made elsewhere.

    Parameters
    ----------
    names : models; None: every model of the data set. A model that was asked for by name and cannot be measured is an
        error, one of all of them is left out with the reason
    lists : name -> file of user, item, and rank or score
    part : whose hidden choices. Settings are chosen on the validation users, models are judged on the test users
    save : publish every model again with these figures, which are those of the test users

    Raises
    ------
    DataError where a name is taken twice, a file cannot be used (zoo.outside), or nobody was kept for validation
    CardError where a model that was asked for by name is not there, is broken, or learned under another split
    """
    measured = Measured(dataset, part)
    if not len(measured.fold):
        raise DataError(
            f"{dataset.name} keeps no {part} users under {dataset.info.split}: choose on a slice of its own."
        )
    if lists and part != "test":
        raise DataError("Lists made elsewhere are measured on the test users. Leave out --lists, or --on.")
    for name in lists or {}:
        if name in dataset.model_names():
            raise DataError(f"There is a model {name} already; give the lists another name: --lists NAME=FILE.")
    for name in dataset.model_names() if names is None else names:
        try:
            reason = _measure_model(measured, runtime, name, say, save)
        except CardError as error:
            if names is not None:
                raise
            reason = str(error)
        if reason and names is not None:
            raise CardError(reason)
        if reason:
            measured.reasons[name] = reason
            say(f"{name}: {reason}")
    for name, path in (lists or {}).items():
        _measure_lists(measured, name, path, say)
    return measured


def measured_at_training(dataset: Dataset) -> Measured:
    """The figures per user that models brought along when they were published; without those that have none."""
    measured = Measured(dataset)
    for name in dataset.model_names():
        try:
            with dataset.model(name) as folder:
                per_user, title = read_per_user(folder.path), folder.card.about.title
        except CardError:
            continue  # whoever shows models says what is wrong with this one
        if per_user is not None:
            measured.models[name], measured.titles[name] = Evaluation(per_user, {}), title
    return measured


def beside_the_zoo(measured: Measured) -> Measured:
    """The same among all models of its data set, those that were not measured now as they were at training."""
    zoo = measured_at_training(measured.dataset)
    return Measured(
        measured.dataset,
        models=zoo.models | measured.models,
        titles=zoo.titles | measured.titles,
        external=measured.external,
    )


def _save(dataset: Dataset, name: str, ranked: np.ndarray, measured: Evaluation) -> None:
    """Publishes a model again with the figures measured now, and the lists they are about: one that an older version
    measured gets all metrics of this one without training again. Weights, settings and what the training cost stay as
    they are.
    """
    with dataset.model(name) as folder, publication(dataset.path / name) as staging:
        for path in folder.path.iterdir():
            if path.name not in (MANIFEST, "card.json", "per_user.parquet", LISTS):
                shutil.copy2(path, staging / path.name)
        measured.per_user.write_parquet(staging / "per_user.parquet")
        write_lists(staging, dataset.test, ranked)
        folder.card.model_copy(update={"metrics": measured.figures, "reason": None}).save(staging / "card.json")


def measure_references(measured: Measured) -> None:
    """Adds the lists that no model made (zoo.references), where the data was simulated."""
    data = measured.dataset
    for name, ranked in data.references.items():
        measured.references[name] = measure(ranked, data.test, data.item_facts)


def _measure_model(measured: Measured, runtime: Runtime, name: str, say: Say, save: bool) -> str | None:
    """Why it cannot be measured; None where it was."""
    data = measured.dataset
    with data.model(name) as folder:
        about = folder.card.about
        if reason := cannot_measure(about, data.info.split):
            return reason
        say(f"{name}: measuring {len(measured.fold):,} {measured.part} users")
        measured.titles[name] = about.title
        if measured.part == "test" and folder.card.runs:
            measured.runs[name] = folder.card.runs
        model = runtime.load(folder)
    ranked = lists_of(model, measured.fold)
    measured.models[name] = measure(ranked, measured.fold, data.item_facts)
    runtime.forget(model.checksum)  # the next one needs the memory
    if save:
        _save(data, name, ranked, measured.models[name])
    return None


def _measure_lists(measured: Measured, name: str, path: Path, say: Say) -> None:
    data = measured.dataset
    found = read_lists(path, data)
    measured.notes[name] = [*found.notes]
    if len(found.rows) < len(data.test):
        measured.notes[name].append("Fewer lists show fewer items: coverage, Gini and entropy do not compare.")
    for note in measured.notes[name]:
        say(f"{name}: {note}")
    measured.external[name] = measure(found.ranked, found.part_of(data.test), data.item_facts)
    measured.titles[name] = name


def dumped(figures: Mapping[str, Interval | Spread]) -> dict[str, dict[str, float | int]]:
    """Intervals and spreads as JSON holds them."""
    return {metric: interval.model_dump() for metric, interval in figures.items()}
