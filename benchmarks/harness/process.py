"""One piece of work in a process of its own, so that neither memory nor threads of another one count.

A script that is measured ends with one line of JSON on its standard output. What surrounds the work in it is
`benchmarks/peers/measured.py`, which needs nothing but Python, so that it runs in any peer's environment too.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
PEERS = CHECKOUT / "benchmarks" / "peers"
THREADS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "LK_NUM_THREADS",
)


class Failed(Exception):
    """The script ended without an answer; its last words."""


def run(script: str | Path, *arguments: str, python: str | Path = sys.executable, threads: int | None = None,
        seconds: float | None = None) -> dict[str, Any]:  # fmt: skip
    """The JSON that a script prints in its last line.

    script : a file, or the name of a module
    threads : for all libraries alike; None: as many as there are cores
    seconds : after which it is stopped

    Raises
    ------
    Failed
    """
    n_threads = str(threads or len(os.sched_getaffinity(0)))
    path = os.pathsep.join([str(PEERS), str(CHECKOUT)])
    environment = os.environ | dict.fromkeys(THREADS, n_threads) | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
    what = [str(script)] if Path(script).suffix == ".py" else ["-m", str(script)]
    command = [str(python), *what, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise Failed(f"stopped after {seconds:.0f} s") from None
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        words = (done.stderr.strip() or done.stdout.strip() or "no word").splitlines()[-1]
        died = f"ended by signal {-done.returncode}" if done.returncode < 0 else f"status {done.returncode}"
        raise Failed(f"{died}: {words}")
    return json.loads(lines[-1])
