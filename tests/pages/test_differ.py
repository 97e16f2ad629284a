"""Why lists differ, on Compare: the sentence, the lines, the facts, the table; counted anew from the lists' cards."""

from collections import Counter
from statistics import mean, median

import polars as pl
import pytest

from pages.parts import differ
from pages.parts.panels import Panel
from pages.parts.state import Visit
from tests.pages.conftest import App
from tests.pages.test_compare import items
from tests.pages.test_states import own_zoo  # noqa: F401 - a fixture
from zoo.compare import character
from zoo.dataset import Dataset
from zoo.manifest import write_manifest


def look(app: App, **view: str) -> dict:
    app.session.view = {"differ": "on", **view}
    app.session.turns += 1
    app.session.linked = True
    app.run()
    (flow,) = app.shown("flow")
    return flow


def facts(flow: dict) -> dict[str, list[dict | None]]:
    assert all(fact["meaning"] for fact in flow["facts"])
    return {fact["title"]: fact["cells"] for fact in flow["facts"]}


@pytest.fixture
def three(app) -> App:
    return app.choose(models=["popularity", "ease", "variational"]).taste(0, 2).open("try/compare")


def test_lines_are_drawn_only_where_somebody_asks_and_the_address_says_so(three):
    assert not three.shown("flow")
    assert three.shown("overlap")[0]["sentence"]
    look(three)
    assert "differ=on" in three.shown("address")[-1]["steps"][-1]["query"]


def test_every_item_knows_its_rank_elsewhere_and_its_fate(three):
    flow, lists = look(three), [items(shown) for shown in three.lists]
    standing = Counter(item for ranked in lists for item in ranked)
    assert {1, 3} <= set(standing.values())  # the test has something to look at
    for at, (column, ranked) in enumerate(zip(flow["columns"], lists, strict=True)):
        assert [(row["rank"], row["id"]) for row in column["rows"]] == list(enumerate(ranked, 1))
        for row in column["rows"]:
            assert row["fate"] == {1: "own", 2: "some", 3: "all"}[standing[row["id"]]]
            there = {
                of: other.index(row["id"]) + 1 for of, other in enumerate(lists) if of != at and row["id"] in other
            }
            assert [one["rank"] for one in row["elsewhere"]] == list(there.values())
            assert [one["rank"] for one in row["also"]] == [rank for of, rank in there.items() if abs(of - at) > 1]


def test_a_cut_leaves_the_first_ranks_and_marks_what_goes_on_below(three):
    flow, lists = look(three, ranks="10"), [items(shown) for shown in three.lists]
    for at, column in enumerate(flow["columns"]):
        assert [row["id"] for row in column["rows"]] == lists[at][:10]
        for row in column["rows"]:
            without_line = [
                other.index(row["id"]) + 1
                for of, other in enumerate(lists)
                if of != at and row["id"] in other and (abs(of - at) > 1 or other.index(row["id"]) >= 10)
            ]
            assert [one["rank"] for one in row["also"]] == without_line
    assert len(look(three, ranks="all")["columns"][0]["rows"]) == 20


def test_facts_are_those_of_the_items(three):
    found, lists = facts(look(three)), [items(shown) for shown in three.lists]
    table, n = three.data.catalogue.items, three.data.info.n_training_users
    for at, ranked in enumerate(lists):
        elsewhere = {item for of, other in enumerate(lists) if of != at for item in other}
        assert found["Only here"][at]["text"] == f"{len(set(ranked) - elsewhere)} of 20"
        years = [year for year in table["year"].gather(ranked).to_list() if year is not None]
        assert float(found["Year"][at]["text"]) == median(years)
        assert found["Year"][at].get("note") == (None if len(years) == 20 else f"of {len(years)} with a year")
        shares = [count / n for count in table["n_users"].gather(ranked).to_list()]
        assert float(found["Popularity"][at]["text"].removesuffix(" %")) == pytest.approx(100 * mean(shares), abs=0.5)
        assert len(found["Popularity"][at]["ticks"]) == 20
        low, high = (end(tick for cell in found["Popularity"] for tick in cell["ticks"]) for end in (min, max))
        assert (low, high) == (0.0, 1.0)
    genres = [title for title in found if title in three.data.catalogue.genres()]
    for genre in genres:
        for at, ranked in enumerate(lists):
            share = mean(genre in of for of in table["genres"].gather(ranked).to_list() if len(of))
            assert found[genre][at]["share"] == pytest.approx(share)


