"""The Bring page: a file in, a report, a taste or everybody's lists out."""

import polars as pl
import pytest

from pages.parts.bulk import LISTS
from pages.parts.upload import BROUGHT, TEMPLATE

ONE = b"title,year\nThe Amber Harbour,1950\nSilent Harbour,1951\nAmber Harbour,1950\nNo Such Thing,1999\n"
MANY = b"userId,movieId,rating\na,100,5\na,106,4\nb,103,5\nb,109,3\n=c,112,5\n"


@pytest.fixture
def bring(app):
    return app.open("data/bring")


def upload(app, name: str, content: bytes):
    app.at.file_uploader[0].upload(name, content)
    return app.run()


def press(app, label: str):
    next(button for button in app.at.button if button.label.startswith(label)).click()
    return app.run()


def test_the_empty_page_says_what_to_bring_and_what_becomes_of_it(bring):
    assert "it is not stored or logged" in bring.words
    assert "item id" in bring.words


def test_the_report_counts_rows_and_names_what_is_unknown(bring):
    upload(bring, "mine.csv", ONE)
    assert "3 of 4 rows matched; 1 unknown; 1 repeated." in bring.words.replace("\\", "")
    assert "No Such Thing" in bring.words
    assert bring.at.dataframe[0].value["given"].to_list()[-1].startswith("No Such Thing")


def test_one_persons_file_becomes_the_taste_of_the_other_pages(bring):
    press(upload(bring, "mine.csv", ONE), "Use as my taste")
    (bar,) = bring.shown("taste")
    assert sorted(card["title"] for card in bar["likes"]) == ["The Amber Harbour", "The Silent Harbour"]
    assert bring.lists[0]["cards"][0]["rank"] == 1


def test_a_file_can_be_added_to_a_taste_and_what_was_there_stays(bring):
    bring.taste(50)
    press(upload(bring, "mine.csv", ONE), "Add to my taste")
    (bar,) = bring.shown("taste")
    assert sorted(card["id"] for card in bar["likes"]) == [0, 1, 50]


def test_everybody_in_a_file_gets_a_list(bring):
    press(upload(bring, "many.csv", MANY), "Recommend for 3 people")
    _, table = bring.at.session_state[LISTS]
    assert table.columns == ["user", "rank", "item_id", "title", "score"]
    assert table.group_by("user").len()["len"].to_list() == [20, 20, 20]
    of_a = table.filter(pl.col("user") == "a")
    assert {100, 106}.isdisjoint(of_a["item_id"])
    assert [button.label for button in bring.at.get("download_button")][-2:] == ["Download CSV", "Download Parquet"]


def test_lists_go_when_the_model_changes_because_they_would_answer_another_question(bring):
    press(upload(bring.choose(model=["ease"]), "many.csv", MANY), "Recommend for 3 people")
    shown = len(bring.at.dataframe)
    bring.choose(model=["popularity"])
    assert len(bring.at.dataframe) == shown - 1


def test_a_memory_based_model_explains_that_it_cannot_serve_a_file(bring):
    bring.choose(model=["two_tower_id"])
    upload(bring, "many.csv", MANY)
    assert "memory\\-based" in bring.words


def test_a_bad_file_shows_its_sentence_and_takes_nothing_away(bring):
    bring.taste(5)
    upload(bring, "mine.csv", ONE)
    upload(bring, "bad.csv", b"a,b\n1,2\n")
    assert "no column for the item" in bring.at.error[0].value.replace("\\", "")
    assert "mine" in bring.at.error[0].value
    assert bring.at.session_state[BROUGHT].name == "mine.csv"
    bring.open("try/recommend")
    assert [card["id"] for card in bring.shown("taste")[0]["likes"]] == [5]


def test_columns_can_be_picked_where_they_are_not_recognised(bring):
    upload(bring, "odd.csv", b"who,what\n1,100\n1,103\n")
    assert bring.at.error
    bring.at.selectbox(key="column-item").set_value("what")
    bring.at.selectbox(key="column-user").set_value("who")
    bring.run()
    assert "2 of 2 rows matched" in bring.words
    assert not bring.at.error


def test_a_file_over_the_row_limit_is_refused_before_it_is_decoded(bring, monkeypatch):
    monkeypatch.setenv("MENAGERIE_UPLOAD_ROWS", "3")
    upload(bring, "mine.csv", ONE)
    assert "3" in bring.at.error[0].value
    assert bring.at.session_state.get(BROUGHT) is None


def test_a_file_can_be_forgotten(bring):
    upload(bring, "mine.csv", ONE)
    press(bring, "Forget this file")
    assert bring.at.session_state.get(BROUGHT) is None
    assert "rows matched" not in bring.run().words


def test_a_file_matched_with_one_catalogue_is_not_shown_over_another(bring):
    upload(bring, "mine.csv", ONE)
    bring.open("try/recommend").at.sidebar.selectbox[0].set_value("tiny-last")
    bring.run().open("data/bring")
    assert "rows matched" not in bring.words


def test_the_template_can_be_read_back():
    assert pl.read_csv(TEMPLATE.encode()).columns == ["user_id", "title", "year", "rating"]
