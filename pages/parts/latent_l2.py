"""EASE under any l2, solved here and now."""

import numpy as np
import polars as pl
import streamlit as st

from pages.parts import cached, charts, downloads, latent, lists, solved, view
from pages.parts.latent import Column
from pages.parts.latent_rank import chip
from zoo.dataset import Dataset
from zoo.linear import ease_scores, profiles
from zoo.recommend import Taste, all_scores

EQUATION = (
    r"P = V (\Lambda + \lambda I)^{-1} V^\top, \quad S = I - P \operatorname{diag}(1 / \operatorname{diag} P), \quad"
    r" \operatorname{diag}(S) = 0"
)
WORDS = (
    "Each item is explained by all others, never by itself, and $\\lambda$ is what large weights cost. Small: every "
    "coincidence in the data counts. Large: items count for how often they were chosen together, and for nothing else."
)
STEPS = tuple(float(f"{factor}e{power}") for power in range(6) for factor in (1, 2, 5))  # 1 to 500,000


def show(data: Dataset, asked: Taste) -> None:
    latent.equation(EQUATION, WORDS)
    entry = latent.entry(data, "ease")
    published = float(entry.card.settings["l2"]) if entry else None
    l2s = sorted({*STEPS, *([published] if published else [])})
    options = {f"{l2:.10g}": f"{l2:,.6g}" for l2 in l2s}
    usual = f"{published or 100.0:.10g}"
    why = "Lambda, the weight of the squared length of S. It starts at the published model's."
    l2 = float(view.ladder("l2", "l2 (λ)", options, usual, help=why))
    _curve(data, l2s, l2, published)
    if not asked:
        lists.invite(data)
        return
    _lists(data, asked, l2, published)


def _curve(data: Dataset, l2s: list[float], l2: float, published: float | None) -> None:
    found = solved.l2_curve(data, l2s)
    if None in found:
        st.info("No test users are kept in this data set, so nothing can be measured.")
        return
    now, best = found[l2s.index(l2)], max(range(len(l2s)), key=lambda at: found[at].mean)
    st.markdown(
        f"**λ = {l2:,.6g}**: {solved.title()} {solved.within(now)} over {now.n:,} test users. On the curve "
        f"{l2s[best]:,.6g} does best, {found[best].mean:.3f}."
    )
    colour, _ = charts.look(chip(data, "ease", "linear autoencoder"))
    hover = f"λ = %{{x:,.6~g}}: {solved.title()} %{{y:.3f}}<br>%{{customdata[0]:.3f}} to %{{customdata[1]:.3f}}"
    traces = latent.band(l2s, found, colour, solved.title(), hover)
    ticks = [10.0**power for power in range(6)]
    across = {"type": "log", "tickvals": ticks, "ticktext": [f"{tick:,.0f}" for tick in ticks]}
    marks = [(l2, f"λ = {l2:,.6g}", "solid")]
    if published and published != l2:
        marks.append((published, "published", "dot"))
    layout = {
        "xaxis": charts.axis("l2, λ (logarithmic)", **across),
        "yaxis": charts.axis(solved.title(), rangemode="tozero"),
    } | latent.marked(*marks, log=True)
    charts.show("l2s", traces, layout, height=280, alt=f"{solved.title()} by l2")
    table = [{"l2": at} | one.model_dump() for at, one in zip(l2s, found, strict=True)]
    downloads.take_home(lambda: pl.DataFrame(table), f"{data.name}-l2", "Download the curve")


def _lists(data: Dataset, asked: Taste, l2: float, published: float | None) -> None:
    """The list of this l2 beside that of the published one."""
    of = solved.solved(data)
    x = profiles([asked], of.n_items)
    columns = []
    if (entry := latent.entry(data, "ease")) is not None and published:
        scores = all_scores(cached.model(data, entry), [asked])
        (ranked,), (values,) = latent.listed(scores, asked)
        off = float(np.abs(ease_scores(of, x, published) - scores).max())
        exact = ("solved here, too", f"With λ = {published:,.6g} the scores found here differ by {off:.0e} at most.")
        title = f"{entry.title}, published (λ = {published:,.6g})"
        columns.append(Column(title, ranked, values, entry.chip(), [exact]))
    (ranked,), (values,) = latent.listed(ease_scores(of, x, l2).astype(np.float32), asked)
    against = columns[0] if columns else None
    look, facts = chip(data, "ease", "linear autoencoder"), latent.agreement(ranked, against)
    now = Column(f"λ = {l2:,.6g}", ranked, values, look, facts, against=against)
    latent.show_lists(data, [now, *columns])
