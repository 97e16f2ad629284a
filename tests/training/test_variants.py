"""Variants of published models, made from a small data set that is laid out here: no zoo has to be trained for them."""

import shutil
import sys

import numpy as np
import onnx
import pytest
import torch
from scipy.sparse import csr_array

from tests.conftest import menagerie
from tests.small_zoo import FIT, OUT, K, S, W, write_small_zoo
from tests.world import N_ITEMS
from training.ease import ABOUT as EASE
from training.export import publish
from training.graphs import with_plain_products
from training.int8 import quantised, with_int8_weights
from training.model import Fitted
from training.pure_svd import ABOUT as PURE_SVD
from training.scorers import ItemItem, LinearAutoencoder, RoundedItemItem
from training.variants import Kind, item_item_weights, main, pruned, to_int8, variant
from zoo.errors import ModelError
from zoo.parity import FILE, check
from zoo.registry import Zoo
from zoo.runtime import Runtime
from zoo.settings import Settings


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return write_small_zoo(tmp_path_factory.mktemp("variants"))


@pytest.fixture
def dataset(original, tmp_path):
    shutil.copytree(original, tmp_path / "zoo")
    return Zoo(tmp_path / "zoo").dataset()


def scores_of(dataset, name):
    model = Runtime(Settings(provider="cpu")).load(dataset.model(name))
    return model.run(dataset.train[:40], outputs=("all_scores",))["all_scores"], model


def x_of(dataset) -> np.ndarray:
    return dataset.train[:40].toarray()


def step_of(M: np.ndarray, axis: int) -> np.ndarray:
    return np.abs(M).max(axis=axis, keepdims=True) / 127


def test_pruned_keeps_the_strongest_of_each_row_of_either_sign(dataset):
    variant(dataset, "ease", Kind("pruned", 5))
    kept = np.zeros_like(S)
    for i in range(N_ITEMS):  # spelled out, one row at a time
        strongest = sorted(range(N_ITEMS), key=lambda j: -abs(S[i, j]))[:5]
        kept[i, strongest] = S[i, strongest]
    assert (kept < 0).any()
    found, model = scores_of(dataset, "ease_pruned_5")
    np.testing.assert_allclose(found, x_of(dataset) @ kept, rtol=1e-5, atol=1e-5)
    assert model.card.details["weight_kept"] == pytest.approx(np.abs(kept).sum() / np.abs(S).sum(), rel=1e-5)
    assert model.card.parameters == 5 * N_ITEMS


def test_pruned_to_more_than_there_are_is_the_original():
    scorer, kept = pruned(torch.from_numpy(S), 10 * N_ITEMS)
    assert scorer.columns.shape == (N_ITEMS, N_ITEMS)
    assert kept == pytest.approx(1.0)
    assert pruned(torch.zeros(3, 3), 2)[1] == 1.0  # nothing there, nothing lost


def test_an_item_item_matrix_in_16_bits_is_served_as_it_was_rounded(dataset):
    variant(dataset, "ease", Kind("float16"))
    found, model = scores_of(dataset, "ease_float16")
    np.testing.assert_allclose(found, x_of(dataset) @ S.astype(np.float16).astype(np.float32), rtol=1e-4, atol=1e-4)
    assert model.card.details["weights"] == "float16"
    assert model.card.graphs == {"rows": "model.onnx"}
    assert model.card.gather_width == 1.5 * N_ITEMS  # a row as it is stored, and widened


def test_an_item_item_matrix_in_8_bits_has_a_step_per_row(dataset):
    variant(dataset, "ease", Kind("int8"))
    step = step_of(S, 1)
    found, model = scores_of(dataset, "ease_int8")
    np.testing.assert_allclose(found, x_of(dataset) @ (np.rint(S / step) * step), rtol=1e-4, atol=1e-4)
    with dataset.model("ease_int8") as folder:
        raw = (folder.path / "weights.safetensors").read_bytes()
    assert len(raw) == 4096 + N_ITEMS**2
    assert 0 < model.card.details["moved_by_rounding"] < 0.05
    assert model.card.parameters == N_ITEMS**2


@pytest.mark.parametrize(("name", "out"), [("pure_svd", W.T), ("two_tower_profile", OUT)])
def test_matrices_of_other_models_in_8_bits_take_the_better_of_two_steps(dataset, name, out):
    variant(dataset, name, Kind("int8"))
    rounded = []
    for M in (W, out if name != "pure_svd" else W):
        tries = [np.rint(M / step_of(M, axis)) * step_of(M, axis) for axis in (0, 1)]
        rounded.append(min(tries, key=lambda one, M=M: np.square(one - M).sum()))
    decoder = rounded[1].T if name == "pure_svd" else rounded[1]
    found, model = scores_of(dataset, f"{name}_int8")
    expected = x_of(dataset) @ rounded[0] @ decoder
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.ptp(expected))
    with dataset.model(f"{name}_int8") as folder:
        kinds = {w.data_type for w in onnx.load(folder.path / "model.onnx").graph.initializer if len(w.dims) == 2}
    assert onnx.TensorProto.INT8 in kinds
    assert model.card.parameters == dataset.model(name).card.parameters


