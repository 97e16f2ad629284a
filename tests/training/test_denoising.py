"""Salt and pepper: a share of the positives removed, a very small share of false ones added, the target left clean."""

import dataclasses

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from training import autoencoder, deep, denoising
from training.denoising import Config, fit, salt_and_pepper
from training.model import Run

U, N_ITEMS = 400, 60
X = csr_array((np.random.default_rng(0).random((U, N_ITEMS)) < 0.3).astype(np.float32))
SMALL = Config(hidden=8, n_factors=4, batch_size=100, n_epochs=3)
FIVE_SD = 5.0


def damaged(drop_share, add_share, X=X, seed=0):
    return salt_and_pepper(X, drop_share, add_share, np.random.default_rng(seed))


def within(count, n, share):
    """Whether a count of n independent draws lies within five standard deviations of its mean."""
    return abs(count - n * share) <= FIVE_SD * np.sqrt(n * share * (1 - share))


@pytest.fixture
def seen(monkeypatch):
    """What `fit` shows the network and what it compares the scores with: one (noisy, target) per update."""
    inputs, targets = [], []
    code, compare = autoencoder.Autoencoder.code, deep.reconstruction_loss
    monkeypatch.setattr(autoencoder.Autoencoder, "code", lambda model, x: inputs.append(x.copy()) or code(model, x))

    def watched(loss, s, x, **how):
        targets.append(x.X.copy())
        return compare(loss, s, x, **how)

    monkeypatch.setattr(deep, "reconstruction_loss", watched)
    return inputs, targets


@pytest.mark.parametrize("drop_share", [0.1, 0.5, 0.9])
def test_salt_removes_that_share_of_the_positives_and_nothing_else(drop_share):
    noisy = damaged(drop_share, 0.0)
    assert within(X.nnz - noisy.nnz, X.nnz, drop_share)
    assert noisy.multiply(X).nnz == noisy.nnz


@pytest.mark.parametrize("add_share", [0.01, 0.1])
def test_pepper_adds_that_share_of_false_positives_and_removes_nothing(add_share):
    noisy = damaged(0.0, add_share)
    added = noisy.nnz - X.nnz
    assert within(added, X.nnz, add_share * (1 - 0.5 * add_share * 18 / 42))  # 18 of 60 chosen: few are drawn twice
    assert noisy.multiply(X).nnz == X.nnz


def test_what_is_added_is_never_among_the_users_own():
    noisy = damaged(1.0, 1.0)  # nothing of their own is left
    assert noisy.nnz > 0.5 * X.nnz
    assert noisy.multiply(X).nnz == 0


def test_false_positives_are_drawn_evenly_from_what_was_not_chosen():
    one = csr_array((np.ones(1, np.float32), ([0], [3])), shape=(1, 6))
    drawn = np.concatenate([damaged(1.0, 1.0, X=one, seed=seed).indices for seed in range(3000)])
    counts = np.bincount(drawn, minlength=6)
    assert counts[3] == 0
    assert all(within(count, 3000, 0.2) for count in counts[[0, 1, 2, 4, 5]])


def test_the_number_of_false_positives_follows_the_number_chosen():
    sizes = np.repeat([5, 20], 500)
    few_and_many = csr_array((np.arange(100)[None, :] < sizes[:, None]).astype(np.float32))
    added = np.diff(damaged(1.0, 0.1, X=few_and_many).indptr)
    assert within(added[:500].sum(), 2500, 0.1)
    assert within(added[500:].sum(), 10_000, 0.1)


def test_removed_and_added_are_drawn_apart_from_each_other():
    noisy = damaged(0.5, 0.2)
    kept, added = noisy.multiply(X).nnz, noisy.nnz - noisy.multiply(X).nnz
    assert within(kept, X.nnz, 0.5)
    assert added > 0.15 * X.nnz


def test_kept_items_keep_their_weight_and_false_ones_weigh_one():
    counted = 3 * X
    noisy = damaged(0.5, 0.2, X=counted)
    own = noisy.multiply(X)
    assert set(np.unique(own.data)) == {3.0}
    assert set(np.unique((noisy - own).data)) <= {0.0, 1.0}
    assert noisy.data.max() == 3.0  # none is drawn twice over
    assert noisy.dtype == np.float32


def test_the_profiles_themselves_are_left_as_they_are():
    before = X.copy()
    damaged(0.5, 0.2)
    assert (before != X).nnz == 0


def test_without_salt_and_pepper_nothing_changes():
    assert (damaged(0.0, 0.0) != X).nnz == 0


