"""What the README promises on real data, trained and measured by the real commands."""

import json

import pytest

from tests.conftest import menagerie, train
from zoo.registry import Zoo

N_ITEMS = 9_724  # of ml-latest-small


@pytest.fixture(scope="module")
def movies(test_data, tmp_path_factory):
    """A zoo on ml-latest-small, and what training said of each model."""
    zoo = tmp_path_factory.mktemp("real")
    done = train(zoo, test_data / "ml-latest-small", "popularity", "pure_svd", "ease", "--json")
    return zoo, {fact["model"]: fact for fact in map(json.loads, done.stdout.splitlines())}


def figures(zoo, metric):
    answer = json.loads(menagerie("evaluate", "--zoo", str(zoo), "--json", "--compare", metric).stdout)
    return {name: of[metric]["mean"] for name, of in answer["models"].items()}, answer["comparisons"][metric]


def test_ease_is_half_as_good_again_as_popularity_and_told_apart_from_it(movies):
    means, compared = figures(movies[0], "ndcg_at_100")
    assert means["ease"] > 1.5 * means["popularity"]
    by_pair = {(one["a"], one["b"]): one for one in compared}
    for name in ("ease", "pure_svd"):
        found = by_pair.get((name, "popularity")) or by_pair["popularity", name]
        assert found["distinguishable"]
        assert (found["difference"] > 0) == (found["a"] == name)


def test_ease_holds_one_matrix_of_items_by_items(movies):
    """S has 4 I^2 bytes; beside it stand the data, a block of columns twice, and what exporting left."""
    matrix = 4 * N_ITEMS**2
    assert matrix < movies[1]["ease"]["peak_bytes"] < 1.6 * matrix


def test_parity_of_real_catalogues_is_checked_on_histories_of_a_thousand_items(movies):
    for name in Zoo(movies[0]).dataset().model_names():
        with Zoo(movies[0]).dataset().model(name) as folder:
            parity = folder.card.parity
        assert "(0, 1, 1000)" in parity.checked
        assert parity.relative_difference <= 1e-4
        assert parity.top_20_agreement == 1.0


def test_popularity_on_gowalla_is_what_others_published(test_data, tmp_path):
    train(tmp_path, test_data / "gowalla", "popularity", "--split", "column:part")
    with Zoo(tmp_path).dataset("gowalla").model("popularity") as folder:
        metrics = folder.card.metrics
    assert metrics["recall_at_20"].mean == pytest.approx(0.0416, abs=5e-5)
    assert metrics["ndcg_at_20"].mean == pytest.approx(0.0317, abs=5e-5)
