"""What item towers are told of an item: words, facts, pictures."""

import numpy as np
import polars as pl
import pytest
from PIL import Image

from zoo.catalogue import Catalogue
from zoo.content import LONGEST, Pictures, Recipe
from zoo.errors import DataError
from zoo.pictures import DRAWN, pictures_of


def items(**columns) -> pl.DataFrame:
    known = {
        "item_id": [7, 8, 9],
        "title": ["Slow Horror", "Slow Comedy", "Étoile"],
        "year": [1970, None, 1990],
        "genres": [["Horror"], ["Comedy", "Sci-Fi"], []],
        "n_users": [5, 9, 0],
    }
    return pl.DataFrame(known | columns, schema_overrides={"year": pl.Int32})


RECIPE = Recipe.of(items(), 2**20)


def words(text: str) -> set[int]:
    return set(RECIPE.hashed([[text]])[0].tolist()) - {0}


def test_words_pairs_and_parts_of_long_words_are_read():
    slow, horror, both = words("slow"), words("horror"), words("slow horror")
    assert slow | horror < both
    assert len(both - slow - horror) == 1  # the pair
    assert len(slow) == 1
    assert words("horrors") & horror  # they share parts


def test_case_accents_and_marks_make_no_other_word():
    assert words("ÉTOILE!") == words("etoile")


def test_no_pair_of_words_spans_two_columns_or_two_entries_of_a_list():
    apart, together = RECIPE.hashed([["slow", "horror"], ["slow horror"]])
    assert (apart > 0).sum() == (together > 0).sum() - 1


def test_ids_lie_in_the_table_and_zero_is_nothing():
    ids = Recipe.of(items(), 8).text_ids(items())
    assert ids.min() == 0
    assert 1 <= ids[ids > 0].min() <= ids.max() <= 8


def test_a_long_text_is_cut():
    assert RECIPE.hashed([[" ".join(f"w{i}" for i in range(900))]]).shape == (1, LONGEST)


def test_columns_of_words_are_read_and_ids_codes_and_addresses_are_not():
    columns = {
        "description": ["a slow tale of fear", "people who laugh a lot", None],
        "authors": [["A. Lee"], ["B. Ray", "C. Day"], None],
        "isbn": ["0439554934", "0316015849", "0061120081"],
        "image_url": ["https://a.b/c.jpg", "https://a.b/d.jpg", "https://a.b/e.jpg"],
        "work_id": [4640799, 3212258, 3275794],
        "average": [4.1, 3.9, None],
    }
    recipe = Recipe.of(items(**columns), 64)
    assert recipe.text == ["title", "genres", "description", "authors"]
    assert {feature.column for feature in recipe.features} == {"year", "average", "genres"}


def test_popularity_is_no_content():
    assert "n_users" not in {feature.column for feature in RECIPE.features}


def test_titles_that_only_repeat_the_id_are_no_words():
    bare = items(title=["7", "8", "9"], genres=pl.Series([[], [], []], dtype=pl.List(pl.String)))
    recipe = Recipe.of(bare, 64)
    assert recipe.text == []
    assert not recipe.content(bare).present[:, 0].any()


def test_facts_are_in_standard_units_and_what_is_unknown_says_nothing():
    values = RECIPE.feature_values(items())
    names = [(feature.column, feature.kind, feature.value) for feature in RECIPE.features]
    year, known = names.index(("year", "number", None)), names.index(("year", "known", None))
    np.testing.assert_allclose(values[:, year], [-1.0, 0.0, 1.0])
    assert values[:, known].tolist() == [1.0, 0.0, 1.0]
    assert values[:, names.index(("genres", "holds", "Comedy"))].tolist() == [0.0, 1.0, 0.0]


def test_a_new_item_is_read_in_the_units_of_training_whatever_columns_it_has():
    new = pl.DataFrame({"item_id": ["n"], "title": ["Slow Horror"], "year": [1980]})
    content = RECIPE.content(new)
    assert content.features[0, 0] == 0.0  # 1980 is the mean of training
    assert set(content.text_ids[0]) - {0} == words("Slow Horror")
    assert content.present.tolist() == [[True, False, True]]


def test_a_recipe_survives_its_card():
    assert Recipe.model_validate_json(RECIPE.model_dump_json()) == RECIPE


# --- pictures


def catalogue() -> Catalogue:
    return Catalogue(items())


def save(path, colour) -> None:
    Image.new("RGB", (30, 40), colour).save(path)


def test_pictures_are_found_by_item_and_what_is_broken_or_absent_counts_as_missing(tmp_path, capsys):
    save(tmp_path / "7.png", (255, 0, 0))
    (tmp_path / "9.jpg").write_bytes(b"no picture at all")
    (tmp_path / "notes.txt").write_text("8")
    found = pictures_of(catalogue(), tmp_path)
    assert found.present.tolist() == [True, False, False]
    assert found.pixels.shape == (3, 96, 64, 3)
    assert (found.pixels[0] == (255, 0, 0)).all()
    assert not found.pixels[1:].any()
    assert found.source == f"1 of 3 items, from {tmp_path.name}"
    assert "1 files of" in capsys.readouterr().err


def test_a_picture_that_ends_early_counts_as_missing(tmp_path):
    save(tmp_path / "7.png", (9, 9, 9))
    Image.effect_noise((300, 400), 90).convert("RGB").save(tmp_path / "8.jpg")
    whole = (tmp_path / "8.jpg").read_bytes()
    (tmp_path / "8.jpg").write_bytes(whole[: len(whole) // 3])
    assert pictures_of(catalogue(), tmp_path).present.tolist() == [True, False, False]


def test_a_folder_without_pictures_of_items_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"holds no picture of any item \(found 0 files\).*7\.jpg"):
        pictures_of(catalogue(), tmp_path)
    with pytest.raises(DataError, match="is no folder"):
        pictures_of(catalogue(), tmp_path / "nowhere")


def test_without_a_folder_posters_are_drawn_of_what_is_known_and_the_card_says_what_they_show():
    found = pictures_of(catalogue(), None)
    assert found.source == DRAWN
    assert found.present.tolist() == [True, True, True]
    nothing = items(year=pl.Series([None] * 3, dtype=pl.Int32), genres=pl.Series([[]] * 3, dtype=pl.List(pl.String)))
    assert not pictures_of(Catalogue(nothing), None).present.any()


def test_no_pictures_take_no_memory():
    none = Pictures.none(10**6)
    assert none.pixels.shape == (10**6, 96, 64, 3)
    assert none.pixels.base is not None
    assert not none.present.any()
