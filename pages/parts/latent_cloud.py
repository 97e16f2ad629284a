"""The variational autoencoder's posterior for one taste: draws from it, and walks through it."""

import numpy as np
import polars as pl
import streamlit as st

from pages.parts import cached, charts, downloads, latent, lists, state, view
from pages.parts.cached import Entry
from pages.parts.frame import escape
from pages.parts.items import genre_text
from pages.parts.latent import Column, K
from pages.parts.session_cache import for_session
from zoo.card import Interval
from zoo.dataset import Dataset
from zoo.latent import ENDS, IN_USE, Posterior, draws, gains, genre_gains, posterior, shared, walk
from zoo.recommend import Taste
from zoo.runtime import NO_WAY_IN, Model
from zoo.significance import mean_interval

EQUATION = (
    r"q(e \mid x) = \mathcal{N}\big(\mu(x), \operatorname{diag} \sigma^2(x)\big), \quad e = \mu + t\,\sigma \odot"
    r" \varepsilon, \quad \varepsilon \sim \mathcal{N}(0, I)"
)
WORDS = (
    "A history becomes not one point but a cloud: $\\mu$ is its centre, from which lists are made, and $\\sigma$ says "
    "how far around it the model thinks this person may be; $t$ says how far from the centre we look."
)
DRAWS = 64  # from which it is told how much of a list stays
SHOWN = 3  # of these draws as lists
TEMPERATURES = tuple(step / 4 for step in range(13))
MOST_BARS = 40
ACTS = {"draw": "Draw from the cloud", "walk": "Walk along a dimension"}


def show(data: Dataset, asked: Taste) -> None:
    latent.equation(EQUATION, WORDS)
    if not asked:
        lists.invite(data)
        return
    entry = latent.entry(data, "variational")
    model = cached.model(data, entry)
    if not model.moves_code:
        st.info(f"{escape(entry.title)}: {NO_WAY_IN}")
        return
    of = posterior(model, asked)
    act = view.one("act", "What to do", ACTS, "draw", segments=True)
    if act == "walk":
        dimension, step = _where(of)
        _cloud(data, entry, of, dimension)
        _walk(data, entry, model, asked, dimension, step)
    else:
        t, seed = _temperature()
        _cloud(data, entry, of, None)
        _draw(data, entry, model, asked, of, t, seed)
    if asked.dislikes:
        st.caption("Dislikes move no code: what they take away from each score is taken away under every code alike.")


