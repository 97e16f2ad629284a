"""Behind a fold: what every slider does, as an equation and in plain words."""

import streamlit as st

from pages.parts.wishes import ALIKE, Wished
from pages.parts.workings import SCROLLING
from zoo.dataset import Dataset
from zoo.metrics.beyond import CALIBRATION_ALPHA
from zoo.rerank import FUSION, POOL, knows_genres

SCALED = "The model's score of an item, as 0 for the lowest and 1 for the highest of the candidates."


@st.fragment
def show(data: Dataset, wished: Wished) -> None:
    """Made when it is opened."""
    fold = st.expander("How the list is made", key="what-if-workings", on_change="rerun")
    if not fold.open:
        return
    with fold:
        st.html(f"<style>{SCROLLING}</style>")
        st.markdown(
            f"The candidates are the {POOL} items that a model ranks first. Each slider takes the worth that the one "
            "before it left, and the list grows by the item of the highest worth. A slider at 0 changes nothing."
        )
        for words, equation in _steps(wished.second is not None, knows_genres(data.item_facts)):
            st.latex(equation)
            st.markdown(words)
        st.caption(
            "Carbonell and Goldstein 1998 (maximal marginal relevance); Steck 2018, “Calibrated recommendations”; "
            "Cormack, Clarke and Büttcher 2009 (reciprocal rank fusion). The popularity penalty is this app’s own."
        )


def _steps(blended: bool, genres: bool) -> list[tuple[str, str]]:
    """(in words, in LaTeX) of each step, in the order in which they work."""
    steps = [(SCALED, r"r_i = \frac{s_i - s_{min}}{s_{max} - s_{min}}")]
    if blended:
        by_scores = r"r_i = (1 - \alpha)\, r_i^{first} + \alpha\, r_i^{second}"
        by_ranks = (
            r"r_i = \frac{1 - \alpha}{k + rank_i^{first}} + \frac{\alpha}{k + rank_i^{second}}, \quad k = "
            + str(FUSION)
        )
        steps.append(("By scores: α, the share, of the second model, and the rest of the first.", by_scores))
        steps.append(
            ("By ranks: the higher either model ranks an item, the more it is worth. As 0 to 1 again.", by_ranks)
        )
    penalty = r"v_i = (1 - \beta)\, r_i - \beta\, pop_i"
    steps.append(("β, the penalty, times how popular: log(1 + people who chose it), as 0 to 1.", penalty))
    diversity = r"m_i = (1 - \delta)\, v_i - \delta \max_{j \in list} alike(i, j)"
    steps.append(
        (f"δ, the diversity, times how like the item is to the most alike one above it. {ALIKE[genres]}", diversity)
    )
    if genres:
        mixed = rf"\tilde q = {1 - CALIBRATION_ALPHA:g}\, q + {CALIBRATION_ALPHA:g}\, p"
        equation = r"c_i = (1 - \gamma)\, m_i - \gamma \sum_g p_g \log \frac{p_g}{\tilde q_g}, \quad " + mixed
        steps.append((
            "γ, the calibration, times how far the shares of genres q of the list with this item are from the shares p "
            "of the history: 0 where they are the same.",
            equation,
        ))  # fmt: skip
    return steps
