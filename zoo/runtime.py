"""Histories in, ranked items out, through ONNX Runtime. It and zoo/ort_session.py alone call onnxruntime.

Histories are asked in batches (zoo/batching.py) whose intermediates stay below `Settings.batch_bytes`. Weights stay
loaded up to `Settings.session_bytes`; the least recently used model goes first.

On a GPU the weights lie there, and so does the filter that lets everything through; only the columns of the histories
go up, and only the lists come down.
"""

import gc
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from scipy.sparse import csr_array

from zoo import device_faults, telemetry
from zoo.batching import Limits, batches, rectangles
from zoo.card import Card
from zoo.content import Content
from zoo.errors import ModelError
from zoo.folder import ModelFolder
from zoo.ort_session import ORT_ERRORS, open_session
from zoo.placement import CPU, CUDA, Placement
from zoo.settings import Settings

ITEM_TOWER = "item_tower.onnx"
ITEMS_AT_ONCE = 256  # through an item tower
IN_CACHE = 8 * 2**20  # bytes that a batch of row sums may take on a CPU: beyond its cache it was slower by a half
CODE_OFFSET = "code_offset"  # an input that need not be fed: zeros are its default
NO_WAY_IN = (
    "its graph has no way to move the code: it was trained before there was one, or has no such code. Train it again."
)
EXPECTED_INPUTS = {"items", "weights", "candidates", "exclude_seen", "k"}
EXPECTED_OUTPUTS = {"ranked", "scores", "all_scores"}
INT, FLOAT, BOOL = "tensor(int64)", "tensor(float)", "tensor(bool)"
KINDS = {  # what each is made of, and how many axes it has
    "items": (INT, 2), "users": (INT, 1), "weights": (FLOAT, 2), "candidates": (BOOL, 1), "exclude_seen": (BOOL, 0),
    "k": (INT, 0), "ranked": (INT, 2), "scores": (FLOAT, 2), "all_scores": (FLOAT, 2), "embedding": (FLOAT, 2),
    "embedding_std": (FLOAT, 2),
}  # fmt: skip
OVER_ITEMS = ("candidates", "all_scores")  # whose last axis is the catalogue


class Graph:
    """One graph of a model, and what is asked of ONNX Runtime once: its inputs, and where its nodes run."""

    def __init__(self, path: Path, settings: Settings, threads: int | None = None) -> None:
        self.session = open_session(str(path), settings, threads)
        entries = [*self.session.get_inputs(), *self.session.get_outputs()]
        self._kinds = {entry.name: (entry.type, entry.shape) for entry in entries}
        self.inputs = frozenset(entry.name for entry in self.session.get_inputs())
        self.outputs = frozenset(entry.name for entry in self.session.get_outputs())
        self.code_length = next(
            (int(e.shape[1]) for e in self.session.get_overridable_initializers() if e.name == CODE_OFFSET), None
        )
        parts = self.session.get_provider_graph_assignment_info()
        assigned = [(part.ep_name, node.op_type) for part in parts for node in part.get_nodes()]
        self.placement = Placement.of(self.session.get_providers(), assigned)
        self.device = "cuda" if self.placement.provider == CUDA else "cpu"

    def check_contract(self, where: Path, n_items: int) -> None:
        """`ModelError` where an input or output is of another type or shape, or of another catalogue."""
        for name in self._kinds.keys() & KINDS.keys():
            (kind, shape), (expected, axes) = self._kinds[name], KINDS[name]
            size = shape[-1] if name in OVER_ITEMS and shape else n_items
            if kind != expected or len(shape) != axes or (isinstance(size, int) and size != n_items):
                of = f", {n_items} on the last one" if name in OVER_ITEMS else ""
                raise ModelError(
                    f"{where} does not keep the graph contract: {name} is {kind} {shape}; expected {expected} of "
                    f"{axes} axes{of}. Export it again."
                )

    def ask(self, outputs: tuple[str, ...], feeds: dict[str, Any]) -> list[np.ndarray]:
        """The outputs in their order. feeds: arrays, or what `held` gave; inputs that this graph lacks are left out."""
        feeds = {name: value for name, value in feeds.items() if name in self.inputs or name == CODE_OFFSET}
        if self.device != "cpu":
            return self.ask_bound(outputs, feeds)
        # Where the CPU took over between two lines of the caller, something may still lie on the device
        feeds = {name: value.numpy() if isinstance(value, ort.OrtValue) else value for name, value in feeds.items()}
        return self.session.run(list(outputs), feeds)

    def ask_bound(self, outputs: tuple[str, ...], feeds: dict[str, Any]) -> list[np.ndarray]:
        """The same with every input and output bound: what is held on the device stays there between questions."""
        binding = self.session.io_binding()
        for name, value in feeds.items():
            if isinstance(value, ort.OrtValue):
                binding.bind_ortvalue_input(name, value)
            else:
                binding.bind_cpu_input(name, np.ascontiguousarray(value))
        for name in outputs:
            binding.bind_output(name, "cpu")
        self.session.run_with_iobinding(binding)
        return [value.numpy() for value in binding.get_outputs()]

    def held(self, array: np.ndarray) -> Any:
        """An array for `ask`, laid onto the device once and for all where there is one."""
        return array if self.device == "cpu" else ort.OrtValue.ortvalue_from_numpy(array, self.device, 0)


