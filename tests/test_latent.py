"""Drawing from a code and walking through it, against the decoder's own answers."""

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array

from zoo.errors import ModelError
from zoo.latent import Posterior, draws, gains, genre_gains, moved, posterior, shared, walk
from zoo.recommend import Taste, all_scores, histories, rank
from zoo.registry import Zoo
from zoo.runtime import Runtime
from zoo.settings import Settings

TASTE = Taste((0, 2, 4, 11))


@pytest.fixture(scope="module")
def data(tiny_zoo):
    return Zoo(tiny_zoo).dataset("tiny")


@pytest.fixture(scope="module")
def model(data):
    return Runtime(Settings(provider="cpu")).load(data.model("variational"))


def test_the_divergence_is_its_integral():
    """KL(q || N(0, 1)) = integral of q log(q / p), by the trapezoid rule."""
    of = Posterior(np.array([0.0, 1.5, -0.3], dtype=np.float32), np.array([1.0, 0.4, 1.2], dtype=np.float32))
    e = np.linspace(-15, 15, 200_001)
    normal = lambda mu, sigma: np.exp(-0.5 * ((e - mu) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))  # noqa: E731
    p = normal(0.0, 1.0)
    for mu, sigma, kl in zip(of.mu.astype(float), of.sigma.astype(float), of.kl, strict=True):
        q = normal(mu, sigma)
        inside = q > 1e-300
        integrand = np.where(inside, q * np.log(np.where(inside, q, 1) / np.where(inside, p, 1)), 0)
        assert kl == pytest.approx(np.trapezoid(integrand, e), abs=1e-6)
    assert of.kl[0] == 0
    assert of.order.tolist() == [1, 2, 0]
    assert of.n_in_use == 1


def test_the_cloud_is_what_the_graph_tells_of_the_likes(model):
    of = posterior(model, Taste(TASTE.likes, dislikes=(5,)))
    answer = model.run(histories([TASTE.told], model.card.n_items), outputs=("embedding", "embedding_std"))
    assert np.array_equal(of.mu, answer["embedding"][0])
    assert np.array_equal(of.sigma, answer["embedding_std"][0])


def test_moving_a_code_by_nothing_changes_no_bit(model):
    nothing = np.zeros((1, 200), dtype=np.float32)
    assert np.array_equal(moved(model, TASTE, nothing), all_scores(model, [TASTE]))


def test_a_code_that_is_moved_onto_another_persons_gives_their_scores(model):
    other = Taste((1, 3, 5, 20, 33))
    offset = posterior(model, other).mu - posterior(model, TASTE).mu
    found = moved(model, TASTE, offset[None])
    np.testing.assert_allclose(found, all_scores(model, [other]), atol=1e-4)
    assert np.abs(found - all_scores(model, [TASTE])).max() > 0.05


def test_each_history_is_moved_by_its_own_offset_however_it_is_batched(data, model):
    tastes = [Taste((9,)), Taste(tuple(range(20))), TASTE, Taste((7, 30, 31))]
    told = histories([taste.told for taste in tastes], 60)
    offsets = np.random.default_rng(0).standard_normal((4, 200)).astype(np.float32)
    frugal = Runtime(Settings(provider="cpu", batch_bytes=1)).load(data.model("variational"))
    expected = np.concatenate([moved(model, taste, row[None]) for taste, row in zip(tastes, offsets, strict=True)])
    for one in (model, frugal):
        answer = one.run(told, outputs=("all_scores",), code_offset=offsets)["all_scores"]
        np.testing.assert_allclose(answer, expected, atol=1e-5)
        same = one.run(told, outputs=("all_scores",), code_offset=offsets[:1])["all_scores"]
        np.testing.assert_allclose(same[2], moved(model, TASTE, offsets[:1])[0], atol=1e-5)


def test_temperature_zero_is_the_list_itself(model):
    of = posterior(model, TASTE)
    served = model.run(histories([TASTE.told], 60), k=10)["ranked"]
    allowed = np.ones((5, 60), dtype=bool)
    allowed[:, TASTE.likes] = False
    ranked, _ = rank(draws(model, TASTE, of, 0.0, 5, seed=3), allowed, 10)
    assert np.array_equal(ranked, np.repeat(served, 5, axis=0))


