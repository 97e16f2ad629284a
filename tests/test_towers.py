import numpy as np
import pytest
from scipy.stats import spearmanr

from zoo.towers import plane, rank_correlation

RNG = np.random.default_rng(0)
USER, ITEMS = RNG.standard_normal(8), RNG.standard_normal((50, 8)) * RNG.random((50, 1))


def test_no_score_is_lost_in_the_plane():
    of = plane(USER, ITEMS)
    scores = ITEMS @ USER
    np.testing.assert_allclose(of.length * of.along, scores, atol=1e-12)
    np.testing.assert_allclose(of.length * of.lengths * of.cosines, scores, atol=1e-12)
    assert np.array_equal(np.argsort(of.along), np.argsort(scores))


def test_the_second_axis_stands_at_a_right_angle_and_no_other_shows_more():
    of = plane(USER, ITEMS)
    direction = USER / np.linalg.norm(USER)
    rest = ITEMS - np.outer(ITEMS @ direction, direction)
    rest = rest - rest.mean(axis=0)
    best = np.linalg.svd(rest)[2][0]
    assert abs(best @ direction) < 1e-9
    np.testing.assert_allclose(np.abs(of.across), np.abs((ITEMS - np.outer(of.along, direction)) @ best), atol=1e-9)
    both = np.square(of.along).sum() + np.square(of.across).sum()
    assert of.shown == pytest.approx(both / np.square(ITEMS).sum())


def test_vectors_of_length_zero_break_nothing():
    of = plane(np.zeros(8), ITEMS)
    assert of.length == 0
    assert np.isfinite(of.along).all()
    of = plane(USER, np.zeros((3, 8)))
    assert of.cosines.tolist() == [0, 0, 0]
    assert of.shown == 1


def test_the_rank_correlation_is_spearmans():
    a, b = RNG.integers(0, 9, 40), RNG.random(40)
    assert rank_correlation(a, b) == pytest.approx(spearmanr(a, b).statistic)
    assert rank_correlation(a, -a) == pytest.approx(-1)
    assert rank_correlation(a, np.ones(40)) == 0
