"""From a fitted model to a published folder: graph, parity, figures, card.

A scorer that torch can export is exported; an item-item matrix is written as dense weights once, with two hand-written
graphs around it. Weights above 500 MB lie beside the graph (ONNX external data): protobuf ends at 2 GB.
"""

import contextlib
import dataclasses
import datetime
import io
import json
import logging
import platform
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import polars as pl
import scipy
import torch
from onnx import TensorProto, compose, helper

from training.graphs import (
    ITEM_ITEM_DENSE,
    ITEM_ITEM_NARROW,
    ITEM_ITEM_ROWS,
    OPSET,
    item_item,
    with_code_offset,
    with_plain_products,
    with_ranking,
)
from training.half import rounded, with_half_weights
from training.model import DETAILS, Fitted
from training.parity import check_parity, difference
from training.scorers import Graph, ItemItem, RoundedItemItem
from zoo.card import About, Card, Interval, Parity, Spread
from zoo.content import Content
from zoo.dataset import Dataset
from zoo.errors import ModelError
from zoo.evaluate import cannot_measure, evaluate, lists_of, measure
from zoo.folder import ModelFolder
from zoo.lists import write_lists
from zoo.manifest import publication
from zoo.parity import TOLERANCE
from zoo.runtime import ITEM_TOWER, Model, open_item_tower
from zoo.settings import Settings
from zoo.similar import Answers, is_read_ahead, similar

EXTERNAL_ABOVE = 500 * 10**6  # bytes of weights
CHECKED_ITEMS = 64  # of the item tower's graph
_ALIGN = 4096  # a memory-mapped tensor starts on a page


@dataclasses.dataclass(frozen=True)
class Fit:
    """What a fit was asked and what it cost, for the card."""

    settings: dict[str, bool | int | float | str]
    seed: int
    device: str
    seconds: float
    peak_bytes: int | None
    meanings: dict[str, str] = dataclasses.field(default_factory=dict)  # of the settings, a sentence each


Figures = dict[str, float]  # metric -> mean over the test users


def publish(
    about: About,
    fitted: Fitted,
    dataset: Dataset,
    fit: Fit,
    *,
    half: bool = False,
    other_runs: Sequence[Figures] = (),
) -> Path:
    """Export, check against the trained model, measure on the test fold, and put into service. Returns the folder.

    half : round the weights to float16 and keep them so (training/half.py)
    other_runs : what `figures_of` says of the same model trained with other seeds

    Raises
    ------
    ModelError (training/parity.py) if the graph does not give the trained model's scores; then nothing is published
    """
    scorer = fitted.scorer.eval()
    if half:
        trained, scorer = scorer, rounded(scorer)
        moved = difference(scorer, trained, about, dataset.info)
        details = fitted.details | {"weights": "float16", "moved_by_rounding": moved.relative_difference}
        fitted = dataclasses.replace(fitted, scorer=scorer, details=details)
    with publication(dataset.path / about.name) as folder:
        graphs = export_graphs(scorer, about, dataset.info.n_items, folder, half=half)
        if fitted.item_tower is not None:
            export_item_tower(fitted, folder, half=half)
        card = _card(about, fitted, dataset, fit, graphs, folder)
        model = _open(folder, card)
        parity = check_parity(model, scorer, dataset.info.n_users, folder)
        reason = cannot_measure(about, dataset.info.split) or (
            None if len(dataset.test) else "The split has no test users."
        )
        metrics = None
        if reason is None:
            ranked = lists_of(model, dataset.test)
            write_lists(folder, dataset.test, ranked)
            measured = measure(ranked, dataset.test, dataset.item_facts)
            measured.per_user.write_parquet(folder / "per_user.parquet")
            metrics = measured.figures
        if is_read_ahead(about, dataset.info.n_items):
            similar(Answers(model)).write(folder)
        if fitted.curve:
            pl.DataFrame(fitted.curve).write_parquet(folder / "curve.parquet")
        found = {"parity": parity, "metrics": metrics, "reason": reason, "runs": _spread(metrics, other_runs)}
        card.model_copy(update=found).save(folder / "card.json")
    return dataset.path / about.name / dataset.current(about.name)


def figures_of(about: About, fitted: Fitted, dataset: Dataset, fit: Fit, *, half: bool = False) -> Figures | None:
    """The means over the test users, measured on the exported graph; None where they cannot be measured."""
    if cannot_measure(about, dataset.info.split) or not len(dataset.test):
        return None
    scorer = rounded(fitted.scorer.eval()) if half else fitted.scorer.eval()
    fitted = dataclasses.replace(fitted, item_tower=None)  # no figure speaks of it
    with tempfile.TemporaryDirectory(prefix=f".{about.name}-", dir=dataset.path) as name:
        folder = Path(name)
        graphs = export_graphs(scorer, about, dataset.info.n_items, folder, half=half)
        model = _open(folder, _card(about, fitted, dataset, fit, graphs, folder))
        figures = evaluate(model, dataset.test, dataset.item_facts).figures
    return {metric: interval.mean for metric, interval in figures.items()}


