"""A taste of 5,000 items: every page answers, by a link that says it was cut, and by a history that was brought."""

import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pages.parts.link import TASTE_LETTERS
from pages.parts.state import Visit
from tests.conftest import train
from tests.navigation import Place, places
from tests.pages.conftest import App

ITEMS, LONG = 6000, 5000
PATIENCE = 60.0  # seconds: two busy cores are slow


@pytest.fixture(scope="module")
def wide_zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Few people and many items, so that two models are trained in seconds."""
    folder = tmp_path_factory.mktemp("wide") / "wide"
    folder.mkdir()
    draws = np.random.default_rng(7)
    items = np.concatenate([np.arange(ITEMS), draws.integers(0, ITEMS, 9_000)])
    users = np.concatenate([np.arange(ITEMS) % 150, draws.integers(0, 150, 9_000)])
    table = pl.DataFrame({"user_id": users, "item_id": items}).unique(maintain_order=True)
    table.write_csv(folder / "interactions.csv")
    zoo = folder.parent / "zoo"
    train(zoo, folder, "popularity", "item_knn")
    return zoo


@pytest.mark.parametrize("place", places(), ids=str)
def test_every_page_answers_a_taste_of_five_thousand_items(place: Place, wide_zoo: Path, monkeypatch):
    monkeypatch.setenv("MENAGERIE_ZOO", str(wide_zoo))
    app = App(wide_zoo, "wide")
    likes = tuple(range(LONG - 200))
    app.session.tastes = {app.data.info.fingerprint: Visit(likes, tuple(range(LONG - 200, LONG)))}
    app.at.switch_page(place.script)
    began = time.perf_counter()
    app.run()
    assert time.perf_counter() - began < PATIENCE
    assert not app.at.error
    (share,) = app.shown("share")
    assert "An address cannot hold more: it has the latest" in share["link"]["cut"]
    latest = max((step for told in app.shown("address") for step in told["steps"]), key=lambda step: step["number"])
    assert "like=" in latest["query"]
    assert len(latest["query"]) < TASTE_LETTERS + 500


def test_the_list_of_a_long_taste_holds_nothing_of_it(wide_zoo: Path, monkeypatch):
    monkeypatch.setenv("MENAGERIE_ZOO", str(wide_zoo))
    app = App(wide_zoo, "wide").choose(model=["item_knn"]).taste(*range(LONG))
    shown = {card["id"] for card in app.lists[0]["cards"]}
    assert len(shown) == 20
    assert not shown & set(range(LONG))
    (bar,) = app.shown("taste")
    assert (bar["n_likes"], len(bar["likes"])) == (LONG, 40)
