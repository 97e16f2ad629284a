"""Bring a model: from the empty page to a model beside the zoo, in this session and in no other."""

import gc
import os
import weakref

import numpy as np
import pytest

from pages.parts.own_model import OWN, SLOTS
from tests.own_graphs import BIAS, N_ITEMS, TABLE, alive, changed, graph
from tests.pages.conftest import App

PAGE = "data/model"
GOOD = graph()


def bring(app, content=GOOD, name="mine.onnx", title="Mine"):
    app.open(PAGE)
    uploader = next(one for one in app.at.get("file_uploader") if ".onnx" in one.label)
    uploader.upload(name, content, "application/octet-stream")
    if title:
        app.at.text_input[0].set_value(title)
    app.run()
    next(one for one in app.at.button if one.label == "Check this model").click()
    return app.run()


def chips(app):
    (mounted,) = app.shown("models")
    return {model["name"]: model for model in mounted["models"]}


def test_the_empty_page_says_what_to_bring_and_gives_an_example(app):
    app.open(PAGE)
    assert "What to bring" in app.words
    assert "nobody else sees it" in app.words
    assert f"bool [{N_ITEMS}]" in app.words
    labels = [one.label for one in app.at.get("download_button")]
    assert "Download an example" in labels


def test_a_good_model_stands_beside_the_zoo_on_every_page(app):
    bring(app)
    assert "checks passed" in " ".join(one.value for one in app.at.success)
    (card,) = app.shown("modelcard")
    assert (card["title"], card["family"], card["mark"]) == ("Mine", "Yours", "star")
    assert "Not known here" in card["reason"]
    assert card["metrics"][0]["title"] == "nDCG@100"
    app.open("try/recommend").taste(3, 4).choose(**{"model": ["yours"], "shown-model": ["yours"]})
    assert chips(app)["yours"]["title"] == "Mine"
    best = np.argsort(-(TABLE[[3, 4]].sum(axis=0) + BIAS), kind="stable")
    assert [card["id"] for card in app.lists[0]["cards"]] == [item for item in best.tolist() if item not in (3, 4)][:20]
    app.open("try/compare").choose(models=["yours", "ease"])
    assert [one["title"] for one in app.lists] == ["Mine", "EASE"]
    app.open("try/what_if").choose(**{"model": ["yours"], "shown-model": ["yours"]})
    assert "of your 20 stay" in app.words or "Mine's own list" in app.words.replace("\\", "")
    app.open("measure/leaderboard")
    (board,) = app.shown("board")
    (row,) = [row for row in board["rows"] if row["name"] == "yours"]
    assert row["note"] == "yours"
    assert all(cell["interval"] for cell in row["cells"] if cell and cell["mean"])
    next(one for one in app.at.selectbox if one.label == "Compare with").set_value("yours")
    app.run()
    assert app.shown("board")[0]["corner"] == "minus Mine"
    app.open("measure/segments")
    assert not app.at.error
    app.open("measure/catalogue")
    assert not app.at.error
    app.open("inside/similar")
    assert all("yours" not in [model["name"] for model in mounted["models"]] for mounted in app.shown("models"))


def test_another_session_never_sees_it(app, tiny_zoo):
    """Nor what was computed of it: the other one asks for the same names."""
    bring(app)
    app.open("try/recommend").taste(3, 4).choose(**{"model": ["yours"], "shown-model": ["yours"]})
    app.open("measure/leaderboard")
    other = App(tiny_zoo)
    other.open("try/recommend").taste(3, 4).choose(**{"model": ["yours"], "shown-model": ["yours"]})
    assert "yours" not in chips(other)
    assert [one["name"] for one in other.lists] != ["yours"]
    other.open("measure/leaderboard")
    (board,) = other.shown("board")
    assert "yours" not in [row["name"] for row in board["rows"]]
    other.open(PAGE)
    assert not other.shown("modelcard")


def test_nothing_of_it_reaches_a_cache_that_sessions_share(app, monkeypatch):
    """Whatever any page asks: no function that remembers for everybody is ever told of it."""
    from streamlit.runtime.caching.cache_utils import CachedFunc

    asked, call = [], CachedFunc.__call__

    def spy(self, *args, **kwargs):
        asked.append((self._info.scope, self._info.func.__name__, args))
        return call(self, *args, **kwargs)

    monkeypatch.setattr(CachedFunc, "__call__", spy)
    bring(app)
    mine = app.at.session_state[OWN][0]
    app.open("try/recommend").taste(3, 4).choose(**{"model": ["yours"], "shown-model": ["yours"]})
    app.session.view |= {"diversity": "0.5", "second": "ease"}
    app.open("try/what_if").choose(**{"model": ["yours"], "shown-model": ["yours"]})
    app.open("try/compare").choose(models=["yours", "ease"])
    for page in ("measure/leaderboard", "measure/segments", "measure/catalogue", "inside/cards", "inside/similar"):
        app.open(page)
    told = {(scope, name) for scope, name, args in asked if _tells(args, mine)}
    assert {scope for scope, _ in told} == {"session"}, told
    assert {"_explanation", "_measured", "_asked", "_paired"} <= {name for _, name in told}
    from pages.parts import cached

    assert not any(model.checksum == mine.entry.checksum for model in cached.runtime().loaded())


