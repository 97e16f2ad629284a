"""Linear autoencoders that are solved here and now: one decomposition per data set, and what follows from it."""

from collections.abc import Sequence

import streamlit as st

from pages.parts import cached, latent
from zoo.card import Interval
from zoo.dataset import Dataset
from zoo.linear import MOST_ITEMS, Spectrum, ease_accuracy, published, pure_svd_accuracy, spectrum
from zoo.metrics import METRICS
from zoo.pools import TEST_USERS, sample
from zoo.significance import mean_intervals

METRIC = "ndcg_at_100"  # the one that decides everywhere else, too


def solved(data: Dataset) -> Spectrum:
    """The whole spectrum of the training matrix; of a catalogue too large for that, the factors of its PureSVD."""
    whole = data.info.n_items <= MOST_ITEMS
    entry = None if whole else latent.entry(data, "pure_svd")
    checksum = entry.checksum if entry else ""
    said = "Solving for every rank at once, the first time on this data …" if whole else "Reading the factors …"
    with st.spinner(said):
        return _solved(str(data.path), data.info.fingerprint, checksum, data)


@st.cache_resource(show_spinner=False, max_entries=3)
def _solved(path: str, fingerprint: str, checksum: str, _data: Dataset) -> Spectrum:
    if not checksum:
        return spectrum(_data.train)
    return published(cached.model(_data, latent.entry(_data, "pure_svd")), _data.train)


def n_users(data: Dataset) -> int:
    """Test users who are asked."""
    return min(TEST_USERS, data.info.n_test_users)


def rank_curve(data: Dataset, ranks: Sequence[int]) -> list[Interval | None]:
    """nDCG@100 of PureSVD under each of some ranks, over a sample of the test users."""
    of = solved(data)
    with st.spinner("Asking test users …"):
        return _curve(str(data.path), cached.described(data), "rank", of.n_factors, tuple(ranks), data, of)


def l2_curve(data: Dataset, l2s: Sequence[float]) -> list[Interval | None]:
    """The same of EASE under each of some l2."""
    of = solved(data)
    with st.spinner("Asking test users …"):
        return _curve(str(data.path), cached.described(data), "l2", of.n_factors, tuple(l2s), data, of)


@st.cache_data(show_spinner=False, max_entries=256)
def _curve(
    path: str, fingerprint: str, what: str, n_factors: int, values: tuple[float, ...], _data: Dataset, _of: Spectrum
) -> list[Interval | None]:
    fold, metric = sample(_data.test), METRICS[METRIC]
    of = pure_svd_accuracy if what == "rank" else ease_accuracy
    return mean_intervals(of(_of, fold, _data.item_facts, metric, values))


def title() -> str:
    return METRICS[METRIC].title


def within(of: Interval | None) -> str:
    """A figure with its interval in words.

    >>> within(Interval(mean=0.3456, low=0.33, high=0.3611, n=300)), within(None)
    ('0.346 (95 % interval 0.330 to 0.361)', 'not known')
    """
    return "not known" if of is None else f"{of.mean:.3f} (95 % interval {of.low:.3f} to {of.high:.3f})"
