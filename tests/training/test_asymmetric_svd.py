import dataclasses

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from training.asymmetric_svd import Config, Factors, asymmetry, fit, rank
from training.loop import validate
from training.losses import squared_error
from training.model import Run
from zoo.errors import ModelError
from zoo.split import Fold

N_USERS, N_ITEMS = 24, 9
SMALL = Config(n_factors=4, batch_size=8, n_epochs=3)
# All users in one batch, no noise, no running mean: gradient descent on the objective itself
EXACT = Config(
    loss="mse", n_factors=3, dropout=0.0, l2=0.0, averaging=0.0, batch_size=N_USERS, learning_rate=0.02, n_epochs=800
)
X = csr_array((np.random.default_rng(0).random((N_USERS, N_ITEMS)) < 0.4).astype(np.float32))
both_losses = pytest.mark.parametrize("loss", ["softmax", "mse"])


def weights(fitted):
    W_in, W_out = fitted.scorer.W_in, fitted.scorer.W_out
    return W_in, W_in.T if W_out is None else W_out


def matrix(fitted):
    W_in, W_out = weights(fitted)
    return (W_in @ W_out).double().numpy()


def by_hand(S):
    return np.linalg.norm(S - S.T) / np.linalg.norm(S)


def directions():
    """V [I, I] and d [I] of X = U diag(d) V^T."""
    _, d, Vt = np.linalg.svd(X.toarray().astype(np.float64), full_matrices=False)
    return Vt.T, d


