"""Who chose what: columns recognised, ids numbered, every row accounted for, and only a DataError when it fails."""

import io
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing.parametric import series

from zoo.columns import NAMES
from zoo.errors import DataError
from zoo.interactions import EVERY_ROW, Interactions, Limits, Mapping, Rules, read_interactions

PLAIN = "user,item,rating,timestamp\n1,10,5,100\n1,20,3,200\n2,10,4,300\n"


def read(text: str, rules: Rules = EVERY_ROW, **options) -> Interactions:
    return read_interactions(text.encode(), rules=rules, **options)


def entries(interactions: Interactions) -> dict[tuple, float]:
    """(user id, item id) -> weight."""
    X = interactions.X.tocoo()
    users, items = interactions.user_ids.to_list(), interactions.item_ids.to_list()
    return {(users[u], items[i]): float(x) for u, i, x in zip(X.row, X.col, X.data, strict=True)}


def parquet(frame: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


# --- columns


@pytest.mark.parametrize(
    ("user", "item", "value", "time"),
    [
        ("user_id", "item_id", "rating", "timestamp"),
        ("userId", "movieId", "rating", "timestamp"),
        ("User-ID", "ISBN", "Book-Rating", "Date"),
        ("customer", "product", "stars", "date"),
        ("uid", "track id", "plays", "time"),
        (" USERNAME", "anime_id ", "My Score", "Date Added"),
    ],
)
def test_usual_column_names_are_recognised(user, item, value, time):
    found = read(PLAIN.replace("user,item,rating,timestamp", f"{user},{item},{value},{time}")).report.columns
    assert found["user"] == user
    assert found["item"] == item
    assert found["timestamp"] == time


def test_no_usual_name_belongs_to_two_roles():
    for one, other in combinations(NAMES, 2):
        assert not set(NAMES[one].split()) & set(NAMES[other].split())


def test_named_columns_win_over_recognised_ones():
    text = "user,item,buyer,thing\n1,10,a,x\n1,20,b,y\n"
    assert entries(read(text, mapping=Mapping(user="buyer", item="THING"))) == {("a", "x"): 1, ("b", "y"): 1}


def test_a_second_candidate_is_noted():
    assert (
        "Column item_id was taken for the item, not movieId."
        in read("user,movieId,item_id\n1,1,10\n2,2,20\n").report.notes
    )


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        (
            "user,rating\n1,5\n",
            {},
            r"no column for the item \(found: user, rating\)\. Rename one to item_id, or .* --item",
        ),
        ("item,rating\n1,5\n", {}, r"no column for the user .* Rename one to user_id, or name it with --user COLUMN\."),
        ("1,10,5\n2,20,4\n", {}, r"found: 1, 10, 5.* The first line must name the columns\."),
        (PLAIN, {"mapping": Mapping(item="film")}, "no column 'film' for the item"),
        (PLAIN, {"mapping": Mapping(item="user", user="user")}, "cannot be both the user and the item"),
        (PLAIN, {"part": "fold"}, "no column 'fold' for the part"),
        ("user,item\n1,10\n2,20\n", {"rules": Rules(threshold=3)}, "no column for the rating"),
        ("user,item\n1,10\n2,20\n", {"rules": Rules(repeats="max")}, "no column for the rating"),
    ],
)
def test_a_missing_column_is_named_with_what_to_do(text, options, says):
    with pytest.raises(DataError, match=says):
        read(text, **options)


def test_the_file_is_named_in_an_error(tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text("user,rating\n1,5\n")
    with pytest.raises(DataError, match=r"^ratings\.csv has no column for the item"):
        read_interactions(path)


# --- ids


@pytest.mark.parametrize(
    ("given", "ids"),
    [
        (["3", "20", "100"], [3, 20, 100]),
        (["3.0", " 20", "100.00"], [3, 20, 100]),
        (["3", "20", "x"], ["20", "3", "x"]),
        (["007", "7", "8"], ["007", "7", "8"]),
        (["9223372036854775808", "1", "2"], ["1", "2", "9223372036854775808"]),
        (["-5", "0", "4"], [-5, 0, 4]),
        (["Zoë", "zoe", "Zoe"], ["Zoe", "Zoë", "zoe"]),
    ],
)
def test_ids_are_integers_where_all_are_and_else_text_as_it_stands(given, ids):
    found = read("user,item\n" + "".join(f"{user},{i}\n" for i, user in enumerate(given)))
    assert found.user_ids.to_list() == ids
    assert found.user_ids.dtype == (pl.Int64 if isinstance(ids[0], int) else pl.String)


def test_ids_that_a_spreadsheet_turned_into_floats_are_integers_again():
    frame = pl.DataFrame({"user": [1.0, 2.0, float("nan"), None], "item": [7, 8, 9, 9]})
    found = read_interactions(parquet(frame))
    assert found.user_ids.to_list() == [1, 2]
    assert found.report.dropped == {"without a user": 2}


def test_one_id_written_in_two_ways_is_one():
    assert entries(read("user,item\na,12\na,12.0\nb, 12\nb,13\n")) == {("a", 12): 2, ("b", 12): 1, ("b", 13): 1}


@pytest.mark.parametrize(
    "ids", [pl.Series([[1], [2]]), pl.Series([{"a": 1}, {"a": 2}]), pl.Series([b"a", b"\xff"])], ids=str
)
def test_columns_that_cannot_be_ids_are_refused(ids):
    with pytest.raises(DataError, match=r"column item holds .*, not ids"):
        read_interactions(parquet(pl.DataFrame({"user": [1, 2], "item": ids})))


def test_records_as_ids_are_refused_in_json_as_well():
    with pytest.raises(DataError, match="column item holds lists or records"):
        read('{"user": 1, "item": {"id": 1}}\n{"user": 2, "item": {"id": 2}}\n')


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


# --- times


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("86400", 86400),
        ("86400.5", 86400.5),
        ("1970-01-02", 86400),
        ("1970-01-02 00:00:10", 86410),
        ("1970-01-02T00:00:10Z", 86410),
        ("1970-01-02T01:00:10.500+01:00", 86410.5),
        ("1970/01/02", 86400),
        ("02.01.1970", 86400),
    ],
)
def test_times_are_numbers_or_dates(written, seconds):
    found = read(f"user,item,date\n1,10,{written}\n2,20,{written}\n")
    assert found.last_time.data.tolist() == [seconds, seconds]
    assert found.report.notes == []


