"""The contract, asked of a graph that nobody knows: every question whatever the last answer was, so that all is mended
at once. docs/contract.md says the same in words.

A tolerance allows for sums in another order, as in zoo/parity.py: a ten thousandth of the range of the scores.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array

from zoo.errors import ModelError
from zoo.own_graph_rules import Check
from zoo.own_graph_worker import End
from zoo.parity import TOLERANCE

FIXED = {"exclude_seen": True, "k": 20}
OUTPUTS = ("ranked", "scores", "all_scores")
KINDS = {"items": "int64", "weights": "float32", "candidates": "bool", "exclude_seen": "bool", "k": "int64"}
AXES = {"items": 2, "weights": 2, "candidates": 1, "exclude_seen": 0, "k": 0}
ANSWERS = {"ranked": "int64", "scores": "float32", "all_scores": "float32"}
DECLARED = {"float32": "tensor(float)", "float64": "tensor(double)"}  # others are called as NumPy calls them
MEANING = {
    "items": "[B, L], the columns of the history, padding = I",
    "weights": "[B, L], 0.0 on padding",
    "candidates": "[I], which items may be recommended",
    "exclude_seen": "one truth, no axis",
    "k": "one number, no axis",
    "ranked": "[B, k]",
    "scores": "[B, k]",
    "all_scores": "[B, I]",
}
ALL_SECONDS = 90.0  # for every question together
NOT_ASKED = "not asked: what comes before it has to be mended first"
Feeds = dict[str, np.ndarray]
Ask = Callable[[tuple[str, ...], Feeds], list[np.ndarray]]


class Differs(Exception):
    """What came is not what the contract says; its text says what came."""


@dataclass(frozen=True)
class Asked:
    """What every question needs: someone who answers, and histories of people from the data."""

    ask: Ask
    n_items: int  # I
    histories: list[np.ndarray]  # int64 each: short, long, and empty ones
    until: float = field(default_factory=lambda: time.monotonic() + ALL_SECONDS)

    def run(self, rows: list[np.ndarray], *outputs: str, pad: int = 0, **changed: object) -> tuple[np.ndarray, ...]:
        """The graph's answer. pad : columns of padding more than are needed; changed : inputs in place of the usual"""
        if time.monotonic() > self.until:
            raise ModelError(f"the checks had taken {ALL_SECONDS:g} seconds, the limit here")
        width = max((len(row) for row in rows), default=0) + pad
        items = np.full((len(rows), width), self.n_items, dtype=np.int64)
        weights = np.zeros((len(rows), width), dtype=np.float32)
        for place, row in enumerate(rows):
            items[place, : len(row)], weights[place, : len(row)] = row, 1.0
        given = {"items": items, "weights": weights, "candidates": np.ones(self.n_items, dtype=bool)}
        feeds = {name: np.asarray(value, dtype=KINDS[name]) for name, value in (given | FIXED | changed).items()}
        wanted = outputs or OUTPUTS
        return tuple(self.ask(wanted, feeds))

    @property
    def one(self) -> np.ndarray:
        return self.histories[0]


def ends(inputs: list[End], outputs: list[End], n_items: int) -> list[Check]:
    """What the graph declares: names, types and axes."""
    return [_ends("Inputs", inputs, KINDS, n_items), _ends("Outputs", outputs, ANSWERS, n_items)]


def _ends(title: str, found: list[End], kinds: dict[str, str], n_items: int) -> Check:
    there = {one.name: one for one in found}
    wrong = [f"no {name}" for name in kinds if name not in there]
    if kinds is KINDS:
        wrong += [f"{one.name[:40]}, which is none of ours" for one in found if one.name not in kinds]
    for name, kind in kinds.items():
        if (end := there.get(name)) is None:
            continue
        if end.type != DECLARED.get(kind, f"tensor({kind})"):
            wrong.append(f"{name} is {end.type}")
        if len(end.shape) != AXES.get(name, len(end.shape)):
            wrong.append(f"{name} has {len(end.shape)} axes")
        wrong += _sizes(end, n_items)
    expected = "; ".join(f"{name} {kind} {MEANING[name]}" for name, kind in kinds.items())
    mend = "Name them by input_names and output_names of torch.onnx.export, and cast to these types before it."
    if kinds is KINDS and any(text.startswith("no ") for text in wrong):
        mend += " An input that the model does not use is dropped by some exporters: use it, if only times 0."
    return Check(title, not wrong, expected, "; ".join(wrong[:6]) or "as expected", mend)


