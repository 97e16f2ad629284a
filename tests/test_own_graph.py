"""What an uploaded file is before it is run: read within bounds, and refused for what stands in it."""

import os
import random
import zipfile
from io import BytesIO
from pathlib import Path

import onnx
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from tests.own_graphs import changed, graph, nested
from zoo.errors import ModelError
from zoo.own_graph import DEEPEST, MOST_FIELDS, anatomy
from zoo.own_graph_rules import ALLOWED, CHANCE, REPEATING, structure

GOOD = graph()


def failed(content):
    return {check.title: check for check in structure(anatomy(content)) if not check.passed}


def test_what_a_good_graph_holds_is_what_onnx_says_of_it():
    read, known = anatomy(GOOD), onnx.load_from_string(GOOD)
    assert read.n_nodes == len(known.graph.node)
    assert {name for _, name in read.operators} == {node.op_type for node in known.graph.node}
    assert (read.opsets, read.external, read.n_graphs) == ({"": 18}, set(), 1)
    assert failed(GOOD) == {}


def test_every_operator_that_is_allowed_is_one_of_the_standard():
    standard = {schema.name for schema in onnx.defs.get_all_schemas() if schema.domain == ""}
    assert standard >= ALLOWED | CHANCE | REPEATING
    assert not ALLOWED & (CHANCE | REPEATING)


def external(made):
    tensor = made.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "/etc/passwd"), ("offset", "0"), ("length", "14640")):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value


def named_only(made):
    """No word that the numbers lie elsewhere, but the name of the file."""
    entry = made.graph.initializer[0].external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"


def in_attribute(made):
    tensor = onnx.TensorProto(name="hidden", data_type=1, dims=[1], data_location=TensorProto.EXTERNAL)
    made.graph.node.append(helper.make_node("Constant", [], ["unused"], value=tensor))


def in_branch(made):
    inner = onnx.GraphProto(name="then")
    inner.initializer.append(onnx.TensorProto(name="hidden", data_type=1, data_location=TensorProto.EXTERNAL))
    made.graph.node.append(helper.make_node("If", ["exclude_seen"], ["unused"], then_branch=inner, else_branch=inner))


def in_function(made):
    node = helper.make_node("RandomUniform", [], ["y"], shape=[1])
    made.functions.append(helper.make_function("own", "f", [], ["y"], [node], [helper.make_opsetid("", 18)]))


def sparse(made):
    values = onnx.TensorProto(name="hidden", data_type=1, data_location=TensorProto.EXTERNAL)
    made.graph.sparse_initializer.append(onnx.SparseTensorProto(values=values))


@pytest.mark.parametrize("change", [external, named_only, in_attribute, in_branch, sparse])
def test_weights_in_another_file_are_found_wherever_they_are_named(change):
    check = failed(changed(change))["Weights inside the file"]
    assert "another file" in check.came
    assert "external_data=False" in check.mend


def with_node(operator, domain=""):
    return lambda made: made.graph.node.append(helper.make_node(operator, [], ["unused"], domain=domain))


def in_loop(operator):
    def change(made):
        inner = onnx.GraphProto(name="body", node=[helper.make_node(operator, [], ["y"])])
        made.graph.node.append(helper.make_node("If", ["exclude_seen"], ["z"], then_branch=inner, else_branch=inner))

    return change


def many(made):
    made.graph.node.extend(helper.make_node("Abs", ["a"], [f"n{place}"]) for place in range(20_001))


@pytest.mark.parametrize(
    ("change", "title", "came"),
    [
        (with_node("Loop"), "No loops", "it repeats: Loop"),
        (with_node("Scan"), "No loops", "it repeats: Scan"),
        (in_loop("Loop"), "No loops", "it repeats: Loop"),
        (with_node("RandomUniform"), "No chance", "it draws at random: RandomUniform"),
        (in_loop("Multinomial"), "No chance", "it draws at random: Multinomial"),
        (in_function, "No chance", "it draws at random: RandomUniform"),
        (in_function, "A plain graph", "1 functions of its own"),
        (with_node("Attention", "com.microsoft"), "Operators", "com.microsoft:Attention"),
        (with_node("Run", "evil.example"), "Operators", "evil.example:Run"),
        (with_node("RegexFullMatch"), "Operators", "RegexFullMatch"),
        (with_node("SequenceConstruct"), "Operators", "SequenceConstruct"),
        (with_node("Abs", "ai.onnx.ml"), "Operators", "ai.onnx.ml:Abs"),
        (many, "A plain graph", "20,032 operators"),
    ],
)
def test_operators_that_are_not_run_are_named(change, title, came):
    check = failed(changed(change))[title]
    assert came in check.came
    assert check.mend


