"""The Catalogue page: what models show, to whom, and what never."""

import numpy as np
import polars as pl
import pytest

from pages.parts import evenness, measured
from tests.pages.conftest import App
from tests.pages.test_leaderboard import look
from zoo.metrics.exposure import gini


@pytest.fixture
def page(app) -> App:
    return app.open("measure/catalogue")


def shelves(app: App, kind: str) -> list:
    return next((shown[kind] for shown in app.shown("shelf") if kind in shown), [])


def exposure(app: App, name: str, k: int = 20) -> np.ndarray:
    ranked = measured.cached.lists(app.data, name)[:, :k]
    return np.bincount(ranked[ranked >= 0], minlength=app.data.info.n_items)


def test_every_model_tells_how_much_of_the_catalogue_it_shows(page):
    rows = {row["name"]: row["values"] for row in shelves(page, "rows")}
    for name in ("ease", "popularity"):
        shown = exposure(page, name)
        assert rows[name][0] == f"{int((shown > 0).sum())}"
        assert rows[name][1] == f"{int((shown == 0).sum())}"
        assert rows[name][2] == f"{gini(shown):.3f}"


def test_what_no_model_ever_shows_is_listed_the_most_chosen_first(page):
    look(page, depth="5")
    everywhere = sum(exposure(page, name, 5) for name in page.data.model_names() if name != "two_tower_id")
    unseen = np.flatnonzero(everywhere == 0)
    assert f"**{len(unseen)} of 60 items**" in page.words
    cards = shelves(page, "cards")
    assert {card["id"] for card in cards} == set(unseen.tolist())
    counts = [int(card["note"].removeprefix("chosen by ")) for card in cards]
    assert counts == sorted(counts, reverse=True)


def test_one_model_can_be_asked_what_it_never_shows(page):
    look(page, under="popularity", depth="5")
    assert f"**{int((exposure(page, 'popularity', 5) == 0).sum())} of 60 items**" in page.words


def test_an_item_tells_who_would_be_shown_it_and_at_which_ranks(page):
    item = 4
    look(page, of="item", item=str(page.data.catalogue.items["item_id"][item]), under="ease", depth="10")
    ranked = measured.cached.lists(page.data, "ease")[:, :10]
    users = np.flatnonzero((ranked == item).any(axis=1))
    row = next(row for row in shelves(page, "rows") if row["name"] == "ease")
    assert row["values"][0].startswith(f"{len(users)} (")
    people = shelves(page, "people")
    ids = page.data.users["user_id"].gather(page.data.test.user_idx[users]).cast(pl.String).to_list()
    assert sorted(person["id"] for person in people) == sorted(ids)
    ranks = [int(person["note"].split(":")[0].removeprefix("rank ")) for person in people]
    assert ranks == sorted(ranks)
    assert people[0]["event"]["go"] == "segments"
    assert people[0]["event"]["set"]["person"] == people[0]["id"]


def test_a_genre_counts_users_who_are_shown_any_of_it(page):
    look(page, of="genre", genre="Thriller", depth="5")
    among = page.data.catalogue.allowed(("Thriller",))
    ranked = measured.cached.lists(page.data, "popularity")[:, :5]
    users = int((among[np.maximum(ranked, 0)] & (ranked >= 0)).any(axis=1).sum())
    row = next(row for row in shelves(page, "rows") if row["name"] == "popularity")
    assert row["values"][0].startswith(f"{users} (")
    assert "Thriller: 30 of 60 items, with" in page.words.replace("\\", "")


def test_an_item_that_a_model_shows_to_nobody_says_so(page):
    unseen = int(np.flatnonzero(exposure(page, "popularity", 5) == 0)[0])
    look(page, of="item", item=str(page.data.catalogue.items["item_id"][unseen]), under="popularity", depth="5")
    assert "Popularity shows it to none of 24 test users" in page.words


@pytest.mark.parametrize(
    "view", [{"of": "item", "item": "nothing"}, {"of": "genre", "genre": "?"}, {"of": "x"}, {"depth": "3"}]
)
def test_an_address_that_does_not_fit_is_left_out(page, view):
    look(page, **view)
    assert shelves(page, "rows")


def test_the_item_is_found_by_its_title_and_stands_in_the_address(page):
    look(page, of="item")
    (found,) = page.shown("find")
    assert found["card"]["id"] == measured.cached.labels(page.data).starters[0]
    item = str(page.data.catalogue.items["item_id"][7])
    look(page, of="item", item=item)
    (found,) = page.shown("find")
    assert found["card"]["title"] == "Café Zürich"
    assert page.shown("address")[-1]["steps"][-1]["query"].endswith(f"&of=item&item={item}")


def test_a_long_curve_is_thinned_and_keeps_its_ends():
    line = np.linspace(0, 1, 50_000)
    thin = evenness._thin(line)
    assert len(thin) <= evenness.CURVE + 2
    assert (thin[0], thin[-1]) == (0.0, 1.0)
    assert evenness._thin(line[:10]) == line[:10].tolist()