def test_dates_of_a_parquet_file_are_seconds():
    frame = pl.DataFrame({"user": [1, 2], "item": [1, 2], "time": [86400, 0]})
    for column in (pl.from_epoch("time", "s"), pl.from_epoch("time", "s").cast(pl.Datetime("ns", "Asia/Tokyo"))):
        assert read_interactions(parquet(frame.with_columns(column))).last_time.data.tolist() == [86400, 0]


def test_unknown_times_are_zero_and_noted():
    found = read("user,item,time\n1,10,100\n1,20,soon\n2,10,\n")
    assert found.last_time.toarray().tolist() == [[100, 0], [0, 0]]
    assert found.last_time.nnz == found.X.nnz
    assert "2 times could not be read" in found.report.notes[0]


def test_a_time_column_in_which_nothing_can_be_read_is_left_out_and_noted():
    found = read("user,item,time\n1,10,now\n2,20,soon\n")
    assert found.last_time is None
    assert "no time could be read" in found.report.notes[0]


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


# --- anything at all

OTHERS = st.lists(
    st.sampled_from(["rating", "time", "title", "fold", "User", "movieId", "x", ""]), max_size=4, unique=True
)
SIMPLE = [
    pl.Int64,
    pl.UInt64,
    pl.Int8,
    pl.Float32,
    pl.Float64,
    pl.String,
    pl.Boolean,
    pl.Date,
    pl.Datetime("us"),
    pl.Time,
]
ODD = [pl.Duration("ms"), pl.Binary, pl.Null, pl.Decimal(10, 2), pl.Categorical, pl.Int128, pl.Datetime("ns", "UTC")]
ODD += [pl.List(pl.Int64), pl.Struct({"a": pl.String})]
CELLS = {
    "ids": ["1", "2", "3", "1.0", "a", " a", "é", None],
    "numbers": ["1", "4.5", "-2", "1e3", None, "nan", "inf", "four"],
    "odd": ["", "007", "2015-03-04", '"', ",", "\n", "null"],
}


@st.composite
def tables(draw, form: str) -> pl.DataFrame:
    """Mostly plain ids and numbers, so that many tables are good; else anything that the format can hold."""
    height = draw(st.integers(0, 12))
    columns = []
    for name in draw(st.sampled_from([["user_id", "item_id"]] * 4 + [[], ["item_id"]])) + draw(OTHERS):
        plain = "ids" if name.endswith("_id") else "numbers"
        kind = draw(st.sampled_from([plain] * 4 + ["odd", "any"]))
        if kind == "any":
            dtype = draw(st.sampled_from(SIMPLE + ODD if form == "parquet" else SIMPLE))
            columns.append(draw(series(name=name, dtype=dtype, min_size=height, max_size=height)))
        else:
            cells = st.sampled_from(CELLS[kind] + CELLS[plain])
            columns.append(pl.Series(name, draw(st.lists(cells, min_size=height, max_size=height)), dtype=pl.String))
    return pl.DataFrame(columns)


FILES = st.sampled_from(["csv", "parquet", "ndjson", "json"]).flatmap(
    lambda form: tables(form).map(lambda frame: (frame.height, "fold" in frame.columns, written(frame, form)))
)


def written(frame: pl.DataFrame, form: str) -> bytes:
    out = io.BytesIO()
    getattr(frame, f"write_{form}")(out)
    return out.getvalue()


RULES = st.builds(
    Rules,
    threshold=st.none() | st.none() | st.floats(-2, 5),
    min_user=st.integers(1, 2),
    min_item=st.integers(1, 2),
    repeats=st.sampled_from(["count", "count", "last", "last", "max"]),
)


@settings(max_examples=300, deadline=None)
@given(file=FILES, rules=RULES)
def test_any_table_gives_interactions_that_add_up_or_a_data_error(file, rules):
    height, labelled, content = file
    try:
        found = read_interactions(content, rules=rules, part="fold" if labelled else None)
    except DataError:
        return
    X, report = found.X, found.report
    assert report.rows_read == report.rows_kept + sum(report.dropped.values()) <= height
    assert X.nnz == report.rows_kept
    assert X.shape == (len(found.user_ids), len(found.item_ids))
    assert X.has_canonical_format
    assert np.all(X.data >= 1)
    assert min(np.diff(X.indptr)) >= rules.min_user
    assert min(np.bincount(X.indices)) >= rules.min_item
    for ids in (found.user_ids, found.item_ids):
        assert ids.dtype in (pl.Int64, pl.String)
        assert ids.null_count() == 0
        assert ids.equals(ids.unique().sort())
    assert found.last_time is None or np.array_equal(found.last_time.indices, X.indices)
    assert found.part is None or len(found.part.codes) == X.nnz


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
