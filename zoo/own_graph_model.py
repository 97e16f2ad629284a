"""A graph that somebody brings: examined against the contract, then a model like any other, run in its own process."""

import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from zoo.batching import Limits
from zoo.card import About, Card, Parity
from zoo.dataset import Dataset
from zoo.errors import ModelError
from zoo.folder import ModelFolder
from zoo.own_graph import Anatomy, anatomy
from zoo.own_graph_checks import NOT_ASKED, OUTPUTS, QUESTIONS, Asked, behaviour, ends, probes
from zoo.own_graph_rules import Check, structure
from zoo.own_graph_worker import Bounds, Broken, Worker
from zoo.placement import CPU, Placement
from zoo.runtime import EXPECTED_INPUTS, Graph, Model
from zoo.settings import Settings

MOST_BATCH = 64 * 2**20  # bytes of what a batch may make: what an unknown graph does with a history, nobody knows
NO_ROOM = "the server has no room for another model just now"
ROOM = 64 * 2**20  # bytes that an answer may have beyond what was asked for: then the checks can say what came


class OwnGraph(Graph):
    """A graph in a process of its own, as `Model` asks it; its columns may stand in another order than the data's."""

    def __init__(self, worker: Worker, found: Anatomy, n_items: int, order: np.ndarray | None) -> None:
        self._worker, self._n_items, self._order = worker, n_items, order
        self._theirs = None if order is None else np.append(np.argsort(order), n_items)  # our column -> theirs
        self.inputs, self.outputs = frozenset(EXPECTED_INPUTS), frozenset(OUTPUTS)
        self.code_length = None
        self.device = "cpu"
        self.placement = Placement({CPU: {name: n for (_, name), n in found.operators.most_common()}})

    def ask(self, outputs: tuple[str, ...], feeds: dict[str, Any]) -> list[np.ndarray]:
        """The outputs in their order. `Broken` where none come; `ModelError` where they have another form than before,
        for an answer may depend on the history in any way
        """
        if self._theirs is not None:
            feeds = feeds | {"items": self._theirs[feeds["items"]], "candidates": feeds["candidates"][self._order]}
        B, k = len(feeds["items"]), min(int(feeds["k"]), self._n_items)
        found = self._worker.ask(outputs, feeds, len(outputs) * 8 * B * self._n_items + ROOM)
        widths = {"ranked": (k, "int64"), "scores": (k, "float32"), "all_scores": (self._n_items, "float32")}
        for name, array in zip(outputs, found, strict=True):
            width, kind = widths[name]
            if array.shape != (B, width) or str(array.dtype) != kind:
                raise ModelError(f"{self._worker.title} gave {name} as {array.dtype} {list(array.shape)} this time.")
        return [self._ours(name, array) for name, array in zip(outputs, found, strict=True)]

    def _ours(self, name: str, array: np.ndarray) -> np.ndarray:
        """In the columns of the data set."""
        if name == "ranked":
            if ((array < -1) | (array >= self._n_items)).any():
                raise ModelError(f"{self._worker.title} recommended an item that the catalogue does not have.")
            return array if self._order is None else np.append(self._order, -1)[array]
        return array[:, self._theirs[:-1]] if name == "all_scores" and self._theirs is not None else array


class OwnModel(Model):
    """A `Model` whose graph belongs to one session. `close` ends its process, for good."""

    def __init__(self, folder: ModelFolder, settings: Settings, graph: OwnGraph, worker: Worker) -> None:
        self._worker = worker
        super().__init__(folder, settings, {"rows": graph})

    def close(self) -> None:
        self._worker.stop()

    def _limits_of(self, settings: Settings) -> Limits:
        return Limits(self.card.n_items, self.card.gather_width, min(settings.batch_bytes, MOST_BATCH))


@dataclass(frozen=True)
class Examined:
    """What was found, in the order of asking; the model where everything was passed."""

    checks: list[Check]
    anatomy: Anatomy | None
    model: OwnModel | None = field(default=None, repr=False)


