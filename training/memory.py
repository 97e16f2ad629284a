"""How much memory a fit takes, and how much there is: the largest resident size while it ran, above the imports'."""

import ctypes
import gc
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

_STATUS = Path("/proc/self/status")
_SYSTEM = Path("/proc/meminfo")
_LIMIT, _USED = (Path("/sys/fs/cgroup") / name for name in ("memory.max", "memory.current"))  # of this container
_RESET_PEAK = Path("/proc/self/clear_refs")


@dataclass
class Peak:
    """Filled when the block ends. None where the system does not tell (it is asked through Linux's /proc)."""

    bytes: int | None = None


def resident_bytes() -> int | None:
    """Resident memory of this process, freed memory given back first; None where the system does not tell."""
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
    return _read("VmRSS")


def available_bytes(device: torch.device) -> int | None:
    """What may still be allocated there; of a processor, within this container's limit and that of this process.

    What the system caches of files counts as free. None: the system does not tell.
    """
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    rooms = []
    for line in _SYSTEM.read_text().splitlines() if _SYSTEM.is_file() else []:
        if line.startswith("MemAvailable:"):
            rooms.append(int(line.split()[1]) * 1024)
    if _LIMIT.is_file() and (limit := _LIMIT.read_text().strip()).isdigit():
        rooms.append(int(limit) - int(_USED.read_text()))
    most, used = resource.getrlimit(resource.RLIMIT_DATA)[0], _read("VmData")
    if most != resource.RLIM_INFINITY and used is not None:
        rooms.append(max(0, most - used))
    return min(rooms, default=None)


@contextmanager
def peak_memory(data_bytes: int | None) -> Iterator[Peak]:
    """Measure the largest resident size within the block.

    What is resident at its start counts only as far as it is data (`data_bytes`): the rest are imports, also those that
    an earlier model's export made.
    """
    start = resident_bytes()
    peak = Peak()
    can_reset = _RESET_PEAK.exists()
    if can_reset:
        _RESET_PEAK.write_text("5")  # proc(5): resets VmHWM to the present size
    yield peak
    highest = _read("VmHWM") if can_reset else None
    if highest is not None and start is not None and data_bytes is not None:
        peak.bytes = max(0, highest - start + data_bytes)


def _read(field: str) -> int | None:
    if not _STATUS.exists():
        return None
    for line in _STATUS.read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    return None