def test_draws_have_the_temperature_times_sigma_and_their_seed(model):
    of = posterior(model, TASTE)
    eps = np.random.default_rng(7).standard_normal((4, 200), dtype=np.float32)
    by_hand = moved(model, TASTE, 1.5 * of.sigma * eps)
    assert np.array_equal(draws(model, TASTE, of, 1.5, 4, seed=7), by_hand)
    assert np.array_equal(draws(model, TASTE, of, 1.5, 4, seed=7), draws(model, TASTE, of, 1.5, 4, seed=7))
    assert not np.array_equal(draws(model, TASTE, of, 1.5, 4, seed=8), by_hand)
    near, far = (np.abs(draws(model, TASTE, of, t, 64, 0) - all_scores(model, [TASTE])).mean() for t in (0.5, 2.0))
    assert near < far


def test_a_walk_moves_one_dimension_alone(model):
    offsets = np.zeros((3, 200), dtype=np.float32)
    offsets[:, 17] = [-3, 0, 2]
    assert np.array_equal(walk(model, TASTE, 17, np.array([-3, 0, 2])), moved(model, TASTE, offsets))
    assert np.array_equal(walk(model, TASTE, 17, np.array([0]))[0], all_scores(model, [TASTE])[0])


def test_a_dislike_takes_the_same_away_under_every_code(model):
    disliking = Taste(TASTE.likes, dislikes=(5, 7))
    offsets = np.random.default_rng(1).standard_normal((3, 200)).astype(np.float32)
    taken = moved(model, TASTE, offsets) - moved(model, disliking, offsets)
    expected = all_scores(model, [TASTE]) - all_scores(model, [disliking])
    np.testing.assert_allclose(taken, np.repeat(expected, 3, axis=0), atol=1e-5)
    assert np.abs(expected).max() > 1e-3


def test_what_one_end_gains_the_other_loses():
    low, high = np.array([0.0, 1.0, 2.0], dtype=np.float32), np.array([2.0, 1.0, 0.0], dtype=np.float32)
    p = np.exp([0, 1, 2]) / np.exp([0, 1, 2]).sum()
    np.testing.assert_allclose(gains(low, high), p[::-1] - p, atol=1e-7)
    assert gains(low, high).sum() == pytest.approx(0)


def test_gains_are_summed_per_genre():
    genres = pl.Series([["War", "Drama"], ["War"], [], None, ["Comedy"]], dtype=pl.List(pl.String))
    found = genre_gains(np.array([0.3, 0.1, 9.0, 9.0, -0.4]), genres)
    assert [genre for genre, _ in found] == ["War", "Drama", "Comedy"]
    assert [gain for _, gain in found] == pytest.approx([0.4, 0.3, -0.4])
    assert genre_gains(np.zeros(2), pl.Series([[], []], dtype=pl.List(pl.String))) == []


def test_the_share_of_a_list_that_stays_is_that_of_sets():
    rng = np.random.default_rng(0)
    first = np.array([rng.permutation(20)[:6] for _ in range(9)])
    others = np.array([rng.permutation(20)[:6] for _ in range(9)])
    first[2, 4:], others[3, 1:] = -1, -1
    expected = [
        len({*a} & {*b} - {-1}) / len({*a} - {-1}) for a, b in zip(first.tolist(), others.tolist(), strict=True)
    ]
    assert shared(first, others).tolist() == pytest.approx(expected)
    assert shared(first[0], first[:1]).tolist() == [1.0]
    assert np.isnan(shared(np.full(3, -1), np.array([[1, 2, 3]]))).all()


def test_a_graph_without_a_way_in_says_so(data):
    model = Runtime(Settings(provider="cpu")).load(data.model("autoencoder"))
    assert not model.moves_code
    with pytest.raises(ModelError, match=r"no way to move the code.*Train it again"):
        model.run(csr_array((1, 60), dtype=np.float32), code_offset=np.zeros((1, 8), dtype=np.float32))
    with pytest.raises(ModelError, match="no output"):
        posterior(model, TASTE)


@pytest.mark.parametrize("shape", [(1, 199), (2, 200), (200,), (0, 200)])
def test_an_offset_of_another_shape_is_refused(model, shape):
    with pytest.raises(ModelError, match="A code is moved by"):
        model.run(histories([TASTE.told], 60), code_offset=np.zeros(shape, dtype=np.float32))


def test_items_of_no_weight_are_no_history():
    told = histories([Taste((3, 5, 8), weights=(1.0, 0.0, 2.0)).told, Taste().told], 10)
    assert (told.indices.tolist(), told.data.tolist()) == ([3, 8], [1.0, 2.0])
    assert told.indptr.tolist() == [0, 2, 2]


def test_an_item_that_is_named_twice_moves_the_code_once(model):
    once, twice = (posterior(model, Taste(likes)) for likes in ((3, 5), (3, 5, 3)))
    np.testing.assert_array_equal(once.mu, twice.mu)
