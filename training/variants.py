"""A published model made smaller: another model of the zoo, with figures of its own beside the original's.

    menagerie variant --zoo zoo-data --model ease --keep pruned:200

    pruned:N   an item-item matrix, of each row the N entries of largest |S_ij|: what an item says of few others
    float16    every matrix in 16 bits
    int8       every matrix in 8 bits, a step for each row or column (training/int8.py)

The published weights are read and nothing is trained. The variant goes the way of a trained model: it is checked
against the weights that it stands for, measured on the test users, and gets a card. Whether it is as good as the
original is then a comparison like any other: by the same users, on the Leaderboard or by `menagerie compare`.
A two-tower model's item tower is left out: a variant places no new items.
"""

import argparse
import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import polars as pl
import torch
from onnx import numpy_helper

from training.export import Fit, publish
from training.graphs import with_plain_products
from training.half import LARGEST, SUFFIX, with_half_weights
from training.int8 import is_matrix, quantised, with_int8_weights
from training.model import Fitted
from training.parity import difference
from training.scorers import Graph, ItemItem, Neighbours, RoundedItemItem
from zoo.arguments import PRUNED_TO, add_variant_arguments
from zoo.card import About
from zoo.dataset import Dataset
from zoo.errors import ModelError, ZooError
from zoo.folder import ModelFolder
from zoo.registry import Zoo

WEIGHTS = "weights.safetensors"
TYPES = {"F32": np.float32, "F16": np.float16}
LARGEST_GRAPH = 2 * 10**9  # bytes: what one protobuf can hold
ROWS_AT_ONCE = 1024
KEEP = "Which of the original's weights are kept, and in how many bits."


@dataclasses.dataclass(frozen=True)
class Kind:
    """Which variant of a model."""

    form: str  # "pruned", "float16" or "int8"
    n: int = 0  # entries per row, of "pruned"

    @classmethod
    def parse(cls, text: str) -> "Kind":
        """
        >>> Kind.parse("pruned:50")
        Kind(form='pruned', n=50)

        Raises
        ------
        ModelError if it is none
        """
        form, colon, number = text.partition(":")
        if form in ("float16", "int8") and not colon:
            return cls(form)
        if form == "pruned" and (not colon or (number.isascii() and number.isdecimal() and int(number) > 0)):
            return cls(form, int(number) if colon else PRUNED_TO)
        raise ModelError(f"--keep {text}: say pruned:N (N weights per item, 1 or more), float16 or int8.")

    def about(self, original: About) -> About:
        """The original's card, under a name, title and sentence of its own."""
        name = self.form if self.n in (0, PRUNED_TO) else f"{self.form}_{self.n}"
        title, sentence = {
            "pruned": (f"pruned to {self.n} per item", f"Of what each item says only the {self.n} strongest are kept."),
            "float16": ("16-bit", "Its weights are kept in 16 bits."),
            "int8": ("8-bit", "Its weights are kept in 8 bits."),
        }[self.form]
        told = {"name": f"{original.name}_{name}", "title": f"{original.title}, {title}", "item_item": False}
        return original.model_copy(update=told | {"summary": f"{original.summary} {sentence}"})


def variant(dataset: Dataset, name: str, kind: Kind) -> Path:
    """Makes and publishes the variant of a model of this data set; returns its folder.

    Raises
    ------
    ModelError if the model has no such variant
    """
    with dataset.model(name) as folder:
        card = folder.card
        if "made_from" in card.details:
            raise ModelError(
                f"{name} was itself made from {card.details['made_from']}. Make the variant from that one."
            )
        scorer, facts = made(folder, kind, dataset)
        curve = folder.path / "curve.parquet"
        fitted = Fitted(scorer, pl.read_parquet(curve).to_dicts() if curve.is_file() else [], {})
        details = card.details | facts | {"made_from": name, "made_from_checksum": folder.checksum[:12]}
        fitted.details = {key: value for key, value in details.items() if not isinstance(value, list | None)}
    settings = card.settings | {"keep": f"{kind.form}:{kind.n}" if kind.n else kind.form}
    meanings = card.meanings | {"keep": KEEP}
    fit = Fit(settings, card.seed, card.device, card.fit_seconds, card.peak_bytes, meanings)
    return publish(kind.about(card.about), fitted, dataset, fit, half=isinstance(scorer, ItemItem))


def made(folder: ModelFolder, kind: Kind, dataset: Dataset) -> tuple[torch.nn.Module, dict[str, float | str]]:
    """The variant's scorer, and what its card has to say of it."""
    S = item_item_weights(folder.path)
    if S is None:
        return of_graph(folder, kind, dataset)
    original = ItemItem(torch.from_numpy(S))
    if kind.form == "float16":
        return original, {}  # `publish` rounds it, and says how far
    if kind.form == "pruned":
        scorer, kept = pruned(original.S, kind.n)
        return scorer, {"weight_kept": kept}
    scorer = to_int8(original.S)
    moved = difference(scorer, original, folder.card.about, dataset.info).relative_difference
    return scorer, {"weights": "int8", "moved_by_rounding": moved}


