"""How evenly models show the catalogue: Lorenz curves."""

from collections.abc import Mapping

import numpy as np
import polars as pl
import streamlit as st

from pages.parts import charts, downloads
from pages.parts.measured import Row
from zoo.dataset import Dataset
from zoo.exposed import lorenz
from zoo.metrics.exposure import gini

CURVE = 200  # points of a Lorenz curve
DASHES = {
    "square": "dashdot",
    "circle": "solid",
    "triangle": "dash",
    "diamond": "longdash",
    "cross": "longdashdot",
    "star": "9px,2px,2px,2px,2px,2px",
}


def show(data: Dataset, k: int, exposed: Mapping[str, tuple[Row, np.ndarray]]) -> None:
    """Lorenz curves of exposure, beside that of the training choices."""
    st.markdown("## How evenly the catalogue is shown")
    chosen = lorenz(data.item_facts.counts)
    grey = charts.of_theme(charts.MUTED)
    lines = [("every item as often", (np.array([0.0, 1.0]), np.array([0.0, 1.0])), grey, "dot")]
    lines.append(("what people chose in training", chosen, grey, "dash"))
    lines += [
        (
            f"{row.title}, Gini {gini(counts):.2f}",
            lorenz(counts),
            charts.look(row.chip())[0],
            DASHES[row.chip()["mark"]],
        )
        for row, counts in exposed.values()
        if counts.any()
    ]
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "x": _thin(x),
            "y": _thin(y),
            "line": {"color": colour, "dash": dash, "width": 1.8},
            "hovertemplate": f"<b>{name}</b><br>the least shown %{{x:.0%}} of the items get %{{y:.1%}}<extra></extra>",
        }
        for name, (x, y), colour, dash in lines
    ]
    share = {"tickformat": ".0%", "range": [0, 1]}
    layout = {
        "xaxis": charts.axis("Share of the items, the least shown first", **share),
        "yaxis": charts.axis("Share of all places in lists", **share),
        "showlegend": True,
    }
    charts.show("lorenz", traces, layout, height=520, alt="Lorenz curves of exposure by model")
    st.caption(
        f"All items, the first {k} of {data.info.n_test_users:,} lists. The further a curve hangs below the "
        "dotted line, the fewer items get all the places. Few lists make curves that hang lower."
    )
    table = pl.DataFrame({"item_id": data.catalogue.items["item_id"]}).with_columns(
        pl.Series(name, counts) for name, (_, counts) in exposed.items()
    )
    downloads.take_home(lambda: table, f"{data.name}-exposure-by-item")


def _thin(values: np.ndarray) -> list[float]:
    """At most CURVE points, the last ones dense: there the curve bends."""
    if len(values) <= CURVE:
        return values.tolist()
    spread = 1 - np.geomspace(1, 1 / len(values), CURVE)
    places = np.unique(np.r_[0, (spread * (len(values) - 1)).astype(int), len(values) - 1])
    return values[places].tolist()
