"""The Prompt page: words and pictures in place of a history, and items that nobody has chosen."""

import io
import re

import numpy as np
import polars as pl
import pytest
from PIL import Image

from pages.parts import answers, phrases, prompt
from pages.parts.new_item import Draft
from pages.parts.state import Session
from zoo.catalogue import Catalogue
from zoo.new_items import Audience, new_items, standing
from zoo.pictures import pictures_of
from zoo.prompt import WEIGHT, blended, picture, space, words
from zoo.recommend import Taste
from zoo.recommend import answers as with_history
from zoo.runtime import Runtime
from zoo.settings import Settings
from zoo.vocabulary import Vocabulary

UNESCAPED = re.compile(r"(?<!\\)<(script|qqq)|(?<!\\):(red|zzz)")
EVEN = tuple(range(0, 20, 2))  # comedies


@pytest.fixture(scope="module")
def runtime():
    return Runtime(Settings(provider="cpu"))


def load(app, runtime, name="two_tower_text"):
    return runtime.load(app.data.model(name))


def say(app, text: str, **view: str):
    """As a click or a link says it: the widgets are made anew."""
    app.session.view = {"words": text} | view
    app.session.turns += 1
    return app.open("try/prompt")


def items(shown: dict) -> list[int]:
    return [card["id"] for card in shown["cards"]]


def similar(app, runtime, text: str, name="two_tower_text") -> np.ndarray:
    model = load(app, runtime, name)
    known = Vocabulary.of(model.card.item_tower, app.data.catalogue.items).known
    return space(model, app.data.catalogue, "text").similarities(words(model, text, known))[0]


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


# --- words


def test_while_nothing_is_asked_there_are_examples_in_the_catalogues_own_words(app, runtime):
    app.open("try/prompt")
    (mounted,) = app.shown("lists")
    assert mounted["lists"] == []
    assert 1 <= len(mounted["samples"]) <= 4
    for sample in mounted["samples"]:
        text = sample["event"]["set"]["words"]
        assert (sample["event"]["kind"], sample["title"]) == ("view", text)
        said = say(app, text)
        assert not [line for line in said.words.splitlines() if "no text of this catalogue" in line]
        assert items(said.lists[0])[:3] == [card["id"] for card in sample["cards"]]


def test_words_alone_are_answered_by_every_model_that_reads_them(app, runtime):
    say(app, "silent comedy")
    assert [shown["title"] for shown in app.lists] == ["Words", "Words"]
    assert {shown["name"] for shown in app.lists} == {"two_tower_text", "two_tower_mixed"}
    assert {shown["facts"][0]["text"] for shown in app.lists} == {"Two-tower (text)", "Two-tower (mixed)"}
    for shown in app.lists:
        s = similar(app, runtime, "silent comedy", shown["name"])
        assert items(shown) == np.argsort(-s, kind="stable")[:20].tolist()
        assert [float(card["score"].replace("−", "-")) for card in shown["cards"]] == pytest.approx(
            np.sort(s)[::-1][:20], abs=0.0051
        )
    assert "Two-tower (picture) reads pictures alone." in app.words.replace("\\", "")


def test_beside_a_taste_stand_the_words_both_and_the_taste(app, runtime):
    app.taste(*EVEN, dislikes=(1,))
    say(app, "thriller", reader="two_tower_text")
    assert [shown["title"] for shown in app.lists][:3] == ["Words", "With taste", "Taste"]
    assert [shown["name"] for shown in app.lists][:3] == ["two_tower_text"] * 3
    s = similar(app, runtime, "thriller")
    mine = Taste(EVEN, (1,))
    taste, _ = with_history(load(app, runtime), [mine])
    hidden = [*EVEN, 1]
    for shown, scores in zip(app.lists, (s, blended(taste[0], s, WEIGHT), taste[0]), strict=False):
        left = [item for item in np.argsort(-scores, kind="stable").tolist() if item not in hidden]
        assert items(shown) == left[:20]
    best = app.lists[3]
    assert best["title"] == "Taste"
    assert best["name"] not in {"two_tower_text", "popularity"}


def test_the_weight_moves_the_list_from_the_taste_to_the_words(app):
    app.taste(*EVEN)
    say(app, "thriller", reader="two_tower_text", weight="0")
    assert items(app.lists[1]) == items(app.lists[2])
    say(app, "thriller", reader="two_tower_text", weight="1")
    assert items(app.lists[1]) == items(app.lists[0])


