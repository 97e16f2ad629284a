"""The one way from a page to `zoo`: what is loaded once per process, and the few calls that pages make.

Whatever is remembered is keyed by a fingerprint or by the publication in service, so that a model that was trained
meanwhile is picked up at the next click, and no checksum is computed twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import streamlit as st

from pages.parts import colours
from pages.parts.items import Labels
from pages.parts.samples import Sample
from pages.parts.samples import samples as make_samples
from zoo.card import Card, Interval
from zoo.content import Recipe
from zoo.dataset import Dataset
from zoo.errors import CardError
from zoo.evaluate import column_of, measure, read_per_user
from zoo.evaluate import over_all as measure_over_all
from zoo.explain import Explanation, explain
from zoo.exposed import Places, shown
from zoo.lists import FILE as LISTS
from zoo.lists import stored_lists
from zoo.metrics import Exposure, Metric
from zoo.metrics.exposure import exposure_at_k
from zoo.new_items import Audience
from zoo.prompt import Kind, Space
from zoo.prompt import space as space_of
from zoo.recommend import Lists, Taste
from zoo.recommend import recommend as ask
from zoo.registry import Zoo
from zoo.runtime import Model, Runtime
from zoo.segments import Segments
from zoo.segments import segments as segments_of
from zoo.settings import Settings
from zoo.similar import Similar, read_similar
from zoo.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class Entry:
    """A model of the zoo as a page sees it: its card, or why there is none."""

    name: str
    card: Card | None
    checksum: str = ""
    problem: str | None = None

    @property
    def title(self) -> str:
        return self.card.about.title if self.card else self.name

    def chip(self) -> dict:
        """What the components show of a model."""
        if self.card is None:
            look = colours.of_model(self.name, "baseline")
            return {"name": self.name, "title": self.name, "family": "", "summary": "", "problem": self.problem} | look
        about = self.card.about
        look = colours.of_model(self.name, about.family)
        family = about.family.capitalize()
        return {
            "name": self.name,
            "title": about.title,
            "family": family,
            "summary": about.summary,
            "problem": None,
        } | look


def settings() -> Settings:
    return Settings.from_environment()


def zoo() -> Zoo:
    return Zoo(settings().zoo)


def dataset(name: str) -> Dataset:
    """A data set of the zoo, read once for as long as it stays the same."""
    found = zoo().dataset(name)
    return _dataset(str(found.path), described(found), found)


def described(data: Dataset) -> str:
    """Another text for other choices, and for another description of the items."""
    return f"{data.info.fingerprint} {data.info.items}"


@st.cache_resource(show_spinner=False, max_entries=8)
def _dataset(path: str, fingerprint: str, _found: Dataset) -> Dataset:
    return _found


def labels(data: Dataset) -> Labels:
    return _labels(str(data.path), described(data), data)


@st.cache_resource(show_spinner=False, max_entries=8)
def _labels(path: str, fingerprint: str, _data: Dataset) -> Labels:
    return Labels(_data.catalogue)


def samples(data: Dataset) -> list[Sample]:
    return _samples(str(data.path), described(data), data)


@st.cache_resource(show_spinner=False, max_entries=8)
def _samples(path: str, fingerprint: str, _data: Dataset) -> list[Sample]:
    return make_samples(_data.catalogue, _data.train)


def entries(data: Dataset) -> list[Entry]:
    """Every model of a data set, grouped by family; a broken one with its sentence."""
    found = [_entry(data, name) for name in data.model_names()]
    families = list(colours.FAMILIES)
    return sorted(found, key=lambda e: (families.index(e.card.about.family) if e.card else len(families), e.title))


def _entry(data: Dataset, name: str) -> Entry:
    try:
        card, checksum = _card(str(data.path), data.info.fingerprint, name, data.current(name), data)
    except CardError as error:
        where = f"{data.path.parent}/"  # the server's folders are nobody's business
        return Entry(name, None, problem=str(error).replace(where, ""))
    return Entry(name, card, checksum)


@st.cache_data(show_spinner=False, max_entries=256)
def _card(path: str, fingerprint: str, name: str, current: str, _data: Dataset) -> tuple[Card, str]:
    """Hashes every file of the model, once per publication."""
    with _data.model(name) as folder:
        return folder.card, folder.checksum


def lists(data: Dataset, name: str) -> np.ndarray | None:
    """The lists that a model gave the test users when it was measured; read anew each time, they are large."""
    return stored_lists(_publication(data, name), data.test)


def has_lists(data: Dataset, name: str) -> bool:
    return (_publication(data, name) / LISTS).is_file()


def _publication(data: Dataset, name: str) -> Path:
    """The folder in service, whose checksums `entries` compared once: large weights are not read again for figures."""
    return data.path / name / data.current(name)


def column(data: Dataset, entry: Entry, metric: Metric) -> np.ndarray | None:
    """A metric for every test user, float32 [n], nan where undefined; None for a model that was not measured.

    As it was published where it was kept; at another k from the lists that were kept.
    """
    return columns(data, entry, [metric])[0]


def columns(data: Dataset, entry: Entry, metrics: Sequence[Metric]) -> list[np.ndarray | None]:
    """The same of several metrics; files are read once for all of them."""
    kept = cache(lambda: read_per_user(_publication(data, entry.name)))
    ranked = cache(lambda: lists(data, entry.name))
    of = (str(data.path), described(data), entry.name, entry.checksum)
    return [_column(*of, metric.name, data, metric, kept, ranked) for metric in metrics]


@st.cache_data(show_spinner=False, max_entries=256)
def _column(
    path: str,
    fingerprint: str,
    name: str,
    checksum: str,
    metric: str,
    _data: Dataset,
    _metric: Metric,
    _kept: Callable[[], pl.DataFrame | None],
    _ranked: Callable[[], np.ndarray | None],
) -> np.ndarray | None:
    kept = _kept()
    if kept is None:
        return None
    if metric in kept.columns:
        return kept[metric].cast(pl.Float32).to_numpy()
    ranked = _ranked()
    return None if ranked is None else column_of(_metric, ranked, _data.test, _data.item_facts)


def exposure(data: Dataset, entry: Entry, k: int) -> np.ndarray | None:
    """int64 [I], in how many test users' first k each item stands; None where no lists were kept."""
    return _exposure(str(data.path), data.info.fingerprint, entry.name, entry.checksum, k, data)


