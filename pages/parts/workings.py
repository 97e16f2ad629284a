"""Behind the fold of a card: the equation, the training curve, the settings, and the file to take home."""

import html

import polars as pl
import streamlit as st

from pages.parts import cached, charts, downloads
from pages.parts.cached import Entry
from pages.parts.frame import escape
from zoo.card import Card
from zoo.dataset import Dataset

# An equation that is wider than a phone scrolls by itself; else all of the page would be as wide.
SCROLLING = """
    .stElementContainer:has(.katex-display) { contain: inline-size; }
    .stMarkdown:has(.katex-display) > div { max-width: 100%; }
    .stMarkdown [data-testid=stMarkdownContainer]:has(.katex-display) { min-width: 0; overflow: auto hidden; }
"""


@st.fragment
def show(data: Dataset, entry: Entry, card: Card) -> None:
    """Made when it is opened: equations and curves of every model at once are many megabytes."""
    fold = st.expander("How it works, its settings, and the file", key=f"fold-{entry.name}", on_change="rerun")
    if fold.open:
        with fold:
            _equation(card)
            if (curve := cached.curve(data, entry)) is not None:
                _curve(entry, curve)
            _settings(card)
            downloads.offer_model(data, entry)


def _equation(card: Card) -> None:
    """One line per equation; what is wider than a phone scrolls by itself."""
    lines = card.about.equation.replace(r", \quad ", r" \\ ")
    st.html(f"<style>{SCROLLING}</style>")
    st.latex(rf"\begin{{gathered}} {lines} \end{{gathered}}")
    if card.about.paper:
        st.caption(escape(card.about.paper))


def _curve(entry: Entry, curve: pl.DataFrame) -> None:
    """Loss and validation metric per epoch, under each other: they have no scale in common."""
    epochs = curve["epoch"].to_list()
    colour, _ = charts.look(entry.chip())
    rows = [("loss", "Loss", "y"), ("validation", "nDCG@100 of validation users", "y2")]
    rows = [row for row in rows if row[0] in curve.columns and curve[row[0]].null_count() < curve.height]
    traces = [
        {
            "x": epochs,
            "y": curve[name].to_list(),
            "yaxis": axis,
            "name": title,
            "mode": "lines" if len(epochs) > 1 else "markers",
            "line": {"color": colour, "width": 2},
            "hovertemplate": f"epoch %{{x}}<br>{title} %{{y:.4g}}<extra></extra>",
        }
        for name, title, axis in rows
    ]
    both = len(rows) == 2
    layout = {
        "margin": {"l": 8, "r": 8, "t": 28, "b": 8},
        "xaxis": charts.axis("Epoch", anchor=rows[-1][2] if rows else "y"),
        "yaxis": charts.axis("", domain=[0.58, 1] if both else [0, 1]),
        "yaxis2": charts.axis("", domain=[0, 0.42] if both else [0, 1]),
        "annotations": [
            {"text": title, "xref": "paper", "yref": "paper", "x": 0, "y": top, "xanchor": "left", "yanchor": "bottom",
             "showarrow": False}
            for (_, title, _), top in zip(rows, (1, 0.42) if both else (1,), strict=True)
        ],
    }  # fmt: skip
    st.markdown("**Training curve**")
    charts.show(f"curve-{entry.name}", traces, layout, height=300 if both else 190, alt="Loss and validation per epoch")


def _settings(card: Card) -> None:
    """Settings, and what the family has to say, each with its meaning: beside it, or below where the page is narrow."""
    rows = [(name, value, card.meanings.get(name, "")) for name, value in (card.settings | card.details).items()]
    rows += [("seed", card.seed, "Where chance began: weights, order, noise and draws follow from it.")]
    rows += [("trained", card.created.replace("T", " ").removesuffix("+00:00") + " UTC", "When it was published.")]
    terms = [
        f"<div><dt>{html.escape(name.replace('_', ' '))}</dt><dd>{html.escape(_value(value))}</dd>"
        f'<dd class="meaning">{html.escape(why)}</dd></div>'
        for name, value, why in rows
    ]
    st.markdown("**Settings**")
    st.html(f'<dl class="settings">{"".join(terms)}</dl>')


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else "none" if value is None else str(value)
