"""Seconds and memory of a piece of work, in any environment: needs nothing but Python on Linux.

with measured() as cost: ...
answer(cost, anything=else)          prints the JSON line that benchmarks/harness/process.py reads
"""

import ctypes
import gc
import json
import time
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def measured():
    """Fills seconds, resident_before and peak (bytes of this process: all that is resident, imports and data too)."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # proc(5): the peak starts from here
    cost = {"resident_before": before}
    start = time.perf_counter()
    yield cost
    cost["seconds"] = time.perf_counter() - start
    cost["peak"] = resident("VmHWM")


def resident(field):
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field + ":"))
    return int(line.split()[1]) * 1024


def answer(cost, **more):
    print(json.dumps(cost | more), flush=True)
