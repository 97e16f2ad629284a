"""Any file in: a table or a DataError out, within the limits, never another exception."""

import gzip
import io
import json
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.errors import DataError
from zoo.files import NO_LIMITS, Limits, open_table, read_table

CSV = b"user,item\n1,10\n2,20\n"
ROWS = {"user": ["1", "2"], "item": ["10", "20"]}


def table_of(content: bytes, name: str = "ratings.csv", limits: Limits = NO_LIMITS) -> dict[str, list]:
    return read_table(content, name, limits).to_dict(as_series=False)


def parquet(**columns: list) -> bytes:
    out = io.BytesIO()
    pl.DataFrame(columns).write_parquet(out)
    return out.getvalue()


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", ".", 1), content)
    return out.getvalue()


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
def test_the_separator_is_found_in_the_header(separator):
    assert table_of(CSV.replace(b",", separator.encode())) == ROWS


def test_a_separator_within_quotes_does_not_count():
    assert table_of(b'"user, or who; or which",item\n1,10\n')["item"] == ["10"]


@pytest.mark.parametrize(
    "content",
    [
        CSV,
        CSV.replace(b"\n", b"\r\n"),
        CSV.replace(b"\n", b"\r"),
        b"\n\n" + CSV.replace(b"\n", b"\n\n"),
        CSV.rstrip(b"\n"),
        b"\xef\xbb\xbf" + CSV,
        CSV.decode().encode("utf-16"),
        b"\xfe\xff" + CSV.decode().encode("utf-16-be"),
        gzip.compress(CSV),
        zipped(ratings_csv=CSV),
        zipped(ratings_csv=CSV, README_md=b"read me"),
        b'{"user": 1, "item": "10"}\n{"user": "2", "item": 20}\n',
        b'\xef\xbb\xbf{"user": 1, "item": "10"}\n\n{"user": "2", "item": 20}',
        b'[{"user": 1, "item": "10"},\n {"user": "2", "item": 20}]',
    ],
)
def test_every_text_format_gives_the_same_table_whatever_its_name(content):
    assert table_of(content, "data") == ROWS


def test_parquet_keeps_its_types_also_when_it_is_packed():
    content = parquet(user=[1, 2], item=["a", None])
    for packed in (content, gzip.compress(content), zipped(a_parquet=content)):
        assert table_of(packed, "data") == {"user": [1, 2], "item": ["a", None]}


def test_text_keeps_leading_zeros_quotes_and_what_looks_like_nothing():
    assert table_of(b'id,title\n007,"a ""b"", c"\nNA,null\n') == {"id": ["007", "NA"], "title": ['a "b", c', "null"]}


def test_latin_1_is_read_and_noted():
    table = open_table("item,title\n1,Amélie\n".encode("latin-1"), "films.csv")
    assert table.collect("title")["title"].to_list() == ["Amélie"]
    assert "Latin-1" in table.notes[0]


def test_utf_16_is_noted_and_utf_8_is_not():
    assert "UTF-16" in open_table("item\né\n".encode("utf-16"), "films.csv").notes[0]
    assert open_table("item\né\n".encode(), "films.csv").notes == []


def test_mixed_encodings_are_refused_with_their_lines():
    content = b"item,title\n1,Amelie\n2," + "Amélie".encode() + b"\n3,Am\xe9lie\n"
    with pytest.raises(DataError, match=r"films\.csv mixes encodings: line 3 is UTF-8, line 4 is not"):
        read_table(content, "films.csv")


def test_only_the_columns_asked_for_are_decoded():
    table = open_table(parquet(user=[1], picture=["x" * 1000]), "data")
    assert table.columns == ["user", "picture"]
    assert table.collect("user").columns == ["user"]


def test_nested_columns_are_named():
    assert open_table(parquet(user=[1], items=[[1, 2]]), "data").nested == {"items"}
    assert open_table(b'{"user": 1, "items": [1, 2]}', "data").nested == {"items"}


def test_a_semicolon_file_has_decimal_commas():
    assert open_table(b"user;item\n1;2\n", "data").decimal == ","
    assert open_table(CSV, "data").decimal == "."


def test_a_line_with_too_many_values_is_named_even_when_only_some_columns_are_read():
    table = open_table(b"user,title,item\n1,Heat,2\n1,Good, the Bad,3\n", "films.csv")
    with pytest.raises(DataError, match="line 3 has 4 values under 3 column names"):
        table.collect("user")


PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"", "a.csv", "a.csv is empty"),
        (b" \n\n", "a.csv", "is blank"),
        (b"user,item\n", "a.csv", "has no rows"),
        (b"user,item\n,\n\n", "a.csv", "has no rows"),
        (PNG, "a.csv", "is a PNG picture"),
        (bytes(range(256)), "a.csv", "is not text"),
        (b"user,item\n1,\x00\n", "a.csv", "is not text"),
        (b"SQLite format 3\x00", "a.csv", "SQLite"),
        (CSV, "a.parquet", "named .parquet, but its content is not"),
        (CSV, "a.csv.gz", "named .gz, but its content is not"),
        (parquet(a=[1])[:-9], "a.parquet", "cannot be read"),
        (b"PAR1", "a.parquet", "cannot be read"),
        (gzip.compress(CSV)[:-9], "a.csv.gz", "cannot be unpacked"),
        (gzip.compress(CSV * 99)[:50], "a.csv.gz", "cannot be unpacked"),
        (gzip.compress(b""), "a.csv.gz", "empty"),
        (zipped(a_csv=CSV)[:-9], "a.zip", "cannot be unpacked"),
        (zipped(a_csv=CSV * 99)[:60], "a.zip", "cannot be unpacked"),
        (zipped(), "a.zip", "no file inside"),
        (zipped(a_csv=CSV, b_tsv=CSV), "a.zip", r"holds 2 tables \(a\.csv, b\.tsv\)"),
        (zipped(a_zip=zipped(b_csv=CSV)), "a.zip", "another archive"),
        (zipped(a_gz=gzip.compress(CSV)), "a.zip", "another archive"),
        (gzip.compress(zipped(a_csv=CSV)), "a.gz", "another archive"),
        (b'{"user": 1}\n{"user": \n', "a.jsonl", "cannot be read"),
        (b"[1, 2]", "a.json", "has no names"),
        (b"[", "a.json", "no whole record"),
        (b"[" * 100_000, "a.json", "no whole record"),
        (b'{"a":' * 100_000, "a.json", "no whole record"),
        (b"{}", "a.json", "0 columns"),
        (b"," * 20_000, "a.csv", "no header"),
        (b"a" * 2_000_000, "a.csv", "no header"),
        (b'user,item\n1,"2\n3,4\n', "a.csv", "cannot be read"),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(content, name, says):
    with pytest.raises(DataError, match=says) as caught:
        read_table(content, name)
    assert str(caught.value).startswith(name)
    assert len(str(caught.value)) < 500


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(DataError, match="not there"):
        read_table(tmp_path / "no.csv")
    with pytest.raises(DataError, match="a folder"):
        read_table(tmp_path)


def test_an_odd_path_is_no_pattern(tmp_path):
    (tmp_path / "a1.csv").write_bytes(b"user,item\nwrong,1\n")
    (tmp_path / "a[1].csv").write_bytes(CSV)
    (tmp_path / "b*.parquet").write_bytes(parquet(user=[1]))
    assert read_table(tmp_path / "a[1].csv").to_dict(as_series=False) == ROWS
    assert read_table(tmp_path / "b*.parquet").height == 1


@pytest.mark.parametrize("form", ["csv", "csv.gz", "zip", "parquet", "jsonl", "json"])
def test_the_row_limit_admits_exactly_that_many_rows(form):
    frame = pl.DataFrame({"user": range(50), "item": range(50)})
    text = frame.write_csv().encode()
    content = {
        "csv": text,
        "csv.gz": gzip.compress(text),
        "zip": zipped(a_csv=text),
        "parquet": parquet(**frame.to_dict(as_series=False)),
        "jsonl": frame.write_ndjson().encode(),
        "json": json.dumps(frame.to_dicts()).encode(),
    }[form]
    assert read_table(content, f"a.{form}", Limits(rows=50)).height == 50
    with pytest.raises(DataError, match="the limit here is 49"):
        open_table(content, f"a.{form}", Limits(rows=49))


def test_the_byte_limit_holds_before_and_after_unpacking():
    text = b"user,item\n" + b"1,2\n" * 100_000
    packed = gzip.compress(text)
    assert len(packed) < 10_000
    with pytest.raises(DataError, match="has 400,010 bytes"):
        open_table(text, "a.csv", Limits(bytes=10_000))
    for bomb in (packed, zipped(a_csv=text)):
        with pytest.raises(DataError, match="unpacks to more than 10,000 bytes"):
            open_table(bomb, "a", Limits(bytes=10_000))
    with pytest.raises(DataError, match="bytes; the limit here is 10,000"):
        open_table(parquet(user=list(range(100_000)))[: 2**30], "a.parquet", Limits(bytes=10_000))


def test_a_parquet_file_that_unpacks_to_more_than_the_limit_is_refused_by_its_footer():
    content = parquet(user=["a" * 1000 + str(i) for i in range(5_000)])
    assert len(content) < 1_000_000
    with pytest.raises(DataError, match="the limit here is 1,000,000"):
        open_table(content, "a.parquet", Limits(bytes=1_000_000))


def test_a_parquet_file_with_a_damaged_footer_is_refused_in_our_words():
    content = parquet(user=["a", "b"], item=[1, 2])
    began = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    sentences = set()
    for place in range(began, len(content) - 8):
        damaged = content[:place] + b"\x7f" + content[place + 1 :]
        try:
            open_table(damaged, "a.parquet", Limits(bytes=10**6, rows=10**6))
        except DataError as error:
            sentences.add(str(error))
    assert any("a Parquet footer that cannot be read: it may be cut short or damaged" in one for one in sentences)
    assert not any("Exception" in one or "thrift" in one for one in sentences)


