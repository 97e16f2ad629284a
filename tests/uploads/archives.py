"""gzip and zip: bombs, lies, paths that lead elsewhere, and what only looks like an archive."""

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator

from tests.uploads.cases import case

CSV = b"user,item,rating\n1,10,5\n1,20,4\n2,10,3\n"
ROWS = b"1,10,5\n" * 150_000  # a megabyte
FILM = "Date,Name,Year,Letterboxd URI,Rating\n2024-01-01,Alien,1979,https://boxd.it/a,4.5\n"


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def inflating(megabytes: int, wbits: int) -> bytes:
    """A CSV of that size, deflated."""
    squeeze = zlib.compressobj(1, zlib.DEFLATED, wbits)
    return b"".join([squeeze.compress(b"user,item,rating\n" + ROWS), *map(squeeze.compress, [ROWS] * megabytes)]) + (
        squeeze.flush()
    )


def zip_of_raw(deflated: bytes, size: int, name: bytes = b"ratings.csv", entries: int = 1, method: int = 8) -> bytes:
    """One deflated stream, and a list that names it as often as asked, with whatever size."""
    crc = 0
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, method, 0, 0, crc, len(deflated), size, len(name), 0) + name
    body = local + deflated
    central = b"".join(
        struct.pack(
            "<4s6H3I5H2I",
            *(b"PK\1\2", 20, 20, 0, method, 0, 0, crc, len(deflated), size, len(name) + 4, 0, 0, 0, 0, 0, 0),
        )
        + b"%04d" % number
        + name
        for number in range(entries)
    )
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, entries, entries, len(central), len(body), 0)
    return body + central + end


def nested(levels: int) -> bytes:
    content, name = CSV, "ratings.csv"
    for level in range(levels):
        content, name = packed({name: content}), f"{level}.zip"
    return content


