"""Every question of the contract has an answer that fails it, and says what came; and a process that cannot be hurt."""

import gc
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from scipy.sparse import csr_array

from tests.own_graphs import BIAS, N_ITEMS, TABLE, Here, alive, changed, graph, nested
from zoo import own_graph_checks, own_graph_worker
from zoo.errors import DataError
from zoo.evaluate import lists_of
from zoo.files import Limits
from zoo.own_graph_checks import QUESTIONS, Asked, behaviour, ends, probes
from zoo.own_graph_model import examine
from zoo.own_graph_order import decode, order_of, read_order
from zoo.own_graph_worker import Bounds, Broken, End, Worker
from zoo.recommend import Taste, recommend
from zoo.registry import Zoo
from zoo.settings import Settings

CONTRACT = Path(__file__).resolve().parent.parent / "docs" / "contract.md"
HISTORIES = [
    np.array([3]),
    np.array([1, 2]),
    np.array([7, 59]),
    np.arange(5, 20),
    np.array([0, 59, 4]),
    np.array([], int),
]


@pytest.fixture(scope="module")
def dataset(tiny_zoo):
    return Zoo(tiny_zoo).dataset("tiny")


class Graph:
    """The contract in NumPy, with one fault at a time."""

    def __init__(self, fault=None):
        self.fault, self.asked = fault, 0

    def __call__(self, outputs, feeds):
        self.asked += 1
        fault, items, weights = self.fault, feeds["items"], feeds["weights"]
        n, B = N_ITEMS + (fault == "larger catalogue"), len(items)
        table, bias = np.resize(TABLE, (n + 1, n)), np.resize(BIAS, n)
        table[-1] = 1.0 if fault == "padding counts" else 0.0
        if fault == "padding is the last item":
            table[-1] = table[-2]
        used = np.where(items < N_ITEMS, 1, weights) if fault in ("weights ignored",) else weights
        used = np.ones_like(weights) if fault in ("padding counts", "padding is the last item") else used
        scores = (table[items.clip(0, n)] * used[:, :, None]).sum(axis=1, dtype=np.float32) + bias
        if fault == "over the batch":
            scores -= scores.mean(axis=0)
        if fault == "nan":
            scores[:, 11] = np.nan
        if fault == "nothing known":
            with np.errstate(divide="ignore"):
                scores /= weights.sum(axis=1, keepdims=True)
        if fault == "chance":
            scores += 1e-6 * self.asked
        all_scores = scores.astype(np.float64 if fault == "float64" else np.float32)
        open_ = (
            np.ones((B, n), bool) if fault == "candidates ignored" else np.resize(feeds["candidates"], (B, n)).copy()
        )
        for row, own in enumerate(items):
            known = own[weights[row] > 0] if fault == "weight 0 is open" else own
            hide = feeds["exclude_seen"] if fault != "always hides" else True
            if hide and fault != "seen":
                open_[row, known[known < N_ITEMS]] = False
        k = min(int(feeds["k"]), n)
        k = 20 if fault == "k ignored" else k
        masked = np.where(open_, all_scores, -np.inf)
        ranked = np.argsort(-masked, axis=1, kind="stable")[:, :k]
        best = np.take_along_axis(masked, ranked, axis=1)
        if fault == "k not clamped" and feeds["k"] > n:
            ranked = np.pad(ranked, ((0, 0), (0, int(feeds["k"]) - n)), constant_values=-1)
            best = np.pad(best, ((0, 0), (0, int(feeds["k"]) - n)), constant_values=-np.inf)
        ranked = ranked if fault == "no -1" else np.where(np.isinf(best), -1, ranked)
        best = np.where(np.isinf(best), 0.0, best).astype(best.dtype) if fault == "no infinity" else best
        if fault == "out of range":
            ranked = np.where(ranked == 5, N_ITEMS + 940, ranked)
        if fault == "twice" and k > 1:
            ranked[:, 1], best[:, 1] = ranked[:, 0], best[:, 0]
        if fault == "worst first":
            ranked, best = ranked[:, ::-1].copy(), best[:, ::-1].copy()
        if fault == "other scores":
            best = best + np.float32(1.0)
        if fault == "int32":
            ranked = ranked.astype(np.int32)
        found = {"ranked": ranked, "scores": best, "all_scores": all_scores}
        return [found[name] for name in outputs]


