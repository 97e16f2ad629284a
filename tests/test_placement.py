import re

from tests.small_zoo import write_small_zoo
from zoo.diagnosis import where_models_run
from zoo.placement import CPU, CUDA, Placement
from zoo.registry import Zoo
from zoo.settings import Settings

MIXED = Placement.of([CUDA, CPU], [(CPU, "Shape"), (CUDA, "TopK"), (CPU, "Gather"), (CPU, "Gather"), (CUDA, "MatMul")])


def test_the_provider_is_the_best_one_that_runs_anything():
    assert MIXED.provider == CUDA
    assert Placement.of([CUDA, CPU], [(CPU, "TopK")]).provider == CPU  # asked for, and it took nothing


def test_a_mixed_graph_says_what_runs_elsewhere():
    assert MIXED.mixed
    assert MIXED.nodes == {CUDA: {"TopK": 1, "MatMul": 1}, CPU: {"Gather": 2, "Shape": 1}}
    assert MIXED.sentence() == "2 of 5 nodes run on the GPU; on the CPU: 2 Gather, Shape"


def test_a_graph_in_one_place_says_so():
    whole = Placement.of([CPU], [(CPU, "TopK")] * 3)
    assert not whole.mixed
    assert whole.sentence() == "all 3 nodes run on the CPU"
    assert Placement.of(["OtherProvider"], [("OtherProvider", "Add")]).sentence() == "all 1 nodes run on OtherProvider"


def test_a_graph_of_nothing_runs_on_the_cpu():
    empty = Placement.of([CPU], [])
    assert (empty.provider, empty.mixed, empty.sentence()) == (CPU, False, "all 0 nodes run on the CPU")


def test_doctor_tries_the_smallest_model_and_says_where_it_ran(tmp_path):
    zoo = Zoo(write_small_zoo(tmp_path))
    assert re.fullmatch(
        r"tiny/popularity: all \d+ nodes run on the CPU", where_models_run(zoo, Settings(provider="cpu"))
    )
    assert where_models_run(Zoo(tmp_path / "nothing"), Settings(provider="cpu")) is None
