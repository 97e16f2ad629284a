"""What became of the rows of a file: the ledger while they are dropped, and the report in the end."""

from dataclasses import dataclass, field

import polars as pl

EXAMPLES = 3
LETTERS = 40  # of an id in an example


@dataclass(frozen=True)
class Report:
    """What became of the rows: rows_read == rows_kept + sum(dropped.values())."""

    rows_read: int
    rows_kept: int  # stored (user, item) pairs
    dropped: dict[
        str, int
    ]  # reason -> rows; with repeats="count" the "repeated" ones live on in the weight of their pair
    examples: dict[str, list[str]]  # reason -> up to 3, such as "row 17: user 12, item 34"
    notes: list[str]  # what was odd, one sentence each
    columns: dict[str, str]  # role -> the column found for it

    def sentence(self) -> str:
        """Such as "12 rows read, 9 kept; 2 repeated, 1 without an item."."""
        dropped = ", ".join(f"{count:,} {reason}" for reason, count in self.dropped.items())
        return f"{self.rows_read:,} rows read, {self.rows_kept:,} kept" + (f"; {dropped}." if dropped else ".")


@dataclass
class Ledger:
    """Counts what is dropped, and keeps examples."""

    rows_read: int
    user_ids: pl.Series  # the codes in `frame` are positions in these
    item_ids: pl.Series
    dropped: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def drop(self, frame: pl.DataFrame, mask: pl.Series, reason: str) -> pl.DataFrame:
        """The rows where `mask` is false. `frame`: row (from 0), user and item (codes), perhaps value."""
        count = int(mask.sum())
        if count == 0:
            return frame
        self.dropped[reason] = self.dropped.get(reason, 0) + count
        examples = self.examples.setdefault(reason, [])
        for row in frame.filter(mask).head(EXAMPLES - len(examples)).iter_rows(named=True):
            examples.append(self._describe(row))
        return frame.filter(~mask)

    def report(self, rows_kept: int, notes: list[str], columns: dict[str, str]) -> Report:
        return Report(self.rows_read, rows_kept, self.dropped, self.examples, notes, columns)

    def _describe(self, row: dict[str, int | float | None]) -> str:
        user, item, value = row["user"], row["item"], row.get("value")
        facts = [
            "no user" if user is None else f"user {str(self.user_ids[int(user)])[:LETTERS]}",
            "no item" if item is None else f"item {str(self.item_ids[int(item)])[:LETTERS]}",
            *([] if value is None else [f"rating {value:g}"]),
        ]
        return f"row {int(row['row'] or 0) + 1}: {', '.join(facts)}"
