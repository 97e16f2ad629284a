"""What the leaderboard shows: a board, in an order, perhaps as differences to a pinned row."""

from dataclasses import dataclass
from functools import cached_property

from pages.parts.measured import Row
from zoo.board import Board
from zoo.significance import Comparison


@dataclass(frozen=True, eq=False)
class Shown:
    """What the controls of the page ask for."""

    board: Board
    rows: list[Row]  # in the order of the table
    k: int | None  # None: each metric's usual one
    sort: str  # a metric
    baseline: Row | None
    only_differences: bool

    @property
    def titles(self) -> dict[str, str]:
        return {row.name: row.title for row in self.rows}

    @cached_property
    def against(self) -> dict[str, dict[str, Comparison]]:
        """metric -> everybody minus the pinned one; {} where nobody is pinned."""
        base = self.baseline
        return {name: self.board.against(base.name, name) for name in self.board.metrics} if base else {}

    def comparisons(self, metric: str) -> list[Comparison]:
        """Everybody minus the pinned one, or every two."""
        if self.baseline is not None:
            return list(self.against[metric].values())
        return self.board.comparisons.get(metric, [])

    @property
    def decides(self) -> str | None:
        """The first metric of the table that has a best one: the verdict and the costs speak of it."""
        return next((name for name in self.board.comparisons if self.board.best(name)), None)
