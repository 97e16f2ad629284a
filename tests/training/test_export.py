import json

import numpy as np
import pytest
import torch

import training.export
import training.parity
import zoo.similar
from tests.world import N_ITEMS
from training.ease import ABOUT as EASE
from training.export import Fit, publish, write_safetensors
from training.item_knn import ABOUT as ITEM_KNN
from training.model import Fitted
from training.popularity import ABOUT as POPULARITY
from training.pure_svd import ABOUT as PURE_SVD
from training.scorers import ItemItem, LinearAutoencoder, Neighbours, SameForAll
from zoo.errors import ModelError
from zoo.folder import ModelFolder
from zoo.registry import Zoo
from zoo.runtime import Runtime
from zoo.settings import Settings

FIT = Fit({"n": 1}, seed=0, device="cpu", seconds=0.5, peak_bytes=None)


@pytest.fixture
def dataset(tiny_zoo, tmp_path):
    """The small data set alone, to publish into."""
    import shutil

    folder = tmp_path / "zoo" / "tiny"
    folder.mkdir(parents=True)
    for file in (tiny_zoo / "tiny").glob("*.*"):
        if file.is_file():
            shutil.copy(file, folder)
    return Zoo(tmp_path / "zoo").dataset()


def factors():
    W = torch.from_numpy(np.random.default_rng(0).standard_normal((N_ITEMS, 8)).astype(np.float32))
    return Fitted(LinearAutoencoder(W), curve=[], details={})


def test_weights_beyond_the_limit_lie_beside_the_graph_and_give_the_same_scores(dataset, monkeypatch):
    runtime = Runtime(Settings(provider="cpu"))
    publish(PURE_SVD, factors(), dataset, FIT)
    inside = runtime.load(dataset.model("pure_svd")).run(dataset.train[:5])["scores"]
    monkeypatch.setattr(training.export, "EXTERNAL_ABOVE", 0)
    folder = publish(PURE_SVD, factors(), dataset, FIT)
    assert (folder / "weights.bin").stat().st_size >= 4 * 8 * N_ITEMS
    beside = runtime.load(dataset.model("pure_svd")).run(dataset.train[:5])["scores"]
    assert inside.tolist() == beside.tolist()


def test_a_graph_that_differs_from_the_trained_model_is_not_published(dataset, monkeypatch):
    before = publish(PURE_SVD, factors(), dataset, FIT)
    honest = training.parity.reference_scores

    def off_by_a_thousandth(scorer, histories, users):
        scores = honest(scorer, histories, users)
        return scores + 1e-3 * np.ptp(scores) * np.random.default_rng(1).standard_normal(scores.shape)

    monkeypatch.setattr(training.parity, "reference_scores", off_by_a_thousandth)
    with pytest.raises(ModelError, match="nothing was published"):
        publish(PURE_SVD, factors(), dataset, FIT)
    assert dataset.current("pure_svd") == before.name


def test_dense_weights_are_readable_as_safetensors(tmp_path):
    S = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    offset = write_safetensors(tmp_path / "w.safetensors", S)
    raw = (tmp_path / "w.safetensors").read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + size])
    start, end = header["S"]["data_offsets"]
    assert 8 + size == offset
    assert header["S"]["shape"] == [3, 4]
    assert np.frombuffer(raw[offset + start : offset + end], np.float32).tolist() == list(range(12))
    assert len(raw) == offset + end


def test_names_of_weights_never_meet_the_names_of_the_contract(dataset):
    """`SameForAll` calls its buffer "scores", which is also an output of the contract."""
    scores = torch.arange(N_ITEMS, dtype=torch.float32)
    publish(POPULARITY, Fitted(SameForAll(scores), curve=[], details={}), dataset, FIT)
    model = Runtime(Settings(provider="cpu")).load(dataset.model("popularity"))
    answer = model.run(dataset.train[:1], k=3, exclude_seen=False)
    assert answer["ranked"].tolist() == [[N_ITEMS - 1, N_ITEMS - 2, N_ITEMS - 3]]


def test_an_item_item_model_is_weighed_once_for_two_graphs(dataset):
    S = torch.eye(N_ITEMS).roll(1, dims=1)
    folder = publish(EASE, Fitted(ItemItem(S), curve=[], details={}), dataset, FIT)
    assert isinstance(dataset.model("ease"), ModelFolder)
    matrix = 4 * N_ITEMS**2
    assert matrix < dataset.model("ease").card.weight_bytes < matrix + 16_384
    files = {path.name for path in folder.iterdir()}
    assert files >= {"model.onnx", "dense.onnx", "weights.safetensors", "per_user.parquet", "lists.parquet"}


def test_neighbours_are_weighed_by_all_that_their_gather_makes(dataset):
    """Batches are split by gather_width: similarities, products, and columns of twice the size, which are copied."""
    n = 5
    scorer = Neighbours(torch.randint(N_ITEMS, (N_ITEMS, n)), torch.rand(N_ITEMS, n))
    publish(ITEM_KNN, Fitted(scorer, curve=[], details={}), dataset, FIT)
    card = dataset.model("item_knn").card
    assert card.gather_width == 6 * n
    assert card.parameters == n * N_ITEMS  # columns say where they belong; they are not learned numbers


def test_a_batch_of_neighbours_keeps_to_the_byte_limit_and_gives_the_same(dataset):
    scorer = Neighbours(torch.randint(N_ITEMS, (N_ITEMS, 5)), torch.rand(N_ITEMS, 5))
    publish(ITEM_KNN, Fitted(scorer, curve=[], details={}), dataset, FIT)
    limit = 16_384
    frugal = Runtime(Settings(provider="cpu", batch_bytes=limit)).load(dataset.model("item_knn"))
    lengths = np.diff(dataset.train.indptr)
    sizes = [4 * len(rows) * (lengths[rows].max() * 30 + 4 * N_ITEMS) for rows, _ in frugal._batches(lengths, None)]
    assert len(sizes) > 1
    assert max(sizes) <= limit
    whole = Runtime(Settings(provider="cpu")).load(dataset.model("item_knn")).run(dataset.train, k=5)
    np.testing.assert_allclose(frugal.run(dataset.train, k=5)["scores"], whole["scores"], rtol=1e-5)


def test_the_curve_of_a_trained_model_is_kept(dataset):
    import polars as pl

    curve = [{"epoch": 1, "loss": 2.0, "validation": None, "seconds": 0.1}]
    folder = publish(PURE_SVD, Fitted(factors().scorer, curve=curve, details={}), dataset, FIT)
    assert pl.read_parquet(folder / "curve.parquet").to_dicts() == curve


def test_a_large_catalogue_is_read_when_a_model_is_published(dataset, monkeypatch):
    monkeypatch.setattr(zoo.similar, "READ_AHEAD", range(N_ITEMS, N_ITEMS + 1))
    folder = publish(PURE_SVD, factors(), dataset, FIT)
    written = zoo.similar.read_similar(folder)
    model = Runtime(Settings(provider="cpu")).load(dataset.model("pure_svd"))
    read = zoo.similar.similar(zoo.similar.Answers(model))
    np.testing.assert_array_equal(written.leads_to, read.leads_to)
    np.testing.assert_allclose(written.because_by, read.because_by, rtol=1e-6)
    assert written.norm == pytest.approx(read.norm)


def test_a_small_catalogue_needs_no_file_of_it(dataset):
    assert zoo.similar.read_similar(publish(PURE_SVD, factors(), dataset, FIT)) is None
