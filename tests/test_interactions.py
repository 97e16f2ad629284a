"""Who chose what: every row accounted for, and labels and a fingerprint beside it."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.tables import PLAIN, entries, parquet, read
from zoo.errors import DataError
from zoo.interactions import Limits, Mapping, Rules, read_interactions

# --- the matrix


def test_every_row_is_a_positive_by_default():
    found = read(PLAIN)
    assert entries(found) == {(1, 10): 1, (1, 20): 1, (2, 10): 1}
    assert found.X.dtype == np.float32
    assert found.X.has_canonical_format


def test_a_threshold_keeps_what_reaches_it():
    found = read(PLAIN + "2,20,3.5,1\n", Rules(threshold=3.5))
    assert entries(found) == {(1, 10): 1, (2, 10): 1, (2, 20): 1}
    assert found.report.dropped == {"below the threshold": 1}
    assert found.report.examples == {"below the threshold": ["row 2: user 1, item 20, rating 3"]}


def test_both_minima_hold_in_the_end():
    # item 30 falls first (one user), then user 3 (one item left), then item 20 (one user left)
    text = "user,item\n1,10\n1,40\n2,10\n2,40\n1,20\n3,20\n3,30\n"
    found = read(text, Rules(min_user=2, min_item=2))
    assert entries(found) == {(1, 10): 1, (1, 40): 1, (2, 10): 1, (2, 40): 1}
    assert found.report.dropped == {"of items with too few users": 2, "from users with too few items": 1}


REPEATS = "user,item,rating,timestamp\n1,10,2,300\n1,10,5,100\n1,10,4,200\n2,20,3,1\n"


def test_repeats_are_counted_into_the_weight():
    found = read(REPEATS)
    assert entries(found) == {(1, 10): 3, (2, 20): 1}
    assert found.report.dropped == {"repeated": 2}
    assert found.X.sum() == found.report.rows_read
    assert found.last_time.data.tolist() == [300, 1]


def test_the_last_of_repeats_is_the_last_in_time():
    found = read(REPEATS + "3,20,5,1\n", Rules(threshold=2, repeats="last"))
    assert found.last_time.data.tolist() == [300, 1, 1]
    assert found.report.dropped == {"repeated": 2}
    found = read(
        REPEATS + "3,10,5,1\n", Rules(threshold=3, repeats="last")
    )  # user 1 thought less of item 10 in the end
    assert entries(found) == {(2, 20): 1, (3, 10): 1}


def test_the_last_of_repeats_is_the_last_in_the_file_where_there_is_no_time():
    text = "user,item,rating\n1,10,5\n1,10,1\n2,10,1\n2,10,5\n2,20,5\n3,20,4\n"
    found = read(text, Rules(threshold=3, repeats="last"))
    assert entries(found) == {(2, 10): 1, (2, 20): 1, (3, 20): 1}
    assert found.report.dropped == {"repeated": 2, "below the threshold": 1}


def test_the_highest_of_repeats_decides_with_max():
    found = read(REPEATS, Rules(threshold=3, repeats="max"))
    assert entries(found) == {(1, 10): 1, (2, 20): 1}
    assert found.last_time.data.tolist() == [100, 1]


def test_with_count_only_rows_above_the_threshold_count():
    assert entries(read(REPEATS, Rules(threshold=3))) == {(1, 10): 2, (2, 20): 1}


# --- labels of the split


def test_labels_stand_beside_the_entries():
    found = read("user,item,fold\n1,20,Train\n1,10,test\n2,10, train\n2,30,validation\n", part="fold")
    assert found.part.labels == ["test", "train", "validation"]
    assert found.part.select(found.X, "train").toarray().tolist() == [[0, 1, 0], [1, 0, 0]]
    assert found.part.select(found.X, "test").toarray().tolist() == [[1, 0, 0], [0, 0, 0]]
    assert found.part.select(found.X, "holdout").nnz == 0


def test_the_parts_add_up_to_the_whole():
    found = read("user,item,fold\n1,20,a\n1,20,a\n1,10,b\n2,10,a\n", mapping=Mapping(part="fold"))
    total = sum(found.part.select(found.X, label).toarray() for label in found.part.labels)
    assert np.array_equal(total, found.X.toarray())


def test_two_labels_of_one_pair_are_refused():
    with pytest.raises(DataError, match="user 1 with item 10 is both train and test in column fold"):
        read("user,item,fold\n2,10,train\n1,10,train\n1,20,test\n1,10,test\n", part="fold")


def test_rows_without_a_label_are_dropped():
    found = read("user,item,fold\n1,10,train\n2,10,\n2,20,test\n", part="fold")
    assert found.report.dropped == {"without a label": 1}


# --- the report


def test_every_row_is_accounted_for():
    text = "user,item,rating\n,10,5\n1,,5\n1,10,\n1,10,four\n1,10,nan\n1,10,1\n1,10,5\n1,10,4\n2,20,5\n"
    report = read(text, Rules(threshold=3)).report
    assert report.dropped == {
        "without a user": 1,
        "without an item": 1,
        "whose rating is not a number": 3,
        "below the threshold": 1,
        "repeated": 1,
    }
    assert (report.rows_read, report.rows_kept) == (9, 2)
    assert report.examples["without a user"] == ["row 1: no user, item 10, rating 5"]
    assert report.examples["without an item"] == ["row 2: user 1, no item, rating 5"]
    assert report.examples["whose rating is not a number"] == [f"row {row}: user 1, item 10" for row in (3, 4, 5)]
    assert report.sentence().startswith("9 rows read, 2 kept; 1 without a user, 1 without an item, 3 whose rating is ")


def test_a_rating_that_is_not_used_may_be_anything_and_that_is_said():
    report = read("user,item,rating\n1,10,\n2,20,good\n").report
    assert report.rows_kept == 2
    assert report.notes == ["Column rating was not used: without a threshold every row is a positive."]


def test_decimal_commas_of_a_semicolon_file_are_read():
    assert read("user;item;rating\n1;10;4,5\n2;20;3,5\n1;20;1,0\n", Rules(threshold=3)).report.rows_kept == 2


@pytest.mark.parametrize(
    ("text", "rules", "says"),
    [
        ("user,item,rating\n1,10,\n2,20,x\n", Rules(threshold=3), "no value in column rating is a number"),
        ("user,item\n1,10\n1,20\n", Rules(), "has a single user. 2 rows read, 2 kept. Loosen the rules, or bring"),
        ("user,item\n1,10\n2,10\n", Rules(), "has a single item"),
        (PLAIN, Rules(threshold=6), "nothing is left. 3 rows read, 0 kept; 3 below the threshold. Loosen"),
        (PLAIN, Rules(min_user=9), "nothing is left. 3 rows read, 0 kept; 3 from users with too few items"),
        ("user,item\n,10\n ,20\n", Rules(), "nothing is left. 2 rows read, 0 kept; 2 without a user"),
    ],
)
def test_data_that_cannot_be_used_is_refused_with_the_reason(text, rules, says):
    with pytest.raises(DataError, match=says):
        read(text, rules)


@pytest.mark.parametrize(
    "rules", [{"repeats": "first"}, {"min_user": 0}, {"min_item": -1}, {"threshold": float("nan")}], ids=str
)
def test_rules_that_make_no_sense_are_refused(rules):
    with pytest.raises(DataError):
        Rules(**rules)


# --- the fingerprint


def test_the_fingerprint_ignores_order_format_and_names():
    lines = PLAIN.splitlines()
    shuffled = "\n".join([lines[0], *reversed(lines[1:])])
    renamed = PLAIN.replace("user,item", "customer_id,book").replace(",", ";")
    frame = pl.DataFrame({"item": [10, 20, 10], "user": [1.0, 1.0, 2.0], "timestamp": [100, 200, 300]})
    prints = {read(PLAIN).fingerprint, read(shuffled).fingerprint, read(renamed).fingerprint}
    assert prints == {read_interactions(parquet(frame)).fingerprint}


def test_the_fingerprint_changes_with_anything_that_a_model_learns_from():
    others = [
        read(PLAIN.replace("2,10,4,300", "2,20,4,300")),  # another item
        read(PLAIN.replace("2,10,4,300", "3,10,4,300")),  # another user id
        read(PLAIN.replace("2,10,4,300", "2,10,4,301")),  # another time
        read(PLAIN + "2,10,4,300\n"),  # another weight
        read(PLAIN.replace(",timestamp", ",when")),  # no time
        read(PLAIN.replace("2,10,4,300", "b,10,4,300")),  # ids of another type
        read(PLAIN, Rules(threshold=1)),
        read(PLAIN, Rules(repeats="last")),
        read(PLAIN, Rules(min_user=1, min_item=1), part="timestamp"),
    ]
    assert len({found.fingerprint for found in [read(PLAIN), *others]}) == 1 + len(others)
    assert read(PLAIN, Rules(threshold=3)).fingerprint == read(PLAIN, Rules(threshold=3.0)).fingerprint


def test_ids_that_run_together_are_told_apart_by_the_fingerprint():
    one, other = read("user,item\nab,x\nc,y\n"), read("user,item\na,x\nbc,y\n")
    assert one.fingerprint != other.fingerprint


def test_limits_hold():
    with pytest.raises(DataError, match="has 3 rows; the limit here is 2"):
        read(PLAIN, limits=Limits(rows=2))


# --- real data


@pytest.mark.parametrize(
    ("name", "shape", "n"),
    [("ml-latest-small", (610, 9724), 100_836), ("goodbooks-10k-v1", (53_424, 10_000), 979_478)],
)
def test_known_data_sets_have_their_known_sizes(test_data: Path, name, shape, n):
    found = read_interactions(test_data / name / "interactions.parquet")
    assert found.X.shape == shape
    assert found.X.nnz == found.report.rows_read == n
    assert found.report.dropped == {}


def test_gowalla_has_its_published_parts(test_data: Path):
    found = read_interactions(test_data / "gowalla" / "interactions.parquet", part="part")
    assert found.X.shape == (29_858, 40_981)
    assert {label: found.part.select(found.X, label).nnz for label in found.part.labels} == {
        "train": 810_128,
        "test": 217_242,
    }
