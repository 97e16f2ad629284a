"""Which item leads to which: S against the question asked one by one, both directions, norms, axes, and maps."""

from dataclasses import fields

import numpy as np
import pytest
from scipy.sparse import csr_array

from zoo.dataset import Dataset
from zoo.errors import ModelError
from zoo.item_map import neighbour_map, seriation
from zoo.registry import Zoo
from zoo.runtime import Model, Runtime
from zoo.settings import Settings
from zoo.similar import (
    EXACT,
    Answers,
    Cosines,
    Similar,
    _signs,
    is_read_ahead,
    item_vectors,
    read_similar,
    similar,
    unit,
)


class Given:
    """An S that is known."""

    def __init__(self, S: np.ndarray) -> None:
        self.S, self.n_items = S.astype(np.float32), len(S)

    def rows(self, items: np.ndarray) -> np.ndarray:
        return self.S[items]

    def of_people(self, histories: csr_array) -> np.ndarray:
        return histories @ self.S


@pytest.fixture(scope="module")
def data(tiny_zoo) -> Dataset:
    return Zoo(tiny_zoo).dataset("tiny")


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    return Runtime(Settings())


@pytest.fixture(scope="module")
def model(data, runtime):
    return lambda name: runtime.load(data.model(name))


@pytest.fixture
def S() -> np.ndarray:
    return np.random.default_rng(3).standard_normal((37, 37)).astype(np.float32)


def scores(model: Model, items: list[int]) -> np.ndarray:
    """f of one history, asked alone."""
    history = csr_array((np.ones(len(items), np.float32), np.array(items, int), np.array([0, len(items)])), (1, 60))
    return model.run(history, outputs=("all_scores",))["all_scores"][0]


def whole(model: Model) -> np.ndarray:
    """S [I, I], one history after the other."""
    return np.stack([scores(model, [item]) - scores(model, []) for item in range(60)])


def largest(values: np.ndarray, n: int) -> list[int]:
    order = np.argsort(-values, kind="stable")[:n]
    return [int(item) for item in order if values[item] > 0]


MODELS = ("ease", "pure_svd", "asymmetric_svd", "item_knn", "autoencoder", "variational", "two_tower_text")


@pytest.mark.parametrize("name", MODELS)
def test_both_directions_and_norms_are_those_of_all_one_item_histories(model, name):
    S = whole(model(name))
    found = similar(Answers(model(name)))
    off = S.copy()
    np.fill_diagonal(off, 0.0)
    for item in range(60):
        for kept, by, line in (
            (found.leads_to, found.leads_by, off[item]),
            (found.because_of, found.because_by, off[:, item]),
        ):
            there = kept[item] >= 0
            expected = largest(line, 20)
            np.testing.assert_allclose(by[item][there], line[kept[item][there]], atol=1e-4)
            np.testing.assert_allclose(by[item][: len(expected)], line[expected], atol=1e-4)
            assert (by[item][~there] == 0).all()
            assert item not in kept[item]
    assert found.norm == pytest.approx(np.linalg.norm(S), rel=1e-4)
    assert found.asymmetry == pytest.approx(np.linalg.norm(S - S.T) / np.linalg.norm(S), abs=1e-4)
    assert found.asymmetry_error == 0.0


def test_the_rows_of_a_linear_model_add_up_to_its_answer(model):
    asked = Answers(model("ease"))
    together = scores(model("ease"), [3, 8, 20]) - scores(model("ease"), [])
    np.testing.assert_allclose(asked.rows(np.array([3, 8, 20])).sum(axis=0), together, atol=1e-5)
    assert (asked.rows(np.arange(60)).diagonal() == 0).all()  # EASE's S has an empty diagonal


def test_pure_svd_is_symmetric_and_ease_is_not(model, data):
    assert similar(Answers(model("pure_svd"))).asymmetry < 1e-3
    assert similar(Answers(model("ease"))).asymmetry > 0.01
    with data.model("asymmetric_svd") as folder:
        card = folder.card.details["asymmetry"]
    assert similar(Answers(model("asymmetric_svd"))).asymmetry == pytest.approx(card, rel=1e-2)