def _spread(metrics: dict[str, Interval] | None, others: Sequence[Figures]) -> dict[str, Spread] | None:
    """Over this run and the others; None where there are none."""
    if not metrics or not others:
        return None
    runs = [{metric: interval.mean for metric, interval in metrics.items()}, *others]
    shared = [metric for metric in metrics if all(metric in run for run in runs)]
    values = {metric: np.array([run[metric] for run in runs]) for metric in shared}
    return {name: Spread(mean=float(v.mean()), sd=float(v.std(ddof=1)), n=len(v)) for name, v in values.items()}


def export_graphs(
    scorer: torch.nn.Module, about: About, n_items: int, folder: Path, *, half: bool = False
) -> dict[str, str]:
    """Write the graph or graphs into the folder; returns role -> file name."""
    if isinstance(scorer, Graph):
        return save(scorer.graph, folder)
    if isinstance(scorer, ItemItem | RoundedItemItem):
        return _export_item_item(scorer, n_items, folder, half)
    graph = with_ranking(with_plain_products(_torch_graph(scorer, about)), n_items)
    if any(output.name == "embedding_std" for output in graph.graph.output):  # a code that one draws from
        graph = with_code_offset(graph)
    if half:
        graph = with_half_weights(graph)
    return save(graph, folder)


def save(graph: onnx.ModelProto, folder: Path) -> dict[str, str]:
    """Write a graph, its weights beside it where they are many; returns role -> file name."""
    external = graph.ByteSize() > EXTERNAL_ABOVE
    onnx.save(
        graph, folder / "model.onnx", save_as_external_data=external, location="weights.bin" if external else None
    )
    return {"rows": "model.onnx"}


def _export_item_item(scorer: ItemItem | RoundedItemItem, n_items: int, folder: Path, half: bool) -> dict[str, str]:
    """S once, memory-mapped by every graph around it: two in float32; one in fewer bits, for `dense` needs all of S."""
    S, steps = scorer.S.half() if half else scorer.S, None
    kinds = {torch.float32: TensorProto.FLOAT, torch.float16: TensorProto.FLOAT16, torch.int8: TensorProto.INT8}
    files = {"rows": ("model.onnx", ITEM_ITEM_ROWS), "dense": ("dense.onnx", ITEM_ITEM_DENSE)}
    if S.dtype != torch.float32:
        files = {"rows": ("model.onnx", ITEM_ITEM_NARROW)}
        steps = scorer.steps.numpy() if isinstance(scorer, RoundedItemItem) else None
    offset = write_safetensors(folder / "weights.safetensors", S)
    for file, template in files.values():
        graph = item_item(template, n_items, "weights.safetensors", offset, kinds[S.dtype], steps)
        onnx.save(with_ranking(graph, n_items), folder / file)
    return {role: file for role, (file, _) in files.items()}


def export_item_tower(fitted: Fitted, folder: Path, *, half: bool = False) -> None:
    """Write item_tower.onnx, and check it on the items of the catalogue that have the most to say.

    Raises
    ------
    ModelError if its embeddings are off by more than `TOLERANCE` of their range; then nothing is published
    """
    tower = rounded(fitted.item_tower.eval()) if half else fitted.item_tower.eval()
    rows = np.sort(np.argsort(-fitted.content.present.sum(axis=1), kind="stable")[:CHECKED_ITEMS])
    some = fitted.content.part(rows)
    inputs = tuple(torch.from_numpy(values) for values in some.feeds().values())
    shapes = ({0: "N", 1: "T"}, {0: "N"}, {0: "N"}, {0: "N"})
    graph = _exported(tower, inputs, list(some.feeds()), ["embedding"], shapes)
    graph = _keeping_inputs(graph, some)
    onnx.save(with_half_weights(graph) if half else graph, folder / ITEM_TOWER)
    with torch.no_grad():
        expected = tower(*inputs).numpy()
    off = np.abs(open_item_tower(folder, Settings(provider="cpu")).embed(some) - expected).max(initial=0.0)
    if off > TOLERANCE * max(1e-12, np.ptp(expected)):
        raise ModelError(f"The graph of the item tower is off by {off:.1e}; nothing was published. This is a defect.")


def _keeping_inputs(model: onnx.ModelProto, content: Content) -> onnx.ModelProto:
    """Every input of the contract, also those that this tower does not read."""
    there = {value.name for value in model.graph.input}
    types = {"text_ids": TensorProto.INT64, "picture": TensorProto.UINT8, "features": TensorProto.FLOAT}
    for name, values in content.feeds().items():
        if name not in there:
            shape = ["N", "T"] if name == "text_ids" else ["N", *values.shape[1:]]
            kind = types.get(name, TensorProto.BOOL)
            model.graph.input.append(helper.make_tensor_value_info(name, kind, shape))
    return model


