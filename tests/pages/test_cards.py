"""The Zoo page: a card per model."""

import io
import zipfile
from dataclasses import replace

import numpy as np
import onnxruntime
import polars as pl
import pytest

from pages.parts import cached, workings
from pages.parts.cards import NAMES, lead, told_apart
from pages.parts.downloads import model_bytes, model_files
from pages.parts.standing import ahead, level, place_text, places, sentence
from tests.pages.conftest import App
from tests.pages.test_states import break_model, own_zoo  # noqa: F401 - a fixture
from zoo.card import Interval
from zoo.evaluate import read_per_user, summarize
from zoo.manifest import write_manifest
from zoo.metrics import DEFINITIONS, EXPOSURES
from zoo.references import FILE, references_table
from zoo.registry import Zoo
from zoo.significance import compare_all, mean_interval


@pytest.fixture
def cards(app) -> dict[str, dict]:
    return {card["name"]: card for card in app.open("inside/cards").shown("modelcard")}


def interval(low: float, mean: float, high: float) -> Interval:
    return Interval(mean=mean, low=low, high=high, n=10)


def test_every_model_has_a_card_the_best_first(app, cards):
    assert cards.keys() == set(app.data.model_names())
    means = [float(card["metrics"][0]["mean"]) for card in cards.values() if card["metrics"]]
    assert means == sorted(means, reverse=True)
    assert list(cards)[-1] == "two_tower_id"


def test_a_card_says_in_plain_words_what_the_model_is_and_how_much_it_finds(cards):
    assert cards["ease"]["summary"].endswith(".")
    assert "choices that were hidden from it" in cards["ease"]["plain"]


def test_figures_are_those_of_the_test_users_with_interval_count_and_definition(app, cards):
    with app.data.model("ease") as folder:
        own = summarize(read_per_user(folder.path)) | {
            name: interval for name, interval in folder.card.metrics.items() if name in EXPOSURES
        }
    shown = {figure["title"]: figure for figure in cards["ease"]["metrics"]}
    assert own.keys() == NAMES.keys() - {"cold_item_recall_at_20"}  # defined for nobody: nothing cold is held out
    for name, title in ((name, NAMES[name]) for name in own):
        found, figure = own[name], shown[title]
        assert figure["mean"] == f"{found.mean:.3f}"
        assert figure["interval"] == f"[{found.low:.3f}, {found.high:.3f}]"
        assert figure["n"] == f"{found.n} test users"
        assert DEFINITIONS[name] in figure["why"]
        assert 0 <= figure["at"][0] <= figure["at"][1] <= figure["at"][2] <= 1


def test_what_a_model_cost_and_where_it_ran_is_told(app, cards):
    facts = {fact["label"]: fact["text"] for fact in cards["ease"]["facts"]}
    card = app.data.model("ease").card
    assert f"{card.n_users:,} people" in facts["Learned from"]
    assert facts["Tested on"] == f"{app.data.info.n_test_users} people whom no model had seen"
    assert facts["Training"].endswith("on CPU")
    assert "100 % of lists alike" in facts["Exported as trained"]
    assert cards["ease"]["checksum"] == app.data.model("ease").checksum


def test_a_model_that_cannot_be_measured_says_why_and_has_no_place(cards):
    assert "memory-based" in cards["two_tower_id"]["reason"]
    assert cards["two_tower_id"]["metrics"] == []
    assert cards["two_tower_id"]["place"] is None
    assert "two_tower_id" not in [name for name, card in cards.items() if card["place"]]


def test_a_broken_model_says_what_is_wrong_and_comes_last(own_zoo):  # noqa: F811 - the fixture
    break_model(own_zoo, "ease")
    shown = App(own_zoo).open("inside/cards").shown("modelcard")
    assert shown[-1]["name"] == "ease"
    assert "checksum" in shown[-1]["problem"]
    assert all(card["problem"] is None for card in shown[:-1])


def test_equation_settings_and_curve_stand_behind_a_fold(app, cards):
    assert not app.at.latex  # nothing is made before it is asked for
    for name in app.data.model_names():
        app.at.session_state[f"fold-{name}"] = True
    app.run()
    assert any(r"\mu(x)" in latex.value for latex in app.at.latex)
    assert '<div><dt>l2</dt><dd>5</dd><dd class="meaning">Weight of' in app.words
    assert len(app.at.get("plotly_chart")) == sum(
        (app.data.path / name / app.data.current(name) / "curve.parquet").exists() for name in app.data.model_names()
    )


def test_what_a_card_says_of_its_settings_is_text(app, monkeypatch):
    said: list[str] = []
    monkeypatch.setattr(workings.st, "html", said.append)
    monkeypatch.setattr(workings.st, "markdown", lambda text: None)
    told = {"details": {"<b>": "<script>", "seen": True}, "meanings": {"<b>": "<img src=x>"}}
    workings._settings(app.data.model("ease").card.model_copy(update=told))
    (markup,) = said
    assert '<dt>&lt;b&gt;</dt><dd>&lt;script&gt;</dd><dd class="meaning">&lt;img src=x&gt;</dd>' in markup
    assert "<dt>seen</dt><dd>yes</dd>" in markup


