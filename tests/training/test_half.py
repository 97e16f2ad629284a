import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto
from torch import nn

from tests.conftest import QUICK, menagerie, train
from training.half import rounded
from training.scorers import Neighbours
from zoo.parity import FILE, check
from zoo.registry import Zoo
from zoo.runtime import Runtime
from zoo.settings import Settings

MODELS = ("item_knn", "ease", "variational", "two_tower_id")


@pytest.fixture(scope="module")
def half_zoo(world, tmp_path_factory):
    zoo = tmp_path_factory.mktemp("half")
    settings = [setting for name in MODELS for setting in QUICK[name]]
    train(zoo, world, *MODELS, "--float16", "--set", *settings)
    return zoo


def test_rounding_changes_large_weights_only_and_leaves_the_model_alone():
    model = nn.Linear(64, 64)
    with torch.no_grad():
        model.bias.fill_(1 / 3)
    copy = rounded(model)
    assert torch.equal(copy.weight, model.weight.half().float())
    assert not torch.equal(copy.weight, model.weight)
    assert torch.equal(copy.bias, model.bias)


@pytest.mark.parametrize("name", MODELS)
def test_half_weights_are_half_as_long_and_served_as_they_were_rounded(half_zoo, tiny_zoo, name):
    half, full = (Zoo(zoo).dataset("tiny").model(name) for zoo in (half_zoo, tiny_zoo))
    assert half.card.details["weights"] == "float16"
    assert 0 < half.card.details["moved_by_rounding"] < 5e-3
    assert half.card.parity.relative_difference < 1e-5
    assert check(Runtime(Settings()).load(half), half.path / FILE).relative_difference < 1e-5
    assert weight_bytes(half.path) == pytest.approx(weight_bytes(full.path) / 2, rel=0.15)
    for metric, interval in (half.card.metrics or {}).items():
        assert full.card.metrics[metric].low <= interval.mean <= full.card.metrics[metric].high


def test_columns_of_neighbours_stay_whole_numbers():
    columns = torch.tensor([[2049, 0], [40_980, 4097]])  # float16 knows neither 2,049 nor 4,097
    copy = rounded(Neighbours(columns, torch.tensor([[1 / 3, 0.0], [0.1, 0.5]])))
    assert copy.columns.tolist() == columns.tolist()
    assert copy.similarities[0, 0] == torch.tensor(1 / 3).half().float()


def test_verify_runs_half_weights_too(half_zoo):
    assert menagerie("verify", str(half_zoo)).stdout.count("ok      tiny/") == len(MODELS)


def weight_bytes(folder) -> int:
    graph = onnx.load(folder / "model.onnx", load_external_data=False).graph
    sizes = {TensorProto.FLOAT: 4, TensorProto.FLOAT16: 2}
    return sum(sizes.get(tensor.data_type, 0) * int(np.prod(tensor.dims)) for tensor in graph.initializer)
