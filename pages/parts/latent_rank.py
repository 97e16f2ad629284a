"""PureSVD with any number of factors: from no identity to nothing but identity."""

import numpy as np
import polars as pl
import streamlit as st

from pages.parts import cached, charts, colours, downloads, latent, lists, solved, view
from pages.parts.latent import Column
from zoo.dataset import Dataset
from zoo.linear import Spectrum, diagonal, kept_share, profiles, pure_svd_scores, ranks_between
from zoo.recommend import Taste, all_scores

EQUATION = (
    r"X^\top X = V \Lambda V^\top, \quad S_K = V_K V_K^\top, \quad \text{scores} = x\,S_K, \quad"
    r" \tfrac{1}{I} \operatorname{tr} S_K = \tfrac{K}{I}"
)
WORDS = (
    "Your history $x$ is squeezed through $K$ directions, those in which the data are longest, and read back out. Few: "
    "only what many people share survives. All: $S = I$, and every item recommends itself and nothing else."
)


def show(data: Dataset, asked: Taste) -> None:
    latent.equation(EQUATION, WORDS)
    of = solved.solved(data)
    entry = latent.entry(data, "pure_svd")
    usual = min(int(entry.card.details.get("rank") or 32) if entry else 32, of.n_factors)
    options = {str(K): f"{K:,}" for K in _rungs(of.n_factors, usual)}
    why = "K. To the right the model can tell people apart ever better, and learns ever less from others."
    K = int(view.ladder("factors", "Factors K", options, str(usual), help=why))
    _curve(data, of, K, usual if entry else None)
    if not asked:
        lists.invite(data)
        return
    _remembered(of, asked, K)
    _lists(data, of, asked, K)


def _rungs(n_factors: int, usual: int) -> list[int]:
    """Where the slider stops: ever further apart, and wherever an address asks for."""
    text = view.get("factors")
    asked = int(text) if text.isascii() and text.isdigit() and len(text) < 7 else usual
    return sorted({*ranks_between(n_factors, 60), usual, min(max(asked, 1), n_factors)})


def chip(data: Dataset, name: str, family: str) -> dict:
    """The look of a published model, or the one that it would have."""
    entry = latent.entry(data, name)
    return entry.chip() if entry else {"name": name} | colours.of_model(name, family)


def _curve(data: Dataset, of: Spectrum, K: int, published: int | None) -> None:
    ranks = ranks_between(of.n_factors)
    found = solved.rank_curve(data, ranks)
    (now,) = solved.rank_curve(data, [K])
    if None in found or now is None:
        st.info("No test users are kept in this data set, so nothing can be measured.")
        return
    best = max(range(len(ranks)), key=lambda at: found[at].mean)
    st.markdown(
        f"**{K:,} of {of.n_items:,} factors**: {solved.title()} {solved.within(now)} over {now.n:,} test users. On the "
        f"curve {ranks[best]:,} factors do best, {found[best].mean:.3f}."
        + ("" if of.whole else f" This catalogue is too large for all of them: the {of.n_factors:,} of its PureSVD.")
    )
    colour, _ = charts.look(chip(data, "pure_svd", "linear autoencoder"))
    hover = f"%{{x:,}} factors: {solved.title()} %{{y:.3f}}<br>%{{customdata[0]:.3f}} to %{{customdata[1]:.3f}}"
    traces = latent.band(ranks, found, colour, solved.title(), hover)
    ticks = charts.steps(1, of.n_factors)
    across = {"type": "log", "tickvals": ticks, "ticktext": [f"{tick:,.0f}" for tick in ticks]}
    marks = [(K, f"K = {K:,}", "solid")]
    if published is not None and published != K:
        marks.append((published, "published", "dot"))
    layout = {
        "xaxis": charts.axis("Factors K (logarithmic)", **across),
        "yaxis": charts.axis(solved.title(), rangemode="tozero"),
    } | latent.marked(*marks, log=True)
    charts.show("ranks", traces, layout, height=280, alt=f"{solved.title()} by number of factors")
    table = [{"factors": K} | one.model_dump() for K, one in zip(ranks, found, strict=True)]
    downloads.take_home(lambda: pl.DataFrame(table), f"{data.name}-ranks", "Download the curve")


def _remembered(of: Spectrum, asked: Taste, K: int) -> None:
    """How much of the diagonal, and of this taste, is there."""
    x = profiles([asked], of.n_items)[0]
    own = diagonal(of, K)[list(asked.likes)]
    those = f", those of this taste with {own.mean():.2f}" if len(own) else ""
    share = kept_share(of, x, K)
    back = "" if np.isnan(share) else f" {100 * share:.0f} % of this taste come back out (of its squared length)."
    st.markdown(
        f"**Remembered:** an item recommends itself with {K / of.n_items:.2f} on average (the mean of the diagonal, "
        f"K / I = {K:,} / {of.n_items:,}){those}.{back}"
    )


def _lists(data: Dataset, of: Spectrum, asked: Taste, K: int) -> None:
    """The list of this rank beside that of the published one."""
    columns = []
    if (entry := latent.entry(data, "pure_svd")) is not None:
        (ranked,), (scores,) = latent.listed(all_scores(cached.model(data, entry), [asked]), asked)
        title = f"{entry.title}, published (K = {entry.card.details.get('rank')})"
        columns.append(Column(title, ranked, scores, entry.chip()))
    found = pure_svd_scores(of, profiles([asked], of.n_items), K)
    (ranked,), (scores,) = latent.listed(found.astype(np.float32), asked)
    there = scores != 0  # with all factors nobody else has a score
    note = None if there.any() else "Every score is 0: the history is given back, and nothing is recommended."
    against = columns[0] if columns else None
    facts = latent.agreement(ranked[there], against)
    look = chip(data, "pure_svd", "linear autoencoder")
    now = Column(f"K = {K:,}", ranked[there], scores[there], look, facts, note, against)
    latent.show_lists(data, [now, *columns])
