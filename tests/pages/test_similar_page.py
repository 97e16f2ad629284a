"""The Similar page: what leads to what under each model, the heat map of a shelf, and the map with its box."""

import json

import numpy as np
import polars as pl
import pytest
import streamlit as st
from scipy.sparse import csr_array

from pages.parts import cached, heat, in_box, item_map, map_colours, measured, similar
from tests.pages.conftest import App
from tests.pages.test_leaderboard import look
from tests.pages.test_states import break_model, own_zoo  # noqa: F401 - a fixture
from zoo.item_map import seriation


@pytest.fixture
def page(app) -> App:
    return app.open("inside/similar")


def ask(app: App, *models: str, **view: str) -> App:
    app.session.kept["models"] = list(models)
    return look(app, **view)


def item_id(app: App, item: int) -> str:
    return str(app.data.catalogue.items["item_id"][item])


def S_of(app: App, name: str) -> np.ndarray:
    """[I, I], asked one by one."""
    entry = next(entry for entry in cached.entries(app.data) if entry.name == name)
    model = cached.model(app.data, entry)

    def scores(items: list[int]) -> np.ndarray:
        history = csr_array((np.ones(len(items), np.float32), np.array(items, int), [0, len(items)]), shape=(1, 60))
        return model.run(history, outputs=("all_scores",))["all_scores"][0]

    return np.stack([scores([item]) - scores([]) for item in range(60)])


def both(app: App) -> tuple[dict, dict]:
    """name -> list, of what it leads to, and because of what."""
    leads, because = app.shown("lists")
    return tuple({one["name"]: one for one in of["lists"]} for of in (leads, because))


def figure(app: App) -> dict:
    (chart,) = app.at.get("plotly_chart")
    return json.loads(chart.proto.spec)


def test_both_directions_of_several_models_stand_beside_each_other(page):
    ask(page, "ease", "asymmetric_svd", item=item_id(page, 4))
    leads, because = both(page)
    for name in ("ease", "asymmetric_svd"):
        S = S_of(page, name)
        ratio = np.linalg.norm(S - S.T) / np.linalg.norm(S)
        np.fill_diagonal(S, 0.0)
        for found, line in ((leads, S[4]), (because, S[:, 4])):
            cards = found[name]["cards"]
            expected = np.sort(line[line > 0])[::-1][:10]
            np.testing.assert_allclose(line[[card["id"] for card in cards]], expected, atol=1e-4)
            texts = [float(card["score"].replace("−", "-")) for card in cards]
            np.testing.assert_allclose(texts, expected, rtol=0.02, atol=0.006)
            assert [card["rank"] for card in cards] == list(range(1, len(cards) + 1))
        assert because[name]["facts"][0]["text"] == f"|S − Sᵀ| / |S| = {ratio:.3f}"


def test_items_that_several_models_share_are_marked(page):
    names = ("ease", "pure_svd", "item_knn")
    ask(page, *names, item=item_id(page, 4))
    leads, _ = both(page)
    of = {name: [card["id"] for card in leads[name]["cards"]] for name in names}
    for name in names:
        for card in leads[name]["cards"]:
            holding = {other: of[other].index(card["id"]) + 1 for other in names if card["id"] in of[other]}
            assert card["common"] == (len(holding) == 3)
            ranks = {other["name"]: other["rank"] for other in card["also"]}
            assert ranks == {other: rank for other, rank in holding.items() if other != name}
    assert any(card["common"] for card in leads["ease"]["cards"])


def test_a_symmetric_model_says_so_in_place_of_the_same_list(page):
    ask(page, "pure_svd", "ease", item=item_id(page, 4))
    _, because = both(page)
    assert because["pure_svd"]["cards"] == []
    assert "S is symmetric" in because["pure_svd"]["empty"]
    assert because["ease"]["cards"]


def test_a_title_leads_on_to_its_own_neighbours(page):
    ask(page, "ease", item=item_id(page, 4))
    card = both(page)[0]["ease"]["cards"][0]
    assert card["event"] == {"kind": "view", "set": {"item": item_id(page, card["id"])}}