def _temperature() -> tuple[float, int]:
    """How far from the centre, and where chance begins."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        why = "0: the centre itself. 1: as likely as the model thinks. Above: further out than it would expect."
        t = view.slider("temperature", "Temperature t", 1.0, high=TEMPERATURES[-1], step=0.25, help=why)
        latent.again("Draw again", "Other numbers eps from the same cloud; the address keeps them.")
    return t, latent.seed()


def _where(of: Posterior) -> tuple[int, float]:
    """Along which dimension, and how far."""
    options = {str(k): f"{k} ({of.kl[k]:.2f} nats)" for k in of.order}
    steps = {f"{half / 2:g}": _signed(half / 2) for half in range(-2 * int(ENDS), 2 * int(ENDS) + 1)}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        dimension = view.one("dimension", "Dimension, the one that says most first", options, str(of.order[0]))
        why = "From where this taste is, in standard deviations of N(0, 1): of people of whom nothing is known."
        step = view.ladder("walk", "Steps from this taste", steps, "0", help=why)
    return int(dimension), float(step)


def _signed(step: float) -> str:
    """
    >>> _signed(-1.5), _signed(0.0), _signed(3.0)
    ('−1.5', '0', '+3')
    """
    return f"{step:+g}".replace("-", "−") if step else "0"


def _cloud(data: Dataset, entry: Entry, of: Posterior, chosen: int | None) -> None:
    """The chart of mu and sigma, and what it says in one sentence."""
    shown, n = of.order[:MOST_BARS], len(of.mu)
    beyond = f" The chart has the {len(shown)} that say most." if len(shown) < n else ""
    st.markdown(
        f"**{of.n_in_use} of {n} dimensions are in use** for this taste: they differ by more than {IN_USE:g} nats (KL "
        f"divergence) from what is held of somebody unknown, $\\mathcal{{N}}(0, 1)$. All of them together: "
        f"{of.kl.sum():.1f} nats.{beyond}"
    )
    _chart(entry, of, shown, chosen)
    table = {"dimension": np.arange(n), "mu": of.mu, "sigma": of.sigma, "kl_nats": of.kl}
    downloads.take_home(lambda: pl.DataFrame(table), f"{data.name}-posterior", "Download the cloud")


def _chart(entry: Entry, of: Posterior, shown: np.ndarray, chosen: int | None) -> None:
    colour, symbol = charts.look(entry.chip())
    ends = [(float(of.mu[k] - of.sigma[k]), float(of.mu[k] + of.sigma[k])) for k in shown]
    x = [str(k) for k in shown]
    marks = {
        **{"type": "scatter", "mode": "markers", "x": x, "y": of.mu[shown].tolist()},
        "marker": {"color": colour, "symbol": symbol, "size": [13 if k == chosen else 8 for k in shown]},
        "error_y": charts.ends(of.mu[shown].tolist(), ends, colour),
        "customdata": [[int(k), float(of.sigma[k]), float(of.kl[k])] for k in shown],
        "hovertemplate": "dimension %{x}<br>mu %{y:.2f}, sigma %{customdata[1]:.2f}<br>KL %{customdata[2]:.2f} nats"
        "<extra></extra>",
    }
    prior = {"type": "rect", "xref": "paper", "x0": 0, "x1": 1, "y0": -1, "y1": 1, "layer": "below"}
    ground = {"fillcolor": charts.of_theme(charts.GRID), "opacity": 0.55, "line": {"width": 0}}
    layout = {
        "xaxis": charts.axis("Dimension, the one that says most first", type="category", showgrid=False),
        "yaxis": charts.axis("mu, and sigma around it"),
        "shapes": [prior | ground],
    }
    charts.show(
        "cloud", [marks], layout, height=300, alt="The mean and the standard deviation of each dimension", on_select=_go
    )
    st.caption(
        "Bars: one sigma either way. Grey: the same of somebody of whom nothing is known. Click a mark to walk there. "
        "A nat measures what is known of a person beyond that; it is 1.44 bits."
    )


def _go() -> None:
    if told := charts.clicked("cloud"):
        state.show({"act": "walk", "dimension": str(told[0]), "walk": ""})


def _draw(data: Dataset, entry: Entry, model: Model, asked: Taste, of: Posterior, t: float, seed: int) -> None:
    centre, centre_scores = latent.listed(draws(model, asked, of, 0.0, 1, seed), asked)
    scores = draws(model, asked, of, t, DRAWS, seed)
    ranked, ranked_scores = latent.listed(scores, asked)
    stays = mean_interval(shared(centre, ranked))
    if stays is not None:
        st.markdown(
            f"**{latent.of_ten(stays)} stay**, whatever their order, over {DRAWS} draws at temperature {t:g}. "
            f"The first {SHOWN} of them are below."
        )
        _stays(data, entry, model, asked, of, t, seed)
    own = entry.chip()
    heads = [Column("The centre", centre[0], centre_scores[0], own, [("t = 0: what is served", None)])]
    for row in range(SHOWN):
        n = int(np.isin(ranked[row], centre[0][centre[0] >= 0]).sum())
        fact = (f"{n} of {len(heads[0].items)} as in the centre", "Items that the list of the centre has, too.")
        heads.append(Column(f"Draw {row + 1}", ranked[row], ranked_scores[row], facts=[fact], against=heads[0]))
    latent.show_lists(data, heads)


def _stays(data: Dataset, entry: Entry, model: Model, asked: Taste, of: Posterior, t: float, seed: int) -> None:
    """How much of the list stays, at every temperature."""
    found = _curve_of_session(str(data.path), entry.checksum, asked, seed, model, of)
    colour, _ = charts.look(entry.chip())
    hover = "temperature %{x:g}: %{y:.1f} stay<br>%{customdata[0]:.1f} to %{customdata[1]:.1f}"
    traces = latent.band(TEMPERATURES, found, colour, "stays", hover, K)
    layout = {
        "xaxis": charts.axis("Temperature t"),
        "yaxis": charts.axis("Of the first ten, stay", range=[0, K + 0.3]),
    } | latent.marked((t, f"t = {t:g}", "solid"))
    alt = "How many of the first ten stay, by temperature"
    charts.show("stays", traces, layout, height=240, alt=alt)
    table = [{"temperature": at} | one.model_dump() for at, one in zip(TEMPERATURES, found, strict=True)]
    downloads.take_home(lambda: pl.DataFrame(table), f"{data.name}-draws", "Download the curve")


@st.cache_data(show_spinner=False, max_entries=64)
def curve(path: str, checksum: str, asked: Taste, seed: int, _model: Model, _of: Posterior) -> list[Interval]:
    """At each of `TEMPERATURES`, the share of the first ten that stays, over the same draws."""
    (centre,), _ = latent.listed(draws(_model, asked, _of, 0.0, 1, seed), asked)
    found = []
    for t in TEMPERATURES:
        ranked, _ = latent.listed(draws(_model, asked, _of, t, DRAWS, seed), asked)
        found.append(mean_interval(shared(centre, ranked)))
    return found


_curve_of_session = for_session(curve, 64)  # a taste is nobody else's


def _walk(data: Dataset, entry: Entry, model: Model, asked: Taste, dimension: int, step: float) -> None:
    scores = walk(model, asked, dimension, np.array([-ENDS, 0.0, step, ENDS], dtype=np.float32))
    ranked, values = latent.listed(scores, asked)
    gain = gains(scores[0], scores[3])
    _meaning(data, gain)
    still = Column("this taste", ranked[1], values[1])
    n = int(np.isin(ranked[2], still.items).sum())
    fact = (f"{n} of {len(still.items)} as at 0", "Items that the list of this taste has, too.")
    here = f"This taste, {_signed(step)}" if step else "This taste"
    told = "How much likelier than at the other end: the difference of the two probabilities, in percentage points."
    ends = [
        Column(title, items, 100 * np.abs(gain[items]), facts=[("likelier at this end", told)], means=told)
        for title, items in (("Towards −3", _likelier(-gain, asked)), ("Towards +3", _likelier(gain, asked)))
    ]
    now = Column(here, ranked[2], values[2], entry.chip(), [fact], against=still)
    latent.show_lists(data, [ends[0], now, ends[1]])


def _likelier(gain: np.ndarray, asked: Taste) -> np.ndarray:
    """The items that gain most, as far as any do, without what the taste holds."""
    (ranked,), (values,) = latent.listed(gain[None].astype(np.float32), asked)
    return ranked[values > 0]


def _meaning(data: Dataset, gain: np.ndarray) -> None:
    """What the dimension stands for, in genres, where the catalogue has any."""
    found = genre_gains(gain, data.catalogue.items["genres"])
    if len(found) < 2:
        return
    (up, more), (down, less) = found[0], found[-1]
    if more <= 0 or less >= 0:
        return
    st.markdown(
        f"Towards +3 the model expects more **{escape(genre_text(up))}** (+{100 * more:.0f} points of all choices), "
        f"towards −3 more **{escape(genre_text(down))}** (+{-100 * less:.0f})."
    )