@st.cache_data(show_spinner=False, max_entries=256)
def _exposure(path: str, fingerprint: str, name: str, checksum: str, k: int, _data: Dataset) -> np.ndarray | None:
    ranked = lists(_data, name)
    return None if ranked is None else exposure_at_k(ranked, _data.info.n_items, k)


def places(data: Dataset, entry: Entry, of: int, k: int, among: np.ndarray) -> Places:
    """The places in the first k of all lists that hold one of some items. of : tells these items; among : bool [I]"""
    return _places(str(data.path), described(data), entry.name, entry.checksum, of, k, data, among)


@st.cache_data(show_spinner=False, max_entries=1024)
def _places(
    path: str, of_data: str, name: str, checksum: str, of: int, k: int, _data: Dataset, _among: np.ndarray
) -> Places:
    return shown(lists(_data, name), _data.test.held_out, _among, k).places(k)


def over_all(data: Dataset, entry: Entry, figure: Exposure) -> Interval | None:
    """A figure of all lists together, with its interval."""
    if entry.card and figure.name in (entry.card.metrics or {}):
        return entry.card.metrics[figure.name]
    return _over_all(str(data.path), data.info.fingerprint, entry.name, entry.checksum, figure.name, data, figure)


@st.cache_data(show_spinner=False, max_entries=256)
def _over_all(
    path: str, fingerprint: str, name: str, checksum: str, figure: str, _data: Dataset, _figure: Exposure
) -> Interval | None:
    ranked = lists(_data, name)
    return None if ranked is None else measure_over_all(ranked, _data.info.n_items, [_figure]).get(figure)


def memory(data: Dataset, current: tuple[tuple[str, str], ...]) -> dict:
    """A place for what was computed of these publications of models; pages/parts/measured.py fills it."""
    return _memory(str(data.path), described(data), current)


@st.cache_resource(show_spinner=False, max_entries=256)
def _memory(path: str, fingerprint: str, current: tuple[tuple[str, str], ...]) -> dict:
    return {}


def segments(data: Dataset, by: str) -> Segments:
    """The test users in groups."""
    return _segments(str(data.path), described(data), by, data)


@st.cache_resource(show_spinner=False, max_entries=32)
def _segments(path: str, fingerprint: str, by: str, _data: Dataset) -> Segments:
    return segments_of(by, _data.test, _data.catalogue.items, _data.item_facts)


