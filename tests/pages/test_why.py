"""Why an item is in a list: a line on every card, and a dialog whose every figure is asked again here."""

import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from pages.parts import cached, reasons, why
from pages.parts.state import Visit
from zoo.counterfactual import turn
from zoo.explain import explain
from zoo.recommend import Taste, recommend
from zoo.registry import Zoo
from zoo.runtime import Runtime
from zoo.settings import Settings

TASTE = Taste((0, 2, 7), (1,))


@pytest.fixture(scope="module")
def model(tiny_zoo):
    data, runtime = Zoo(tiny_zoo).dataset("tiny"), Runtime(Settings(provider="cpu"))
    return lambda name: runtime.load(data.model(name))


def lines(app) -> dict:
    (told,) = app.shown("reasons")
    return told["lines"]


def asked(app, item: int, whose: str = "", **view: str):
    """With the dialog of an item open, as a click on its card opens it."""
    item_id = str(app.data.catalogue.items["item_id"][item])
    app.session.view = {"why": item_id, "whose": whose} | view
    return app.run()


def title(app, item: int) -> str:
    return cached.labels(app.data).card(item)["title"]


def chart(app) -> dict:
    import json

    return json.loads(app.at.get("plotly_chart")[0].proto.spec)


@pytest.mark.parametrize("name", ["ease", "variational", "item_knn", "two_tower_text"])
def test_every_card_names_the_two_things_that_speak_most_for_its_item(app, model, name):
    app.choose(model=[name]).taste(0, 2, 7, dislikes=(1,))
    (shown,) = app.lists
    told = lines(app)
    found = explain(model(name), TASTE, [card["id"] for card in shown["cards"]])
    for place, card in enumerate(shown["cards"]):
        parts = dict(zip(found.history.tolist(), found.contributions[:, place], strict=True))
        best = sorted((part for part in parts if parts[part] > 0), key=lambda part: -parts[part])[:2]
        line = told[f"0-{card['id']}"]
        if not best:
            assert line["text"] == reasons.NOTHING
            continue
        for item in best:
            assert title(app, item) in line["text"]
            amount = re.search(re.escape(title(app, item)) + r" (\+[\d.]+)", line["why"])[1]
            assert float(amount) == pytest.approx(parts[item], abs=0.51 * 10 ** -len(amount.partition(".")[2]))
        assert ("you disliked" in line["text"]) == (1 in best)
        assert line["why"].endswith(f"of a score of {reasons.score_texts(found.scores[[place]])[0]}.")


def test_the_lines_belong_to_the_lists_that_are_shown(app):
    app.taste(0, 2)
    (mounted,), (told,) = app.shown("lists"), app.shown("reasons")
    assert mounted["because"] == told["of"]
    app.taste(0, 2, 4)
    (after,) = app.shown("lists")
    assert after["because"] == app.shown("reasons")[0]["of"] != mounted["because"]


def test_on_compare_every_card_of_every_list_has_a_line(app):
    app.choose(models=["popularity", "ease", "variational"]).taste(0, 2).open("try/compare")
    told = lines(app)
    assert told.keys() == {f"{at}-{card['id']}" for at, shown in enumerate(app.lists) for card in shown["cards"]}
    assert {line["text"] for of, line in told.items() if of.startswith("0-")} == {reasons.ALIKE}


def test_of_somebody_else_it_says_because_of(app):
    app.choose(model=["ease"]).visit(Visit(looking=True, user_idx=int(app.data.test.user_idx[0])))
    texts = [line["text"] for line in lines(app).values()]
    assert any(text.startswith("because of ") for text in texts)
    assert not any("you" in text for text in texts)


def test_a_memory_based_model_says_what_it_goes_by(app):
    person = int(app.data.training_users()[0])
    app.choose(model=["two_tower_id"]).visit(Visit(looking=True, user_idx=person))
    assert {line["text"] for line in lines(app).values()} == {reasons.LEARNED}
    asked(app, app.lists[0]["cards"][0]["id"], "two_tower_id")
    assert "never reads a history" in app.words
    assert not app.at.get("plotly_chart")


def test_a_refused_list_has_no_lines_and_opens_no_dialog(app):
    app.choose(model=["two_tower_id"]).taste(0, 2)
    assert lines(app) == {}
    asked(app, 5, "two_tower_id")
    assert not app.at.get("plotly_chart")
    assert "why" not in app.session.view


