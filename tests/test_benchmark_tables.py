"""What a benchmark writes: tables of one run each, sections of one page, figures that parse."""

import json
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pytest

import benchmarks.harness.figure
import benchmarks.harness.table
from benchmarks.harness.figure import loglog
from benchmarks.harness.process import Failed, run
from benchmarks.harness.table import Table, shown, with_section


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    """Nothing is written into the checkout."""
    monkeypatch.setattr(benchmarks.harness.table, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(benchmarks.harness.table, "PAGE", tmp_path / "benchmarks.md")
    monkeypatch.setattr(benchmarks.harness.figure, "PAGE", tmp_path / "benchmarks.md")
    return tmp_path


def test_a_section_is_replaced_and_what_surrounds_it_stays():
    page = "# Page\n\n<!-- a -->\nold\n<!-- end of a -->\n\nwords\n"
    assert with_section(page, "a", "new") == "# Page\n\n<!-- a -->\nnew\n<!-- end of a -->\n\nwords\n"
    assert with_section("# Page\n", "b", "new") == "# Page\n\n<!-- b -->\nnew\n<!-- end of b -->\n"


@pytest.mark.parametrize(
    ("value", "words"), [(None, ""), (0.001234, "0.00123"), (12345.6, "12,346"), (7, "7"), ("x", "x"), (1.0, "1")]
)
def test_a_number_has_three_figures(value, words):
    assert shown(value) == words


def test_a_table_is_written_as_json_and_as_a_section_and_replaces_what_another_run_wrote(elsewhere):
    Table("t", "Title", "make t", ["who", "seconds"], [{"who": "before", "seconds": 9.0}]).write()
    rows = [{"who": "ours", "seconds": 2.0}, {"who": "theirs", "seconds": 4.0}]
    Table("t", "Title", "make t", ["who", "seconds"], rows, ["A note."]).write()
    content = json.loads((elsewhere / "results" / "t.json").read_text())
    assert content["rows"] == rows
    assert {"processor", "threads", "torch"} <= content["machine"].keys()
    page = (elsewhere / "benchmarks.md").read_text()
    assert "| who | seconds |\n| --- | ---: |\n| ours | 2 |\n| theirs | 4 |" in page
    assert page.count("## Title") == 1
    assert "before" not in page
    assert page.rstrip().endswith("- A note.\n<!-- end of t -->")


def test_equal_ratios_are_equal_distances_on_a_logarithmic_axis(elsewhere):
    file = loglog("x", "items", "seconds", {"a <b>": [(10, 1.0), (100, 10.0), (1000, 100.0)], "c": [(10, 100.0)]})
    root = ElementTree.fromstring((elsewhere / file).read_text())
    (path,) = (
        node.get("d") for node in root.iter() if node.get("stroke-width") == "2" and node.get("d").count("L") == 2
    )
    places = [tuple(map(float, point.split())) for point in path[1:].split("L")]
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(places)]
    assert steps[0] == pytest.approx(steps[1], abs=0.2)
    assert steps[0][0] > 0 > steps[0][1]  # to the right and up
    assert "a <b>" in [node.text for node in root.iter()]


def test_a_script_answers_with_its_last_line(tmp_path):
    script = tmp_path / "work.py"
    script.write_text("import os\nprint('words')\nprint('{\"threads\": ' + os.environ['OMP_NUM_THREADS'] + '}')\n")
    assert run(script, threads=3) == {"threads": 3}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise ValueError('no such thing')", "status 1: ValueError: no such thing"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended by signal 9"),
        ("pass", "status 0: no word"),
        ("import time; time.sleep(60)", "stopped after 1 s"),
    ],
)
def test_a_script_that_gives_no_answer_says_why(tmp_path, code, words):
    (tmp_path / "work.py").write_text(code)
    with pytest.raises(Failed, match=words):
        run(tmp_path / "work.py", seconds=1 if "sleep" in code else 60)
