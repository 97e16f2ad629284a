"""The ONNX graphs that are written by hand: what all models end with, and the two forms of an item-item model.

In ONNX's textual syntax: one line per operator, as `onnx.parser` reads it. The contract is in docs/contract.md.
"""

from collections import Counter

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, parser

from training.half import put_first

OPSET = 18
IR_VERSION = 10
CODE = "embedding"  # the output that is a person's code

# Mask and rank inside the graph, so that the device does it and only k numbers per user travel back.
# What may not be recommended gets minus infinity added: a filter once per item, the history where it stands. Padding
# (column I) adds 0 to the last column. TopK puts the lower column first among equals.
RANKING = """
rank (float[B, I] all_scores, int64[B, L] items, bool[I] candidates, bool exclude_seen, int64 k)
  => (int64[B, K_] ranked, float[B, K_] scores)
{
  rank_1 = Constant <value_ints = [1]> ()
  rank_B_I = Shape (all_scores)
  rank_I = Gather <axis = 0> (rank_B_I, rank_1)
  rank_last = Sub (rank_I, rank_1)
  rank_zero = Constant <value_float = 0.0> ()
  rank_nothing = Constant <value_float = -inf> ()
  rank_barred = Where (candidates, rank_zero, rank_nothing)
  rank_offered = Add (all_scores, rank_barred)
  rank_of_seen = Where (exclude_seen, rank_nothing, rank_zero)
  rank_real = LessOrEqual (items, rank_last)
  rank_taken = Where (rank_real, rank_of_seen, rank_zero)
  rank_existing = Min (items, rank_last)
  rank_masked = ScatterElements <axis = 1, reduction = "add"> (rank_offered, rank_existing, rank_taken)
  rank_k_wanted = Reshape (k, rank_1)
  rank_k = Min (rank_k_wanted, rank_I)
  scores, rank_columns = TopK <axis = 1, largest = 1, sorted = 1> (rank_masked, rank_k)
  rank_left_over = IsInf <detect_positive = 0> (scores)
  rank_none = Constant <value_ints = [-1]> ()
  ranked = Where (rank_left_over, rank_none, rank_columns)
}
"""

# scores = x S, by gathering the rows of S that the history names: work B L I, whatever the catalogue's size.
_HISTORY = """
rows (int64[B, L] items, float[B, L] weights) => (float[B, I] all_scores)
{
  last = Constant <value_ints = [LAST]> ()
  axis_1 = Constant <value_ints = [1]> ()
  zero = Constant <value_float = 0.0> ()
  existing = Min (items, last)
  real = LessOrEqual (items, last)
  w = Where (real, weights, zero)"""
ITEM_ITEM_ROWS = f"""{_HISTORY}
  w_row = Unsqueeze (w, axis_1)
  S_rows = Gather <axis = 0> (S, existing)
  product = MatMul (w_row, S_rows)
  all_scores = Squeeze (product, axis_1)
}}
"""

# The same of an S that is stored in 16 or 8 bits: only the rows of the history are widened, never all of S.
# STEPS: what a unit of each row is worth, float32 [I], and so counted as part of the history's weights.
ITEM_ITEM_NARROW = f"""{_HISTORY}
  STEPS
  w_row = Unsqueeze (told, axis_1)
  S_narrow = Gather <axis = 0> (S, existing)
  S_rows = Cast <to = 1> (S_narrow)
  product = MatMul (w_row, S_rows)
  all_scores = Squeeze (product, axis_1)
}}
"""
ONE_STEP = "told = Identity (w)"
STEP_PER_ROW = """step = Gather <axis = 0> (steps, existing)
  told = Mul (w, step)"""

# scores = x S with x as a dense row: work B I I, but S is read once per batch and no [B, L, I] arises.
ITEM_ITEM_DENSE = """
dense (int64[B, L] items, float[B, L] weights) => (float[B, I] all_scores)
{
  last = Constant <value_ints = [LAST]> ()
  axis_1 = Constant <value_ints = [1]> ()
  end = Constant <value_ints = [N_ITEMS]> ()
  start = Constant <value_ints = [0]> ()
  width = Constant <value_ints = [WIDTH]> ()
  B_L = Shape (items)
  B = Slice (B_L, start, axis_1)
  B_I1 = Concat <axis = 0> (B, width)
  empty = ConstantOfShape <value = float[1] {0.0}> (B_I1)
  x_wide = ScatterElements <axis = 1, reduction = "add"> (empty, items, weights)
  x = Slice (x_wide, start, end, axis_1)
  all_scores = MatMul (x, S)
}
"""


WIDTHS = {TensorProto.FLOAT: 4, TensorProto.FLOAT16: 2, TensorProto.INT8: 1}  # bytes of one number


