"""Items that nobody chose, ranked beside the catalogue."""

import json
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from PIL import Image

from tests.conftest import menagerie
from tests.world import N_ITEMS
from zoo.catalogue import Catalogue
from zoo.content import Pictures, Recipe
from zoo.errors import DataError, ModelError
from zoo.new_items import Audience, NewItems, new_items, read_new_items, recommend_with, standing
from zoo.pictures import pictures_of
from zoo.recommend import Taste, recommend, tastes_of
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


# --- where one item stands


@pytest.mark.parametrize("name", CONTENT)
def test_standing_is_the_place_in_the_whole_list_between_its_neighbours(name, dataset, runtime, file):
    model = runtime.load(dataset.model(name))
    new = read_new_items(file, model, dataset.catalogue)
    ids = dataset.catalogue.items["item_id"].cast(pl.String).to_list()
    for taste in (Taste(EVEN, dislikes=(1, 3)), Taste(ODD), Taste((5,))):
        for item, embedding in zip(new.items["item_id"], new.embeddings, strict=True):
            alone = NewItems(new.items.filter(pl.col("item_id") == item), embedding[None])
            table = recommend_with(model, dataset.catalogue, alone, ["x"], [taste], N_ITEMS + 1)
            place, listed = table["item_id"].index_of(item), table["item_id"].to_list()
            found = standing(model, taste, embedding, around=4)
            assert (found.rank, found.n) == (place + 1, len(listed))
            assert [ids[one] for one in found.above] == listed[max(0, place - 4) : place]
            assert [ids[one] for one in found.below] == listed[place + 1 : place + 5]
            assert found.score == pytest.approx(table["score"][place], rel=1e-4)


def test_ranks_of_an_audience_are_those_of_everybodys_own_list(dataset, runtime, file):
    model = runtime.load(dataset.model("two_tower_text"))
    new = read_new_items(file, model, dataset.catalogue)
    fold = dataset.test
    tastes = tastes_of(fold.fold_in, seen=fold.masked)
    for depth in (5, N_ITEMS):
        audience = Audience.of(model, fold, depth)
        for embedding in new.embeddings:
            expected = [min(depth + 1, standing(model, taste, embedding).rank) for taste in tastes]
            assert audience.ranks(embedding).tolist() == expected


def test_those_nearest_to_a_new_item_are_those_in_whose_lists_it_stands_highest(dataset, runtime, file):
    model = runtime.load(dataset.model("two_tower_text"))
    comedy = read_new_items(file, model, dataset.catalogue).embeddings[0]
    audience = Audience.of(model, dataset.test, 10)
    ranks, nearest = audience.ranks(comedy), audience.nearest(comedy, 12)
    assert 0 < len(nearest) <= 12
    assert ranks[nearest].tolist() == sorted(ranks)[: len(nearest)]
    assert (ranks[nearest] <= 10).all()
    way = (audience.embedding @ comedy - audience.ladder[:, -1]) / (audience.ladder[:, 0] - audience.ladder[:, -1])
    for one, next_one in pairwise(nearest):
        assert ranks[one] < ranks[next_one] or way[one] >= way[next_one]
    unloved = Audience(audience.embedding, np.full_like(audience.ladder, 1e9))
    assert len(unloved.nearest(comedy, 12)) == 0


def test_an_item_that_scores_as_another_one_stands_behind_it():
    audience = Audience(np.ones((1, 1), np.float32), np.array([[3.0, 2.0, 2.0, -np.inf]], np.float32))
    assert [int(audience.ranks(np.array([score]))[0]) for score in (4.0, 3.0, 2.5, 2.0, 1.0)] == [1, 2, 2, 4, 4]


def test_a_picture_in_memory_is_read_as_one_of_a_folder(dataset, runtime, file, tmp_path):
    model = runtime.load(dataset.model("two_tower_image"))
    red = np.zeros((2, 96, 64, 3), np.uint8)
    red[..., 0] = 200
    for item in NEW["movieId"]:
        Image.fromarray(red[0]).save(tmp_path / f"{item}.png")
    of_folder = read_new_items(file, model, dataset.catalogue, tmp_path)
    in_memory = new_items(NEW, model, dataset.catalogue, Pictures(red, np.ones(2, bool)))
    drawn = read_new_items(file, model, dataset.catalogue)
    np.testing.assert_array_equal(of_folder.embeddings, in_memory.embeddings)
    assert not np.allclose(drawn.embeddings, in_memory.embeddings)


def test_a_poster_is_drawn_among_those_of_the_catalogue(dataset, runtime):
    """Which genre stands for an item depends on the lists of all of them."""
    model, catalogue = runtime.load(dataset.model("two_tower_image")), dataset.catalogue
    table = pl.DataFrame({"item_id": ["new"], "title": ["New"], "year": [1985], "genres": [["Comedy", "Drama"]]})
    together = pl.concat(
        [catalogue.items.with_columns(pl.col("item_id").cast(pl.String)), table.with_columns(n_users=pl.lit(0))],
        how="diagonal_relaxed",
    )
    drawn = pictures_of(Catalogue(together), None).part(slice(len(catalogue), None))
    expected = new_items(table, model, catalogue, drawn).embeddings
    np.testing.assert_array_equal(new_items(table, model, catalogue).embeddings, expected)
    alone = pictures_of(Catalogue(together[-1:]), None)
    assert not np.allclose(new_items(table, model, catalogue, alone).embeddings, expected)


def test_a_table_in_memory_is_told_apart_by_its_name(dataset, runtime):
    with pytest.raises(DataError, match="The form holds no item"):
        new_items(NEW.clear(), runtime.load(dataset.model("two_tower_text")), dataset.catalogue, called="The form")
