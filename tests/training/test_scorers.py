import pytest
import torch

from training.scorers import DotProduct, ItemItem, LinearAutoencoder, Neighbours, SameForAll, gather_sum

N_ITEMS, K = 5, 3
PAD = N_ITEMS
GENERATOR = torch.Generator().manual_seed(0)
S = torch.randn(N_ITEMS, N_ITEMS, generator=GENERATOR)
W_IN = torch.randn(N_ITEMS, K, generator=GENERATOR)
W_OUT = torch.randn(K, N_ITEMS, generator=GENERATOR)
COLUMNS = torch.tensor([[1, 2], [0, 0], [4, 3], [2, 0], [0, 1]])  # a row may leave places unused (similarity 0)
SIMILARITIES = torch.tensor([[0.5, 0.25], [2.0, 0.0], [1.0, 1.0], [3.0, 0.5], [0.0, 0.0]])
SPARSE_S = torch.zeros(N_ITEMS, N_ITEMS).scatter_add(1, COLUMNS, SIMILARITIES)
SCORERS = {
    "same for all": SameForAll(torch.arange(5.0)),
    "item-item": ItemItem(S),
    "neighbours": Neighbours(COLUMNS, SIMILARITIES),
    "autoencoder": LinearAutoencoder(W_IN, W_OUT),
    "tied autoencoder": LinearAutoencoder(W_IN),
}
every_scorer = pytest.mark.parametrize("scorer", SCORERS.values(), ids=SCORERS.keys())

ITEMS = torch.tensor([[0, 3], [4, PAD]])
WEIGHTS = torch.tensor([[1.0, 0.5], [2.0, 0.0]])
X = torch.tensor([[1.0, 0, 0, 0.5, 0], [0, 0, 0, 0, 2.0]])  # the same two histories, dense


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("same for all", torch.arange(5.0).expand(2, 5)),
        ("item-item", X @ S),
        ("neighbours", X @ SPARSE_S),
        ("autoencoder", X @ W_IN @ W_OUT),
        ("tied autoencoder", X @ W_IN @ W_IN.T),
    ],
)
def test_scores_equal_the_dense_product(name, expected):
    torch.testing.assert_close(SCORERS[name](ITEMS, WEIGHTS)[0], expected)


def test_an_autoencoder_gives_its_code_too():
    torch.testing.assert_close(SCORERS["tied autoencoder"](ITEMS, WEIGHTS)[1], X @ W_IN)


@every_scorer
def test_padding_counts_nothing_whatever_its_weight(scorer):
    padded = torch.cat([ITEMS, torch.full((2, 3), PAD)], dim=1)
    weights = torch.cat([WEIGHTS, torch.tensor([[7.0, -7.0, float("nan")]]).expand(2, 3)], dim=1)
    torch.testing.assert_close(scorer(padded, weights)[0], scorer(ITEMS, WEIGHTS)[0])


@every_scorer
def test_an_empty_history_has_finite_scores(scorer):
    scores = scorer(torch.zeros(3, 0, dtype=torch.int64), torch.zeros(3, 0))[0]
    assert scores.shape == (3, N_ITEMS)
    assert scores.isfinite().all()


@every_scorer
def test_a_row_of_a_batch_scores_as_if_it_were_alone(scorer):
    torch.testing.assert_close(scorer(ITEMS[1:], WEIGHTS[1:])[0], scorer(ITEMS, WEIGHTS)[0][1:])


def test_an_item_item_matrix_is_kept_without_a_copy():
    assert ItemItem(S).S.data_ptr() == S.data_ptr()


def test_gather_sum_passes_gradients_to_the_items_of_the_history_only():
    table = W_IN.clone().requires_grad_()
    gather_sum(table, ITEMS[:1], WEIGHTS[:1]).sum().backward()
    assert table.grad.abs().sum(dim=1).tolist() == [3.0, 0.0, 0.0, 1.5, 0.0]


def test_a_memory_based_model_scores_the_dot_product():
    E_users = torch.tensor([[1.0, 2.0], [0.0, 1.0]])
    E_items = torch.tensor([[3.0, 1.0], [1.0, -1.0]])
    scores, embedding = DotProduct(E_users, E_items)(torch.tensor([1, 0, 1]))
    assert scores.tolist() == [[1.0, -1.0], [5.0, -1.0], [1.0, -1.0]]
    assert embedding.tolist() == [[0.0, 1.0], [1.0, 2.0], [0.0, 1.0]]
