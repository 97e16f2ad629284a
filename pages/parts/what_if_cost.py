"""What a wish costs: accuracy for test users against what the wish is for, as its weight goes from 0 to 1."""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace

import numpy as np
import polars as pl
import streamlit as st

from pages.parts import cached, charts, downloads, measured, state, view
from pages.parts.amounts import decimals
from pages.parts.cached import Entry
from pages.parts.frame import escape
from pages.parts.session_cache import for_session
from pages.parts.wishes import LABELS, Wished
from zoo.card import Interval
from zoo.dataset import Dataset
from zoo.errors import ZooError
from zoo.evaluate import cannot_measure
from zoo.metrics import FAMILIES, Metric
from zoo.pools import ask_fold, measure_wishes, sample
from zoo.rerank import Pool, Wishes, knows_genres
from zoo.significance import MIN_USERS, Comparison, mean_intervals, paired
from zoo.split import Fold

K = 10  # of each list: what one sees at once
WEIGHTS = tuple(step / 10 for step in range(11))
ACCURACY = FAMILIES["ndcg_at_{k}"].at(K)
BETTER = {  # in plain words, where an axis leads to
    "diversity": "further right: more varied",
    "penalty": "further left: less popular",
    "calibration": "further left: truer to the history",
}
Of = tuple[tuple[str, str], ...]  # (name, checksum) of the models that were asked


@dataclass(frozen=True, eq=False)
class Point:
    """What comes of one weight."""

    weight: float
    accuracy: Interval
    amount: float  # of what the wish is for


def show(data: Dataset, wished: Wished) -> Comparison | None:
    """The curve; returns what these wishes cost against the original, None where it cannot be measured."""
    along = _along(data, wished)
    if reason := _why_not(data, wished):
        st.info(escape(reason))
        return None
    try:
        with st.spinner("Asking for the lists of test users …", show_time=True):
            points = curve(data, wished, along)
            compared = cost(data, wished)
    except ZooError as error:
        st.info(escape(str(error)))
        return None
    _draw(data, wished, along, points)
    downloads.take_home(lambda: table(along, points), f"{data.name}-what-if-{along}", "Download the curve")
    return compared


def _along(data: Dataset, wished: Wished) -> str:
    """Whose weight goes from 0 to 1: the one that was moved last, or the first that is wished."""
    names = ["diversity", "penalty"] + (["calibration"] if knows_genres(data.item_facts) else [])
    names += ["share"] if wished.second else []
    options = {name: "Blend" if name == "share" else LABELS[name].split()[0] for name in names}
    usual = next((name for name in names if getattr(wished.wishes, name)), names[0])
    return view.one("along", "What it costs", options, usual, segments=True)


def _why_not(data: Dataset, wished: Wished) -> str | None:
    """Why nothing can be said of accuracy."""
    if not len(data.test):
        return "Nothing was held out of this data set, so nobody can say how accurate a list is."
    reasons = (cannot_measure(entry.card.about, data.info.split) for entry in wished.models if entry.card)
    return next((reason for reason in reasons if reason), None)


def axis(data: Dataset, along: str) -> Metric | None:
    """What is measured across; None for a blend, where it is the share itself."""
    kind = "genre" if knows_genres(data.item_facts) else "cooccurrence"
    names = {
        "diversity": f"diversity_by_{kind}_at_{{k}}",
        "penalty": "popularity_at_{k}",
        "calibration": "genre_miscalibration_at_{k}",
    }
    return FAMILIES[names[along]].at(K) if along in names else None


def curve(data: Dataset, wished: Wished, along: str) -> list[Point]:
    """A point per weight, and one for the weight that is set; what else is wished stays."""
    metric = axis(data, along)
    metrics = [ACCURACY] + ([metric] if metric else [])
    weights = sorted({*WEIGHTS, getattr(wished.wishes, along)})
    found = [_of_users(data, wished, replace(wished.wishes, **{along: weight}), metrics) for weight in weights]
    of = (*_key(data, wished), along, astuple(wished.wishes))
    intervals = _for(wished.models, _intervals)(*of, np.column_stack([one[ACCURACY.name] for one in found]))
    return [
        Point(weight, interval, weight if metric is None else _mean(one[metric.name]))
        for weight, one, interval in zip(weights, found, intervals, strict=True)
        if interval is not None
    ]


def cost(data: Dataset, wished: Wished) -> Comparison:
    """Accuracy of the lists as wished minus that of the first model's own, user by user."""
    now, before = (_of_users(data, wished, wishes, [ACCURACY])[ACCURACY.name] for wishes in (wished.wishes, Wishes()))
    return _for(wished.models, _paired)(*_key(data, wished), astuple(wished.wishes), now, before)


def words(compared: Comparison) -> str:
    """What became of accuracy, for the end of a sentence."""
    title, n = ACCURACY.title, f"{compared.n:,} test users"
    if compared.share_equal == 1:
        return f"{title} of {n} is the same."
    low, high = sorted((compared.low, compared.high))
    verb, sign = ("rises", 1) if compared.difference > 0 else ("falls", -1)
    ends = " to ".join(_amount(end) for end in sorted((sign * low, sign * high)))
    if compared.n < MIN_USERS:
        told = "too few to tell"
    else:
        told = "told apart from the original" if compared.distinguishable else "not told apart from the original"
    return f"{title} {verb} by {_amount(abs(compared.difference))} (95 % interval {ends}) on {n}: {told}."


def _amount(value: float) -> str:
    return f"{value:.4f}".replace("-", "−")


def _mean(values: np.ndarray) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else np.nan


