"""What an address does to the app, and the app to the address."""

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import address
from pages.parts.state import Visit
from tests.pages.conftest import APP, App


def ids(app: App, *items: int) -> str:
    return ",".join(str(app.data.catalogue.items["item_id"][item]) for item in items)


def opened(app: App, query: dict[str, str], page: str | None = None) -> App:
    """A second browser on this address."""
    app.at = AppTest.from_file(APP, default_timeout=60)
    app.at.query_params.update(query)
    app.run()
    return app.open(page) if page else app


def back_to(app: App, monkeypatch, query: str) -> App:
    """The visitor went back in the history to where this was the address."""
    app.at.query_params.clear()
    for part in query.split("&"):
        name, _, value = part.partition("=")
        app.at.query_params[name] = value
    monkeypatch.setattr(address, "went_back", lambda: True)
    app.run()
    monkeypatch.setattr(address, "went_back", lambda: False)
    return app


def written(app: App) -> dict:
    """The last step that the browser is given."""
    return app.shown("address")[-1]["steps"][-1]


def taste(app: App) -> tuple[list[int], list[int]]:
    (bar,) = app.shown("taste")
    return [card["id"] for card in bar["likes"]][::-1], [card["id"] for card in bar["dislikes"]][::-1]


def test_the_address_tells_data_taste_and_model(app):
    app.choose(model=["ease"], k=10).taste(0, 2, dislikes=(1,))
    assert written(app)["query"] == f"data=tiny&like={ids(app, 0, 2)}&dislike={ids(app, 1)}&model=ease&k=10"


def test_a_second_browser_shows_the_same(app):
    query = {"data": "tiny", "like": ids(app, 0, 2), "dislike": ids(app, 1), "model": "pure_svd", "k": "10"}
    opened(app, query | {"known": "shown", "genres": "Comedy", "years": "1950-1990"})
    assert taste(app) == ([0, 2], [1])
    assert app.lists[0]["name"] == "pure_svd"
    assert len(app.lists[0]["cards"]) == 10
    assert all(card["id"] % 2 == 0 for card in app.lists[0]["cards"])
    assert app.at.toggle[0].value is False
    assert "Not everything" not in app.words


def test_columns_and_their_settings_are_in_the_address(app):
    columns = "ease,ease!k=10!known=shown,popularity"
    opened(app, {"data": "tiny", "like": ids(app, 0, 2), "models": columns}, page="try/compare")
    assert [shown["title"] for shown in app.lists] == ["EASE", "EASE · 10 items · known ones too", "Popularity"]
    assert f"models={columns}" in written(app)["query"]


def test_somebody_from_the_data_is_looked_at_by_address(app):
    person = app.data.users["user_id"][int(app.data.test.user_idx[0])]
    opened(app, {"data": "tiny", "who": str(person)})
    assert app.shown("taste")[0]["person"]["title"] == f"User {person}"
    assert f"who={person}" in written(app)["query"]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"data": "elsewhere"}, "It is about a data set that is not here."),
        ({"data": "tiny", "like": "100,nobody,<script>alert(1)</script>"}, "were left out: 2."),
        ({"data": "tiny", "model": "<b>gpt</b>", "models": "a,b"}, "Models that are not here were left out: 3."),
        ({"data": "tiny", "who": "no such person"}, "The person whom it looks at is not in this data."),
        ({"data": "tiny", "genres": "Romance", "years": "3000-4000"}, "Filters that do not fit"),
        ({"data": "tiny", "k": "7000", "like": "100"}, "Filters that do not fit"),
        ({"data": "tiny", "taste": "0badcafe"}, "It leaves out a taste that came from a file"),
        ({"like": ",".join(map(str, range(10_000)))}, "It names 10,000 liked items"),
        ({"; drop table": "1", "data": "tiny"}, "could not be read"),
        ({"data": "../../etc/passwd"}, "It is about a data set that is not here."),
    ],
)
def test_what_an_address_says_in_vain_is_told_in_a_sentence(app, query, sentence):
    opened(app, query)
    (notice,) = app.at.info
    assert sentence in notice.value
    assert not any(odd in notice.value for odd in ("script", "gpt", "passwd", "drop"))


def test_the_sentence_about_a_link_goes_when_the_visitor_does_something(app):
    opened(app, {"data": "tiny", "like": "100,nobody"})
    assert app.run().at.info
    app.at.slider(key=next(slider.key for slider in app.at.slider if slider.key.startswith("recommend-k"))).set_value(
        10
    )
    assert not app.run().run().at.info


