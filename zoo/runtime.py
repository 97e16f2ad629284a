"""Histories in, ranked items out, through ONNX Runtime. The only file that calls onnxruntime.

Histories are asked in batches (zoo/batching.py) whose intermediates stay below `Settings.batch_bytes`. Weights stay
loaded up to `Settings.session_bytes`; the least recently used model goes first.

On a GPU the weights lie there, and so does the filter that lets everything through; only the columns of the histories
go up, and only the lists come down.
"""

import gc
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from scipy.sparse import csr_array

from zoo.batching import Limits, batches, rectangles
from zoo.card import Card
from zoo.content import Content
from zoo.errors import ModelError
from zoo.folder import ModelFolder
from zoo.placement import CPU, CUDA, Placement
from zoo.settings import Settings

ITEM_TOWER = "item_tower.onnx"
ITEMS_AT_ONCE = 256  # through an item tower
IN_CACHE = 4 * 2**20  # bytes that a batch of row sums may take on a CPU: beyond its cache it was slower by a half
CODE_OFFSET = "code_offset"  # an input that need not be fed: zeros are its default
NO_WAY_IN = (
    "its graph has no way to move the code: it was trained before there was one, or has no such code. Train it again."
)
EXPECTED_INPUTS = {"items", "weights", "candidates", "exclude_seen", "k"}
EXPECTED_OUTPUTS = {"ranked", "scores", "all_scores"}


@cache
def _load_cuda_libraries() -> None:
    """Let ONNX Runtime find CUDA and cuDNN in installed Python packages; without them it would fall back in silence."""
    if CUDA in ort.get_available_providers():
        ort.preload_dlls()


def providers_for(wanted: str) -> list[str | tuple[str, dict[str, str]]]:
    """The providers to ask for, best first.

    Raises
    ------
    ModelError if CUDA was asked for by name and this installation of ONNX Runtime has none
    """
    _load_cuda_libraries()
    if wanted == "cpu":
        return [CPU]
    if CUDA not in ort.get_available_providers():
        if wanted == "cuda":
            raise ModelError(
                "CUDA was asked for, but this ONNX Runtime is built without it. Install the gpu extra in place of cpu, "
                "or set MENAGERIE_PROVIDER=auto; `menagerie doctor` tells more."
            )
        return [CPU]
    return [(CUDA, {"arena_extend_strategy": "kSameAsRequested"}), CPU]


def open_session(path: str, settings: Settings, threads: int | None = None) -> ort.InferenceSession:
    """A session on the device that the settings allow. threads: within one operator, in place of the settings' number.

    Raises
    ------
    ModelError if the file is no graph that ONNX Runtime can run, or CUDA was asked for by name and does not start
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = settings.threads if threads is None else threads
    options.log_severity_level = 3
    # Weights stay memory-mapped: packed copies doubled the memory of an item-item model and made it no faster
    options.add_session_config_entry("session.disable_prepacking", "1")
    # Every model has threads of its own. Spinning for the next batch, those of one held back those of all others, and
    # the pages: a run of Compare that explains its lists took twice as long on two busy cores
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")  # for `Graph.placement`
    try:
        session = ort.InferenceSession(path, options, providers=providers_for(settings.provider))
    except (ort.capi.onnxruntime_pybind11_state.Fail, ort.capi.onnxruntime_pybind11_state.InvalidProtobuf,
            ort.capi.onnxruntime_pybind11_state.InvalidGraph, ort.capi.onnxruntime_pybind11_state.NoSuchFile,
            ort.capi.onnxruntime_pybind11_state.RuntimeException) as error:  # fmt: skip
        raise ModelError(f"{path} cannot be run: {str(error).splitlines()[0]}. Train or export it again.") from None
    if settings.provider == "cuda" and session.get_providers()[0] != CUDA:
        raise ModelError(
            "CUDA was asked for, but it did not start (driver, CUDA or cuDNN missing or of another version). "
            "`menagerie doctor` tells more; MENAGERIE_PROVIDER=auto runs on the CPU meanwhile."
        )
    return session


class Graph:
    """One graph of a model, and what is asked of ONNX Runtime once: its inputs, and where its nodes run."""

    def __init__(self, path: Path, settings: Settings, threads: int | None = None) -> None:
        self.session = open_session(str(path), settings, threads)
        self.inputs = frozenset(entry.name for entry in self.session.get_inputs())
        self.outputs = frozenset(entry.name for entry in self.session.get_outputs())
        self.code_length = next(
            (int(e.shape[1]) for e in self.session.get_overridable_initializers() if e.name == CODE_OFFSET), None
        )
        parts = self.session.get_provider_graph_assignment_info()
        assigned = [(part.ep_name, node.op_type) for part in parts for node in part.get_nodes()]
        self.placement = Placement.of(self.session.get_providers(), assigned)
        self.device = "cuda" if self.placement.provider == CUDA else "cpu"

    def ask(self, outputs: tuple[str, ...], feeds: dict[str, Any]) -> list[np.ndarray]:
        """The outputs in their order. feeds: arrays, or what `held` gave; inputs that this graph lacks are left out."""
        feeds = {name: value for name, value in feeds.items() if name in self.inputs or name == CODE_OFFSET}
        return self.session.run(list(outputs), feeds) if self.device == "cpu" else self.ask_bound(outputs, feeds)

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
    """A loaded model. Thread-safe: ONNX Runtime sessions are, and nothing here changes after construction."""

    def __init__(self, folder: ModelFolder, settings: Settings) -> None:
        self.card: Card = folder.card
        self.checksum = folder.checksum
        self._settings = settings
        # Without a code there is no matrix to multiply with: a list is a sum of rows, soonest made by one thread alone
        self._sums_rows = "embedding" not in self.card.outputs
        self._graphs = {
            role: Graph(folder.path / file, settings, 1 if self._sums_rows and role == "rows" else None)
            for role, file in self.card.graphs.items()
        }
        self._check_contract(folder)
        everything = np.ones(self.card.n_items, dtype=bool)
        self._everything = {role: graph.held(everything) for role, graph in self._graphs.items()}
        self._limits = self._limits_of(settings)
        self.item_tower = open_item_tower(folder.path, settings) if self.card.item_tower else None

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
            return self._graphs[role].ask(outputs, feeds)

        parts = list(self._batches(lengths, graph))
        answers = self._each(ask, parts)
        rows = [rows for rows, _ in parts]
        return {
            name: _in_order(rows, [answer[place] for answer in answers], len(lengths))
            for place, name in enumerate(outputs)
        }

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

    def _limits_of(self, settings: Settings) -> Limits:
        most = settings.batch_bytes
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
            blocks.append(self._session.run(["embedding"], part.feeds())[0])
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
                model = self.get(folder.checksum) or Model(folder, self.settings)
                self._keep(model)
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
        gc.collect()

    def _bytes(self) -> int:
        return sum(model.card.weight_bytes for model in self._models.values())


def versions() -> dict[str, Any]:
    """What this installation of ONNX Runtime is and can do."""
    return {"onnxruntime": ort.__version__, "providers": ort.get_available_providers()}