def _sizes(end: End, n_items: int) -> list[str]:
    """Axes that are fixed to another size than the contract lets vary."""
    wanted: dict[str, tuple[int | None, ...]] = {"candidates": (n_items,), "all_scores": (None, n_items)}
    allowed = wanted.get(end.name, (None,) * len(end.shape))
    return [
        f"{end.name} is fixed to {size} along axis {axis}, in place of {'any size' if fits is None else f'{fits:,}'}"
        for axis, (size, fits) in enumerate(zip(end.shape, allowed, strict=False))
        if size is not None and size != fits
    ]


def behaviour(asked: Asked) -> Iterator[Check]:
    """Every question that only running it can answer, one after the other."""
    basic = _checked(asked, QUESTIONS[0])
    yield basic
    for question in QUESTIONS[1:]:
        title, expected, mend, _ = question
        yield _checked(asked, question) if basic.passed else Check(title, None, expected, NOT_ASKED, mend)


def _checked(asked: Asked, question: "Question") -> Check:
    title, expected, mend, ask = question
    try:
        with np.errstate(invalid="ignore"):  # infinity minus infinity: "Finite scores" tells of it
            came = ask(asked)
    except (Differs, ModelError) as error:
        return Check(title, False, expected, str(error), mend)
    return Check(title, True, expected, came or "as expected", mend)


def _shapes(asked: Asked) -> str:
    ranked, scores, all_scores = asked.run(asked.histories)
    B, k = len(asked.histories), min(20, asked.n_items)
    shapes = {"ranked": (B, k), "scores": (B, k), "all_scores": (B, asked.n_items)}
    for name, array in zip(OUTPUTS, (ranked, scores, all_scores), strict=True):
        if str(array.dtype) != ANSWERS[name] or array.shape != shapes[name]:
            came = f"{array.dtype} {list(array.shape)}"
            raise Differs(f"{name} came as {came} for {B} histories, k = {k} and {asked.n_items:,} items")
    return f"{B} lists of {k}"


def _finite(asked: Asked) -> None:
    (scores,) = asked.run(asked.histories, "all_scores")
    if not np.isfinite(scores).all():
        at = np.argwhere(~np.isfinite(scores))[0]
        raise Differs(f"{int((~np.isfinite(scores)).sum()):,} scores are not, the first one of item column {at[1]}")


def _empty(asked: Asked) -> None:
    for pad in (0, 3):
        (scores,) = asked.run([np.empty(0, dtype=np.int64)], "all_scores", pad=pad)
        if not np.isfinite(scores).all():
            how = "a history of no columns" if pad == 0 else "a history of nothing but padding"
            raise Differs(f"{how} gave {int((~np.isfinite(scores)).sum()):,} scores that are no numbers")


def _same_bits(asked: Asked) -> None:
    first, second = (asked.run(asked.histories) for _ in range(2))
    for name, a, b in zip(OUTPUTS, first, second, strict=True):
        if a.tobytes() != b.tobytes():
            raise Differs(f"{name} differed when the same was asked twice")


def _padding(asked: Asked) -> None:
    for row in (asked.one, asked.histories[-2]):
        (plain,), (padded,) = asked.run([row], "all_scores"), asked.run([row], "all_scores", pad=7)
        _alike(plain, padded, "seven places of padding behind a history changed its scores")
        weighed = np.zeros((1, len(row) + 1), dtype=np.float32)
        weighed[0, : len(row)] = 1.0
        other = int(np.setdiff1d(np.arange(asked.n_items), row)[0])
        (with_zero,) = asked.run([np.append(row, other)], "all_scores", weights=weighed)
        _alike(plain, with_zero, "an item of weight 0.0 changed the scores")


