"""Data sets by name: those that others publish and `menagerie data fetch` brings here, in the layout that we read.

A folder per data set, with interactions.parquet, items.parquet, source.json and the owner's own README.
"""

import difflib
import json
import os
from pathlib import Path

from zoo.datasets.built_in import BUILT_IN
from zoo.datasets.known import KNOWN, Known
from zoo.errors import DataError
from zoo.settings import system_cache

__all__ = ["KNOWN", "Known", "cache_folder", "find", "is_here", "known", "licence_beside", "place_of"]

INTERACTIONS, ITEMS, SOURCE = "interactions.parquet", "items.parquet", "source.json"


def cache_folder() -> Path:
    """MENAGERIE_CACHE, or the folder that the system has for what can be downloaded again."""
    if given := os.environ.get("MENAGERIE_CACHE", "").strip():
        return Path(given).expanduser()
    return system_cache()


def place_of(name: str) -> Path:
    """Where a known data set lies once it was fetched."""
    return cache_folder() / "datasets" / name


def is_here(name: str) -> bool:
    return (place_of(name) / SOURCE).is_file()  # written last


def known(name: str) -> Known:
    """`DataError` with the nearest name for one that is not known."""
    if name not in KNOWN:
        raise DataError(f"There is no known data set {name!r}{_nearest(name)} Known: {', '.join(KNOWN)}.")
    return KNOWN[name]


def find(name_or_path: str | Path) -> Path:
    """What --data names: a path that exists is that path; else a known data set's folder in the cache.

    Raises
    ------
    DataError for a known data set that was not fetched yet, and for what is neither a path nor a known name
    """
    path, name = Path(name_or_path), str(name_or_path)
    if path.exists():
        return path
    if name in KNOWN:
        if not is_here(name):
            raise DataError(f"{name} is not on this machine yet. Fetch it: menagerie data fetch {name}")
        return place_of(name)
    if path.suffix or len(path.parts) > 1:
        return path  # a file that is missing: its reader says so
    names = ", ".join([*BUILT_IN, *KNOWN])
    raise DataError(f"{name} is neither a file here nor a known data set{_nearest(name)} Known: {names}.")


def _nearest(name: str) -> str:
    close = difflib.get_close_matches(name, [*BUILT_IN, *KNOWN], n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else "."


def licence_beside(path: Path) -> str | None:
    """The licence of the data set whose interactions lie at `path`, where `menagerie data fetch` wrote it down."""
    beside = (path if path.is_dir() else path.parent) / SOURCE
    if not beside.is_file():
        return None
    try:
        facts = json.loads(beside.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    licence = facts.get("licence") if isinstance(facts, dict) else None
    return licence if isinstance(licence, str) else None