def failing(fault, n_items=N_ITEMS):
    return {check.title: check.came for check in behaviour(Asked(Graph(fault), n_items, HISTORIES)) if not check.passed}


def test_a_graph_that_keeps_the_contract_fails_nothing():
    assert failing(None) == {}


@pytest.mark.parametrize(
    ("fault", "title", "came"),
    [
        ("larger catalogue", "Answers for this catalogue", r"all_scores came as float32 \[6, 61\]"),
        ("float64", "Answers for this catalogue", r"scores came as float64"),
        ("int32", "Answers for this catalogue", r"ranked came as int32"),
        ("k ignored", "List length", r"k = 1 gave ranked and scores of \[1, 20\]"),
        ("k not clamped", "List length", r"k = 65 gave"),
        ("nan", "Finite scores", r"6 scores are not, the first one of item column 11"),
        ("nothing known", "Nothing known yet", r"a history of no columns gave 60 scores"),
        ("chance", "The same twice", r"differed when the same was asked twice"),
        ("padding counts", "Padding", r"seven places of padding .* changed its scores: by .* %"),
        ("padding is the last item", "Padding", r"seven places of padding"),
        ("weights ignored", "Padding", r"an item of weight 0.0 changed the scores"),
        ("over the batch", "Whoever is beside it", r"a history of 1 items alone and beside others"),
        ("candidates ignored", "Only candidates", r"was recommended although candidates says no"),
        ("seen", "Only what is new", r"item column 3 is in the history and in the list"),
        ("weight 0 is open", "Only what is new", r"of weight 0.0, stands in the list"),
        ("always hides", "Only what is new", r"item column 3 was left out although exclude_seen is false"),
        ("no -1", "Where nothing is left", r"with three items left, ranked was"),
        ("no infinity", "Where nothing is left", r"where ranked is -1, scores were"),
        ("out of range", "Columns", r"ranked holds 1000, and the columns go from 0 to 59"),
        ("twice", "Columns", r"an item stands twice in one list"),
        ("worst first", "Best first", r"not the best of all_scores"),
        ("other scores", "Best first", r"scores are not those"),
    ],
)
def test_each_fault_fails_its_question_and_says_what_came(fault, title, came):
    found = failing(fault)
    assert title in found, found
    assert re.search(came, found[title])


def test_a_fault_that_breaks_everything_leaves_the_other_questions_unasked():
    checks = list(behaviour(Asked(Graph("float64"), N_ITEMS, HISTORIES)))
    assert [check.passed for check in checks] == [False] + [None] * (len(QUESTIONS) - 1)


def test_all_questions_together_have_an_end(monkeypatch):
    monkeypatch.setattr(own_graph_checks, "ALL_SECONDS", 0.0)
    checks = list(behaviour(Asked(Graph(), N_ITEMS, HISTORIES, until=time.monotonic() - 1)))
    assert "the limit here" in checks[0].came


def test_histories_are_short_and_long_and_hold_the_last_column():
    X = csr_array(np.tri(9, 30, 5, dtype=np.float32))
    found = probes(X, 30)
    assert [len(row) for row in found][-1] == 0
    assert any(29 in row for row in found)
    assert max(map(len, found)) <= 22
    assert probes(csr_array((0, 5), dtype=np.float32), 5)[0].size


def declared(**changed_ends):
    inputs = [
        End("items", "tensor(int64)", (None, None)),
        End("weights", "tensor(float)", (None, None)),
        End("candidates", "tensor(bool)", (N_ITEMS,)),
        End("exclude_seen", "tensor(bool)", ()),
        End("k", "tensor(int64)", ()),
    ]
    outputs = [End("ranked", "tensor(int64)", (None, None)), End("scores", "tensor(float)", (None, None))]
    outputs += [End("all_scores", "tensor(float)", (None, N_ITEMS))]
    inputs = [changed_ends.get(one.name, one) for one in inputs] + changed_ends.get("more", [])
    outputs = [changed_ends.get(one.name, one) for one in outputs]
    checks = ends([one for one in inputs if one], [one for one in outputs if one], N_ITEMS)
    return "; ".join(check.came for check in checks if not check.passed)


