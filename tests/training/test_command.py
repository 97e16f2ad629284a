"""From a file to a data set in the zoo: what `prepare` reads, splits and writes down."""

import argparse
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.world import write_world
from training.command import prepare
from zoo.arguments import add_training_arguments
from zoo.errors import DataError

RULES = ("strong:3", "leave-last-out", "temporal:0.1", "cold-items:3", "column:part")


@pytest.fixture(scope="module")
def labelled(tmp_path_factory) -> Path:
    """The made-up film world, with a column that says what each row is for."""
    folder = tmp_path_factory.mktemp("labelled") / "world"
    write_world(folder)
    rows = pl.read_csv(folder / "interactions.csv")
    part = np.random.default_rng(0).choice(["train", "validation", "test"], len(rows), p=(0.8, 0.1, 0.1))
    rows.with_columns(part=pl.Series(part)).write_csv(folder / "interactions.csv")
    return folder


def prepared(data: Path, zoo: Path, rule: str):
    parser = argparse.ArgumentParser()
    add_training_arguments(parser, models=False)
    return prepare(parser.parse_args(["--data", str(data), "--out", str(zoo), "--split", rule]))


@pytest.mark.parametrize("rule", [rule + fold for rule in RULES for fold in ("", "@2/3")])
def test_what_was_split_by_any_rule_comes_back_from_disk_with_its_leak_checks(labelled, tmp_path, rule):
    dataset, parts = prepared(labelled, tmp_path, rule)
    assert dataset.info.split == rule
    assert dataset.info.leak_checks == parts.leak_checks
    assert len(dataset.info.leak_checks) >= 3
    assert set(dataset.info.leak_checks.values()) == {0}
    assert (dataset.train != parts.train).nnz == 0
    for there, made in ((dataset.validation, parts.validation), (dataset.test, parts.test)):
        assert there.user_idx.tolist() == made.user_idx.tolist()
        for name in ("fold_in", "held_out", "masked"):
            assert (getattr(there, name) != getattr(made, name)).nnz == 0


def test_a_rule_that_does_not_exist_is_refused_before_the_file_is_read(tmp_path):
    (tmp_path / "interactions.csv").write_text("no table at all")
    with pytest.raises(DataError, match="no split rule 'random'"):
        prepared(tmp_path, tmp_path / "zoo", "random")
