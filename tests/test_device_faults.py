"""A GPU that is absent, does not start, or has no memory left, simulated where zoo/runtime.py meets ONNX Runtime."""

import gc
import shutil
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import onnxruntime as ort
import pytest

from zoo import telemetry
from zoo.errors import CardError, ModelError
from zoo.placement import CPU, CUDA
from zoo.recommend import Taste, recommend
from zoo.registry import Zoo
from zoo.runtime import IN_CACHE, Runtime
from zoo.settings import Settings

pytestmark = pytest.mark.faults
Fail = ort.capi.onnxruntime_pybind11_state.Fail
FULL = "Failed to allocate memory for requested buffer of size 1073741824"
TASTES = [Taste((1, 2, 3)), Taste((7,)), Taste()]
real_session = ort.InferenceSession


class OnGpu:
    """A session that says it runs on a GPU. It answers as the CPU does, until `full` is set."""

    def __init__(self, path, options, providers):
        self._inside = real_session(path, options, providers=[CPU])
        self.full = False

    def __getattr__(self, name):
        return getattr(self._inside, name)

    def get_providers(self):
        return [CUDA, CPU]

    def get_provider_graph_assignment_info(self):
        parts = self._inside.get_provider_graph_assignment_info()
        return [SimpleNamespace(ep_name=CUDA, get_nodes=part.get_nodes) for part in parts]

    def io_binding(self):
        bound = SimpleNamespace(feeds={}, outputs=[])
        bound.bind_ortvalue_input = bound.bind_cpu_input = lambda name, value: bound.feeds.update({name: value})
        bound.bind_output = lambda name, device: bound.outputs.append(name)
        return bound

    def run_with_iobinding(self, bound):
        if self.full:
            raise Fail(FULL)
        plain = {name: value.numpy() if hasattr(value, "numpy") else value for name, value in bound.feeds.items()}
        found = self._inside.run(bound.outputs, plain)
        bound.get_outputs = lambda: [ort.OrtValue.ortvalue_from_numpy(array) for array in found]


@pytest.fixture
def gpu(monkeypatch):
    """A machine with a GPU; what it cannot do is set by `starts` and `lays`."""
    state = SimpleNamespace(starts=True, lays=True)
    on_cpu = ort.OrtValue.ortvalue_from_numpy

    def session(path, options, providers):
        if CUDA not in [one if isinstance(one, str) else one[0] for one in providers]:
            return real_session(path, options, providers=providers)
        if not state.starts:
            raise Fail("CUDA failure 2: out of memory ; GPU=0 ; expr=cudaMalloc")
        return OnGpu(path, options, providers)

    def laid(array, device="cpu", number=0):
        if device == "cuda" and not state.lays:
            raise Fail(FULL)
        return on_cpu(array)

    monkeypatch.setattr("zoo.runtime.ort.get_available_providers", lambda: [CUDA, CPU])
    monkeypatch.setattr("zoo.runtime.ort.InferenceSession", session)
    monkeypatch.setattr("zoo.ort_session._load_cuda_libraries", lambda: None)
    monkeypatch.setattr("zoo.runtime.ort.OrtValue", _value_class(on_cpu, laid))
    return state


def _value_class(on_cpu, laid):
    """Values on a device are instances of it, as ONNX Runtime's are."""

    class Meta(type):
        def __instancecheck__(cls, value):
            return isinstance(value, type(on_cpu(np.zeros(1))))

    return Meta("OrtValue", (), {"ortvalue_from_numpy": staticmethod(laid)})


@pytest.fixture(scope="module")
def dataset(tiny_zoo):
    return Zoo(tiny_zoo).dataset("tiny")


@pytest.fixture(scope="module")
def expected(dataset):
    runtime = Runtime(Settings(provider="cpu"))
    return {name: lists(runtime.load(dataset.model(name))) for name in ("ease", "pure_svd", "popularity")}


def lists(model):
    return recommend(model, TASTES, k=15).ranked.tolist()


def test_the_simulated_gpu_answers_as_the_cpu_does(gpu, dataset, expected):
    model = Runtime(Settings()).load(dataset.model("pure_svd"))
    assert (model.provider, model.instead) == (CUDA, None)
    assert lists(model) == expected["pure_svd"]


def test_where_no_model_can_be_loaded_on_the_gpu_the_cpu_takes_over_and_says_so(gpu, dataset, expected):
    gpu.starts = False
    runtime = Runtime(Settings())
    for name in expected:
        model = runtime.load(dataset.model(name))
        assert model.provider == CPU
        assert "The CPU answers in its place" in model.instead
        assert lists(model) == expected[name]
    assert any("could not be loaded on the GPU" in told.sentence for told in telemetry.errors())


