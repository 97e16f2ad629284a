"""A model folder is deleted, truncated or replaced while visitors use it: one sentence, and everything else goes on."""

import os
import shutil

import pytest

from pages.parts import cached, colours
from tests.pages.conftest import App

pytestmark = pytest.mark.faults
PAGES = ("try/recommend", "measure/leaderboard", "measure/segments", "measure/catalogue", "inside/cards")
HURT, WHOLE = "pure_svd", "ease"


@pytest.fixture
def zoo(tiny_zoo, tmp_path, monkeypatch):
    """A zoo of three models that may be broken."""
    names = ("popularity", WHOLE, HURT)
    (tmp_path / "tiny").mkdir()
    for path in (tiny_zoo / "tiny").iterdir():
        if path.is_file():
            shutil.copy2(path, tmp_path / "tiny" / path.name)
    for name in names:
        shutil.copytree(tiny_zoo / "tiny" / name, tmp_path / "tiny" / name)
    monkeypatch.setenv("MENAGERIE_ZOO", str(tmp_path))
    return tmp_path


@pytest.fixture
def app(zoo):
    """Somebody who uses both models, with everything loaded."""
    app = App(zoo).open("try/compare").taste(1, 2, 3).choose(models=[HURT, WHOLE])
    assert [bool(one["cards"]) for one in app.lists] == [True, True]
    for page in PAGES:
        app.open(page)
    return app


def deleted(folder):
    shutil.rmtree(folder)


def without_a_file(folder):
    current = folder / (folder / "CURRENT").read_text().strip()
    (current / "lists.parquet").unlink()


def truncated(folder):
    """Every file, cut in place: as a full disk, or a copy that broke off, leaves them."""
    current = folder / (folder / "CURRENT").read_text().strip()
    for path in current.iterdir():
        os.truncate(path, path.stat().st_size // 2)


def truncated_figures(folder):
    current = folder / (folder / "CURRENT").read_text().strip()
    for name in ("per_user.parquet", "lists.parquet"):
        os.truncate(current / name, 40)


def replaced(folder):
    """By another model, under the same name."""
    shutil.rmtree(folder)
    shutil.copytree(folder.parent / WHOLE, folder)


def pointing_nowhere(folder):
    (folder / "CURRENT").write_text("00000000\n")


def emptied(folder):
    (folder / "CURRENT").write_text("")


FAULTS = [deleted, without_a_file, truncated, truncated_figures, replaced, pointing_nowhere, emptied]


def healthy(app):
    """Every page is drawn, and the other model answers. Returns what was said of errors."""
    for page in PAGES:
        app.open(page)  # fails on any exception
    app.open("try/compare").choose(models=[WHOLE, "popularity"])
    whole, other = app.lists
    assert whole["cards"]
    assert other["cards"]
    return [error.value for error in app.at.error]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_whoever_has_it_open_goes_on_and_so_does_whoever_comes_new(app, zoo, fault):
    fault(zoo / "tiny" / HURT)
    said = healthy(app)
    assert all(str(zoo) not in sentence for sentence in said)  # the server's folders are nobody's business
    st_caches_are_cold()
    healthy(App(zoo).taste(1, 2, 3))


def st_caches_are_cold():
    """As in a server that was just started."""
    import streamlit as st

    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.mark.parametrize("fault", [truncated, pointing_nowhere], ids=lambda fault: fault.__name__)
def test_a_broken_model_is_named_with_the_reason_and_is_not_served(zoo, fault):
    fault(zoo / "tiny" / HURT)
    st_caches_are_cold()
    app = App(zoo).taste(1, 2, 3)
    (mounted,) = app.shown("models")
    broken = next(one for one in mounted["models"] if one["name"] == HURT)
    assert broken["problem"]
    assert str(zoo) not in broken["problem"]
    assert all(one["problem"] is None for one in mounted["models"] if one["name"] != HURT)
    assert not any(model.card.name == HURT for model in cached.runtime().loaded())


def test_whichever_model_is_broken_it_has_a_mark_and_a_colour():
    for name in colours.SHADES:
        chip = cached.Entry(name, None, problem="It is broken.").chip()
        assert chip["mark"] == "square"
        assert len(chip["colour"]) == 2


def test_a_folder_that_comes_back_is_served_again(app, zoo):
    kept = zoo / "kept"
    shutil.move(zoo / "tiny" / HURT, kept)
    healthy(app)
    shutil.move(kept, zoo / "tiny" / HURT)
    app.open("try/compare").choose(models=[HURT, WHOLE])
    assert [bool(one["cards"]) for one in app.lists] == [True, True]
