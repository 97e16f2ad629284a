"""The engine: lists in batches, figures per user, figures over all lists, lists made elsewhere beside them."""

import json
import re
import shutil

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array

from tests.conftest import CHECKOUT, menagerie
from zoo import evaluate as engine
from zoo.dataset import Dataset
from zoo.errors import CardError, DataError
from zoo.evaluate import Evaluation, column_of, evaluate, lists_of, measure, over_all, read_per_user
from zoo.manifest import MANIFEST, publication
from zoo.measuring import measure_all
from zoo.metrics import EXPOSURE_FAMILIES, EXPOSURES, FAMILIES, METRICS, Answers, ItemFacts, accuracy, beyond
from zoo.metrics.exposure import coverage, entropy, gini
from zoo.outside import read_lists
from zoo.runtime import Runtime
from zoo.settings import Settings
from zoo.split import Fold


@pytest.fixture(scope="module")
def dataset(tiny_zoo) -> Dataset:
    return Dataset(tiny_zoo / "tiny")


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    return Runtime(Settings(provider="cpu"))


@pytest.fixture(scope="module")
def ease(dataset, runtime):
    return runtime.load(dataset.model("ease"))


def fold_of(ranked: np.ndarray, n_items: int, held_out: list[set[int]]) -> Fold:
    X = np.zeros((len(ranked), n_items), dtype=np.float32)
    for row, items in enumerate(held_out):
        X[row, list(items)] = 1
    empty = csr_array(X.shape, dtype=np.float32)
    return Fold(np.arange(len(ranked)), empty, csr_array(X), empty)


def test_batches_change_nothing(dataset, ease, monkeypatch):
    whole = evaluate(ease, dataset.test, dataset.item_facts)
    monkeypatch.setattr(engine, "USERS_PER_BATCH", 5)
    monkeypatch.setattr(engine, "USERS_PER_PART", 7)
    parts = evaluate(ease, dataset.test, dataset.item_facts)
    assert whole.per_user.equals(parts.per_user, null_equal=True)
    assert whole.over_all == parts.over_all


def test_the_scores_of_all_users_are_never_asked_for(dataset, ease, monkeypatch):
    asked = []
    run = ease.run
    monkeypatch.setattr(ease, "run", lambda X, **options: asked.append((X.shape[0], options)) or run(X, **options))
    monkeypatch.setattr(engine, "USERS_PER_BATCH", 10)
    ranked = lists_of(ease, dataset.test)
    assert {options["outputs"] for _, options in asked} == {("ranked",)}
    assert max(n for n, _ in asked) == 10
    assert ranked.dtype == np.int32


def test_a_metric_that_is_undefined_for_some_is_nan_there_and_counted(dataset):
    ranked = np.array([[0, 1], [0, 1], [0, 1]])
    items = ItemFacts.of(csr_array(np.ones((4, 2), dtype=np.float32)), pl.Series([["A"], ["B"]]))
    found = measure(ranked, fold_of(ranked, 2, [{0}, set(), {1}]), items)
    assert found.per_user["recall_at_20"].is_nan().to_list() == [False, True, False]
    assert found.figures["recall_at_20"].n == 2
    assert found.figures["diversity_by_genre_at_20"].n == 3
    assert "popularity_lift_at_20" not in found.figures  # nobody has a history: defined for nobody


def test_figures_per_user_take_four_bytes_each(dataset, ease):
    per_user = evaluate(ease, dataset.test, dataset.item_facts).per_user
    assert {per_user.schema[name] for name in METRICS} == {pl.Float32}
    assert engine.USERS_PER_BATCH <= 1024  # their scores over 20,000 items take 80 MB


def test_items_are_counted_by_what_was_learned_from_alone(dataset):
    counts = dataset.item_facts.counts
    assert counts.tolist() == np.diff(dataset.train.tocsc().indptr).tolist()
    held_out = np.bincount(dataset.test.held_out.indices, minlength=len(counts))
    assert held_out.any()


