"""Ranked lists as cards: what one model makes of a taste, with the provider that really ran and the time it took."""

import math

import numpy as np
import streamlit as st

from pages.parts import cached, models, state, taste
from pages.parts.cached import Entry
from pages.parts.component import component
from pages.parts.filters import Filters
from pages.parts.panels import Panel
from zoo.compare import common_items
from zoo.dataset import Dataset
from zoo.errors import ZooError
from zoo.recommend import Lists, Taste, why_not
from zoo.runtime import CPU, CUDA

_lists = component("lists", "poster")
HISTORY = 20  # items of a history that stand beside lists
PROVIDERS = {CPU: "CPU", CUDA: "GPU (CUDA)"}


def ask(data: Dataset, panels: list[Panel], asked: Taste) -> list[Lists | str]:
    """The answer of each panel's model to one taste; in place of one that it cannot give, the sentence why."""
    return [_answer(data, panel, asked) for panel in panels]


def _answer(data: Dataset, panel: Panel, asked: Taste) -> Lists | str:
    if reason := why_not(panel.entry.card, asked):
        return reason
    limits = panel.filters
    options = {"k": limits.k, "candidates": limits.candidates, "hide_seen": limits.hide_seen}
    try:
        return cached.recommend(data, panel.entry, [asked], **options)
    except ZooError as error:  # one model that cannot run does not take the others' lists away
        return str(error)


def show(
    data: Dataset,
    panels: list[Panel],
    asked: Taste,
    answers: list[Lists | str],
    build: dict | None = None,
    because: str | None = None,
) -> None:
    """All lists as one element: a single one as a grid, several side by side, with what `build` lets columns do.

    because : what the reasons for these cards will be known by (why.py), which come after the lists; None: none come
    """
    items = {panel: columns(answer) for panel, answer in zip(panels, answers, strict=True) if isinstance(answer, Lists)}
    hidden = taste.hidden_choices(data)
    shown = [
        _refused(data, panel, answer)
        if isinstance(answer, str)
        else _answered(panel, asked, answer, _cards(data, panel, answer, items, hidden), hidden)
        for panel, answer in zip(panels, answers, strict=True)
    ]
    mount(
        data,
        {
            "layout": "columns" if build or len(shown) > 1 else "grid",
            "lists": shown,
            "build": build,
            "because": because,
        },
    )


def show_stored(
    data: Dataset, chips: list[dict], ranked: list[list[int]], history: list[int], hidden: set[int]
) -> None:
    """A user's history beside the lists that models gave them when they were measured; hits are marked."""
    labels = cached.labels(data)
    known = labels.best_known(history)
    plain = {"rank": None, "score": None, "verdict": None, "chosen": False, "common": False, "also": []}
    shown = len(known[:HISTORY])
    facts = [
        {"text": f"{len(known):,} items" + (f", the best known {shown}" if shown < len(known) else ""), "why": None}
    ]
    head = {"title": "History", "problem": None, "note": None, "own": {}, "empty": "Nothing is known of them."}
    columns = [head | {"facts": facts, "cards": [labels.card(item) | plain for item in known[:HISTORY]]}]
    for chip, items in zip(chips, ranked, strict=True):
        others = [(other, other_items) for other, other_items in zip(chips, ranked, strict=True) if other is not chip]
        cards = [
            labels.card(item)
            | plain
            | {
                "rank": rank,
                "chosen": item in hidden,
                "also": [
                    other | {"rank": found.index(item) + 1, "named": False} for other, found in others if item in found
                ],
            }
            for rank, item in enumerate(items, 1)
        ]
        found = sum(item in hidden for item in items)
        why = "What this person really chose, and no model was shown."
        facts = [{"text": f"found {found} of {len(hidden)} hidden in the first {len(items)}", "why": why}]
        own = {"facts": facts, "cards": cards, "problem": None, "note": None, "own": {}, "empty": "No list was kept."}
        columns.append(chip | own)
    content = {"layout": "columns", "lists": columns, "build": None, "of": data.info.fingerprint, "judge": False}
    _lists(key="stored-lists", data=content)


def invite(data: Dataset) -> None:
    """In place of lists, while nothing is known of the taste: items that most people know, to like or dislike."""
    if state.visit(data.info.fingerprint).looking:
        st.markdown("## Whose taste?\n\nSearch for somebody above, or let chance choose.")
        return
    labels = cached.labels(data)
    facts = [{"text": "the most chosen items", "why": "Chosen by the most people that the models learned from."}]
    cards = [labels.card(idx) | {"rank": None, "score": None, "verdict": None, "also": []} for idx in labels.starters]
    head = {"title": "Begin with something you know", "facts": facts, "cards": cards, "invites": True}
    mount(data, {"layout": "grid", "lists": [head], "samples": _samples(data), "build": None})


