"""A card per model: what it is, how good it is and how sure that is, what it cost, and the file to take home."""

import math
from typing import Any

import streamlit as st

from pages.parts import advice, cached, measured, protocol, workings
from pages.parts.amounts import count, duration, size
from pages.parts.cached import Entry
from pages.parts.component import component
from pages.parts.models import DECIDES, quality
from pages.parts.standing import Ahead, ahead, level, place_text, places, sentence
from zoo.card import Card, Interval, Parity, Spread
from zoo.dataset import Dataset
from zoo.metrics import DEFINITIONS, EXPOSURES, METRICS
from zoo.references import TITLES
from zoo.runtime import CPU, CUDA

Scale = dict[str, float]  # metric -> where its bars end
_card = component("modelcard")
NAMES = {name: metric.title for name, metric in (METRICS | EXPOSURES).items()}  # the one that decides first
SHOWN = 2  # of them before "All figures"
INTERVAL = (
    "Mean over the test users, and its 95 % interval: how far it would move with other test users. "
    "The bar runs from 0 to the highest end on this page."
)
REFERENCES = {
    "oracle": ("Oracle", "The simulator's own probabilities of the next choice, as a list: no model can be better."),
    "preference": (
        "True preference",
        "What each viewer would like most, if every film were equally visible. No list would please more, and yet it "
        "scores below the oracle: what was never noticed could not be chosen, and counts here as a miss.",
    ),
}
GREY = ["#60636A", "#A1A5AC"]  # in light, in dark
PLACE = (
    "By nDCG@100, every two models compared on the same test users (permutation test, Holm). A span of places: these "
    "users do not tell those models apart."
)
CHECKSUM = "SHA-256 of the list of this model's files and their checksums. Every file was compared with it just now."
PARITY = "The exported graph against the model as it was trained, on the same histories; a share of the scores' range."
PICTURES = "What a model learns from pictures is what is in them: where posters are drawn from facts, those facts."
PEAK = "The largest memory of the training process, above what it held before training."


def ordered(entries: list[Entry]) -> list[Entry]:
    """The best first, then what could not be measured, then what is broken."""
    return sorted(entries, key=lambda entry: (entry.card is None, -quality(entry)))


def told_apart(data: Dataset) -> Ahead:
    """Which models are better than which, by the metric that decides."""
    return ahead(measured.of_models(data, DECIDES))


def lead(entries: list[Entry], pairs: Ahead) -> str:
    """What may be said of all of them in one sentence; of those that are level, also who costs least."""
    figures = _deciding(entries)
    said = sentence(figures, pairs, {entry.name: entry.title for entry in entries}, NAMES[DECIDES])
    equals = level(figures, pairs)
    if len(equals) < 2:
        return said
    costs = advice.costs([(entry.title, entry.card) for entry in entries if entry.name in equals and entry.card])
    return " ".join(filter(None, [said, costs]))


def show(data: Dataset, entry: Entry, entries: list[Entry], ends: Scale, pairs: Ahead) -> None:
    """One card, with the mathematics behind a fold."""
    with st.container(border=True):
        _card(key=f"card-{entry.name}", data=_content(data, entry, entries, ends, pairs))
        if entry.card is None:
            return
        workings.show(data, entry, entry.card)


def show_references(data: Dataset, ends: Scale) -> None:
    """Where the data was simulated: what could be reached at best, as lists that no model made."""
    for name, found in cached.references(data).items():
        title, summary = REFERENCES.get(name, (name.capitalize(), TITLES.get(name, "")))
        look = {"name": name, "title": title, "family": "no model", "mark": None, "colour": GREY}
        told = {"summary": summary, "plain": None, "problem": None, "reason": None}
        figures = {"metrics": _figures(found, ends), "shown": SHOWN, "facts": [], "place": None, "checksum": None}
        with st.container(border=True):
            _card(key=f"reference-{name}", data=look | told | figures)


def show_own(
    chip: dict, found: dict[str, Interval], facts: list[tuple[str, str, str | None]], reason: str, sha256: str
) -> None:
    """A card of a model that this session brought. reason : what nobody here can know of it; sha256 : of its file"""
    ends = {name: interval.high for name, interval in found.items()}
    told = {"plain": None, "problem": None, "reason": reason, "place": None, "checksum": sha256}
    told |= {"checksum_why": "SHA-256 of the file as it came."}
    listed = [{"label": label, "text": text, "why": why} for label, text, why in facts]
    figures = {"metrics": _figures(found, ends), "shown": SHOWN, "facts": listed}
    _card(key=f"card-{chip['name']}", data=chip | told | figures)


def _content(data: Dataset, entry: Entry, entries: list[Entry], ends: Scale, pairs: Ahead) -> dict[str, Any]:
    """What the component draws of a card."""
    content = entry.chip() | {"place": None, "metrics": [], "facts": [], "reason": None, "checksum": entry.checksum}
    if entry.card is None:
        return content
    deciding = list(_deciding(entries))
    place = places(deciding, pairs).get(entry.name)
    return content | {
        "place": place and {"text": place_text(place), "of": f"of {len(deciding)}", "why": PLACE},
        "metrics": _figures(entry.card.metrics or {}, ends, entry.card.runs),
        "shown": SHOWN,
        "plain": _plain(entry.card),
        "facts": _facts(data, entry, entry.card),
        "reason": _reason(entry.card),
        "checksum_why": CHECKSUM,
    }


