"""Files that hypothesis makes up: tables of odd cells in every form, good files that were damaged, and mere noise."""

import csv
import gzip
import io
import json
from collections.abc import Callable

import polars as pl
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.uploads.archives import CSV, FILM, packed
from tests.uploads.cases import HISTORY, LISTS, PICTURE, Case
from tests.uploads.texts import FORMULAS, LETTERS, MARKUP, NUMBERS, PATTERNS

NAMES = ("user", "userId", "item", "movieId", "title", "year", "rating", "rank", "Letterboxd URI", "Name", "Const")
ODD = (*FORMULAS, *MARKUP, *LETTERS, *PATTERNS, *NUMBERS)
MORE = 1.8  # hypothesis draws some of them again
MAGIC = (
    b"",
    b"PAR1",
    b"PK\3\4",
    b"\x1f\x8b\x08",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"{",
    b"[",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
)
cells = st.one_of(st.sampled_from(("10", "20", "Alien", "1979", "5", "")), st.sampled_from(ODD), st.text(max_size=30))
columns = st.lists(st.one_of(st.sampled_from(NAMES), st.text(max_size=12)), min_size=1, max_size=6)


def as_text(names: list[str], rows: list[list[str]], separator: str) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows([names, *rows])
    return out.getvalue().encode("utf-8", "surrogatepass")


def as_records(names: list[str], rows: list[list[str]], _: str) -> bytes:
    return "\n".join(json.dumps(dict(zip(names, row, strict=False))) for row in rows).encode()


def as_array(names: list[str], rows: list[list[str]], _: str) -> bytes:
    return json.dumps([dict(zip(names, row, strict=False)) for row in rows]).encode()


def as_parquet(names: list[str], rows: list[list[str]], _: str) -> bytes:
    clean = [[value.encode("utf-8", "replace").decode() for value in row] for row in rows]
    wide = dict.fromkeys(name.encode("utf-8", "replace").decode() for name in names)
    out = io.BytesIO()
    pl.DataFrame({name: [row[at] for row in clean] for at, name in enumerate(wide)}).write_parquet(out)
    return out.getvalue()


WRITERS: dict[str, Callable[[list[str], list[list[str]], str], bytes]] = {
    "csv": as_text, "jsonl": as_records, "json": as_array, "parquet": as_parquet,
}  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, bytes]:
    """A name and the content of a table, perhaps packed, perhaps in another encoding."""
    names = draw(columns)
    rows = draw(st.lists(st.lists(cells, min_size=len(names), max_size=len(names)), max_size=8))
    form = draw(st.sampled_from(sorted(WRITERS)))
    content, name = WRITERS[form](names, rows, draw(st.sampled_from(",\t;|"))), f"made-up.{form}"
    if form == "csv" and draw(st.booleans()):
        encoding = draw(st.sampled_from(("utf-16", "latin-1", "utf-8-sig", "cp1252")))
        content = content.decode("utf-8", "replace").encode(encoding, "replace")
    wrapped = draw(st.sampled_from(("", "", "gz", "zip")))
    if wrapped == "gz":
        return name + ".gz", gzip.compress(content)
    return (name + ".zip", packed({name: content})) if wrapped else (name, content)


def good_files() -> list[tuple[str, bytes]]:
    rows = [[str(user), str(item), str(1 + (user * item) % 5)] for user in range(9) for item in range(10, 30)]
    made = [(f"good.{form}", write(["user", "item", "rating"], rows, ",")) for form, write in sorted(WRITERS.items())]
    archive = packed({"watched.csv": FILM.encode(), "ratings.csv": FILM.encode()})
    return [*made, ("good.csv.gz", gzip.compress(CSV * 50)), ("good.zip", packed({"a.csv": CSV})), ("all.zip", archive)]


GOOD = good_files()


@st.composite
def damaged(draw: st.DrawFn, good: list[tuple[str, bytes]] = GOOD) -> tuple[str, bytes]:
    """A good file in which bytes were changed, lost, repeated, or came from another one."""
    name, content = draw(st.sampled_from(good))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        until = at + draw(st.sampled_from((1, 1, 4, 64, 4096)))
        how = draw(st.sampled_from(("change", "lose", "repeat", "cut", "insert", "splice")))
        middle = content[at:until]
        if how == "change":
            put = draw(st.binary(min_size=1, max_size=8))
        elif how == "insert":
            put = draw(st.binary(max_size=40)) + middle
        elif how == "splice":
            put = draw(st.sampled_from(good))[1][at:until]
        else:
            put = middle * 3 if how == "repeat" else b""
        content = content[:at] + put + (b"" if how == "cut" else content[until:])
    return name, content


noise = st.builds(lambda magic, rest: ("noise.csv", magic + rest), st.sampled_from(MAGIC), st.binary(max_size=300))
FILES = {
    "made-up table": (tables(), HISTORY),
    "damaged file": (damaged(), HISTORY),
    "noise": (noise, HISTORY),
    "made-up lists": (tables(), LISTS),
}


def generated(n: int, start: int = 0) -> list[Case]:
    """So many cases, the same for the same start."""
    from tests.uploads.pictures import good_pictures

    files = FILES | {"damaged picture": (damaged(good_pictures()), PICTURE)}
    shares = {"made-up table": 0.4, "damaged file": 0.35, "noise": 0.05, "made-up lists": 0.1, "damaged picture": 0.1}
    found: list[Case] = []
    for kind, (strategy, route) in files.items():
        found += _drawn(kind, strategy, route, round(n * shares[kind]), start)
    return found


def _drawn(kind: str, strategy: st.SearchStrategy, route: str, n: int, start: int) -> list[Case]:
    cases: list[Case] = []
    seen: set[bytes] = set()

    @seed(start)
    @settings(
        max_examples=round(n * MORE),
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(file: tuple[str, bytes]) -> None:
        name, content = file
        if content in seen:
            return
        seen.add(content)
        cases.append(Case(kind, f"number {len(cases) + 1}", lambda: content, name, route))

    draw()
    return cases[:n]