def test_models_that_tie_nothing_or_know_nobody_say_what_they_can(page):
    ask(page, "popularity", "two_tower_id", item=item_id(page, 4))
    leads, because = both(page)
    assert "looks at nobody's history" in leads["popularity"]["empty"]
    assert "looks at nobody's history" in because["popularity"]["empty"]
    assert leads["two_tower_id"]["facts"][0]["text"] == "by item vectors"
    assert "memory-based" in leads["two_tower_id"]["facts"][0]["why"]
    assert all(-1 <= float(card["score"]) <= 1.005 for card in leads["two_tower_id"]["cards"])
    assert "symmetric" in because["two_tower_id"]["empty"]


def test_two_towers_can_be_asked_for_their_item_vectors(page):
    ask(page, "two_tower_profile", item=item_id(page, 4))
    answers = [card["score"] for card in both(page)[0]["two_tower_profile"]["cards"]]
    ask(page, "two_tower_profile", item=item_id(page, 4), likeness="vectors")
    found = both(page)[0]["two_tower_profile"]
    entry = next(entry for entry in cached.entries(page.data) if entry.name == "two_tower_profile")
    V = similar.item_vectors(cached.model(page.data, entry))
    V = V / np.linalg.norm(V, axis=1, keepdims=True)
    cosines = V @ V[4]
    cosines[4] = -1
    expected = np.sort(cosines[cosines > 0])[::-1][:10]
    np.testing.assert_allclose([float(card["score"]) for card in found["cards"]], expected, atol=6e-3)
    assert answers != [card["score"] for card in found["cards"]]


def test_a_model_that_is_broken_takes_no_list_away(own_zoo):  # noqa: F811
    app = App(own_zoo)
    app.open("inside/similar")
    ask(app, "ease", "pure_svd")
    break_model(own_zoo, "pure_svd")
    app.run()
    leads, _ = both(app)
    assert "ease" in leads
    for see in ("heat", "map"):
        look(app, see=see, under="pure_svd")
        assert figure(app)["data"]  # the link's model is not there: the usual one is


def test_the_heat_map_shows_entries_of_S_in_an_order_with_titles(page):
    look(page, see="heat", under="ease", shelf="genre", genre="Drama")
    S = S_of(page, "ease")
    known = cached.labels(page.data).best_known(np.flatnonzero(page.data.catalogue.allowed(("Drama",))).tolist())[:25]
    order = np.array(known)[seriation(S[np.ix_(known, known)])]
    (trace,) = figure(page)["data"]
    M = np.array([[np.nan if one is None else one for one in row] for row in trace["z"]], dtype=float)
    expected = S[np.ix_(order, order)].copy()
    np.fill_diagonal(expected, np.nan)
    np.testing.assert_allclose(M, expected, atol=1e-4)
    assert trace["zmax"] == pytest.approx(np.nanmax(np.abs(expected)), abs=1e-4)
    assert trace["zmin"] == -trace["zmax"]  # 0 in the middle of the scale
    ticks = figure(page)["layout"]["yaxis"]["ticktext"]
    assert len(ticks) == len(order)
    assert ticks[0].endswith("  1")


def test_the_heat_map_of_a_taste_needs_two_items(page):
    look(page, see="heat", shelf="taste")
    assert "needs two items or more" in page.words
    page.taste(3, 7, 11)
    (trace,) = figure(page)["data"]
    assert len(trace["z"]) == 3
    assert not any("<b>" in text for text in figure(page)["layout"]["yaxis"]["ticktext"])  # item 11 has tags


def test_around_an_item_stand_its_nearest(page):
    look(page, see="heat", shelf="near", under="ease", item=item_id(page, 4))
    S = S_of(page, "ease")
    S[4, 4] = np.inf
    names = {text.split("<br>")[0] for row in figure(page)["data"][0]["customdata"] for text in [row[0][0]]}
    nearest = np.argsort(-S[4], kind="stable")[:25]
    assert names == {heat.charts.plain(cached.labels(page.data).card(int(item))["title"]) for item in nearest}


def dots(app: App) -> dict[str, tuple[float, float]]:
    found = {}
    for trace in figure(app)["data"]:
        if "customdata" in trace:
            for x, y, told in zip(trace["x"], trace["y"], trace["customdata"], strict=True):
                found[told[0]] = (x, y)
    return found


