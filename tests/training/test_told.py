"""What a program that watches a training is told, and what it is told beforehand."""

import argparse
import json
import resource
from pathlib import Path

import polars as pl
import pytest
import torch

from training import ahead, command, ease
from training.ahead import offers
from training.memory import available_bytes
from training.model import Step
from training.told import Told
from zoo.arguments import add_training_arguments
from zoo.errors import DataError


def read(path: Path) -> dict:
    return json.loads(path.read_bytes())


def options(data: Path, *more: str, models: bool = False) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_training_arguments(parser, models=models)
    return parser.parse_args([f"--data={data}", f"--out={data.parent / 'zoo'}", *more])


def test_a_watcher_who_comes_late_knows_all_that_was_told(tmp_path):
    told = Told(tmp_path / "progress.json", ["ease", "popularity"])
    assert read(tmp_path / "progress.json") == {
        "data": None,
        "models": {"ease": {"state": "waiting"}, "popularity": {"state": "waiting"}},
    }
    told.data(users=3, items=2)
    told.model("ease", "fitting")
    told.step("ease", Step(1, 4, "epoch", 0.5, 0.25))
    found = read(tmp_path / "progress.json")
    assert found["data"] == {"users": 3, "items": 2}
    step = {"done": 1, "total": 4, "unit": "epoch", "loss": 0.5, "validation": 0.25}
    assert found["models"] == {"ease": {"state": "fitting"} | step, "popularity": {"state": "waiting"}}
    assert [path.name for path in tmp_path.iterdir()] == ["progress.json"]


def test_of_many_steps_in_a_moment_the_first_and_the_last_are_told(tmp_path):
    told, path = Told(tmp_path / "p.json", ["ease"]), tmp_path / "p.json"
    seen = []
    for done in range(1, 1001):
        told.step("ease", Step(done, 1000))
        seen.append(read(path)["models"]["ease"]["done"])
    assert seen[0] == 1
    assert seen[-1] == 1000
    assert len(set(seen)) < 100


def test_where_nothing_can_be_written_training_goes_on(tmp_path):
    told = Told(tmp_path / "gone" / "progress.json", ["ease"])
    told.step("ease", Step(1, 1))
    Told(None, ["ease"]).model("ease", "done")
    assert list(tmp_path.iterdir()) == []


def test_a_training_keeps_its_file_up_to_date(world, tmp_path):
    path = tmp_path / "progress.json"
    asked = (f"--progress={path}", f"--out={tmp_path / 'zoo'}", "--name=films")
    command.train(options(world / "interactions.csv", "popularity", *asked, models=True), ["popularity"])
    found = read(path)
    assert found["data"] == {"users": 240, "items": 60, "test_users": 24}
    assert found["models"]["popularity"]["state"] == "done"
    assert found["models"]["popularity"]["seconds"] >= 0


def test_what_models_need_is_known_before_anything_is_trained(world, tmp_path):
    found = {one["name"]: one for one in offers(options(world))}
    assert list(found)[:2] == ["popularity", "item_knn"]
    assert all(one["problem"] is None for one in found.values())
    assert found["ease"]["bytes"] == ease.plan(command.understood(options(world))[3].train, ease.Config(), CPU).bytes
    assert found["ease_sparse"]["by_name"]
    assert "memory-based" in found["two_tower_id"]["note"]
    assert not (world.parent / "zoo").exists()
    bare = tmp_path / "bare.csv"
    pl.read_csv(world / "interactions.csv").write_csv(bare)
    bare = {one["name"]: one["problem"] for one in offers(options(bare))}
    assert [name for name, problem in bare.items() if problem] == [
        "two_tower_text", "two_tower_image", "two_tower_mixed",
    ]  # fmt: skip


def test_a_model_that_does_not_fit_is_said_beforehand(world, monkeypatch):
    monkeypatch.setattr(ahead, "available_bytes", lambda device: 1000)
    found = {one["name"]: one["problem"] for one in offers(options(world))}
    assert "EASE on 60 items needs" in found["ease"]
    assert found["popularity"] is None


def test_data_that_cannot_be_read_is_no_offer(tmp_path):
    (tmp_path / "a.csv").write_text("who,what\n1,2\n")
    with pytest.raises(DataError, match="no column for the user"):
        offers(options(tmp_path / "a.csv"))


def test_what_may_be_allocated_is_bounded_by_the_limit_of_this_process():
    before, held = resource.getrlimit(resource.RLIMIT_DATA), available_bytes(CPU)
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (held // 2, before[1]))
        assert 0 < available_bytes(CPU) < held // 2
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


CPU = torch.device("cpu")
