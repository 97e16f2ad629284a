"""What an uploaded graph must keep to before it is run at all: one file, opset 18 or later, known operators, no loops.

Operators are allowed by name, of the standard domain alone: an operator that is not on the list has not been thought
about. The list is all of arithmetic, selection, sorting, attention and recurrence over numbers. Left out are, and why:

    Loop, Scan, SequenceMap              repeat a body as often as the data say: a few bytes may ask for days
    Random*, Multinomial, Bernoulli      the same taste would get another list each time
    Dropout                              training; without training it is the identity, and exporters leave it out
    sequences, optionals, text, pictures a list of items needs none; each is one more parser of strangers' bytes
    functions of the file's own          may call each other and double each time; inlined they are plain operators
    other domains (com.microsoft, ...)   differ from version to version of ONNX Runtime; our own exports use none

`If` is allowed: each branch runs at most once, and what stands in it is looked at as well.
"""

from collections.abc import Callable
from dataclasses import dataclass

from zoo.own_graph import Anatomy

OLDEST_OPSET = 18
MOST_NODES = 20_000
SHOWN = 4  # names in a sentence


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


ALLOWED = _names(
    # arithmetic, item by item
    "Abs Acos Acosh Add Asin Asinh Atan Atanh Ceil Clip Cos Cosh Div Erf Exp Floor Log Max Mean Min Mod Mul Neg Pow "
    "Reciprocal Round Sign Sin Sinh Sqrt Sub Sum Tan Tanh BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor "
    # truth and comparison
    "And Equal Greater GreaterOrEqual IsInf IsNaN Less LessOrEqual Not Or Where Xor "
    # activations
    "Celu Elu Gelu HardSigmoid HardSwish Hardmax LeakyRelu LogSoftmax Mish PRelu Relu Selu Shrink Sigmoid Softmax "
    "Softplus Softsign SwiGLU Swish ThresholdedRelu Tanh "
    # sums of products, and what is around them in a network
    "Attention AveragePool BatchNormalization CausalConvWithState Conv ConvInteger ConvTranspose Det Einsum Gemm "
    "GlobalAveragePool GlobalLpPool GlobalMaxPool GroupNormalization InstanceNormalization LRN LayerNormalization "
    "LinearAttention LpNormalization LpPool MatMul MatMulInteger MaxPool MeanVarianceNormalization RMSNormalization "
    "RotaryEmbedding GRU LSTM RNN "
    # over an axis
    "ArgMax ArgMin CumProd CumSum ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin "
    "ReduceProd ReduceSum ReduceSumSquare TopK Unique "
    # shapes and places
    "Cast CastLike BitCast Compress Concat Constant ConstantOfShape DepthToSpace Expand EyeLike Flatten Gather "
    "GatherElements GatherND Identity NonZero OneHot Pad Range Reshape ReverseSequence ScatterElements ScatterND Shape "
    "Size Slice SpaceToDepth Split Squeeze TensorScatter Tile Transpose Trilu Unsqueeze If "
    # weights of 8 bits
    "DequantizeLinear DynamicQuantizeLinear QLinearConv QLinearMatMul QuantizeLinear"
)
CHANCE = _names("Bernoulli Dropout Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike")
REPEATING = _names("Loop Scan SequenceMap")


@dataclass(frozen=True)
class Check:
    """One question about a graph. passed : None where it could not be asked"""

    title: str
    passed: bool | None
    expected: str
    came: str = ""
    mend: str = ""  # what to change where the model is exported


def structure(found: Anatomy) -> list[Check]:
    """What can be said of a file that was only read. Where one of these fails, the graph is not run."""
    return [rule(found) for rule in RULES]


def _one_file(found: Anatomy) -> Check:
    outside = _some(sorted(found.external))
    return Check(
        "Weights inside the file",
        not found.external,
        "every weight lies in the .onnx file itself",
        f"weights that lie in another file: {outside}" if found.external else "they do",
        "Export with external_data=False, or onnx.save(onnx.load(path), path). For a file beyond the limit of "
        "uploads see docs/contract.md.",
    )


def _opset(found: Anatomy) -> Check:
    version = found.opsets.get("")
    return Check(
        "Opset",
        version is not None and version >= OLDEST_OPSET,
        f"opset {OLDEST_OPSET} or later",
        "no opset at all" if version is None else f"opset {version}",
        f"Give opset_version={OLDEST_OPSET} to torch.onnx.export, or use onnx.version_converter.",
    )


def _operators(found: Anatomy) -> Check:
    strange = [f"{domain}:{name}" if domain else name for domain, name in found.operators if not _known(domain, name)]
    expected = "operators of the standard domain that compute with numbers"
    came = f"others: {_some(sorted(strange))}" if strange else f"{len(found.operators)} of them"
    mend = "Write it with standard operators (docs/contract.md lists them); export without optimisations of a device."
    return Check("Operators", not strange, expected, came, mend)


def _known(domain: str, name: str) -> bool:
    return domain == "" and (name in ALLOWED or name in CHANCE or name in REPEATING)


def _chance(found: Anatomy) -> Check:
    strange = sorted({name for _, name in found.operators} & CHANCE)
    came = f"it draws at random: {_some(strange)}" if strange else "nothing is drawn"
    mend = "Call model.eval() before the export; of a variational model export the mean."
    return Check("No chance", not strange, "the same taste gets the same list", came, mend)


def _loops(found: Anatomy) -> Check:
    strange = sorted({name for _, name in found.operators} & REPEATING)
    came = f"it repeats: {_some(strange)}" if strange else "nothing is repeated"
    mend = "Write loops over a history as one operation on [B, L]; GRU, LSTM and Attention are operators of their own."
    return Check("No loops", not strange, "a bounded amount of work", came, mend)


def _plain(found: Anatomy) -> Check:
    strange = [f"{found.n_functions:,} functions of its own"] if found.n_functions else []
    strange += ["what a training step needs"] if found.trains else []
    strange += [f"{found.n_nodes:,} operators"] if found.n_nodes > MOST_NODES else []
    came = f"it holds {', '.join(strange)}" if strange else f"{found.n_nodes:,} operators"
    mend = "Save onnx.inliner.inline_local_functions(model), and leave training_info out."
    return Check("A plain graph", not strange, f"no functions of its own, at most {MOST_NODES:,} operators", came, mend)


RULES: tuple[Callable[[Anatomy], Check], ...] = (_one_file, _opset, _operators, _chance, _loops, _plain)


def _some(names: list[str]) -> str:
    """
    >>> _some(["a", "b", "c", "d", "e", "f"]), _some([""])
    ('a, b, c, d and 2 more', 'without a name')
    """
    shown = ", ".join(name or "without a name" for name in names[:SHOWN])
    return shown + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