@pytest.mark.parametrize("seed", range(3))
def test_the_asymmetry_is_that_of_the_matrix_itself(seed):
    W_in, W_out = torch.randn(2, 7, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    assert asymmetry(W_in, W_out.T) == pytest.approx(by_hand((W_in @ W_out.T).numpy()), rel=1e-12)


def test_a_symmetric_matrix_has_no_asymmetry_and_a_one_way_one_the_square_root_of_two():
    W = torch.randn(7, 3, generator=torch.Generator().manual_seed(0))
    assert asymmetry(W, W.T) < 1e-7
    assert asymmetry(torch.tensor([[1.0], [0.0]]), torch.tensor([[0.0, 1.0]])) == pytest.approx(2**0.5)
    assert asymmetry(torch.zeros(7, 3), torch.zeros(3, 7)) == 0.0


def test_an_antisymmetric_matrix_has_an_asymmetry_of_two():
    S = torch.tensor([[0.0, 1.0], [-1.0, 0.0]])
    assert asymmetry(S, torch.eye(2)) == pytest.approx(2.0)


def test_asymmetry_and_rank_never_form_the_matrix():
    W = torch.ones(300_000, 2)  # S would take 360 GB
    W[0, 0] = 2.0
    assert asymmetry(W, W.T) < 1e-6
    assert rank(W, W.T) == 2


def test_the_rank_is_that_of_the_product():
    W_in = torch.randn(9, 4, generator=torch.Generator().manual_seed(0))
    W_out = torch.randn(4, 9, generator=torch.Generator().manual_seed(1))
    assert rank(W_in, W_out) == 4
    W_out[2:] = 0.0
    assert rank(W_in, W_out) == 2


@both_losses
@pytest.mark.parametrize("tied", [False, True])
def test_the_card_tells_the_asymmetry_of_what_is_served(loss, tied):
    fitted = fit(X, dataclasses.replace(SMALL, loss=loss, tied=tied), Run())
    assert fitted.details["asymmetry"] == pytest.approx(by_hand(matrix(fitted)), abs=1e-6)
    assert (fitted.details["asymmetry"] < 1e-6) == tied
    assert fitted.details["rank"] == 4
    assert fitted.details["best_epoch"] == 3


def test_tied_weights_are_kept_once():
    assert fit(X, dataclasses.replace(SMALL, tied=True), Run()).scorer.W_out is None


def test_the_squared_error_is_that_of_the_dense_target():
    scores = torch.randn(N_USERS, N_ITEMS, generator=torch.Generator().manual_seed(0))
    counts = X * 3.0
    expected = (torch.from_numpy(counts.toarray()) - scores).square().sum(dim=1)
    torch.testing.assert_close(squared_error(scores, counts), expected)


@both_losses
def test_training_scores_the_same_lists_as_serving(loss):
    torch.manual_seed(0)
    model = Factors(N_ITEMS, dataclasses.replace(SMALL, loss=loss)).eval()
    served = torch.from_numpy(X.toarray()) @ model.W_in @ model.W_out
    lengths = torch.from_numpy(X.toarray()).norm(dim=1, keepdim=True).clamp_min(1e-12)  # somebody chose nothing
    torch.testing.assert_close(model(X), served / lengths if loss == "softmax" else served)


def test_dropout_hides_input_items_in_training_only():
    torch.manual_seed(0)
    model = Factors(N_ITEMS, SMALL)
    assert not torch.equal(model(X), model(X))
    model.eval()
    assert torch.equal(model(X), model(X))


def test_dropout_prices_each_row_of_S_by_the_popularity_of_its_item():
    """Mean over the noise of ||x - drop(x) S||^2 = ||x - x S||^2 + p / (1 - p) sum_i x_i^2 ||S_i||^2."""
    torch.manual_seed(0)
    model = Factors(N_ITEMS, Config(loss="mse", n_factors=4, dropout=0.4))
    with torch.no_grad():
        model.W_in.mul_(10.0)
        model.W_out.mul_(10.0)
        found = torch.stack([squared_error(model(X), X).sum() for _ in range(2000)])
        S, popularity = model.W_in @ model.W_out, torch.from_numpy(X.toarray()).square().sum(dim=0)
        clean = squared_error(model.eval()(X), X).sum()
    price = 0.4 / 0.6 * (popularity * S.square().sum(dim=1)).sum()
    five_errors = 5 * found.std() / 2000**0.5
    assert abs(found.mean() - (clean + price)) < five_errors
    assert price > 2 * five_errors


def test_trained_to_the_end_on_squared_error_it_is_pure_svd():
    V, d = directions()
    fitted = fit(X, EXACT, Run())
    np.testing.assert_allclose(matrix(fitted), V[:, :3] @ V[:, :3].T, atol=0.01)
    assert fitted.details["asymmetry"] < 0.02
    n_users = np.count_nonzero(np.diff(X.indptr))
    assert n_users * fitted.curve[-1]["loss"] == pytest.approx((d[3:] ** 2).sum(), rel=1e-3)  # Eckart-Young


def test_l2_weighs_both_matrices_beside_the_loss_of_all_users():
    V, d = directions()
    l2 = 4.0
    assert d[1] ** 2 > l2
    fitted = fit(X, dataclasses.replace(EXACT, l2=l2), Run())
    kept = np.diag(1 - l2 / d[:3] ** 2)
    np.testing.assert_allclose(matrix(fitted), V[:, :3] @ kept @ V[:, :3].T, atol=0.01)
    W_in, W_out = weights(fitted)
    np.testing.assert_allclose(W_in, W_out.T, atol=0.02)


def test_dropout_and_softmax_leave_it_asymmetric():
    with_dropout = fit(X, dataclasses.replace(EXACT, dropout=0.5, averaging=0.98), Run())
    with_softmax = fit(X, dataclasses.replace(EXACT, loss="softmax", l2=0.1), Run())
    assert with_dropout.details["asymmetry"] > 0.1
    assert with_softmax.details["asymmetry"] > 0.1


def test_scores_are_the_history_times_S():
    fitted = fit(X, SMALL, Run())
    scores, embedding = fitted.scorer(torch.tensor([[2, 5]]), torch.ones(1, 2))
    np.testing.assert_allclose(scores[0], matrix(fitted)[[2, 5]].sum(axis=0), atol=1e-5)
    np.testing.assert_allclose(embedding[0], fitted.scorer.W_in[[2, 5]].sum(dim=0), atol=1e-5)


def test_an_item_that_nobody_chose_says_nothing():
    with_cold = csr_array(np.hstack([X.toarray(), np.zeros((N_USERS, 1), dtype=np.float32)]))
    W_in = fit(with_cold, dataclasses.replace(SMALL, n_epochs=60, averaging=0.9), Run()).scorer.W_in
    lengths = W_in.norm(dim=1)
    assert lengths[N_ITEMS] < 0.02 * lengths[:N_ITEMS].min()


def test_the_best_epoch_is_served():
    kind = np.random.default_rng(1).integers(0, 10, size=(40, N_ITEMS))
    shown, held = (csr_array(np.isin(kind, kinds).astype(np.float32)) for kinds in ((0, 1), (7, 8, 9)))
    fold = Fold(np.arange(40), shown, held, csr_array((40, N_ITEMS), dtype=np.float32))
    fitted = fit(X, dataclasses.replace(SMALL, learning_rate=0.1, averaging=0.5, n_epochs=12), Run(validation=fold))
    found = [row["validation"] for row in fitted.curve]
    assert 1 < fitted.details["best_epoch"] < len(found)
    assert found[fitted.details["best_epoch"] - 1] == max(found)
    S = torch.from_numpy(matrix(fitted))
    assert validate(lambda x, _: torch.from_numpy(x.toarray()).double() @ S, fold) == pytest.approx(
        max(found), rel=1e-4
    )


def test_the_same_seed_gives_the_same_weights():
    first, again, other = (fit(X, SMALL, Run(seed=seed)).scorer.state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["W_in"], other["W_in"])


def test_users_without_a_history_are_not_trained_on():
    with_empty = csr_array(np.vstack([np.zeros((3, N_ITEMS), dtype=np.float32), X.toarray()]))
    first, again = (fit(data, SMALL, Run()).scorer.state_dict() for data in (X, with_empty))
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_a_nan_in_the_data_stops_with_the_epoch_and_the_learning_rate():
    broken = X.copy()
    broken.data[0] = np.nan
    with pytest.raises(ModelError, match=r"nan in epoch 1 at learning_rate 0\.002"):
        fit(broken, dataclasses.replace(SMALL, learning_rate=0.002), Run())


def test_the_length_of_a_history_does_not_matter_to_softmax():
    torch.manual_seed(0)
    model = Factors(N_ITEMS, SMALL).eval()
    torch.testing.assert_close(model(7.0 * X), model(X))
