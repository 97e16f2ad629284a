"""Salt and pepper: how much of a list holds when its history is damaged, under the denoising and the plain network."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import streamlit as st

from pages.parts import cached, charts, downloads, latent, lists, view
from pages.parts.cached import Entry
from pages.parts.frame import escape
from pages.parts.latent import Column, K
from pages.parts.session_cache import for_session
from zoo.dataset import Dataset
from zoo.latent import shared
from zoo.noise import SHARES, first, held, spoilt
from zoo.pools import sample
from zoo.recommend import Taste, all_scores, tastes_of
from zoo.significance import Comparison, mean_interval, paired

EQUATION = r"\tilde{x} = x - \text{salt} + \text{pepper}, \quad \min_f \; \ell\big(f(\tilde{x}), x\big)"
WORDS = (
    "The network sees a damaged history $\\tilde{x}$ and must give back the whole one, $x$: it learns which items go "
    "together, and to trust no single one. Does it show? Damage this taste, and see what holds."
)
DRAWS = 30  # damages of one taste
PEOPLE = 200  # test users, one damage each
FEW = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9)  # shares that so many people are asked about


def show(data: Dataset, asked: Taste) -> None:
    latent.equation(EQUATION, WORDS)
    if not asked.likes:
        lists.invite(data)
        return
    entries = [one for name in ("denoising", "autoencoder") if (one := latent.entry(data, name))]
    salt, pepper, everybody = _controls(data, asked)
    seed = latent.seed()
    shares = sorted({*FEW, salt}) if everybody else SHARES
    with st.spinner("Damaging histories …"):
        values = [_held(data, entry, asked, shares, pepper, everybody, seed) for entry in entries]
    _verdict(data, entries, values, shares, salt, pepper, everybody)
    _curve(data, entries, values, shares, salt, everybody)
    _lists(data, entries, asked, salt, pepper, seed)


def _controls(data: Dataset, asked: Taste) -> tuple[float, int, bool]:
    n = len(asked.likes)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        salts = {f"{share:g}": f"{100 * share:.0f} %" for share in SHARES}
        salt = float(view.ladder("salt", "Salt: removed", salts, "0.3", help=f"Share of the {n} items of this taste."))
        most = max(1, min(10, data.info.n_items - n - len(asked.dislikes)))
        peppers = {str(count): str(count) for count in range(most + 1)}
        why = "Items put into the history that were never chosen, drawn evenly from the whole catalogue."
        pepper = int(view.ladder("pepper", "Pepper: false items", peppers, "0", help=why))
        latent.again("Damage again", "Other items removed and put in; the address keeps which.")
    n_people = min(PEOPLE, data.info.n_test_users)
    why = (
        "One taste is one case. This asks about people whom no model learned from; the lists below stay those of yours."
    )
    everybody = view.switch("everybody", f"Ask {n_people} test users instead of this taste alone", help=why)
    return salt, pepper, everybody


def _held(
    data: Dataset, entry: Entry, asked: Taste, shares: Sequence[float], pepper: int, everybody: bool, seed: int
) -> np.ndarray:
    """float64 [n, shares], of the first ten how much holds; from memory where the same was asked before."""
    of = None if everybody else asked
    remembered = held_up if everybody else _held_up_of_session
    return remembered(str(data.path), entry.name, entry.checksum, of, tuple(shares), pepper, seed, data, entry)


@st.cache_data(show_spinner=False, max_entries=128)
def held_up(
    path: str,
    name: str,
    checksum: str,
    asked: Taste | None,
    shares: tuple[float, ...],
    pepper: int,
    seed: int,
    _data: Dataset,
    _entry: Entry,
) -> np.ndarray:
    model = cached.model(_data, _entry)
    if asked is not None:
        return held(model, [asked], shares, pepper, k=K, n_draws=DRAWS, seed=seed)
    fold = sample(_data.test, PEOPLE)
    return held(model, tastes_of(fold.fold_in, seen=fold.masked), shares, pepper, k=K, seed=seed)


_held_up_of_session = for_session(held_up, 64)  # a taste is nobody else's


def _verdict(
    data: Dataset,
    entries: list[Entry],
    values: list[np.ndarray],
    shares: Sequence[float],
    salt: float,
    pepper: int,
    everybody: bool,
) -> None:
    at = list(shares).index(salt)
    damage = f"{100 * shares[at]:.0f} % removed" + (f" and {pepper} put in" if pepper else "")
    whom = f"{len(values[0])} test users" if everybody else f"{len(values[0])} damages of this taste"
    held_by = [mean_interval(of[:, at]) for of in values]
    said = "; ".join(
        f"**{escape(entry.title)}** keeps {latent.of_ten(one)}"
        for entry, one in zip(entries, held_by, strict=True)
        if one is not None
    )
    st.markdown(f"With {damage}, over {whom}: {said}.")
    if len(entries) == 2:
        st.markdown(f"*{escape(sentence(entries, paired(values[0][:, at], values[1][:, at]), everybody))}*")
    else:
        st.caption("There is no plain autoencoder in this data set to compare with: menagerie train autoencoder.")


def sentence(entries: list[Entry], of: Comparison, everybody: bool) -> str:
    """What may be said of the two, and of what it speaks."""
    scope = "" if everybody else " This speaks of this taste alone, and of other damages of it."
    ends = f"{K * of.difference:+.2f} items, 95 % interval {K * of.low:+.2f} to {K * of.high:+.2f}".replace("-", "−")
    if not of.distinguishable:
        return f"The two are not told apart ({ends}).{scope}"
    better, other = (entries[0], entries[1]) if of.difference > 0 else (entries[1], entries[0])
    return f"{better.title} keeps more of its list than {other.title} ({ends}, damage by damage).{scope}"


def _curve(
    data: Dataset,
    entries: list[Entry],
    values: list[np.ndarray],
    shares: Sequence[float],
    salt: float,
    everybody: bool,
) -> None:
    x, traces, table = [100 * share for share in shares], [], []
    for entry, of in zip(entries, values, strict=True):
        found = [mean_interval(column) for column in of.T]
        if None in found:
            return
        hover = entry.title + "<br>%{x:.0f} % removed: %{y:.1f} hold<br>%{customdata[0]:.1f} to %{customdata[1]:.1f}"
        traces += latent.band(x, found, charts.look(entry.chip())[0], entry.title, hover, K)
        table += [
            {"model": entry.name, "salt": share} | one.model_dump() for share, one in zip(shares, found, strict=True)
        ]
    layout = {
        "xaxis": charts.axis("Salt: share of the history removed (%)"),
        "yaxis": charts.axis("Of the first ten, hold", range=[0, K + 0.3]),
        "showlegend": True,
    } | latent.marked((100 * salt, f"{100 * salt:.0f} %", "solid"))
    layout["margin"] = layout["margin"] | {"b": 40}  # for the legend
    alt = "How many of the first ten hold, by share removed"
    charts.show("held", traces, layout, height=300, alt=alt)
    what = "test-users" if everybody else "taste"
    downloads.take_home(lambda: pl.DataFrame(table), f"{data.name}-noise-{what}", "Download the curve")


def _lists(data: Dataset, entries: list[Entry], asked: Taste, salt: float, pepper: int, seed: int) -> None:
    """Each model's list beside that of the first damage."""
    damaged = spoilt(asked, salt, pepper, data.info.n_items, (seed, 0))
    labels = cached.labels(data)
    gone = [item for item in asked.likes if item not in damaged.likes]
    false = [item for item in damaged.likes if item not in asked.likes]
    said = [
        f"{what}: {', '.join(escape(labels.card(item)['title']) for item in items[:8])}"
        + (f" and {len(items) - 8} more" if len(items) > 8 else "")
        for what, items in (("Removed", gone), ("Put in", false))
        if items
    ]
    st.caption(("The damage below. " + " · ".join(said)) if said else "Nothing is damaged below.")
    columns = []
    for entry in entries:
        model = cached.model(data, entry)
        pair = [asked, replace(damaged, user_idx=asked.user_idx)]
        ranked = first(model, pair, [asked, asked], K)
        scores = np.take_along_axis(all_scores(model, pair), np.maximum(ranked, 0), axis=1)
        share = float(shared(ranked[:1], ranked[1:])[0])
        n = int((ranked[0] >= 0).sum())
        fact = (f"{round(share * n)} of {n} hold" if n else "empty", "Items that its list of the whole taste has, too.")
        whole = Column(entry.title, ranked[0], scores[0], entry.chip(), [("the whole taste", None)])
        columns.append(whole)
        columns.append(Column(f"{entry.title}, damaged", ranked[1], scores[1], facts=[fact], against=whole))
    latent.show_lists(data, columns)