def _deciding(entries: list[Entry]) -> dict[str, Interval]:
    cards = {entry.name: entry.card for entry in entries if entry.card and entry.card.metrics}
    return {name: card.metrics[DECIDES] for name, card in cards.items() if DECIDES in (card.metrics or {})}


def scale(data: Dataset, entries: list[Entry]) -> Scale:
    """The highest end of an interval per metric, among all that is shown: where every bar ends."""
    found = [entry.card.metrics or {} for entry in entries if entry.card]
    found += cached.references(data).values()
    names = {name for figures in found for name in figures}
    return {name: max(figures[name].high for figures in found if name in figures) for name in names}


def _figures(measured: dict[str, Interval], ends: Scale, runs: dict[str, Spread] | None = None) -> list[dict]:
    """Each figure with its interval and its definition, and how far it moved between training runs."""
    order = {name: place for place, name in enumerate(NAMES)}
    return [
        {
            "title": NAMES.get(name, name),
            "why": f"{DEFINITIONS.get(name, '')} {INTERVAL}".strip(),
            "mean": f"{own.mean:.3f}",
            "interval": f"[{own.low:.3f}, {own.high:.3f}]",
            "n": f"{own.n:,} test users{_between_runs((runs or {}).get(name))}",
            "at": [max(0.0, end / (ends[name] or 1.0)) for end in (own.low, own.mean, own.high)],
        }
        for name, own in sorted(measured.items(), key=lambda metric: order.get(metric[0], len(order)))
    ]


def _between_runs(spread: Spread | None) -> str:
    return f"; standard deviation {spread.sd:.3f} between {spread.n} training runs" if spread else ""


def _reason(card: Card) -> str | None:
    return card.reason or (None if card.metrics else "It was not measured, and its card does not say why.")


def _facts(data: Dataset, entry: Entry, card: Card) -> list[dict]:
    people = "simulated viewers" if data.info.simulated else "people"
    learned = f"{card.n_users:,} {people}, {card.n_items:,} items, {card.n_interactions:,} choices"
    facts = [
        ("Learned from", f"{card.dataset}: {learned}", data.info.notice),
        ("Tested on", *_tested(card, f"{data.info.n_test_users:,} {people}")),
        ("A new taste", *_serves(card)),
        ("Weights", f"{size(card.weight_bytes)}, {count(card.parameters)} parameters", "What is loaded to answer."),
        ("Training", f"{duration(card.fit_seconds)} on {card.device.upper()}", "Wall time of the fit alone."),
        ("Peak memory", size(card.peak_bytes) if card.peak_bytes is not None else "not known", PEAK),
        ("Exported as trained", _parity(card.parity), _parity_why(card)),
        ("Runs on", *_provider(entry)),
    ]
    if card.reads_pictures:
        facts.insert(1, ("Looked at pictures", str(card.details["pictures"]), PICTURES))
    return [{"label": label, "text": text, "why": why} for label, text, why in facts]


def _plain(card: Card) -> str | None:
    """The figure that needs no mathematics."""
    found = (card.metrics or {}).get("recall_at_20")
    if found is None:
        return None
    mean, low, high = (f"{100 * share:.0f}" for share in (found.mean, found.low, found.high))
    sure = "" if low == high else f" (with other test users between {low} and {high}, 19 times in 20)"
    return f"Its first 20 items hold {mean} of 100 choices that were hidden from it{sure}."


def _parity(parity: Parity) -> str:
    """
    >>> _parity(Parity(largest_difference=1e-6, relative_difference=1.8e-6, top_20_agreement=1.0, checked=""))
    '100 % of lists alike, scores to 5 digits'
    """
    digits = 0 if parity.relative_difference >= 1 else math.floor(-math.log10(max(parity.relative_difference, 1e-12)))
    same = "scores equal" if parity.relative_difference == 0 else f"scores to {digits} digits"
    return f"{100 * parity.top_20_agreement:.0f} % of lists alike, {same}"


def _parity_why(card: Card) -> str:
    return f"{PARITY} Checked on {card.parity.checked}."


def _serves(card: Card) -> tuple[str, str | None]:
    if card.about.serves_new_profiles:
        return "read at once, without training", None
    return "unknown to it", "Memory-based: it holds a vector per person it was trained on, and none for anybody else."


def _tested(card: Card, people: str) -> tuple[str, str]:
    """How it was tested, in plain words; the rule behind them on hover."""
    return protocol.words(card.split, people) if card.metrics else ("nobody", f"Split: {card.split}.")


def _provider(entry: Entry) -> tuple[str, str | None]:
    loaded = [model for model in cached.runtime().loaded() if model.checksum == entry.checksum]
    if not loaded:
        return "not loaded yet", "It is loaded when it is asked first; the page then names the provider that runs."
    provider, placed = loaded[0].provider, loaded[0].placement.values()
    where = "; ".join(dict.fromkeys(placement.sentence() for placement in placed))
    mixed = " and CPU" if provider != CPU and any(placement.mixed for placement in placed) else ""
    said = f"ONNX Runtime's {provider}, in this server: {where}."
    return {CPU: "CPU", CUDA: "GPU (CUDA)"}.get(provider, provider) + mixed, said
