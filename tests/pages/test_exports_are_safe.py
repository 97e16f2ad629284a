"""Whatever leaves the app as CSV passes one guard, which no formula gets through."""

import re
from pathlib import Path

import polars as pl
import pytest

from pages.parts.downloads import safe_csv
from tests.uploads.texts import FORMULAS

PAGES = Path(__file__).resolve().parents[2] / "pages"
WRITES = re.compile(r"\.write_csv\(|\.to_csv\(|csv\.writer\(|sink_csv\(")


@pytest.mark.parametrize(
    "text", [*FORMULAS, " =1", "\u200b=1", "\ufeff=1", "\x00=1", "＝1+1", "＠x", "\n=1", "\u202e-1"]
)
def test_a_formula_gets_an_apostrophe_wherever_it_stands(text):
    table = pl.DataFrame({"user": [text], "title": [text], "score": [-1.5]})
    written = pl.read_csv(safe_csv(table), infer_schema=False)
    assert written.row(0) == (f"'{text}", f"'{text}", "-1.5")


@pytest.mark.parametrize("text", ["Alien", "1+1", "a=b", "", "’t", "名探偵", "3-Iron"])
def test_what_is_no_formula_stays_as_it_is(text):
    assert pl.read_csv(safe_csv(pl.DataFrame({"title": [text]})), infer_schema=False).row(0)[0] in (text, None)


def test_no_page_writes_csv_past_the_guard():
    writers = {path.name for path in PAGES.rglob("*.py") if WRITES.search(path.read_text("utf-8"))}
    assert writers == {"downloads.py"}