@pytest.mark.parametrize(
    ("changes", "came"),
    [
        ({}, ""),
        ({"candidates": End("candidates", "tensor(bool)", (None,))}, ""),
        ({"k": None}, "no k"),
        ({"all_scores": None}, "no all_scores"),
        ({"more": [End("users", "tensor(int64)", (None,))]}, "users, which is none of ours"),
        ({"items": End("items", "tensor(float)", (None, None))}, "items is tensor(float)"),
        ({"scores": End("scores", "tensor(double)", (None, None))}, "scores is tensor(double)"),
        ({"k": End("k", "tensor(int64)", (1,))}, "k has 1 axes"),
        ({"items": End("items", "tensor(int64)", (1, None))}, "items is fixed to 1 along axis 0, in place of any"),
        ({"candidates": End("candidates", "tensor(bool)", (61,))}, "candidates is fixed to 61 along axis 0"),
        ({"all_scores": End("all_scores", "tensor(float)", (None, 9))}, "all_scores is fixed to 9 along axis 1"),
        ({"ranked": End("ranked", "tensor(int64)", (None, 20))}, "ranked is fixed to 20 along axis 1, in place of any"),
    ],
)  # fmt: skip
def test_what_a_graph_declares_is_compared_with_the_contract(changes, came):
    assert came in declared(**changes) if came else declared(**changes) == ""


# In its process


@pytest.fixture
def here(monkeypatch):
    """Graphs run in this process: what is tested is what is asked of them."""
    monkeypatch.setattr("zoo.own_graph_model.Worker", Here)


def examined(dataset, content, **options):
    return examine(content, "Mine", "yours", dataset, Settings(provider="cpu"), **options)


def failures(found):
    return {check.title: check for check in found.checks if check.passed is False}


def test_a_good_graph_becomes_a_model_like_any_other(dataset):
    found = examined(dataset, graph())
    assert not failures(found)
    expected = np.argsort(-(TABLE[[3, 4]].sum(axis=0) + BIAS), kind="stable")
    expected = expected[~np.isin(expected, [3, 4, 9])][:10]
    found_lists = recommend(found.model, [Taste((3, 4))], k=11).ranked[0]
    assert [item for item in found_lists if item != 9][:10] == expected.tolist()
    assert lists_of(found.model, dataset.test).shape == (len(dataset.test), N_ITEMS)
    assert recommend(found.model, [Taste((3, 4), dislikes=(9,))], k=5).ranked.shape == (1, 5)
    found.model.close()


def test_columns_in_another_order_are_translated(dataset, here):
    order = np.random.default_rng(1).permutation(N_ITEMS)  # graph column j is our column order[j]
    table, bias = np.zeros_like(TABLE), BIAS[order]
    table[:-1] = TABLE[:-1][np.ix_(order, order)]
    found = examined(dataset, graph(weights={"table": table, "bias": bias}), order=order)
    plain = examined(dataset, graph())
    assert not failures(found)
    X = dataset.test.fold_in
    allowed = np.arange(N_ITEMS) % 2 == 0
    for options in ({}, {"candidates": allowed}, {"exclude_seen": False}):
        a, b = (one.model.run(X, k=9, outputs=("ranked", "all_scores"), **options) for one in (found, plain))
        np.testing.assert_array_equal(a["ranked"], b["ranked"])
        np.testing.assert_allclose(a["all_scores"], b["all_scores"], atol=1e-4)
    for one in (found, plain):
        one.model.close()


def test_the_example_in_the_documentation_passes_every_check(dataset, here, tmp_path, monkeypatch):
    code = CONTRACT.read_text().partition("## Bring your own")[2].partition("```python\n")[2].partition("```")[0]
    assert "I = 1375" in code
    monkeypatch.chdir(tmp_path)
    exec(code.replace("I = 1375", f"I = {N_ITEMS}"), {"__name__": "example"})
    found = examined(dataset, (tmp_path / "mine.onnx").read_bytes())
    assert not failures(found)
    assert len([line for line in code.splitlines() if line.strip()]) < 45
    found.model.close()


def test_the_example_that_the_page_gives_passes_every_check(dataset, here):
    """The graph of popularity as it is published."""
    with dataset.model("popularity") as folder:
        found = examined(dataset, (folder.path / "model.onnx").read_bytes())
    assert not failures(found)
    found.model.close()


def rename(made):
    made.graph.input[-1].name = "list_length"
    for node in made.graph.node:
        node.input[:] = ["list_length" if name == "k" else name for name in node.input]


def lose(made):
    del made.graph.output[2]


