"""What this machine can do at most, measured now: the floors that every table is held against.

Machines are shared and noisy, and boost as they like. So a floor is measured in the same run as what it is compared
with, right before and right after it, and the better of the two counts: nobody looks good because the floor was low.

    python -m benchmarks.harness.machine
"""

import json
import os
import platform
import time
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

import torch

SQUARE = 4096  # of the matrices multiplied: large enough that only the arithmetic counts
COPIED = 2**28  # floats: 1 GiB, beyond every cache
REPEATS = 5


@dataclass(frozen=True)
class Floor:
    """Rates of this machine, the best of a few tries each."""

    sgemm: float  # floating-point operations a second in a float32 matrix product
    bandwidth: float  # bytes read and written a second in a copy

    def better(self, other: "Floor") -> "Floor":
        return Floor(max(self.sgemm, other.sgemm), max(self.bandwidth, other.bandwidth))


def floor(device: str = "cpu") -> Floor:
    """Measured on all threads that torch has (OMP_NUM_THREADS)."""
    square, product = torch.randn(2, SQUARE, SQUARE, device=device)
    sgemm = 2 * SQUARE**3 / best_of(lambda: torch.mm(square, square, out=product), device)
    source = torch.zeros(COPIED, device=device)
    copy = torch.empty_like(source)
    bandwidth = 2 * source.nbytes / best_of(lambda: copy.copy_(source), device)
    return Floor(sgemm, bandwidth)


def best_of(work, device: str = "cpu", repeats: int = REPEATS) -> float:
    """Seconds of the fastest of a few runs, the first one apart."""
    seconds = []
    for _ in range(repeats + 1):
        synchronise(device)
        start = time.perf_counter()
        work()
        synchronise(device)
        seconds.append(time.perf_counter() - start)
    return min(seconds[1:])


def synchronise(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def described(device: str = "cpu") -> dict[str, str | int]:
    """Processor, memory, threads, system and versions of what a figure depends on."""
    facts: dict[str, str | int] = {
        "processor": torch.cuda.get_device_name() if device == "cuda" else processor(),
        "threads": torch.get_num_threads(),
        "memory": f"{memory_bytes() / 2**30:.0f} GiB",
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
    }
    for package in ("torch", "numpy", "scipy", "onnxruntime"):
        try:
            facts[package] = import_module(package).__version__
        except ModuleNotFoundError:
            facts[package] = "not installed"
    return facts


def processor() -> str:
    for line in lines_of("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def memory_bytes() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def lines_of(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).is_file() else []


if __name__ == "__main__":
    print(json.dumps(described() | asdict(floor()), indent=2))
