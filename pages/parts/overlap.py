"""How alike several lists are, in a sentence and a small table."""

from itertools import combinations

from pages.parts import lists
from pages.parts.component import component
from pages.parts.panels import Panel
from zoo.compare import common_items, jaccard, rank_biased_overlap
from zoo.recommend import Lists

_overlap = component("overlap")
SHARED = "Items that stand in both lists, whatever their rank."
JACCARD = "Shared items divided by all items of both lists: 0 = nothing in common, 1 = the same items."
OVERLAP = (
    "Agreement at every depth, the top counted most (p = 0.9: the first 10 ranks carry 86 % of the weight). "
    "0 = nothing in common, 1 = the same order."
)
COLUMNS = [
    {"title": title, "meaning": meaning}
    for title, meaning in (("Shared items", SHARED), ("Jaccard", JACCARD), ("Rank-biased overlap", OVERLAP))
]


def show(panels: list[Panel], answers: list[Lists | str]) -> None:
    """For the models that gave a list; nothing where fewer than two did."""
    given = zip(panels, answers, strict=True)
    items = {panel: lists.columns(answer) for panel, answer in given if isinstance(answer, Lists)}
    if len(items) < 2:
        return
    pairs = [_pair(a, items[a], b, items[b]) for a, b in combinations(items, 2)]
    _overlap(key="overlap", data={"sentence": _sentence(items), "columns": COLUMNS, "pairs": pairs})


def _pair(a: Panel, in_a: list[int], b: Panel, in_b: list[int]) -> dict:
    alike, ordered = jaccard(in_a, in_b), rank_biased_overlap(in_a, in_b)
    cells = [
        {"text": f"{len(common_items([in_a, in_b]))} of {_lengths([in_a, in_b])}", "share": None},
        {"text": f"{alike:.2f}", "share": alike},
        {"text": f"{ordered:.2f}", "share": ordered},
    ]
    return {"models": [a.chip(), b.chip()], "cells": cells}


def _sentence(items: dict[Panel, list[int]]) -> str:
    shared = len(common_items(list(items.values())))
    if not shared:
        return f"No item stands in {'both' if len(items) == 2 else 'all'} lists."
    how_many = {2: "Both", 3: "All three", 4: "All four"}.get(len(items), f"All {len(items)}")
    first = f"{how_many} lists share {shared} of {_lengths(list(items.values()))} items."
    if len(items) == 2:
        return first
    alike = {pair: jaccard(items[pair[0]], items[pair[1]]) for pair in combinations(items, 2)}
    most = [pair for pair, share in alike.items() if share == max(alike.values())]
    if len(most) > 1:
        return first
    (a, b), common = most[0], len(common_items([items[one] for one in most[0]]))
    return f"{first} {a.title} and {b.title} share the most: {common}."


def _lengths(rankings: list[list[int]]) -> str:
    """How many items they have: one number, or each one's.

    >>> _lengths([[1, 2], [3, 4]]), _lengths([[1], [2, 3], [4, 5]])
    ('2', '1, 2 and 2')
    """
    numbers = [str(len(ranking)) for ranking in rankings]
    return numbers[0] if len(set(numbers)) == 1 else f"{', '.join(numbers[:-1])} and {numbers[-1]}"
