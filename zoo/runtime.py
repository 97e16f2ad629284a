"""Histories in, ranked items out, through ONNX Runtime. The only file that calls onnxruntime.

A batch is split so that no intermediate of the graph grows beyond `Settings.batch_bytes`, longest histories apart from
short ones. Weights stay loaded up to `Settings.session_bytes`; the least recently used model goes first.
"""

import gc
import threading
from collections import OrderedDict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from scipy.sparse import csr_array

from zoo.card import Card
from zoo.content import Content
from zoo.errors import ModelError
from zoo.folder import ModelFolder
from zoo.settings import Settings

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
ITEM_TOWER = "item_tower.onnx"
ITEMS_AT_ONCE = 256  # through an item tower
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


def open_session(path: str, settings: Settings) -> ort.InferenceSession:
    """A session on the device that the settings allow.

    Raises
    ------
    ModelError if the file is no graph that ONNX Runtime can run, or CUDA was asked for by name and does not start
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = settings.threads
    options.log_severity_level = 3
    # Weights stay memory-mapped: packed copies doubled the memory of an item-item model and made it no faster
    options.add_session_config_entry("session.disable_prepacking", "1")
    # Every model has threads of its own. Spinning for the next batch, those of one held back those of all others, and
    # the pages: a run of Compare that explains its lists took twice as long on two busy cores
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
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


class Model:
    """A loaded model. Thread-safe: ONNX Runtime sessions are, and nothing here changes after construction."""

    def __init__(self, folder: ModelFolder, settings: Settings) -> None:
        self.card: Card = folder.card
        self.checksum = folder.checksum
        self._settings = settings
        self._sessions = {
            role: open_session(str(folder.path / file), settings) for role, file in self.card.graphs.items()
        }
        self._check_contract(folder)
        self.item_tower = open_item_tower(folder.path, settings) if self.card.item_tower else None

    @property
    def provider(self) -> str:
        """The provider that really runs, as ONNX Runtime reports it after loading."""
        return self._sessions["rows"].get_providers()[0]

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
        parts: list[tuple[np.ndarray, dict[str, np.ndarray]]] = []
        fixed = {
            "candidates": np.ones(self.card.n_items, dtype=bool) if candidates is None else candidates,
            "exclude_seen": np.array(exclude_seen),
            "k": np.array(k, dtype=np.int64),
        }
        for rows, role in self._batches(lengths, graph):
            feeds = fixed | self._feeds(histories[rows], None if masked is None else masked[rows])
            if users is not None:
                feeds["users"] = users[rows].astype(np.int64)
            session = self._sessions[role]
            moved = (
                {} if code_offset is None else {CODE_OFFSET: code_offset[rows if len(code_offset) > 1 else slice(1)]}
            )
            known = {entry.name for entry in session.get_inputs()}
            answer = session.run(list(outputs), {name: feeds[name] for name in known} | moved)
            parts.append((rows, dict(zip(outputs, answer, strict=True))))
        return {name: _in_order([(rows, answer[name]) for rows, answer in parts], len(lengths)) for name in outputs}

    @property
    def moves_code(self) -> bool:
        """Whether the graph lets its code be moved before it is decoded: a variational one, since that was built."""
        return self._code_length is not None

    @property
    def _code_length(self) -> int | None:
        optional = self._sessions["rows"].get_overridable_initializers()
        return next((int(entry.shape[1]) for entry in optional if entry.name == CODE_OFFSET), None)

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

    def _feeds(self, histories: csr_array, masked: csr_array | None) -> dict[str, np.ndarray]:
        """The csr rows as two padded rectangles. A masked item is one of weight 0: it is kept out and adds nothing."""
        blocks = [(histories, histories.data)] + ([] if masked is None else [(masked, np.zeros_like(masked.data))])
        lengths = [np.diff(X.indptr) for X, _ in blocks]
        width = int(sum(lengths).max(initial=0))
        items = np.full((histories.shape[0], width), self.card.n_items, dtype=np.int64)
        weights = np.zeros((histories.shape[0], width), dtype=np.float32)
        start = np.zeros(histories.shape[0], dtype=np.int64)
        for (X, values), length in zip(blocks, lengths, strict=True):
            rows = np.repeat(np.arange(X.shape[0]), length)
            columns = np.arange(len(values)) - np.repeat(X.indptr[:-1] - start, length)
            items[rows, columns], weights[rows, columns] = X.indices, values
            start += length
        return {"items": items, "weights": weights}

    def _batches(self, lengths: np.ndarray, graph: str | None) -> Iterator[tuple[np.ndarray, str]]:
        """Rows of equal-ish length together: padding costs as much as history."""
        order = np.argsort(lengths, kind="stable")
        start = 0
        while start < len(order):
            stop = start + 1
            while stop < len(order) and self._fits(stop + 1 - start, int(lengths[order[stop]]), graph):
                stop += 1
            yield order[start:stop], graph or self._choose(stop - start, int(lengths[order[stop - 1]]))
            start = stop

    def _fits(self, n_users: int, length: int, graph: str | None) -> bool:
        """Whether the largest intermediates stay under the limit: [B, L, width] of the gather, and a few [B, I]."""
        dense = (graph or self._choose(n_users, length)) == "dense"
        gathered = 0 if dense else length * self.card.gather_width
        return 4 * n_users * (gathered + 4 * self.card.n_items) <= self._settings.batch_bytes

    def _choose(self, n_users: int, length: int) -> str:
        """`rows` reads L rows of the item-item matrix per user; `dense` all of it once per batch, and multiplies more.

        Where they cost the same was measured on two cores at I = 10,000 (benchmarks/item_item_graphs.py): one user's
        products cost as much as reading 1/43 of the rows, and reading the whole matrix in order as much as 1/6.
        """
        if "dense" not in self._sessions:
            return "rows"
        return "dense" if n_users * length > self.card.n_items * max(1 / 6, n_users / 43) else "rows"

    def _check_contract(self, folder: ModelFolder) -> None:
        inputs = EXPECTED_INPUTS if self.card.about.input == "items" else EXPECTED_INPUTS - {"weights"} | {"users"}
        for session in self._sessions.values():
            has = {entry.name for entry in session.get_inputs()}
            gives = {entry.name for entry in session.get_outputs()}
            if has != inputs or not gives >= EXPECTED_OUTPUTS or gives != set(self.card.outputs):
                raise ModelError(
                    f"{folder.path} does not keep the graph contract: inputs {sorted(has)}, outputs {sorted(gives)}; "
                    f"expected {sorted(inputs)} and at least {sorted(EXPECTED_OUTPUTS)}. Export it again."
                )


def _in_order(parts: list[tuple[np.ndarray, np.ndarray]], n: int) -> np.ndarray:
    whole = np.empty((n, *parts[0][1].shape[1:]), dtype=parts[0][1].dtype) if parts else np.empty((0, 0))
    for rows, values in parts:
        whole[rows] = values
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