def _samples(data: Dataset) -> list[dict]:
    """Tastes to begin with, as three posters and a name."""
    labels = cached.labels(data)
    return [
        {
            "title": sample.title,
            "items": ", ".join(labels.card(item)["title"] for item in sample.items),
            "cards": [labels.card(item) for item in sample.items[:3]],
            "event": {"kind": "sample", "number": number},
        }
        for number, sample in enumerate(cached.samples(data))
    ]


def columns(answer: Lists) -> list[int]:
    """The items of the first list, best first, without the places where nothing was left."""
    return [int(item) for item in answer.ranked[0] if item >= 0]


def mount(data: Dataset, content: dict, judge: bool = True, place: str = "lists") -> None:
    """Lists as the component draws them; `judge`: to be liked or not; `place`: of those that a page has for them."""
    told = {"of": data.info.fingerprint, "judge": judge and not state.visit(data.info.fingerprint).looking}
    _lists(key=f"{state.kept('page')}-{place}", data=content | told)


def _refused(data: Dataset, panel: Panel, why: str) -> dict:
    problem = {"text": why, "ways": _ways(data, panel.entry)}
    return panel.chip() | {"facts": [], "cards": [], "problem": problem, "own": _own(panel)}


def _answered(panel: Panel, asked: Taste, answer: Lists, cards: list[dict], hidden: set[int]) -> dict:
    head = {
        "facts": _whose(panel) + _facts(answer, cards, hidden),
        "score": panel.score or _score_meaning(panel.entry),
        "note": _note(panel.entry, asked),
        "empty": _empty(panel.filters),
        "own": _own(panel),
        "whose": panel.name,
    }
    return panel.chip() | head | {"cards": cards, "problem": None}


def _whose(panel: Panel) -> list[dict]:
    """The model, where the title of its column tells something else."""
    named = panel.title.startswith(panel.entry.title)
    return [] if named else [{"text": panel.entry.title, "why": panel.entry.chip()["summary"]}]


def _own(panel: Panel) -> dict:
    """The settings of a column as the values of its pickers: "" where it follows the page."""
    column = panel.column
    if column is None:
        return {}
    years = "" if column.years is None else f"{column.years[0]}-{column.years[1]}"
    return {"k": str(column.k or ""), "known": column.known or "", "genre": column.genre or "", "years": years}


def _empty(limits: Filters) -> str:
    among = f" among {limits.words}" if limits.words else ""
    return f"Nothing is left to recommend{among}. Widen the filters, or show what is already known."


def _cards(data: Dataset, panel: Panel, answer: Lists, items: dict[Panel, list[int]], hidden: set[int]) -> list[dict]:
    labels, visit = cached.labels(data), state.visit(data.info.fingerprint)
    somebody = visit.looking and visit.user_idx is not None
    known = set(data.history(visit.user_idx).tolist()) if somebody else set(() if visit.looking else visit.likes)
    others = {
        other: {item: rank for rank, item in enumerate(ranked, 1)}
        for other, ranked in items.items()
        if other is not panel
    }
    names = [one.entry.name for one in items]
    twice = {name for name in names if names.count(name) > 1}  # their marks are alike: the column's title tells
    common = common_items(list(items.values()))
    scores = score_texts(answer.scores[0])
    ids = data.catalogue.items["item_id"].gather(items[panel]).to_list()
    return [
        labels.card(item)
        | {
            "rank": rank,
            "item": str(ids[rank - 1]),
            "score": scores[rank - 1],
            "verdict": "like" if item in known else None,
            "chosen": item in hidden,
            "common": item in common and len(items) > 2,
            "also": [
                other.chip() | {"rank": ranks[item], "named": other.entry.name in twice}
                for other, ranks in others.items()
                if item in ranks
            ],
        }
        for rank, item in enumerate(items[panel], 1)
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
        {"text": f"{len(cards)} {'item' if len(cards) == 1 else 'items'}", "why": None},
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
    if (loaded := cached.runtime().get(entry.checksum)) and loaded.instead:
        return loaded.instead
    if asked.dislikes and entry.card.about.dislikes == "exempt":
        return f"{entry.title} is exempt from dislikes: they are kept out of the list, and change nothing else."
    return None


def _ways(data: Dataset, entry: Entry) -> list[dict]:
    """What a visitor can do about a model that cannot answer."""
    ways = [{"label": "Look at somebody it knows", "event": {"kind": "surprise", "known": True}}]
    others = [other for other in cached.entries(data) if other.card and other.card.about.serves_new_profiles]
    others = sorted(others, key=models.quality, reverse=True)
    if state.kept("page") != "compare":
        ways += [
            {"label": f"Ask {other.title}", "event": {"kind": "models", "which": "model", "chosen": [other.name]}}
            for other in others[:2]
        ]
    return ways if not entry.card.about.serves_new_profiles else ways[1:]