HOSTILE = {
    "another input": (changed(rename), "Inputs", "no k; list_length, which is none of ours"),
    "wrong type": (graph(("int64[B, L] items", "int32[B, L] items")), "Inputs", "items is tensor(int32)"),
    "missing output": (changed(lose), "Outputs", "no all_scores"),
    "other catalogue": (graph(n_items=61), "Inputs", "candidates is fixed to 61 along axis 0, in place of 60"),
    "nan": (graph(weights={"bias": np.full(N_ITEMS, np.nan, np.float32)}), "Finite scores", "360 scores are not"),
    "padding": (graph(("Mul (gathered, column)", "Identity (gathered)"), weights={"table": np.ones_like(TABLE)}),
                "Padding", "seven places of padding behind a history changed its scores"),
    "k ignored": (graph(("TopK <axis = 1> (masked, length)", "TopK <axis = 1> (masked, twenty)"),
                        ("  fits = Min", "  twenty = Constant <value = int64[1] {20}> ()\n  fits = Min")),
                  "Outputs", "ranked is fixed to 20 along axis 1"),
    "seen": (graph(("hidden = And (seen, exclude_seen)", "hidden = And (seen, never)"),
                   ("  seen = Greater", "  never = Constant <value = bool {0}> ()\n  seen = Greater")),
             "Only what is new", "is in the history and in the list"),
    "unbounded k": (graph(("fits = Min (k, most)", "fits = Identity (k)")), "List length",
                    "ONNX Runtime cannot run Mine"),
    "too few rows": (graph(weights={"table": TABLE[:30]}), "Answers for this catalogue",
                     "ONNX Runtime cannot run Mine: "),
    "no such kind": (graph(("Gather (table, items)", "Gather (table, weights)")), "Loads",
                     "ONNX Runtime cannot run Mine: "),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_graph_with_a_fault_is_refused_with_a_sentence_for_it(dataset, here, name):
    refused(dataset, *HOSTILE[name])


@pytest.mark.parametrize("name", ["nan", "too few rows", "no such kind"])
def test_the_sentence_is_the_same_from_a_process_of_its_own(dataset, name):
    refused(dataset, *HOSTILE[name])


def refused(dataset, content, title, came):
    found = examined(dataset, content)
    assert found.model is None
    check = failures(found)[title]
    assert came in check.came
    assert check.expected
    assert check.mend
    assert "/" not in check.came.replace("B / s", "")  # no path of the server


def bomb(*lines):
    """The good graph, whose scores also add a number that takes very much to compute."""
    return (
        (
            "all_scores = Add (summed, bias)",
            "\n  ".join([*lines, "plain = Add (summed, bias)", "all_scores = Add (plain, heavy)"]),
        ),
    )


ALLOCATE = bomb(
    "huge = Constant <value = int64[2] {60000, 60000}> ()",
    "big = ConstantOfShape <value = float[1] {0.0}> (huge)",
    "heavy = ReduceSum <keepdims = 0> (big)",
)  # fmt: skip
TILED = bomb(
    "times = Constant <value = int64[2] {2000000, 5}> ()",
    "seed = Unsqueeze (bias, axis0)",
    "big = Tile (seed, times)",
    "heavy = ReduceSum <keepdims = 0> (big)",
)  # fmt: skip
EXPANDED = bomb(
    "to = Constant <value = int64[2] {90000000, 60}> ()",
    "big = Expand (bias, to)",
    "all = ReduceSum <keepdims = 0> (big)",
    "heavy = Identity (all)",
)  # fmt: skip


@pytest.mark.parametrize("lines", [ALLOCATE, TILED, EXPANDED], ids=["ConstantOfShape", "Tile", "Expand"])
def test_a_memory_bomb_ends_in_its_own_process(dataset, lines):
    found = examined(dataset, graph(*lines), bounds=Bounds(seconds=5.0, bytes=400 * 2**20))
    assert found.model is None
    told = " ".join(check.came for check in failures(found).values())
    assert "more than 400 MB of memory" in told, told


SLOW = bomb(
    "many = Constant <value = int64[2] {4000, 4000}> ()",
    "one_a = ConstantOfShape <value = float[1] {0.001}> (many)",
    "first = ReduceSum <keepdims = 0> (weights)",
    "a0 = Mul (one_a, first)",
    *(f"a{place + 1} = MatMul (a{place}, a{place})" for place in range(40)),
    "summed_up = ReduceMax <keepdims = 0> (a40)",
    "zero = Constant <value = float {0.0}> ()",
    "heavy = Mul (summed_up, zero)",
)


def test_a_graph_that_takes_for_ever_is_ended(dataset):
    started = time.monotonic()
    found = examined(dataset, graph(*SLOW), bounds=Bounds(seconds=4.0))
    assert "took longer than 4 seconds to answer" in failures(found)["Answers for this catalogue"].came
    assert time.monotonic() - started < 60  # not the minutes that it would take


def test_a_full_disk_is_said_and_is_nobodys_fault(dataset, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    unseen = []
    monkeypatch.setattr(sys, "unraisablehook", unseen.append)
    monkeypatch.setattr("zoo.own_graph_worker.tempfile.TemporaryFile", full)
    found = examined(dataset, graph())
    assert "no room for another model" in failures(found)["Loads"].came
    assert found.model is None
    gc.collect()
    assert not unseen


def test_external_data_and_nesting_never_reach_the_runtime(dataset, monkeypatch):
    monkeypatch.setattr("zoo.own_graph_model.Worker", None)  # to start one would raise

    def outside(made):
        tensor = made.graph.initializer[0]
        tensor.data_location = TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", "/etc/passwd"

    assert "Weights inside the file" in failures(examined(dataset, changed(outside)))
    assert "An ONNX model" in failures(examined(dataset, nested(100)))
    loop = changed(lambda made: made.graph.node.append(helper.make_node("Loop", [], [])))
    found = examined(dataset, loop)
    assert "No loops" in failures(found)
    assert sum(check.passed is None for check in found.checks) == 3 + len(QUESTIONS)  # and every other is listed


def test_a_format_of_onnx_runtime_itself_is_not_read(dataset):
    """ "ORTM" in the right place makes ONNX Runtime take bytes for its own format, whose operators nobody looked at."""
    found = examined(dataset, b"\x72\x06\x08\x00ORTM" + graph()[2:])
    assert found.model is None


# What is left of it


def worker(**bounds):
    made = Worker(graph(), "Mine", Bounds(**bounds))
    made.describe()
    return made


def test_a_process_ends_with_its_worker():
    one = worker()
    pid = one.pid
    assert alive(pid)
    one.stop()
    assert not alive(pid)
    with pytest.raises(Broken, match="not started again"):
        one.describe()


def test_one_that_is_stopped_while_it_answers_ends_at_once():
    one, told = Worker(graph(*SLOW), "Mine", Bounds(seconds=300.0)), []
    one.describe()
    pid = one.pid

    def ask():
        with pytest.raises(Broken) as broken:
            one.ask(("ranked",), FEEDS, 2**20)
        told.append(str(broken.value))

    asking = threading.Thread(target=ask)
    asking.start()
    while not told and not one._lock.locked():
        time.sleep(0.01)
    one.stop()
    asking.join(60)
    assert not alive(pid)
    assert told


def test_a_server_that_can_start_no_process_says_so(monkeypatch):
    def full(*_, **__):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    one = Worker(graph(), "Mine", Bounds())
    with monkeypatch.context() as patched:
        patched.setattr("zoo.own_graph_worker.subprocess.Popen", full)
        with pytest.raises(Broken, match="too busy to start Mine"):
            one.describe()
    assert one.describe()[0]
    one.stop()


SERVER = """
import sys
import numpy as np
from pathlib import Path
from zoo.own_graph_worker import Bounds, Worker
one = Worker(Path(sys.argv[1]).read_bytes(), "Mine", Bounds(seconds=300.0))
one.describe()
print(one.pid, flush=True)
feeds = {"items": np.array([[3]]), "weights": np.ones((1, 1), np.float32), "candidates": np.ones(60, bool)}
one.ask(("ranked",), feeds | {"exclude_seen": np.array(True), "k": np.array(5)}, 2**20)
"""


@pytest.mark.faults
def test_a_process_ends_in_the_middle_of_an_answer_when_the_server_is_killed(tmp_path):
    (tmp_path / "slow.onnx").write_bytes(graph(*SLOW))
    command = [sys.executable, "-c", SERVER, str(tmp_path / "slow.onnx")]
    with subprocess.Popen(command, cwd=CONTRACT.parent.parent, stdout=subprocess.PIPE, text=True) as server:
        pid = int(server.stdout.readline())
        began = _processor(pid)
        while _processor(pid) < began + 20:  # hundredths of a second: it computes
            time.sleep(0.02)
        server.kill()
    until = time.monotonic() + 60
    while _processor(pid) is not None and time.monotonic() < until:
        time.sleep(0.02)
    assert _processor(pid) is None


def _processor(pid):
    """Ticks of processor time of a process; None where it has ended."""
    try:
        facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it ended before the file was opened, or before it was read
        return None
    return None if facts[0] == "Z" else int(facts[11]) + int(facts[12])


def test_a_process_ends_when_nobody_holds_its_worker():
    one = worker()
    pid = one.pid
    del one
    gc.collect()
    assert not alive(pid)


FEEDS = {
    "items": np.array([[3]]),
    "weights": np.ones((1, 1), np.float32),
    "candidates": np.ones(N_ITEMS, bool),
    "exclude_seen": np.array(True),
    "k": np.array(5),
}


def test_a_process_that_dies_is_one_sentence_and_the_next_question_starts_another():
    one = worker()
    first = one.ask(("ranked",), FEEDS, 2**20)[0]
    os.kill(one.pid, 9)
    with pytest.raises(Broken, match="Mine broke off"):
        one.ask(("ranked",), FEEDS, 2**20)
    np.testing.assert_array_equal(one.ask(("ranked",), FEEDS, 2**20)[0], first)
    one._deaths = own_graph_worker.MOST_DEATHS
    with pytest.raises(Broken, match="not started again"):
        one.ask(("ranked",), FEEDS, 2**20)


def test_only_so_many_processes_are_alive_and_the_others_start_again_when_asked(monkeypatch):
    monkeypatch.setattr(own_graph_worker, "MOST_ALIVE", 2)
    three = [worker() for _ in range(3)]
    assert three[0].pid is None
    assert three[0].ask(("ranked",), FEEDS, 2**20)[0].shape == (1, 5)
    assert [one.pid is None for one in three] == [False, True, False]
    assert own_graph_worker.alive() >= 2
    for one in three:
        one.stop()


def test_the_process_knows_no_secret_and_can_write_nothing(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    one = worker(bytes=300 * 2**20)
    environment = open(f"/proc/{one.pid}/environ", "rb").read()  # noqa: SIM115
    limits = open(f"/proc/{one.pid}/limits").read()  # noqa: SIM115
    assert b"hush" not in environment
    assert "Max file size             0" in limits
    assert [line for line in limits.splitlines() if line.startswith("Max address space") and "unlimited" not in line]
    one.stop()


def test_answers_are_checked_each_time_they_come(dataset, here):
    """A graph may pass every question, and answer another history with columns that do not exist."""
    found = examined(dataset, graph())
    ask = found.model._worker.ask
    found.model._worker.ask = lambda *question: [array + 1000 for array in ask(*question)]
    with pytest.raises(Exception, match="recommended an item that the catalogue does not have"):
        recommend(found.model, [Taste((3,))])
    found.model._worker.ask = lambda *question: [array[:, :3] for array in ask(*question)]
    with pytest.raises(Exception, match=r"gave ranked as int64 \[1, 3\] this time"):
        recommend(found.model, [Taste((3,))])
    found.model.close()


# The order of its columns


def test_an_order_is_read_from_a_table_of_ids(dataset):
    ids = dataset.catalogue.items["item_id"]
    order = np.random.default_rng(3).permutation(N_ITEMS)
    table = dataset.catalogue.items.select("title", "item_id")[order].write_csv().encode()
    found = read_order(table, "order.csv", dataset, Limits(), seconds=20, bytes=2**30)
    np.testing.assert_array_equal(found, order)
    facts = {"name": "order.csv", "bytes": 2**20, "rows": 1000}
    assert decode(facts, {"file": table})[1]["ids"].decode().split("\n")[0] == str(ids[int(order[0])])


def test_an_order_that_is_none_is_refused_with_what_is_wrong(dataset):
    ids = dataset.catalogue.items["item_id"].cast(str)
    with pytest.raises(DataError, match="does not have, such as 'nobody'"):
        order_of(ids.replace(ids[5], "nobody"), dataset, "order.csv")
    with pytest.raises(DataError, match="names 1 items twice"):
        order_of(ids.replace(ids[5], ids[6]), dataset, "order.csv")
    with pytest.raises(DataError, match="names 59 items; the graph has a column for each of 60"):
        order_of(ids[:-1], dataset, "order.csv")


def test_the_graphs_here_are_graphs():
    onnx.checker.check_model(onnx.load_from_string(graph()))
