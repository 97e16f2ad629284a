"""Results as JSON, as a Markdown table, and as a section of docs/benchmarks.md.

    Table("train", "Training", "make bench-train", columns, rows, notes).write()

writes benchmarks/results/train.json and what lies between `<!-- train -->` and `<!-- end of train -->` of the page; a
section that is not there yet goes to the page's end. All rows of a table are of one run, so that ratios mean something.
Results from another machine: put its JSON into benchmarks/results and run `python -m benchmarks.harness.table`.
"""

import datetime
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.harness.machine import described
from benchmarks.harness.process import CHECKOUT

RESULTS = CHECKOUT / "benchmarks" / "results"
PAGE = CHECKOUT / "docs" / "benchmarks.md"

Row = dict[str, Any]  # column -> number, words, or None for what is not known


@dataclass
class Table:
    name: str  # of the file and the section
    title: str
    command: str  # that writes it
    columns: list[str]  # in their order
    rows: list[Row]
    notes: list[str] = field(default_factory=list)
    device: str = "cpu"
    figure: str | None = None  # an SVG beside the page

    def write(self) -> None:
        """Into the results and the page, and onto standard output."""
        RESULTS.mkdir(parents=True, exist_ok=True)
        path = RESULTS / f"{self.name}.json"
        path.write_text(json.dumps(self.content(), indent=2) + "\n")
        show(path)
        print(self, flush=True)

    def __str__(self) -> str:
        return markdown(self.content())

    def content(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "command": self.command,
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "machine": described(self.device),
            "columns": self.columns,
            "rows": self.rows,
            "notes": self.notes,
            "figure": self.figure,
        }


def show(path: Path) -> None:
    """Puts one results file into its section of the page."""
    page = PAGE.read_text() if PAGE.is_file() else "# Benchmarks\n"
    PAGE.write_text(with_section(page, path.stem, markdown(json.loads(path.read_text()))))


def markdown(content: dict[str, Any]) -> str:
    machine = "; ".join(f"{name} {value}" for name, value in content["machine"].items())
    columns = content["columns"]
    lines = [f"## {content['title']}", "", f"`{content['command']}`, {content['date']}. {machine}.", ""]
    lines += [as_line(columns), as_line(["---", *(["---:"] * (len(columns) - 1))])]
    lines += [as_line([shown(row.get(column)) for column in columns]) for row in content["rows"]]
    if content["figure"]:
        lines += ["", f"![{content['title']}]({content['figure']})"]
    lines += ["", *(f"- {note}" for note in content["notes"])]
    return "\n".join(lines).rstrip()


def shown(value: Any) -> str:
    """Three figures of a number, words as they are, nothing for None.

    >>> shown(0.12345), shown(12345.6), shown(3), shown(None), shown(99.96)
    ('0.123', '12,346', '3', '', '100')
    """
    if value is None:
        return ""
    if isinstance(value, float):
        if abs(value) >= 100:
            return f"{value:,.0f}"
        return f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def as_line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def with_section(page: str, name: str, section: str) -> str:
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    block = f"{begin}\n{section}\n{end}"
    if begin in page and end in page:
        return page[: page.index(begin)] + block + page[page.index(end) + len(end) :]
    return f"{page.rstrip()}\n\n{block}\n"


if __name__ == "__main__":
    for file in sorted(RESULTS.glob("*.json")):
        show(file)