def test_figures_over_all_lists_are_taken_without_each_of_twenty_groups(dataset, ease, monkeypatch):
    asked = []
    real = engine.jackknife_interval
    monkeypatch.setattr(engine, "jackknife_interval", lambda of, groups: asked.append(groups) or real(of, groups))
    ranked = lists_of(ease, dataset.test)
    measure(ranked, dataset.test, dataset.item_facts)
    assert {len(groups) for groups in asked} == {20}
    assert {int(groups.sum()) for groups in asked} == {int((ranked[:, :20] >= 0).sum())}


def test_three_users_get_intervals_that_say_how_little_that_is(dataset, ease):
    few = evaluate(ease, dataset.test.part(slice(0, 3)), dataset.item_facts)
    values = few.per_user["ndcg_at_100"].to_numpy()
    interval = few.figures["ndcg_at_100"]
    assert (interval.low, interval.high) == pytest.approx((values.min(), values.max()))
    assert few.over_all["coverage_at_20"].n == 3


def test_nobody_to_test_gives_no_figures(dataset, ease):
    assert evaluate(ease, dataset.test.part(slice(0, 0)), dataset.item_facts).figures == {}


def test_coverage_counts_the_catalogue_and_its_interval_stays_within_it(dataset, runtime):
    popularity = runtime.load(dataset.model("popularity"))
    found = evaluate(popularity, dataset.test, dataset.item_facts).over_all
    assert found.keys() == EXPOSURES.keys()
    ranked = lists_of(popularity, dataset.test)[:, :20]
    assert found["coverage_at_20"].mean == len(np.unique(ranked)) / dataset.info.n_items
    assert all(0 <= i.low <= i.mean <= i.high for i in found.values())


def lists(dataset: Dataset, ranked: np.ndarray, rows: list[int]) -> pl.DataFrame:
    """Lists as somebody else would write them: outside ids, and ranks from 1."""
    users, items = dataset.users["user_id"], dataset.catalogue.items["item_id"]
    table = [
        {"user_id": users[int(dataset.test.user_idx[row])], "item_id": items[int(item)], "rank": rank}
        for row in rows
        for rank, item in enumerate(ranked[row], 1)
        if item >= 0
    ]
    return pl.DataFrame(table)


def csv(table: pl.DataFrame) -> bytes:
    return table.write_csv().encode()


def test_lists_made_elsewhere_are_measured_as_the_model_that_made_them(dataset, ease):
    ranked = lists_of(ease, dataset.test)
    table = lists(dataset, ranked, list(range(len(dataset.test)))).sample(fraction=1, shuffle=True, seed=1)
    found = read_lists(csv(table), dataset)
    assert found.notes == []
    assert np.array_equal(found.ranked, ranked)
    by_score = table.with_columns(score=-pl.col("rank") / 7).drop("rank")
    assert np.array_equal(read_lists(csv(by_score), dataset).ranked, ranked)


def test_without_rank_and_score_the_rows_are_in_order_and_that_is_told(dataset, ease):
    ranked = lists_of(ease, dataset.test)
    found = read_lists(csv(lists(dataset, ranked, [0, 4]).drop("rank")), dataset)
    assert np.array_equal(found.ranked, ranked[[0, 4]])
    assert found.rows.tolist() == [0, 4]
    assert "the order of the rows" in found.notes[0]
    assert f"{len(dataset.test) - 2} of {len(dataset.test)} test users have no list" in found.notes[1]


