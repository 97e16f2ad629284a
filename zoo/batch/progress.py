"""How far a long run is, in one line that is written over and over; quiet where nobody watches."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self, TextIO

EVERY = 0.5  # seconds between two looks of the line
BAR = 24  # letters


class Progress:
    """One stage of a run. total : rows in all, None where that is not known yet"""

    def __init__(self, what: str, total: int | None = None, *, done: int = 0, stream: TextIO | None = None) -> None:
        self._what, self._total, self._before = what, total, done
        self._rows, self._users = done, 0  # of the steps that were added
        self._stream = sys.stderr if stream is None else stream
        self._watched = self._stream.isatty()
        self._start = time.monotonic()
        self._shown = 0.0

    def add(self, rows: int, users: int) -> None:
        """A step is done."""
        self._rows, self._users = self._rows + rows, self._users + users

    def show(self, rows: int, users: int = 0) -> None:
        """rows, users : done of the step that was not added yet"""
        rows, users = self._rows + rows, self._users + users
        now = time.monotonic()
        if self._watched and now - self._shown >= EVERY:
            self._shown = now
            self._stream.write("\r\x1b[K" + self._line(rows, users, now - self._start))
            self._stream.flush()

    @contextmanager
    def shown(self) -> Iterator[Self]:
        """Takes the line away in the end, so that a sentence may stand in its place."""
        try:
            yield self
        finally:
            if self._shown:
                self._stream.write("\r\x1b[K")
                self._stream.flush()

    def _line(self, rows: int, users: int, seconds: float) -> str:
        if not self._total:
            return f"{self._what}: {rows:,} rows"
        share = min(rows / self._total, 1.0)
        bar = "#" * int(share * BAR)
        line = f"{self._what} [{bar:.<{BAR}}] {share:4.0%}"
        if users:
            line += f"  {users / max(seconds, 1e-9):,.0f} users/s"
        if rows > self._before and seconds >= 1:
            line += f"  {_clock((self._total - rows) * seconds / (rows - self._before))} left"
        return line


def _clock(seconds: float) -> str:
    """
    >>> _clock(59.6), _clock(3725)
    ('1:00', '1:02:05')
    """
    minutes, rest = divmod(max(round(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
