"""Lists for everybody in a file: those of `recommend`, whatever its order and size, and however a run was stopped."""

import gzip
import io
import json
import re
import signal
import subprocess
import sys
import zipfile

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

from tests.conftest import CHECKOUT, menagerie
from zoo.batch import run as batch_run
from zoo.batch import source as batch_source
from zoo.batch.progress import Progress
from zoo.batch.run import _histories, recommend_for_all
from zoo.batch.source import open_source
from zoo.cli import main
from zoo.columns import Mapping
from zoo.dataset import Dataset
from zoo.errors import DataError, ModelError, ZooError
from zoo.history import read_histories
from zoo.interactions import Rules, read_interactions
from zoo.recommend import recommend_table, tastes_of
from zoo.runtime import Runtime
from zoo.settings import Settings

IDS = [100 + 3 * item for item in range(60)]
N_USERS = 90


@pytest.fixture(scope="module")
def dataset(tiny_zoo):
    return Dataset(tiny_zoo / "tiny")


@pytest.fixture(scope="module")
def models(dataset):
    runtime = Runtime(Settings(provider="cpu", threads=1))
    return {name: runtime.load(dataset.model(name)) for name in ("ease", "variational", "popularity", "two_tower_id")}


@pytest.fixture
def rows():
    """user, item: 90 users of 1 to 15 rows in no order, some twice, some of items that nobody knows."""
    rng = np.random.default_rng(4)
    users = np.repeat(np.arange(N_USERS), rng.integers(1, 16, N_USERS))
    items = rng.choice([*IDS, 7, 8, 9], len(users))
    order = rng.permutation(len(users))
    return pl.DataFrame({"user": 1000 - users, "item": items})[order]


def written(frame, folder, name="rows.parquet"):
    path = folder / name
    if name.endswith(".parquet"):
        frame.write_parquet(path)
    else:
        (frame.write_csv if name.endswith(".csv") else frame.write_ndjson)(path)
    return path


def run(path, model, dataset, rows_per_chunk=100, **options):
    """The table, and what was said."""
    said = []
    out = path.parent / "out.parquet"
    report = recommend_for_all(path, out, model, dataset, say=said.append, rows_per_chunk=rows_per_chunk, **options)
    assert not (path.parent / "out.parquet.parts").exists()
    return pl.read_parquet(out), "\n".join(said), report


def expected(path, model, dataset, **options):
    """The same by the command that holds everything at once."""
    histories = read_histories(path, path.name, dataset.catalogue, **options)
    tastes = tastes_of(histories.X, histories.dislikes, histories.seen)
    return recommend_table(model, dataset.catalogue, histories.user_ids, tastes).drop("title")


def assert_same(table, other):
    assert table.drop("score").equals(other.drop("score"))
    assert table.schema == other.schema
    np.testing.assert_allclose(table["score"], other["score"], rtol=1e-4, atol=1e-6)


class Counted:
    """A model that counts what it is asked, and stops everything when it is asked once too often."""

    def __init__(self, model, stop_at=None):
        self._model, self.asked, self._stop_at = model, 0, stop_at

    def __getattr__(self, name):
        return getattr(self._model, name)

    def run(self, *args, **options):
        self.asked += 1
        if self.asked == self._stop_at:
            raise KeyboardInterrupt
        return self._model.run(*args, **options)


@pytest.mark.parametrize("name", ["ease", "variational", "popularity"])
@pytest.mark.parametrize("kind", ["rows.parquet", "rows.csv"])
def test_every_user_gets_what_recommend_gives(rows, tmp_path, dataset, models, name, kind):
    path = written(rows, tmp_path, kind)
    table, _, _ = run(path, models[name], dataset)
    assert table["user"].n_unique() == N_USERS
    assert_same(table, expected(path, models[name], dataset))


