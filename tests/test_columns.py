"""Columns are recognised or named, ids of any type are numbered, times are read."""

from itertools import combinations

import polars as pl
import pytest

from tests.tables import PLAIN, entries, parquet, read
from zoo.columns import NAMES
from zoo.errors import DataError
from zoo.interactions import Mapping, Rules, read_interactions

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