def test_what_is_odd_in_lists_keeps_its_place_and_is_counted(dataset, ease):
    ranked = lists_of(ease, dataset.test)
    known = int(dataset.test.fold_in[[0]].indices[0])
    ranked[0, :3] = [known, ranked[0, 1], ranked[0, 1]]
    table = lists(dataset, ranked[:, :3], [0])
    strange = pl.DataFrame({"user_id": [table["user_id"][0], 999_999], "item_id": [-5, 1], "rank": [4, 1]})
    table = pl.concat([table, strange.cast(table.schema)])
    found = read_lists(csv(table), dataset)
    assert found.ranked[0, :4].tolist() == [known, ranked[0, 1], -1, -1]  # the repeated one is gone, the unknown a miss
    text = " ".join(found.notes)
    assert "1 person is no test user here" in text
    assert "1 row repeats an item" in text
    assert "1 place holds an item that the catalogue does not have" in text
    assert "1 place holds what the person already has" in text


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"user,item,rank\nnobody,1,1\n", "has no list for any of the"),
        (b"user,rank\n1,1\n", "no column for the item"),
        (b"user,item,rank\n1,1,first\n", "has 'first' as its rank"),
        (b"user,item,rank\n1,1,-2\n", "row 1 has -2 as its rank. Ranks are whole numbers"),
        (b"user,item,rank\n1,1,1\n1,2,1.5\n", "row 2 has 1.5 as its rank"),
        (b"user,item,score\n1,1,nan\n", "as its score"),
        (b"", "is empty"),
    ],
)
def test_lists_that_cannot_be_used_are_refused_with_a_sentence(dataset, content, sentence):
    with pytest.raises(DataError, match=sentence):
        read_lists(content, dataset, "theirs.csv")


def test_a_model_of_another_split_is_refused_on_one_table(tiny_zoo, tmp_path, runtime):
    both = tmp_path / "tiny"
    shutil.copytree(tiny_zoo / "tiny", both)
    shutil.rmtree(both / "popularity")
    shutil.copytree(tiny_zoo / "tiny-last" / "popularity", both / "popularity")
    measured = measure_all(Dataset(both), runtime)
    assert "under the split leave-last-out, and this data set is split strong:98765" in measured.reasons["popularity"]
    assert "ease" in measured.models
    with pytest.raises(CardError, match="do not belong on one table"):
        measure_all(Dataset(both), runtime, ["popularity"])


def test_lists_may_not_take_the_name_of_a_model(dataset, runtime, tmp_path):
    with pytest.raises(DataError, match="There is a model ease already"):
        measure_all(dataset, runtime, [], {"ease": tmp_path / "lists.csv"})


@pytest.fixture
def incumbent(dataset, runtime, tmp_path):
    """The popular list for all test users but four."""
    ranked = lists_of(runtime.load(dataset.model("popularity")), dataset.test)
    path = tmp_path / "today.parquet"
    lists(dataset, ranked, list(range(4, len(dataset.test)))).write_parquet(path)
    return path


def test_lists_of_fewer_people_are_compared_on_these_people_alone(dataset, runtime, incumbent):
    measured = measure_all(dataset, runtime, ["ease", "popularity"], {"today": incumbent})
    pairs = {(one.a, one.b): one for one in measured.compared("recall_at_20")}
    assert pairs["ease", "popularity"].n == len(dataset.test)
    assert pairs["ease", "today"].n == len(dataset.test) - 4
    assert pairs["popularity", "today"].difference == 0
    assert not pairs["popularity", "today"].distinguishable


def test_compare_and_evaluate_tell_the_same_difference(tiny_zoo, incumbent):
    common = ("--zoo", str(tiny_zoo), "--dataset", "tiny", "--lists", f"today={incumbent}", "--json")
    table = json.loads(menagerie("evaluate", *common, "--compare", "ndcg_at_100").stdout)
    assert table["users"] == {"test": 24}
    assert table["external"]["today"]["ndcg_at_100"]["n"] == 20
    assert any("do not compare" in note for note in table["notes"]["today"])
    verdict = json.loads(menagerie("compare", "ease", "today", *common, "--metric", "ndcg_at_100").stdout)
    (same,) = (one for one in table["comparisons"]["ndcg_at_100"] if (one["a"], one["b"]) == ("ease", "today"))
    assert same["n"] == 20
    assert len(same["segments"]) == len(verdict["segments"]) > 0
    pairs = [(same, verdict["comparison"]), *zip(same["segments"], verdict["segments"], strict=True)]
    for one, other in pairs:
        for figure in ("difference", "low", "high", "p", "p_holm", "n", "detectable", "distinguishable"):
            assert one[figure] == pytest.approx(other[figure]), figure
    assert verdict["comparison"]["p_holm"] > verdict["comparison"]["p"]  # asked among all of the zoo, as in the table
    assert "this trained model and these lists" in verdict["verdict"]


