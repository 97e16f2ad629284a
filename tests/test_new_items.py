"""Items that nobody chose, ranked beside the catalogue."""

import json

import numpy as np
import polars as pl
import pytest

from tests.conftest import menagerie
from tests.world import N_ITEMS
from zoo.content import Recipe
from zoo.errors import DataError, ModelError
from zoo.new_items import read_new_items, recommend_with
from zoo.recommend import Taste, recommend
from zoo.registry import Zoo
from zoo.runtime import Runtime
from zoo.settings import Settings

CONTENT = ("two_tower_text", "two_tower_image", "two_tower_mixed")
NEW = pl.DataFrame(
    {"movieId": ["a new comedy", "a new thriller"], "title": ["Quite New", "Newer Still"], "year": [1985, 1986],
     "genres": ["Comedy", "Thriller"]}
)  # fmt: skip
EVEN, ODD = tuple(range(0, 20, 2)), tuple(range(1, 20, 2))  # comedies, thrillers


@pytest.fixture(scope="module")
def dataset(tiny_zoo):
    return Zoo(tiny_zoo).dataset("tiny")


@pytest.fixture(scope="module")
def runtime():
    return Runtime(Settings(provider="cpu"))


@pytest.fixture
def file(tmp_path):
    NEW.write_csv(tmp_path / "new.csv")
    return tmp_path / "new.csv"


@pytest.mark.parametrize("name", CONTENT)
def test_a_new_item_stands_higher_for_those_who_like_its_kind(name, dataset, runtime, file):
    model = runtime.load(dataset.model(name))
    new = read_new_items(file, model, dataset.catalogue)
    table = recommend_with(model, dataset.catalogue, new, ["even", "odd"], [Taste(EVEN), Taste(ODD)], N_ITEMS + 2)
    rank = {(user, item): rank for user, item, rank in table.select("user", "item_id", "rank").iter_rows()}
    assert rank["even", "a new comedy"] < rank["even", "a new thriller"]
    assert rank["odd", "a new thriller"] < rank["odd", "a new comedy"]
    assert table.filter("new")["item_id"].unique().sort().to_list() == ["a new comedy", "a new thriller"]


@pytest.mark.parametrize("name", CONTENT)
def test_the_items_of_the_catalogue_keep_their_order_and_their_scores(name, dataset, runtime, file):
    model = runtime.load(dataset.model(name))
    new = read_new_items(file, model, dataset.catalogue)
    tastes = [Taste(EVEN, dislikes=(1, 3)), Taste(ODD)]
    table = recommend_with(model, dataset.catalogue, new, [0, 1], tastes, N_ITEMS + 2)
    plain = recommend(model, tastes, k=N_ITEMS)
    ids = dataset.catalogue.items["item_id"].cast(pl.String).to_list()
    for user in (0, 1):
        there = table.filter((pl.col("user") == user) & ~pl.col("new"))
        kept = plain.ranked[user] >= 0
        assert there["item_id"].to_list() == [ids[item] for item in plain.ranked[user][kept]]
        np.testing.assert_allclose(there["score"].to_numpy(), plain.scores[user][kept], rtol=1e-4, atol=1e-5)


def test_an_item_described_like_one_of_the_catalogue_has_its_score(dataset, runtime, tmp_path):
    model = runtime.load(dataset.model("two_tower_text"))
    twin = (
        dataset.catalogue.items.head(1)
        .with_columns(item_id=pl.lit("twin"))
        .select("item_id", "title", "year", "genres")
    )
    twin.write_parquet(tmp_path / "new.parquet")
    new = read_new_items(tmp_path / "new.parquet", model, dataset.catalogue)
    table = recommend_with(model, dataset.catalogue, new, ["x"], [Taste((30,))], N_ITEMS)
    scores = dict(table.select("item_id", "score").iter_rows())
    assert scores["twin"] == pytest.approx(scores[str(dataset.catalogue.items["item_id"][0])], rel=1e-4)


def test_a_model_that_knows_items_by_their_users_refuses_new_ones(dataset, runtime, file):
    with pytest.raises(ModelError, match="nobody has chosen a new one"):
        read_new_items(file, runtime.load(dataset.model("ease")), dataset.catalogue)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (pl.DataFrame({"movieId": [100], "title": ["here already"]}), "holds '100', which the catalogue has already"),
        (
            pl.DataFrame({"movieId": [None], "title": ["no id"]}, schema_overrides={"movieId": pl.Int64}),
            "holds no item",
        ),
        (pl.DataFrame({"what": ["x"]}), "no column for the item"),
    ],
)
def test_tables_that_hold_no_new_items_are_refused(table, sentence, dataset, runtime, tmp_path):
    table.write_parquet(tmp_path / "new.parquet")
    with pytest.raises(DataError, match=sentence):
        read_new_items(tmp_path / "new.parquet", runtime.load(dataset.model("two_tower_text")), dataset.catalogue)


def test_the_card_holds_the_recipe_of_towers_that_read_items_and_of_no_others(dataset):
    for name in dataset.model_names():
        with dataset.model(name) as folder:
            assert isinstance(folder.card.item_tower, Recipe) == (name in CONTENT)
            assert (folder.path / "item_tower.onnx").exists() == (name in CONTENT)


def test_the_command_marks_new_items(tiny_zoo, file, tmp_path):
    (tmp_path / "history.csv").write_text("movieId\n" + "\n".join(str(100 + 3 * item) for item in EVEN))
    arguments = ("--zoo", str(tiny_zoo), "--dataset", "tiny", "--model", "two_tower_text", "--k", "60")
    history = ("--history", str(tmp_path / "history.csv"), "--new-items", str(file))
    answer = json.loads(menagerie("recommend", *arguments, *history, "--json").stdout)
    marked = {item["item_id"]: item["new"] for item in answer["lists"][0]["items"]}
    assert marked["a new comedy"] is True
    assert sum(marked.values()) == len([item for item in marked if item.startswith("a new")])
    assert "a new comedy\tQuite New" in menagerie("recommend", *arguments, *history).stdout