def test_an_opset_that_is_too_old_is_refused_whichever_of_two_says_so():
    assert failed(graph(('"" : 18', '"" : 13')))["Opset"].came == "opset 13"
    old = changed(lambda made: made.opset_import.append(helper.make_opsetid("ai.onnx", 7)))
    assert failed(old)["Opset"].came == "opset 7"
    assert failed(changed(lambda made: made.ClearField("opset_import")))["Opset"].came == "no opset at all"


def test_what_a_training_step_needs_is_refused():
    assert "training" in failed(changed(lambda made: made.training_info.add()))["A plain graph"].came


def zipped():
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("model.onnx", GOOD)
    return packed.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"not a graph", zipped(), GOOD[:1000], GOOD[:-1], b"\x89PNG\r\n\x1a\n" + b"\0" * 64, b"\x0a" * 10,
     b"\xff" * 99, b"\x08\x0a", b"title,year\nHeat,1995\n" * 50],
    ids=["empty", "text", "zip", "truncated", "a byte short", "picture", "newlines", "ones", "no graph", "table"],
)  # fmt: skip
def test_what_is_no_model_is_said_to_be_none(content):
    with pytest.raises(ModelError, match=r"no ONNX (model|graph).*whole \.onnx file"):
        anatomy(content)


def test_a_graph_within_a_graph_has_an_end():
    assert anatomy(nested(DEEPEST)).n_graphs == DEEPEST
    for depth in (DEEPEST + 1, 5000):
        with pytest.raises(ModelError, match="more than 8 deep"):
            anatomy(nested(depth))


def test_a_file_of_nothing_but_small_parts_is_given_up():
    with pytest.raises(ModelError, match="parts"):
        anatomy(b"\x08\x01" * (MOST_FIELDS + 1))


def test_a_thousand_operators_that_nobody_knows_are_given_up():
    def strange(made):
        made.graph.node.extend(helper.make_node(f"Op{place}", [], []) for place in range(1000))

    with pytest.raises(ModelError, match="different operators"):
        anatomy(changed(strange))


def test_a_field_that_comes_twice_counts_twice():
    """Protobuf joins two graphs into one: what stands in the second must be seen."""
    second = onnx.ModelProto(graph=onnx.GraphProto(node=[helper.make_node("Loop", [], [])]))
    assert "No loops" in failed(GOOD + second.SerializeToString())


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_in_a_sentence(content):
    try:
        read = anatomy(content)
    except ModelError:
        return
    assert read.n_graphs > 0


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 8))
def test_any_change_of_a_good_file_is_read_as_onnx_reads_it_or_refused(seed, n):
    """Where protobuf reads the changed bytes, no operator and no outside weight that it sees is missed here."""
    draw, content = random.Random(seed), bytearray(GOOD)
    start = len(GOOD) - 1300 if seed % 2 else 0  # names and shapes lie in front and behind; between them numbers
    for _ in range(n):
        content[draw.randrange(start, min(start + 1300, len(content)))] = draw.randrange(256)
    try:
        known = onnx.ModelProto.FromString(bytes(content))
    except DecodeError:
        known = None
    try:
        read = anatomy(bytes(content))
    except ModelError:
        return  # more is refused here than there
    if known is not None:
        assert {_plain(node.op_type) for node in known.graph.node} <= {name for _, name in read.operators}
        outside = [one for one in known.graph.initializer if one.data_location == TensorProto.EXTERNAL]
        assert bool(outside) <= bool(read.external)
        assert read.n_functions == len(known.functions)


def _plain(name):
    """protobuf hands out bytes where a name is no text."""
    return name.decode(errors="replace") if isinstance(name, bytes) else name


def test_the_file_is_never_opened_by_its_own_words(tmp_path):
    """External data that names a real file: it is not read, as its text never leaves the checks."""
    secret = tmp_path / "secret"
    secret.write_text("hush" * 4000)

    def change(made):
        external(made)
        made.graph.initializer[0].external_data[0].value = os.path.relpath(secret, "/")

    assert "hush" not in repr(structure(anatomy(changed(change))))


CONTRACT = Path(__file__).resolve().parent.parent / "docs" / "contract.md"


def test_the_operators_in_the_documentation_are_those_that_are_allowed():
    told = CONTRACT.read_text().rpartition("Operators that are allowed: ")[2].partition("\n\n")[0]
    assert {name.strip("`.") for name in told.split()} == ALLOWED
