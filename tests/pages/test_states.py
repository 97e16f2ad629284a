"""The states that nobody hopes for: no zoo, no models, broken models."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.navigation import places
from tests.pages.conftest import APP, App


@pytest.fixture
def own_zoo(tiny_zoo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy that a test may break."""
    zoo = tmp_path / "zoo"
    shutil.copytree(tiny_zoo / "tiny", zoo / "tiny")
    monkeypatch.setenv("MENAGERIE_ZOO", str(zoo))
    return zoo


def break_model(zoo: Path, name: str) -> None:
    model = zoo / "tiny" / name
    graph = next((model / (model / "CURRENT").read_text().strip()).glob("*.onnx"))
    graph.write_bytes(graph.read_bytes() + b"!")


WITHOUT_DATA = ("Train", "Operate")  # pages that need no data set


@pytest.mark.parametrize("place", [place for place in places() if place.title not in WITHOUT_DATA], ids=str)
def test_an_empty_zoo_says_which_command_to_run(place, tmp_path, monkeypatch):
    monkeypatch.setenv("MENAGERIE_ZOO", str(tmp_path / "nothing"))
    at = AppTest.from_file(APP, default_timeout=60).run()
    at.switch_page(place.script).run()
    assert not at.exception
    assert f"menagerie train all --data FILE --out {tmp_path / 'nothing'}" in at.code[0].value


@pytest.mark.parametrize("place", [place for place in places() if place.title in WITHOUT_DATA], ids=str)
def test_in_an_empty_zoo_one_can_train_and_operate(place, tmp_path, monkeypatch):
    monkeypatch.setenv("MENAGERIE_ZOO", str(tmp_path / "nothing"))
    at = AppTest.from_file(APP, default_timeout=60).run()
    at.switch_page(place.script).run()
    assert not at.exception
    assert not at.error
    assert at.markdown[0].value.startswith(f"# {place.title}")


def test_a_data_set_without_models_says_so(own_zoo):
    for model in (own_zoo / "tiny").glob("*/CURRENT"):
        shutil.rmtree(model.parent)
    app = App(own_zoo)
    assert "no models yet" in app.words
    assert "menagerie train all" in app.at.code[0].value


def test_a_broken_model_is_listed_with_its_sentence_and_the_others_work(own_zoo):
    break_model(own_zoo, "ease")
    app = App(own_zoo).taste(0, 2)
    (broken,) = [chip for chip in app.shown("models")[0]["models"] if chip["problem"]]
    assert broken["name"] == "ease"
    assert "checksum" in broken["problem"]
    assert str(own_zoo) not in broken["problem"]
    assert app.lists[0]["cards"]


def test_a_model_that_breaks_while_it_is_chosen_gives_way_to_another(own_zoo):
    app = App(own_zoo).choose(model=["ease"]).taste(0, 2)
    assert app.lists[0]["name"] == "ease"
    shutil.rmtree(own_zoo / "tiny" / "ease")
    assert app.run().lists[0]["name"] != "ease"


def test_a_model_published_meanwhile_is_picked_up_at_the_next_click(own_zoo):
    model = own_zoo / "tiny" / "ease"
    aside = own_zoo / "ease-aside"
    shutil.move(model, aside)
    app = App(own_zoo).taste(0, 2)
    assert "ease" not in {chip["name"] for chip in app.shown("models")[0]["models"]}
    shutil.move(aside, model)
    assert "ease" in {chip["name"] for chip in app.run().shown("models")[0]["models"]}


def test_a_setting_that_cannot_be_read_is_shown_as_its_sentence(own_zoo, monkeypatch):
    app = App(own_zoo)
    monkeypatch.setenv("MENAGERIE_THREADS", "many")
    app.run()
    assert "MENAGERIE" in app.at.error[0].value
