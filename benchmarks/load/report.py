"""Rows of docs/load.md. A run replaces the row of the same kind, and leaves the others as they were."""

import datetime
import json
from typing import Any

from benchmarks.harness.process import CHECKOUT

RESULTS = CHECKOUT / "benchmarks" / "load" / "results"
PAGE = CHECKOUT / "docs" / "load.md"
TITLES = {"visitors": "Visitors at once", "sessions": "Sessions opened and closed"}


def write(name: str, row: dict[str, Any], key: tuple[str, ...]) -> None:
    from benchmarks.harness.machine import described  # torch: after the measurement
    from benchmarks.harness.table import with_section

    path = RESULTS / f"{name}.json"
    row |= {"date": datetime.datetime.now(datetime.UTC).date().isoformat()}
    held = json.loads(path.read_text())["rows"] if path.is_file() else []
    rows = [one for one in held if any(one.get(part) != row[part] for part in key)] + [row]
    rows.sort(key=lambda one: [str(one.get(part)) for part in key])
    content = {"title": TITLES[name], "machine": described(), "rows": rows}
    RESULTS.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n")
    page = PAGE.read_text() if PAGE.is_file() else "# Load\n"
    PAGE.write_text(with_section(page, name, section(content)))
    print(section(content), flush=True)


def section(content: dict[str, Any]) -> str:
    """A column for each run: there are many figures, and few runs."""
    from benchmarks.harness.table import as_line, shown

    rows = content["rows"]
    machine = content["machine"]
    names = [name for name in rows[-1] if any(one.get(name) is not None for one in rows)]
    lines = [f"## {content['title']}", ""]
    lines += [
        f"{machine['processor']}, {machine['threads']} cores, {machine['memory']}, Python {machine['python']}.",
        "",
    ]
    lines += [as_line(["", *([""] * len(rows))]), as_line(["---", *(["---:"] * len(rows))])]
    return "\n".join(lines + [as_line([name, *(shown(one.get(name)) for one in rows)]) for name in names])
