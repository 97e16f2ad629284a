"""Eighty hostile uploads, each the whole way; `make hostile` sends two thousand."""

import tempfile
from pathlib import Path

import pytest

from tests.pages.conftest import App
from tests.uploads.cases import HISTORY, Case, all_cases
from tests.uploads.generated import generated
from tests.uploads.run import Peak, run, table
from tests.uploads.send import BOUNDED, READ, REFUSED, WRONG, Outcome, send
from zoo import limited
from zoo.dataset import Dataset
from zoo.errors import DataError
from zoo.reading import Bounds

EACH = 8  # of the handmade cases: every eighth
SLOW = ("300,000 titles", "100,000 titles", "300,000 films", "1,900,000", "two million", "as many rows", "WebP of")
BOUNDS = Bounds(bytes=4 * 2**20, rows=50_000, people=500, seconds=30, memory=2**29)


@pytest.fixture(scope="module")
def tiny(tiny_zoo: Path) -> Dataset:
    return Dataset(tiny_zoo / "tiny")


def some() -> list[Case]:
    quick = [case for case in all_cases() if not any(word in case.about for word in SLOW)]
    return quick[::EACH] + generated(36)


def test_each_ends_in_a_report_or_a_sentence_and_within_its_memory(tiny: Dataset):
    peak = Peak()
    with peak.watched():
        ended = run(some(), tiny, BOUNDS)
    assert [(str(case), outcome.sentence) for case, outcome in ended if outcome.end == WRONG] == []
    assert {READ, REFUSED} <= {outcome.end for _, outcome in ended}
    assert 0 < peak.bytes <= BOUNDS.memory


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (DataError("ratings.csv is empty. Bring a file with a header and rows."), REFUSED),
        (limited.OutOfBounds("Reading ratings.csv took longer than 3 seconds, the limit here.", "time"), BOUNDED),
        (limited.OutOfBounds("Reading ratings.csv could not be finished.", "fault"), WRONG),
        (limited.OutOfBounds("Reading ratings.csv could not be finished.", "died"), WRONG),
        (limited.Busy("Reading ratings.csv has to wait. Try again in a minute."), WRONG),
        (DataError("ValueError: 12"), WRONG),
        (DataError("ratings.csv is \x00 odd, and nobody knows why."), WRONG),
        (DataError("ratings.csv is odd"), WRONG),
        (DataError("x" * 900 + "."), WRONG),
        (KeyError("user"), WRONG),
        (DataError(f"{limited.CHECKOUT}/zoo is not there. Give another path."), WRONG),
        (DataError(f"{tempfile.gettempdir()}/a.csv is not there. Give another path."), WRONG),
    ],
)
def test_what_counts_as_wrong(error, end, tiny, monkeypatch):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr("tests.uploads.send.read_history", fails)
    assert send(Case("kind", "about", lambda: b"user,item\n"), tiny, BOUNDS).end == end


def test_the_table_counts_every_end():
    ends = [(READ, 0.1), (REFUSED, 2.5), (WRONG, 1.0), (BOUNDED, 0.0)]
    case = Case("zip", "a bomb", bytes)
    lines = table([(case, Outcome(end, "", seconds)) for end, seconds in ends]).splitlines()
    assert lines[2] == "| zip | 4 | 1 | 1 | 1 | 1 | 2.5 s |"
    assert lines[-1] == "| **all** | 4 | 1 | 1 | 1 | 1 | 2.5 s |"


def test_the_page_shows_one_sentence_or_a_report_and_no_fault(tiny_zoo: Path, monkeypatch):
    monkeypatch.setenv("MENAGERIE_ZOO", str(tiny_zoo))
    monkeypatch.setenv("MENAGERIE_UPLOAD_BYTES", str(4 * 2**20))
    app = App(tiny_zoo).open("data/bring")
    cases = [case for case in some() if case.route == HISTORY and case.name.endswith((".csv", ".zip", ".gz", ".json"))]
    for case in cases[::9]:
        app.at.file_uploader[0].upload(case.name, case.content)
        app.run()
        reported = "rows matched" in app.words.replace("\\", "")
        assert len(app.at.error) == 1 or reported, str(case)
        assert "<script>" not in app.words, str(case)
        assert "<img" not in app.words, str(case)