def test_figures_of_validation_users_are_asked_for_by_name(tiny_zoo, incumbent):
    common = ("--zoo", str(tiny_zoo), "--dataset", "tiny", "--on", "validation")
    table = json.loads(menagerie("evaluate", *common, "--json", "--compare").stdout)
    users = len(Dataset(tiny_zoo / "tiny").validation)
    assert table["users"] == {"validation": users}
    assert table["models"]["ease"]["recall_at_20"]["n"] <= users
    assert table["models"]["ease"] != json.loads(menagerie("evaluate", *common[:4], "--json").stdout)["models"]["ease"]
    assert table["references"] == {}
    assert "--lists" in menagerie("evaluate", *common, "--lists", str(incumbent), status=1).stderr
    assert "--save" in menagerie("evaluate", *common, "--save", status=1).stderr


def test_figures_measured_now_can_be_saved_with_models_that_were_measured_before(tiny_zoo, tmp_path):
    zoo = tmp_path / "zoo"
    shutil.copytree(tiny_zoo, zoo)
    dataset = Dataset(zoo / "tiny")
    with dataset.model("ease") as folder, publication(dataset.path / "ease") as staging:  # as an older version left it
        for path in folder.path.iterdir():
            if path.name != MANIFEST:
                shutil.copy2(path, staging)
        few = read_per_user(folder.path).select("user_idx", "n_fold_in", "n_held_out", "ndcg_at_100")
        few.write_parquet(staging / "per_user.parquet")
        metrics = {"ndcg_at_100": folder.card.metrics["ndcg_at_100"]}
        folder.card.model_copy(update={"metrics": metrics}).save(staging / "card.json")
    assert dataset.model("ease").card.metrics.keys() == {"ndcg_at_100"}
    menagerie("evaluate", "--zoo", str(zoo), "--dataset", "tiny", "--save", "--compare")
    with dataset.model("ease") as again, Dataset(tiny_zoo / "tiny").model("ease") as before:
        assert again.card == before.card
        assert read_per_user(again.path).equals(read_per_user(before.path), null_equal=True)
    menagerie("verify", str(zoo))


def test_of_a_metric_where_less_is_better_the_lower_one_is_named_first(tiny_zoo):
    common = ("--zoo", str(tiny_zoo), "--dataset", "tiny", "--metric", "genre_miscalibration_at_20", "--json")
    answer = json.loads(menagerie("compare", "popularity", "ease", *common).stdout)
    assert METRICS["genre_miscalibration_at_20"].better == "lower"
    assert answer["comparison"]["difference"] > 0  # popularity is further from the genres of the history
    assert answer["verdict"].startswith("EASE has a lower genre miscalibration at 20 than ")


def test_compare_refuses_what_has_no_verdict(tiny_zoo):
    common = ("--zoo", str(tiny_zoo), "--dataset", "tiny")
    for arguments, sentence in (
        (("ease", "ease"), "name two to compare"),
        (("ease", "nobody"), "has no model 'nobody'"),
        (("ease", "two_tower_id"), "memory-based"),
        (("ease", "popularity", "--metric", "popularity_at_20"), "neither better nor worse"),
    ):
        done = menagerie("compare", *arguments, *common, status=1)
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr


def test_the_page_of_definitions_has_every_metric_as_the_code_defines_it():
    page = (CHECKOUT / "docs" / "measuring.md").read_text()
    for name, metric in (METRICS | EXPOSURES).items():
        assert f"| `{name}` | {metric.title} | {metric.definition} |" in page


