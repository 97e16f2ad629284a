"""The Bring page: a file in, a report, a taste or everybody's lists out."""

import html

import polars as pl
import pytest

from pages.parts.bulk import LISTS
from pages.parts.upload import BROUGHT, TEMPLATE

STARS = (
    b"Date,Name,Year,Letterboxd URI,Rating\n2024-01-01,The Amber Harbour,1950,https://boxd.it/a,4.5\n"
    b"2024-01-02,Silent Harbour,1951,https://boxd.it/b,1\n2024-01-03,The Paper Harbour,1953,https://boxd.it/c,3\n"
    b"2024-01-04,Distant Harbor,1954,https://boxd.it/d,5\n2024-01-05,No Such Thing,1999,https://boxd.it/e,5\n"
)
ONE = b"title,year\nThe Amber Harbour,1950\nSilent Harbour,1951\nAmber Harbour,1950\nNo Such Thing,1999\n"
MANY = b"userId,movieId,rating\na,100,5\na,106,4\nb,103,5\nb,109,3\n=c,112,5\n"


@pytest.fixture
def bring(app):
    return app.open("data/bring")


def upload(app, name: str, content: bytes):
    app.at.file_uploader[0].upload(name, content)
    return app.run()


def opened(app):
    """With the fold of the matches open."""
    app.at.session_state["matches"] = True
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
    assert not bring.tables  # a table that is not asked for is not made
    assert opened(bring).tables[0][-1] | {"In the file": "", "Rows": ""} == {
        "In the file": "",
        "In the catalogue": "—",
        "Counts as": "like",
        "Found by": "not found",
        "Likeness (0 to 100)": "",
        "Rows": "",
    }


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
    (shown,) = bring.tables
    assert [row["User"] for row in shown] == table["user"].to_list()
    assert [row["Title"] for row in shown] == [html.escape(title) for title in table["title"]]
    assert table.columns == ["user", "rank", "item_id", "title", "score"]
    assert table.group_by("user").len()["len"].to_list() == [20, 20, 20]
    of_a = table.filter(pl.col("user") == "a")
    assert {100, 106}.isdisjoint(of_a["item_id"])
    assert [button.label for button in bring.at.get("download_button")][-2:] == ["Download CSV", "Download Parquet"]


LOW = b"userId,movieId,rating\na,100,5\na,106,1\nb,103,2\n"


def test_what_was_rated_low_was_seen_and_comes_back_in_nobodys_list(bring):
    press(upload(bring, "low.csv", LOW), "Recommend for 2 people")
    assert "3 of 3 rows matched, 2 of them below the threshold" in bring.words.replace("\\", "")
    _, table = bring.at.session_state[LISTS]
    for user, seen in (("a", {100, 106}), ("b", {103})):
        assert seen.isdisjoint(table.filter(pl.col("user") == user)["item_id"])
    (warning,) = bring.at.warning
    assert warning.value.startswith("Of 1 of 2 people no like is known here (b).")
    press(upload(bring, "mine.csv", LOW[: LOW.rindex(b"b,")].replace(b"userId", b"who")), "Use as my taste")
    (bar,) = bring.shown("taste")
    assert [card["id"] for card in bar["likes"]] == [0]
    assert 2 not in [card["id"] for card in bring.lists[0]["cards"]]  # item 106


def test_who_likes_something_is_not_among_those_of_whom_nothing_is_known(bring):
    press(upload(bring, "many.csv", MANY), "Recommend for 3 people")
    assert not bring.at.warning


