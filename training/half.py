"""Weights in 16 bits: half the size on disk, for a zoo that is committed. `menagerie train --float16`

The trained weights are rounded *before* the export. So the parity check, the figures and the app speak of one and the
same model, and parity is as exact as ever. Matrices are rounded; vectors (biases), which weigh little, are not.
An item-item matrix is widened a history's rows at a time, so that memory is halved as well. The others are widened when
the graph is loaded: of them disk is saved, not memory or time.
"""

import copy
from collections.abc import Iterable

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from zoo.errors import ModelError

LARGEST = 65504.0  # of a float16
SUFFIX = "_half"  # of a matrix as it is stored


def rounded(scorer: torch.nn.Module) -> torch.nn.Module:
    """A copy of a trained model, every matrix of it rounded to float16 (and still float32).

    Raises
    ------
    ModelError for weights that float16 cannot hold
    """
    scorer = copy.deepcopy(scorer)
    with torch.no_grad():
        for name, tensor in scorer.state_dict().items():
            if not tensor.is_floating_point() or tensor.ndim < 2:
                continue
            if not bool((tensor.abs() <= LARGEST).all()):
                raise ModelError(f"{name} has weights beyond 65,504, which float16 cannot hold. Leave --float16 out.")
            tensor.copy_(tensor.half())
    return scorer


def with_half_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph, its matrices stored as float16 and widened before their first use. Changes what it is given."""
    matrices = [
        weight
        for weight in model.graph.initializer
        if weight.data_type == TensorProto.FLOAT and len(weight.dims) > 1 and min(weight.dims) > 1
    ]
    for weight in matrices:
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), name + SUFFIX))
        cast_first(model.graph, name)
    return model


def cast_first(graph: onnx.GraphProto, name: str) -> None:
    """Before all else, make `name` float32 from what is stored as `name` + "_half"."""
    cast = helper.make_node("Cast", [name + SUFFIX], [name], name=f"widen {name}", to=TensorProto.FLOAT)
    put_first(graph, [cast])


def put_first(graph: onnx.GraphProto, nodes: Iterable[onnx.NodeProto]) -> None:
    """Before all other nodes."""
    nodes = [*nodes, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