def test_every_metric_has_a_title_and_a_definition_of_its_own():
    every = [*METRICS.values(), *EXPOSURES.values()]
    assert len({one.title for one in every}) == len({one.definition for one in every}) == len(every)
    assert all(one.definition.endswith(".") for one in every)
    assert isinstance(Evaluation(pl.DataFrame({"user_idx": []}), {}).figures, dict)


def test_what_is_masked_is_in_no_list(tiny_zoo, runtime):
    data = Dataset(tiny_zoo / "tiny-last")
    ranked = lists_of(runtime.load(data.model("popularity")), data.test)
    hidden = data.test.fold_in + data.test.masked
    assert data.test.masked.nnz == len(data.test)
    assert not any(set(ranked[row]) & set(hidden[[row]].indices) for row in range(len(ranked)))


def test_users_whom_training_knew_are_asked_by_their_own_number(tiny_zoo, runtime):
    data = Dataset(tiny_zoo / "tiny-last")
    two_tower = runtime.load(data.model("two_tower_id"))
    assert np.array_equal(lists_of(two_tower, data.test.part(slice(50, 60))), lists_of(two_tower, data.test)[50:60])


def test_every_user_is_ranked_by_their_own_history(dataset, ease):
    whole = lists_of(ease, dataset.test)
    for row in (0, 7, len(whole) - 1):
        assert np.array_equal(whole[row], ease.run(dataset.test.fold_in[[row]], k=100)["ranked"][0, : whole.shape[1]])


def test_what_was_shown_and_what_was_held_out_is_counted_of_each_user(dataset, ease):
    found = evaluate(ease, dataset.test, dataset.item_facts).per_user
    assert found["n_fold_in"].to_list() == np.diff(dataset.test.fold_in.indptr).tolist()
    assert found["n_held_out"].to_list() == np.diff(dataset.test.held_out.indptr).tolist()
    assert found["user_idx"].to_list() == dataset.test.user_idx.tolist()
    assert found["n_fold_in"].to_list() != found["n_held_out"].to_list()


def test_figures_over_all_lists_count_their_users_and_reach_no_further_than_they_can():
    ranked = np.repeat([[0, 1, -1, -1], [2, 3, -1, -1]], 12, axis=0)
    items = ItemFacts.of(csr_array(np.ones((4, 4), dtype=np.float32)), pl.Series([["A"]] * 4))
    found = measure(ranked, fold_of(ranked, 4, [{0}] * 24), items).over_all
    assert {interval.n for interval in found.values()} == {24}  # users, and not the groups they are dealt into
    few = measure(ranked[[0, 1, -1]], fold_of(ranked[:3], 4, [{0}] * 3), items).over_all  # unbounded: -0.43 to 2.43
    assert (few["coverage_at_20"].low, few["coverage_at_20"].high) == (0.0, 1.0)


@pytest.fixture(scope="module")
def answers() -> Answers:
    """Lists of 100 of 150 items; what was shown, held out and masked differs, and some items are cold."""
    rng = np.random.default_rng(3)
    drawn, many = rng.random((40, 150)), rng.choice([0.03, 0.2, 0.5], (40, 1))  # for some more is held out than k
    parts = drawn < many, (drawn > 0.6) & (drawn < 0.8), drawn > 0.8
    held_out, shown, masked = (csr_array(part.astype(np.float32)) for part in parts)
    train = (rng.random((60, 150)) < np.linspace(0.6, 0.0, 150)).astype(np.float32)
    genres = pl.Series([list(rng.choice(["A", "B", "C"], rng.integers(1, 3), replace=False)) for _ in range(150)])
    ranked = np.stack([rng.permutation(150)[:100] for _ in range(40)])
    return Answers(ranked, Fold(np.arange(40), shown, held_out, masked), ItemFacts.of(csr_array(train), genres))


