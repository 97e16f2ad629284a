"""CSV and JSON: odd encodings, sizes without end, numbers that are none, and what wants to be run."""

import codecs
import json
import pickle
from collections.abc import Iterator

from tests.uploads.cases import LISTS, case

HEADER = b"user,item,rating\n"
CSV = HEADER + b"1,10,5\n1,20,4\n2,10,3\n"
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1", "\r=1+1", '=HYPERLINK("http://x.example")', "=cmd|' /C calc'!A0")
MARKUP = ("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "**b** :red[r] $x$ ![](http://x.example/p.png)")
LETTERS = (
    "\u202ecod.exe",
    "\u200b\u200b",
    "\ufeff",
    "\ufdfa" * 300,
    "Z\u0351\u0321" * 300,
    "\U0001f469\u200d" * 99,
    "ß" * 99,
)
PATTERNS = ("(" * 300, "[[[[", "(a+)+$", "\\p{L}{1000}", "(?:" * 99, "a" * 299 + "!", "()" * 150, "[(][)]" * 50)
NUMBERS = (
    "NaN",
    "inf",
    "-inf",
    "1e309",
    "9" * 400,
    "-9223372036854775809",
    "18446744073709551616",
    "0x10",
    "1_000",
    "١٢",
)


def rows(*values: str) -> bytes:
    """A CSV whose titles and users are these."""
    quoted = ['"' + value.replace('"', '""') + '"' for value in values]
    return ("user,title,year,rating\n" + "".join(f"{one},{one},{one},{one}\n" for one in quoted)).encode(
        "utf-8", "surrogatepass"
    )


def records(*values: object) -> bytes:
    return b"".join(json.dumps({"user": one, "item": one, "rating": one}).encode() + b"\n" for one in values)


@case("encoding")
def encodings() -> Iterator:
    text = "user,title\n1,Amélie\n1,Дом\n".replace("Дом", "Ça")
    for name in ("latin-1", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037", "shift-jis", "utf-8-sig"):
        yield name, text.encode(name, "ignore")
    yield "two byte order marks", codecs.BOM_UTF8 * 2 + CSV
    yield "a byte order mark alone", codecs.BOM_UTF8
    yield "a UTF-16 mark alone", codecs.BOM_UTF16_LE
    yield "UTF-16 with half a letter", "user,item\n1,2\n".encode("utf-16")[:-1]
    yield (
        "UTF-16 of lone surrogates",
        codecs.BOM_UTF16_LE + "user,title\n1,\ud800\n".encode("utf-16-le", "surrogatepass"),
    )
    yield "UTF-8 and Latin-1 in one file", "user,title\n1,Amélie\n".encode() + "1,Amélie\n".encode("latin-1")
    yield "overlong UTF-8", b"user,title\n1,\xc0\xaf\xe0\x80\xaf\n"
    yield "surrogates in UTF-8", rows("\ud800", "\udfff")
    yield "bytes that are no letters", b"user,item\n1,\x81\x8d\x8f\n"
    yield "nul bytes", b"user,item\n1,\x002\n" * 9
    yield "a nul byte far behind", b"user,item\n" + b"1,2\n" * 300_000 + b"\0\n"
    yield "all 256 bytes", bytes(range(256)) * 10
    yield "mixed line ends", b"user,item\r\n1,10\r2,20\n3,30\r\n\n\r\r4,40"
    yield "old Mac line ends", CSV.replace(b"\n", b"\r")
    yield "line separators of Unicode", "user,item\u20281,10\u20292,20\x85".encode()
    yield "control characters", b"user,item\n1,\x01\x02\x03\x1b[31m\n" * 9


@case("size")
def sizes() -> Iterator:
    yield "nothing", b""
    yield "one byte", b"u"
    yield "one line end", b"\n"
    yield "a header alone", HEADER
    yield "a million line ends", b"user,item\n" + b"\n" * 10**6
    yield "over the bytes that are allowed", lambda: HEADER + b"1,10,5\n" * (50 * 2**20 // 7)
    yield "over the rows that are allowed", lambda: b"user,item\n" + b"1,2\n" * 2_000_001
    yield "as many rows as are allowed", lambda: b"item\n" + b"10\n" * 1_999_999
    yield "10,000 columns", lambda: b",".join(b"c%d" % n for n in range(10_000)) + b"\n" + b"1," * 9_999 + b"1\n"
    yield (
        "900 columns of 100,000 rows",
        lambda: b",".join(b"c%d" % n for n in range(900)) + (b"\n" + b"," * 899) * 50_000,
    )
    yield "one cell of a million letters", b"user,title\n1," + b"x" * 10**6 + b"\n2,Alien\n"
    yield "a user of a million letters", b"user,title\n" + b"x" * 10**6 + b",Alien\n"
    yield "one cell of forty megabytes", lambda: b'user,title\n1,"' + b"x,\n" * (14 * 10**6) + b'"\n'
    yield "a column's name of a million letters", b"user,title," + b"x" * 10**6 + b"\n1,Alien,\n"
    yield "a column's name of 100,000 letters", b"user,title," + b"x" * 10**5 + b"\n1,Alien,\n"
    yield "a header without an end", b"x" * (3 * 2**20)
    yield "separators only", b"," * 900 + b"\n" + b"," * 900
    yield "two columns of one name", b"item,item,user,user\n10,20,1,2\n"
    yield "columns without a name", b",,\n1,2,3\n"
    yield "more values than columns", b"user,item\n1,2,3,4,5\n"
    yield "fewer values than columns", b"user,item,rating\n1\n2,10\n"
    yield "a quote that never ends", b'user,item\n1,"10\n' + b"2,20\n" * 1000
    yield "quotes only", b'"' * 100_001
    yield "200,000 people", lambda: b"user,item\n" + b"".join(b"%d,10\n" % n for n in range(200_000))
    yield (
        "300,000 titles that are all new",
        lambda: b"title\n" + b"".join(b"The Film %d of It\n" % n for n in range(300_000)),
    )
    yield (
        "100,000 titles that begin alike",
        lambda: b"title\n" + b"".join(b"The Amber %x\n" % (n * n) for n in range(100_000)),
    )


@case("cells")
def cells() -> Iterator:
    yield "formulas", rows(*FORMULAS, "Alien")
    yield "markup", rows(*MARKUP, "Alien")
    yield "letters that hide", rows(*LETTERS, "Alien")
    yield "patterns", rows(*PATTERNS, "Alien")
    yield "numbers that are none", rows(*NUMBERS, "Alien")
    yield "numbers that are none, as ids", b"user,item,rating\n" + "".join(f"{n},{n},{n}\n" for n in NUMBERS).encode()
    yield "commands", rows("$(id)", "`id`", "%s%n", "{{7*7}}", "${7*7}", "'; DROP TABLE items; --", "../../etc/passwd")
    for one in (*FORMULAS[:3], *MARKUP[:2], LETTERS[0]):
        yield f"columns called {one!a}", f"user,item,{one}\n1,10,1\n".encode()
        yield f"only columns called {one!a}", f"{one},{one}x\n1,10\n".encode()
    yield "years without end", b"title,year\nAlien,99999999999999999999\nAlien,-1\nAlien,0\nAlien,1979.5\nAlien,NaN\n"
    yield "ids of blanks", b"user,item\n ,10\n\xc2\xa0,20\n\t,30\n"
    yield "decimal commas", b"user;item;rating\n1;10;4,5\n1;20;1.000,5\n"
    yield "a line for Excel", b"sep=,\n" + CSV


@case("json", "ratings.json")
def jsons() -> Iterator:
    yield "100,000 brackets", b"[" * 100_000
    yield "100,000 braces", b'{"a":' * 100_000
    yield "a deep cell", b'{"user": 1, "item": ' + b"[" * 50_000 + b"]" * 50_000 + b"}\n" + records(1)
    yield "a deep cell later", records(*range(2_000)) + b'{"user": 1, "item": ' + b"[" * 50_000 + b"]" * 50_000 + b"}\n"
    yield "a deep array of records", b"[" + records(1).strip() + b', {"user": ' + b"[" * 9_000 + b"]" * 9_000 + b"}]"
    yield "5,000 keys", json.dumps({f"k{n}": n for n in range(5_000)}).encode()
    yield "other keys in each record", b"".join(json.dumps({f"k{n}": n}).encode() + b"\n" for n in range(3_000))
    yield "a key twice", b'{"item": 10, "item": 20, "user": 1}\n'
    yield "NaN and Infinity", b'{"user": NaN, "item": Infinity, "rating": -Infinity}\n'
    yield "a number of 100,000 digits", b'{"user": 1, "item": ' + b"9" * 100_000 + b"}\n"
    yield "numbers beyond any", records(2**63, 2**64, -(2**63) - 1, 10**400, 1e308)
    yield "kinds that change", records(1, "a", None, True, 1.5, [1], {"a": 1})
    yield "lone surrogates", b'{"user": "\\ud800", "item": "\\udfff\\ud800"}\n'
    yield "nul letters", b'{"user": "\\u0000", "item": "a\\u0000b"}\n'
    yield "bad escapes", b'{"user": "\\x41", "item": "\\u00"}\n'
    yield "an array of arrays", b"[[1, 10], [2, 20]]"
    yield "one object of arrays", b'{"user": [1, 2], "item": [10, 20]}'
    yield "records without a line end", records(*range(5_000)).replace(b"\n", b"")
    yield "cut off", records(*range(50))[:-9]
    yield "an array cut off", json.dumps([{"user": n, "item": n} for n in range(50)]).encode()[:-9]
    yield "text behind an array", b'[{"user": 1, "item": 10}] and more'
    yield "comments", b'// hello\n{"user": 1, "item": 10}\n'
    yield "one text of forty megabytes", lambda: b'{"user": 1, "item": "' + b"x" * (40 * 2**20) + b'"}\n'
    yield "UTF-16", '[{"user": 1, "item": 10}]'.encode("utf-16")
    yield "markup", records(*MARKUP, *FORMULAS, *PATTERNS)
    yield "an array of a million braces", lambda: b"[" + b"{}," * 10**6 + b"{}]"
    yield "an empty object", b"{}"
    yield "an empty array", b"[]"
    yield "null", b"null"


@case("another kind")
def foreign() -> Iterator:
    yield "a pickle", pickle.dumps({"user": [1], "item": [10]})
    yield "a pickle that would run", b"cos\nsystem\n(S'exit 1'\ntR."
    yield "a program", b"\x7fELF\x02\x01\x01" + bytes(200)
    yield "a PDF", b"%PDF-1.7\n" + bytes(50)
    yield "a web page", b"<!DOCTYPE html><html><script>alert(1)</script></html>"
    yield "XML with entities", b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
    yield "an old Office document", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)
    yield "SQLite", b"SQLite format 3\0" + bytes(100)
    yield "Arrow", b"ARROW1\0\0" + bytes(100)
    yield "NumPy", b"\x93NUMPY\x01\0v\0{'descr': '|O', 'fortran_order': False, 'shape': (1,)}"
    yield "HDF5", b"\x89HDF\r\n\x1a\n" + bytes(100)
    yield "bzip2", b"BZh91AY&SY" + bytes(50)
    yield "Zstandard", b"(\xb5/\xfd" + bytes(50)
    yield "a shell script", b"#!/bin/sh\nrm -rf /\n"
    yield "random letters", bytes((n * 7919 + n // 3) % 95 + 32 for n in range(5_000))
    for name in (
        "../../etc/passwd",
        "<script>.csv",
        "x" * 300 + ".csv",
        "\u202evsc.gnp",
        "=1+1.csv",
        "",
        "a\0b.csv",
        ".csv",
    ):
        yield f"a file called {ascii(name)[:30]}", b"a,b\n1,2\n", name


@case("lists", "lists.csv", LISTS)
def lists() -> Iterator:
    head = b"user_id,item_id,rank\n"
    for about, row in {
        "a rank of NaN": b"1,10,NaN\n",
        "a rank without end": b"1,10,1e308\n",
        "a rank below nothing": b"1,10,-1\n",
        "a rank in words": b"1,10,first\n",
        "half a rank": b"1,10,1.5\n",
        "a rank of a billion": b"1,10,1000000000\n",
        "a formula": b"=1+1,@SUM(A1),1\n",
        "markup": b"<script>alert(1)</script>,<b>,1\n",
        "a user of a million letters": b"x" * 10**6 + b",10,1\n",
    }.items():
        yield about, head + row
    yield "no rank at all", b"user_id,item_id\n1,10\n1,20\n"
    yield "two million rows of one user", lambda: b"user,item\n" + b"1,10\n" * 1_999_999
    yield "no columns that it needs", b"a,b\n1,2\n"
    yield "JSON", records(*NUMBERS, *MARKUP), "lists.jsonl"
