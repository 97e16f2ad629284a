"""Simulated viewers: reproducible, skewed like real ones, and drawn from the very probabilities that are reported."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array
from scipy.stats import spearmanr

from tests.conftest import menagerie, train
from zoo.datasets.built_in import built_in, settings_of
from zoo.datasets.films.catalogue import catalogue
from zoo.datasets.films.references import references
from zoo.datasets.films.simulator import YEAR, Simulation, simulate, start_of
from zoo.datasets.films.viewers import Config
from zoo.errors import CardError
from zoo.interactions import Interactions, read_interactions
from zoo.metrics import ndcg_at_k
from zoo.references import read_references, references_table
from zoo.registry import Zoo
from zoo.split import Fold, Split, split

SMALL = Config(n_viewers=300, typical_films=6.0)
MANY = Config(n_viewers=3000)


@pytest.fixture(scope="module")
def few_films() -> pl.DataFrame:
    return catalogue().head(80)


@pytest.fixture(scope="module")
def many() -> Simulation:
    return simulate(catalogue(), MANY, seed=1)


@pytest.fixture(scope="module")
def parts(many, tmp_path_factory) -> tuple[Interactions, Split]:
    path = tmp_path_factory.mktemp("films") / "interactions.parquet"
    many.interactions.write_parquet(path)
    interactions = read_interactions(path)
    return interactions, split(interactions.X, "strong:98765")


def digest(simulation: Simulation) -> str:
    return hashlib.sha256(simulation.interactions.write_csv().encode()).hexdigest()


def columns(simulation: Simulation) -> np.ndarray:
    """The film of each interaction, as a position."""
    position = {item: place for place, item in enumerate(simulation.films.item_ids)}
    return np.array([position[item] for item in simulation.interactions["item_id"]])


def nothing_seen(simulation: Simulation, n: int) -> csr_array:
    return csr_array((n, len(simulation.films.item_ids)))


def at(simulation: Simulation, seasons: np.ndarray) -> np.ndarray:
    return np.eye(simulation.config.n_seasons)[seasons]


def test_one_seed_gives_one_table_and_another_seed_another(few_films):
    first = simulate(few_films, SMALL, seed=4)
    assert digest(first) == digest(simulate(few_films, SMALL, seed=4))
    assert digest(first) != digest(simulate(few_films, SMALL, seed=5))


def test_nobody_watches_a_film_twice_or_before_its_release(many):
    table = many.interactions
    assert table.select("user_id", "item_id").is_duplicated().sum() == 0
    years = (table["timestamp"].to_numpy() - start_of(MANY)) / YEAR
    assert (years >= 0).all()
    assert (years <= MANY.n_years).all()
    assert (many.films.release[columns(many)] <= years).all()
    assert (many.films.release > 0).any()  # there are new films to be kept back


def test_interactions_stand_in_the_order_of_users_and_time(many):
    assert many.interactions.equals(many.interactions.sort("user_id", "timestamp", maintain_order=True))


def test_viewers_have_a_long_tail_of_activity(many):
    n = many.interactions["user_id"].value_counts(name="n")["n"].to_numpy()
    assert len(n) == MANY.n_viewers
    assert n.min() >= MANY.least_films
    assert 25 <= np.median(n) <= 35
    assert np.quantile(n, 0.99) > 5 * np.median(n)


def test_films_have_a_long_tail_of_popularity(many):
    n = np.sort(np.bincount(columns(many), minlength=len(many.films.item_ids)))[::-1]
    tenth = len(n) // 10
    assert 0.3 < n[:tenth].sum() / n.sum() < 0.5
    assert n[0] > 10 * np.median(n)


def test_what_is_visible_is_watched_beyond_what_taste_asks_for(many):
    viewers, middle = np.arange(500), np.full(500, MANY.n_seasons // 2)
    liked = many.preference(viewers, at(many, middle), nothing_seen(many, 500)).mean(axis=0)
    counts = np.bincount(columns(many), minlength=len(many.films.item_ids))
    old = many.films.release < 0
    assert spearmanr(counts[old], many.films.fame[old]).statistic > spearmanr(counts[old], liked[old]).statistic + 0.2
    tasteless = simulate(catalogue(), replace(MANY, fame=0.0, novelty=0.0), seed=1)
    even = np.sort(np.bincount(columns(tasteless)))[::-1]
    assert even[: len(even) // 10].sum() < 0.7 * np.sort(counts)[::-1][: len(counts) // 10].sum()


def test_a_share_of_the_accounts_are_two_people_of_different_taste(many):
    households = np.flatnonzero(many.second >= 0)
    assert len(households) / MANY.n_viewers == pytest.approx(MANY.household, abs=0.03)
    assert (many.share[households] < 1).all()
    first, second = many.people.genres[households, 0], many.people.genres[many.second[households], 0]
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.05


def test_taste_drifts_with_time_and_stands_still_without_drift(few_films):
    ends = [0, SMALL.n_seasons - 1]
    moved = {}
    for drift in (0.0, 0.3):
        still = replace(SMALL, drift=drift, novelty=0.0, first_year=2030)  # every film has been out for long
        simulation = simulate(few_films, still, seed=2)
        q = [
            simulation.preference(np.arange(50), at(simulation, np.full(50, season)), nothing_seen(simulation, 50))
            for season in ends
        ]
        moved[drift] = np.abs(q[1] - q[0]).sum(axis=1).mean()
    assert moved[0.0] == pytest.approx(0.0, abs=1e-12)
    assert moved[0.3] > 0.2


def test_probabilities_sum_to_one_and_leave_out_what_was_seen(few_films):
    simulation = simulate(few_films, SMALL, seed=3)
    seen = csr_array((np.ones(3), ([0, 0, 2], [4, 9, 1])), shape=(3, 80))
    for ask in (simulation.next_probability, simulation.preference):
        p = ask(np.array([5, 6, 7]), at(simulation, np.array([39, 39, 20])), seen)
        assert p.sum(axis=1) == pytest.approx(np.ones(3))
        assert p[[0, 0, 2], [4, 9, 1]].tolist() == [0, 0, 0]
        assert (p[1] > 0).all() == (simulation.films.release < 39 / 4).all()


def test_the_true_probability_is_that_of_what_was_really_watched_next(many):
    """Of the last films of all viewers, as many lie among the ten likeliest as their probabilities add up to."""
    table, film = many.interactions, columns(many)
    last = np.append(np.flatnonzero(np.diff(table["user_id"].to_numpy())), table.height - 1)
    before = np.ones(table.height, dtype=bool)
    before[last] = False
    rows = table["user_id"].to_numpy() - 1
    seen = csr_array(
        (np.ones(before.sum()), (rows[before], film[before])), shape=(MANY.n_viewers, len(many.films.item_ids))
    )
    season = many.season(table["timestamp"].to_numpy()[last])
    p = many.next_probability(np.arange(MANY.n_viewers), at(many, season), seen)
    likeliest = np.argsort(-p, axis=1)[:, :10]
    expected = np.take_along_axis(p, likeliest, axis=1).sum(axis=1)
    hits = (likeliest == film[last][:, None]).any(axis=1)
    spread = np.sqrt((expected * (1 - expected)).sum())
    assert abs(hits.sum() - expected.sum()) < 3.5 * spread
    assert expected.mean() > 0.1  # and it says much more than chance: ten of a thousand films


def test_a_linear_model_finds_taste_beyond_popularity_and_the_oracle_is_out_of_reach(many, parts):
    interactions, split_parts = parts
    fold, train = split_parts.test, split_parts.train
    G = (train.T @ train).toarray().astype(float)
    P = np.linalg.inv(G + 300.0 * np.eye(len(G)))
    S = -P / np.diag(P)
    np.fill_diagonal(S, 0.0)
    popular = np.tile(np.diag(G), (len(fold), 1))
    lists = references_table(
        {"popularity": unseen(popular, fold), "ease": unseen(fold.fold_in @ S, fold)}, fold.user_idx
    )
    table = pl.concat([lists, references(many, interactions, split_parts)])
    ndcg = {name: measure(table, name, fold) for name in ("popularity", "ease", "oracle", "preference")}
    assert 1.25 < ndcg["ease"] / ndcg["popularity"] < 2.5  # 2.1 on MovieLens latest-small
    assert ndcg["oracle"] > 1.2 * ndcg["ease"]
    assert ndcg["popularity"] < ndcg["preference"] < ndcg["oracle"]


def unseen(scores: np.ndarray, fold: Fold) -> np.ndarray:
    return np.where(fold.fold_in.toarray() > 0, -np.inf, scores)


def measure(table: pl.DataFrame, name: str, fold: Fold) -> float:
    lists = np.array(table.filter(pl.col("name") == name)["ranked"].to_list())
    return float(ndcg_at_k(lists, fold.held_out, 100).mean())


@pytest.mark.parametrize("rule", ["strong:98765", "leave-last-out", "temporal:0.1", "cold-items:1", "strong:1@2/3"])
def test_references_list_every_test_user_and_nothing_that_was_shown(many, parts, rule):
    interactions, _ = parts
    of_rule = split(interactions.X, rule, last_time=interactions.last_time)
    table = references(many, interactions, of_rule)
    assert table["name"].unique(maintain_order=True).to_list() == ["oracle", "preference"]
    for name in ("oracle", "preference"):
        of_name = table.filter(pl.col("name") == name)
        assert of_name["user_idx"].to_list() == of_rule.test.user_idx.tolist()
    shown = of_rule.test.fold_in + of_rule.test.masked
    for row, ranked in enumerate(of_name["ranked"].to_list()):
        assert not set(ranked) & set(shown.indices[shown.indptr[row] : shown.indptr[row + 1]].tolist())


def test_a_catalogue_of_films_that_are_not_out_yet_gives_nothing_to_watch(few_films):
    future = few_films.with_columns(year=pl.lit(2050, dtype=pl.Int32))
    assert simulate(future, SMALL, seed=0).interactions.is_empty()


def test_training_on_the_built_in_films_says_that_they_are_simulated_and_keeps_references(tmp_path):
    train(tmp_path, Path("films"), "popularity")
    info = Zoo(tmp_path).dataset("films").info
    assert info.simulated
    assert info.notice.startswith("Simulated viewers")
    assert "Apache-2.0" in info.licence
    assert info.n_users == 8000
    answer = json.loads(menagerie("evaluate", "--zoo", str(tmp_path), "--json").stdout)
    ndcg = {name: figures["ndcg_at_100"] for name, figures in (answer["references"] | answer["models"]).items()}
    assert list(answer["references"]) == ["oracle", "preference"]
    assert ndcg["oracle"]["low"] > ndcg["preference"]["high"] > ndcg["popularity"]["high"]
    shown = menagerie("evaluate", "--zoo", str(tmp_path)).stdout
    assert shown.index("popularity") < shown.index("(oracle)")
    assert "no model" in shown


def test_other_data_has_no_references_and_is_not_simulated(tiny_zoo):
    dataset = Zoo(tiny_zoo).dataset("tiny")
    assert dataset.references == {}
    assert not dataset.info.simulated


def test_references_of_other_users_are_refused(tmp_path, many, parts):
    interactions, of_rule = parts
    path = tmp_path / "references.parquet"
    references(many, interactions, of_rule).write_parquet(path)
    assert read_references(path, path.read_bytes(), of_rule.test)["oracle"].shape == (len(of_rule.test), 100)
    with pytest.raises(CardError, match="lacks test users"):
        read_references(path, path.read_bytes(), of_rule.validation)


def test_settings_that_suit_the_films_are_for_the_models_asked_for_only():
    assert settings_of("films", {"ease"}) == ["ease.l2=600"]
    assert settings_of("interactions.csv", {"ease"}) == []
    assert built_in("./films") is None