def test_a_parquet_file_with_endless_lists_is_refused_by_its_footer():
    content = parquet(user=[[1] * 100_000] * 3)
    with pytest.raises(DataError, match="holds 300,000 values"):
        open_table(content, "a.parquet", Limits(rows=10))


WIDE = {f"c{i}": 1 for i in range(100)}


@pytest.mark.parametrize(
    "content", [",".join(WIDE).encode() + b"\n" + b"x\n" * 9, json.dumps(WIDE).encode() + b"\n" + b"{}\n" * 9]
)
def test_a_text_file_with_very_many_empty_cells_is_refused(content):
    open_table(content, "a", Limits(rows=80))
    with pytest.raises(DataError, match="holds 1,000 values"):
        open_table(content, "a", Limits(rows=10))


def test_a_zip_with_very_many_files_is_refused_before_its_list_is_read():
    content = zipped(**{f"f{i}_txt": b"" for i in range(1_001)})
    with pytest.raises(DataError, match="more than 1,000 files"):
        open_table(content, "a.zip")


# --- anything at all

cells = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(
    ['"', ",", "\n", "\r", "a,b", "\x00", "12.0"]
)
text_tables = st.lists(st.lists(cells, max_size=4), max_size=6).flatmap(
    lambda rows: st.sampled_from([",", ";", "\t", "|"]).map(lambda mark: "\n".join(mark.join(row) for row in rows))
)
encoded = st.tuples(text_tables, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"])).map(
    lambda pair: pair[0].encode(pair[1])
)
starts = st.sampled_from(
    [b"", b"PAR1", b"\x1f\x8b\x08\x00", b"PK\x03\x04", b"\xff\xfe", b"{", b"[", b"a,b\n", b'{"a":1}\n']
)
ends = st.sampled_from([b"", b"PAR1", b"}", b"]", b"\n"])
anything = st.tuples(starts, st.binary(max_size=200), ends).map(b"".join) | encoded
whole = parquet(user=[1, 2], item=["a", None], rating=[1.5, None])
packed = [whole, gzip.compress(CSV), zipped(a_csv=CSV), b'[{"a": 1}, {"b": [2]}]', CSV.decode().encode("utf-16")]
damaged = st.tuples(st.sampled_from(packed), st.integers(0, 2**16), st.binary(min_size=1, max_size=8)).map(
    lambda made: made[0][: made[1] % len(made[0])] + made[2] + made[0][made[1] % len(made[0]) + len(made[2]) :]
)


@settings(max_examples=400, deadline=None)
@given(content=anything | damaged, limits=st.sampled_from([NO_LIMITS, Limits(bytes=2**20, rows=1000)]))
def test_any_bytes_give_a_table_or_a_data_error(content, limits):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data"
        path.write_bytes(content)
        assert outcome(path, limits) == outcome(content, limits)


def outcome(source: bytes | Path, limits: Limits) -> type:
    try:
        table = read_table(source, "data", limits)
    except DataError:
        return DataError
    assert table.height > 0
    return pl.DataFrame


letters = st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.sampled_from("\n\t\"',;")


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(
        st.tuples(*[st.text(letters, min_size=1, max_size=8)] * 2),
        min_size=1,
        max_size=8,
    )
)
def test_any_quoted_csv_comes_back_as_it_was(rows):
    frame = pl.DataFrame(rows, schema={"user": pl.String, "item": pl.String}, orient="row")
    content = frame.write_csv(quote_style="always").encode()
    assert read_table(content, "data").equals(frame)


@pytest.mark.parametrize("stored_as", [False, True], ids=["text", "categories"])
def test_a_parquet_file_that_repeats_a_long_text_is_refused_before_it_is_decoded(stored_as):
    """Some kB, whose footer tells of one text, and whose column holds it two million times."""
    rows = pa.array(np.zeros(2_000_000, dtype=np.int32))
    texts = pa.DictionaryArray.from_arrays(rows, pa.array(["4" + " " * 20_000]))
    out = io.BytesIO()
    pq.write_table(pa.table({"user": rows, "rating": texts}), out, store_schema=stored_as, compression="zstd")
    assert len(out.getvalue()) < 100_000
    with pytest.raises(DataError, match="the limit here is 50,000,000"):
        open_table(out.getvalue(), "a.parquet", Limits(bytes=50_000_000, rows=2_000_000))


def test_a_parquet_file_with_categories_of_numbers_and_of_short_texts_is_read():
    codes = pa.array([0, 1, 0], pa.int32())
    columns = {
        name: pa.DictionaryArray.from_arrays(codes, pa.array(of)) for name, of in (("n", [7, 8]), ("t", ["a", "b"]))
    }
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    assert open_table(out.getvalue(), "a.parquet", Limits(bytes=10_000, rows=3)).columns == ["n", "t"]