def references(data: Dataset) -> dict[str, dict[str, Interval]]:
    """The figures of lists that no model made; {} for data that nobody simulated."""
    return _references(str(data.path), described(data), data)


@st.cache_data(show_spinner=False, max_entries=8)
def _references(path: str, fingerprint: str, _data: Dataset) -> dict[str, dict[str, Interval]]:
    lists = _data.references
    return {name: measure(ranked, _data.test, _data.item_facts).figures for name, ranked in lists.items()}


def curve(data: Dataset, entry: Entry) -> pl.DataFrame | None:
    """Loss and validation metric per epoch; None for a model that is not trained in epochs."""
    held = "curve.parquet" in files(data, entry)
    return _curve(str(data.path), entry.name, entry.checksum, data) if held else None


@st.cache_data(show_spinner=False, max_entries=256)
def _curve(path: str, name: str, checksum: str, _data: Dataset) -> pl.DataFrame:
    with _data.model(name) as folder:
        return pl.read_parquet(folder.path / "curve.parquet")


def files(data: Dataset, entry: Entry) -> dict[str, int]:
    """Name and size in bytes of every file of a model."""
    return _files(str(data.path), entry.name, data.current(entry.name))


@st.cache_data(show_spinner=False, max_entries=256)
def _files(path: str, name: str, current: str) -> dict[str, int]:
    return {file.name: file.stat().st_size for file in (Path(path) / name / current).iterdir() if file.is_file()}


@st.cache_resource(show_spinner=False)
def _runtime(key: str, _settings: Settings) -> Runtime:
    return Runtime(_settings)


def runtime() -> Runtime:
    now = settings()
    return _runtime(repr(now), now)


def model(data: Dataset, entry: Entry) -> Model:
    """The loaded model: from the runtime's memory, which alone decides what stays there."""
    if loaded := runtime().get(entry.checksum):
        return loaded
    with st.spinner(f"Loading {entry.title} …"):
        return runtime().load(data.model(entry.name))


def recommend(data: Dataset, entry: Entry, tastes: Sequence[Taste], **options: int | bool | np.ndarray | None) -> Lists:
    return ask(model(data, entry), tastes, **options)


def published_similar(data: Dataset, entry: Entry) -> Similar | None:
    """What was read of a model's item-item matrix when it was published."""
    return read_similar(_publication(data, entry.name))


def space(data: Dataset, entry: Entry, kind: Kind) -> Space:
    """The catalogue as a model sees it by its words, its pictures, or by all that it reads; embedded once."""
    return _space(str(data.path), described(data), entry.name, entry.checksum, kind, data, entry)


@st.cache_resource(show_spinner="Reading the catalogue …", max_entries=32)
def _space(path: str, of_data: str, name: str, checksum: str, kind: Kind, _data: Dataset, _entry: Entry) -> Space:
    return space_of(model(_data, _entry), _data.catalogue, kind)


def vocabulary(data: Dataset, recipe: Recipe) -> Vocabulary:
    """The words of the columns that a recipe reads."""
    return _vocabulary(str(data.path), described(data), tuple(recipe.text), data, recipe)


@st.cache_resource(show_spinner="Reading the catalogue …", max_entries=8)
def _vocabulary(path: str, of_data: str, text: tuple[str, ...], _data: Dataset, _recipe: Recipe) -> Vocabulary:
    return Vocabulary.of(_recipe, _data.catalogue.items)


def audience(data: Dataset, entry: Entry) -> Audience:
    """What a new item must beat in the lists of the test users."""
    return _audience(str(data.path), data.info.fingerprint, entry.name, entry.checksum, data, entry)


@st.cache_resource(show_spinner=False, max_entries=32)
def _audience(path: str, fingerprint: str, name: str, checksum: str, _data: Dataset, _entry: Entry) -> Audience:
    return Audience.of(model(_data, _entry), _data.test)


def explanation(data: Dataset, entry: Entry, asked: Taste, items: Sequence[int]) -> Explanation:
    """What each thing in a taste adds to the scores of some items, under one model."""
    return _explanation(
        str(data.path), data.info.fingerprint, entry.checksum, repr(asked), tuple(items), data, entry, asked
    )


@st.cache_data(show_spinner=False, max_entries=64)
def _explanation(
    path: str,
    fingerprint: str,
    checksum: str,
    of: str,
    items: tuple[int, ...],
    _data: Dataset,
    _entry: Entry,
    _asked: Taste,
) -> Explanation:
    return explain(model(_data, _entry), _asked, list(items))