def test_the_order_of_the_rows_changes_nothing(rows, tmp_path, dataset, models):
    tables = [
        run(written(order, tmp_path), models["ease"], dataset)[0]
        for order in (rows, rows.sort("user"), rows.sort("user", descending=True), rows.sort("item"))
    ]
    for table in tables[1:]:
        assert_same(table, tables[0])
    assert tables[0]["user"].is_sorted()


@pytest.mark.parametrize("rows_per_chunk", [1, 37, 10**6])
def test_the_size_of_a_chunk_changes_nothing(rows, tmp_path, dataset, models, rows_per_chunk):
    path = written(rows, tmp_path)
    assert_same(run(path, models["ease"], dataset, rows_per_chunk)[0], expected(path, models["ease"], dataset))


def test_the_size_of_a_block_changes_nothing_and_no_block_is_larger(rows, tmp_path, dataset, models, monkeypatch):
    path = written(rows, tmp_path, "rows.csv")
    whole = run(path, models["ease"], dataset)
    monkeypatch.setattr(batch_source, "ROWS_AT_ONCE", 10)
    heights = [block.height for block in open_source(path, Mapping(), tmp_path).blocks()]
    assert sum(heights) == rows.height
    assert max(heights) <= 10
    blocks = run(path, models["ease"], dataset)
    assert_same(blocks[0], whole[0])
    assert blocks[2] == whole[2]


