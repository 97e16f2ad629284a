"""The page of `make faults` says what failed and what did not run."""

from types import SimpleNamespace

from tests.faults_table import Page

FILE = "tests/test_disks.py"


def _report(test: str, seconds: float, outcome: str) -> SimpleNamespace:
    nodeid = f"{FILE}::test_{test}"
    return SimpleNamespace(nodeid=nodeid, duration=seconds, failed=outcome == "failed", skipped=outcome == "skipped")


def test_a_failure_and_what_was_left_out_stand_in_the_table(tmp_path):
    page = Page(tmp_path / "faults.md")
    page.subjects = {FILE: "Disks that are full."}
    for report in (
        _report("a_full_disk_ends_it[small]", 1.0, "passed"),  # set up
        _report("a_full_disk_ends_it[small]", 2.0, "failed"),
        _report("a_full_disk_ends_it[large]", 0.5, "passed"),
        _report("a_lost_disk_is_told", 0.0, "skipped"),
        _report("a_slow_disk_is_waited_for", 4.0, "passed"),
    ):
        page.pytest_runtest_logreport(report)
    page.pytest_sessionfinish()
    text = (tmp_path / "faults.md").read_text()
    assert "4 tests in 8 s; 1 failed, 1 left out." in text
    assert "## Disks that are full." in text
    assert [line for line in text.splitlines() if line.startswith("| A ")] == [
        "| A full disk ends it | 2 | 1 failed | 3.5 |",
        "| A lost disk is told | 1 | 1 left out | 0.0 |",
        "| A slow disk is waited for | 1 | as it should | 4.0 |",
    ]