def test_hidden_choices_are_marked_and_counted(app):
    user = int(app.data.test.user_idx[3])
    app.choose(models=["ease", "popularity"]).visit(Visit(looking=True, user_idx=user)).open("try/compare")
    flow, hidden = look(app), set(app.data.hidden_choices(user).tolist())
    hits = [len(hidden & set(items(shown))) for shown in app.lists]
    assert sum(hits) > 0
    assert [sum(row["chosen"] for row in column["rows"]) for column in flow["columns"]] == hits
    assert [cell["text"] for cell in facts(flow)["Really chosen"]] == [f"{n} of {len(hidden)}" for n in hits]
    assert f"EASE lists {hits[0]} and Popularity lists {hits[1]}." in app.shown("overlap")[0]["sentence"]


def test_columns_that_refuse_are_left_out_and_twins_are_told_apart(app):
    app.choose(models=["two_tower_id", "ease", "ease!k=5", "popularity"]).taste(0, 2).open("try/compare")
    flow = look(app)
    assert [column["title"] for column in flow["columns"]] == ["EASE", "EASE · 5 items", "Popularity"]
    assert facts(flow)["Only here"][1]["text"] == "0 of 5"
    app.choose(models=["ease", "ease"])
    app.session.turns += 1
    app.run()
    assert app.shown("overlap")[0]["sentence"] == "EASE and EASE (2) list the same 20 items in the same order."
    assert {row["fate"] for column in app.shown("flow")[0]["columns"] for row in column["rows"]} == {"all"}


def test_an_empty_list_is_no_obstacle(app):
    taste = tuple(range(2, 60, 2))  # all comedies but one
    app.choose(models=["ease", "ease!genre=Comedy!years=1950-1959"]).taste(0, *taste).open("try/compare")
    flow = look(app)
    assert flow["columns"][1]["rows"] == []
    assert facts(flow)["Popularity"][1] is None
    assert app.shown("overlap")[0]["sentence"].endswith("EASE · Comedy · 1950s nothing.")


def test_a_catalogue_without_years_and_genres_shows_what_there_is(own_zoo):  # noqa: F811
    path = own_zoo / "tiny" / "items.parquet"
    bare = pl.read_parquet(path).with_columns(
        year=pl.lit(None, pl.Int32), genres=pl.lit([], pl.List(pl.String)), title=pl.lit("Item")
    )
    bare.write_parquet(path)
    write_manifest(path.parent, below=False)
    app = App(own_zoo).choose(models=["ease", "popularity"]).taste(0, 2).open("try/compare")
    assert set(facts(look(app))) == {"Only here", "Popularity"}
    assert "newer" not in app.shown("overlap")[0]["sentence"]


def test_a_link_with_odd_settings_opens(three):
    flow = look(three, ranks="many")
    assert len(flow["columns"][0]["rows"]) == 20
    assert "did not fit" in three.words


def test_the_table_to_take_home_has_every_item_once_with_its_ranks(three):
    lists = [items(shown) for shown in three.lists]
    panels = [Panel(None, None, title) for title in ("A", "B", "C")]
    table = differ.table(three.data, found_of(three.data, panels, lists, {lists[0][0]}))
    assert sorted(table["item_id"]) == sorted(
        three.data.catalogue.items["item_id"].gather(list({i for of in lists for i in of}))
    )
    for name, ranked in zip("ABC", lists, strict=True):
        held = table.filter(pl.col(f"rank in {name}").is_not_null()).sort(f"rank in {name}")
        assert held["item_id"].to_list() == three.data.catalogue.items["item_id"].gather(ranked).to_list()
    ranks = table.select("rank in A", "rank in B", "rank in C").rows()
    assert table["lists"].to_list() == [sum(rank is not None for rank in row) for row in ranks]
    assert table["really_chosen"].sum() == 1


def found_of(data: Dataset, panels: list[Panel], lists: list[list[int]], hidden: set[int]) -> differ.Differences:
    characters = [character(of, differ.traits(data)) for of in lists]
    return differ.Differences(panels, lists, characters, hidden)
