"""Weights in 8 bits: whole numbers from -127 to 127, and a step for each row or column. `menagerie variant --keep int8`

    W_ij ~ q_ij step_i   or   q_ij step_j        step = max |W| / 127 of that row or column, whichever loses less

Symmetric, so that 0 stays 0. Matrices are stored so; vectors (biases), which weigh little, stay as they are. An
item-item matrix is widened a history's rows at a time (training/graphs.py), so that memory is saved as well as disk;
the matrices of other models are widened once, when the graph is loaded.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from training.half import put_first

LARGEST = 127


def quantised(W: np.ndarray, axis: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """q int8 [R, C] and step float32 [R, 1] or [1, C], so that W is about q * step.

    axis : along which one step holds: 1, a step per row; 0, a step per column; None: whichever loses less
    """
    if axis is None:
        tried = [quantised(W, along) for along in (1, 0)]
        return min(tried, key=lambda one: float(np.square(one[0] * one[1] - W, dtype=np.float64).sum()))
    step = np.abs(W).max(axis=axis, keepdims=True).astype(np.float32) / LARGEST
    step[step == 0] = 1.0  # nothing but zeros
    return np.rint(W / step).astype(np.int8), step


def with_int8_weights(model: onnx.ModelProto) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """The same graph with its matrices in 8 bits; and one that holds what these stand for in float32."""
    narrow, wide = onnx.ModelProto(), onnx.ModelProto()
    narrow.CopyFrom(model)
    wide.CopyFrom(model)
    made = []
    for stored, meant in zip(list(narrow.graph.initializer), wide.graph.initializer, strict=True):
        if not is_matrix(stored):
            continue
        name = stored.name
        q, step = quantised(numpy_helper.to_array(stored))
        meant.CopyFrom(numpy_helper.from_array(q * step, name))
        stored.CopyFrom(numpy_helper.from_array(q, f"{name}_int8"))
        narrow.graph.initializer.append(numpy_helper.from_array(step, f"{name}_step"))
        made += [
            helper.make_node("Cast", [f"{name}_int8"], [f"{name}_whole"], name=f"widen {name}", to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}_whole", f"{name}_step"], [name], name=f"scale {name}"),
        ]
    put_first(narrow.graph, made)
    return narrow, wide


def is_matrix(weight: onnx.TensorProto) -> bool:
    return weight.data_type == TensorProto.FLOAT and len(weight.dims) == 2 and min(weight.dims) > 1
