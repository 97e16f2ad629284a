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

from pages.parts import colours, elsewhere, own
from pages.parts.items import Labels
from pages.parts.samples import Sample
from pages.parts.samples import samples as make_samples
from pages.parts.session_cache import for_session
from zoo.card import Card, Interval
from zoo.content import Recipe
from zoo.dataset import Dataset
from zoo.errors import CardError
from zoo.evaluate import column_of, measure, read_per_user
from zoo.evaluate import over_all as measure_over_all
from zoo.explain import Explanation, explain
from zoo.exposed import Places, shown
from zoo.folder import reading
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
    loaded: Model | None = None  # one of this session's own (pages/parts/own_model.py): in no folder, and in no cache

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
        family = "Yours" if self.loaded else about.family.capitalize()
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
    """The zoo that everybody sees, and beside it what this session trained."""
    return Zoo(elsewhere.place(settings()), own.folders())


def dataset(name: str) -> Dataset:
    """A data set of the zoo, read once for as long as it stays the same."""
    found = zoo().dataset(name)
    return _of(found, _dataset)(str(found.path), described(found), found)


def described(data: Dataset) -> str:
    """Another text for other choices, and for another description of the items."""
    return f"{data.info.fingerprint} {data.info.items}"


def _of(data: Dataset, remembered: Callable) -> Callable:
    """The function that remembers for everybody, or, of what this session trained, for this session alone."""
    return _alone[remembered] if own.is_own(data.path) else remembered


@st.cache_resource(show_spinner=False, max_entries=8)
def _dataset(path: str, fingerprint: str, _found: Dataset) -> Dataset:
    return _found


def labels(data: Dataset) -> Labels:
    return _of(data, _labels)(str(data.path), described(data), data)


@st.cache_resource(show_spinner=False, max_entries=8)
def _labels(path: str, fingerprint: str, _data: Dataset) -> Labels:
    return Labels(_data.catalogue)


def samples(data: Dataset) -> list[Sample]:
    return _of(data, _samples)(str(data.path), described(data), data)


@st.cache_resource(show_spinner=False, max_entries=8)
def _samples(path: str, fingerprint: str, _data: Dataset) -> list[Sample]:
    return make_samples(_data.catalogue, _data.train)


_alone = {one: for_session(one, 3, kind=st.cache_resource) for one in (_dataset, _labels, _samples)}


def entries(data: Dataset) -> list[Entry]:
    """Every model of a data set, grouped by family; a broken one with its sentence."""
    known = _cards(str(data.path), data.info.fingerprint)
    found = [_entry(data, name, known) for name in data.model_names()]
    families = list(colours.FAMILIES)
    return sorted(found, key=lambda e: (families.index(e.card.about.family) if e.card else len(families), e.title))


def _entry(data: Dataset, name: str, known: dict[str, tuple[str, Card, str]]) -> Entry:
    try:
        current = data.current(name)
        if known.get(name, ("",))[0] != current:
            known[name] = (current, *_card(str(data.path), data.info.fingerprint, name, current, data))
    except CardError as error:
        where = f"{data.path.parent}/"  # the server's folders are nobody's business
        return Entry(name, None, problem=str(error).replace(where, ""))
    _, card, checksum = known[name]
    return Entry(name, card, checksum)


@st.cache_resource(show_spinner=False, max_entries=32)
def _cards(path: str, fingerprint: str) -> dict[str, tuple[str, Card, str]]:
    """(publication, card, checksum) of each model. One lookup for all: Streamlit's take a third of a millisecond."""
    return {}


@st.cache_data(show_spinner=False, max_entries=256)
def _card(path: str, fingerprint: str, name: str, current: str, _data: Dataset) -> tuple[Card, str]:
    """Hashes every file of the model, once per publication."""
    with _data.model(name, current) as folder:
        folder.check_size(settings().graph_bytes)
        return folder.card, folder.checksum


# Of a publication `entries` compared all checksums once: large weights are not read again for the small files beside
# them. What is remembered by a checksum is read from that publication, though another one took its place meanwhile.


def lists(data: Dataset, name: str, checksum: str = "") -> np.ndarray | None:
    """The lists that a model gave the test users when it was measured; read anew each time, they are large."""
    with reading(data.path / name, checksum) as folder:
        return stored_lists(folder, data.test)


