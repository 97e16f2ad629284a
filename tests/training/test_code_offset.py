"""The way into a variational graph: an input that need not be fed, and that changes nothing where it is not."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

import training.export
from training.autoencoder import ABOUT as AUTOENCODER
from training.autoencoder import Autoencoder
from training.export import export_graphs
from training.half import rounded
from training.variational import ABOUT, Config, MultVAE

N_ITEMS, K = 9, 4
NAMES = ["ranked", "scores", "all_scores", "embedding", "embedding_std"]
FEEDS = {
    "items": np.array([[0, 3, N_ITEMS], [1, N_ITEMS, N_ITEMS]]),
    "weights": np.ones((2, 3), dtype=np.float32),
    "candidates": np.ones(N_ITEMS, dtype=bool),
    "exclude_seen": np.array(True),
    "k": np.array(3, dtype=np.int64),
}


@pytest.fixture
def model() -> MultVAE:
    torch.manual_seed(0)
    return MultVAE(N_ITEMS, Config(hidden=8, n_factors=K)).eval()


def session(scorer, folder, half=False, about=ABOUT) -> onnxruntime.InferenceSession:
    folder.mkdir()
    export_graphs(scorer, about, N_ITEMS, folder, half=half)
    onnx.checker.check_model(onnx.load(folder / "model.onnx"))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("half", [False, True])
def test_whoever_does_not_name_it_gets_what_the_graph_gave_before_bit_for_bit(model, tmp_path, monkeypatch, half):
    scorer = rounded(model) if half else model
    new = session(scorer, tmp_path / "new", half)
    monkeypatch.setattr(training.export, "with_code_offset", lambda graph: graph)
    old = session(scorer, tmp_path / "old", half)
    assert [entry.name for entry in new.get_inputs()] == [entry.name for entry in old.get_inputs()] == list(FEEDS)
    assert [entry.name for entry in new.get_overridable_initializers()] == ["code_offset"]
    for one, before in zip(new.run(NAMES, FEEDS), old.run(NAMES, FEEDS), strict=True):
        assert np.array_equal(one, before)
    sizes = [(tmp_path / name / "model.onnx").stat().st_size for name in ("new", "old")]
    assert sizes[0] - sizes[1] < 400  # no weights twice


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("rows", [1, 2])
def test_a_moved_code_is_decoded_as_torch_decodes_it(model, tmp_path, half, rows):
    scorer = rounded(model) if half else model
    offset = np.random.default_rng(0).standard_normal((rows, K)).astype(np.float32)
    found = session(scorer, tmp_path / "graph", half).run(NAMES, FEEDS | {"code_offset": offset})
    with torch.no_grad():
        scores, mu, sigma = scorer(torch.from_numpy(FEEDS["items"]), torch.from_numpy(FEEDS["weights"]))
        moved = scorer.decode(mu + torch.from_numpy(offset)).numpy()
    np.testing.assert_allclose(found[2], moved, atol=1e-5)
    assert np.abs(found[2] - scores.numpy()).max() > 0.05
    np.testing.assert_allclose(found[3], mu, atol=1e-6)  # the code of the history stays what it was
    np.testing.assert_allclose(found[4], sigma, atol=1e-6)


def test_a_code_that_is_a_point_has_no_way_in(tmp_path):
    torch.manual_seed(0)
    graph = session(Autoencoder(N_ITEMS, 8, K).eval(), tmp_path / "graph", about=AUTOENCODER)
    assert graph.get_overridable_initializers() == []
