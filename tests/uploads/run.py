"""Thousands of hostile uploads, each the whole way through its process; the table goes to docs/hostile.md.

    python -m tests.uploads.run --n 2000 --write docs/hostile.md          or: make hostile

Every handmade case (tests/uploads/cases.py) and as many of those that hypothesis makes up. Each must end in a report
or in one clear sentence; no process may hold more than its limit, and nothing may be left in the folder for temporary
files.
"""

import argparse
import os
import platform
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from tests.uploads.cases import Case, all_cases
from tests.uploads.generated import generated
from tests.uploads.send import BOUNDED, READ, REFUSED, WRONG, Outcome, send
from zoo.dataset import Dataset
from zoo.reading import Bounds

OFTEN = 0.05  # seconds between two looks at the memory of the processes


@dataclass
class Row:
    """What became of the cases of one kind."""

    ends: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    longest: float = 0.0

    def add(self, outcome: Outcome) -> None:
        self.ends[outcome.end] += 1
        self.longest = max(self.longest, outcome.seconds)


class Peak:
    """The most that any process of ours held, looked at from outside, in bytes."""

    def __init__(self) -> None:
        self.bytes = 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        ended = threading.Event()
        looking = threading.Thread(target=self._look, args=(ended,), daemon=True)
        looking.start()
        try:
            yield
        finally:
            ended.set()
            looking.join()

    def _look(self, ended: threading.Event) -> None:
        while not ended.wait(OFTEN):
            for children in Path("/proc/self/task").glob("*/children"):
                with suppress(OSError):
                    for process in children.read_text().split():
                        self._look_at(process)

    def _look_at(self, process: str) -> None:
        with suppress(OSError, KeyError, ValueError):  # it may be gone, or no more than begun
            if b"zoo.limited" in Path(f"/proc/{process}/cmdline").read_bytes():
                facts = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
                self.bytes = max(self.bytes, int(facts["VmHWM"].split()[0]) * 1024)


def run(cases: Iterable[Case], dataset: Dataset, bounds: Bounds, at_once: int = 2) -> list[tuple[Case, Outcome]]:
    def one(case: Case) -> tuple[Case, Outcome]:
        outcome = send(case, dataset, bounds)
        case.__dict__.pop("content", None)  # bombs are made when their turn comes, and do not stay
        return case, outcome

    with ThreadPoolExecutor(at_once) as workers:
        return list(workers.map(one, cases))


def table(ended: list[tuple[Case, Outcome]]) -> str:
    rows: dict[str, Row] = defaultdict(Row)
    for case, outcome in ended:
        rows[case.kind].add(outcome)
        rows["**all**"].add(outcome)
    rows["**all**"] = rows.pop("**all**")
    lines = ["| kind | uploads | read | refused | stopped by a limit | anything else | longest |", "|---|" + "--:|" * 6]
    for kind, row in rows.items():
        counts = [sum(row.ends.values()), *(row.ends[end] for end in (READ, REFUSED, BOUNDED, WRONG))]
        lines.append(f"| {kind} | " + " | ".join(f"{count:,}" for count in counts) + f" | {row.longest:.1f} s |")
    return "\n".join(lines)


def report(ended: list[tuple[Case, Outcome]], bounds: Bounds, peak: int, seconds: float, left: list[str]) -> str:
    memory = f"{peak / 2**20:,.0f} MB" if peak else "not known on this system"
    return f"""# Hostile uploads

Written by `make hostile`, which fails where the column “anything else” is not 0, where a process held more than its
limit, or where a file was left behind.

{len(ended):,} uploads, {len(all_cases()):,} of them made by hand and the others by hypothesis, each through the
process that reads uploads, with its limits: {bounds.bytes / 2**20:,.0f} MB and {bounds.rows:,} rows a file,
{bounds.seconds:g} s, {bounds.memory / 2**20:,.0f} MB of memory. Those that are *read* end in a report, the others in
one sentence.

{table(ended)}

The most that a process held: {memory}. Files left in the folder for temporary files: {len(left)}. All of it took
{seconds / 60:.0f} minutes on {platform.machine()}, Python {platform.python_version()}, two at a time.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=2000, help="uploads altogether")
    parser.add_argument("--start", type=int, default=0, help="another number: other files of hypothesis")
    parser.add_argument("--zoo", type=Path, default=Path("zoo-data"))
    parser.add_argument("--write", type=Path, help="where the table goes")
    options = parser.parse_args()
    dataset = Dataset(sorted(path.parent for path in options.zoo.glob("*/dataset.json"))[0])
    bounds, began, peak = Bounds(), time.perf_counter(), Peak()
    handmade = all_cases()
    cases = chain(handmade, generated(max(0, options.n - len(handmade)), options.start))
    with tempfile.TemporaryDirectory() as folder, peak.watched():
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        ended = run(cases, dataset, bounds)
        left = sorted(path.name for path in Path(folder).iterdir())
    said = report(ended, bounds, peak.bytes, time.perf_counter() - began, left)
    print(said)
    if options.write:
        options.write.write_text(said, encoding="utf-8")
    wrong = [(case, outcome) for case, outcome in ended if outcome.end == WRONG]
    for case, outcome in wrong:
        print(f"WRONG  {case}: {outcome.sentence!a}", file=sys.stderr)
    if peak.bytes > bounds.memory:
        print(f"WRONG  a process held {peak.bytes:,} bytes", file=sys.stderr)
    return 1 if wrong or left or peak.bytes > bounds.memory else 0


if __name__ == "__main__":
    sys.exit(main())