def test_a_sample_that_is_thinned_out_still_cuts_into_even_chunks(rows, tmp_path, dataset, monkeypatch):
    from zoo.batch import survey

    monkeypatch.setattr(survey, "SAMPLE", 64)
    monkeypatch.setattr(batch_source, "ROWS_AT_ONCE", 33)
    monkeypatch.setattr(survey, "MANY_THINGS", 20)
    many = pl.concat([rows.with_columns(pl.col("user") + 1000 * turn) for turn in range(10)]).sort("user")
    source = open_source(written(many, tmp_path), Mapping(), tmp_path)
    seen = survey.survey(source, dataset.catalogue, None, 1000, Progress("Reading"))
    assert seen.rows == many.height
    assert seen.things["rows"].sum() == many.height
    assert seen.things.height == many["item"].n_unique()
    heights = seen.limits.search_sorted(many["user"], side="right").value_counts()["count"]
    assert len(heights) == seen.n_chunks == -(-many.height // 1000)
    assert heights.max() < 1.3 * heights.min()


def test_lists_are_written_in_groups_that_do_not_grow(rows, tmp_path, dataset, models, monkeypatch):
    path = written(rows, tmp_path)
    whole = run(path, models["ease"], dataset, rows_per_chunk=10**6)[0]
    monkeypatch.setattr(batch_run, "PEOPLE_AT_ONCE", 7)
    monkeypatch.setattr(batch_run, "ROWS_PER_GROUP", 250)
    counted = Counted(models["ease"])
    assert_same(run(path, counted, dataset, rows_per_chunk=10**6)[0], whole)
    assert counted.asked == -(-N_USERS // 7)
    with pq.ParquetFile(tmp_path / "out.parquet") as file:
        groups = [file.metadata.row_group(place).num_rows for place in range(file.num_row_groups)]
    assert max(groups) <= 250 + 7 * 20
    assert min(groups[:-1]) >= 250
    monkeypatch.setattr(batch_run, "PLACES_AT_ONCE", 3 * 20)
    shorter = Counted(models["ease"])
    assert_same(run(path, shorter, dataset, rows_per_chunk=10**6)[0], whole)
    assert shorter.asked == N_USERS // 3  # so many lists of 20 at once


@pytest.mark.parametrize(
    "ids",
    [
        pl.Series([30, 4, 1000, -2], dtype=pl.Int64),
        pl.Series([30, 4, 200, 2], dtype=pl.UInt8),
        pl.Series([3.0, 4.0, 2.0**40, 7.0]),
        pl.Series([3.5, 4.0, 1e300, 7.0]),
        pl.Series(["zoé", "adam", "12", "a,b"]),
        pl.Series(["30", " 4 ", "1000.0", "2"]),
        pl.Series(["007", "7", "70", "8"]),
        pl.Series([2**64 - 1, 5, 6, 7], dtype=pl.UInt64),
        pl.Series(["x", "y", "z", "w"], dtype=pl.Categorical),
        pl.Series(["2020-01-02", "2020-01-01", "1999-12-31", "2001-05-06"]).str.to_date(),
    ],
    ids=lambda ids: f"{ids.dtype}-{ids[0]}",
)
def test_ids_of_any_type_are_those_of_recommend(ids, tmp_path, dataset, models):
    rows = pl.DataFrame({"user": ids.gather([0, 1, 2, 3, 0, 2, 1]), "item": [100, 103, 106, 109, 112, 115, 118]})
    path = written(rows, tmp_path)
    table, _, _ = run(path, models["ease"], dataset, rows_per_chunk=2)
    assert_same(table, expected(path, models["ease"], dataset))
    assert table["user"].n_unique() == 4


@pytest.mark.parametrize("users", [["ann", "12", "3", "4", "5"], ["12", "3", "4", "5", "ann"]])
def test_an_id_that_is_no_integer_makes_all_of_them_text_wherever_it_stands(
    tmp_path, dataset, models, monkeypatch, users
):
    monkeypatch.setattr(batch_source, "ROWS_AT_ONCE", 2)
    rows = pl.DataFrame({"user": users, "item": ["100", "103", "106", "109", "112"]})
    table, _, _ = run(written(rows, tmp_path, "rows.csv"), models["ease"], dataset, rows_per_chunk=2)
    assert table["user"].unique(maintain_order=True).to_list() == ["12", "3", "4", "5", "ann"]


def test_items_may_be_given_by_title(tmp_path, dataset, models):
    rows = pl.DataFrame(
        {"user": [2, 1, 2, 3], "title": ["The Amber Harbour", "the crooked harbour", "Café Zürich", "No Such Film"],
         "year": [1950, 1952, None, 2001]}
    )  # fmt: skip
    path = written(rows, tmp_path)
    table, said, report = run(path, models["ease"], dataset)
    assert_same(table, expected(path, models["ease"], dataset))
    assert report.rows_kept == 3
    assert "row 4: user 3, item No Such Film" in said


@pytest.mark.parametrize("name", ["item", "history"])
def test_a_list_of_items_per_user_reads_as_rows(rows, tmp_path, dataset, models, name):
    lists = rows.group_by("user").agg("item").rename({"item": name})
    table, _, report = run(written(lists, tmp_path, "lists.parquet"), models["ease"], dataset)
    assert_same(table, expected(written(rows, tmp_path), models["ease"], dataset))
    assert report.rows_read == rows.height


def test_ratings_may_be_lists_too_and_an_empty_list_is_a_user_of_whom_nothing_is_known(tmp_path, dataset, models):
    lists = pl.DataFrame({"user": [1, 2, 3], "items": [[100, 103], [], None], "rating": [[5.0, 1.0], [], None]})
    table, said, report = run(written(lists, tmp_path), models["ease"], dataset)
    rows = pl.DataFrame({"user": [1, 1, 2, 3], "item": [100, 103, None, None], "rating": [5.0, 1.0, None, None]})
    (tmp_path / "other").mkdir()
    same = expected(written(rows, tmp_path / "other"), models["ease"], dataset, threshold=3.5)
    assert_same(table, same)
    assert "Of 2 of 3 people nothing is known here" in said
    assert report.dropped == {"without an item": 2, "below the threshold": 1}


def test_users_of_unknown_items_get_what_the_model_gives_anybody_and_are_counted(tmp_path, dataset, models):
    rows = pl.DataFrame({"user": [1, 2, 2, 3], "item": [100, 7, 8, 9]})
    table, said, report = run(written(rows, tmp_path), models["variational"], dataset)
    nobody = recommend_table(models["variational"], dataset.catalogue, [None], tastes_of(_empty(60)))
    for user in (2, 3):
        assert table.filter(pl.col("user") == user)["item_id"].to_list() == nobody["item_id"].to_list()
    assert "Of 2 of 3 people nothing is known here" in said
    assert report.dropped == {"of items that are unknown here": 3}
    assert report.examples["of items that are unknown here"][0] == "row 2: user 2, item 7"


def _empty(n_items):
    from scipy.sparse import csr_array

    return csr_array((1, n_items), dtype=np.float32)


def test_rows_that_cannot_be_read_are_reported_as_when_a_zoo_is_trained(tmp_path, dataset, models):
    text = "user,item,rating\n1,100,5\n,103,5\n1,,4\n2,106,many\n2,109,5\n2,109,4\n2,112,2.9\n1,103,3\n"
    path = tmp_path / "rows.csv"
    path.write_text(text)
    _, said, report = run(path, models["ease"], dataset, like_from=3)
    trained = read_interactions(path, rules=Rules(threshold=3)).report
    assert report.sentence() == trained.sentence() == (
        "8 rows read, 3 kept; 1 without a user, 1 without an item, 1 whose rating is not a number, "
        "1 below the threshold, 1 repeated."
    )  # fmt: skip
    assert report.rows_read == report.rows_kept + sum(report.dropped.values())
    for reason in ("without a user", "without an item", "whose rating is not a number"):
        assert report.examples[reason] == trained.examples[reason]
        assert report.examples[reason][0] in said


def test_examples_count_rows_over_all_blocks(tmp_path, dataset, models, monkeypatch):
    monkeypatch.setattr(batch_source, "ROWS_AT_ONCE", 2)
    rows = pl.DataFrame({"user": [1, 1, 2, 2, 3, 3, 4], "item": [100, 103, 100, 7, 100, 103, 8]})
    _, _, report = run(written(rows, tmp_path), models["ease"], dataset)
    assert report.examples["of items that are unknown here"] == ["row 4: user 2, item 7", "row 7: user 4, item 8"]


def test_ratings_that_look_like_stars_are_read_so_and_like_from_says_otherwise(tmp_path, dataset, models):
    rows = pl.DataFrame({"user": [1, 1, 2], "item": [100, 103, 106], "rating": [5.0, 3.0, 4.0]})
    path = written(rows, tmp_path)
    table, said, report = run(path, models["ease"], dataset)
    assert "rows rated 3.5 or more are likes" in said
    assert report.dropped == {"below the threshold": 1}
    assert_same(table, expected(path, models["ease"], dataset, threshold=3.5))
    table, said, report = run(path, models["ease"], dataset, like_from=1)
    assert "stars" not in said
    assert report.dropped == {}
    assert_same(table, expected(path, models["ease"], dataset, threshold=1))


@pytest.mark.parametrize("name", ["ease", "variational", "popularity"])
@pytest.mark.parametrize("rows_per_chunk", [7, 100, 10**6])
def test_what_was_rated_low_is_kept_out_of_the_list_and_told_to_no_model(
    tmp_path, dataset, models, name, rows_per_chunk
):
    rng = np.random.default_rng(3)
    rows = pl.DataFrame(
        {"user": rng.integers(0, 30, 400), "item": rng.choice([*IDS[:50], 7], 400), "rating": rng.integers(1, 6, 400)}
    )
    path = written(rows, tmp_path)
    table, _, report = run(path, models[name], dataset, rows_per_chunk=rows_per_chunk, like_from=4)
    assert_same(table, expected(path, models[name], dataset, threshold=4))
    given = rows.select("user", item_id="item")
    assert table.join(given, on=["user", "item_id"]).is_empty()
    low = rows.filter(pl.col("rating") < 4)
    assert report.dropped["below the threshold"] == low.height
    liked = rows.filter(pl.col("rating") >= 4, pl.col("item") != 7)
    assert report.rows_kept == liked.unique(["user", "item"]).height
    assert report.rows_read == report.rows_kept + sum(report.dropped.values())


def test_who_rated_everything_low_is_told_to_be_unknown(tmp_path, dataset, models):
    rows = pl.DataFrame({"user": [1, 2, 2], "item": [100, 100, 103], "rating": [5.0, 1.0, 2.0]})
    table, said, _ = run(written(rows, tmp_path), models["popularity"], dataset)
    assert "Of 1 of 2 people nothing is known here" in said
    assert {100, 103}.isdisjoint(table.filter(pl.col("user") == 2)["item_id"])


def test_what_is_packed_with_gzip_is_read_too(rows, tmp_path, dataset, models):
    plain = written(rows, tmp_path, "rows.csv")
    packed = tmp_path / "rows.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert_same(run(packed, models["ease"], dataset)[0], expected(plain, models["ease"], dataset))


def test_one_user_of_far_more_rows_than_a_chunk_stays_in_one_piece(tmp_path, dataset, models):
    rng = np.random.default_rng(1)
    rows = pl.DataFrame(
        {"user": np.concatenate([np.full(5000, 5), np.arange(50)]), "item": rng.choice(IDS[:50], 5050)}
    ).sample(fraction=1.0, shuffle=True, seed=2)
    path = written(rows, tmp_path)
    table, _, report = run(path, models["ease"], dataset, rows_per_chunk=100)
    assert_same(table, expected(path, models["ease"], dataset))
    assert report.rows_kept == rows.unique().height
    assert table.filter(pl.col("user") == 5).height == 10  # all but what the user has


def test_a_user_of_5000_different_items_is_one_row_of_the_matrix():
    rng = np.random.default_rng(1)
    items = rng.permutation(5000).astype(np.int32)
    rows = pl.DataFrame({"user": [9] * 5000 + [9, 3, 4], "item_idx": pl.Series([*items, 17, 9999, -1], dtype=pl.Int32)})
    people, X, n_liked = _histories(rows.sample(fraction=1.0, shuffle=True, seed=0), 10_000)
    assert people.to_list() == [3, 4, 9]
    assert n_liked == 5002
    assert np.diff(X.indptr).tolist() == [1, 0, 5000]
    dense = X.toarray()
    assert dense.sum() == 5001
    assert X.nnz == 5001
    assert dense[2, :5000].all()
    assert dense[0, 9999] == 1
    assert X.dtype == np.float32


def test_a_list_is_as_long_as_was_asked_for(rows, tmp_path, dataset, models):
    table, _, _ = run(written(rows, tmp_path), models["ease"], dataset, k=3)
    assert table.group_by("user").len()["len"].unique().to_list() == [3]
    assert table.group_by("user").agg(pl.col("rank").sort())["rank"].to_list() == [[1, 2, 3]] * N_USERS


# Stopped and started again


def stopped(path, model, dataset, stop_at=3, **options):
    said = []
    with pytest.raises(KeyboardInterrupt):
        recommend_for_all(path, path.parent / "out.parquet", Counted(model, stop_at), dataset, say=said.append,
                          rows_per_chunk=100, **options)  # fmt: skip
    assert "goes on where it was" in said[-1]
    return path.parent / "out.parquet.parts"


def test_a_run_that_was_stopped_goes_on_after_its_last_finished_part(rows, tmp_path, dataset, models):
    path = written(rows, tmp_path)
    whole = Counted(models["ease"])
    there, _, report = run(path, whole, dataset)
    folder = stopped(path, models["ease"], dataset, stop_at=4)
    assert len(list(folder.glob("lists-*.json"))) == 3
    rest = Counted(models["ease"])
    table, said, again = run(path, rest, dataset)
    assert rest.asked == whole.asked - 3
    assert re.search(r"It goes on: \d+ people had their lists already\.", said)
    assert table.equals(there)
    assert again == report


def test_lists_that_were_there_stay_until_the_new_ones_are_whole(rows, tmp_path, dataset, models):
    path = written(rows, tmp_path)
    (tmp_path / "out.parquet").write_text("what was there")
    stopped(path, models["ease"], dataset)
    assert (tmp_path / "out.parquet").read_text() == "what was there"
    run(path, models["ease"], dataset)
    assert pl.read_parquet(tmp_path / "out.parquet").height


def test_a_part_of_another_question_is_made_again(rows, tmp_path, dataset, models):
    path = written(rows, tmp_path)
    there = run(path, models["ease"], dataset)[0]
    folder = stopped(path, models["ease"], dataset, stop_at=4)
    part = json.loads((folder / "lists-00001.json").read_text())
    pl.read_parquet(folder / "lists-00001.parquet").with_columns(rank=99).write_parquet(folder / "lists-00001.parquet")
    size = (folder / "lists-00001.parquet").stat().st_size
    (folder / "lists-00001.json").write_text(json.dumps(part | {"job": "another", "bytes": size}))
    assert run(path, models["ease"], dataset)[0].equals(there)


@pytest.mark.parametrize("spoil", ["lists-00001.parquet", "lists-00001.json"])
def test_a_part_that_is_not_as_it_was_written_is_made_again(rows, tmp_path, dataset, models, spoil):
    path = written(rows, tmp_path)
    there = run(path, models["ease"], dataset)[0]
    folder = stopped(path, models["ease"], dataset, stop_at=4)
    content = (folder / spoil).read_bytes()
    (folder / spoil).write_bytes(content[: len(content) // 2])
    assert run(path, models["ease"], dataset)[0].equals(there)


def test_a_chunk_that_is_not_as_it_was_written_is_an_error_with_the_way_out(rows, tmp_path, dataset, models):
    path = written(rows, tmp_path)
    folder = stopped(path, models["ease"], dataset)
    content = (folder / "rows-00004.arrows").read_bytes()
    (folder / "rows-00004.arrows").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"Remove .*out\.parquet\.parts, and start again"):
        run(path, models["ease"], dataset)


def test_a_changed_file_model_or_argument_starts_anew_and_says_so(rows, tmp_path, dataset, models):
    path = written(rows, tmp_path)
    for what, model, options, change in (
        ("file", "ease", {}, lambda: written(rows.head(400), tmp_path)),
        ("model", "variational", {}, lambda: None),
        ("arguments", "ease", {"k": 7}, lambda: None),
        ("arguments", "ease", {"like_from": 2}, lambda: None),
        ("arguments", "ease", {"mapping": Mapping(user="user")}, lambda: None),
    ):
        stopped(path, models["ease"], dataset)
        change()
        counted = Counted(models[model])
        table, said, _ = run(path, counted, dataset, **options)
        assert f"out.parquet.parts was begun with other {what}: it starts anew." in said
        k = options.get("k", 20)
        histories = read_histories(path, path.name, dataset.catalogue)
        same = recommend_table(models[model], dataset.catalogue, histories.user_ids, tastes_of(histories.X), k=k)
        assert_same(table, same.drop("title"))


def test_a_run_that_was_stopped_while_it_sorted_sorts_again(rows, tmp_path, dataset, models):
    path = written(rows, tmp_path)
    there = run(path, models["ease"], dataset)[0]
    folder = stopped(path, models["ease"], dataset, stop_at=1)
    (folder / "sorted.json").unlink()  # as it is until every chunk is written
    assert run(path, models["ease"], dataset)[0].equals(there)


def test_kill_9_loses_nothing_that_was_finished(rows, tmp_path, dataset, models, tiny_zoo):
    path = written(rows, tmp_path)
    there = run(path, models["ease"], dataset)[0]
    script = f"""
import os, signal, sys
from pathlib import Path
import zoo.batch.run as batch
from zoo.cli import main
from zoo.runtime import Model
whole, asked = Model.run, []
def run(*args, **options):
    asked.append(1)
    if len(asked) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(*args, **options)
Model.run = run
batch.recommend_for_all.__kwdefaults__["rows_per_chunk"] = 100
main({_call(tiny_zoo, path)!r})
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    folder = tmp_path / "out.parquet.parts"
    assert len(list(folder.glob("lists-*.json"))) == 3
    assert (folder / "lists-00003.new").exists()  # what it was writing
    counted = Counted(models["ease"])
    table, said, _ = run(path, counted, dataset)
    assert "It goes on" in said
    assert counted.asked == -(-rows.height // 100) - 3
    assert table.drop("score").equals(there.drop("score"))


def test_two_runs_do_not_write_the_same_lists(rows, tmp_path, dataset, models):
    path = written(rows, tmp_path)

    class Meddling(Counted):
        def run(self, *args, **options):
            with pytest.raises(ZooError, match="Another process writes to"):
                recommend_for_all(path, tmp_path / "out.parquet", models["ease"], dataset, say=[].append)
            return super().run(*args, **options)

    assert_same(run(path, Meddling(models["ease"]), dataset)[0], expected(path, models["ease"], dataset))


def test_a_folder_of_somebody_else_is_left_alone(rows, tmp_path, dataset, models):
    path = written(rows, tmp_path)
    (tmp_path / "out.parquet.parts").mkdir()
    (tmp_path / "out.parquet.parts" / "thesis.doc").write_text("years of work")
    with pytest.raises(ZooError, match=r"holds thesis\.doc"):
        run(path, models["ease"], dataset)
    assert (tmp_path / "out.parquet.parts" / "thesis.doc").read_text() == "years of work"


# What cannot be


def zipped(content):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("rows.csv", content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("rows.csv", b"", "is empty"),
        ("rows.csv", b"user,item\n", "has no rows"),
        ("rows.csv", b"user,item\n1,7\n1,8\n2,7\n", "no row names an item of this catalogue.* not such as 7, 8"),
        ("rows.csv", b"user,item,rating\n1,100,2\n2,103,3\n", "no row is rated 3.5 or more"),
        ("rows.csv", b"item,rating\n100,5\n", "has no column for the user"),
        ("rows.csv", b"user,rating\n1,5\n", "has no column for the item"),
        ("rows.csv", b"user,item\n1,100\n2,103,5,6\n", "line 3 has 4 values"),
        ("rows.csv", b"user,item\n1,\xff\n", "cannot be read bit by bit.*UTF-8"),
        ("rows.jsonl", b'{"user": 1, "item": 100}\n', "cannot be read bit by bit"),
        ("rows.zip", zipped(b"user,item\n1,100\n"), "is a zip archive"),
        ("rows.csv.gz", gzip.compress(b"user,item\n1,100\n" * 100)[:-20], "cannot be unpacked"),
        ("rows.csv.gz", gzip.compress(b""), "is empty"),
        ("rows.csv", b"Name,Letterboxd URI\nAlien,https://example.org\n", "an export of Letterboxd"),
        ("rows.png", b"\x89PNG\r\n", "is a PNG picture"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence_and_leaves_nothing_behind(
    tmp_path, dataset, models, name, content, sentence
):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=sentence):
        run(path, models["ease"], dataset)
    assert [one.name for one in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"user": [[1], [2]], "item": [[100], [103]]}, "column user holds lists or records, not ids"),
        ({"user": [1, 2], "item": [[[100]], [[103]]]}, "column item holds lists or records, not ids"),
        ({"user": [1, 2], "item": [100, 103], "rating": [[5], [4]]}, "rating holds lists, and that of the items"),
        ({"user": [1, 2], "item": [[100], [103]], "rating": [[5, 4], [4]]}, "cannot be read"),
        ({"user": [1, 2], "item": [{"a": 1}, {"a": 2}]}, "column item holds lists or records, not ids"),
    ],
)  # fmt: skip
def test_lists_that_do_not_fit_are_one_sentence(tmp_path, dataset, models, columns, sentence):
    path = written(pl.DataFrame(columns), tmp_path)
    with pytest.raises(DataError, match=sentence):
        run(path, models["ease"], dataset)


def test_a_missing_file_is_one_sentence(tmp_path, dataset, models):
    with pytest.raises(DataError, match="is not there"):
        run(tmp_path / "rows.csv", models["ease"], dataset)
    with pytest.raises(DataError, match="is a folder"):
        run(tmp_path, models["ease"], dataset)


def test_a_memory_based_model_and_an_empty_list_are_refused_before_anything_is_read(tmp_path, dataset, models):
    with pytest.raises(ModelError, match="memory-based"):
        run(tmp_path / "rows.csv", models["two_tower_id"], dataset)
    with pytest.raises(ModelError, match="A list of 0 items"):
        run(tmp_path / "rows.csv", models["ease"], dataset, k=0)


# The command


def _call(zoo, path, *more):
    given = ["--zoo", str(zoo), "--dataset", "tiny", "--model", "ease", "--users", str(path), "--provider", "cpu"]
    return ["recommend", *given, "--out", str(path.parent / "out.parquet"), *more]


def test_the_command_writes_the_lists_and_says_what_it_found(rows, tmp_path, dataset, models, tiny_zoo):
    path = written(rows.rename({"user": "who", "item": "thing"}), tmp_path)
    done = menagerie(*_call(tiny_zoo, path, "--user", "who", "--item", "thing", "--k", "5"))
    assert done.stdout == ""
    assert f"{N_USERS} lists written to" in done.stderr
    assert "\r" not in done.stderr  # nobody watches
    assert "of items that are unknown here" in done.stderr
    assert pl.read_parquet(tmp_path / "out.parquet").height == 5 * N_USERS


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--json"], "not allowed with argument"),
        (["--history", "x.csv"], "not allowed with argument"),
        (["--new-items", "x.csv"], "without --new-items"),
        (None, "--users goes with --out"),
    ],
)
def test_the_command_refuses_what_does_not_go_together(tmp_path, tiny_zoo, capsys, more, sentence):
    call = _call(tiny_zoo, tmp_path / "rows.csv", *(more or ()))
    with pytest.raises(SystemExit) as ended:
        main(call if more else call[:-2])
    assert sentence in (capsys.readouterr().err + str(ended.value))
    assert not list(tmp_path.iterdir())


# The line that somebody watches


class Screen(io.StringIO):
    def __init__(self, tty):
        super().__init__()
        self._tty = tty

    def isatty(self):
        return self._tty


@pytest.fixture
def clock(monkeypatch):
    from zoo.batch import progress

    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_the_line_tells_share_speed_and_time_left(clock):
    screen = Screen(tty=True)
    with Progress("Recommending", 1000, done=200, stream=screen).shown() as progress:
        clock[0] += 10
        progress.add(300, 40)
        progress.show(100, 10)  # 600 of 1000 rows; 400 and 50 people of them in ten seconds
        line = screen.getvalue()
        progress.show(150, 12)
        assert screen.getvalue() == line  # not more often than can be read
    assert "Recommending [##############..........]  60%  5 users/s  0:10 left" in line
    assert screen.getvalue() == line + "\r\x1b[K"


def test_nobody_watching_sees_nothing(clock):
    screen = Screen(tty=False)
    with Progress("Reading", stream=screen).shown() as progress:
        clock[0] += 10
        progress.show(5)
    assert screen.getvalue() == ""


def test_a_stage_of_unknown_length_counts_rows(clock):
    screen = Screen(tty=True)
    with Progress("Reading", stream=screen).shown() as progress:
        clock[0] += 1
        progress.show(1_234_567)
    assert "Reading: 1,234,567 rows" in screen.getvalue()
