import shutil
import threading

import numpy as np
import onnx
import pytest
from scipy.sparse import csr_array

from tests.world import N_ITEMS
from training.table import MODELS
from zoo.errors import ModelError
from zoo.ort_session import providers_for
from zoo.placement import CPU
from zoo.registry import Zoo
from zoo.runtime import Runtime
from zoo.settings import Settings


@pytest.fixture(scope="module")
def dataset(tiny_zoo):
    return Zoo(tiny_zoo).dataset("tiny")


def test_a_model_is_loaded_once_and_handed_out_again(dataset):
    runtime = Runtime(Settings(provider="cpu"))
    assert runtime.load(dataset.model("ease")) is runtime.load(dataset.model("ease"))


def test_the_least_recently_used_model_goes_first_when_memory_is_full(dataset):
    sizes = {name: dataset.model(name).card.weight_bytes for name in ("popularity", "ease", "pure_svd")}
    runtime = Runtime(Settings(provider="cpu", session_bytes=sum(sizes.values()) - 1))
    for name in ("popularity", "ease", "popularity", "pure_svd"):
        runtime.load(dataset.model(name))
    assert [model.card.name for model in runtime.loaded()] == ["popularity", "pure_svd"]


def test_a_model_larger_than_the_limit_is_served_all_the_same(dataset):
    runtime = Runtime(Settings(provider="cpu", session_bytes=1))
    assert runtime.load(dataset.model("ease")).run(csr_array((1, N_ITEMS), dtype=np.float32))["ranked"].shape == (1, 20)
    assert len(runtime.loaded()) == 1


def test_visitors_at_the_same_time_get_one_model_and_right_lists(dataset):
    runtime = Runtime(Settings(provider="cpu"))
    X = dataset.train[:20]
    expected = runtime.load(dataset.model("variational")).run(X)["scores"]
    wrong, models = [], set()

    def visit():
        model = runtime.load(dataset.model("variational"))
        models.add(id(model))
        wrong.append(np.abs(model.run(X)["scores"] - expected).max())

    visitors = [threading.Thread(target=visit) for _ in range(12)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    assert len(models) == 1
    assert max(wrong) < 1e-5
    assert len(wrong) == 12


def test_a_new_publication_is_another_model(tiny_zoo, dataset, tmp_path):
    from zoo.manifest import publication

    copy = tmp_path / "zoo"
    shutil.copytree(tiny_zoo, copy)
    own, runtime = Zoo(copy).dataset("tiny"), Runtime(Settings(provider="cpu"))
    before, name_before = runtime.load(own.model("popularity")), own.current("popularity")
    old = own.path / "popularity" / name_before
    with publication(own.path / "popularity") as folder:
        for file in ("model.onnx", "card.json"):
            shutil.copy(old / file, folder / file)
    assert own.current("popularity") != name_before
    assert runtime.load(own.model("popularity")) is not before
    assert before.run(csr_array((1, N_ITEMS), dtype=np.float32))["ranked"].shape == (
        1,
        20,
    )  # whoever holds it is served


@pytest.mark.parametrize("name", MODELS)
def test_the_provider_is_the_one_that_runs(dataset, name):
    assert Runtime(Settings(provider="cpu")).load(dataset.model(name)).provider == CPU


def test_auto_without_a_gpu_is_the_cpu_and_cuda_by_name_is_an_error(monkeypatch):
    monkeypatch.setattr("zoo.runtime.ort.get_available_providers", lambda: [CPU])
    assert providers_for("auto") == [CPU]
    with pytest.raises(ModelError, match="built without it"):
        providers_for("cuda")


def test_a_graph_that_breaks_the_contract_is_refused(dataset, tmp_path):
    with dataset.model("popularity") as folder:
        shutil.copytree(folder.path, tmp_path / "odd")
        graph = onnx.load(tmp_path / "odd" / "model.onnx")
        graph.graph.input[-1].name = "list_length"
        for node in graph.graph.node:
            node.input[:] = ["list_length" if name == "k" else name for name in node.input]
        onnx.save(graph, tmp_path / "odd" / "model.onnx")
        folder.path, folder.manifest = tmp_path / "odd", None
        with pytest.raises(ModelError, match="does not keep the graph contract"):
            Runtime(Settings(provider="cpu")).load(folder)


def test_a_file_that_is_no_graph_is_refused_in_words(dataset, tmp_path):
    with dataset.model("popularity") as folder:
        (tmp_path / "model.onnx").write_bytes(b"not a graph")
        folder.path, folder.manifest = tmp_path, None
        with pytest.raises(ModelError, match="cannot be run"):
            Runtime(Settings(provider="cpu")).load(folder)


def test_batches_never_grow_beyond_the_byte_limit(dataset, monkeypatch):
    limit = 64 * 1024
    model = Runtime(Settings(provider="cpu", batch_bytes=limit)).load(dataset.model("pure_svd"))
    X = dataset.train
    lengths = np.diff(X.indptr)
    batches = list(model._batches(lengths, None))
    assert sorted(row for rows, _ in batches for row in rows) == list(range(X.shape[0]))
    assert len(batches) > 1
    width = model.card.gather_width
    assert all(4 * len(rows) * (lengths[rows].max() * width + 4 * N_ITEMS) <= limit for rows, _ in batches)


def test_no_histories_give_no_lists(dataset):
    model = Runtime(Settings(provider="cpu")).load(dataset.model("ease"))
    assert model.run(csr_array((0, N_ITEMS), dtype=np.float32))["ranked"].shape[0] == 0