@pytest.mark.parametrize("layout", ["axes", "near"])
@pytest.mark.parametrize("colour", ["genre", "known", "apart"])
def test_every_item_lies_on_the_map_once_in_every_colour(page, layout, colour):
    look(page, see="map", under="ease", layout=layout, colour=colour)
    n = sum(len(trace["x"]) for trace in figure(page)["data"])
    assert n == 60
    assert np.abs(np.array(list(dots(page).values()))).max() == pytest.approx(1.0, abs=1e-3)


def test_a_box_tells_what_is_in_there_and_which_genres_stand_out(page):
    look(page, see="map", under="ease")
    entry = next(entry for entry in cached.entries(page.data) if entry.name == "ease")
    places = similar.similar(page.data, similar.Source(entry, "answers")).places
    places = places / np.abs(places).max()
    right = np.flatnonzero((places[:, 0] >= 0) & (places[:, 0] <= 1.05) & (places[:, 1] >= -1.05))
    look(page, see="map", under="ease", box="0.000~1.050~-1.050~1.050")
    cards = next(shown["cards"] for shown in page.shown("shelf") if "cards" in shown)
    assert {card["id"] for card in cards} == set(right.tolist())
    assert f"In the box: {len(right)} of 60 items" in page.words
    genres = page.data.catalogue.items["genres"].to_list()
    shares = {
        genre: (np.mean([genre in genres[item] for item in right]), np.mean([genre in of for of in genres]))
        for genre in ("Comedy", "Thriller", "Drama")
    }
    best = max(shares, key=lambda genre: shares[genre][0] - shares[genre][1])
    here, of_all = shares[best]
    assert f"More than elsewhere:** {best} {100 * here:.0f} % (of all {100 * of_all:.0f} %)" in page.words.replace(
        "\\", ""
    )
    assert cards[0]["event"]["set"]["see"] == ""
    counts = page.data.catalogue.items["n_users"].to_list()
    assert [counts[card["id"]] for card in cards] == sorted((counts[card["id"]] for card in cards), reverse=True)


def test_people_lie_where_the_answer_to_their_history_points(page):
    look(page, see="map", under="ease", dots="people", box="-1.050~1.050~-1.050~1.050")
    S, fold = S_of(page, "ease"), page.data.test
    rows = S / np.linalg.norm(S, axis=1, keepdims=True)
    answers = fold.fold_in @ S
    answers = answers / np.linalg.norm(answers, axis=1, keepdims=True)
    middle = rows.mean(axis=0)
    axes = np.linalg.svd(rows - middle)[2][:2].T
    items, people = (rows - middle) @ axes, (answers - middle) @ axes
    scale = np.abs(items).max()
    found = dots(page)
    ids = page.data.users["user_id"].gather(fold.user_idx).to_list()
    for name, place in zip(ids, people / scale, strict=True):
        np.testing.assert_allclose(np.abs(found[f"User {name}"]), np.abs(place), atol=0.02)
    inside = np.flatnonzero((np.abs(people / scale) <= 1.05).all(axis=1))
    shown = next(shown["people"] for shown in page.shown("shelf") if "people" in shown)
    assert len(shown) == len(inside)
    assert shown[0]["event"] == {
        "kind": "look",
        "id": int(page.data.users["user_id"].cast(pl.String).index_of(shown[0]["id"])),
        "go": "compare",
    }


def test_colour_by_two_models_is_how_much_more_one_shows(page):
    rows = {row.name: row for row in measured.models(page.data)}
    found = map_colours._shown_more(page.data, rows["ease"], rows["popularity"])
    lists = [cached.lists(page.data, name)[:, :20] for name in ("ease", "popularity")]
    for item in (0, 7, 33):
        expected = np.mean((lists[0] == item).any(axis=1)) - np.mean((lists[1] == item).any(axis=1))
        assert found[item] == pytest.approx(expected)