def test_the_bars_of_a_linear_model_add_up_to_the_score(app, model):
    liked = tuple(range(0, 40, 2))
    app.choose(model=["ease"]).taste(*liked, dislikes=(1, 3))
    item = app.lists[0]["cards"][2]["id"]
    asked(app, item, "ease")
    (trace,) = chart(app)["data"]
    score = recommend(model("ease"), [Taste(liked, (1, 3))], k=3).scores[0, 2]
    assert sum(trace["x"]) == pytest.approx(score, rel=1e-5)
    assert len(trace["x"]) == why.BARS + 1  # the others are one bar
    assert "14 others together" in trace["customdata"]
    assert f"rank 3 of {60 - 22}" in app.words


def test_the_bars_of_other_models_are_what_each_is_worth_and_nothing_is_summed(app, model):
    app.choose(model=["variational"]).taste(0, 2, 7, dislikes=(1,))
    item = app.lists[0]["cards"][0]["id"]
    asked(app, item, "variational")
    (trace,) = chart(app)["data"]
    found = explain(model("variational"), TASTE, [item])
    assert sorted(trace["x"]) == pytest.approx(sorted(found.contributions[:, 0]), abs=1e-6)
    assert not any("together" in label for label in trace["customdata"])
    assert "was left out once" in app.words


def test_every_mark_is_told_in_words(app):
    app.choose(model=["ease"]).taste(0, 2, 7, dislikes=(1,))
    asked(app, app.lists[0]["cards"][0]["id"], "ease")
    (trace,) = chart(app)["data"]
    alt = app.at.get("plotly_chart")[0].proto.alt
    assert all(f"{label} {text}" in alt for label, text in zip(trace["customdata"], trace["text"], strict=True))


def test_ranks_without_the_reasons_are_those_of_the_lists_without_them(app, model):
    app.choose(model=["ease"]).taste(0, 2, 7)
    item = app.lists[0]["cards"][1]["id"]
    asked(app, item, "ease")
    found = explain(model("ease"), Taste((0, 2, 7)), [item])
    weights, ranks = dict.fromkeys((0, 2, 7), 1.0), []
    for row in found.reasons(0, 3):
        weights[int(found.history[row])] = 0.0
        less = Taste((0, 2, 7), weights=tuple(weights.values()))
        ranks.append(recommend(model("ease"), [less], k=60).ranked[0].tolist().index(item) + 1)
    (told,) = [text.value for text in app.at.markdown if "Does it hold?" in text.value]
    said = [int(number.replace(",", "")) for number in re.findall(r"at (?:rank )?([\d,]+\d|\d)", told)]
    assert said == ranks
    assert ("no longer" in told) == any(rank > 20 for rank in ranks)


def test_what_would_change_it_is_asked_by_a_press_and_kept_in_the_address(app, model):
    app.choose(model=["ease"]).taste(0, 2, 7)
    item = app.lists[0]["cards"][12]["id"]
    asked(app, item, "ease")
    assert "What would change it?" not in app.words
    app.at.button(key="why-turn").click()
    app.run()
    found = turn(model("ease"), Taste((0, 2, 7)), item)
    assert found.rank == 13
    assert len(found.changes) == 1
    (told,) = [text.value for text in app.at.markdown if "What would change it?" in text.value]
    assert f"enter the first 10, to rank {found.rank_after}" in told
    assert "turn=on" in app.session.steps[-1].query


def test_an_item_in_the_first_ten_is_asked_what_would_let_it_leave(app):
    app.choose(model=["ease"]).taste(0, 2, 7)
    asked(app, app.lists[0]["cards"][0]["id"], "ease", turn="on")
    assert "leave the first 10" in app.words


def test_any_item_can_be_asked_about_also_one_that_is_kept_out(app):
    app.choose(model=["ease"]).taste(0, 2, 7)
    asked(app, 2, "ease", turn="on")
    assert "kept out of this list" in app.words
    assert not app.at.error


def test_popularity_says_that_no_history_counts(app):
    app.choose(model=["popularity"]).taste(0, 2)
    asked(app, app.lists[0]["cards"][0]["id"], "popularity", turn="on")
    assert "scores everybody alike" in app.words
    assert "reads no history" in app.words
    assert not app.at.get("plotly_chart")


def test_filters_of_the_list_are_those_of_its_explanation(app):
    app.choose(models=["popularity", "ease!k=5!genre=Thriller"]).taste(0, 2).open("try/compare")
    shown = app.lists[1]
    asked(app, shown["cards"][3]["id"], shown["whose"])
    thrillers = int(app.data.catalogue.allowed(("Thriller",)).sum())
    assert f"rank 4 of {thrillers}" in app.words
    assert shown["whose"] == "ease!k=5!genre=Thriller"


