"""The same questions to every model of the zoo, as a page would ask them. A new model is asked without a line here."""

import numpy as np
import onnxruntime
import pytest
from scipy.sparse import csr_array

from tests.world import N_ITEMS
from training.table import MODELS
from zoo.errors import ModelError
from zoo.metrics import EXPOSURES, METRICS
from zoo.parity import FILE, TOLERANCE, check
from zoo.recommend import Taste, recommend, tastes_of, why_not
from zoo.registry import Zoo
from zoo.runtime import Runtime
from zoo.settings import Settings

EVEN = tuple(range(0, 12, 2))  # films of one kind; the odd ones are of the other


@pytest.fixture(scope="module")
def dataset(tiny_zoo):
    return Zoo(tiny_zoo).dataset("tiny")


@pytest.fixture(scope="module")
def runtime():
    return Runtime(Settings(provider="cpu"))


@pytest.fixture(params=MODELS)
def model(request, dataset, runtime):
    return runtime.load(dataset.model(request.param))


@pytest.fixture
def person(model, dataset):
    """What makes a taste one that this model can serve: memory-based models know only people of the data."""
    row = int(np.flatnonzero(np.diff(dataset.train.indptr))[0])
    return {} if model.card.about.serves_new_profiles else {"user_idx": row}


def histories(dataset):
    """Fifty training rows as tastes, an empty one among them."""
    rows = np.flatnonzero(np.diff(dataset.train.indptr))[:49]
    tastes = [
        Taste(t.likes, weights=t.weights, user_idx=int(row))
        for t, row in zip(tastes_of(dataset.train[rows]), rows, strict=True)
    ]
    return [*tastes, Taste(user_idx=int(rows[0]))]


def only(found):
    return found.ranked[0].tolist(), found.scores[0]


def test_a_batch_gives_what_single_calls_give(model, dataset):
    tastes = histories(dataset)
    batch = recommend(model, tastes, k=N_ITEMS)
    for row, taste in enumerate(tastes):
        single = recommend(model, [taste], k=N_ITEMS)
        left = single.ranked[0] >= 0
        scale = max(1e-12, np.abs(single.scores[0][left]).max())
        assert np.abs(batch.scores[row][left] - single.scores[0][left]).max() <= 1e-5 * scale
        differ = np.flatnonzero(batch.ranked[row] != single.ranked[0])
        assert all(np.abs(single.scores[0][d] - batch.scores[row][d]) <= 1e-5 * scale for d in differ)
        assert set(batch.ranked[row]) == set(single.ranked[0])


def test_batches_split_under_a_byte_limit_give_the_same_lists(model, dataset):
    whole = recommend(model, histories(dataset), k=10)
    frugal = Runtime(Settings(provider="cpu", batch_bytes=1))
    split = recommend(frugal.load(dataset.model(model.card.name)), histories(dataset), k=10)
    np.testing.assert_allclose(split.scores, whole.scores, rtol=1e-5, atol=1e-6)


def test_seen_items_never_come_back_unless_asked_for(model, person):
    ranked, _ = only(recommend(model, [Taste(EVEN, **person)], k=N_ITEMS))
    assert not set(ranked) & set(EVEN)
    assert len([item for item in ranked if item >= 0]) == N_ITEMS - len(EVEN)
    ranked, _ = only(recommend(model, [Taste(EVEN, **person)], k=N_ITEMS, hide_seen=False))
    assert sorted(ranked) == list(range(N_ITEMS))


def test_only_candidates_are_recommended(model, person):
    candidates = np.zeros(N_ITEMS, dtype=bool)
    candidates[[1, 2, 30]] = True
    ranked, scores = only(recommend(model, [Taste((2,), **person)], k=5, candidates=candidates))
    assert set(ranked) == {1, 30, -1}
    assert ranked[2:] == [-1, -1, -1]
    assert np.isneginf(scores[2:]).all()


def test_scores_are_finite_for_an_empty_history(model, person):
    ranked, scores = only(recommend(model, [Taste(**person)], k=20))
    assert np.isfinite(scores).all()
    assert len(set(ranked)) == 20


def test_a_list_is_no_longer_than_the_catalogue(model, person):
    ranked, _ = only(recommend(model, [Taste((1,), **person)], k=10 * N_ITEMS))
    assert len(ranked) == N_ITEMS
    assert ranked[-1] == -1


def test_scores_fall_from_rank_to_rank(model, dataset):
    scores = recommend(model, histories(dataset), k=30).scores
    assert (np.diff(scores, axis=1) <= 0).all()


