"""Lists that belong to one session, and what was measured of them: no cache that other sessions share sees either."""

from dataclasses import dataclass, field

import numpy as np

from zoo.card import Interval
from zoo.dataset import Dataset
from zoo.evaluate import column_of, over_all
from zoo.metrics import Exposure, Metric
from zoo.outside import OutsideLists


@dataclass(frozen=True, eq=False)
class SessionLists:
    """Lists of all test users, or of some of them."""

    name: str  # in an address; no model is called so
    title: str
    mark: str  # tells these lists from others that were called so before
    of: str  # the data set whose users and items they name, as it is described now
    look: dict = field(repr=False)  # mark and colours, as pages/parts/colours.py gives them
    family: str
    summary: str
    lists: OutsideLists = field(repr=False)
    columns: dict[str, np.ndarray] = field(default_factory=dict, repr=False)  # by metric
    exposed: dict[str, Interval | None] = field(default_factory=dict, repr=False)
    memories: dict = field(default_factory=dict, repr=False)  # what pages/parts/measured.py computed with them

    def chip(self) -> dict:
        about = {"name": self.name, "title": self.title, "family": self.family, "summary": self.summary}
        return about | self.look | {"problem": None}

    def note(self) -> str:
        """What stands beside its name in a table."""
        return f"lists of {len(self.lists.rows):,} users"

    def caveat(self) -> str | None:
        """What whoever reads its figures should know of it."""
        return None

    def ranked(self, data: Dataset) -> np.ndarray:
        """int32 [n, 100 or I] in the order of the test users; -1 everywhere for who has no list."""
        found = np.full((len(data.test), self.lists.ranked.shape[1]), -1, dtype=np.int32)
        found[self.lists.rows] = self.lists.ranked
        return found

    def column(self, data: Dataset, metric: Metric) -> np.ndarray:
        """float64 [n], nan for who has no list."""
        if metric.name not in self.columns:
            column = np.full(len(data.test), np.nan)
            part = self.lists.part_of(data.test)
            column[self.lists.rows] = column_of(metric, self.lists.ranked, part, data.item_facts)
            self.columns[metric.name] = column
        return self.columns[metric.name]

    def over_all(self, data: Dataset, figure: Exposure) -> Interval | None:
        if figure.name not in self.exposed:
            found = over_all(self.lists.ranked, data.info.n_items, [figure])
            self.exposed[figure.name] = found.get(figure.name)
        return self.exposed[figure.name]
