"""How several lists differ, in a sentence, and how alike every two are, in a small table."""

from itertools import combinations

from pages.parts.component import component
from pages.parts.panels import Panel
from zoo.compare import common_items, jaccard, rank_biased_overlap
from zoo.differing import lengths

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


def show(items: dict[Panel, list[int]], sentence: str) -> None:
    """items : the lists of two columns or more"""
    pairs = [_pair(a, items[a], b, items[b]) for a, b in combinations(items, 2)]
    _overlap(key="overlap", data={"sentence": sentence, "columns": COLUMNS, "pairs": pairs})


def _pair(a: Panel, in_a: list[int], b: Panel, in_b: list[int]) -> dict:
    alike, ordered = jaccard(in_a, in_b), rank_biased_overlap(in_a, in_b)
    cells = [
        {"text": f"{len(common_items([in_a, in_b]))} of {lengths([in_a, in_b])}", "share": None},
        {"text": f"{alike:.2f}", "share": alike},
        {"text": f"{ordered:.2f}", "share": ordered},
    ]
    return {"models": [a.chip(), b.chip()], "cells": cells}