def test_a_disliked_item_never_returns_and_known_ones_do_where_they_are_asked_for(app, runtime):
    first = int(np.argmax(similar(app, runtime, "thriller")))
    app.taste(2, dislikes=(first,)).session.kept["hide-seen"] = False
    say(app, "thriller", reader="two_tower_text")
    assert all(first not in items(shown) for shown in app.lists)
    app.taste(first)
    say(app, "thriller", reader="two_tower_text")
    assert items(app.lists[0])[0] == first


def test_misspelled_and_unknown_words_are_told_by_name(app):
    say(app, "thriler xyzzyq")
    said = app.words.replace("\\", "")
    assert "‘thriler’ is in no text of this catalogue; read as ‘thriller’." in said
    assert "‘xyzzyq’ is in no text of this catalogue, and nothing is spelled like that: left out." in said
    mended = items(app.lists[0])
    assert mended == items(say(app, "thriller").lists[0])


def test_years_in_words_keep_the_lists_to_them_unless_any_year_is_wanted(app):
    say(app, "thriller of the 1960s")
    assert all(1960 <= int(card["year"]) < 1970 for shown in app.lists for card in shown["cards"])
    assert "is read as years, and the lists keep to 1960s" in app.words.replace("\\", "")
    say(app, "thriller of the 1960s", anyyear="on")
    assert items(app.lists[0]) == items(say(app, "thriller").lists[0])


@pytest.mark.parametrize(
    "text",
    ["!!! ???", "👻🚀", "   ", "קומדיה", "x" * 290, "<qqqqqq>zzzzzz(1)</qqqqqq>", "**q** $zzz$ :zzz[q]", "the 1960s"],
)
def test_what_cannot_be_read_is_told_and_leads_back_to_the_examples(app, text):
    say(app, text)
    assert app.shown("lists")[0]["samples"]
    if text.strip():
        assert "no text of this catalogue" in app.words or "no words in it" in app.words or "years alone" in app.words
    assert UNESCAPED.search(app.words) is None


def test_ten_thousand_letters_are_read_as_far_as_is_said_and_kept_out_of_the_link(app):
    app.open("try/prompt")
    text = ("thriller " * 1200)[:10_000]
    app.at.text_input[0].set_value(text)
    app.run()
    assert "Only the first 1,000 letters are read." in app.words.replace("\\", "")
    assert "The link of this view leaves these words out" in app.words
    assert items(app.lists[0])
    assert len(dict(app.session.view)["words"]) == 9
    before = items(app.lists[0])
    assert items(app.run().lists[0]) == before
    app.session.kept = {name: held for name, held in app.session.kept.items() if not str(name).startswith("words-")}
    app.session.linked = True
    app.session.view_turns["words"] = 99  # as another visitor finds it
    app.run()
    assert "Not everything in this link could be used" in app.words


def test_typing_writes_the_words_into_the_link(app):
    app.open("try/prompt")
    app.at.text_input[0].set_value("silent comedy")
    app.run()
    assert app.session.view["words"] == "silent comedy"
    assert "words=silent%20comedy" in app.session.steps[-1].query


def test_models_that_read_pictures_alone_are_shown_no_box_for_words(app, monkeypatch):
    found = prompt.readers
    monkeypatch.setattr(prompt, "readers", lambda data: [e for e in found(data) if e.name == "two_tower_image"])
    say(app, "comedy")
    assert not app.at.text_input
    assert "read pictures alone" in app.words


def test_a_data_set_without_readers_says_what_to_train(app_last):
    app_last.open("try/prompt")
    assert "No model here reads what an item is" in app_last.words
    assert "two_tower_text" in app_last.at.code[0].value


# --- pictures


def shown_picture(app, content: bytes, name: str = "a.png"):
    app.open("try/prompt")
    app.at.get("file_uploader")[0].set_value((name, content, "image/png"))
    return app.run()


def test_a_poster_finds_its_item_under_every_model_that_sees(app):
    look = pictures_of(app.data.catalogue, None).pixels[7]
    shown_picture(app, png(Image.fromarray(look)))
    assert {shown["name"] for shown in app.lists} == {"two_tower_image", "two_tower_mixed"}
    assert [shown["title"] for shown in app.lists] == ["Picture", "Picture"]
    assert all(items(shown)[0] == 7 for shown in app.lists)
    assert "64 × 96 pixels" in app.words
    assert "Two-tower (text) reads words alone." in app.words.replace("\\", "")