def test_who_insists_on_the_gpu_reads_one_sentence(gpu, dataset):
    gpu.starts = False
    with pytest.raises(ModelError, match="out of memory"):
        Runtime(Settings(provider="cuda")).load(dataset.model("ease"))


@pytest.mark.parametrize("name", ["ease", "pure_svd"])
def test_a_gpu_that_runs_full_in_the_middle_hands_over_to_the_cpu_and_gives_its_memory_back(
    gpu, dataset, expected, name
):
    runtime = Runtime(Settings())
    model, other = runtime.load(dataset.model(name)), runtime.load(dataset.model("popularity"))
    sessions = [graph.session for graph in model._graphs.values()]
    for session in sessions:
        session.full = True
    held = [weakref.ref(session) for session in sessions]
    del sessions, session
    assert model._limits.bytes == Settings().batch_bytes
    assert lists(model) == expected[name]
    assert model.provider == CPU
    assert "The CPU answers in its place" in model.instead
    assert model._limits.bytes == (IN_CACHE if name == "ease" else Settings().batch_bytes)
    gc.collect()
    assert [ref() for ref in held] == [None] * len(held)
    assert (other.provider, other.instead) == (CUDA, None)  # nobody else notices
    assert lists(other) == expected["popularity"]


def test_visitors_at_the_same_time_all_get_their_lists(gpu, dataset, expected):
    model = Runtime(Settings()).load(dataset.model("pure_svd"))
    for graph in model._graphs.values():
        graph.session.full = True
    together = threading.Barrier(8)

    def visit(_):
        together.wait(timeout=60)
        return lists(model)

    with ThreadPoolExecutor(8) as visitors:
        assert list(visitors.map(visit, range(8))) == [expected["pure_svd"]] * 8


def test_what_still_lies_on_the_gpu_is_brought_back_where_the_cpu_took_over_meanwhile(gpu, dataset, monkeypatch):
    model = Runtime(Settings()).load(dataset.model("pure_svd"))
    held = model._everything["rows"]
    assert isinstance(held, ort.OrtValue)
    model._to_cpu(Fail(FULL))
    given = {}
    monkeypatch.setattr(
        model._graphs["rows"], "session", SimpleNamespace(run=lambda outputs, feeds: given.update(feeds))
    )
    model._graphs["rows"].ask(("ranked",), {"candidates": held})
    assert given["candidates"].tolist() == [True] * model.card.n_items


def test_a_full_gpu_that_was_asked_for_by_name_is_one_sentence_and_recovers(gpu, dataset, expected):
    model = Runtime(Settings(provider="cuda")).load(dataset.model("pure_svd"))
    for graph in model._graphs.values():
        graph.session.full = True
    with pytest.raises(ModelError, match=r"^PureSVD ran out of memory on the GPU\. Ask again in a minute"):
        lists(model)
    for graph in model._graphs.values():
        graph.session.full = False
    assert lists(model) == expected["pure_svd"]


def test_a_gpu_without_room_for_the_filter_hands_over_too(gpu, dataset, expected):
    gpu.lays = False
    model = Runtime(Settings()).load(dataset.model("ease"))
    assert model.provider == CPU
    assert lists(model) == expected["ease"]


def test_where_the_folder_is_gone_by_then_it_is_a_sentence(gpu, tiny_zoo, expected, tmp_path):
    shutil.copytree(tiny_zoo / "tiny", tmp_path / "tiny", ignore=lambda _, names: [n for n in names if n == "pictures"])
    dataset = Zoo(tmp_path).dataset("tiny")
    model = Runtime(Settings()).load(dataset.model("pure_svd"))
    for graph in model._graphs.values():
        graph.session.full = True
    gone = (dataset.path / "pure_svd").rename(tmp_path / "gone")
    with pytest.raises(CardError, match="was published anew, or withdrawn"):
        lists(model)
    gone.rename(dataset.path / "pure_svd")  # and it is tried again
    assert lists(model) == expected["pure_svd"]
    assert model.provider == CPU


def test_a_cpu_without_memory_is_one_sentence_and_the_model_stays(dataset, expected, monkeypatch):
    model = Runtime(Settings(provider="cpu")).load(dataset.model("pure_svd"))
    real = model._graphs["rows"].session

    class Full:
        def run(self, *_):
            raise Fail(FULL)

    monkeypatch.setattr(model._graphs["rows"], "session", Full())
    with pytest.raises(ModelError, match=r"^PureSVD ran out of memory\. Ask again"):
        lists(model)
    monkeypatch.setattr(model._graphs["rows"], "session", real)
    assert lists(model) == expected["pure_svd"]
    assert model.instead is None