def test_among_equal_scores_the_lower_column_comes_first(dataset, runtime):
    popularity = runtime.load(dataset.model("popularity"))
    answer = popularity.run(csr_array((1, N_ITEMS), dtype=np.float32), k=N_ITEMS)
    ranked, scores = answer["ranked"][0], answer["scores"][0]
    ties = np.flatnonzero(np.diff(scores) == 0)
    assert len(ties) > 5
    assert (ranked[ties] < ranked[ties + 1]).all()


def test_padding_is_ignored(model, dataset):
    with dataset.model(model.card.name) as folder:
        for file in folder.card.graphs.values():
            session = onnxruntime.InferenceSession(folder.path / file, providers=["CPUExecutionProvider"])
            outputs = ["ranked", "scores", "all_scores"]
            plain = session.run(outputs, graph_feeds(model, items=[[4, 6]], weights=[[1, 1]]))
            padded = session.run(outputs, graph_feeds(model, items=[[N_ITEMS, 4, N_ITEMS, 6]], weights=[[0, 1, 7, 1]]))
            np.testing.assert_allclose(padded[2], plain[2], rtol=1e-5, atol=1e-7)
            assert padded[0].tolist() == plain[0].tolist()


def graph_feeds(model, items, weights):
    feeds = {
        "items": np.array(items, dtype=np.int64),
        "candidates": np.ones(N_ITEMS, dtype=bool),
        "exclude_seen": np.array(True),
        "k": np.array(10, dtype=np.int64),
    }
    if model.card.about.serves_new_profiles:
        return feeds | {"weights": np.array(weights, dtype=np.float32)}
    return feeds | {"users": np.array([1], dtype=np.int64)}


def test_a_masked_item_is_kept_out_and_changes_no_score(model, dataset):
    row = int(np.flatnonzero(np.diff(dataset.train.indptr))[0])
    history = csr_array((np.ones(1, np.float32), np.array([4]), np.array([0, 1])), shape=(1, N_ITEMS))
    masked = csr_array((np.ones(1, np.float32), np.array([9]), np.array([0, 1])), shape=(1, N_ITEMS))
    outputs = ("ranked", "all_scores")
    plain = model.run(history, users=np.array([row]), k=N_ITEMS, outputs=outputs)
    without = model.run(history, users=np.array([row]), masked=masked, k=N_ITEMS, outputs=outputs)
    np.testing.assert_allclose(without["all_scores"], plain["all_scores"], rtol=1e-5, atol=1e-7)
    assert 9 in plain["ranked"][0]
    assert 9 not in without["ranked"][0]


def test_a_dislike_lowers_what_is_like_it(model, person):
    likes = (0, 4, 6, 1)  # mostly even ones, so that those stand high before
    before, _ = only(recommend(model, [Taste(likes, **person)], k=N_ITEMS))
    after, _ = only(recommend(model, [Taste(likes, dislikes=(2, 8), **person)], k=N_ITEMS))
    assert not {2, 8} & set(after)
    if model.card.about.dislikes == "exempt":
        assert [item for item in before if item not in (2, 8)][:40] == after[:40]
        return
    shared = set(before) & set(after) - {-1}
    in_both = lambda ranked: [item for item in ranked if item in shared]  # noqa: E731
    mean_place = lambda ranked: np.mean([place for place, i in enumerate(in_both(ranked)) if i % 2 == 0])  # noqa: E731
    assert mean_place(after) > mean_place(before)


def test_a_disliked_item_never_returns_even_when_seen_ones_do(model, person):
    ranked, _ = only(recommend(model, [Taste((0, 2), dislikes=(4,), **person)], k=N_ITEMS, hide_seen=False))
    assert 4 not in ranked
    assert {0, 2} <= set(ranked)


def test_a_taste_without_dislikes_is_the_same_beside_one_with_them(model, person):
    plain = recommend(model, [Taste((0, 2), **person)], k=10)
    mixed = recommend(model, [Taste((1,), dislikes=(3,), **person), Taste((0, 2), **person)], k=10)
    np.testing.assert_allclose(mixed.scores[1], plain.scores[0], rtol=1e-5, atol=1e-7)


def test_an_item_named_twice_counts_once(model, person):
    once, twice = (recommend(model, [Taste(likes, **person)], k=10) for likes in ((2, 6), (2, 6, 2)))
    assert once.scores.tolist() == twice.scores.tolist()


