import json
import shutil

import numpy as np
import pytest

from tests.world import N_ITEMS, N_USERS, titles
from zoo.card import Card, DatasetInfo
from zoo.dataset import Dataset
from zoo.errors import CardError
from zoo.registry import Zoo


@pytest.fixture(scope="module")
def dataset(tiny_zoo):
    return Zoo(tiny_zoo).dataset("tiny")


@pytest.fixture
def copy(tiny_zoo, tmp_path):
    shutil.copytree(tiny_zoo / "tiny", tmp_path / "tiny")
    return tmp_path / "tiny"


def test_what_was_split_comes_back_from_disk(dataset):
    assert dataset.train.shape == (N_USERS, N_ITEMS)
    assert dataset.info.n_training_interactions == dataset.train.nnz
    for fold in (dataset.test, dataset.validation):
        assert len(fold) == N_USERS // 10
        assert dataset.train[fold.user_idx].nnz == 0
        assert fold.fold_in.multiply(fold.held_out).nnz == 0
        assert (np.diff(fold.held_out.indptr) >= 1).all()


def test_known_users_have_their_training_row_as_fold_in(tiny_zoo):
    dataset = Zoo(tiny_zoo).dataset("tiny-last")
    fold = dataset.test
    assert (fold.fold_in != dataset.train[fold.user_idx]).nnz == 0
    assert (np.diff(fold.held_out.indptr) == 1).all()
    assert (np.diff(fold.masked.indptr) == 1).all()


def test_users_carry_their_role_and_how_much_is_known_of_them(dataset):
    by_role = dict(dataset.users.group_by("role").len().iter_rows())
    assert by_role == {"train": 192, "validation": 24, "test": 24}
    test_user = int(dataset.test.user_idx[3])
    assert dataset.users["n_items"][test_user] == len(dataset.history(test_user))
    assert set(dataset.hidden_choices(test_user)) == set(dataset.test.held_out[[3]].indices)
    assert not set(dataset.hidden_choices(test_user)) & set(dataset.history(test_user))


def test_the_row_number_of_an_item_is_its_column(dataset):
    assert dataset.catalogue.items["title"].to_list() == titles()
    assert dataset.catalogue.items["n_users"].to_list() == np.diff(dataset.train.tocsc().indptr).tolist()


def test_an_unknown_model_says_which_there_are(dataset):
    with pytest.raises(CardError, match=r"found: asymmetric_svd, .*variational"):
        dataset.model("eese")


def test_a_model_of_other_data_is_refused(copy):
    info = json.loads((copy / "dataset.json").read_text())
    (copy / "dataset.json").write_text(json.dumps(info | {"fingerprint": "0" * 64}))
    with pytest.raises(CardError, match="trained on other data"):
        Dataset(copy).model("ease")


@pytest.mark.parametrize("change", [{"fingerprnt": "x"}, {"n_users": "many"}, {"format": 2}])
def test_a_card_with_an_unknown_field_or_a_wrong_type_is_refused(copy, change):
    path = copy / "dataset.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(CardError, match=str(next(iter(change)))):
        DatasetInfo.load(path)


def test_a_missing_file_is_named(copy):
    (copy / "train.parquet").unlink()
    with pytest.raises(CardError, match=r"train\.parquet is missing"):
        _ = Dataset(copy).train
    with pytest.raises(CardError, match=r"card\.json is missing"):
        Card.load(copy / "card.json")


def test_a_zoo_names_its_data_sets(tiny_zoo, tmp_path):
    assert Zoo(tiny_zoo).datasets() == ["tiny", "tiny-last"]
    with pytest.raises(CardError, match="no data set 'books'"):
        Zoo(tiny_zoo).dataset("books")
    with pytest.raises(CardError, match="menagerie train"):
        Zoo(tmp_path).dataset()