def test_matrices_of_other_models_in_16_bits(dataset):
    variant(dataset, "pure_svd", Kind("float16"))
    half = W.astype(np.float16).astype(np.float32)
    expected = x_of(dataset) @ half @ half.T
    np.testing.assert_allclose(scores_of(dataset, "pure_svd_float16")[0], expected, atol=1e-4 * np.ptp(expected))


def test_a_variant_is_a_model_of_its_own_that_says_where_it_comes_from(dataset):
    made = variant(dataset, "ease", Kind("pruned", 200))
    before, card = dataset.model("ease").card, dataset.model("ease_pruned").card
    assert made.parent.name == "ease_pruned"
    assert (card.about.name, card.about.title) == ("ease_pruned", "EASE, pruned to 200 per item")
    assert (card.about.family, card.about.dislikes) == (EASE.family, EASE.dislikes)
    assert card.about.summary.startswith(EASE.summary)
    assert card.details["made_from"] == "ease"
    assert dataset.model("ease").checksum.startswith(card.details["made_from_checksum"])
    assert card.details["objective"] == 1.5
    assert card.settings == {"l2": 5.0, "keep": "pruned:200"}
    assert card.meanings["l2"] == "Weight of a penalty."
    assert {"keep", "made_from", "made_from_checksum", "weight_kept"} <= card.meanings.keys()
    assert (card.seed, card.fit_seconds, card.peak_bytes) == (3, before.fit_seconds, 77)
    assert card.metrics.keys() == before.metrics.keys()  # 200 of 60 is everything
    assert card.metrics["ndcg_at_100"].mean == pytest.approx(before.metrics["ndcg_at_100"].mean)
    with dataset.model("ease_pruned") as folder:
        assert {"per_user.parquet", "lists.parquet"} <= {path.name for path in folder.path.iterdir()}
        assert check(Runtime(Settings(provider="cpu")).load(folder), folder.path / FILE).relative_difference < 1e-5


def test_a_curve_of_training_goes_with_the_variant(dataset):
    with_curve = variant(dataset, "pure_svd", Kind("int8"))
    assert (with_curve / "curve.parquet").is_file()


@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        ("popularity", Kind("int8"), "no matrix of weights"),
        ("pure_svd", Kind("pruned", 9), "no item-item matrix to prune"),
    ],
)
def test_what_a_model_cannot_become_is_refused_in_words(dataset, name, kind, sentence):
    with pytest.raises(ModelError, match=sentence):
        variant(dataset, name, kind)
    assert f"{name}_{kind.form}" not in dataset.model_names()


def test_a_variant_of_a_variant_is_refused(dataset):
    variant(dataset, "ease", Kind("float16"))
    with pytest.raises(ModelError, match="was itself made from ease"):
        variant(dataset, "ease_float16", Kind("int8"))


def test_weights_beyond_16_bits_are_refused(dataset):
    publish(PURE_SVD, Fitted(LinearAutoencoder(torch.full((N_ITEMS, K), 70_000.0)), [], {}), dataset, FIT)
    with pytest.raises(ModelError, match=r"beyond 65,504.*Take int8"):
        variant(dataset, "pure_svd", Kind("float16"))


def test_a_model_published_in_16_bits_is_widened_before_it_is_narrowed_again(dataset):
    publish(EASE, Fitted(ItemItem(torch.from_numpy(S)), [], {}), dataset, FIT, half=True)
    publish(PURE_SVD, Fitted(LinearAutoencoder(torch.from_numpy(W)), [], {}), dataset, FIT, half=True)
    with dataset.model("ease") as folder:
        assert item_item_weights(folder.path).tolist() == S.astype(np.float16).astype(np.float32).tolist()
    variant(dataset, "pure_svd", Kind("int8"))
    (before, _), (after, model) = scores_of(dataset, "pure_svd"), scores_of(dataset, "pure_svd_int8")
    assert 0 < np.abs(after - before).max() / np.ptp(before) < 0.03
    assert model.card.details["weights"] == "int8"


@pytest.mark.parametrize("text", ["pruned:0", "pruned:-1", "pruned:two", "pruned:²", "int4", "int8:3", "float16:", ""])
def test_an_unknown_kind_is_refused_in_words(text):
    with pytest.raises(ModelError, match=r"say pruned:N .*float16 or int8"):
        Kind.parse(text)


def test_kinds_are_named_by_what_is_kept():
    names = [Kind.parse(text).about(EASE).name for text in ("pruned", "pruned:200", "pruned:50", "float16", "int8")]
    assert names == ["ease_pruned", "ease_pruned", "ease_pruned_50", "ease_float16", "ease_int8"]
    assert len({Kind.parse(text).about(EASE).title for text in ("pruned", "pruned:50", "float16", "int8")}) == 4