def write_safetensors(path: Path, S: torch.Tensor) -> int:
    """Write one matrix as safetensors, without a second copy of it; returns where its bytes begin.

    Format: 8 bytes little-endian header length, a JSON header (padded with spaces, here to a page), then the data.
    """
    dtype = {torch.float32: "F32", torch.float16: "F16", torch.int8: "I8"}[S.dtype]
    header = json.dumps({"S": {"dtype": dtype, "shape": list(S.shape), "data_offsets": [0, S.nbytes]}}).encode()
    header = header.ljust(_ALIGN - 8)
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        S.contiguous().numpy().tofile(file)
    return _ALIGN


def _torch_graph(scorer: torch.nn.Module, about: About) -> onnx.ModelProto:
    """The graph up to all_scores (and embedding, and embedding_std), as torch exports it, with B and L free."""
    names = ["users"] if about.input == "users" else ["items", "weights"]
    example = (torch.zeros(3, dtype=torch.int64),)
    if about.input == "items":
        example = (torch.zeros(3, 7, dtype=torch.int64), torch.ones(3, 7))
    with torch.no_grad():
        outputs = ["all_scores", "embedding", "embedding_std"][: len(scorer(*example))]
    free = dict(enumerate(("B", "L")))
    shapes = tuple({axis: free[axis] for axis in range(tensor.ndim)} for tensor in example)
    return _exported(scorer, example, names, outputs, shapes)


def _exported(
    module: torch.nn.Module,
    example: tuple[torch.Tensor, ...],
    names: list[str],
    outputs: list[str],
    shapes: tuple[dict[int, str], ...],
) -> onnx.ModelProto:
    with _quiet():
        program = torch.onnx.export(
            module,
            example,
            dynamo=True,
            input_names=names,
            output_names=outputs,
            dynamic_shapes=shapes,
            opset_version=OPSET,
            verbose=False,
        )
    model = program.model_proto
    # Weights are named as in torch ("scores", "k"): they must not meet the names of the contract
    compose.add_prefix_graph(model.graph, "model.", inplace=True, rename_inputs=False, rename_outputs=False)
    return model


@contextlib.contextmanager
def _quiet():
    """torch's exporter tells of absent optional packages and its own deprecations: nothing that the reader can mend."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
    logger.setLevel(level)


def _card(about: About, fitted: Fitted, dataset: Dataset, fit: Fit, graphs: dict[str, str], folder: Path) -> Card:
    tensors = list(fitted.scorer.state_dict().values())
    graph = onnx.load(folder / graphs["rows"], load_external_data=False).graph
    return Card(
        about=about,
        dataset=dataset.name,
        dataset_fingerprint=dataset.info.fingerprint,
        split=dataset.info.split,
        n_users=dataset.info.n_training_users,
        n_items=dataset.info.n_items,
        n_interactions=dataset.info.n_training_interactions,
        settings=fit.settings,
        seed=fit.seed,
        device=fit.device,
        fit_seconds=round(fit.seconds, 6),
        peak_bytes=fit.peak_bytes,
        parameters=getattr(fitted.scorer, "n_parameters", None)
        or sum(tensor.numel() for tensor in tensors if tensor.is_floating_point()),
        weight_bytes=sum(path.stat().st_size for path in folder.iterdir()),
        graphs=graphs,
        gather_width=_gather_width(fitted, dataset.info.n_items),
        outputs=[output.name for output in graph.output],
        parity=Parity(largest_difference=0, relative_difference=0, top_20_agreement=0, checked="not yet"),
        metrics=None,
        item_tower=fitted.recipe if fitted.item_tower is not None else None,
        details=fitted.details,
        meanings=fit.meanings | {name: DETAILS[name] for name in fitted.details if name in DETAILS},
        versions={
            "python": platform.python_version(),
            "torch": torch.__version__,
            "onnx": onnx.__version__,
            "onnxruntime": onnxruntime.__version__,
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "polars": pl.__version__,
        },
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )


def _gather_width(fitted: Fitted, n_items: int) -> int:
    """Floats that one history item brings in: what the scorer says, else the row length of the table looked up in."""
    if (width := getattr(fitted.scorer, "gather_width", None)) is not None:
        return int(width)
    if isinstance(fitted.scorer, ItemItem) and fitted.details.get("weights") == "float16":
        return n_items * 3 // 2  # a row as it is stored, and widened
    tables = [
        tensor.shape[1]
        for tensor in fitted.scorer.state_dict().values()
        if tensor.ndim == 2 and tensor.shape[0] == n_items
    ]
    return max(tables, default=1)


def _open(folder: Path, card: Card) -> Model:
    """The graph as the app will run it, on the CPU: what is checked here is the export, not the device."""
    return Model(ModelFolder(folder, card, checksum="unpublished"), Settings(provider="cpu"))
