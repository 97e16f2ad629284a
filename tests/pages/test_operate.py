"""The Operate page, and who may open what, without a browser."""

import os
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import access, operate
from tests.pages.conftest import APP, App, tables
from zoo import telemetry
from zoo.roles import NoAccess, Role

VIEWERS = {"MENAGERIE_HOSTED": "on"}


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("MENAGERIE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MENAGERIE_ZOO", str(tmp_path))
    return tmp_path


def opened(page: str) -> AppTest:
    at = AppTest.from_file(APP, default_timeout=60).run()
    at.switch_page(f"pages/{page}.py").run()
    assert not at.exception, at.exception
    return at


def said(at: AppTest) -> str:
    kinds = (at.markdown, at.caption, at.error, at.info, at.success)
    return "\n".join(element.value for kind in kinds for element in kind).replace("\\", "")


def test_the_operator_of_an_own_machine_sees_that_all_is_well(empty):
    at = opened("data/operate")
    assert [box.value for box in at.success] == ["All is well."]
    assert [metric.label for metric in at.metric][:4] == [
        "Visitors now",
        "Page, p95",
        "Memory of the app",
        "Weights loaded",
    ]
    first = [[next(iter(row.values())) for row in table] for table in tables(at)]
    assert any("Recommend" in column for column in first)
    assert "<code>MENAGERIE_SESSIONS</code>" in first[-1]


def test_an_error_is_red_and_stands_below_with_its_number(empty):
    number = telemetry.error("A <b>worker</b> was killed.", "train")
    at = opened("data/operate")
    assert not at.success
    assert [box.value for box in at.error] == ["What\\, and where\\, stands below under Errors\\."]
    (error,) = next(table for table in tables(at) if "Number" in table[0])
    assert error["Number"] == f"<code>{number}</code>"
    assert error["What"] == "A &lt;b&gt;worker&lt;/b&gt; was killed."


def test_what_a_secret_setting_holds_is_not_shown(empty, monkeypatch):
    monkeypatch.setenv("MENAGERIE_METRICS_TOKEN", "quokka")
    at = opened("data/operate")
    assert tables(at)
    assert "quokka" not in str(tables(at))


@pytest.mark.parametrize("page", ["data/operate", "data/train", "data/model"])
def test_a_viewer_is_refused_by_the_page_itself(empty, monkeypatch, page):
    for name, value in VIEWERS.items():
        monkeypatch.setenv(name, value)
    at = opened(page)
    assert len(at.info) == 1
    assert "yours is viewer" in said(at)
    assert not at.metric
    assert not at.get("file_uploader")


def test_a_role_that_is_taken_away_ends_the_page_at_its_next_look(empty, monkeypatch):
    at = opened("data/operate")
    assert at.metric
    for name, value in VIEWERS.items():
        monkeypatch.setenv(name, value)
    at.run()
    assert not at.metric
    assert "yours is viewer" in said(at)
    with pytest.raises(NoAccess):
        access.require(Role.ANALYST)
    access.require(Role.VIEWER)
    assert [page for page in ("", "bring", "model", "train", "operate") if access.may_open(page)] == ["", "bring"]


def test_what_refreshes_itself_asks_for_the_role_each_time(empty, monkeypatch):
    monkeypatch.setenv("MENAGERIE_HOSTED", "on")
    at = AppTest.from_string("from pages.parts import operate\noperate.now()", default_timeout=60).run()
    assert not at.metric
    assert "yours is viewer" in said(at)


def test_a_closed_page_is_hidden_and_refused_to_everybody(empty, monkeypatch):
    assert access.may_open("latent")
    monkeypatch.setenv("MENAGERIE_CLOSED", "latent,operate")
    assert not access.may_open("latent")
    assert "closed on this server" in said(opened("inside/latent"))
    assert "closed on this server" in said(opened("data/operate"))
    assert "closed on this server" not in said(opened("inside/similar"))


def test_training_is_closed_where_strangers_come_unless_it_is_opened(empty, monkeypatch):
    assert access.may_open("train")
    monkeypatch.setenv("MENAGERIE_TRAINING", "off")
    assert not access.may_open("train")
    assert "closed on this server" in said(opened("data/train"))


def test_loaded_models_are_told_with_where_they_run_and_a_visitors_data_without_its_name(app: App, monkeypatch):
    model = app.open("data/operate") and _loaded(app)
    row = operate._model(model, operate.OWN, None)
    assert row["Model"] == f"{model.card.about.title} · a visitor's own data"
    assert row["On"] == "CPU"
    assert row["p95"] == "–"
    table = next(table for table in tables(app.run().at) if "On" in table[0])
    assert f"{model.card.about.title} · tiny" in [row["Model"] for row in table]
    monkeypatch.setattr(operate, "_of_the_zoo", list)
    table = next(table for table in tables(app.run().at) if "On" in table[0])
    assert all("visitor" in row["Model"] for row in table)


def _loaded(app: App):
    from pages.parts import cached

    return cached.runtime().load(app.data.model("popularity"))