def test_numbers_in_8_bits_are_off_by_half_a_step_at_most():
    M = np.vstack([W, np.zeros((1, K), np.float32)])
    for axis in (0, 1, None):
        q, step = quantised(M, axis)
        assert q.dtype == np.int8
        assert np.abs(q).max() == 127
        assert (np.abs(q * step - M) <= step / 2 * (1 + 1e-5)).all()
        assert not q[-1].any()  # 0 stays 0


def test_the_scorer_in_8_bits_gives_what_the_dense_product_gives():
    scorer = to_int8(torch.from_numpy(S))
    items, weights = (
        torch.tensor([[0, 3, N_ITEMS], [5, N_ITEMS, N_ITEMS]]),
        torch.tensor([[1.0, 0.5, 9.0], [2.0, 9, 9]]),
    )
    meant = scorer.S.float() * scorer.steps[:, None]
    expected = torch.stack([meant[0] + 0.5 * meant[3], 2 * meant[5]])
    torch.testing.assert_close(scorer(items, weights)[0], expected)
    assert scorer(items[:0], weights[:0])[0].shape == (0, N_ITEMS)
    assert isinstance(scorer, RoundedItemItem)


def test_products_are_turned_once_and_stay_the_same():
    """Tied weights keep their table; a decoder of its own is stored the other way round."""
    model = onnx.parser.parse_model(
        """<ir_version: 10, opset_import: ["" : 18]>
        g (float[B, 3] x, int64[N] i) => (float[B, 2] a, float[B, 2] b, float[N, 3] c)
        <float[2, 3] own = {1, 2, 3, 4, 5, 6}, float[2, 3] tied = {6, 5, 4, 3, 2, 1}>
        { a = Gemm <transB = 1> (x, own)  b = Gemm <transB = 1> (x, tied)  c = Gather (tied, i) }"""
    )
    feeds = {"x": np.array([[1, 10, 100]], np.float32), "i": np.array([1])}
    expected = [[[321, 654]], [[456, 123]], [[3, 2, 1]]]
    for graph in (model, with_plain_products(model)):
        found = onnx.reference.ReferenceEvaluator(graph).run(None, feeds)
        assert [values.tolist() for values in found] == expected
    shapes = {weight.name: list(weight.dims) for weight in model.graph.initializer}
    assert shapes == {"own": [3, 2], "tied": [2, 3]}
    assert not any(flag.i for node in model.graph.node for flag in node.attribute if flag.name == "transB")


def test_what_is_checked_is_not_what_is_served():
    """The 8-bit graph and the one that it is compared with share no stored number: a wrong step would be seen."""
    weight = onnx.numpy_helper.from_array(W, "W")
    graph = onnx.helper.make_graph([], "g", [], [], initializer=[weight])
    narrow, meant = with_int8_weights(onnx.helper.make_model(graph))
    assert [w.data_type for w in meant.graph.initializer] == [onnx.TensorProto.FLOAT]
    q, step = (onnx.numpy_helper.to_array(w) for w in narrow.graph.initializer)
    np.testing.assert_array_equal(onnx.numpy_helper.to_array(meant.graph.initializer[0]), q * step)


def test_the_command_makes_several_at_once_and_verify_finds_them_well(dataset):
    zoo = str(dataset.path.parent)
    done = menagerie("variant", "--zoo", zoo, "--model", "ease", "--keep", "pruned:9", "int8")
    assert [line.split("/")[-2] for line in done.stdout.split()] == ["ease_pruned_9", "ease_int8"]
    assert menagerie("verify", zoo).stdout.count("ok      tiny/ease") == 3


@pytest.mark.parametrize(
    ("model", "keep", "sentence"),
    [("ease", ("int8", "half"), "say pruned:N"), ("eaze", ("int8",), "eaze"), ("popularity", ("int8",), "no matrix")],
)
def test_the_command_refuses_in_a_sentence_and_makes_nothing(original, monkeypatch, model, keep, sentence):
    given = ["variants", "--zoo", str(original), "--model", model, "--keep", *keep]
    monkeypatch.setattr(sys, "argv", given)
    with pytest.raises(SystemExit, match=f"error: .*{sentence}"):
        main()
    assert len(Zoo(original).dataset().model_names()) == 4


def test_an_empty_history_and_a_history_of_everything_are_answered(dataset):
    for kind in (Kind("pruned", 5), Kind("float16"), Kind("int8")):
        name = variant(dataset, "ease", kind).parent.name
        model = Runtime(Settings(provider="cpu")).load(dataset.model(name))
        ones = np.ones(N_ITEMS, np.float32)
        both = csr_array((ones, np.arange(N_ITEMS), np.array([0, 0, N_ITEMS])), shape=(2, N_ITEMS))
        answer = model.run(both, k=3)
        assert np.isfinite(answer["scores"][0]).all()
        assert answer["ranked"][1].tolist() == [-1, -1, -1]