def with_mode(mode: int, target: bytes) -> bytes:
    """An entry with a file mode, such as that of a symbolic link."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        entry = zipfile.ZipInfo("ratings.csv")
        entry.create_system, entry.external_attr = 3, mode << 16
        archive.writestr(entry, target)
    return out.getvalue()


def encrypted() -> bytes:
    content = bytearray(packed({"ratings.csv": CSV}))
    for sign, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(sign) + at] |= 1
    return bytes(content)


@case("gzip", "ratings.csv.gz")
def gzips() -> Iterator:
    good = gzip.compress(CSV)
    yield "a bomb of 80 MB", lambda: inflating(80, 31)
    yield "a bomb of zeros", lambda: gzip.compress(bytes(200 * 2**20), 1)
    yield "ten thousand members", lambda: good * 10_000
    yield "members that are bombs together", lambda: gzip.compress(b"user,item\n" + ROWS) * 60
    yield "cut off", good[:-5]
    yield "cut off after its header", good[:12]
    yield "its magic number only", b"\x1f\x8b"
    yield "a wrong checksum", good[:-8] + bytes(4) + good[-4:]
    yield "a wrong length", good[:-4] + bytes(4)
    yield "another method", good[:2] + b"\x07" + good[3:]
    yield "something behind its end", good + b"user,item\n3,30\n" * 100
    yield "zeros behind its end", good + bytes(10_000)
    yield "a comment of a megabyte", good[:3] + b"\x10" + good[4:10] + b"x" * 10**6 + b"\0" + good[10:]
    yield "gzip in gzip", gzip.compress(good)
    yield "gzip of nothing", gzip.compress(b"")
    yield "named otherwise", good, "ratings.parquet"
    yield "named so, and is none", CSV


@case("zip", "ratings.zip")
def zips() -> Iterator:
    good = packed({"ratings.csv": CSV})
    yield "a bomb of 80 MB", lambda: zip_of_raw(inflating(80, -15), 80 * 2**20)
    yield "a bomb that claims ten bytes", lambda: zip_of_raw(inflating(100, -15), 10)
    yield "a list of 900 that all name one stream", lambda: zip_of_raw(inflating(20, -15), 2**20, entries=900)
    yield "the same, and claims 4 GB each", lambda: zip_of_raw(inflating(20, -15), 2**32 - 1, entries=900)
    yield "5,000 files", lambda: packed({f"{n}.csv": CSV for n in range(5_000)})
    yield "two tables", packed({"a.csv": CSV, "b.csv": CSV})
    yield "five zips in one another", nested(5)
    yield "gzip within", packed({"ratings.csv.gz": gzip.compress(CSV)})
    yield "nothing within", packed({})
    yield "folders only", packed({"a/": b"", "a/b/": b""})
    yield "an empty table", packed({"ratings.csv": b""})
    yield "cut off", good[:-10]
    yield "its list cut off", good[: good.index(b"PK\1\2")]
    yield "its beginning only", b"PK\3\4"
    yield "the end of an empty one, with promises", b"PK\5\6" + b"\xff" * 18
    yield "encrypted", encrypted()
    yield "an unknown method", zip_of_raw(CSV, len(CSV), method=99)
    yield "a wrong checksum", packed({"ratings.csv": CSV}, zipfile.ZIP_STORED).replace(b"1,20,4", b"1,20,5", 1)
    yield "another compression", packed({"ratings.csv": CSV}, zipfile.ZIP_LZMA)
    yield "a symbolic link", with_mode(0o120777, b"/etc/passwd")
    yield "a device", with_mode(0o020666, b"")
    for name in ("../../../etc/cron.d/ratings.csv", "/etc/ratings.csv", "C:\\windows\\ratings.csv", "..\\ratings.csv"):
        yield f"a path: {name}", packed({name: CSV})
    yield "a name of 60,000 letters", packed({"x" * 60_000 + ".csv": CSV})
    yield "a name of markup", packed({"<img src=x onerror=alert(1)>.csv": CSV, "b.csv": CSV})
    yield "a name that runs backwards", packed({"\u202egnp.csv": CSV, "a.csv": CSV})
    yield "a name with a nul byte", packed({"ratings.csv": CSV}).replace(b"ratings.csv", b"rat\0ngs.csv")
    yield "the same name twice", zip_of_raw(zlib.compress(CSV)[2:-4], len(CSV), entries=2)
    yield "an Office document called CSV", packed({"[Content_Types].xml": b"<x/>", "xl/a.xml": b"<x/>"}), "ratings.csv"
    yield "something before it", b"#!/bin/sh\n" + good
    yield "something behind it", good + b"\0" * 5_000


@case("export", "letterboxd.zip")
def letterboxd() -> Iterator:
    film, likes = FILM.encode(), b"Date,Name,Year,Letterboxd URI\n2024-01-01,Alien,1979,https://boxd.it/a\n"
    yield "ratings of no film", packed({"watched.csv": likes, "ratings.csv": b"Date,Name\n"})
    yield "a part that is a bomb", lambda: packed({"watched.csv": likes, "ratings.csv": film + ROWS * 60})
    yield (
        "parts that are a bomb together",
        lambda: packed({"watched.csv": likes + ROWS * 30, "ratings.csv": film * 2**19}),
    )
    yield "a part that is binary", packed({"watched.csv": likes, "ratings.csv": bytes(range(256))})
    yield "a part that is an archive", packed({"watched.csv": likes, "ratings.csv": packed({"ratings.csv": film})})
    yield (
        "parts that are JSON",
        packed({"watched.csv": b'[{"Name": "Alien", "Letterboxd URI": 1}]', "ratings.csv": film}),
    )
    yield "every part empty", packed(dict.fromkeys(("watched.csv", "ratings.csv", "likes/films.csv", "diary.csv"), b""))
    yield (
        "300,000 films",
        lambda: packed(
            {
                "watched.csv": b"Date,Name,Year,Letterboxd URI\n"
                + b"".join(b"2024-01-01,Film %d,1979,x\n" % n for n in range(300_000))
            }
        ),
    )
    yield (
        "hostile cells",
        packed({"watched.csv": b"Date,Name,Year,Letterboxd URI\n9999-99-99,\"=cmd|' /C calc'!A0\",1e309,\n"}),
    )
    for about, row in (("ratings beyond any scale", b",1e308"), ("a rating that is none", b",NaN"), ("no comma", b"")):
        yield about, film.replace(b",4.5", row), "ratings.csv"
    yield "IMDb with odd rows", b"Const,Your Rating,Title,Year\ntt,11,,\n,,,\ntt0078748,-1,Alien,0\n", "ratings.csv"
    yield (
        "Goodreads with odd rows",
        b'Book Id,Title,Exclusive Shelf,My Rating\n="1",,,9\n1,x,<script>,-1\n',
        "books.csv",
    )
    yield "MovieLens without rows", b"movie_id,imdb_id,tmdb_id,rating\n", "movielens.csv"