def test_what_it_learned_shows_in_its_lists(model, dataset):
    """People of the data mostly choose one kind; whoever tells people apart recommends more of the same kind."""
    rows = np.flatnonzero(np.diff(dataset.train.indptr))
    tastes = [Taste(t.likes, user_idx=int(row)) for t, row in zip(tastes_of(dataset.train[rows]), rows, strict=True)]
    same_kind = lambda ranked: np.mean([(r % 2 == u % 2).mean() for r, u in zip(ranked, rows, strict=True)])  # noqa: E731
    found = same_kind(recommend(model, tastes, k=5, hide_seen=False).ranked)
    if model.card.about.name == "popularity":  # the same list for everybody: no better than chance
        assert 0.3 < found < 0.7
    else:
        assert found > 0.8


def test_the_graph_still_gives_the_scores_it_was_published_with(model, dataset):
    with dataset.model(model.card.name) as folder:
        parity = check(model, folder.path / FILE)
    assert parity.relative_difference <= TOLERANCE
    assert model.card.parity.relative_difference <= TOLERANCE
    assert model.card.parity.top_20_agreement == 1.0


def test_a_code_has_one_row_per_history_and_its_deviation_is_above_zero(model, dataset):
    rows = np.flatnonzero(np.diff(dataset.train.indptr))[:5]
    codes = tuple(name for name in model.card.outputs if name.startswith("embedding"))
    answer = model.run(dataset.train[rows], users=rows, outputs=codes) if codes else {}
    assert all(len(code) == 5 and np.isfinite(code).all() for code in answer.values())
    assert ("embedding_std" in codes) == (model.card.name == "variational")
    if "embedding_std" in codes:
        assert answer["embedding_std"].shape == answer["embedding"].shape
        assert (answer["embedding_std"] > 0).all()


def test_its_card_is_complete(model, dataset):
    card = model.card
    assert card.dataset_fingerprint == dataset.info.fingerprint
    assert card.n_items == N_ITEMS
    assert card.fit_seconds > 0
    assert card.weight_bytes > 0
    if card.about.serves_new_profiles:
        # nobody chose the cold items of the checkerboard, so nothing cold is held out
        assert card.metrics.keys() == (METRICS | EXPOSURES).keys() - {"cold_item_recall_at_20"}
        assert all(i.low <= i.mean <= i.high and i.n <= len(dataset.test) for i in card.metrics.values())
        shares = [i for name, i in card.metrics.items() if name.partition("_at_")[0] in ("recall", "ndcg", "coverage")]
        assert len(shares) == 7
        assert all(i.low >= 0 and i.high <= 1 and i.n == len(dataset.test) for i in shares)
    else:
        assert card.metrics is None
        assert "memory-based" in card.reason


def test_only_a_memory_based_model_refuses_a_new_profile(model):
    new = Taste((0, 2))
    if model.card.about.serves_new_profiles:
        assert why_not(model.card, new) is None
        assert recommend(model, [new]).ranked.shape == (1, 20)
        return
    assert "memory-based" in why_not(model.card, new)
    with pytest.raises(ModelError, match="memory-based"):
        recommend(model, [new])


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ({"k": 0}, "ask for 1 or more"),
        ({"candidates": np.ones(3, dtype=bool)}, "filter speaks of"),
        ({"outputs": ("embedding_std",)}, "has no output embedding_std"),
    ],
)
def test_a_question_that_does_not_fit_is_refused_in_words(dataset, runtime, question, sentence):
    model = runtime.load(dataset.model("ease"))
    with pytest.raises(ModelError, match=sentence):
        model.run(csr_array((1, N_ITEMS), dtype=np.float32), **question)


def test_a_history_over_another_catalogue_is_refused(model):
    with pytest.raises(ModelError, match=f"knows {N_ITEMS} items"):
        model.run(csr_array((1, N_ITEMS + 1), dtype=np.float32), users=np.array([0]))
    with pytest.raises(ModelError, match="columns 0 to"):
        recommend(model, [Taste((N_ITEMS,), user_idx=0)])


def test_both_graphs_of_an_item_item_model_agree(dataset, runtime):
    ease = runtime.load(dataset.model("ease"))
    X = dataset.train[:64]
    rows, dense = (ease.run(X, outputs=("all_scores",), graph=graph)["all_scores"] for graph in ("rows", "dense"))
    np.testing.assert_allclose(rows, dense, rtol=1e-5, atol=1e-6)
