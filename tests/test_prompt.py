"""Words and pictures in, items out: against the same sums done by hand, and against what is known of the tiny films."""

import numpy as np
import pytest

from tests.world import N_ITEMS
from zoo.content import Content, Pictures
from zoo.errors import ModelError
from zoo.pictures import pictures_of
from zoo.prompt import LEAST, POWER, Space, blended, everything, kinds, picture, space, words
from zoo.registry import Zoo
from zoo.runtime import Runtime
from zoo.settings import Settings
from zoo.vocabulary import Vocabulary, read

READ = {"two_tower_text": {"text"}, "two_tower_image": {"picture"}, "two_tower_mixed": {"text", "picture"}}


@pytest.fixture(scope="module")
def dataset(tiny_zoo):
    return Zoo(tiny_zoo).dataset("tiny")


@pytest.fixture(scope="module")
def models(dataset):
    runtime = Runtime(Settings(provider="cpu"))
    return {name: runtime.load(dataset.model(name)) for name in (*READ, "ease")}


def test_similarities_are_cosines_after_the_inverse_fourth_root_of_the_covariance():
    rng = np.random.default_rng(1)
    E, prompts = rng.normal(size=(30, 4)) * [9.0, 3.0, 1.0, 0.1] + 5.0, rng.normal(size=(3, 4))
    origin = rng.normal(size=4)
    found = Space.of(E.astype(np.float32), np.ones(30, dtype=bool), origin).similarities(prompts)
    mean, C = E.mean(axis=0), np.cov(E.T)
    spread, axes = np.linalg.eigh(C + LEAST * np.linalg.eigvalsh(C).max() * np.eye(4))
    root = axes @ np.diag(spread**-POWER) @ axes.T
    np.testing.assert_allclose(
        np.linalg.matrix_power(np.linalg.inv(root), 4), C + LEAST * np.linalg.eigvalsh(C).max() * np.eye(4)
    )
    for row, prompt in enumerate(prompts):
        for item, e in enumerate(E):
            a, b = root @ (prompt - origin), root @ (e - mean)
            assert found[row, item] == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), abs=1e-4)


def test_without_an_origin_a_prompt_starts_from_the_mean_so_that_an_item_finds_itself():
    E = np.random.default_rng(2).normal(size=(40, 6)).astype(np.float32) + 3.0
    found = Space.of(E, np.ones(40, dtype=bool)).similarities(E)
    np.testing.assert_allclose(np.diag(found), 1.0, atol=1e-5)
    assert (found.argmax(axis=1) == np.arange(40)).all()


def test_items_that_have_nothing_to_compare_are_never_found_and_change_nothing():
    E = np.random.default_rng(3).normal(size=(20, 3)).astype(np.float32)
    there = np.arange(20) % 4 > 0
    changed = np.where(there[:, None], E, 1000.0).astype(np.float32)
    found, again = (Space.of(of, there).similarities(E[:2]) for of in (E, changed))
    assert np.isneginf(found[:, ~there]).all()
    np.testing.assert_array_equal(found, again)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_a_catalogue_of_next_to_nothing_gives_finite_numbers(n):
    found = Space.of(np.ones((n, 3), dtype=np.float32), np.ones(n, dtype=bool)).similarities(np.ones((1, 3)))
    assert found.shape == (1, n)
    assert np.isfinite(found).all()


def test_what_models_can_compare_by(models):
    assert {name: kinds(model.card) for name, model in models.items()} == READ | {"ease": frozenset()}


def test_pictures_that_stayed_in_a_folder_cannot_be_compared_with(models):
    card = models["two_tower_mixed"].card
    elsewhere = card.model_copy(update={"details": card.details | {"pictures": "60 of 60 items, from posters"}})
    assert kinds(elsewhere) == {"text"}


@pytest.mark.parametrize(
    ("name", "kind"), [("two_tower_text", "picture"), ("two_tower_image", "text"), ("ease", "all")]
)
def test_a_model_that_does_not_read_it_says_so(models, dataset, name, kind):
    with pytest.raises(ModelError, match="does not read"):
        space(models[name], dataset.catalogue, kind)


@pytest.mark.parametrize("name", ["two_tower_text", "two_tower_mixed"])
def test_words_are_compared_with_items_by_words_alone(models, dataset, name):
    """The same through the graph itself, with nothing of zoo/prompt.py."""
    model, catalogue = models[name], dataset.catalogue
    recipe = model.card.item_tower

    def e(ids: np.ndarray) -> np.ndarray:
        n = len(ids)
        present = np.column_stack([(ids > 0).any(axis=1), np.zeros(n, bool), np.zeros(n, bool)])
        nothing = np.zeros((n, len(recipe.features)), np.float32)
        return model.item_tower.embed(Content(ids, Pictures.none(n).pixels, nothing, present)).astype(np.float64)

    E = e(recipe.text_ids(catalogue.items))
    C = np.cov(E.T)
    spread, axes = np.linalg.eigh(C)
    root = axes @ np.diag((spread.clip(0) + LEAST * spread.max()) ** -POWER) @ axes.T
    a = root @ (e(recipe.hashed([["silent comedy"]]))[0] - e(np.zeros((1, 1), np.int64))[0])
    b = (E - E.mean(axis=0)) @ root
    expected = b @ a / np.linalg.norm(a) / np.linalg.norm(b, axis=1)
    found = space(model, catalogue, "text").similarities(words(model, "silent comedy"))[0]
    np.testing.assert_allclose(found, expected, atol=2e-4)