class Model:
    """A loaded model. Thread-safe: ONNX Runtime sessions are, and nothing here changes after construction, but that the
    CPU takes over from a GPU that fails.
    """

    def __init__(self, folder: ModelFolder, settings: Settings, graphs: dict[str, "Graph"] | None = None) -> None:
        """graphs : by role, where they do not lie in the folder"""
        self.card: Card = folder.card
        self.checksum = folder.checksum
        self._settings, self._wanted = settings, settings.provider
        self._home, self._moving = folder.path.parent, threading.Lock()
        # Without a code there is no matrix to multiply with: a list is a sum of rows, soonest made by one thread alone
        self._sums_rows = "embedding" not in self.card.outputs
        self.item_tower: ItemTower | None = None
        if graphs is None:
            graphs = self._opened(folder, settings)
        self._graphs = graphs
        self._check_contract(folder)
        try:
            self._everything = self._laid_out()
        except ORT_ERRORS as error:
            self._to_cpu(error)

    def _opened(self, folder: ModelFolder, settings: Settings) -> dict[str, Graph]:
        """The graphs of a folder, and its item tower."""
        if not {"rows"} <= self.card.graphs.keys() <= {"rows", "dense"}:
            raise ModelError(
                f"{folder.path} does not keep the graph contract: its card names the graphs "
                f"{sorted(self.card.graphs)}; expected rows, and perhaps dense. Export it again."
            )
        files = [*self.card.graphs.values(), *([ITEM_TOWER] if self.card.item_tower else [])]
        with folder.opened(files, settings.graph_bytes) as place:
            graphs = {
                role: Graph(place / file, settings, 1 if self._sums_rows and role == "rows" else None)
                for role, file in self.card.graphs.items()
            }
            for graph in graphs.values():
                graph.check_contract(folder.path, self.card.n_items)
            if self.card.item_tower:
                self.item_tower = open_item_tower(place, settings)
        return graphs

    def _laid_out(self) -> dict[str, Any]:
        """The filter that lets everything through, where each graph runs."""
        everything = np.ones(self.card.n_items, dtype=bool)
        return {role: graph.held(everything) for role, graph in self._graphs.items()}

    def _to_cpu(self, error: Exception) -> None:
        """Every graph is loaded anew on the CPU, where the settings leave the choice; what the GPU held of it goes.

        Raises
        ------
        ModelError where the settings name the device, or it was the CPU that failed
        CardError where the files are not there any more
        """
        if self._settings.provider != "auto" or self.provider == CPU:
            raise ModelError(device_faults.sentence(self.card.about.title, error, self.provider != CPU)) from None
        telemetry.error("A model failed on the GPU; the CPU takes over.", "runtime")
        settings = self._settings.model_copy(update={"provider": "cpu"})
        with ModelFolder.open(self._home, self.checksum) as folder:
            self._graphs = self._opened(folder, settings)
        self._settings = settings
        self._everything = self._laid_out()
        gc.collect()

    @property
    def instead(self) -> str | None:
        """A sentence where the CPU took over from a GPU; None where this model runs where it should."""
        gpu = self._wanted == "auto" and CUDA in ort.get_available_providers()
        return device_faults.INSTEAD if gpu and self.provider == CPU else None

    @property
    def provider(self) -> str:
        """The provider that really runs, as ONNX Runtime reports it after loading."""
        return self.placement["rows"].provider

    @property
    def placement(self) -> dict[str, Placement]:
        """Role of a graph -> which of its nodes run where."""
        return {role: graph.placement for role, graph in self._graphs.items()}

    def run(
        self,
        histories: csr_array,
        *,
        users: np.ndarray | None = None,
        masked: csr_array | None = None,
        candidates: np.ndarray | None = None,
        exclude_seen: bool = True,
        k: int = 20,
        outputs: tuple[str, ...] = ("ranked", "scores"),
        graph: str | None = None,
        code_offset: np.ndarray | None = None,
    ) -> dict[str, np.ndarray]:
        """Answer for B histories.

        Parameters
        ----------
        histories : csr float32 [B, I], weights above 0
        users : int64 [B], rows of the training data; needed where the card says `input: users`
        masked : csr [B, I], non-zero: neither shown to the model nor recommended
        candidates : bool [I], items that may be recommended; None = all
        exclude_seen : whether the history is kept out of the list
        k : list length, 1 or more; lists are no longer than I
        outputs : of "ranked" [B, k], "scores" [B, k], "all_scores" [B, I], "embedding" [B, K] and
            "embedding_std" [B, K], where the card names them
        graph : "rows" or "dense" in place of the runtime's own choice
        code_offset : float32 [B or 1, K], added to the code before it is decoded, where `moves_code`; None: 0.
            "embedding" and "embedding_std" stay those of the histories

        Raises
        ------
        ModelError if the question does not fit the model
        """
        self._check_question(histories, users, candidates, k, outputs)
        self._check_offset(code_offset, histories.shape[0])
        lengths = np.diff(histories.indptr) + (0 if masked is None else np.diff(masked.indptr))
        fixed = {"exclude_seen": np.array(exclude_seen), "k": np.array(k, dtype=np.int64)}

        def ask(batch: tuple[np.ndarray, str]) -> list[np.ndarray]:
            rows, role = batch
            feeds = fixed | rectangles(histories, masked, rows, self.card.n_items)
            feeds["candidates"] = self._everything[role] if candidates is None else candidates
            if users is not None:
                feeds["users"] = users[rows].astype(np.int64)
            if code_offset is not None:
                feeds[CODE_OFFSET] = code_offset[rows] if len(code_offset) > 1 else code_offset
            return self._answer(role, outputs, feeds)

        parts = list(self._batches(lengths, graph))
        began = time.perf_counter()
        answers = self._each(ask, parts)
        telemetry.observe("model_answer", time.perf_counter() - began, model=_of_the_zoo(self.card))
        rows = [rows for rows, _ in parts]
        return {
            name: _in_order(rows, [answer[place] for answer in answers], len(lengths))
            for place, name in enumerate(outputs)
        }

    def _answer(self, role: str, outputs: tuple[str, ...], feeds: dict[str, Any]) -> list[np.ndarray]:
        """The graph's answer; the CPU's, where a GPU fails and the settings leave the choice."""
        while True:
            graph = self._graphs[role]
            try:
                return graph.ask(outputs, feeds)
            except ORT_ERRORS as error:
                with self._moving:
                    if self._graphs[role] is graph:  # nobody moved it meanwhile
                        self._to_cpu(error)

    def _each(self, ask: Callable[[Any], list[np.ndarray]], parts: list[Any]) -> list[list[np.ndarray]]:
        """Batches of row sums side by side, one thread each; all others one after the other, on all threads."""
        threads = min(self._settings.threads or os.cpu_count() or 1, len(parts))
        if threads < 2 or not self._sums_rows or self.provider != CPU:
            return [ask(part) for part in parts]
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(ask, parts))

    @property
    def moves_code(self) -> bool:
        """Whether the graph lets its code be moved before it is decoded: a variational one, since that was built."""
        return self._code_length is not None

    @property
    def _code_length(self) -> int | None:
        return self._graphs["rows"].code_length

    def _check_offset(self, code_offset: np.ndarray | None, n_histories: int) -> None:
        if code_offset is None:
            return
        if not self.moves_code:
            raise ModelError(f"{self.card.about.title}: {NO_WAY_IN}")
        shapes = {(n, self._code_length) for n in (1, n_histories)}
        if code_offset.shape not in shapes:
            raise ModelError(f"A code is moved by {max(shapes)} numbers or {min(shapes)}, not {code_offset.shape}.")

    def _check_question(
        self,
        histories: csr_array,
        users: np.ndarray | None,
        candidates: np.ndarray | None,
        k: int,
        outputs: tuple[str, ...],
    ) -> None:
        name, n_items = self.card.about.title, self.card.n_items
        if histories.shape[1] != n_items:
            raise ModelError(f"{name} knows {n_items} items, but the history has {histories.shape[1]} columns.")
        if self.card.about.input == "users" and users is None:
            raise ModelError(
                f"{name} is memory-based: it can serve only users whom it was trained on. Name one, or retrain."
            )
        if candidates is not None and candidates.shape != (n_items,):
            raise ModelError(f"{name} knows {n_items} items, but the filter speaks of {candidates.shape}.")
        if k < 1:
            raise ModelError(f"A list of {k} items was asked for; ask for 1 or more.")
        if missing := set(outputs) - set(self.card.outputs):
            raise ModelError(
                f"{name} has no output {', '.join(sorted(missing))} (it has {', '.join(self.card.outputs)})."
            )

    @property
    def _limits(self) -> Limits:
        """Of one batch, where the model runs now."""
        most = self._settings.batch_bytes
        few = min(most, IN_CACHE) if self._sums_rows and self.provider == CPU else most
        return Limits(self.card.n_items, self.card.gather_width, few, most if "dense" in self._graphs else None)

    def _batches(self, lengths: np.ndarray, graph: str | None) -> Iterator[tuple[np.ndarray, str]]:
        return batches(lengths, self._limits, graph)

    def _check_contract(self, folder: ModelFolder) -> None:
        inputs = EXPECTED_INPUTS if self.card.about.input == "items" else EXPECTED_INPUTS - {"weights"} | {"users"}
        for graph in self._graphs.values():
            has, gives = graph.inputs, graph.outputs
            if has != inputs or not gives >= EXPECTED_OUTPUTS or gives != set(self.card.outputs):
                raise ModelError(
                    f"{folder.path} does not keep the graph contract: inputs {sorted(has)}, outputs {sorted(gives)}; "
                    f"expected {sorted(inputs)} and at least {sorted(EXPECTED_OUTPUTS)}. Export it again."
                )


