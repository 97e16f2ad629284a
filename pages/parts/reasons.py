"""Reasons in words: what of a taste speaks for an item, how sure that is, and what would change it. Pure."""

from collections.abc import Callable, Sequence

import numpy as np

from pages.parts.lists import score_texts
from zoo.counterfactual import MOST_CHANGES, Change, Turn
from zoo.differing import listed
from zoo.explain import Explanation

NAMED = 2  # reasons on a card
TESTED = 3  # that are taken away, one after the other
METHODS = {
    "sum": "This model's score is a sum: one part for each thing in the history. These are all of its parts, and they "
    "add up to the score.",
    "leave one out": "This model's score is not a sum. Each thing was left out once, and the model asked again: a bar "
    "is what the score loses without it. Bars need not add up: of two things that say the same, each alone can be "
    "missed.",
    "same for all": "This model scores everybody alike. What one likes changes nothing but what is left out of the "
    "list.",
    "own vector": "This model never reads a history. It learned some numbers for this person when it was trained, from "
    "all of their choices together; which of them spoke for this item, it cannot be asked.",
}
ALIKE, LEARNED, NOTHING = "the same for everybody", "by what was learned of them", "nothing in this taste speaks for it"

Name = Callable[[int], str]  # the title of an item


def parts_texts(parts: np.ndarray) -> list[str]:
    """With their sign, and the same number of decimals.

    >>> parts_texts(np.array([0.3112, -0.05])), parts_texts(np.array([12.0, -3.0])), parts_texts(np.array([0.0]))
    (['+0.311', '−0.050'], ['+12', '−3'], ['0'])
    """
    texts = score_texts(parts) if len(parts) else []
    return [text if text.startswith("−") or not value else f"+{text}" for text, value in zip(texts, parts, strict=True)]


def named(found: Explanation, row: int, name: Name) -> str:
    title = name(int(found.history[row]))
    return f"disliking {title}" if found.disliked[row] else title


def line(found: Explanation, place: int, name: Name, own: bool) -> dict[str, str]:
    """{"text", "why"} of a card: its strongest reasons, and on hover what each of them adds.

    own : whether it is the taste of the visitor, and not of somebody who is looked at
    """
    if found.method in ("same for all", "own vector"):
        return {"text": ALIKE if found.method == "same for all" else LEARNED, "why": METHODS[found.method]}
    rows = found.reasons(place, NAMED)
    if not rows:
        return {"text": NOTHING, "why": "Everything in it speaks against this item, or says nothing of it."}
    had = [name(int(found.history[row])) for row in rows if not found.disliked[row]]
    bad = [name(int(found.history[row])) for row in rows if found.disliked[row]]
    text = f"because {'you had' if own else 'of'} {', '.join(had)}" if had else "because"
    if bad:
        text += f"{' and' if had else ''} {'you disliked' if own else 'of disliking'} {', '.join(bad)}"
    amounts = parts_texts(found.contributions[rows, place])
    told = ", ".join(f"{named(found, row, name)} {amount}" for row, amount in zip(rows, amounts, strict=True))
    return {"text": text, "why": f"{told}, of a score of {score_texts(found.scores[[place]])[0]}."}


def standing(model: str, rank: int, n_open: int, score: float) -> str:
    """Where it stands now."""
    if not rank:
        return f"{model} gives it a score of {score_texts(np.array([score]))[0]}, but it is kept out of this list."
    return f"{model} puts it at **rank {rank:,} of {n_open:,}**, with a score of {score_texts(np.array([score]))[0]}."


def strongest(found: Explanation, name: Name) -> str:
    """What says most for it, and what most against it."""
    parts, rows = found.contributions[:, 0], found.reasons(0, NAMED)
    if not rows:
        return "Nothing in this taste speaks for it."
    worst = int(np.argmin(parts))
    shown = [*rows, worst]
    texts = dict(zip(shown, parts_texts(parts[shown]), strict=True))
    said = listed([f"*{named(found, row, name)}* ({texts[row]})" for row in rows])
    against = f"; *{named(found, worst, name)}* ({texts[worst]}) most against it" if parts[worst] < 0 else ""
    verb = "speaks" if len(rows) == 1 else "speak"
    return f"{said} {verb} most for it{against}."


def held(ranks: Sequence[int], names: Sequence[str], k: int) -> str:
    """What happened to its rank when the strongest reasons were taken away, one after the other."""
    if not ranks[0] or not names:
        return ""
    first = f"Asked again without *{names[0]}*, the model puts it at rank {ranks[1]:,}"
    more = [f"without *{word}* too, at {rank:,}" for word, rank in zip(names[1:], ranks[2:], strict=True)]
    left = next((n for n, rank in enumerate(ranks[1:], 1) if rank > k), None)
    if ranks[0] > k:
        return f"{listed([first, *more])}."
    if left is None:
        verdict = f"It stays among the first {k} all the same: other things in this taste say the same."
    else:
        verdict = f"Without {'it' if left == 1 else f'these {left}'} it is no longer among the first {k}."
    return f"{listed([first, *more])}. {verdict}"


def turned(found: Turn, name: Name) -> str:
    """What would let it enter the first k, or leave them."""
    goal = "leave" if found.leaves else "enter"
    if not found.rank:
        return "It is kept out of this list by the filters, or because it is known already."
    if not found.tried:
        return "Nothing: this model reads no history, so none can change what it thinks of this item."
    if not found.changes:
        none = f"No set of up to {MOST_CHANGES} changes was found that would let it {goal} the first {found.k}"
        return f"{none}; {_tries(found)}."
    size = len(found.changes)
    sure = "That is the fewest." if found.fewest else f"Fewer may do it: not all were tried ({_tries(found)})."
    does = f"It would {goal} the first {found.k}, to rank {found.rank_after:,}, {_condition(found.changes, name)}."
    return f"{does} {sure}" if size > 1 or not found.fewest else does


def _tries(found: Turn) -> str:
    return f"{found.tried:,} {'taste was' if found.tried == 1 else 'tastes were'} tried"


def _condition(changes: Sequence[Change], name: Name) -> str:
    """
    >>> _condition([Change("forget like", 3), Change("add like", 5)], lambda item: f"Item {item}")
    'if *Item 5* were liked too and nothing were known of *Item 3*'
    """
    added = [f"*{name(one.item)}*" for one in changes if one.kind == "add like"]
    gone = [f"*{name(one.item)}*" for one in changes if one.kind == "forget like"]
    pardoned = [f"*{name(one.item)}*" for one in changes if one.kind == "forget dislike"]
    parts = [f"{listed(added)} were liked too"] if added else []
    parts += [f"nothing were known of {listed(gone)}"] if gone else []
    parts += [f"{listed(pardoned)} were not disliked"] if pardoned else []
    return f"if {listed(parts)}"