def item_item(
    template: str,
    n_items: int,
    location: str,
    offset: int,
    kind: TensorProto.DataType = TensorProto.FLOAT,
    steps: np.ndarray | None = None,
) -> onnx.ModelProto:
    """One of the item-item graphs over S [I, I], numbers of this kind in `location` from byte `offset` on.

    steps : float32 [I], what a unit of each row is worth; for ITEM_ITEM_NARROW, None: 1
    """
    step = ONE_STEP if steps is None else STEP_PER_ROW
    for name, value in {"LAST": n_items - 1, "N_ITEMS": n_items, "WIDTH": n_items + 1, "STEPS": step}.items():
        template = template.replace(name, str(value))
    graph = parser.parse_graph(template)
    S = TensorProto(name="S", data_type=kind, dims=[n_items, n_items], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, "offset": offset, "length": WIDTHS[kind] * n_items**2}.items():
        S.external_data.add(key=key, value=str(value))
    graph.initializer.append(S)
    if steps is not None:
        graph.initializer.append(numpy_helper.from_array(steps.astype(np.float32), "steps"))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def with_ranking(model: onnx.ModelProto, n_items: int) -> onnx.ModelProto:
    """A graph that ends in all_scores [B, I], made to keep the whole contract."""
    graph, ranking = model.graph, parser.parse_graph(RANKING)
    given = {value.name for value in graph.input}
    contract = {value.name: value for value in [*_history_inputs(), *ranking.input]}
    first = ("users", "items") if "users" in given else ("items", "weights")
    inputs = [contract[name] for name in (*first, "candidates", "exclude_seen", "k")]
    outputs = [*ranking.output, *graph.output]
    graph.node.extend(ranking.node)
    for field, values in ((graph.input, inputs), (graph.output, outputs)):
        kept = list(values)
        del field[:]
        field.extend(kept)
    for value in (*graph.input, *graph.output):
        for dimension in value.type.tensor_type.shape.dim:
            if dimension.dim_param == "I":
                dimension.dim_value = n_items
    graph.name = "recommender"
    return model


def with_plain_products(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph, every x W^T of it as x V with V = W^T. Changes what it is given.

    V is read in order for one user, and W is not: of [10,000, 600] in half the time. Where W is also looked up in (tied
    weights), V is made from it when the graph is loaded; else V is what is stored.
    """
    graph = model.graph
    weights = {weight.name: weight for weight in graph.initializer}
    uses = Counter(name for node in graph.node for name in node.input)
    made: dict[str, onnx.NodeProto] = {}
    for node in graph.node:
        transposed = next((flag for flag in node.attribute if flag.name == "transB" and flag.i), None)
        if node.op_type != "Gemm" or transposed is None or (W := weights.get(node.input[1])) is None:
            continue
        if uses[W.name] == 1:
            W.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(numpy_helper.to_array(W).T), W.name))
        else:
            name = f"{W.name}_across"
            made[name] = helper.make_node("Transpose", [W.name], [name], name=f"turn {W.name}", perm=[1, 0])
            node.input[1] = name
        transposed.i = 0
    put_first(graph, made.values())
    return model


def with_code_offset(model: onnx.ModelProto) -> onnx.ModelProto:
    """A graph whose code can be moved before it is decoded: e = embedding + code_offset. Changes what it is given.

    `code_offset` float32 [B or 1, K] is an initializer of zeros that is listed among the inputs too: a default value
    (ONNX, from IR version 4 on), so that whoever does not name it gets what the graph gave before, bit for bit. The
    outputs `embedding` and `embedding_std` stay those of the history.
    """
    graph = model.graph
    (n_factors,) = (output.type.tensor_type.shape.dim[1].dim_value for output in graph.output if output.name == CODE)
    for node in graph.node:
        node.input[:] = ["moved_code" if name == CODE else name for name in node.input]
    made = next(place for place, node in enumerate(graph.node) if CODE in node.output)
    graph.node.insert(made + 1, helper.make_node("Add", [CODE, "code_offset"], ["moved_code"], name="move the code"))
    graph.initializer.append(numpy_helper.from_array(np.zeros((1, n_factors), dtype=np.float32), "code_offset"))
    graph.input.append(helper.make_tensor_value_info("code_offset", TensorProto.FLOAT, ["C", n_factors]))
    return model


def _history_inputs() -> list[onnx.ValueInfoProto]:
    return [
        helper.make_tensor_value_info("users", TensorProto.INT64, ["B"]),
        helper.make_tensor_value_info("items", TensorProto.INT64, ["B", "L"]),
        helper.make_tensor_value_info("weights", TensorProto.FLOAT, ["B", "L"]),
    ]