def test_popularity_ties_nothing(model):
    found = similar(Answers(model("popularity")))
    assert found.norm == 0.0
    assert np.isnan(found.asymmetry)
    assert (found.leads_to == -1).all()
    assert np.isfinite(found.places).all()


@pytest.mark.parametrize("exact", [2048, 0])
@pytest.mark.parametrize("block", [1, 7, 36, 37, 1000])
def test_blocks_do_not_matter(S, block, exact):
    once, again = similar(Given(S), exact=exact), similar(Given(S), block=block, exact=exact)
    for name in ("leads_to", "leads_by", "because_of", "because_by"):
        np.testing.assert_array_equal(getattr(once, name), getattr(again, name))
    assert again.norm == pytest.approx(once.norm)
    assert again.asymmetry == pytest.approx(once.asymmetry, rel=1e-4)
    np.testing.assert_allclose(again.places, once.places, atol=1e-4)


@pytest.mark.parametrize("block", [5, 25, 400])
def test_the_largest_of_many_blocks_are_those_of_all(block):
    S = np.random.default_rng(4).standard_normal((400, 400)).astype(np.float32)
    found = similar(Given(S), block=block)
    np.fill_diagonal(S, 0.0)
    for item in (0, 3, 399):
        assert found.leads_to[item].tolist() == largest(S[item], 20)
        assert found.because_of[item].tolist() == largest(S[:, item], 20)


def test_a_sparse_and_a_dense_matrix_are_read_alike(S):
    sparse = np.where(np.abs(S) > 2.0, S, 0.0)
    found = similar(Given(sparse))
    np.fill_diagonal(sparse, 0.0)
    assert [[int(one) for one in row if one >= 0] for row in found.leads_to] == [largest(row, 20) for row in sparse]
    assert [[int(one) for one in row if one >= 0] for row in found.because_of] == [largest(row, 20) for row in sparse.T]


def test_among_equals_the_lower_item_comes_first():
    S = np.zeros((30, 30))
    S[0, [9, 4, 17]] = 1.0
    found = similar(Given(S))
    assert found.leads_to[0, :4].tolist() == [4, 9, 17, -1]
    assert found.because_of[9, :2].tolist() == [0, -1]


def test_the_asymmetry_of_a_large_matrix_is_estimated_with_its_error(S):
    rng = np.random.default_rng(0)
    S = rng.standard_normal((300, 8)) @ rng.standard_normal((8, 300)) + rng.standard_normal((300, 300))
    truth = np.linalg.norm(S - S.T) / np.linalg.norm(S)
    found = similar(Given(S), exact=0, probes=64)
    assert found.asymmetry_error > 0
    assert abs(found.asymmetry - truth) < 4 * found.asymmetry_error
    assert found.asymmetry == pytest.approx(truth, rel=0.15)
    A = ((S - S.T) @ _signs(300, 64)).astype(np.float64)
    lengths = np.square(A).sum(axis=0)  # 64 estimates of |S - S^T|^2
    error = lengths.std(ddof=1) / 8 / (2 * np.sqrt(lengths.mean())) / np.linalg.norm(S)
    assert found.asymmetry_error == pytest.approx(error, rel=1e-3)
    symmetric = similar(Given(S + S.T), exact=0)
    assert symmetric.asymmetry < 1e-5
    one_way = similar(Given(np.triu(S, 1)))
    assert one_way.asymmetry == pytest.approx(np.sqrt(2), rel=1e-5)  # of i and j one leads to the other alone


def svd(S: np.ndarray) -> tuple[np.ndarray, float]:
    rows = unit(S.astype(np.float64))
    rows -= rows.mean(axis=0)
    U, lengths, _ = np.linalg.svd(rows)
    return U[:, :2] * lengths[:2], float((lengths[:2] ** 2).sum() / (lengths**2).sum())


def same_up_to_sign(a: np.ndarray, b: np.ndarray, **how: float) -> None:
    for one, other in zip(a.T, b.T, strict=True):
        np.testing.assert_allclose(one * np.sign(one @ other), other, **how)