def _batch(asked: Asked) -> None:
    (together,) = asked.run(asked.histories, "all_scores")
    for place, row in enumerate(asked.histories):
        (alone,) = asked.run([row], "all_scores")
        _alike(alone, together[place : place + 1], f"a history of {len(row)} items alone and beside others")


def _candidates(asked: Asked) -> None:
    allowed = np.arange(asked.n_items) % 3 == 0
    (ranked,) = asked.run(asked.histories, "ranked", candidates=allowed)
    for wrong in ranked[(ranked >= 0) & ~allowed[ranked.clip(0, asked.n_items - 1)]].tolist():
        raise Differs(f"item column {wrong} was recommended although candidates says no")
    if (ranked[:, 0] < 0).any():
        raise Differs("a list came back empty although candidates were left")


def _seen(asked: Asked) -> None:
    (ranked,) = asked.run(asked.histories, "ranked", k=asked.n_items)
    for row, listed in zip(asked.histories, ranked, strict=True):
        if found := sorted(set(row.tolist()) & set(listed.tolist())):
            raise Differs(f"item column {found[0]} is in the history and in the list, although exclude_seen is true")
    (open_,) = asked.run([asked.one], "ranked", k=asked.n_items, exclude_seen=False)
    if missing := sorted(set(asked.one.tolist()) - set(open_[0].tolist())):
        raise Differs(f"item column {missing[0]} was left out although exclude_seen is false")
    weights = np.zeros((1, len(asked.one)), dtype=np.float32)
    (masked,) = asked.run([asked.one], "ranked", k=asked.n_items, weights=weights)
    if found := sorted(set(asked.one.tolist()) & set(masked[0].tolist())):
        raise Differs(f"item column {found[0]}, of weight 0.0, stands in the list although exclude_seen is true")


def _length(asked: Asked) -> None:
    for k in (1, 7, asked.n_items + 5):
        ranked, scores = asked.run([asked.one], "ranked", "scores", k=k)
        width = min(k, asked.n_items)
        if ranked.shape != (1, width) or scores.shape != (1, width):
            shown = f"{list(ranked.shape)} and {list(scores.shape)}"
            raise Differs(f"k = {k:,} gave ranked and scores of {shown} in place of {[1, width]}")


def _end_of_list(asked: Asked) -> None:
    allowed = np.zeros(asked.n_items, dtype=bool)
    allowed[np.setdiff1d(np.arange(asked.n_items), asked.one)[:3]] = True
    ranked, scores = asked.run([asked.one], "ranked", "scores", candidates=allowed, k=min(10, asked.n_items))
    if (ranked[0, :3] < 0).any() or (ranked[0, 3:] != -1).any():
        raise Differs(f"with three items left, ranked was {ranked[0].tolist()}")
    if (scores[0, 3:] != -np.inf).any():
        raise Differs(f"where ranked is -1, scores were {scores[0, 3:].tolist()}")


def _columns(asked: Asked) -> None:
    (ranked,) = asked.run(asked.histories, "ranked", k=asked.n_items)
    if ((ranked < -1) | (ranked >= asked.n_items)).any():
        wrong = int(ranked[(ranked < -1) | (ranked >= asked.n_items)][0])
        raise Differs(f"ranked holds {wrong}, and the columns go from 0 to {asked.n_items - 1:,}")
    for listed in ranked:
        there = listed[listed >= 0]
        if len(np.unique(there)) < len(there):
            raise Differs("an item stands twice in one list")


