"""How the app is doing, told by the places that know it: counts, durations, levels and errors of this process.

    count("uploads", outcome="refused")               observe("model_answer", 0.012, model="ease")
    gauge("jobs_running", lambda: len(running))       error("A training worker was killed.", where="train")

Thread-safe, and cheap enough for every click. Nobody tells it a title, an id, a file's name, an address or who somebody
is: what stands here is shown to operators and sent to whatever collects metrics. All of it goes when the process ends.
"""

import math
import secrets
import threading
import time
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from zoo.errors import ZooError

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)  # upper bounds, seconds
WINDOW = 600.0  # seconds that "recent" reaches back
MOST_RECENT = 4096  # durations kept of each series
MOST_SERIES = 512  # of counts, and of durations; a label that grows without end is put together under OTHERS
MOST_ERRORS = 100
OTHERS = "others"

Labels = tuple[tuple[str, str], ...]
Key = tuple[str, Labels]


@dataclass(frozen=True)
class Timing:
    """Durations of one name and one set of labels."""

    n: int  # since the process began
    seconds: float  # of all of them together
    buckets: tuple[int, ...]  # how many took at most each of BUCKETS
    recent: tuple[float, ...]  # of the last WINDOW seconds, at most MOST_RECENT, ascending

    def quantile(self, share: float) -> float:
        """The smallest recent duration that this share of them does not exceed; nan where there is none.

        >>> Timing(4, 10.0, (), (1.0, 2.0, 3.0, 4.0)).quantile(0.5)
        2.0
        """
        return self.recent[max(0, math.ceil(share * len(self.recent)) - 1)] if self.recent else math.nan


@dataclass(frozen=True)
class Told:
    """An error that somebody met, or that nobody met yet."""

    id: str  # what the visitor was told, if anything was
    sentence: str
    where: str
    first: float  # seconds since 1970
    last: float
    n: int = 1  # how often the same was told


@dataclass
class _Durations:
    n: int = 0
    seconds: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * len(BUCKETS))
    recent: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=MOST_RECENT))

    def add(self, seconds: float, now: float) -> None:
        self.n += 1
        self.seconds += seconds
        if (place := bisect_left(BUCKETS, seconds)) < len(BUCKETS):
            self.buckets[place] += 1
        self.recent.append((now, seconds))

    def timing(self, now: float) -> Timing:
        cumulative = tuple(sum(self.buckets[: place + 1]) for place in range(len(BUCKETS)))
        recent = sorted(seconds for at, seconds in self.recent if at >= now - WINDOW)
        return Timing(self.n, self.seconds, cumulative, tuple(recent))


class Telemetry:
    """All of it in one place; the functions below speak to the one of this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, calendar: Callable[[], float] = time.time) -> None:
        self._clock, self._calendar = clock, calendar
        self._lock = threading.Lock()
        self._counts: Counter[Key] = Counter()
        self._durations: dict[Key, _Durations] = {}
        self._gauges: dict[str, Callable[[], float]] = {}
        self._errors: dict[tuple[str, str], Told] = {}  # the latest last

    def count(self, name: str, by: float = 1, **labels: str) -> None:
        with self._lock:
            self._counts[self._key(self._counts, name, labels)] += by  # type: ignore[assignment]

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        with self._lock:
            key = self._key(self._durations, name, labels)
            self._durations.setdefault(key, _Durations()).add(seconds, self._clock())

    def gauge(self, name: str, level: Callable[[], float]) -> None:
        """A level that is asked for when somebody looks. The same name again takes the place of the one before."""
        with self._lock:
            self._gauges[name] = level

    def error(self, sentence: str, where: str) -> str:
        """A short id for the visitor, by which an operator finds the sentence; the same error keeps its id."""
        with self._lock:
            now, key = self._calendar(), (sentence, where)
            before = self._errors.pop(key, None)
            told = replace(before, last=now, n=before.n + 1) if before else Told(_id(), sentence, where, now, now)
            self._errors[key] = told
            while len(self._errors) > MOST_ERRORS:
                del self._errors[next(iter(self._errors))]
            self._counts[self._key(self._counts, "errors", {"where": where})] += 1
        return told.id

    def counts(self) -> dict[Key, float]:
        with self._lock:
            return dict(self._counts)

    def timings(self, name: str | None = None) -> dict[Key, Timing]:
        """Of every name, or of one, by its labels."""
        with self._lock:
            now = self._clock()
            found = {key: durations for key, durations in self._durations.items() if name in (None, key[0])}
            return {key: durations.timing(now) for key, durations in found.items()}

    def together(self, name: str) -> Timing:
        """The durations of one name over all its labels."""
        found = self.timings(name).values()
        buckets = tuple(map(sum, zip(*(timing.buckets for timing in found), strict=True))) or (0,) * len(BUCKETS)
        recent = sorted(seconds for timing in found for seconds in timing.recent)
        return Timing(sum(t.n for t in found), sum(t.seconds for t in found), buckets, tuple(recent))

    def levels(self) -> dict[str, float]:
        """Every gauge as it stands now; one that cannot be read now is left out."""
        with self._lock:
            gauges = dict(self._gauges)
        found: dict[str, float] = {}
        for name, level in gauges.items():
            try:
                found[name] = float(level())
            except (ZooError, OSError):
                continue
        return found

    def errors(self, since: float = -math.inf) -> list[Told]:
        """Those of the last `since` seconds since 1970 on, the latest first."""
        with self._lock:
            return [told for told in reversed(self._errors.values()) if told.last >= since]

    def _key(self, known: Collection[Key], name: str, labels: dict[str, str]) -> Key:
        key = (name, tuple(sorted(labels.items())))
        if key in known or len(known) < MOST_SERIES:
            return key
        return name, tuple((label, OTHERS) for label in sorted(labels))


def _id() -> str:
    return secrets.token_hex(3)


_here = Telemetry()
count, observe, gauge, error = _here.count, _here.observe, _here.gauge, _here.error
counts, timings, together, levels, errors = _here.counts, _here.timings, _here.together, _here.levels, _here.errors
