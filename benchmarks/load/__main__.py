"""Many visitors at once, and many sessions: what the app makes of it, in figures.

    python -m benchmarks.load visitors                      50 people, 10 minutes, one process
    python -m benchmarks.load visitors --processes 2        behind the proxy of compose.yaml (needs caddy)
    python -m benchmarks.load visitors --page compare       four lists at each change
    python -m benchmarks.load sessions                      500 of them, opened and closed

Each writes a row of a table in docs/load.md, and JSON beside this file, and ends with status 1 where a goal was missed.
"""

import argparse
import sys
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from benchmarks.harness.process import CHECKOUT
from benchmarks.load import report, scenarios
from benchmarks.load.served import Server, replicated, serving
from benchmarks.load.visitor import checked

MOST_SECONDS = 1.0  # of the 95th percentile
MOST_GROWTH = 0.10  # of memory, in the second half
MOST_KEPT = 0.15  # of memory, after all sessions have left
TTL = 30  # seconds for which Streamlit keeps a session that broke off; its own default is 120
WARM_UP = 20  # sessions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", choices=("visitors", "sessions"))
    parser.add_argument("--zoo", type=Path, default=CHECKOUT / "zoo-data")
    parser.add_argument("--n", type=int, help="visitors (default: 50) or sessions (500)")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--page", default="", choices=("", "compare"), help="default: Recommend")
    parser.add_argument("--processes", type=int, default=1, help="behind a proxy where there is more than one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.txt"
        missed = (visitors if options.scenario == "visitors" else sessions)(options, log)
        for goal in missed:
            print(f"missed: {goal}", file=sys.stderr)
        if missed:
            print(log.read_text(errors="replace")[-4000:], file=sys.stderr)
    sys.exit(1 if missed else 0)


def started(options: argparse.Namespace, log: Path, **environment: str) -> AbstractContextManager[Server]:
    if options.processes == 1:
        return serving(options.zoo, log, **environment)
    return replicated(options.zoo, log, options.processes, **environment)


def visitors(options: argparse.Namespace, log: Path) -> list[str]:
    n, page = options.n or 50, options.page or "recommend"
    with started(options, log) as server:
        server.settle()
        scenarios.sessions(server, n=WARM_UP)
        record, load = scenarios.visitors(server, n=n, seconds=options.seconds, path=options.page)
    n_checked, wrong = checked(options.zoo, record.answers)
    errors = record.errors + wrong
    seconds = np.array(record.changes or [np.nan])
    p50, p95, p99 = np.quantile(seconds, (0.5, 0.95, 0.99)).tolist()
    start, middle, end = (load.at(share) for share in (0.05, 0.5, 1.0))
    row = {
        "page": page.capitalize(),
        "processes": options.processes,
        "visitors": n,
        "minutes": options.seconds / 60,
        "changes": len(record.changes),
        "p50 s": p50,
        "p95 s": p95,
        "p99 s": p99,
        "longest s": float(seconds.max()),
        "page opened, p95 s": float(np.quantile(record.opened or [np.nan], 0.95)),
        "errors": len(errors),
        "lists compared": n_checked,
        "app, cores": load.server,
        "generator, cores": load.generator,
        "proxy, cores": load.proxy if options.processes > 1 else None,
        "MB at start": start / 1e6,
        "MB at half": middle / 1e6,
        "MB at end": end / 1e6,
        "growth in second half": f"{100 * (end / middle - 1):+.1f} %",
        "KB per change": record.n_bytes / 1e3 / max(1, len(record.changes)),
    }
    report.write("visitors", row, key=("page", "processes", "visitors"))
    return [
        *errors[:20],
        *([f"p95 is {p95:.2f} s, not below {MOST_SECONDS} s"] if not p95 < MOST_SECONDS else []),
        *([f"memory grew by {end / middle - 1:.0%} in the second half"] if end > middle * (1 + MOST_GROWTH) else []),
    ]


def sessions(options: argparse.Namespace, log: Path) -> list[str]:
    n = options.n or 500
    with started(options, log, STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL=str(TTL)) as server:
        server.settle()
        fresh = server.memory()
        first, _ = scenarios.sessions(server, n=WARM_UP)
        start = scenarios.memory_after(server, TTL + 5)
        record, load = scenarios.sessions(server, n=n)
        end = scenarios.memory_after(server, TTL + 5)
    errors = first.errors + record.errors
    row = {
        "sessions": n,
        "processes": options.processes,
        "errors": len(errors),
        "opened and left, seconds": len(load.memory),
        "page opened, p95 s": float(np.quantile(record.opened or [np.nan], 0.95)),
        "app, cores": load.server,
        "generator, cores": load.generator,
        "MB before anybody came": fresh / 1e6,
        f"MB at start, after {WARM_UP}": start / 1e6,
        "MB at most": max(load.memory) / 1e6,
        "MB at end": end / 1e6,
        "end against start": f"{100 * (end / start - 1):+.1f} %",
    }
    report.write("sessions", row, key=("sessions", "processes"))
    return [
        *errors[:20],
        *([f"memory ends {end / start - 1:.0%} above its start"] if end > start * (1 + MOST_KEPT) else []),
    ]


if __name__ == "__main__":
    main()