def test_words_and_a_picture_are_averaged_by_a_model_that_reads_both(app, runtime):
    look = pictures_of(app.data.catalogue, None).pixels[8]
    say(app, "thriller")
    shown_picture(app, png(Image.fromarray(look)))
    both = next(shown for shown in app.lists if shown["name"] == "two_tower_mixed")
    model = load(app, runtime, "two_tower_mixed")
    by_look = space(model, app.data.catalogue, "picture").similarities(picture(model, look))[0]
    expected = (similar(app, runtime, "thriller", "two_tower_mixed") + by_look) / 2
    assert items(both) == np.argsort(-expected, kind="stable")[:20].tolist()
    assert both["title"] == "Words and picture"


@pytest.mark.parametrize("content", [b"no picture", b"", b"GIF89a"])
def test_what_is_no_picture_ends_in_one_sentence(app, content):
    shown_picture(app, content)
    assert "picture" in app.at.error[0].value
    assert app.shown("lists")[0]["samples"]


def test_a_picture_can_be_taken_away(app):
    shown_picture(app, png(Image.new("RGB", (20, 30), "red")))
    next(button for button in app.at.button if button.label == "Take it away").click()
    app.run()
    assert app.shown("lists")[0]["samples"]


# --- an item that nobody has chosen


def draft(app, draft: Draft):
    app.session.kept[f"draft-{app.data.info.fingerprint}"] = draft
    app.session.view = {"ask": "add"}
    app.session.turns += 1
    return app.open("try/prompt")


COMEDY = Draft("The Silent Umbrella", genres=("Comedy",), year=1985)


def test_the_form_places_an_item_and_forgets_it(app):
    app.session.view = {"ask": "add"}
    app.open("try/prompt")
    app.at.text_input[0].set_value("The Silent Umbrella")
    app.at.multiselect[0].set_value(["Comedy"])
    app.at.number_input[0].set_value(1985)
    next(button for button in app.at.button if button.label == "Place it in the catalogue").click()
    app.run()
    held = app.session.kept[f"draft-{app.data.info.fingerprint}"]
    assert (held.title, held.genres, held.year) == ("The Silent Umbrella", ("Comedy",), 1985)
    assert "**The Silent Umbrella** is in no catalogue yet" in app.words
    assert app.shown("shelf")
    next(button for button in app.at.button if button.label == "Forget it").click()
    app.run()
    assert app.session.kept[f"draft-{app.data.info.fingerprint}"] is None
    assert app.at.text_input[0].value == ""
    assert not app.shown("shelf")


def test_an_item_without_a_title_is_not_placed(app):
    app.session.view = {"ask": "add"}
    app.open("try/prompt")
    next(button for button in app.at.button if button.label == "Place it in the catalogue").click()
    app.run()
    assert "Give it a title" in app.at.error[0].value


def test_every_reader_places_it_between_its_neighbours(app, runtime):
    app.taste(*EVEN)
    draft(app, COMEDY)
    assert {shown["name"] for shown in app.lists} == {"two_tower_text", "two_tower_image", "two_tower_mixed"}
    for shown in app.lists:
        model = load(app, runtime, shown["name"])
        vector = new_items(COMEDY.table(app.data), model, app.data.catalogue).embeddings[0]
        place = standing(model, Taste(EVEN), vector, 3)
        assert items(shown) == [*place.above, -1, *place.below]
        ranks = [card["rank"] for card in shown["cards"]]
        assert ranks == list(range(place.rank - len(place.above), place.rank + len(place.below) + 1))
        assert shown["facts"][0]["text"] == f"rank {place.rank} of {place.n}"
        (new,) = (card for card in shown["cards"] if card["id"] == -1)
        assert (new["title"], new["year"], new["genre"]) == ("The Silent Umbrella", "1985", "Comedy")
        assert new["move"]["text"] == "new"
    (mounted,) = app.shown("lists")
    assert mounted["judge"] is False  # an item that is in no catalogue is not liked


def test_for_whom_counts_the_test_users_and_names_the_nearest(app, runtime):
    draft(app, COMEDY)
    whom, people, _ = app.shown("shelf")
    for row in whom["rows"]:
        model = load(app, runtime, row["name"])
        vector = new_items(COMEDY.table(app.data), model, app.data.catalogue).embeddings[0]
        ranks = Audience.of(model, app.data.test).ranks(vector)
        assert [int(value.split(" ")[0]) for value in row["values"]] == [(ranks <= 10).sum(), (ranks <= 20).sum()]
        assert len(row["strip"]) == 20
    first = whom["rows"][0]
    assert 1 <= len(people["people"]) <= 12
    assert all(person["event"]["set"]["a"] == first["name"] for person in people["people"])
    ranks = [int(person["note"].split(" ")[1]) for person in people["people"]]
    assert ranks == sorted(ranks)