def _key(data: Dataset, wished: Wished) -> tuple[str, str, Of]:
    """What the lists of test users depend on."""
    of = tuple((entry.name, entry.checksum) for entry in wished.models)
    return str(data.path), cached.described(data), of


def _of_users(data: Dataset, wished: Wished, wishes: Wishes, metrics: Sequence[Metric]) -> dict[str, np.ndarray]:
    names = tuple(metric.name for metric in metrics)
    return _for(wished.models, _measured)(*_key(data, wished), astuple(wishes), names, data, wished.models, metrics)


def _for(entries: Sequence[Entry], remembered: Callable) -> Callable:
    """The function that remembers for everybody, or, where a model belongs to this session, for this session alone."""
    return _alone[remembered] if any(entry.loaded is not None for entry in entries) else remembered


@st.cache_data(show_spinner=False, max_entries=2048)
def _measured(
    path: str,
    of_data: str,
    of: Of,
    wishes: tuple,
    names: tuple[str, ...],
    _data: Dataset,
    _entries: list[Entry],
    _metrics: Sequence[Metric],
) -> dict[str, np.ndarray]:
    """float64 [n] of each metric for the test users that were drawn."""
    fold, pool = _for(_entries, _asked)(path, of_data, of, _data, _entries)
    return measure_wishes(pool, Wishes(*wishes), fold, {metric.name: metric for metric in _metrics}, K)


@st.cache_resource(show_spinner=False, max_entries=4)
def _asked(path: str, of_data: str, of: Of, _data: Dataset, _entries: list[Entry]) -> tuple[Fold, Pool]:
    """The test users that were drawn, and what the models offer them; with hundreds of genres 50 MB."""
    fold = sample(_data.test)
    return fold, ask_fold([cached.model(_data, entry) for entry in _entries], fold, _data.item_facts)


@st.cache_data(show_spinner=False, max_entries=512)
def _intervals(
    path: str, of_data: str, of: Of, along: str, wishes: tuple, _columns: np.ndarray
) -> list[Interval | None]:
    return mean_intervals(_columns)


@st.cache_data(show_spinner=False, max_entries=512)
def _paired(path: str, of_data: str, of: Of, wishes: tuple, _now: np.ndarray, _before: np.ndarray) -> Comparison:
    return paired(_now, _before, names=("now", "before"), metric=ACCURACY.name)


_alone = {
    _measured: for_session(_measured, 512),
    _asked: for_session(_asked, 2, kind=st.cache_resource),
    _intervals: for_session(_intervals, 256),
    _paired: for_session(_paired, 256),
}


def _draw(data: Dataset, wished: Wished, along: str, points: list[Point]) -> None:
    metric = axis(data, along)
    title = metric.title if metric else f"Share of {wished.second.title}"
    at = getattr(wished.wishes, along)
    traces = [_line(wished, metric, points), _ring([one for one in points if one.weight == at])]
    layout = {"xaxis": charts.axis(title), "yaxis": charts.axis(ACCURACY.title)}
    key = f"cost-{view.key_of(along)}"
    alt = f"{ACCURACY.title} against {title}, by weight; now {at:g}"
    charts.show(key, traces, layout, height=330, alt=alt, on_select=lambda: _choose(key, along))
    n = points[0].accuracy.n if points else 0
    where = f" Across, {BETTER[along]}." if along in BETTER else ""
    others = " The other sliders stay where they are." if len(wished.wishes_set) > 1 else ""
    st.caption(
        f"Each mark is a weight from 0 to 1, the ring the one that is set; a click on a mark sets it. Bars: 95 % "
        f"intervals over {n:,} of {len(data.test):,} test users, whose hidden choices no model saw.{where}{others}"
    )


def _line(wished: Wished, metric: Metric | None, points: list[Point]) -> dict:
    colour, symbol = charts.look(wished.first.chip())
    y = [one.accuracy.mean for one in points]
    hover = f"weight %{{customdata[0]:.2f}}<br>{ACCURACY.title} %{{customdata[1]}}"
    hover += f"<br>{metric.title} %{{customdata[2]}}<extra></extra>" if metric else "<extra></extra>"
    own = [
        [one.weight, f"{decimals(of.mean)} [{decimals(of.low)}, {decimals(of.high)}]", decimals(one.amount)]
        for one, of in ((one, one.accuracy) for one in points)
    ]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [one.amount for one in points],
        "y": y,
        "customdata": own,
        "error_y": charts.ends(y, [(one.accuracy.low, one.accuracy.high) for one in points], colour),
        "line": {"color": colour, "width": 1.8},
        "marker": {"color": colour, "symbol": symbol, "size": 7},
        "hovertemplate": hover,
    }


def _ring(here: list[Point]) -> dict:
    """Around the weight that is set."""
    ring = {"color": "rgba(0,0,0,0)", "size": 19, "line": {"color": charts.of_theme(charts.TEXT), "width": 2.5}}
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [one.amount for one in here],
        "y": [one.accuracy.mean for one in here],
        "text": [f"{one.weight:g}" for one in here],
        "textposition": "top right",
        "textfont": {"size": 13, "color": charts.of_theme(charts.TEXT)},
        "marker": ring,
        "hoverinfo": "skip",
    }


def _choose(key: str, along: str) -> None:
    if (told := charts.clicked(key)) is not None:
        state.show({along: f"{told[0]:g}"})


def table(along: str, points: list[Point]) -> pl.DataFrame:
    """One row per weight."""
    rows = [
        {"wish": along, "weight": one.weight, "amount": one.amount, "metric": ACCURACY.name}
        | measured.plain(one.accuracy)
        for one in points
    ]
    return pl.DataFrame(rows)
