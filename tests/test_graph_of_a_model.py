"""How a graph is asked: bound inputs and outputs, threads, placement, weights that are shared."""

import re
import threading
from pathlib import Path

import numpy as np
import pytest
from onnxruntime import OrtValue
from scipy.sparse import csr_array

from tests.small_zoo import OUT, S, W, write_small_zoo
from tests.world import N_ITEMS
from zoo.placement import CPU
from zoo.registry import Zoo
from zoo.runtime import IN_CACHE, Graph, Model
from zoo.settings import Settings

SCORES = {
    "ease": lambda x: x @ S,
    "pure_svd": lambda x: x @ W @ W.T,
    "two_tower_profile": lambda x: x @ W @ OUT,
    "popularity": lambda x: np.tile(np.arange(N_ITEMS, dtype=np.float32), (len(x), 1)),
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return Zoo(write_small_zoo(tmp_path_factory.mktemp("small"))).dataset()


@pytest.fixture(params=SCORES)
def name(request):
    return request.param


def loaded(dataset, name, **settings):
    with dataset.model(name) as folder:
        return Model(folder, Settings(provider="cpu", **settings))


def expected(name, X, k, seen=True, candidates=None):
    """The list of each user, made the slow way: all scores, then a sort."""
    scores = SCORES[name](X.toarray()).astype(np.float64)
    open_ = np.ones(scores.shape, dtype=bool) if candidates is None else np.tile(candidates, (len(scores), 1))
    if seen:
        open_[X.toarray() > 0] = False
    scores[~open_] = -np.inf
    ranked = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    best = np.take_along_axis(scores, ranked, axis=1)
    return np.where(np.isneginf(best), -1, ranked), best


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize("filtered", [True, False])
def test_lists_are_those_of_a_plain_sort(dataset, name, seen, filtered):
    X, k = dataset.train[:30], N_ITEMS
    candidates = np.arange(N_ITEMS) % 3 > 0 if filtered else None
    answer = loaded(dataset, name).run(X, k=k, exclude_seen=seen, candidates=candidates)
    ranked, scores = expected(name, X, k, seen, candidates)
    np.testing.assert_array_equal(answer["ranked"] < 0, ranked < 0)
    np.testing.assert_allclose(answer["scores"], scores, rtol=1e-4, atol=1e-4)
    listed = np.where(answer["ranked"] < 0, -np.inf, np.take_along_axis(
        SCORES[name](X.toarray()).astype(np.float64), answer["ranked"].clip(0), axis=1))  # fmt: skip
    np.testing.assert_allclose(listed, scores, rtol=1e-4, atol=1e-4)


def test_the_last_item_is_neither_hurt_by_padding_nor_spared(dataset):
    """Padding adds 0 to the last column; a history that holds it keeps it out all the same."""
    last = N_ITEMS - 1
    X = csr_array((np.ones(4, np.float32), np.array([0, last, 0, 1]), np.array([0, 2, 2, 4])), shape=(3, N_ITEMS))
    ranked = loaded(dataset, "popularity").run(X, k=N_ITEMS)["ranked"]
    assert last not in ranked[0]
    assert ranked[1][0] == ranked[2][0] == last


def test_bound_inputs_and_outputs_give_the_same(dataset, name):
    model = loaded(dataset, name)
    graph = model._graphs["rows"]
    feeds = {
        "items": np.array([[1, 5], [7, N_ITEMS]]),
        "weights": np.array([[1, 2], [0.5, 0]], np.float32),
        "exclude_seen": np.array(True),
        "k": np.array(9),
    }
    outputs = ("scores", "ranked", "all_scores")
    plain = graph.ask(outputs, feeds | {"candidates": np.ones(N_ITEMS, dtype=bool)})
    everything = OrtValue.ortvalue_from_numpy(np.ones(N_ITEMS, dtype=bool))
    for held in (everything, np.ones(N_ITEMS, dtype=bool), np.ones(2 * N_ITEMS, dtype=bool)[::2]):
        asked = {key: value for key, value in (feeds | {"candidates": held}).items() if key in graph.inputs}
        for one, other in zip(graph.ask_bound(outputs, asked), plain, strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_model_on_a_device_is_asked_by_binding(dataset, monkeypatch):
    """As on a GPU, with the CPU in its place: what it gives is the same, and the filter is laid there only once."""
    X, laid = dataset.train[:20], []
    whole = loaded(dataset, "ease").run(X, k=5)

    def bound(self, outputs, feeds):
        return self.ask_bound(outputs, {name: value for name, value in feeds.items() if name in self.inputs})

    def held(self, array):
        laid.append(OrtValue.ortvalue_from_numpy(array))
        return laid[-1]

    monkeypatch.setattr(Graph, "ask", bound)
    monkeypatch.setattr(Graph, "held", held)
    model = loaded(dataset, "ease", batch_bytes=10_000)
    for _ in range(3):
        answer = model.run(X, k=5)
        np.testing.assert_allclose(answer["scores"], whole["scores"], rtol=1e-5)
        np.testing.assert_array_equal(answer["ranked"], whole["ranked"])
    assert len(laid) == 2  # once per graph


def test_every_node_of_every_graph_is_placed(dataset, name):
    placement = loaded(dataset, name).placement
    assert placement.keys() == ({"rows", "dense"} if name == "ease" else {"rows"})
    for of_graph in placement.values():
        assert of_graph.provider == CPU
        assert not of_graph.mixed
        assert of_graph.nodes[CPU]["TopK"] == 1
        assert re.fullmatch(r"all \d+ nodes run on the CPU", of_graph.sentence())


def test_row_sums_are_asked_side_by_side_and_come_back_in_order(dataset, monkeypatch):
    X = dataset.train[np.r_[0:120, 0:120]]
    alone = loaded(dataset, "ease", threads=1)
    both = loaded(dataset, "ease", threads=3, batch_bytes=20_000)
    threads, ask = set(), Graph.ask

    def watched(self, outputs, feeds):
        threads.add(threading.get_ident())
        return ask(self, outputs, feeds)

    monkeypatch.setattr(Graph, "ask", watched)
    one = alone.run(X, k=9)
    assert threads == {threading.get_ident()}
    threads.clear()
    other = both.run(X, k=9)
    assert 1 <= len(threads) <= 3
    assert threading.get_ident() not in threads
    np.testing.assert_array_equal(one["ranked"], other["ranked"])
    np.testing.assert_allclose(one["scores"], other["scores"], rtol=1e-5)


def test_a_model_that_multiplies_matrices_keeps_all_threads_to_one_batch(dataset, monkeypatch):
    threads, ask = set(), Graph.ask
    monkeypatch.setattr(Graph, "ask", lambda self, *given: threads.add(threading.get_ident()) or ask(self, *given))
    loaded(dataset, "pure_svd", threads=3, batch_bytes=20_000).run(dataset.train, k=9)
    assert threads == {threading.get_ident()}


def test_row_sums_are_made_by_one_thread_and_products_by_all(dataset):
    def threads(name, role):
        return loaded(dataset, name, threads=3)._graphs[role].session.get_session_options().intra_op_num_threads

    assert threads("ease", "rows") == threads("popularity", "rows") == 1
    assert threads("ease", "dense") == threads("pure_svd", "rows") == 3


def test_batches_of_row_sums_stay_in_the_cache_and_others_do_not(dataset):
    assert loaded(dataset, "ease")._limits.bytes == IN_CACHE
    assert loaded(dataset, "ease", batch_bytes=1000)._limits.bytes == 1000
    assert loaded(dataset, "ease")._limits.dense_bytes == Settings().batch_bytes
    assert loaded(dataset, "pure_svd")._limits.bytes == Settings().batch_bytes
    assert loaded(dataset, "pure_svd")._limits.dense_bytes is None


def test_both_graphs_of_an_item_item_model_read_one_mapped_file(dataset):
    """Both map the same private file; no copy of S is made. Seen in the process's own map of its memory."""
    maps = Path("/proc/self/maps")
    if not maps.is_file():
        pytest.skip("LEFT OUT: this system has no /proc/self/maps")

    def mapped() -> set[str]:
        lines = [line.split(maxsplit=5) for line in maps.read_text().splitlines()]
        return {line[5] for line in lines if len(line) == 6 and "weights.safetensors" in line[5]}

    before = mapped()
    model = loaded(dataset, "ease")
    for graph in ("rows", "dense"):
        model.run(dataset.train[:5], k=5, graph=graph)
    assert len(mapped() - before) == 1