def by_its_name(name: str, a: Answers) -> np.ndarray:
    """recall_at_20_capped is recall_at_k_capped at k = 20."""
    what, k, capped = re.fullmatch(r"(\w+?)_at_(\d+)(_capped)?", name).groups()
    history = {"popularity_lift": (a.fold.fold_in,), "genre_miscalibration": (a.fold.fold_in,)}
    if what in ("cold_item_recall", "tail_item_recall"):
        among = a.items.counts == 0 if what.startswith("cold") else a.items.tail
        return accuracy.recall_among_at_k(a.ranked, a.fold.held_out, among, int(k))
    if what == "serendipity":
        return beyond.serendipity_at_k(a.ranked, a.fold.held_out, a.fold.fold_in + a.fold.masked, a.items, int(k))
    if of := getattr(beyond, f"{what}_at_k", None):
        return of(a.ranked, *history.get(what, ()), a.items, int(k))
    return getattr(accuracy, f"{what}_at_k{capped or ''}")(a.ranked, a.fold.held_out, int(k))


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_what_its_name_says(name, answers):
    found = METRICS[name](answers)
    assert np.nanstd(found) > 0  # so that the wrong one would be another one
    np.testing.assert_array_equal(found, by_its_name(name, answers))


def test_a_figure_over_all_lists_is_what_its_name_says():
    shown = np.array([5, 1, 0, 2])
    named = {"coverage_at_20": coverage, "exposure_gini_at_20": gini, "exposure_entropy_at_20": entropy}
    assert {name: figure.of(shown) for name, figure in EXPOSURES.items()} == {n: of(shown) for n, of in named.items()}


def of_first_user(dataset: Dataset, items: list[int], **columns: list) -> bytes:
    """A list of the first test user as CSV; items by column, -1 for one that the catalogue does not have."""
    user, ids = dataset.users["user_id"][int(dataset.test.user_idx[0])], dataset.catalogue.items["item_id"]
    return csv(
        pl.DataFrame({"user": [user] * len(items), "item": [ids[i] if i >= 0 else -5 for i in items], **columns})
    )


@pytest.mark.parametrize(
    ("items", "columns", "ranked"),
    [
        ([4, -1, 7], {"rank": [1, 2, 3]}, [4, -1, 7]),  # an unknown one keeps its place before the others
        ([4, 7, 4, 9], {"rank": [1, 2, 3, 4]}, [4, 7, -1, 9]),  # named twice: where it stands first; the rank is empty
        ([4, 7, 4, 9], {"score": [4, 3, 2, 1]}, [4, 7, 9, -1]),  # by score those below move up
        ([9, 4, 7], {"rank": [1, 1, 1]}, [9, 4, 7]),  # the same rank: the order of the rows
        ([9, 4, 7], {"score": [0.5, 0.5, 0.9]}, [7, 9, 4]),
        ([9, 4, 7], {"rank": [2, 1, 3], "score": [0.1, 0.2, 0.9]}, [4, 9, 7]),  # the rank decides where both are there
    ],
)
def test_an_item_stands_where_the_file_puts_it(dataset, items, columns, ranked):
    assert read_lists(of_first_user(dataset, items, **columns), dataset).ranked[0, : len(ranked)].tolist() == ranked


def test_strangers_are_counted_by_person_and_nameless_rows_are_told(dataset):
    text = of_first_user(dataset, [4, 7], rank=[1, 2]).decode() + "999999,1,1\n999999,1,2\n,1,3\n"
    notes = " ".join(read_lists(text.encode(), dataset).notes)
    assert "1 person is no test user here" in notes
    assert "1 row names no user or no item" in notes


def test_an_infinite_score_is_no_number(dataset):
    with pytest.raises(DataError, match="as its score"):
        read_lists(of_first_user(dataset, [4, 7], score=["inf", "1"]), dataset)


def test_what_is_masked_is_known_and_looked_up_for_the_right_person(tiny_zoo):
    data = Dataset(tiny_zoo / "tiny-last")
    masked = data.test.masked.indices  # one of each
    mine = {*data.test.fold_in[[0]].indices, masked[0]}
    row = next(row for row in range(1, len(masked)) if masked[row] not in mine)
    user, item = data.users["user_id"][int(data.test.user_idx[row])], data.catalogue.items["item_id"][int(masked[row])]
    notes = read_lists(f"user,item,rank\n{user},{item},1\n".encode(), data).notes
    assert any("1 place holds what the person already has" in note for note in notes)


