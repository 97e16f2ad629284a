import dataclasses
import importlib

import pytest

from training.model import Run, Step, setting
from training.table import MODELS


@dataclasses.dataclass(frozen=True)
class Config:
    rate: float = setting(0.5, "A share.", low=0.0, high=1.0)


def test_a_setting_carries_its_help_and_its_range():
    (field,) = dataclasses.fields(Config)
    assert Config().rate == field.default == 0.5
    assert dict(field.metadata) == {"doc": "A share.", "low": 0.0, "high": 1.0, "choices": None}


def test_a_run_tells_its_steps_to_whoever_watches():
    seen = []
    Run(progress=seen.append).report(Step(1, 2))
    Run().report(Step(2, 2))  # nobody watches
    assert seen == [Step(1, 2)]


@pytest.mark.parametrize(("name", "module"), MODELS.items())
def test_every_row_of_the_table_is_a_model_file(name, module):
    model = importlib.import_module(module)
    assert model.ABOUT.name == name
    assert callable(model.fit)
    assert callable(model.main)
    for field in dataclasses.fields(model.Config):
        value, low, high, choices = field.default, *(field.metadata[key] for key in ("low", "high", "choices"))
        assert field.metadata["doc"].endswith(".")
        assert low is None or low <= value
        assert high is None or value <= high
        assert choices is None or value in choices


@pytest.mark.parametrize(("name", "module"), MODELS.items())
def test_every_model_file_says_what_it_computes_and_how_to_run_it(name, module):
    text = importlib.import_module(module).__doc__
    assert f"menagerie train {name} --data" in text
    assert f"python -m {module} --help" in text
    assert "Expected:" in text
    assert "TODO" not in text
