"""What `make faults` found, as a page: python -m pytest -m faults -p tests.faults_table --write docs/faults.md"""

from collections import defaultdict
from pathlib import Path

import pytest

HEAD = """# Faults

Written by `make faults`, which fails where one of these tests does. In each, something is killed, full, gone or broken
in the middle of the work, in real processes and on a real small disk; only the GPU is simulated, where the runtime
meets it. What is tested is what the visitor reads, what others notice, and what is left behind.
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write", type=Path, required=True, help="the page")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Page(config.getoption("--write")))


class Page:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.subjects: dict[str, str] = {}  # file -> what its first line says
        self.seconds: dict[str, float] = defaultdict(float)
        self.failed: set[str] = set()
        self.left_out: set[str] = set()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            self.subjects[_file(item.nodeid)] = (item.module.__doc__ or "").strip().splitlines()[0]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] += report.duration
        if report.failed:
            self.failed.add(report.nodeid)
        if report.skipped:
            self.left_out.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        if self.seconds:
            self.path.write_text(self.text(), "utf-8")

    def text(self) -> str:
        n, seconds = len(self.seconds), sum(self.seconds.values())
        bad = f"{len(self.failed)} failed, {len(self.left_out)} left out"
        lines = [HEAD, f"{n} tests in {seconds:.0f} s; {bad}."]
        for file, subject in self.subjects.items():
            lines += [
                "",
                f"## {subject}",
                "",
                f"`{file}`",
                "",
                "| what happens | cases | outcome | seconds |",
                "|---|--:|---|--:|",
            ]
            cases: dict[str, list[str]] = defaultdict(list)
            for nodeid in self.seconds:
                if _file(nodeid) == file:
                    cases[_sentence(nodeid)].append(nodeid)
            lines += [self.line(sentence, nodeids) for sentence, nodeids in cases.items()]
        return "\n".join(lines) + "\n"

    def line(self, sentence: str, nodeids: list[str]) -> str:
        failed, left_out = (len(group.intersection(nodeids)) for group in (self.failed, self.left_out))
        words = [f"{failed} failed"] * bool(failed) + [f"{left_out} left out"] * bool(left_out)
        seconds = sum(self.seconds[nodeid] for nodeid in nodeids)
        return f"| {sentence} | {len(nodeids)} | {', '.join(words) or 'as it should'} | {seconds:.1f} |"


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def _sentence(nodeid: str) -> str:
    words = nodeid.rpartition("::")[2].partition("[")[0].removeprefix("test_").replace("_", " ")
    return words[:1].upper() + words[1:]