@pytest.mark.parametrize("name", ["two_tower_text", "two_tower_mixed"])
def test_a_genre_finds_its_items_and_a_title_finds_itself(models, dataset, name):
    model, catalogue = models[name], dataset.catalogue
    there, known = space(model, catalogue, "text"), Vocabulary.of(model.card.item_tower, catalogue.items).known
    for genre in ("Comedy", "Thriller"):
        first = np.argsort(-there.similarities(words(model, genre, known))[0])[:20].tolist()
        assert np.mean([genre in catalogue.items["genres"][item] for item in first]) >= 0.9
    ranks = []
    for item, title in enumerate(catalogue.items["title"].to_list()):
        s = there.similarities(words(model, title, known))[0]
        ranks.append(int((s > s[item]).sum()))
    assert np.mean(np.array(ranks) < 3) > 0.8


def test_a_poster_finds_its_item(models, dataset):
    looks = pictures_of(dataset.catalogue, None).pixels
    for name in ("two_tower_image", "two_tower_mixed"):
        there = space(models[name], dataset.catalogue, "picture")
        found = np.concatenate([there.similarities(picture(models[name], pixels)) for pixels in looks])
        assert (found.argmax(axis=1) == np.arange(N_ITEMS)).all()


def test_an_item_finds_itself_by_all_that_is_known_of_it(models, dataset):
    for name in READ:
        model, catalogue = models[name], dataset.catalogue
        looks = pictures_of(catalogue, None) if model.card.reads_pictures else None
        E = model.item_tower.embed(model.card.item_tower.content(catalogue.items, looks))
        found = space(model, catalogue, "all").similarities(E)
        np.testing.assert_allclose(np.diag(found), 1.0, atol=1e-4)


def test_a_whole_item_of_a_model_that_reads_words_alone_needs_no_other_space(models, dataset):
    assert {name: everything(models[name].card) for name in READ} == {
        "two_tower_text": "text", "two_tower_image": "picture", "two_tower_mixed": "all"
    }  # fmt: skip
    model, catalogue = models["two_tower_text"], dataset.catalogue
    E = model.item_tower.embed(model.card.item_tower.content(catalogue.items))
    by_words, by_all = (space(model, catalogue, kind) for kind in ("text", "all"))
    np.testing.assert_allclose(by_words.whole.similarities(E), by_all.similarities(E), atol=1e-4)
    assert not np.allclose(by_words.similarities(E), by_all.similarities(E), atol=1e-2)


def test_unknown_grams_are_not_hashed(models, dataset):
    model = models["two_tower_text"]
    known = Vocabulary.of(model.card.item_tower, dataset.catalogue.items).known
    plain, noisy = words(model, "silent comedy", {"silent", "comedy"}), words(model, "silent comedy", known)
    assert not np.allclose(plain, noisy)  # parts of words are known
    np.testing.assert_array_equal(
        words(model, "comedy winter", {"comedy", "winter"}), words(model, "winter comedy", {"comedy", "winter"})
    )  # their order matters to pairs alone


def test_taste_and_words_are_added_in_standard_units():
    scores, similar = np.array([10.0, 20.0, 30.0, 99.0]), np.array([0.1, 0.5, 0.3, -np.inf])
    found = blended(scores, similar, 0.25)
    a, b = (scores[:3] - 20.0) / np.std(scores[:3]), (similar[:3] - 0.3) / np.std(similar[:3])
    np.testing.assert_allclose(found[:3], 0.75 * a + 0.25 * b, rtol=1e-5)
    assert np.isneginf(found[3])
    assert (np.argsort(blended(scores, similar, 0.0)[:3]) == np.argsort(scores[:3])).all()
    assert (np.argsort(blended(scores, similar, 1.0)[:3]) == np.argsort(similar[:3])).all()
    assert np.isfinite(blended(np.ones(3), similar[:3], 0.5)).all()


def test_a_mended_prompt_finds_what_the_right_word_finds(models, dataset):
    model = models["two_tower_text"]
    vocabulary = Vocabulary.of(model.card.item_tower, dataset.catalogue.items)
    np.testing.assert_array_equal(
        words(model, read("Thriler", vocabulary).text), words(model, read("thriller", vocabulary).text)
    )