def test_an_item_that_is_liked_and_disliked_is_liked_and_named_once(app):
    opened(app, {"data": "tiny", "like": ids(app, 0, 2, 0), "dislike": ids(app, 2, 4)})
    assert taste(app) == ([2, 0], [4])


def test_the_first_writing_and_a_change_of_page_make_no_step_of_the_history_and_a_like_does(app):
    assert written(app)["push"] is False
    first = written(app)["number"]
    assert written(app.run())["number"] == first
    app.taste(0)
    assert written(app)["push"] is True
    assert written(app)["number"] != first
    assert written(app.open("try/compare"))["push"] is False


def test_back_takes_the_last_like_and_the_last_model_back(app, monkeypatch):
    app.taste(0).choose(model=["ease"])
    before = written(app)["query"]
    app.taste(0, 2).choose(model=["popularity"], k=10)
    back_to(app, monkeypatch, before)
    assert taste(app) == ([0], [])
    assert app.lists[0]["name"] == "ease"
    assert len(app.lists[0]["cards"]) == 20
    assert written(app) | {"number": ""} == {"query": before, "push": False, "number": ""}
    assert taste(app.run()) == ([0], [])


def test_a_taste_that_was_brought_stays_out_of_the_address_and_back_finds_it_again(app, monkeypatch):
    app.taste(0, 2, private=True)
    private = written(app)["query"]
    assert "like" not in private
    assert "taste=" in private
    app.taste(0, 2, 4, private=True)
    back_to(app, monkeypatch, private)
    assert taste(app) == ([0, 2], [])
    assert app.shown("share")[0]["link"]["taste"] == f"like={ids(app, 0, 2)}"
    assert "will hold the ids of 2 items" in app.shown("share")[0]["link"]["ask"]


def test_after_copy_link_the_address_holds_what_was_brought(app):
    app.taste(0, 2, private=True).taste(0, 2, private=False)
    assert f"like={ids(app, 0, 2)}" in written(app)["query"]
    assert app.shown("share")[0]["link"]["ask"] is None


def test_the_word_for_a_brought_taste_means_nothing_to_another_browser(app):
    app.taste(0, 2, private=True)
    query = dict(part.split("=") for part in written(app)["query"].split("&"))
    opened(app, query)
    assert taste(app) == ([], [])
    assert "It leaves out a taste" in app.at.info[0].value


def test_a_link_also_keeps_out_of_the_lists_what_was_merely_seen(app):
    app.visit(Visit(likes=(0, 2), seen=(4, 6), private=True))
    ask = app.shown("share")[0]["link"]
    assert ask["taste"] == f"like={ids(app, 0, 2)}&seen={ids(app, 4, 6)}"
    assert "will hold the ids of 4 items" in ask["ask"]
    mine = [card["id"] for card in app.lists[0]["cards"]]
    assert not {4, 6} & set(mine)
    opened(app, {"data": "tiny", "like": ids(app, 0, 2), "seen": ids(app, 4, 6)})
    assert [card["id"] for card in app.lists[0]["cards"]] == mine
    assert f"seen={ids(app, 4, 6)}" in written(app)["query"]


def test_a_taste_too_long_for_an_address_is_cut_there_and_whole_here(app, monkeypatch):
    monkeypatch.setattr("pages.parts.link.TASTE_LETTERS", 40)
    app.taste(*range(30))
    query = written(app)["query"]
    assert f"like={ids(app, *range(20, 30))}" in query
    assert "latest 10 of 30 items" in app.shown("share")[0]["link"]["cut"]
    app.taste(1)
    back_to(app, monkeypatch, query)
    assert app.shown("taste")[0]["n_likes"] == 30
    opened(app, dict(part.split("=") for part in query.split("&")))
    assert app.shown("taste")[0]["n_likes"] == 10
    assert "It holds 10 items" in app.at.info[0].value


def test_an_address_of_another_data_set_leaves_the_taste_of_this_one_alone(app):
    app.taste(0, 2)
    assert Visit(likes=(0, 2)) in app.session.tastes.values()
    app.at.selectbox[0].set_value("tiny-last")
    app.run()
    assert written(app)["query"].startswith("data=tiny-last")
    assert "like=" not in written(app)["query"]


def test_an_empty_zoo_has_no_address(tmp_path, monkeypatch):
    monkeypatch.setenv("MENAGERIE_ZOO", str(tmp_path))
    at = AppTest.from_file(APP, default_timeout=60)
    at.query_params["data"] = "tiny"
    at.run()
    assert not at.exception
    told = [e.proto.json for e in at.get("bidi_component") if e.proto.component_name == "menagerie.address"]
    assert told == ['[{"steps": []}]'] * 2