def test_nearest_items_are_those_of_the_highest_cosine(app, runtime):
    draft(app, COMEDY)
    app.session.view |= {"under": "two_tower_text"}
    app.run()
    nearest = app.shown("shelf")[2]["cards"]
    model = load(app, runtime)
    vector = new_items(COMEDY.table(app.data), model, app.data.catalogue).embeddings
    alike = space(model, app.data.catalogue, "all").similarities(vector)[0]
    assert [card["id"] for card in nearest] == np.argsort(-alike, kind="stable")[:12].tolist()
    assert [card["note"] for card in nearest] == [f"{alike[card['id']]:.2f}" for card in nearest]


def test_models_that_cannot_place_it_say_why(app):
    draft(app, COMEDY)
    said = app.words.replace("\\", "")
    assert "nobody has chosen this one" in said
    assert "EASE" in said


def test_what_models_of_pictures_see_of_an_item_without_one_is_told(app):
    said = {
        COMEDY: "a poster that was drawn from its genres and year.",
        Draft("A", year=1985): "a poster that was drawn from its year.",
        Draft("B"): "without genres and a year there is hardly anything on it.",
        Draft("C", pixels=np.zeros((96, 64, 3), dtype=np.uint8)): None,
    }
    for one, sentence in said.items():
        words = draft(app, one).words.replace("\\", "")
        assert ("No picture was given" in words) == (sentence is not None)
        assert sentence is None or sentence in words


def test_without_a_taste_it_is_said_how_to_get_one(app):
    draft(app, COMEDY)
    assert not app.shown("lists")
    assert "Say above what you like" in app.words


@pytest.mark.parametrize(
    "odd",
    [
        Draft("**b** <script>x</script> $x$ :red[y]"),
        Draft("عنوان 👻" * 40, genres=("Comedy", "Drama", "Thriller"), year=-750),
        Draft("Toy (1995)", year=None),
        Draft("!!!"),
        Draft("x" * 300, description="d" * 2000, by="A, B,, C"),
    ],
)
def test_odd_items_are_placed_as_text(app, odd):
    app.taste(*EVEN)
    draft(app, odd)
    assert UNESCAPED.search(app.words) is None
    assert len(app.shown("shelf")) == 3


def test_a_draft_belongs_to_one_data_set_and_to_one_session(app):
    draft(app, COMEDY)
    assert set(Session().kept) == set()
    assert [name for name in app.session.kept if str(name).startswith("draft-")] == [
        f"draft-{app.data.info.fingerprint}"
    ]


def test_the_table_of_a_draft_has_an_id_that_is_free(app):
    app.data.catalogue.items.clear()

    class Full:
        catalogue = Catalogue(app.data.catalogue.items.head(2).with_columns(item_id=pl.Series(["new-1", "new-2"])))

    assert COMEDY.table(Full())["item_id"].to_list() == ["new-3"]


# --- the rest


def test_phrases_are_made_of_what_the_catalogue_has():
    bare = {"item_id": ["a", "b"], "title": ["a", "b"], "year": [None, None], "genres": [[], []], "n_users": [1, 2]}
    schema = {"year": pl.Int32, "genres": pl.List(pl.String)}
    assert phrases.phrases(Catalogue(pl.DataFrame(bare, schema_overrides=schema)), []) == []
    told = pl.DataFrame(
        {
            "item_id": ["a", "b", "c", "d"],
            "title": ["Amber Harbour", "Amber Harbour Two", "Harbour Amber Three", "x"],
            "year": [1950, 1951, 1952, 1953],
            "genres": [["Horror"]] * 4,
            "n_users": [1, 2, 9, 4],
            "directors": [["A. Lee"], ["A. Lee"], ["B. Ray"], None],
            "description": ["wizard learns magic", "wizard learns magic", "wizard learns magic again", None],
        },
        schema_overrides={"year": pl.Int32},
    )
    found = phrases.phrases(Catalogue(told), ["Horror of the 1950s"])
    assert found == ["Horror of the 1950s", "B. Ray", "wizard learns magic", "harbour amber"]


def test_what_is_computed_is_told_with_its_equation(app):
    say(app, "comedy")
    assert any("cos" in element.value for element in app.at.latex)
    assert answers.EQUATION in app.at.latex[0].value
    draft(app, COMEDY)
    assert "e_u" in app.at.latex[0].value
