"""Data sets that come with the code: `--data NAME` trains on them where nobody has a file."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from importlib import import_module

import polars as pl

from zoo.interactions import Interactions
from zoo.split import Split

BUILT_IN = {"films": "zoo.datasets.films"}  # name -> module with load() and SETTINGS, imported when asked for


@dataclass(frozen=True)
class BuiltIn:
    """A data set as training reads it."""

    name: str
    licence: str
    notice: str  # one sentence, shown wherever the data is
    interactions: bytes  # a Parquet file
    items: pl.DataFrame
    references: Callable[[Interactions, Split], pl.DataFrame]  # the table of zoo/references.py, for the test users


def settings_of(name: str, models: Collection[str]) -> list[str]:
    """MODEL.KEY=VALUE that suit a built-in data set better than the defaults of these models; [] for other data."""
    if name not in BUILT_IN:
        return []
    settings: tuple[str, ...] = import_module(BUILT_IN[name]).SETTINGS
    return [setting for setting in settings if setting.split(".")[0] in models]


def built_in(name: str) -> BuiltIn | None:
    """The data set of this name; None where the code brings none (./films is a folder, films is ours)."""
    if name not in BUILT_IN:
        return None
    found: BuiltIn = import_module(BUILT_IN[name]).load()
    return found
