"""Lists that are kept are the lists that were measured."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from zoo.errors import CardError
from zoo.evaluate import lists_of
from zoo.lists import FILE, stored_lists, write_lists
from zoo.metrics import recall_at_k
from zoo.registry import Zoo
from zoo.runtime import Runtime
from zoo.settings import Settings
from zoo.split import Fold


def fold_of(users):
    nothing = csr_array((len(users), 70_000), dtype=np.float32)
    return Fold(np.array(users), nothing, nothing, nothing)


@pytest.mark.parametrize("highest", [9, 69_999])
def test_what_is_written_is_read_small_columns_in_fewer_bytes(tmp_path, highest):
    ranked = np.array([[highest, 3, -1], [0, 1, 2]], dtype=np.int32)
    write_lists(tmp_path, fold_of([5, 8]), ranked)
    read = stored_lists(tmp_path, fold_of([5, 8]))
    assert read.dtype == np.int32
    assert (read == ranked).all()


def test_lists_of_other_users_are_refused_and_a_model_without_lists_has_none(tmp_path):
    assert stored_lists(tmp_path, fold_of([5])) is None
    write_lists(tmp_path, fold_of([5]), np.zeros((1, 3), dtype=np.int32))
    with pytest.raises(CardError, match=f"{FILE} holds lists of other test users"):
        stored_lists(tmp_path, fold_of([6]))


def test_every_measured_model_keeps_the_lists_that_its_figures_are_about(tiny_zoo):
    data, runtime = Zoo(tiny_zoo).dataset("tiny"), Runtime(Settings(provider="cpu"))
    for name in data.model_names():
        with data.model(name) as folder:
            ranked, card = stored_lists(folder.path, data.test), folder.card
        assert (ranked is None) == (card.metrics is None)
        if ranked is not None:
            recall = recall_at_k(ranked.astype(np.int64), data.test.held_out, 20)
            assert np.nanmean(recall) == pytest.approx(card.metrics["recall_at_20"].mean, abs=1e-6)
            assert (lists_of(runtime.load(data.model(name)), data.test) == ranked).mean() > 0.99  # ties aside