def test_the_first_genre_that_has_a_colour_counts():
    genres = pl.Series([["War", "Drama"], ["Drama", "War"], [], ["Odd"]], dtype=pl.List(pl.String))
    assert map_colours.first_genre(genres, ["Drama", "War"]).tolist() == [1, 0, -1, -1]


def test_genres_stand_out_by_what_they_exceed():
    here = {"a": 0.5, "b": 0.9, "c": 0.1}
    assert [one[0] for one in in_box.over_represented(here, {"a": 0.1, "b": 0.8, "c": 0.2})] == ["a", "b"]


@pytest.mark.parametrize(
    "view",
    [
        {"box": "1~2"},
        {"box": "0.500~0.100~0.000~1.000"},
        {"box": "nan~1.000~0.000~1.000"},
        {"box": "2.000~2.100~2.000~2.100"},
        {"under": "nobody"},
        {"under": "popularity"},
        {"layout": "?", "dots": "?", "colour": "?"},
        {"layout": "near", "dots": "people"},
        {"under": "two_tower_id", "dots": "people"},
        {"a": "ease", "b": "ease", "colour": "apart"},
    ],
)
def test_a_map_address_that_does_not_fit_is_left_out(page, view):
    look(page, see="map", **view)
    assert figure(page)["data"]


@pytest.mark.parametrize(
    "view", [{"item": "nothing"}, {"see": "?"}, {"likeness": "?"}, {"see": "heat", "genre": "?", "shelf": "genre"}]
)
def test_another_address_that_does_not_fit_is_left_out(page, view):
    look(page, **view)
    assert page.shown("lists") or figure(page)["data"]


def test_another_map_forgets_the_box_and_the_same_one_keeps_it(page):
    look(page, see="map", under="ease", box="0.000~1.000~0.000~1.000")
    assert page.session.view["box"] == "0.000~1.000~0.000~1.000"
    page.run()
    assert "box" in page.session.view
    page.session.view["under"] = "item_knn"
    page.session.turns += 1
    page.run()
    assert "box" not in page.session.view


def test_every_view_is_its_address(page):
    look(page, see="map", under="item_knn", layout="near", colour="known", box="-0.500~0.500~-0.500~0.500")
    query = page.shown("address")[-1]["steps"][-1]["query"]
    for part in ("under=item_knn", "see=map", "layout=near", "colour=known", "box=-0.500~0.500~-0.500~0.500"):
        assert part in query


def test_where_nobody_was_held_out_there_are_items_alone(app_last):
    app_last.open("inside/similar")
    look(app_last, see="map")
    assert figure(app_last)["data"]


def test_a_catalogue_without_genres_is_coloured_by_how_often_chosen(page, monkeypatch):
    monkeypatch.setattr(type(page.data.catalogue), "genres", lambda self: [])
    look(page, see="map", under="ease", colour="genre", box="0.000~1.000~-1.000~1.000")
    (trace,) = figure(page)["data"]
    assert trace["marker"]["colorscale"]
    look(page, see="heat", shelf="genre")
    assert len(figure(page)["data"][0]["z"]) == 25  # around an item, in place of a genre


def test_a_text_of_a_box_is_read_as_it_was_written():
    text = item_map._text(-0.25, 0.5, -2.0, 1.0)
    assert [float(one) for one in item_map.BOX.fullmatch(text).groups()] == [-0.25, 0.5, -1.05, 1.0]
    places = np.array([[0.0, 0.0], [0.5, 1.0], [0.6, 0.0]])
    assert item_map.inside(places, (-0.25, 0.5, -1.05, 1.0)).tolist() == [True, True, False]


def test_what_was_read_at_publication_is_not_read_again(page, monkeypatch):
    of = similar.source(next(entry for entry in cached.entries(page.data) if entry.name == "ease"), "answers")
    read = similar.read_all(similar.likeness(page.data, of))
    st.cache_resource.clear()
    monkeypatch.setattr(cached, "read_similar", lambda folder: read)
    monkeypatch.setattr(similar, "read_all", lambda likeness: pytest.fail("read again"))
    ask(page, "ease", item=item_id(page, 4))
    _, because = both(page)
    assert [card["id"] for card in because["ease"]["cards"]] == [item for item in read.because_of[4][:10] if item >= 0]