def _tells(args, mine):
    """Whether any argument is, or names, this model."""
    text = repr(args)
    return mine.entry.checksum in text or mine.sha256 in text or any(arg is mine.entry for arg in args)


def test_what_fails_is_listed_altogether_with_what_to_change(app):
    def faulty(made):
        made.opset_import[0].version = 13
        made.graph.node.add(op_type="Loop", output=["x"])

    bring(app, changed(faulty))
    assert OWN not in app.at.session_state
    said = app.words.replace("\\", "")
    assert "mine.onnx is not used: 2 of" in said
    assert "**Opset**" in said
    assert "opset 13" in said
    assert "it repeats: Loop" in said
    assert "To mend it:" in said
    assert "What to bring" in said  # the page goes on, with its explanation
    app.open("try/recommend").taste(3)
    assert "yours" not in chips(app)


def test_names_of_a_hostile_file_are_shown_as_they_are(app):
    bring(app, changed(lambda made: made.graph.node.add(op_type="<script>:red[x]**", domain="$a$", output=["x"])))
    assert "<script>" not in app.words
    assert r"\<script\>\:red\[x\]\*\*" in app.words


def test_a_title_is_plain_and_unlike_any_other(app):
    bring(app, title="EASE")
    assert app.at.session_state[OWN][0].entry.title == "EASE (yours)"


def test_so_many_and_no_more(app):
    for place in range(len(SLOTS)):
        bring(app, title=f"Mine {place}")
    assert [own.entry.name for own in app.at.session_state[OWN]] == list(SLOTS)
    assert "as many as a session can hold" in app.words
    app.open("measure/leaderboard")
    (board,) = app.shown("board")
    assert set(SLOTS) <= {row["name"] for row in board["rows"]}


def test_a_model_that_dies_is_one_sentence_and_the_others_answer(app):
    bring(app)
    worker = app.at.session_state[OWN][0].model._worker
    app.open("try/compare").taste(3, 4)
    os.kill(worker.pid, 9)
    app.choose(models=["yours", "ease"])
    own, ease = app.lists
    assert "Mine broke off" in own["problem"]["text"]
    assert ease["cards"]
    app.run()
    assert app.lists[0]["cards"]  # it was started again


def test_it_goes_when_it_is_removed_and_when_the_visitor_says_forget_me(app):
    bring(app)
    model = weakref.ref(app.at.session_state[OWN][0].model)
    first = model()._worker.pid
    next(one for one in app.at.button if one.label == "Remove").click()
    app.run()
    assert not alive(first)
    app.run()  # Streamlit keeps the state before the last click
    gc.collect()
    assert model() is None  # however many are brought and removed: nothing of them stays
    assert "What to bring" in app.words
    assert not app.at.success  # nothing says any more that it stands beside the zoo
    bring(app)
    second = app.at.session_state[OWN][0].model._worker.pid
    from pages.parts.leaving import _leave

    _leave(app.session.leaving)
    assert not alive(second)


def test_it_goes_with_its_session(tiny_zoo, monkeypatch):
    monkeypatch.setenv("MENAGERIE_ZOO", str(tiny_zoo))
    app = bring(App(tiny_zoo))
    pid = app.at.session_state[OWN][0].model._worker.pid
    assert alive(pid)
    del app
    gc.collect()
    assert not alive(pid)


def test_a_viewer_is_told_and_nothing_is_checked(tiny_zoo, monkeypatch):
    monkeypatch.setenv("MENAGERIE_ZOO", str(tiny_zoo))
    monkeypatch.setenv("MENAGERIE_HOSTED", "on")
    app = App(tiny_zoo).open(PAGE)
    assert not app.at.get("file_uploader")
    assert "analyst" in app.words


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" + b"\0" * 50, GOOD[:3000]])
def test_what_is_no_model_is_said_to_be_none(app, content):
    bring(app, content)
    assert "is not used" in app.words
    app.open("try/recommend").taste(3)
    assert app.lists