def test_what_a_link_asks_for_and_is_not_here_is_said_and_dropped(app):
    app.choose(model=["ease"]).taste(0, 2)
    app.session.linked = True
    app.session.view = {"why": "no such item", "whose": "ease"}
    app.run()
    assert "Not everything in this link" in app.words
    assert not app.at.get("plotly_chart")
    app.session.linked = True
    asked(app, 5, "no such model")
    assert "Not everything in this link" in app.words


def test_titles_of_strangers_do_no_harm(app):
    app.choose(model=["ease"]).taste(11, 13, 17, 19, 23)
    for card in app.lists[0]["cards"][:3]:
        asked(app, card["id"], "ease", turn="on")
        assert not any(odd in app.words for odd in ("<b>Bold", "<script>", "$Stars$", ":red[ink]"))
        assert not any("<b>" in label for label in chart(app)["data"][0]["customdata"])


def test_a_long_history_says_how_much_of_it_was_asked(app, model, monkeypatch):
    from zoo import explain as explaining

    monkeypatch.setattr(explaining, "LEAST", 1)
    rows = 3 * (30 * model("variational").card.gather_width + 4 * 60)
    monkeypatch.setattr(explaining, "WORK", rows)
    app.choose(model=["variational"]).taste(*range(30))
    asked(app, app.lists[0]["cards"][0]["id"], "variational")
    assert "Only 3 of the 30 were left out" in app.words


def test_another_taste_is_explained_anew(app):
    app.choose(model=["ease"]).taste(0, 2)
    asked(app, 31, "ease")
    before = chart(app)["data"][0]["x"]
    app.taste(0, 4)
    assert sorted(chart(app)["data"][0]["x"]) != sorted(before)
    assert set(chart(app)["data"][0]["customdata"]) == {title(app, 0), title(app, 4)}


def test_cards_of_a_very_long_history_say_nothing_until_they_are_asked(app, monkeypatch):
    monkeypatch.setattr(why, "LONG", 4)
    app.choose(model=["ease"]).taste(0, 2, 4, dislikes=(1,))
    assert len(lines(app)) == 20
    app.taste(0, 2, 4, 6, dislikes=(1,))
    assert lines(app) == {}
    asked(app, app.lists[0]["cards"][0]["id"], "ease")
    assert len(chart(app)["data"][0]["x"]) == 5


def test_the_table_to_take_home_has_every_part(app, model):
    found = explain(model("ease"), TASTE, [5])
    table = why.table(app.data, found)
    assert table["item_id"].to_list() != []
    assert set(table["title"]) == set(app.data.catalogue.items["title"].gather([0, 2, 7, 1]))
    assert table["contribution"].sum() == pytest.approx(float(found.scores[0] - found.base[0]), rel=1e-5)
    assert table.filter(pl.col("disliked")).height == 1
    assert (np.diff(table["contribution"]) <= 0).all()


def test_closing_forgets_all_of_it(app):
    app.choose(model=["ease"]).taste(0, 2)
    asked(app, app.lists[0]["cards"][0]["id"], "ease", turn="on")
    assert app.at.get("plotly_chart")
    app.session.view = {}  # as _close does
    app.run()
    assert not app.at.get("plotly_chart")


def names(item: int) -> str:
    return f"Item {item}"


def test_a_line_counts_dislikes_as_what_they_are(model):
    found = explain(model("ease"), Taste((0,), (1, 3)), [2])
    for_it = replace(found, contributions=np.array([[0.5], [0.2], [-1.0]]))
    assert reasons.line(for_it, 0, names, own=True)["text"] == "because you had Item 0 and you disliked Item 1"
    assert reasons.line(for_it, 0, names, own=False)["text"] == "because of Item 0 and of disliking Item 1"
    only = replace(found, contributions=np.array([[-0.5], [0.2], [-1.0]]))
    assert reasons.line(only, 0, names, own=True)["text"] == "because you disliked Item 1"
    assert "*Item 0* (−0.500) most against it" in reasons.strongest(
        replace(found, contributions=np.array([[-0.5], [0.2], [0.1]])), names
    )


@pytest.mark.parametrize(
    ("ranks", "said"),
    [
        ([3, 4, 5], "It stays among the first 20 all the same"),
        ([3, 21, 40], "Without it it is no longer among the first 20."),
        ([3, 4, 40], "Without these 2 it is no longer among the first 20."),
        ([30, 41, 52], "at 52."),
    ],
)
def test_whether_reasons_hold_is_said_in_words(ranks, said):
    assert reasons.held(ranks, ["A", "B"], 20).endswith(
        said + ("" if said.endswith(".") else ": other things in this taste say the same.")
    )