def examine(
    content: bytes,
    title: str,
    name: str,
    dataset: Dataset,
    settings: Settings,
    order: np.ndarray | None = None,
    say: Callable[[Check], None] = lambda check: None,
    bounds: Bounds | None = None,
) -> Examined:
    """Ask everything that can be asked of a graph, in a process of its own. Never raises on what the file holds.

    Parameters
    ----------
    title, name : what it is called on a page, and in an address
    order : int64 [I], the data set's column that each column of the graph is (zoo/own_graph_order.py); None: the same
    say : is told of each check at once
    """
    checks: list[Check] = []

    def passes(asked: Iterable[Check]) -> bool:
        for check in asked:
            checks.append(check)
            say(check)
        return all(check.passed for check in checks)

    n_items = dataset.info.n_items
    whole = Check("An ONNX model", True, "one whole .onnx file", f"{len(content):,} bytes")
    try:
        found = anatomy(content)
    except ModelError as error:
        passes([replace(whole, passed=False, came=str(error), mend="torch.onnx.export writes one.")])
        return Examined(checks, None)
    if not passes([whole, *structure(found)]):
        passes(_unasked(n_items))
        return Examined(checks, found)
    try:
        worker = Worker(content, title, bounds or Bounds(bytes=settings.decode_bytes))
    except OSError:
        loads, *later = _unasked(n_items)
        passes([replace(loads, passed=False, came=NO_ROOM, mend="Try again in a while: it is not the file."), *later])
        return Examined(checks, found)
    if not passes(_run(worker, dataset)):
        worker.stop()
        return Examined(checks, found)
    graph = OwnGraph(worker, found, n_items, order)
    folder = ModelFolder(Path(title), _card(content, title, name, dataset), _checksum(content))
    return Examined(checks, found, OwnModel(folder, settings, graph, worker))


def _run(worker: Worker, dataset: Dataset) -> Iterator[Check]:
    """The checks that run the graph."""
    n_items = dataset.info.n_items
    loads, *later = _unasked(n_items)
    try:
        inputs, outputs = worker.describe()
    except Broken as error:
        mend = "Run it with onnxruntime where it was exported: the sentence is the same there."
        yield replace(loads, passed=False, came=str(error), mend=mend)
        yield from later
        return
    yield replace(loads, passed=True, came="it does")
    declared = ends(inputs, outputs, n_items)
    yield from declared
    if not all(check.passed for check in declared):
        yield from later[len(declared) :]
        return

    def ask(wanted: tuple[str, ...], feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        return worker.ask(wanted, feeds, len(wanted) * 8 * len(feeds["items"]) * n_items + ROOM)

    yield from behaviour(Asked(ask, n_items, probes(dataset.test.fold_in, n_items)))


def _unasked(n_items: int) -> list[Check]:
    """Every check that runs the graph, where it was not run."""
    first = [Check("Loads", None, "ONNX Runtime loads it within the limits", NOT_ASKED)]
    first += [Check(one.title, None, one.expected, NOT_ASKED) for one in ends([], [], n_items)]
    return first + [Check(title, None, expected, NOT_ASKED) for title, expected, *_ in QUESTIONS]


def _checksum(content: bytes) -> str:
    """Nobody else can guess it, though they had the same file: what is remembered by it is of this upload alone."""
    return f"{secrets.token_hex(16)}{hashlib.sha256(content).hexdigest()[:16]}"


def _card(content: bytes, title: str, name: str, dataset: Dataset) -> Card:
    """What the runtime must know. How it was trained nobody here knows: 0 stands for that, and no page shows it."""
    about = About(
        name=name, title=title, family="made elsewhere", summary="Brought by you: nobody else sees it.", equation="?"
    )
    I = dataset.info.n_items
    return Card(
        about=about,
        dataset=dataset.name,
        dataset_fingerprint=dataset.info.fingerprint,
        split=dataset.info.split,
        n_users=0,
        n_items=I,
        n_interactions=0,
        settings={},
        seed=0,
        device="not known",
        fit_seconds=0.0,
        peak_bytes=None,
        parameters=0,
        weight_bytes=len(content),
        graphs={"rows": "model.onnx"},
        gather_width=I,
        outputs=list(OUTPUTS),
        parity=Parity(largest_difference=0.0, relative_difference=0.0, top_20_agreement=0.0, checked="nothing"),
        metrics=None,
        reason="It was measured in your session alone.",
        versions={},
        created="not known",
    )