def has_lists(data: Dataset, name: str, checksum: str = "") -> bool:
    with reading(data.path / name, checksum) as folder:
        return (folder / LISTS).is_file()


def graph_file(data: Dataset, entry: Entry) -> bytes:
    """The graph of a model as it lies in its folder."""
    with reading(data.path / entry.name, entry.checksum) as folder:
        return (folder / entry.card.graphs["rows"]).read_bytes()


def column(data: Dataset, entry: Entry, metric: Metric) -> np.ndarray | None:
    """A metric for every test user, float32 [n], nan where undefined; None for a model that was not measured.

    As it was published where it was kept; at another k from the lists that were kept.
    """
    return columns(data, entry, [metric])[0]


def columns(data: Dataset, entry: Entry, metrics: Sequence[Metric]) -> list[np.ndarray | None]:
    """The same of several metrics; files are read once for all of them."""

    @cache
    def kept() -> pl.DataFrame | None:
        with reading(data.path / entry.name, entry.checksum) as folder:
            return read_per_user(folder)

    ranked = cache(lambda: lists(data, entry.name, entry.checksum))
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
    ranked = lists(_data, name, checksum)
    return None if ranked is None else exposure_at_k(ranked, _data.info.n_items, k)


def places(data: Dataset, entry: Entry, of: int, k: int, among: np.ndarray) -> Places:
    """The places in the first k of all lists that hold one of some items. of : tells these items; among : bool [I]"""
    return _places(str(data.path), described(data), entry.name, entry.checksum, of, k, data, among)


@st.cache_data(show_spinner=False, max_entries=1024)
def _places(
    path: str, of_data: str, name: str, checksum: str, of: int, k: int, _data: Dataset, _among: np.ndarray
) -> Places:
    return shown(lists(_data, name, checksum), _data.test.held_out, _among, k).places(k)


def over_all(data: Dataset, entry: Entry, figure: Exposure) -> Interval | None:
    """A figure of all lists together, with its interval."""
    if entry.card and figure.name in (entry.card.metrics or {}):
        return entry.card.metrics[figure.name]
    return _over_all(str(data.path), data.info.fingerprint, entry.name, entry.checksum, figure.name, data, figure)


@st.cache_data(show_spinner=False, max_entries=256)
def _over_all(
    path: str, fingerprint: str, name: str, checksum: str, figure: str, _data: Dataset, _figure: Exposure
) -> Interval | None:
    ranked = lists(_data, name, checksum)
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
    with reading(_data.path / name, checksum) as folder:
        return pl.read_parquet(folder / "curve.parquet")


def files(data: Dataset, entry: Entry) -> dict[str, int]:
    """Name and size in bytes of every file of a model."""
    return _files(str(data.path), entry.name, entry.checksum)


@st.cache_data(show_spinner=False, max_entries=256)
def _files(path: str, name: str, checksum: str) -> dict[str, int]:
    with reading(Path(path) / name, checksum) as folder:
        return {file.name: file.stat().st_size for file in folder.iterdir() if file.is_file()}


@st.cache_resource(show_spinner=False)
def _runtime(key: str, _settings: Settings) -> Runtime:
    return Runtime(_settings)


def runtime() -> Runtime:
    now = settings()
    return _runtime(repr(now), now)


def model(data: Dataset, entry: Entry) -> Model:
    """The loaded model: from the runtime's memory, which alone decides what stays there."""
    if entry.loaded is not None:
        return entry.loaded
    if loaded := runtime().get(entry.checksum):
        return loaded
    with st.spinner(f"Loading {entry.title} …"):
        return runtime().load(data.model(entry.name, entry.checksum))


def recommend(data: Dataset, entry: Entry, tastes: Sequence[Taste], **options: int | bool | np.ndarray | None) -> Lists:
    return ask(model(data, entry), tastes, **options)


def published_similar(data: Dataset, entry: Entry) -> Similar | None:
    """What was read of a model's item-item matrix when it was published."""
    with reading(data.path / entry.name, entry.checksum) as folder:
        return read_similar(folder)


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
    """What each thing in a taste adds to the scores of some items, under one model; remembered for this session."""
    return _explanation_of_own(
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


_explanation_of_own = for_session(_explanation)