def _order(asked: Asked) -> None:
    """Of equals any may come first: only the values are compared."""
    ranked, scores, all_scores = asked.run(asked.histories)
    for row, listed, own, given in zip(asked.histories, ranked, all_scores, scores, strict=True):
        left = np.setdiff1d(np.arange(asked.n_items), row)
        best = -np.sort(-own[left])[: len(listed)]
        there = listed[listed >= 0].clip(0, asked.n_items - 1)
        n = len(there)
        spread = TOLERANCE * float(np.ptp(own) or 1.0)
        if n < len(best) or np.abs(given[:n] - own[there]).max(initial=0.0) > spread:
            raise Differs("scores are not those that all_scores gives the ranked items")
        if np.abs(own[there] - best[:n]).max(initial=0.0) > spread:
            raise Differs("the list is not the best of all_scores, best first")


def _alike(a: np.ndarray, b: np.ndarray, what: str) -> None:
    spread = max(float(np.ptp(a)), 1e-6)
    apart = float(np.abs(a - b).max(initial=0.0)) / spread
    if np.isnan(apart):
        raise Differs(f"{what}, and some are no numbers")
    if apart > TOLERANCE:
        raise Differs(f"{what}: by {100 * apart:.2g} % of their range")


MASK = "Set the scores to -infinity where they are not allowed, before TopK."
PADDED = "Multiply by weights, and gather from a table with one more row of zeros for padding (column I)."
Question = tuple[str, str, str, Callable[[Asked], str | None]]
QUESTIONS: tuple[Question, ...] = (
    (
        "Answers for this catalogue",
        "ranked and scores [B, k], all_scores [B, I]",
        "The graph's catalogue must be that of this data set, in size and order; B, L and k must stay free "
        "(dynamic axes, k an input of TopK).",
        _shapes,
    ),
    ("Finite scores", "a number for every item", "Look for a division by 0 or a logarithm of 0.", _finite),
    (
        "Nothing known yet",
        "an empty history gives a number for every item",
        "Divide by max(length, 1), and add a small number below a root.",
        _empty,
    ),
    ("The same twice", "the same bits for the same question", "Call model.eval() before the export.", _same_bits),
    ("Padding", "padding, and items of weight 0.0, change no score", PADDED, _padding),
    (
        "Whoever is beside it",
        "a list does not depend on the other histories of the batch",
        "Do not average or normalise over the batch: BatchNorm in training mode does.",
        _batch,
    ),
    ("Only candidates", "nothing is recommended that candidates leaves out", MASK, _candidates),
    (
        "Only what is new",
        "with exclude_seen the history, weights of 0.0 too, is kept out; without it, not",
        f"{MASK} Scatter True onto the columns of items, whatever their weights.",
        _seen,
    ),
    ("List length", "k items, never more than I", "Give min(k, I) to TopK, as an input of the graph.", _length),
    (
        "Where nothing is left",
        "ranked -1 and scores -infinity at the end",
        "After TopK: ranked = where(isinf(scores), -1, ranked).",
        _end_of_list,
    ),
    ("Columns", "columns of the catalogue, each once", "Rank the catalogue itself, with one TopK over I.", _columns),
    ("Best first", "ranked is in the order of all_scores", "Rank the same scores that all_scores gives out.", _order),
)


def probes(fold_in: csr_array, n_items: int) -> list[np.ndarray]:
    """Histories of people from the data to ask with: of different length, the longest of 60 items, and an empty one."""
    lengths = np.diff(fold_in.indptr)
    order = [row for row in np.argsort(lengths, kind="stable").tolist() if lengths[row]]
    picked = [order[place] for place in np.linspace(0, len(order) - 1, 5).astype(int).tolist()] if order else []
    rows = [fold_in.indices[fold_in.indptr[row] : fold_in.indptr[row + 1]][:60] for row in picked]
    most = max(1, n_items - 8)  # something must be left to recommend
    rows = [row[:most].astype(np.int64) for row in rows] or [np.arange(min(3, most))]
    if not any(n_items - 1 in row for row in rows):
        rows[-1] = np.append(rows[-1][: most - 1], n_items - 1)  # the last column, which careless padding hits
    return [*rows, np.empty(0, dtype=np.int64)]
