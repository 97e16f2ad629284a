"""Who comes before whom, as far as the intervals let one say so. Pure."""

from collections.abc import Mapping

from zoo.card import Interval


def places(intervals: Mapping[str, Interval]) -> dict[str, tuple[int, int]]:
    """The best and the worst place that each model may have: another one is ahead only where its interval lies above.

    >>> clear, close = Interval(mean=0.4, low=0.3, high=0.5, n=9), Interval(mean=0.35, low=0.2, high=0.45, n=9)
    >>> places({"a": clear, "b": close, "c": Interval(mean=0.1, low=0.0, high=0.15, n=9)})
    {'a': (1, 2), 'b': (1, 2), 'c': (3, 3)}
    """
    return {
        name: (
            1 + sum(other.low > own.high for other in intervals.values()),
            len(intervals) - sum(other.high < own.low for other in intervals.values()),
        )
        for name, own in intervals.items()
    }


def level(intervals: Mapping[str, Interval]) -> list[str]:
    """Whoever the figures leave as a possible first, the highest mean first.

    >>> close = {"a": Interval(mean=0.3, low=0.2, high=0.4, n=9), "b": Interval(mean=0.35, low=0.2, high=0.45, n=9)}
    >>> level(close | {"c": Interval(mean=0.1, low=0.0, high=0.15, n=9)})
    ['b', 'a']
    """
    possible = [name for name, place in places(intervals).items() if place[0] == 1]
    return sorted(possible, key=lambda name: -intervals[name].mean)


def place_text(place: tuple[int, int]) -> str:
    """Such as "1" or "2–4"."""
    return str(place[0]) if place[0] == place[1] else f"{place[0]}–{place[1]}"


def sentence(intervals: Mapping[str, Interval], titles: Mapping[str, str], metric: str) -> str:
    """Who is first, and whether that is more than the luck of these test users.

    >>> close = {"a": Interval(mean=0.4, low=0.3, high=0.5, n=9), "b": Interval(mean=0.35, low=0.2, high=0.45, n=9)}
    >>> sentence(close, {"a": "EASE", "b": "PureSVD"}, "nDCG@100")
    'EASE has the highest nDCG@100, but its interval overlaps that of PureSVD: these test users do not tell them apart.'
    """
    if not intervals:
        return "No model of this data set has been measured."
    first = max(intervals, key=lambda name: intervals[name].mean)
    if len(intervals) == 1:
        return f"{titles[first]} is the only model that has been measured."
    rivals = [titles[name] for name, own in intervals.items() if name != first and own.high >= intervals[first].low]
    if not rivals:
        return f"{titles[first]} has the highest {metric}, and its interval lies above every other one."
    named = rivals[0] if len(rivals) == 1 else f"{', '.join(rivals[:-1])} and {rivals[-1]}"
    that = "that" if len(rivals) == 1 else "those"
    end = "these test users do not tell them apart."
    return f"{titles[first]} has the highest {metric}, but its interval overlaps {that} of {named}: {end}"
