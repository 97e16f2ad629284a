"""Adam and the running mean, on all rows of a table and on those that an update touched."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from training.updates import Updates

N, H = 6, 3
CONFIG = SimpleNamespace(learning_rate=0.1, l2=0.5, averaging=0.7)
TARGETS = torch.randn(8, N, H, generator=torch.Generator().manual_seed(0))


class Table(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.randn(N, H, generator=torch.Generator().manual_seed(1)))
        self.bias = nn.Parameter(torch.zeros(H))


def distance(table, bias, target):
    return (table + bias - target).square().sum()


def by_pytorch(n_updates):
    """AdamW and AveragedModel, written down independently."""
    model = Table()
    mean = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(CONFIG.averaging))
    groups = [{"params": [model.table], "weight_decay": CONFIG.l2}, {"params": [model.bias], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=CONFIG.learning_rate)
    for target in TARGETS[:n_updates]:
        optimizer.zero_grad()
        distance(model.table, model.bias, target).backward()
        optimizer.step()
        mean.update_parameters(model)
    return model, mean.module


def by_us(rows_of_updates):
    model = Table()
    updates = Updates(model, CONFIG, ["table"])
    for rows, target in zip(rows_of_updates, TARGETS, strict=False):
        taken = updates.tables["table"].take(np.array(rows))
        updates.step(distance(taken, model.bias, target[rows]))
    return model, updates


@pytest.mark.parametrize("n_updates", [1, 2, 8])
@pytest.mark.parametrize("touched", [(), ("table",)])
def test_all_weights_move_as_under_adamw_and_their_mean_as_an_averaged_model(n_updates, touched):
    model = Table()
    updates = Updates(model, CONFIG, touched)
    for target in TARGETS[:n_updates]:
        table = updates.tables["table"].take(np.arange(N)) if touched else model.table
        updates.step(distance(table, model.bias, target))
    expected, expected_mean = by_pytorch(n_updates)
    for found, wanted in ((model, expected), (updates.up_to_date(), expected_mean)):
        torch.testing.assert_close(found.table, wanted.table)
        torch.testing.assert_close(found.bias, wanted.bias)


def test_rows_that_are_not_taken_stay_where_they_are():
    model, updates = by_us([[0, 2], [2, 5]])
    assert torch.equal(model.table[[1, 3, 4]], Table().table[[1, 3, 4]])
    assert torch.equal(updates.up_to_date().table[[1, 3, 4]], Table().table[[1, 3, 4]])
    assert not torch.isclose(model.table[[0, 2, 5]], Table().table[[0, 2, 5]]).any(dim=1).all()


def test_the_mean_of_a_row_that_stood_still_is_that_of_every_update():
    """Row 0 is touched at updates 1, 2 and 6 of 8; its mean, computed update by update."""
    rows = [[0, 1], [0], [1], [1, 2], [3], [0, 3], [1], [2]]
    model, mean = Table(), None
    updates = Updates(model, CONFIG, ["table"])
    for taken_rows, target in zip(rows, TARGETS, strict=True):
        taken = updates.tables["table"].take(np.array(taken_rows))
        updates.step(distance(taken, model.bias, target[taken_rows]))
        now = model.table.detach().clone()
        mean = now if mean is None else CONFIG.averaging * mean + (1 - CONFIG.averaging) * now
    torch.testing.assert_close(updates.up_to_date().table, mean)
    torch.testing.assert_close(updates.up_to_date().table, mean)  # asking again changes nothing


def test_the_mean_may_be_asked_for_between_updates():
    rows = [[0, 1], [0], [1], [1, 2], [3], [0, 3], [1], [2]]
    _, once = by_us(rows)
    model = Table()
    updates = Updates(model, CONFIG, ["table"])
    for taken_rows, target in zip(rows, TARGETS, strict=True):
        updates.step(distance(updates.tables["table"].take(np.array(taken_rows)), model.bias, target[taken_rows]))
        updates.up_to_date()
    torch.testing.assert_close(updates.mean.table, once.up_to_date().table)


def test_decay_that_a_row_missed_comes_when_it_is_touched():
    """Without a gradient only the decay moves it: (1 - rate l2) per update, whether touched at each or at the last."""
    model, start = Table(), Table().table.detach()
    updates = Updates(model, CONFIG, ["table"])
    for rows in ([0, 1], [0], [0], [0, 1]):
        updates.step(0.0 * updates.tables["table"].take(np.array(rows)).sum() + 0.0 * model.bias.sum())
    torch.testing.assert_close(model.table[:2], start[:2] * (1 - CONFIG.learning_rate * CONFIG.l2) ** 4)


def test_a_row_s_own_means_do_not_fade_while_it_stands_still():
    """As PyTorch's SparseAdam: the same weights, without decay."""
    config = copy.copy(CONFIG)
    config.l2 = 0.0
    model, theirs = Table(), nn.Embedding.from_pretrained(Table().table.detach(), freeze=False, sparse=True)
    updates, sparse = Updates(model, config, ["table"]), torch.optim.SparseAdam(theirs.parameters(), lr=0.1)
    for rows, target in zip([[0, 1], [0], [1, 4], [0, 1]], TARGETS, strict=False):
        updates.step(distance(updates.tables["table"].take(np.array(rows)), model.bias.detach(), target[rows])
                     + 0.0 * model.bias.sum())  # fmt: skip
        sparse.zero_grad()
        distance(theirs(torch.tensor(rows)), 0.0, target[rows]).backward()
        sparse.step()
    torch.testing.assert_close(model.table, theirs.weight)
