"""Ranked lists as cards: what one model makes of a taste, with the provider that really ran and the time it took."""

import math

import numpy as np
import streamlit as st

from pages.parts import cached, models, state, taste
from pages.parts.cached import Entry
from pages.parts.component import component
from pages.parts.filters import Filters
from zoo.compare import common_items
from zoo.dataset import Dataset
from zoo.errors import ZooError
from zoo.recommend import Lists, Taste, why_not
from zoo.runtime import CPU, CUDA

_lists = component("lists", "poster")
PROVIDERS = {CPU: "CPU", CUDA: "GPU (CUDA)"}


def ask(data: Dataset, entries: list[Entry], asked: Taste, filters: Filters) -> dict[str, Lists | str]:
    """Each model's answer to one taste; in place of one that it cannot give, the sentence why."""
    answers: dict[str, Lists | str] = {}
    for entry in entries:
        if reason := why_not(entry.card, asked):
            answers[entry.name] = reason
            continue
        try:
            answers[entry.name] = cached.recommend(
                data, entry, [asked], k=filters.k, candidates=filters.candidates, hide_seen=filters.hide_seen
            )
        except ZooError as error:  # one model that cannot run does not take the others' lists away
            answers[entry.name] = str(error)
    return answers


def show(data: Dataset, entries: list[Entry], asked: Taste, answers: dict[str, Lists | str], filters: Filters) -> None:
    """All lists as one element: a single one as a grid, several side by side."""
    items = {name: columns(answer) for name, answer in answers.items() if isinstance(answer, Lists)}
    hidden = taste.hidden_choices(data)
    shown = [
        _refused(data, entry, answer)
        if isinstance(answer := answers[entry.name], str)
        else _answered(entry, asked, answer, _cards(data, entry, entries, answer, items, hidden), hidden)
        for entry in entries
    ]
    among = f" among {filters.words}" if filters.words else ""
    nothing = f"Nothing is left to recommend{among}. Widen the filters, or show what is already known."
    _mount(data, {"layout": "grid" if len(entries) == 1 else "columns", "lists": shown, "empty": nothing})


def invite(data: Dataset) -> None:
    """In place of lists, while nothing is known of the taste: items that most people know, to like or dislike."""
    if state.visit(data.info.fingerprint).looking:
        st.markdown("### Whose taste?\n\nSearch for somebody above, or let chance choose.")
        return
    labels = cached.labels(data)
    facts = [{"text": "the most chosen items", "why": "Chosen by the most people that the models learned from."}]
    cards = [labels.card(idx) | {"rank": None, "score": None, "verdict": None, "also": []} for idx in labels.starters]
    head = {"title": "Begin with something you know", "facts": facts, "cards": cards}
    _mount(data, {"layout": "grid", "lists": [head], "empty": ""})


def columns(answer: Lists) -> list[int]:
    """The items of the first list, best first, without the places where nothing was left."""
    return [int(item) for item in answer.ranked[0] if item >= 0]


def _mount(data: Dataset, content: dict) -> None:
    key = f"{state.kept('page')}-lists"
    judge = not state.visit(data.info.fingerprint).looking
    told = {"judge": judge, "seen": taste.seen(key)}
    _lists(key=key, data=content | told, on_events_change=lambda: taste.hear(data, key))


def _refused(data: Dataset, entry: Entry, why: str) -> dict:
    return entry.chip() | {"facts": [], "cards": [], "problem": {"text": why, "ways": _ways(data, entry)}}


def _answered(entry: Entry, asked: Taste, answer: Lists, cards: list[dict], hidden: set[int]) -> dict:
    head = {"facts": _facts(answer, cards, hidden), "score": _score_meaning(entry), "note": _note(entry, asked)}
    return entry.chip() | head | {"cards": cards, "problem": None}


def _cards(
    data: Dataset, entry: Entry, entries: list[Entry], answer: Lists, items: dict[str, list[int]], hidden: set[int]
) -> list[dict]:
    labels, visit = cached.labels(data), state.visit(data.info.fingerprint)
    known = set(data.history(visit.user_idx).tolist()) if visit.looking else set()
    others = {
        other: {item: rank for rank, item in enumerate(items[other.name], 1)}
        for other in entries
        if other.name in items and other is not entry
    }
    common = common_items(list(items.values()))
    scores = score_texts(answer.scores[0])
    return [
        labels.card(item)
        | {
            "rank": rank,
            "score": scores[rank - 1],
            "verdict": "like" if item in known else visit.verdict(item),
            "chosen": item in hidden,
            "common": item in common and len(items) > 2,
            "also": [other.chip() | {"rank": ranks[item]} for other, ranks in others.items() if item in ranks],
        }
        for rank, item in enumerate(items[entry.name], 1)
    ]


def score_texts(scores: np.ndarray) -> list[str]:
    """Scores of one list with the same number of decimals: three significant digits in the largest, none for counts.

    >>> score_texts(np.array([3.14159, 0.5])), score_texts(np.array([86.0, 8.0]))
    (['3.14', '0.50'], ['86', '8'])
    """
    finite = scores[np.isfinite(scores)]
    counts = bool(np.all(finite == np.round(finite)))
    decimals = 0 if counts else min(6, max(0, 2 - math.floor(math.log10(np.max(np.abs(finite))))))
    return [f"{score:.{decimals}f}".replace("-", "−") for score in scores]


def _facts(answer: Lists, cards: list[dict], hidden: set[int]) -> list[dict]:
    provider = PROVIDERS.get(answer.provider, answer.provider)
    facts = [
        {"text": f"{len(cards)} items", "why": None},
        {"text": provider, "why": f"Where the model really ran just now: ONNX Runtime's {answer.provider}."},
        {
            "text": f"{answer.milliseconds:.1f} ms",
            "why": "Milliseconds from the question to the ranked list, measured on the server, this time.",
        },
    ]
    if hidden:
        found = sum(card["chosen"] for card in cards)
        why = "Choices of this person that no model was shown. They are marked where the list holds them."
        facts.append({"text": f"found {found} of {len(hidden)} hidden", "why": why})
    return facts


def _score_meaning(entry: Entry) -> str:
    return f"{entry.title}'s score. Higher is better. Every model has a scale of its own: compare within one list only."


def _note(entry: Entry, asked: Taste) -> str | None:
    if asked.dislikes and entry.card.about.dislikes == "exempt":
        return f"{entry.title} is exempt from dislikes: they are kept out of the list, and change nothing else."
    return None


def _ways(data: Dataset, entry: Entry) -> list[dict]:
    """What a visitor can do about a model that cannot answer."""
    ways = [{"label": "Look at somebody it knows", "event": {"kind": "surprise", "known": True}}]
    others = [other for other in cached.entries(data) if other.card and other.card.about.serves_new_profiles]
    others = sorted(others, key=models.quality, reverse=True)
    if state.kept("page") != "compare":
        ways += [{"label": f"Ask {other.title}", "event": {"kind": "use", "name": other.name}} for other in others[:2]]
    return ways if not entry.card.about.serves_new_profiles else ways[1:]