def test_the_axes_are_those_of_a_singular_value_decomposition(S, model):
    for of in (Given(S), Answers(model("ease"))):
        found = similar(of)
        places, explained = svd(of.rows(np.arange(of.n_items)))
        same_up_to_sign(found.places, places, atol=2e-3)
        assert found.explained == pytest.approx(explained, rel=1e-3)


def test_sketched_axes_are_near_the_true_ones():
    rng = np.random.default_rng(1)
    kinds = rng.standard_normal((3, 400))
    S = kinds[rng.integers(0, 3, 400)] * 3 + rng.standard_normal((400, 400))  # three kinds of items
    places, _ = svd(S)
    found = similar(Given(S), exact=0, probes=64)
    space = np.linalg.svd(np.linalg.qr(found.places)[0].T @ np.linalg.qr(places)[0])[1]
    assert space.min() > 0.95  # the same plane


@pytest.mark.parametrize("exact", [2048, 0])
def test_a_person_who_chose_one_item_lies_where_it_does(S, exact):
    found = similar(Given(S), exact=exact, probes=16)
    np.testing.assert_allclose(found.place(S), found.places, atol=1e-4)
    np.testing.assert_allclose(found.place(5 * S), found.places, atol=1e-4)


def test_the_furthest_item_of_an_axis_is_on_its_positive_side(S):
    found = similar(Given(S))
    again = similar(Given(S[:, ::-1][::-1]))
    for places in (found.places, again.places):
        assert (places[np.abs(places).argmax(axis=0), [0, 1]] > 0).all()


@pytest.mark.parametrize("n", [1, 2, 3])
def test_tiny_catalogues_have_lists_and_places(n):
    found = similar(Given(np.arange(n * n, dtype=float).reshape(n, n)))
    assert found.leads_to.shape == (n, n - 1)
    assert found.places.shape == (n, 2)
    assert np.isfinite(found.places).all()
    assert neighbour_map(found.leads_to).shape == (n, 2)


def test_item_vectors_read_off_the_answers_are_those_of_the_item_tower(model, data):
    text = model("two_tower_text")
    tower = text.item_tower.embed(text.card.item_tower.content(data.catalogue.items))
    one = csr_array((np.ones(60, np.float32), np.arange(60), np.arange(61)), shape=(60, 60))
    users = text.run(one, outputs=("embedding",))["embedding"]
    reached = np.linalg.svd(users, full_matrices=False)[2]  # the directions that user vectors have
    reached = tower @ reached.T @ reached
    read = item_vectors(text)
    np.testing.assert_allclose(unit(read) @ unit(read).T, unit(reached) @ unit(reached).T, atol=5e-3)


def test_item_vectors_of_a_memory_based_model_give_its_scores(model, data):
    users = data.training_users()
    vectors = item_vectors(model("two_tower_id"), users)
    nobody = csr_array((3, 60), dtype=np.float32)
    answer = model("two_tower_id").run(nobody, users=users[:3], outputs=("embedding", "all_scores"))
    np.testing.assert_allclose(answer["embedding"] @ vectors.T, answer["all_scores"], atol=1e-3)


def test_a_decoder_with_a_hidden_layer_has_no_item_vectors(model):
    with pytest.raises(ModelError, match="no user vectors"):
        item_vectors(model("ease"))
    if model("two_tower_id").card.about.input == "users":
        with pytest.raises(ModelError, match="memory-based"):
            Answers(model("two_tower_id"))


def test_cosines_are_symmetric_and_one_on_the_diagonal():
    vectors = np.random.default_rng(0).standard_normal((20, 4)).astype(np.float32)
    of = Cosines(vectors)
    rows = of.rows(np.arange(20))
    for i in range(20):
        for j in range(20):
            expected = vectors[i] @ vectors[j] / np.linalg.norm(vectors[i]) / np.linalg.norm(vectors[j])
            assert rows[i, j] == pytest.approx(expected, abs=1e-5)
    assert similar(of).asymmetry < 1e-5
    with pytest.raises(ModelError, match="memory-based"):
        of.of_people(csr_array((1, 20), dtype=np.float32))


