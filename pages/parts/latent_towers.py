"""Two towers: the user's vector among the vectors of the items, turned so that a score can be read off."""

import numpy as np
import polars as pl
import streamlit as st
from scipy.sparse import csr_array

from pages.parts import cached, charts, downloads, latent, lists, view
from pages.parts.cached import Entry
from pages.parts.frame import escape
from pages.parts.latent import Column, K
from zoo.dataset import Dataset
from zoo.recommend import Taste, answers, why_not
from zoo.runtime import Model
from zoo.similar import item_vectors
from zoo.towers import Plane, plane, rank_correlation

EQUATION = r"s_{ui} = e_u \cdot e_i = \lVert e_u \rVert \, \lVert e_i \rVert \cos \angle(e_u, e_i)"
WORDS = (
    "One tower makes a vector of you, the other one of each item; the score is their product: how long both are, "
    "times how well they point the same way. In the chart, further right is a higher score, exactly."
)
USUAL = "two_tower_profile"
MOST_MARKS = 3000  # of other items, the most chosen ones


def show(data: Dataset, asked: Taste) -> None:
    latent.equation(EQUATION, WORDS)
    entries = latent.towers(data)
    reading = [name for name, one in entries.items() if one.card.about.serves_new_profiles] or list(entries)
    usual = USUAL if USUAL in reading else reading[0]
    name = view.one("tower", "Model", {name: one.title for name, one in entries.items()}, usual)
    if not asked:
        lists.invite(data)
        return
    entry = entries[name]
    if reason := why_not(entry.card, asked):
        st.info(escape(reason))
        return
    model = cached.model(data, entry)
    vectors = _vectors(str(data.path), data.info.fingerprint, entry.checksum, data, model)
    user, scores = _user(model, asked)
    (ranked,), (values,) = latent.listed(scores[None], asked)
    of = plane(user, vectors)
    _said(data, entry, of, vectors.shape[1])
    _chart(data, entry, of, asked, ranked[ranked >= 0])
    table = {"score": scores, "length": of.lengths, "cosine": of.cosines, "along": of.along, "across": of.across}
    whole = data.catalogue.items.select("item_id", "title").with_columns(**{n: pl.Series(v) for n, v in table.items()})
    downloads.take_home(lambda: whole, f"{data.name}-{entry.name}-vectors", "Download the vectors' lengths and angles")
    fact = ("length × length × cosine", "Of the user's vector, of the item's, and of the angle between them.")
    latent.show_lists(data, [Column(entry.title, ranked, values, entry.chip(), [fact])])


@st.cache_resource(show_spinner="Reading the item vectors …", max_entries=16)
def _vectors(path: str, fingerprint: str, checksum: str, _data: Dataset, _model: Model) -> np.ndarray:
    """float32 [I, K], from the model's own answers: an item tower alone would not know who chose the item."""
    reads = _model.card.about.serves_new_profiles
    return item_vectors(_model, None if reads else _data.training_users())


def _user(model: Model, asked: Taste) -> tuple[np.ndarray, np.ndarray]:
    """The user's vector [K] and scores [I]."""
    if model.card.about.serves_new_profiles:
        scores, embedding = answers(model, [asked])
        return embedding[0], scores[0]
    nobody = csr_array((1, model.card.n_items), dtype=np.float32)
    answer = model.run(nobody, users=np.array([asked.user_idx]), k=1, outputs=("embedding", "all_scores"))
    return answer["embedding"][0], answer["all_scores"][0]


def _said(data: Dataset, entry: Entry, of: Plane, n_factors: int) -> None:
    found = rank_correlation(of.lengths, data.item_facts.counts)
    popular = f"Long vectors and popular items go together with a rank correlation of {found:+.2f}.".replace("-", "−")
    st.markdown(
        f"{escape(entry.title)} has **{n_factors} numbers** per person and per item. Two directions are drawn: the "
        f"user's own, in which nothing of the score is lost, and the one in which items differ most beside it; they "
        f"hold {100 * of.shown:.0f} % of the items' vectors (of their squared lengths). {popular}"
    )


def _chart(data: Dataset, entry: Entry, of: Plane, asked: Taste, ranked: np.ndarray) -> None:
    colour, symbol = charts.look(entry.chip())
    counts = data.item_facts.counts
    liked = np.array(asked.likes, dtype=np.int64)
    others = np.setdiff1d(np.argsort(-counts, kind="stable")[:MOST_MARKS], [*liked, *ranked])
    muted, text = charts.of_theme(charts.MUTED), charts.of_theme(charts.TEXT)
    kinds = [
        ("Other items", others, {"color": muted, "size": 5, "opacity": 0.35}),
        ("The history", liked, {"color": text, "size": 9, "symbol": "x"}),
        (f"The first {K}", ranked, {"color": colour, "size": 11, "symbol": symbol}),
    ]
    traces = [_marks(data, of, name, items, look) for name, items, look in kinds if len(items)]
    end = float(np.abs(of.along).max())
    arrow = {
        **{"x": end, "y": 0, "ax": 0, "ay": 0, "xref": "x", "yref": "y", "axref": "x", "ayref": "y", "text": ""},
        **{"showarrow": True, "arrowhead": 3, "arrowwidth": 2.5, "arrowcolor": colour},
    }
    you = {"x": end, "y": 0, "text": "user", "showarrow": False, "yshift": 12, "font": {"color": colour, "size": 13}}
    layout = {
        "xaxis": charts.axis("In the user's direction: score / length of the user's vector", zeroline=True),
        "yaxis": charts.axis("Beside it", zeroline=True),
        "annotations": [arrow, you],
        "showlegend": True,
        "margin": {"l": 8, "r": 12, "t": 12, "b": 40},
    }
    charts.show("towers", traces, layout, height=460, alt="The user's vector among the vectors of the items")


def _marks(data: Dataset, of: Plane, name: str, items: np.ndarray, look: dict) -> dict:
    labels = cached.labels(data)
    return {
        **{"type": "scattergl" if len(items) > 500 else "scatter", "mode": "markers", "name": name, "marker": look},
        **{"x": of.along[items].round(4).tolist(), "y": of.across[items].round(4).tolist()},
        "customdata": [
            [charts.plain(labels.card(item)["title"]), of.length * of.along[item], of.lengths[item], of.cosines[item]]
            for item in items.tolist()
        ],
        "hovertemplate": "<b>%{customdata[0]}</b><br>score %{customdata[1]:.3f}"
        f" = {of.length:.2f} × %{{customdata[2]:.2f}} × %{{customdata[3]:.2f}}<extra></extra>",
    }