def _in_order(rows: list[np.ndarray], parts: list[np.ndarray], n: int) -> np.ndarray:
    if not parts:
        return np.empty((0, 0))
    whole = np.empty((n, *parts[0].shape[1:]), dtype=parts[0].dtype)
    for where, values in zip(rows, parts, strict=True):
        whole[where] = values
    return whole


class ItemTower:
    """Words, pictures and facts in, item embeddings out: what makes an item that no model has met comparable."""

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session

    def embed(self, content: Content) -> np.ndarray:
        """float32 [N, K]; times a user's `embedding` they are scores on the scale of `all_scores`."""
        blocks = [np.empty((0, self._session.get_outputs()[0].shape[1] or 0), dtype=np.float32)]
        for start in range(0, len(content), ITEMS_AT_ONCE):
            part = content.part(slice(start, start + ITEMS_AT_ONCE))
            try:
                blocks.append(self._session.run(["embedding"], part.feeds())[0])
            except ORT_ERRORS as error:
                gpu = self._session.get_providers()[0] != CPU
                raise ModelError(device_faults.sentence("The item tower", error, gpu)) from None
        return np.concatenate(blocks[1:] or blocks)


def open_item_tower(folder: Path, settings: Settings) -> ItemTower:
    """The item tower of a model folder.

    Raises
    ------
    ModelError if the folder has none, or it cannot be run
    """
    path = folder / ITEM_TOWER
    if not path.is_file():
        raise ModelError(f"{folder} has no {ITEM_TOWER}: this model does not read what an item is. Take a text tower.")
    return ItemTower(open_session(str(path), settings))