def item_item_weights(folder: Path) -> np.ndarray | None:
    """S float32 [I, I] of a published item-item model, memory-mapped where it lies so; None of another model."""
    path = folder / WEIGHTS
    if not path.is_file():
        return None
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
    if header.keys() - {"__metadata__"} != {"S"} or header["S"]["dtype"] not in TYPES:
        return None
    start = 8 + size + header["S"]["data_offsets"][0]
    kind, shape = TYPES[header["S"]["dtype"]], tuple(header["S"]["shape"])
    return np.memmap(path, kind, mode="c", offset=start, shape=shape).astype(np.float32, copy=False)


def pruned(S: torch.Tensor, n: int) -> tuple[Neighbours, float]:
    """Of each row the n entries of largest |S_ij|; and their share of the sum of all |S_ij|, 0 to 1."""
    n = min(n, len(S))
    columns, values = torch.empty(len(S), n, dtype=torch.int64), torch.empty(len(S), n)
    whole = kept = 0.0
    for start in range(0, len(S), ROWS_AT_ONCE):
        rows = S[start : start + ROWS_AT_ONCE]
        found = rows.abs().topk(n, dim=1)
        columns[start : start + ROWS_AT_ONCE], values[start : start + ROWS_AT_ONCE] = (
            found.indices,
            rows.gather(1, found.indices),
        )
        whole, kept = whole + float(rows.abs().sum()), kept + float(found.values.sum())
    return Neighbours(columns, values), kept / whole if whole else 1.0


def to_int8(S: torch.Tensor) -> RoundedItemItem:
    """S in whole numbers, a step per row; some rows at a time."""
    q, steps = torch.empty(len(S), len(S), dtype=torch.int8), torch.empty(len(S))
    for start in range(0, len(S), ROWS_AT_ONCE):
        whole, step = quantised(S[start : start + ROWS_AT_ONCE].numpy(), axis=1)
        q[start : start + ROWS_AT_ONCE] = torch.from_numpy(whole)
        steps[start : start + ROWS_AT_ONCE] = torch.from_numpy(step[:, 0])
    return RoundedItemItem(q, steps)


def of_graph(folder: ModelFolder, kind: Kind, dataset: Dataset) -> tuple[Graph, dict[str, float | str]]:
    """The variant of a model that is there as a graph with weights inside."""
    card = folder.card
    if kind.form == "pruned":
        raise ModelError(
            f"{card.about.title} has no item-item matrix to prune. Take float16, int8, or a model like ease."
        )
    graph = in_float32(onnx.load(folder.path / card.graphs["rows"]))
    if not any(is_matrix(weight) for weight in graph.graph.initializer):
        raise ModelError(f"{card.about.title} has no matrix of weights: there is nothing to make smaller.")
    if graph.ByteSize() > LARGEST_GRAPH:
        raise ModelError(
            f"{card.about.title} has more than 2 GB of weights in its graph. Train it again with --float16."
        )
    narrow, meant = (with_int8_weights if kind.form == "int8" else with_float16_weights)(graph)
    scorer, original = (
        Graph(one, told, card.parameters, card.gather_width) for one, told in ((narrow, meant), (graph, graph))
    )
    moved = difference(scorer, original, card.about, dataset.info).relative_difference
    return scorer, {"weights": kind.form, "moved_by_rounding": moved}


def in_float32(graph: onnx.ModelProto) -> onnx.ModelProto:
    """A published graph as if it had never been narrowed: matrices in float32, none of them turned while it runs."""
    weights = {weight.name: weight for weight in graph.graph.initializer}
    casts = [node for node in graph.graph.node if node.op_type == "Cast" and node.input[0].endswith(SUFFIX)]
    for cast in casts:
        weight = weights[cast.input[0]]
        weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float32), cast.output[0]))
        graph.graph.node.remove(cast)
    return with_plain_products(graph)


def with_float16_weights(graph: onnx.ModelProto) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """The same graph with its matrices in 16 bits; and one that holds in float32 what these stand for."""
    narrow, meant = onnx.ModelProto(), onnx.ModelProto()
    narrow.CopyFrom(graph)
    meant.CopyFrom(graph)
    for weight in meant.graph.initializer:
        if is_matrix(weight):
            W = numpy_helper.to_array(weight)
            if np.abs(W).max() > LARGEST:
                raise ModelError(f"{weight.name} has weights beyond 65,504, which float16 cannot hold. Take int8.")
            weight.CopyFrom(numpy_helper.from_array(W.astype(np.float16).astype(np.float32), weight.name))
    return with_half_weights(narrow), meant


def main() -> None:
    """The command line of `python -m training.variants`. Ends the process."""
    parser = argparse.ArgumentParser(
        prog="python -m training.variants", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_variant_arguments(parser)
    options = parser.parse_args()
    try:
        kinds = [Kind.parse(text) for text in options.keep]
        dataset = Zoo(options.zoo).dataset(options.dataset)
        for kind in kinds:
            print(variant(dataset, options.model, kind))
    except ZooError as error:
        sys.exit(f"error: {error}")
    except OSError as error:  # of a place that somebody named, or of a full disk
        sys.exit(f"error: {error}. Name another place, or make room there.")


if __name__ == "__main__":
    main()