def test_the_curve_is_what_training_wrote(app):
    entry = next(entry for entry in cached.entries(app.data) if entry.name == "variational")
    written = pl.read_parquet(app.data.path / "variational" / app.data.current("variational") / "curve.parquet")
    assert cached.curve(app.data, entry).equals(written)


def test_the_downloaded_graph_runs_elsewhere(app, tmp_path):
    content = model_bytes(app.data, "pure_svd")
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    assert {output.name for output in session.get_outputs()} >= {"ranked", "scores"}


def test_a_model_whose_weights_lie_beside_its_graphs_comes_whole_in_a_zip(app, tmp_path):
    with zipfile.ZipFile(io.BytesIO(model_bytes(app.data, "ease"))) as archive:
        archive.extractall(tmp_path)
    assert {path.name for path in (tmp_path / "ease").iterdir()} >= {"model.onnx", "dense.onnx", "card.json"}
    session = onnxruntime.InferenceSession(str(tmp_path / "ease" / "model.onnx"), providers=["CPUExecutionProvider"])
    assert session.get_outputs()


def test_one_graph_alone_is_handed_out_alone():
    assert model_files(["model.onnx", "card.json"]) == ["model.onnx"]
    assert model_files(["model.onnx", "weights.safetensors"]) == ["model.onnx", "weights.safetensors"]


def test_a_place_is_a_span_where_models_are_not_told_apart():
    assert places(["a", "b", "c"], {("a", "c")}) == {"a": (1, 2), "b": (1, 3), "c": (2, 3)}


def test_nobody_is_called_better_than_whom_it_is_not_told_apart_from():
    titles = {"a": "A", "b": "B", "c": "C"}
    own = {"a": interval(0.4, 0.5, 0.6), "b": interval(0.3, 0.45, 0.55), "c": interval(0.1, 0.2, 0.3)}
    assert "10 test users do not tell it apart from B." in sentence(own, {("a", "c")}, titles, "nDCG@100")
    assert "apart from B and C." in sentence(own, set(), titles, "nDCG@100")
    assert "from every other one" in sentence(own, {("a", "c"), ("a", "b")}, titles, "nDCG@100")
    assert "only model" in sentence({"a": own["a"]}, set(), titles, "nDCG@100")
    assert sentence({}, set(), {}, "nDCG@100") == "No model of this data set has been measured."


def test_who_is_ahead_follows_the_paired_comparisons_and_not_the_overlap_of_intervals():
    """A small difference that every user shares: the intervals overlap almost whole, and yet it is there."""
    users = np.random.default_rng(0).random(50)
    noise = np.random.default_rng(1).normal(0, 0.001, 50)
    found = compare_all({"a": users, "b": users + 0.01 + noise})
    assert ahead(found) == {("b", "a")}
    low, high = (mean_interval(values) for values in (users, users + 0.01))
    assert low.high > high.low


def test_where_the_data_was_simulated_the_page_says_so_and_shows_what_could_be_reached(own_zoo):  # noqa: F811
    data = Zoo(own_zoo).dataset("tiny")
    data.info.model_copy(update={"simulated": True, "notice": "Nobody is real."}).save(data.path / "dataset.json")
    scores = data.test.held_out.toarray().astype(float)
    references_table({"oracle": scores}, data.test.user_idx).write_parquet(data.path / FILE)
    write_manifest(data.path, below=False)
    app = App(own_zoo).open("inside/cards")
    oracle = app.shown("modelcard")[-1]
    assert oracle["title"] == "Oracle"
    assert oracle["metrics"][0]["mean"] == "1.000"
    assert "240 simulated viewers" in app.words
    assert "tiny · simulated viewers" in app.words
    assert "Nobody is real" in app.words
    assert "simulated viewers" in app.shown("modelcard")[0]["facts"][0]["text"]
    assert "simulated viewers" in app.open("try/recommend").shown("taste")[0]["hint_people"]


def test_real_data_has_no_oracle_and_nobody_is_called_simulated(app, cards):
    assert "oracle" not in cards
    assert "simulated" not in app.words


def test_models_that_are_level_are_told_apart_by_what_they_cost(app):
    found = cached.entries(app.data)
    pairs = told_apart(app.data)
    possible = level({entry.name: entry.card.metrics["ndcg_at_100"] for entry in found if entry.card.metrics}, pairs)
    assert len(possible) > 1
    assert ("variational", "popularity") in pairs
    costs = [(entry.title, entry.card) for entry in found if entry.name in possible]
    fastest = min(costs, key=lambda cost: cost[1].fit_seconds)[0]
    smallest = min(costs, key=lambda cost: cost[1].weight_bytes)[0]
    text = lead(found, pairs)
    assert f" Of these, {fastest} was trained fastest (" in text
    assert f"{smallest} is smallest (" in text or (fastest == smallest and " and is smallest (" in text)
    assert " Of these, " not in lead([one for one in found if one.name == "ease"], pairs)


def test_who_is_ahead_is_decided_after_holm():
    one = compare_all({"a": np.zeros(50), "b": np.ones(50) + np.random.default_rng(0).normal(0, 0.1, 50)})[0]
    assert one.p < 0.05
    assert ahead([one]) == {("b", "a")}
    assert ahead([replace(one, p_holm=0.2)]) == set()


def test_a_span_of_places_is_written_with_both_ends():
    assert (place_text((1, 1)), place_text((2, 4))) == ("1", "2–4")