def test_people_by_vectors_are_cosines_of_their_own(model):
    vectors = item_vectors(model("two_tower_profile"))
    histories = csr_array(([1.0, 1.0, 1.0], [2, 5, 7], [0, 2, 3]), shape=(2, 60), dtype=np.float32)
    people = model("two_tower_profile").run(histories, outputs=("embedding",))["embedding"]
    found = Cosines(vectors, model("two_tower_profile")).of_people(histories)
    np.testing.assert_allclose(found, unit(people) @ unit(vectors).T, atol=1e-5)


def blocks_of(n: int, kinds: int) -> np.ndarray:
    kind = np.random.default_rng(0).permutation(n) % kinds
    return kind, (kind[:, None] == kind).astype(float) + 0.01 * np.random.default_rng(1).random((n, n))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 24])
def test_a_seriation_is_a_permutation(n):
    order = seriation(np.random.default_rng(0).standard_normal((n, n)))
    assert sorted(order.tolist()) == list(range(n))


def test_a_seriation_shows_blocks():
    kind, M = blocks_of(24, 4)
    changes = np.count_nonzero(np.diff(kind[seriation(M)]))
    assert changes == 3  # each kind in one piece
    one_way = np.tril(M, -1)
    assert np.count_nonzero(np.diff(kind[seriation(one_way)])) == 3  # one direction is enough
    np.fill_diagonal(M, 1e6)
    assert np.count_nonzero(np.diff(kind[seriation(M)])) == 3  # the diagonal does not count


def test_a_seriation_puts_a_chain_in_its_order():
    place = np.random.default_rng(2).permutation(12)
    order = place[seriation(-np.abs(place[:, None] - place).astype(float))]
    assert order.tolist() in (list(range(12)), list(range(12))[::-1])


@pytest.mark.parametrize("n", [40, 200])
def test_neighbours_lie_together_on_the_neighbour_map(n):
    kind, M = blocks_of(n, 2)
    np.fill_diagonal(M, 0.0)
    places = neighbour_map(np.argsort(-M, axis=1)[:, :10])
    assert places.shape == (n, 2)
    assert np.abs(places).max() == pytest.approx(1.0)
    assert len(np.unique(places[:, 0])) == n  # ranks: evenly spaced
    side = places[:, 0] > 0  # two pieces, not tied to each other: the first axis parts them
    assert (side == side[0]).tolist() in ((kind == kind[0]).tolist(), (kind != kind[0]).tolist())


def test_the_neighbour_map_is_the_same_every_time_and_knows_items_without_neighbours():
    nearest = np.random.default_rng(0).integers(0, 300, (300, 10))
    nearest[5] = -1
    once = neighbour_map(nearest)
    np.testing.assert_array_equal(once, neighbour_map(nearest))
    assert np.isfinite(once).all()
    assert np.isfinite(neighbour_map(np.full((100, 10), -1))).all()


def test_kept_arrays_are_small(S):
    found = similar(Given(np.tile(S, (10, 10))))
    held = sum(value.nbytes for value in vars(found).values() if isinstance(value, np.ndarray))
    assert isinstance(found, Similar)
    assert held < 370 * (20 * 16 + 24) + 100  # so many bytes per item, not per pair


def test_what_was_read_comes_back_as_it_was_written(S, tmp_path):
    assert read_similar(tmp_path) is None
    found = similar(Given(S), exact=0)
    found.write(tmp_path)
    back = read_similar(tmp_path)
    for field in fields(found):
        mine, theirs = getattr(found, field.name), getattr(back, field.name)
        np.testing.assert_array_equal(mine, theirs)
        assert type(mine) is type(theirs)
    np.testing.assert_array_equal(back.place(S), found.place(S))


@pytest.mark.parametrize(
    ("name", "n_items", "ahead"),
    [
        ("ease", EXACT, False),
        ("ease", EXACT + 1, True),
        ("ease", 20_000, True),
        ("ease", 20_001, False),
        ("popularity", 10_000, False),
        ("two_tower_id", 10_000, False),
        ("variational", 10_000, True),
    ],
)
def test_catalogues_that_make_a_visitor_wait_are_read_when_a_model_is_published(model, name, n_items, ahead):
    assert is_read_ahead(model(name).card.about, n_items) is ahead
