"""Parquet: dictionaries that explode, footers that lie, columns of every type."""

import io
import struct
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

from tests.uploads.cases import LISTS, case

MANY = 1_900_000  # rows


def written(columns: dict[str, object] | pa.Table, **options: object) -> bytes:
    out = io.BytesIO()
    pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), out, **options)
    return out.getvalue()


def repeated(letters: int, rows: int) -> bytes:
    """A long text, once in the file and `rows` times in the table."""
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["x" * letters]))
    return written({"user": pa.array([1] * rows, pa.int32()), "title": texts})


def varint(number: int) -> bytes:
    """As Thrift writes it."""
    number, out = number << 1, b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def lying(content: bytes, told: int, claimed: int) -> bytes:
    """The footer claims another number, which is written as long."""
    start = len(content) - 8 - struct.unpack("<I", content[-8:-4])[0]
    old, new = varint(told), varint(claimed)
    assert len(old) == len(new)
    assert old in content[start:]
    return content[:start] + content[start:-8].replace(old, new) + content[-8:]


def claims_fewer_bytes() -> bytes:
    content = written({"user": [1] * 9, "title": ["x" * 12 * 10**6 + str(n) for n in range(9)]}, use_dictionary=False)
    size = pq.ParquetFile(io.BytesIO(content)).metadata.row_group(0).column(1).total_uncompressed_size
    return lying(content, size, 2 * 10**6)


def claims_more_rows() -> bytes:
    return lying(written({"user": [1] * 200, "item": [10] * 200}), 200, 8_000)


def deep(levels: int) -> bytes:
    array = pa.array([1])
    for _ in range(levels):
        array = pa.StructArray.from_arrays([array], ["a"])
    return written({"user": array, "item": pa.array([10])})


@case("parquet", "ratings.parquet")
def parquets() -> Iterator:
    good = written({"user": [1, 2], "item": [10, 20], "rating": [5.0, 1.0]})
    yield "a text of a megabyte, 1,900,000 times", lambda: repeated(2**20, MANY)
    yield "a text of 100 letters, 1,900,000 times", lambda: repeated(100, MANY)
    yield (
        "over the rows that are allowed",
        lambda: written({"user": pa.array([1] * 2_100_000, pa.int8()), "item": pa.array([1] * 2_100_000, pa.int8())}),
    )
    yield (
        "sixteen columns of 1,900,000 rows",
        lambda: written(
            {f"c{n}": pa.array([1] * MANY, pa.int8()) for n in range(16)} | {"item": pa.array([10] * MANY, pa.int8())}
        ),
    )
    yield (
        "bytes that shrink by much",
        lambda: written({"user": [1] * 90, "title": ["x" * 10**6 + str(n) for n in range(90)]}, compression="zstd"),
    )
    yield "a footer that claims fewer bytes", claims_fewer_bytes
    yield "a footer that claims more rows", claims_more_rows
    yield "10,000 columns", lambda: written({f"c{n}": [1] for n in range(10_000)})
    yield "5,000 row groups", lambda: written({"user": list(range(5_000)), "item": [10] * 5_000}, row_group_size=1)
    yield "structs 60 deep", lambda: deep(60)
    yield "no columns", written(pa.table({}))
    yield "no rows", written({"user": pa.array([], pa.int64()), "item": pa.array([], pa.int64())})
    yield "cut off", good[:-9]
    yield "its beginning only", b"PAR1"
    yield "magic numbers only", b"PAR1PAR1"
    yield "a footer longer than the file", good[:-8] + struct.pack("<I", 2**31) + b"PAR1"
    yield "a footer of no length", good[:-8] + bytes(4) + b"PAR1"
    yield "a footer of zeros", good[:-60] + bytes(52) + good[-8:]
    yield "an encrypted footer", good[:-4] + b"PARE"
    yield "a wrong footer", good[:-30] + good[-8:][::-1] + good[-30:]
    yield "pages of noise", good[:4] + bytes((n * 37) % 256 for n in range(len(good) - 200)) + good[-196:]
    yield "named CSV", good, "ratings.csv"
    yield "CSV named so", b"user,item\n1,2\n"


TYPES: dict[str, Callable[[], pa.Array]] = {
    "lists": lambda: pa.array([[1, 2], [3]]),
    "lists of lists of text": lambda: pa.array([[["a"]], None]),
    "records": lambda: pa.array([{"a": 1}, {"a": None}]),
    "maps": lambda: pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int64())),
    "bytes that are no text": lambda: pa.array([b"\xff\xfe", b"\0"]),
    "texts of markup": lambda: pa.array(["<script>alert(1)</script>", "=1+1"]),
    "decimals": lambda: pa.array([Decimal("1e30"), None], pa.decimal128(38, 0)),
    "unsigned integers": lambda: pa.array([2**64 - 1, 0], pa.uint64()),
    "floats that are none": lambda: pa.array([float("nan"), float("inf")]),
    "half floats": lambda: pa.array([1.5, 2.5], pa.float16()),
    "dates far away": lambda: pa.array([date(9999, 12, 31), date(1, 1, 1)]),
    "moments beyond any": lambda: pa.array([2**63 - 1, -(2**63) + 1], pa.timestamp("us")),
    "moments with a zone": lambda: pa.array([datetime(2020, 1, 1), None], pa.timestamp("ns", "Asia/Kathmandu")),
    "durations": lambda: pa.array([timedelta(days=1), None]),
    "nothing": lambda: pa.nulls(2),
    "booleans": lambda: pa.array([True, None]),
    "categories": lambda: pa.array(["a", None]).dictionary_encode(),
    "fixed bytes": lambda: pa.array([b"12345678", None], pa.binary(8)),
}


@case("parquet types", "ratings.parquet")
def types() -> Iterator:
    for name, make in TYPES.items():
        yield f"items are {name}", lambda make=make: written({"user": [1, 2], "item": make()})
        yield f"users are {name}", lambda make=make: written({"user": make(), "item": [10, 20]})
        yield (
            f"titles and ratings are {name}",
            lambda make=make: written({"title": make(), "rating": make(), "year": make()}),
        )


@case("lists", "lists.parquet", LISTS)
def list_types() -> Iterator:
    for name, make in TYPES.items():
        yield f"all columns are {name}", lambda make=make: written({"user": make(), "item": make(), "rank": make()})
    yield (
        "a text of a megabyte, 1,900,000 times",
        lambda: written(
            {
                "user": pa.array([1] * MANY, pa.int8()),
                "item": pa.DictionaryArray.from_arrays(pa.array([0] * MANY, pa.int8()), pa.array(["x" * 2**20])),
            }
        ),
    )
