"""What comes back from the process that reads uploads: what the file holds, and nothing that is taken on trust."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from zoo import history, limited, reading
from zoo.columns import Mapping, NoColumn
from zoo.dataset import Dataset
from zoo.decoding import Meant, _ipc, lists
from zoo.errors import DataError
from zoo.files import open_table
from zoo.history import read_histories
from zoo.limited import Answer
from zoo.outside import read_lists
from zoo.reading import Bounds, read_history, read_outside_lists, read_picture
from zoo.titles import MAX_LENGTH

MANY = b"userId,movieId,rating\na,100,5\na,106,4\nb,103,5\nb,109,3\nc,112,5\n"
ITEMS = 60  # of the tiny catalogue
BOUNDS = Bounds()


@pytest.fixture(scope="module")
def tiny(tiny_zoo: Path) -> Dataset:
    return Dataset(tiny_zoo / "tiny")


def test_an_upload_says_what_the_same_file_says_without_a_process(tiny):
    here = read_histories(MANY, "many.csv", tiny.catalogue, threshold=3.5)
    opened = read_history(MANY, "many.csv", tiny, BOUNDS)
    there = opened.histories
    assert (opened.columns, opened.stars, opened.meant.threshold) == (["userId", "movieId", "rating"], 3.5, 3.5)
    assert there.user_ids == here.user_ids == ["a", "b", "c"]
    assert (there.X != here.X).nnz == 0
    assert there.report.sentence() == here.report.sentence()
    assert there.report.matches.equals(here.report.matches)


def test_the_rule_of_the_data_comes_before_stars(tiny):
    assert read_history(MANY, "many.csv", tiny, BOUNDS, rule=5.0).histories.X.nnz == 3


def test_what_somebody_says_of_the_columns_is_done(tiny):
    meant = Meant(Mapping(user="userId", item="movieId"), threshold=None)
    assert read_history(MANY, "many.csv", tiny, BOUNDS, meant).histories.X.nnz == 5


def test_a_refusal_comes_with_the_columns_that_can_be_picked(tiny):
    opened = read_history(b"a,b\n1,2\n", "odd.csv", tiny, BOUNDS)
    assert opened.columns == ["a", "b"]
    assert isinstance(opened.refusal, NoColumn)
    assert opened.refusal.option


def test_more_people_than_get_lists_are_refused(tiny):
    assert read_history(MANY, "many.csv", tiny, replace(BOUNDS, people=3)).histories is not None
    opened = read_history(MANY, "many.csv", tiny, replace(BOUNDS, people=2))
    assert "holds 3 people; the limit here is 2" in str(opened.refusal)


def test_outside_lists_are_what_they_are_without_a_process(tiny):
    user = tiny.users["user_id"].gather(tiny.test.user_idx[:1]).item()
    content = f"user_id,item_id,rank\n{user},100,1\n{user},103,2\n".encode()
    there, here = read_outside_lists(content, "a.csv", tiny, BOUNDS), read_lists(content, tiny, "a.csv")
    assert (there.ranked == here.ranked).all()
    assert there.notes == here.notes


@pytest.mark.parametrize(
    ("part", "column", "value"),
    [
        *[("rows", "thing", 5), ("rows", "reason", 3), ("rows", "user", 3), ("rows", "user", -1)],
        *[("found", "item_idx", ITEMS), ("found", "item_idx", -2)],
    ],
)
def test_a_place_outside_of_its_table_is_refused(tiny, monkeypatch, part, column, value):
    asked = limited.run

    def tampered(*given, **named) -> Answer:
        answer = asked(*given, **named)
        table = pl.read_ipc(answer.parts[part])
        wrong = pl.when(pl.int_range(pl.len()) == 0).then(pl.lit(value)).otherwise(column).cast(table.schema[column])
        return replace(answer, parts=answer.parts | {part: _ipc(table.with_columns(wrong.alias(column)))})

    monkeypatch.setattr(reading.limited, "run", tampered)
    opened = read_history(MANY, "many.csv", tiny, BOUNDS)
    assert opened.histories is None
    assert str(opened.refusal) == "many.csv could not be read. Save it anew, and try again."


def test_no_text_of_a_file_that_is_kept_or_shown_is_longer_than_a_title_or_hides(tiny):
    content = f"title,year\n{'x' * 5_000},1999\n\u202elive,1999\nThe Amber Harbour,1950\n".encode()
    report = read_histories(content, "a.csv", tiny.catalogue).report
    assert report.matches["given"].str.len_chars().max() <= MAX_LENGTH
    assert report.unknown_examples[1] == "?live (1999)"
    with pytest.raises(DataError, match="what stands for the user is longer than"):
        read_histories(f"user,title\n{'x' * 5_000},The Amber Harbour\n".encode(), "a.csv", tiny.catalogue)
    rows = f"user_id,item_id,rank\n{'x' * 5_000},{'y' * 5_000},1\n".encode()
    _, parts = lists({"name": "a.csv", "limits": [None, None]}, {"file": rows})
    assert pl.read_ipc(parts["rows"]).row(0) == ("x" * MAX_LENGTH, "y" * MAX_LENGTH, 0.0)


def test_of_a_file_too_long_to_be_mended_no_more_is_kept_than_could_be(tiny, monkeypatch):
    monkeypatch.setattr(history, "MOST_MENDED", 4)
    histories = read_histories(MANY, "many.csv", tiny.catalogue)
    assert histories.read is None
    assert histories.report.matches.height == 4
    assert histories.X.nnz == 5


def test_a_column_whose_name_has_no_end_is_refused():
    with pytest.raises(DataError, match=r"a column whose name has 1,001 letters\. Give it a short one\.$"):
        open_table(f"{'x' * 1_001},item\n1,2\n".encode(), "a.csv")


def test_a_picture_over_the_limit_goes_to_no_process(monkeypatch):
    monkeypatch.setattr(reading.limited, "run", None)
    with pytest.raises(DataError, match=r"^a\.png has 9 bytes; the limit here is 8\. Take a smaller one\.$"):
        read_picture(bytes(9), "a.png", replace(BOUNDS, bytes=8))


def test_a_table_of_other_columns_is_refused(tiny):
    with pytest.raises(DataError, match="could not be read"):
        reading._table(_ipc(pl.DataFrame({"user": [1]})), reading.ROWS, "many.csv")
