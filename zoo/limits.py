"""Limits that a process sets on itself before it touches what strangers sent."""

import sys
from contextlib import suppress
from pathlib import Path

OPEN_FILES = 128
GRACE = 2  # seconds of processor time between the signal that ends a process and the one that nothing survives


def confine(seconds: float, bytes: int) -> bool:
    """Bound the processor time and the memory of this process, for good; it leaves no core dump and writes no file.

    Parameters
    ----------
    seconds : of processor time, from the start of the process on
    bytes : of memory, what lies there already included. What is merely reserved (libraries, stacks of threads) is free

    Returns
    -------
    False where the system knows no such limits (Windows), or does not let us set them all (macOS)
    """
    try:
        import resource
    except ImportError:
        return False
    reserved, held = _memory()
    most = reserved + max(bytes - held, 0)
    limits = {
        "RLIMIT_CORE": (0, 0),
        "RLIMIT_FSIZE": (0, 0),  # pipes and sockets are no files
        "RLIMIT_NOFILE": (OPEN_FILES, OPEN_FILES),
        "RLIMIT_CPU": (int(seconds) + 1, int(seconds) + 1 + GRACE),
        "RLIMIT_AS": (most, most),
    }
    whole = sys.platform.startswith("linux")
    for name, wanted in limits.items():
        kind = getattr(resource, name)
        allowed = resource.getrlimit(kind)[1]  # what was set from outside may be tightened, never loosened
        soft, hard = wanted if allowed == resource.RLIM_INFINITY else (min(wanted[0], allowed), min(wanted[1], allowed))
        try:
            resource.setrlimit(kind, (soft, hard))
        except (ValueError, OSError):
            whole = False
    return whole


def _memory() -> tuple[int, int]:
    """Bytes that this process has reserved, and those that it really holds; (0, 0) where the system does not say."""
    with suppress(OSError, ValueError):
        facts = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        return tuple(int(facts[name].split()[0]) * 1024 for name in ("VmSize", "VmRSS"))  # type: ignore[return-value]
    return 0, 0
