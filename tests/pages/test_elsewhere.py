"""A zoo that lies elsewhere, as the app shows it: on its way, there, and when its address does not answer."""

import fsspec
import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import cached, elsewhere
from tests import published
from tests.pages.conftest import APP, App
from zoo.manifest import MANIFEST
from zoo.registry import Zoo
from zoo.remote.index import Index
from zoo.remote.mirror import Mirror
from zoo.remote.source import Unreachable


@pytest.fixture
def there(tmp_path, monkeypatch):
    """A zoo in fsspec's memory, with one model; it is looked at when the test says so."""
    files = fsspec.filesystem("memory")
    data = published.write_data(tmp_path / "there")
    published.publish(data, "one", 1.0)
    for path in data.path.parent.rglob("*"):
        if path.is_file():
            files.pipe_file(f"/zoo/{path.relative_to(data.path.parent).as_posix()}", path.read_bytes())
    monkeypatch.setenv("MENAGERIE_ZOO", "memory://zoo")
    monkeypatch.setenv("MENAGERIE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(Mirror, "follow", lambda self: None)
    elsewhere._mirror.cache_clear()
    yield data
    elsewhere._mirror.cache_clear()
    files.rm("/zoo", recursive=True)


def mirror() -> Mirror:
    return elsewhere.mirror(cached.settings())


def opened() -> App:
    return App(mirror().root, "small")


def test_what_has_not_come_yet_is_on_its_way_and_then_there(there):
    at = AppTest.from_file(APP, default_timeout=60).run()
    assert "The zoo is on its way" in at.markdown[-1].value
    assert not at.code  # nobody trains here
    assert not at.exception
    mirror().refresh()
    app = opened()
    assert [model["name"] for model in app.shown("models")[0]["models"]] == ["one"]
    assert "on the way" not in app.words


def test_an_address_that_does_not_answer_is_said_where_nothing_came_before(there, monkeypatch):
    monkeypatch.setattr(Index, "of", unreachable)
    mirror().refresh()
    at = AppTest.from_file(APP, default_timeout=60).run()
    assert "The zoo does not answer" in at.markdown[-1].value
    assert "cannot be reached" in at.caption[-1].value  # to an operator
    monkeypatch.setenv("MENAGERIE_HOSTED", "on")
    elsewhere._mirror.cache_clear()
    mirror().refresh()
    at.run()
    assert "The zoo does not answer" in at.markdown[-1].value
    assert not any("cannot be reached" in caption.value for caption in at.caption)


def unreachable(source):
    raise Unreachable("memory://zoo cannot be reached (gone).")


def test_an_address_that_does_not_answer_leaves_what_was_checked_with_a_sentence(there, monkeypatch):
    mirror().refresh()
    monkeypatch.setattr(Index, "of", unreachable)
    mirror().refresh()
    app = opened()
    assert "What was fetched and checked before is shown" in app.words
    assert [model["name"] for model in app.shown("models")[0]["models"]] == ["one"]


@pytest.mark.parametrize("hosted", ["off", "on"])
def test_why_is_told_to_operators_alone(there, monkeypatch, hosted):
    """On one's own machine everybody is one; of strangers nobody is."""
    monkeypatch.setenv("MENAGERIE_HOSTED", hosted)
    fsspec.filesystem("memory").pipe_file("/zoo/small/two/CURRENT", b"nothing\n")
    assert mirror().refresh().refused
    app = opened()
    said = [caption for caption in app.at.caption if "Not all of the zoo could be fetched" in caption.value]
    assert bool(said) == (hosted == "off")
    assert all("names no publication" in caption.help.replace("\\", "") for caption in said)


def test_a_folder_is_no_address(there, monkeypatch):
    monkeypatch.setenv("MENAGERIE_ZOO", str(there.path.parent))
    assert elsewhere.place(cached.settings()) == there.path.parent
    assert elsewhere.sentence(cached.settings()) is None
    assert elsewhere.details(cached.settings()) == []


def test_a_data_set_that_came_before_its_models_is_not_called_untrained(there):
    files = fsspec.filesystem("memory")
    models = files.cat_file("/zoo/small/one/CURRENT")
    files.rm_file("/zoo/small/one/CURRENT")
    mirror().refresh()
    app = opened()
    assert "The zoo is on its way" in app.words
    assert "no models yet" not in app.words
    files.pipe_file("/zoo/small/one/CURRENT", models)
    mirror().refresh()
    assert Zoo(mirror().root).dataset().model_names() == ["one"]
    assert (mirror().root / "small" / MANIFEST).is_file()
