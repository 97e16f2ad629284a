import io
import math

import numpy as np
import pytest
import torch
from rich.console import Console
from scipy.sparse import csr_array
from torch import nn

from training import loop
from training.model import Run, Step
from zoo.errors import ModelError
from zoo.metrics import ndcg_at_k
from zoo.split import Fold

N_ITEMS = 30


def random_fold(n_users=7, seed=0):
    """Users with about a third of the items shown, a third held out, a sixth masked; user 0 has nothing held out."""
    kind = np.random.default_rng(seed).integers(0, 6, size=(n_users, N_ITEMS))
    kind[0][kind[0] == 3] = 5
    kind[0][kind[0] == 4] = 5
    shown, held, masked = (csr_array(np.isin(kind, ks).astype(np.float32)) for ks in ((0, 1), (3, 4), (2,)))
    return Fold(np.arange(100, 100 + n_users), shown, held, masked)


def test_validation_agrees_with_the_metric_on_lists_ranked_by_hand(monkeypatch):
    fold = random_fold()
    scores = np.random.default_rng(1).standard_normal((7, N_ITEMS)).astype(np.float32)
    allowed = np.where((fold.fold_in + fold.masked).toarray() > 0, -np.inf, scores)
    ranked = np.argsort(-allowed, axis=1)
    ranked[np.take_along_axis(allowed, ranked, axis=1) == -np.inf] = -1
    expected = np.nanmean(ndcg_at_k(ranked, fold.held_out, 100))

    def answer(fold_in, user_idx):
        assert fold_in.shape[0] == len(user_idx)
        return torch.from_numpy(scores[user_idx - 100].copy())

    assert loop.validate(answer, fold) == pytest.approx(expected, rel=1e-12)
    monkeypatch.setattr(loop, "RANKING_BYTES", 3 * 4 * N_ITEMS)  # batches of three users
    assert loop.validate(answer, fold) == pytest.approx(expected, rel=1e-12)


def test_seen_and_masked_items_are_never_ranked():
    fold = random_fold()
    ranked = loop.best_unseen(torch.zeros(7, N_ITEMS), fold.fold_in, fold.masked, 100)
    hidden = (fold.fold_in + fold.masked).toarray() > 0
    for row, hides in zip(ranked, hidden, strict=True):
        assert set(row[row >= 0]) == set(np.flatnonzero(~hides))
        assert (row == -1).sum() == hides.sum()


def test_an_epoch_visits_everybody_once_in_another_order():
    rng = loop.seeded(0)
    batches = list(loop.shuffled(10, 4, rng))
    assert [len(batch) for batch in batches] == [4, 4, 2]
    first, second = np.concatenate(batches), np.concatenate(list(loop.shuffled(10, 4, rng)))
    assert sorted(first) == sorted(second) == list(range(10))
    assert first.tolist() != second.tolist()


def test_one_seed_fixes_both_generators():
    draws = []
    for seed in (3, 3, 4):
        rng = loop.seeded(seed)
        draws.append((rng.random(), torch.rand(1).item()))
    assert draws[0] == draws[1] != draws[2]


def test_sparse_rows_list_the_stored_entries():
    X = csr_array(np.array([[0, 2, 0], [0, 0, 0], [3, 0, 4]], dtype=np.float32))
    columns, rows, weights = loop.sparse_rows(X, torch.device("cpu"))
    assert (columns.tolist(), rows.tolist(), weights.tolist()) == ([1, 0, 2], [0, 2, 2], [2.0, 3.0, 4.0])


def test_the_part_of_a_fold_that_is_measured_has_something_held_out():
    fold = random_fold()
    assert loop.part_of(fold).user_idx.tolist() == [101, 102, 103, 104, 105, 106]
    assert loop.part_of(fold, np.array([0, 2])).user_idx.tolist() == [102]
    assert loop.part_of(fold, np.array([0])) is None
    assert loop.part_of(None) is None


def test_a_large_fold_is_thinned_evenly(monkeypatch):
    monkeypatch.setattr(loop, "VALIDATION_USERS", 3)
    part = loop.part_of(random_fold())
    assert part.user_idx.tolist() == [101, 103, 106]
    assert part.held_out.shape == part.fold_in.shape == part.masked.shape == (3, N_ITEMS)


class Weight(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(1))


def train(values, patience=2, losses=None):
    """Runs a loop whose weight in epoch n is n and whose validation is values[n - 1]; returns the watch."""
    watch = loop.Watch(Weight(), Run(), len(values), patience, learning_rate=0.1)
    for epoch, value in enumerate(values, start=1):
        watch.model.w.data.fill_(epoch)
        if watch.stop(losses[epoch - 1] if losses else 1.0, value):
            break
    watch.restore_best()
    return watch


def test_a_loop_stops_when_patience_ends_and_the_best_epoch_comes_back():
    watch = train([0.1, 0.3, 0.2, 0.25, 0.9], patience=2)
    assert len(watch.curve) == 4
    assert watch.best_epoch == 2
    assert watch.model.w.item() == 2.0


def test_without_validation_the_loop_runs_to_its_end_and_the_last_epoch_counts():
    watch = train([None] * 5, patience=1)
    assert len(watch.curve) == watch.best_epoch == 5
    assert watch.model.w.item() == 5.0


def test_the_curve_has_one_row_per_epoch():
    (first, second) = train([0.1, None], losses=[2.0, torch.tensor(1.5)]).curve
    assert (first["epoch"], first["loss"], first["validation"]) == (1, 2.0, 0.1)
    assert (second["epoch"], second["loss"], second["validation"]) == (2, 1.5, None)
    assert second["seconds"] >= 0.0


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stops_with_the_epoch_and_the_learning_rate(loss):
    with pytest.raises(ModelError, match=r"in epoch 2 at learning_rate 0\.1"):
        train([0.1, 0.1, 0.1], losses=[1.0, loss, 1.0])


def shown_on(terminal: bool, quiet=False) -> str:
    text = io.StringIO()
    console = Console(file=text, force_terminal=terminal, width=120, color_system=None)
    with loop.progress("EASE", quiet=quiet, console=console) as report:
        report(Step(1, 4, loss=2.5, validation=0.125))
        report(Step(4, 4, loss=1.25, validation=0.25))
    return text.getvalue()


def test_a_terminal_shows_a_bar_with_epoch_loss_and_metric():
    text = shown_on(terminal=True)
    assert "EASE" in text
    assert "4/4" in text
    assert "loss 1.2500" in text
    assert "nDCG@100 0.2500" in text


def test_without_a_terminal_there_are_plain_lines_now_and_then(monkeypatch):
    assert shown_on(terminal=False) == ""  # over before the first line was due
    monkeypatch.setattr(loop, "PLAIN_SECONDS", 0.0)
    lines = shown_on(terminal=False).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("EASE: epoch loss 2.5000 nDCG@100 0.1250, 1 of 4, at most ")


def test_quiet_is_silent():
    assert shown_on(terminal=True, quiet=True) == ""


def test_progress_goes_to_standard_error(capsys, monkeypatch):
    monkeypatch.setattr(loop, "PLAIN_SECONDS", 0.0)
    with loop.progress("EASE") as report:
        report(Step(1, 1, loss=1.0))
    out, err = capsys.readouterr()
    assert out == ""
    assert "EASE: epoch loss 1.0000" in err
