"""From a file to a data set in the zoo: what `prepare` reads, splits and writes down."""

import argparse
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

import zoo.evaluate
from tests.world import write_world
from training import export, popularity
from training.command import chosen_models, prepare, train
from training.model import Fitted
from training.scorers import SameForAll
from zoo.arguments import add_training_arguments
from zoo.errors import DataError
from zoo.registry import Zoo

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


def test_no_fit_is_shown_the_test_users_and_every_run_is_measured_on_them(labelled, tmp_path, monkeypatch):
    shown, measured = [], []

    def fit(X, config, run):
        shown.append((X, run.validation))
        scores = torch.rand(X.shape[1], generator=torch.Generator().manual_seed(run.seed))
        return Fitted(SameForAll(scores), curve=[], details={})

    def evaluate(model, fold, items):
        measured.append(fold)
        return zoo.evaluate.evaluate(model, fold, items)

    monkeypatch.setattr(popularity, "fit", fit)
    monkeypatch.setattr(export, "evaluate", evaluate)
    parser = argparse.ArgumentParser()
    add_training_arguments(parser)
    train(
        parser.parse_args(["popularity", "--data", str(labelled), "--out", str(tmp_path), "--seeds", "3"]),
        ["popularity"],
    )
    data = Zoo(tmp_path).dataset("world")
    assert len(shown) == 3
    for X, validation in shown:
        assert (data.train != X).nnz == 0
        assert validation.user_idx.tolist() == data.validation.user_idx.tolist()
        assert (validation.held_out != data.validation.held_out).nnz == 0
    assert len(measured) == 2  # the first one's figures come with its lists
    assert all(fold.user_idx.tolist() == data.test.user_idx.tolist() for fold in measured)
    assert data.model("popularity").card.runs["ndcg_at_100"].n == 3


def test_all_leaves_out_what_is_for_larger_catalogues_unless_it_is_named():
    assert "ease_sparse" not in chosen_models(["all"])
    assert chosen_models(["ease_sparse", "all"])[0] == "ease_sparse"
    assert chosen_models(["all", "ease", "ease"]) == chosen_models(["all"])