class Runtime:
    """Loaded models of one process, bounded by the bytes of their weights."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._models: OrderedDict[str, Model] = OrderedDict()
        self._changing = threading.Lock()
        self._loading = threading.Lock()  # one load at a time; models that are there are handed out meanwhile

    def load(self, folder: ModelFolder) -> Model:
        """The model of this folder, from memory where it is there. Takes the folder over and closes it."""
        with folder:
            if model := self.get(folder.checksum):
                return model
            with self._loading:
                if model := self.get(folder.checksum):  # somebody else loaded it meanwhile
                    return model
                began = time.perf_counter()
                model = Model(folder, self.settings)
                self._keep(model)
                telemetry.observe("model_load", time.perf_counter() - began, model=_of_the_zoo(model.card))
        return model

    def get(self, checksum: str) -> Model | None:
        """The model with this checksum where it is in memory; it then counts as just used."""
        with self._changing:
            if checksum in self._models:
                self._models.move_to_end(checksum)
            return self._models.get(checksum)

    def loaded(self) -> list[Model]:
        """Models that are in memory, the least recently used first."""
        with self._changing:
            return list(self._models.values())

    def forget(self, checksum: str) -> None:
        """Lets go of a model; its memory goes when the last request that runs on it ends."""
        with self._changing:
            self._models.pop(checksum, None)
        gc.collect()

    def _keep(self, model: Model) -> None:
        with self._changing:
            self._models[model.checksum] = model
            while len(self._models) > 1 and self._bytes() > self.settings.session_bytes:
                self._models.popitem(last=False)  # its memory goes when the last request that runs on it ends
                telemetry.count("models_evicted")
        gc.collect()

    def _bytes(self) -> int:
        return sum(model.card.weight_bytes for model in self._models.values())


def _of_the_zoo(card: Card) -> str:
    """The name of a model as telemetry may know it: none that a visitor gave."""
    return card.name if card.about.family != "made elsewhere" else "a visitor's own"


def versions() -> dict[str, Any]:
    """What this installation of ONNX Runtime is and can do."""
    return {"onnxruntime": ort.__version__, "providers": ort.get_available_providers()}