def test_ranks_are_places_gaps_and_ties_are_told(dataset):
    found = read_lists(of_first_user(dataset, [5, 6, 7, 8], rank=[2, 4, 4, 5]), dataset)
    assert found.ranked[0, :7].tolist() == [-1, 5, -1, 6, 7, 8, -1]
    text = " ".join(found.notes)
    assert "2 places are empty within the lists, no row has that rank: a miss." in text
    assert "1 row has the rank of another row of the same list" in text


def test_somebody_whose_list_begins_behind_the_last_place_has_found_nothing(dataset):
    found = read_lists(of_first_user(dataset, [5, 6], rank=[101, 102]), dataset)
    assert found.rows.tolist() == [0]
    assert (found.ranked == -1).all()


def test_ranks_from_0_are_taken_as_such_and_a_score_beside_them_is_left_alone(dataset):
    found = read_lists(of_first_user(dataset, [5, 6, 7], rank=[0, 1, 2], score=[1, 2, 3]), dataset)
    assert found.ranked[0, :4].tolist() == [5, 6, 7, -1]
    text = " ".join(found.notes)
    assert "ranks begin at 0" in text
    assert "the rank counts" in text
    assert "empty within" not in text


def test_of_a_longer_list_the_first_hundred_places_count(dataset, monkeypatch):
    monkeypatch.setattr("zoo.outside.LONGEST_LIST", 5)
    found = read_lists(of_first_user(dataset, list(range(7)), rank=list(range(1, 8))), dataset)
    assert found.ranked[0].tolist() == [0, 1, 2, 3, 4]


def test_a_model_that_was_asked_for_by_name_and_cannot_be_measured_is_an_error(dataset, runtime):
    with pytest.raises(CardError, match="memory-based"):
        measure_all(dataset, runtime, ["two_tower_id"])


def test_all_comparisons_of_a_table_are_one_family(dataset, runtime, incumbent):
    measured = measure_all(dataset, runtime, ["ease", "popularity", "pure_svd"], {"today": incumbent})
    found = measured.compared("ndcg_at_100")
    order = sorted(found, key=lambda one: one.p)
    assert len(found) == 6
    assert order[0].p_holm == pytest.approx(min(1.0, 6 * order[0].p))  # Holm: the smallest p times how many there are


@pytest.mark.parametrize("family", [*FAMILIES.values(), *EXPOSURE_FAMILIES.values()], ids=lambda family: family.name)
def test_a_family_tells_its_k_in_every_text_and_nothing_is_left_open(family):
    for k in (5, 100):
        metric = family.at(k)
        assert metric.name == family.name.format(k=k)
        assert str(k) in metric.name
        assert "{" not in metric.name + metric.title + metric.definition
    assert family.at().name == family.at(family.usual).name
    assert family.at().name in METRICS | EXPOSURES


def test_a_metric_at_another_k_is_measured_at_that_k():
    fold = Fold(np.arange(1), csr_array((1, 9)), csr_array(np.eye(1, 9, 6)), csr_array((1, 9)))
    facts = ItemFacts(csr_array(np.ones((1, 9))), csr_array((9, 0)))
    ranked = np.array([[0, 1, 2, 3, 4, 5, 6, 7, 8]])
    found = {k: float(column_of(FAMILIES["recall_at_{k}"].at(k), ranked, fold, facts)[0]) for k in (5, 6, 7, 50)}
    assert found == {5: 0.0, 6: 0.0, 7: 1.0, 50: 1.0}
    coverage = over_all(ranked, 9, [EXPOSURE_FAMILIES["coverage_at_{k}"].at(k) for k in (3, 50)])
    assert {name: of.mean for name, of in coverage.items()} == {"coverage_at_3": 3 / 9, "coverage_at_50": 1.0}