def test_lists_go_when_the_model_changes_because_they_would_answer_another_question(bring):
    press(upload(bring.choose(model=["ease"]), "many.csv", MANY), "Recommend for 3 people")
    shown = len(bring.tables)
    assert "answered another question" not in bring.words
    bring.choose(model=["popularity"])
    assert len(bring.tables) == shown - 1
    assert "answered another question" in bring.words
    upload(bring, "mine.csv", ONE)
    assert "answered another question" not in bring.words  # of that file nothing was asked yet


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
    said = bring.at.error[0].value.replace("\\", "")
    assert "Rename one to item_id, or pick it below." in said  # not what the command line would say
    assert said.count("below") == 1
    bring.at.selectbox(key="column-item").set_value("what")
    bring.at.selectbox(key="column-user").set_value("who")
    bring.run()
    assert "2 of 2 rows matched" in bring.words
    assert not bring.at.error


def test_the_columns_stay_open_for_whoever_had_to_pick_one(bring):
    def opened() -> bool:
        (fold,) = (one for one in bring.at.expander if one.label == "Columns and rating")
        return fold.proto.expanded

    upload(bring, "mine.csv", ONE)
    assert not opened()
    upload(bring, "odd.csv", b"who,what\n1,100\n1,103\n")
    assert opened()
    bring.at.selectbox(key="column-item").set_value("what")
    bring.run()
    assert "2 of 2 rows matched" in bring.words
    assert opened()
    upload(bring, "mine.csv", ONE)
    assert not opened()


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


# --- exports of services, and matches that somebody knows better


def select(app, row: int):
    """Choose one of the matches."""
    opened(app).at.selectbox(key=f"matches-{app.session.kept.get('mended', 0)}").select_index(row)
    return app.run()


def bar(app) -> tuple[set[str], set[str]]:
    """Titles of the likes and the dislikes of one's own taste."""
    (shown,) = app.open("try/recommend").shown("taste")
    return tuple({card["title"] for card in shown[part]} for part in ("likes", "dislikes"))


def test_an_export_is_recognised_and_what_counts_is_told(bring):
    upload(bring, "ratings.csv", STARS)
    words = bring.words.replace("\\", "")
    assert "Recognised: Letterboxd export" in words
    assert "Letterboxd export: 4 of 5 rows matched; 1 unknown; 0 repeated." in words
    assert "- Likes: 3 rated 3.5 or more." in words
    assert "- Dislikes: 1 rated below 2.5." in words
    assert "- Seen, but say nothing: 1 rated in between." in words
    assert [row["Counts as"] for row in opened(bring).tables[0]] == ["like", "dislike", "seen", "like", "like"]


def test_likes_and_dislikes_of_an_export_become_the_taste_and_what_was_seen_is_kept_out(bring):
    press(upload(bring, "ratings.csv", STARS), "Use as my taste")
    assert bar(bring) == ({"The Amber Harbour", "The Distant Harbour"}, {"The Silent Harbour"})
    visit = bring.session.tastes[bring.data.info.fingerprint]
    assert (visit.seen, visit.private) == ((3,), True)
    assert {0, 1, 3, 4}.isdisjoint(card["id"] for card in bring.lists[0]["cards"])


def test_a_file_has_the_last_word_on_an_item_when_it_is_added(bring):
    bring.taste(1, 50, dislikes=(0, 51))
    press(upload(bring, "ratings.csv", STARS), "Add to my taste")
    visit = bring.session.tastes[bring.data.info.fingerprint]
    assert (visit.likes, visit.dislikes, visit.seen) == ((50, 0, 4), (51, 1), (3,))


def test_what_ratings_mean_can_be_moved(bring):
    upload(bring, "ratings.csv", STARS)
    bring.at.slider(key="bounds-Letterboxd").set_value((1.0, 5.0))
    assert "Likes: 2 rated 5 or more." in bring.run().words.replace("\\", "")
    assert "Dislikes:" not in bring.words


def test_columns_named_by_hand_set_the_service_aside(bring):
    upload(bring, "ratings.csv", STARS)
    bring.at.selectbox(key="column-item").set_value("Name")
    assert "Letterboxd export:" not in bring.run().words.replace("\\", "")
    assert "4 of 5 rows matched" in bring.words


