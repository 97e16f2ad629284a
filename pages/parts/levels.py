"""How much of everything there is now, for the Operate page and for metrics: visitors, memory, weights."""

import os
import shutil
import subprocess
import time
from functools import lru_cache
from math import nan
from pathlib import Path

from pages.parts import cached, held
from pages.parts.visitors import crowd
from zoo import telemetry

STATM = Path("/proc/self/statm")
MEMINFO = Path("/proc/meminfo")
CONTAINER = Path("/sys/fs/cgroup")
GPU_EVERY = 10  # seconds for which what the driver told holds
BEGAN = time.time()


def tell() -> None:
    """Registers what has a level, under the names that metrics have."""
    telemetry.gauge("sessions", lambda: crowd.now)
    telemetry.gauge("sessions_most", lambda: crowd.most)
    telemetry.gauge("sessions_limit", lambda: cached.settings().sessions)
    telemetry.gauge("models_loaded", lambda: len(cached.runtime().loaded()))
    telemetry.gauge("weights_bytes", weights)
    telemetry.gauge("weights_limit_bytes", lambda: cached.settings().session_bytes)
    telemetry.gauge("memory_bytes", memory)
    telemetry.gauge("uploads_bytes", held.total)
    telemetry.gauge("uploads_limit_bytes", lambda: held.OF_ALL * cached.settings().upload_bytes)
    telemetry.gauge("gpu_memory_used_bytes", lambda: gpu_memory()[0])
    telemetry.gauge("gpu_memory_total_bytes", lambda: gpu_memory()[1])
    telemetry.gauge("up_seconds", lambda: time.time() - BEGAN)


def weights() -> int:
    """Bytes of the weights of loaded models, as their cards say."""
    return sum(model.card.weight_bytes for model in cached.runtime().loaded())


def memory() -> float:
    """Bytes of this process that are in the machine's memory; nan where the system does not tell."""
    try:
        return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return nan


def machine_memory() -> tuple[float, float]:
    """Bytes that are still available on this machine, or in this container, and all of them; nan where unknown."""
    within = _container()
    try:
        lines = dict(line.split(":", 1) for line in MEMINFO.read_text().splitlines())
        available, total = (int(lines[name].split()[0]) * 1024.0 for name in ("MemAvailable", "MemTotal"))
    except (OSError, ValueError, KeyError):
        return within or (nan, nan)
    return within if within and within[1] < total else (available, total)


def _container() -> tuple[float, float] | None:
    """What a limit of the container leaves, and the limit; None where there is none.

    Pages of files that nobody looked at lately count as used there, and go as soon as somebody needs the room.
    """
    try:
        limit, used = (float((CONTAINER / name).read_text()) for name in ("memory.max", "memory.current"))
        of = dict(line.split() for line in (CONTAINER / "memory.stat").read_text().splitlines())
        return max(0.0, limit - used + float(of["inactive_file"])), limit
    except (OSError, ValueError, KeyError):  # "max" is no number
        return None


def gpu_memory() -> tuple[float, float]:
    """Bytes in use on the first GPU, by whomever, and all that it has; nan where there is none."""
    return _gpu_memory(int(time.monotonic() // GPU_EVERY))


@lru_cache(maxsize=1)
def _gpu_memory(turn: int) -> tuple[float, float]:
    if (tool := shutil.which("nvidia-smi")) is None:
        return nan, nan
    command = [tool, "--query-gpu=memory.used,memory.total", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout
        used, total = (float(number) * 2**20 for number in told.splitlines()[0].split(","))
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return nan, nan
    return used, total
