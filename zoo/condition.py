"""What of a running app is red, and what whoever runs it does about that. Pure: figures in, sentences out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import nan

from zoo.settings import size_text

SLOW = 1.0  # seconds that 19 of 20 pages should not exceed
ENOUGH = 20  # pages, below which nothing is said of how slow they are
SHORT = 0.1  # of the memory, or of the disk
RELOADED = 3  # times that each loaded model was read again within the window


@dataclass(frozen=True)
class Reading:
    """The figures that are judged; "recent" means the window of zoo/telemetry.py. nan or 0: not known, or none."""

    sessions: int = 0
    sessions_limit: int = 1
    pages: int = 0  # recent
    p95: float = nan  # seconds, of recent pages
    memory_available: float = nan  # bytes; nan is below nothing
    memory_total: float = nan
    disk_free: float = nan  # bytes, where uploads and jobs keep what they need
    disk_total: float = nan
    loaded: int = 0  # models in memory
    loads: int = 0  # recent
    evictions: int = 0  # since the start
    errors: int = 0  # recent
    wanted: str = "auto"  # the setting `provider`
    has_gpu: bool = False  # whether ONNX Runtime could use one here
    on_cpu: Sequence[str] = ()  # titles of the models that run on the CPU
    broken: Sequence[str] = ()  # a sentence for each model or data set that is not served
    unreadable: str = ""  # why the zoo cannot be read at all


@dataclass(frozen=True)
class Red:
    what: str
    do: str


def red(now: Reading) -> list[Red]:
    """What is wrong, the most urgent first; nothing where all is well."""
    return [*_zoo(now), *_memory(now), *_disk(now), *_places(now), *_speed(now), *_models(now), *_errors(now)]


def _zoo(now: Reading) -> Iterator[Red]:
    if now.unreadable:
        yield Red("The zoo cannot be read.", f"{now.unreadable} Visitors see an empty app until it can.")
    elif now.broken:
        many = "One model or data set is" if len(now.broken) == 1 else f"{len(now.broken)} models or data sets are"
        more = f" And {len(now.broken) - 3} more." if len(now.broken) > 3 else ""
        yield Red(f"{many} not served.", " ".join(now.broken[:3]) + more + " The rest of the zoo goes on working.")


def _memory(now: Reading) -> Iterator[Red]:
    if now.memory_available < SHORT * now.memory_total:
        yield Red(
            "Memory is short.",
            f"{now.memory_available / now.memory_total:.0%} of {_size(now.memory_total)} is left. Let fewer weights "
            "stay loaded (MENAGERIE_SESSION_BYTES) or fewer visitors in (MENAGERIE_SESSIONS), or take a larger "
            "machine; a restart frees what is left of visits.",
        )


def _disk(now: Reading) -> Iterator[Red]:
    if now.disk_free < SHORT * now.disk_total:
        left = f"{_size(now.disk_free)} of {_size(now.disk_total)} are free where temporary files lie."
        yield Red("The disk is nearly full.", f"{left} Uploads and training stop when it is: make room there.")


def _places(now: Reading) -> Iterator[Red]:
    if now.sessions >= now.sessions_limit:
        yield Red(
            "All places are taken.",
            f"{now.sessions:,} visitors are here, and others wait. Where memory and the times below allow it, raise "
            "MENAGERIE_SESSIONS; else start another replica behind the proxy.",
        )


def _speed(now: Reading) -> Iterator[Red]:
    if now.pages >= ENOUGH and now.p95 > SLOW:
        yield Red(
            "Pages are slow.",
            f"One in twenty took longer than {now.p95:.1f} s. The table says which. All of them: too many visitors for "
            "these cores, so start another replica. One of them: see its model.",
        )


def _models(now: Reading) -> Iterator[Red]:
    if now.has_gpu and now.wanted != "cpu" and now.on_cpu:
        names = ", ".join(now.on_cpu[:3]) + (f" and {len(now.on_cpu) - 3} more" if len(now.on_cpu) > 3 else "")
        yield Red(
            "The GPU is not used.",
            f"{names} on the CPU, though there is a GPU. Its driver, CUDA or its memory failed: `menagerie doctor` "
            "tells more; a restart tries again. With MENAGERIE_PROVIDER=cpu this is no fault.",
        )
    if now.evictions and now.loads > RELOADED * max(now.loaded, 1):
        yield Red(
            "Models are read again and again.",
            f"{now.loads} times in the last ten minutes, for {now.loaded} fit into memory at once. Raise "
            "MENAGERIE_SESSION_BYTES, or take smaller variants of the models.",
        )


def _errors(now: Reading) -> Iterator[Red]:
    if now.errors:
        many = "Something failed" if now.errors == 1 else f"{now.errors} things failed"
        yield Red(f"{many} in the last ten minutes.", "What, and where, stands below under Errors.")


def _size(n_bytes: float) -> str:
    unit = 2**30 if n_bytes >= 2**30 else 2**20
    return size_text(round(n_bytes / unit) * unit)
