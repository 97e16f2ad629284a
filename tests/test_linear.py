"""Linear autoencoders solved on the spot, against what training makes, against plain inverses, and their two ends."""

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array

from zoo import linear
from zoo.errors import ModelError
from zoo.linear import (
    Spectrum,
    diagonal,
    ease_accuracy,
    ease_scores,
    kept_share,
    profiles,
    published,
    pure_svd_accuracy,
    pure_svd_scores,
    ranks_between,
    spectrum,
)
from zoo.metrics import METRICS
from zoo.recommend import Taste, all_scores
from zoo.registry import Zoo
from zoo.runtime import Runtime
from zoo.settings import Settings

METRIC = METRICS["ndcg_at_100"]
TASTES = [Taste((0, 2, 4)), Taste((1, 30), dislikes=(5, 9)), Taste((7, 8), weights=(1.0, 0.0)), Taste()]


@pytest.fixture(scope="module")
def data(tiny_zoo):
    return Zoo(tiny_zoo).dataset("tiny")


@pytest.fixture(scope="module")
def of(data) -> Spectrum:
    return spectrum(data.train)


@pytest.fixture(scope="module")
def model(data):
    runtime = Runtime(Settings(provider="cpu"))
    return lambda name: runtime.load(data.model(name))


def test_the_spectrum_is_that_of_the_data(of, data):
    X = data.train.toarray().astype(np.float64)
    lengths = np.linalg.svd(X, compute_uv=False) ** 2
    np.testing.assert_allclose(of.lengths[: len(lengths)], lengths, atol=1e-8 * lengths[0])
    np.testing.assert_allclose((of.V * of.lengths) @ of.V.T, X.T @ X, atol=1e-9 * lengths[0])
    assert of.whole
    assert (np.diff(of.lengths) <= 1e-9).all()


def test_pure_svd_of_any_rank_projects_onto_the_leading_singular_vectors(of, data):
    _, _, Vt = np.linalg.svd(data.train.toarray().astype(np.float64))
    x = profiles(TASTES, data.info.n_items)
    for K in (1, 3, 17):
        np.testing.assert_allclose(pure_svd_scores(of, x, K), x @ Vt[:K].T @ Vt[:K], atol=1e-9)


def test_pure_svd_is_the_published_one_at_its_own_rank(of, data, model):
    x = profiles(TASTES, data.info.n_items)
    np.testing.assert_allclose(pure_svd_scores(of, x, 8), all_scores(model("pure_svd"), TASTES), atol=1e-5)


def test_all_factors_give_back_the_history_and_nothing_else(of, data):
    x = profiles(TASTES, data.info.n_items)
    scores = pure_svd_scores(of, x, of.n_factors)
    np.testing.assert_allclose(scores, x, atol=1e-12)
    assert (scores[x == 0] == 0).all()  # exactly: rounding errors would be a ranking
    assert kept_share(of, x[0], of.n_factors) == pytest.approx(1.0)


def test_the_diagonal_grows_from_nothing_to_one(of):
    for K in (1, 10, 60):
        S = of.V[:, :K] @ of.V[:, :K].T
        np.testing.assert_allclose(diagonal(of, K), np.diag(S), atol=1e-12)
        assert diagonal(of, K).mean() == pytest.approx(K / 60)


def test_the_share_of_a_taste_that_comes_back_is_that_of_its_squared_length(of, data):
    x = profiles(TASTES, data.info.n_items)[0]
    assert kept_share(of, x, 5) == pytest.approx(np.sum(pure_svd_scores(of, x[None], 5) ** 2) / np.sum(x**2))
    assert np.isnan(kept_share(of, np.zeros_like(x), 5))


@pytest.mark.parametrize("l2", [0.5, 5.0, 1000.0])
def test_ease_is_its_closed_form(of, data, l2):
    X = data.train.toarray().astype(np.float64)
    P = np.linalg.inv(X.T @ X + l2 * np.eye(X.shape[1]))
    S = np.eye(X.shape[1]) - P / np.diag(P)
    assert np.abs(np.diag(S)).max() < 1e-9
    x = profiles(TASTES, data.info.n_items)
    np.testing.assert_allclose(ease_scores(of, x, l2), x @ S, atol=1e-9)


def test_ease_is_the_published_one_at_its_own_l2(of, data, model):
    ease = model("ease")
    scores = ease_scores(of, profiles(TASTES, data.info.n_items), float(ease.card.settings["l2"]))
    np.testing.assert_allclose(scores, all_scores(ease, TASTES), atol=1e-4)


@pytest.mark.parametrize("name", ["ease", "pure_svd"])
def test_accuracy_is_that_of_the_published_models(of, data, model, name):
    card = model(name).card
    if name == "ease":
        found = ease_accuracy(of, data.test, data.item_facts, METRIC, [1.0, float(card.settings["l2"])])[:, 1]
    else:
        found = pure_svd_accuracy(of, data.test, data.item_facts, METRIC, [2, 8])[:, 1]
    folder = data.path / name / data.current(name)
    kept = pl.read_parquet(folder / "per_user.parquet")["ndcg_at_100"].to_numpy()
    np.testing.assert_allclose(found, kept, atol=1e-5)


def test_ranks_one_after_the_other_are_each_what_it_is_alone(of, data):
    ranks = [1, 4, 9, 60]
    together = pure_svd_accuracy(of, data.test, data.item_facts, METRIC, ranks)
    alone = [pure_svd_accuracy(of, data.test, data.item_facts, METRIC, [K])[:, 0] for K in ranks]
    np.testing.assert_allclose(together, np.stack(alone, axis=1), atol=1e-6)


def test_the_factors_of_a_published_model_stand_in_for_a_large_catalogue(of, data, model):
    read = published(model("pure_svd"), data.train)
    assert (read.n_factors, read.whole) == (8, False)
    np.testing.assert_allclose(read.lengths, of.lengths[:8], rtol=1e-4)
    x = profiles(TASTES, data.info.n_items)
    for K in (1, 5, 8):
        np.testing.assert_allclose(pure_svd_scores(read, x, K), pure_svd_scores(of, x, K), atol=1e-4)
    with pytest.raises(ModelError, match="every eigenvector"):
        ease_scores(read, x, 5.0)


def test_a_code_that_is_no_projection_is_refused(data, model):
    with pytest.raises(ModelError, match="orthonormal"):
        published(model("asymmetric_svd"), data.train)


def test_a_catalogue_beyond_the_limit_is_refused_before_anything_is_solved(monkeypatch):
    monkeypatch.setattr(linear, "eigh", None)
    with pytest.raises(ModelError, match="too many"):
        spectrum(csr_array((3, linear.MOST_ITEMS + 1), dtype=np.float32))


def test_a_profile_holds_weights_and_dislikes(data):
    x = profiles(TASTES, data.info.n_items)
    assert x[0].nonzero()[0].tolist() == [0, 2, 4]
    assert (x[1, [1, 30]].tolist(), x[1, [5, 9]].tolist()) == ([1, 1], [-1, -1])
    assert x[2, [7, 8]].tolist() == [1, 0]
    assert not x[3].any()


def test_ranks_reach_from_one_to_all():
    for n in (1, 2, 60, 1375):
        ranks = ranks_between(n)
        assert (ranks[0], ranks[-1]) == (1, n)
        assert len(ranks) <= 16
        assert ranks == sorted(set(ranks))