def test_whoever_chose_everything_gets_nothing_added():
    everything = csr_array(np.ones((2, 5), dtype=np.float32))
    assert (damaged(0.0, 1.0, X=everything) != everything).nnz == 0


def test_nothing_is_left_to_add_to_where_nobody_chose_anything():
    assert damaged(0.5, 0.5, X=csr_array((3, 5), dtype=np.float32)).nnz == 0


def test_an_unsorted_row_keeps_its_items_and_weights():
    data, columns = np.array([1.0, 2.0, 3.0], np.float32), np.array([4, 0, 2])
    unsorted = csr_array((data, columns, np.array([0, 3])), shape=(1, 6))
    assert damaged(0.0, 0.0, X=unsorted).toarray().tolist() == [[2.0, 0.0, 3.0, 0.0, 1.0, 0.0]]


def test_the_target_is_the_clean_profile_and_the_input_is_not(seen):
    fit(X, dataclasses.replace(SMALL, drop_share=0.5, add_share=0.1), Run())
    for noisy, target in zip(*seen, strict=True):
        assert noisy.shape == target.shape
        assert noisy.multiply(target).nnz < 0.7 * target.nnz  # some of it was removed
        assert noisy.nnz > noisy.multiply(target).nnz  # some of it is false
    first_epoch = csr_array(np.vstack([target.toarray() for target in seen[1][:4]]))
    assert first_epoch.sum(axis=0).tolist() == X.sum(axis=0).tolist()  # everybody's whole profile, once


def test_both_shares_reach_the_network_as_they_were_set(seen):
    fit(X, dataclasses.replace(SMALL, drop_share=0.3, add_share=0.05, n_epochs=1), Run())
    kept = sum(noisy.multiply(target).nnz for noisy, target in zip(*seen, strict=True))
    added = sum(noisy.nnz for noisy in seen[0]) - kept
    assert within(kept, X.nnz, 0.7)
    assert within(added, X.nnz, 0.05)


def as_a_set(noisy):
    """The rows in an order of their own: the users of an update come in any."""
    dense = noisy.toarray()
    return dense[np.lexsort(dense.T)]


def test_noise_differs_from_update_to_update_and_from_seed_to_seed(seen):
    """Everybody chose the same here, so that only the noise can make a difference."""
    alike = csr_array(np.tile(X[[0]].toarray(), (100, 1)))
    for seed in (1, 1, 2):
        fit(alike, dataclasses.replace(SMALL, batch_size=50, n_epochs=2), Run(seed=seed))
    first, again, other = (list(map(as_a_set, seen[0][start : start + 4])) for start in (0, 4, 8))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(first, other, strict=True))
    epochs = [np.concatenate(first[:2]), np.concatenate(first[2:])]
    assert not np.array_equal(*(dense[np.lexsort(dense.T)] for dense in epochs))
    assert not np.array_equal(first[0], first[1])


def test_with_neither_it_is_the_autoencoder():
    shared = {"hidden": 8, "n_factors": 4, "batch_size": 100, "n_epochs": 3}
    plain = autoencoder.fit(X, autoencoder.Config(**shared), Run()).scorer.state_dict()
    noiseless = fit(X, Config(**shared, drop_share=0.0, add_share=0.0), Run()).scorer.state_dict()
    assert all(torch.equal(plain[name], noiseless[name]) for name in plain)


@pytest.mark.parametrize("noise", [{"drop_share": 0.0}, {"add_share": 0.0}])
def test_either_noise_alone_changes_what_is_learned(noise):
    both = fit(X, dataclasses.replace(SMALL, add_share=0.1), Run()).scorer.state_dict()
    one = fit(X, dataclasses.replace(SMALL, **({"add_share": 0.1} | noise)), Run()).scorer.state_dict()
    assert not torch.equal(both["table"], one["table"])


def test_serving_is_without_noise():
    scorer = fit(X, SMALL, Run()).scorer.train()
    items, weights = torch.tensor([[0, 3, 5]]), torch.ones(1, 3)
    assert torch.equal(scorer(items, weights)[0], scorer(items, weights)[0])
    assert denoising.ABOUT.serves_new_profiles


def test_dropping_the_decoders_hidden_layer_changes_what_is_learned_and_not_how_it_serves():
    plain = fit(X, SMALL, Run()).scorer.state_dict()
    dropped = fit(X, dataclasses.replace(SMALL, decoder_dropout=0.5), Run()).scorer.train()
    assert not torch.equal(plain["to_items.weight"], dropped.state_dict()["to_items.weight"])
    items, weights = torch.tensor([[0, 3, 5]]), torch.ones(1, 3)
    assert torch.equal(dropped(items, weights)[0], dropped(items, weights)[0])