def test_a_row_that_was_not_found_can_be_given_its_item(bring):
    select(upload(bring, "ratings.csv", STARS), 4)
    assert "in your file is" in bring.words
    bring.at.text_input(key="mend-No Such Thing (1999)").set_value("copper window")
    bring.run()
    radio = bring.at.radio[0]
    assert radio.options[0].replace("\\", "").startswith("The Copper Window")
    radio.set_value(59)
    bring.run()
    press(bring, "Use this item")
    assert "5 of 5 rows matched; 0 unknown" in bring.words.replace("\\", "")
    assert "1 by you" in bring.words
    press(bring, "Use as my taste")
    assert "The Copper Window" in bar(bring)[0]


def test_a_wrong_match_can_be_left_out_and_taken_back(bring):
    press(select(upload(bring, "ratings.csv", STARS), 1), "Leave it out")
    assert "3 of 5 rows matched; 1 unknown; 0 repeated; 1 left aside" in bring.words.replace("\\", "")
    assert bring.tables[0][1]["Found by"] == "left out by you"
    press(select(bring, 1), "As it was found")
    assert "4 of 5 rows matched" in bring.words


def test_a_correction_stays_when_the_meaning_of_ratings_moves(bring):
    press(select(upload(bring, "ratings.csv", STARS), 1), "Leave it out")
    bring.at.slider(key="bounds-Letterboxd").set_value((1.0, 5.0))
    assert "left out by you" in [row["Found by"] for row in bring.run().tables[0]]


def test_unsure_matches_can_be_shown_alone(bring):
    opened(upload(bring, "ratings.csv", STARS))
    bring.at.segmented_control(key="matches-shown").set_value("Unsure")
    assert [row["In the file"] for row in bring.run().tables[0]] == ["Distant Harbor (1954)"]
    (row,) = (box for box in bring.at.selectbox if box.label == "Is one of them wrong?")
    assert row.options == ["Distant Harbor (1954) → The Distant Harbour"]


def test_a_row_that_was_chosen_is_not_another_one_under_another_filter(bring):
    select(upload(bring, "ratings.csv", STARS), 0)
    assert "**The Amber Harbour \\(1950\\)** in your file" in bring.words
    bring.at.segmented_control(key="matches-shown").set_value("Not found")
    assert "in your file is" not in bring.run().words
    assert [row["In the file"] for row in bring.tables[0]] == ["No Such Thing (1999)"]


def test_what_a_file_says_twice_is_mended_once(bring):
    """The same words for two ids: a correction is of the words, so they are offered once."""
    select(upload(bring, "mine.csv", b"item_id,title\n100,Mine\n106,Mine\n"), 0)
    (box,) = (box for box in bring.at.selectbox if box.label == "Is one of them wrong?")
    assert len(bring.tables[0]) == 2
    assert len(box.options) == 1


def test_markup_in_a_file_stays_text(bring):
    select(upload(bring, "mine.csv", b"title\n:red[x] <b>\nThe Amber Harbour\n"), 0)
    assert "**\\:red\\[x\\] \\<b\\>** in your file" in bring.words


def test_the_template_can_be_read_back():
    assert pl.read_csv(TEMPLATE.encode()).columns == ["user_id", "title", "year", "rating"]


def test_a_film_with_one_star_is_no_like(bring):
    title = bring.data.catalogue.items["title"]
    upload(bring, "stars.csv", f"title,rating\n{title[0]},5\n{title[1]},1\n".encode())
    assert "Its ratings look like stars: rows rated 3.5 or more count as likes" in bring.words.replace("\\", "")
    press(bring, "Use as my taste")
    assert bar(bring) == ({title[0]}, set())


def test_after_a_match_was_changed_no_other_row_is_chosen(bring):
    upload(bring, "ratings.csv", STARS)
    select(bring, 0)
    press(bring, "Leave it out")
    assert not [button for button in bring.at.button if button.label == "Leave it out"]
