"""Who comes before whom, as far as paired comparisons on the same test users let one say so. Pure."""

from collections.abc import Mapping, Sequence

from zoo.card import Interval
from zoo.differing import listed
from zoo.significance import Comparison

Ahead = set[tuple[str, str]]  # (better, worse): told apart by these test users


def ahead(comparisons: Sequence[Comparison]) -> Ahead:
    """Pairs that the comparisons tell apart; more of the metric is better."""
    told = [one for one in comparisons if one.distinguishable]
    return {(one.a, one.b) if one.difference > 0 else (one.b, one.a) for one in told}


def places(names: Sequence[str], pairs: Ahead) -> dict[str, tuple[int, int]]:
    """The best and the worst place that each model may have.

    >>> places(["a", "b", "c"], {("a", "c"), ("b", "c")})
    {'a': (1, 2), 'b': (1, 2), 'c': (3, 3)}
    """
    before = {name: sum(worse == name for _, worse in pairs) for name in names}
    behind = {name: sum(better == name for better, _ in pairs) for name in names}
    return {name: (1 + before[name], len(names) - behind[name]) for name in names}


def level(figures: Mapping[str, Interval], pairs: Ahead) -> list[str]:
    """Whoever nobody is ahead of, the highest mean first.

    >>> means = {"a": 0.3, "b": 0.35, "c": 0.1}
    >>> level({name: Interval(mean=mean, low=0, high=1, n=9) for name, mean in means.items()}, {("b", "c")})
    ['b', 'a']
    """
    beaten = {worse for _, worse in pairs}
    return sorted((name for name in figures if name not in beaten), key=lambda name: -figures[name].mean)


def place_text(place: tuple[int, int]) -> str:
    """Such as "1" or "2–4"."""
    return str(place[0]) if place[0] == place[1] else f"{place[0]}–{place[1]}"


def sentence(
    figures: Mapping[str, Interval], pairs: Ahead, titles: Mapping[str, str], metric: str, lowest: bool = False
) -> str:
    """Who is first, and whether that is more than the luck of these test users. lowest : less of the metric is better

    >>> figures = {name: Interval(mean=mean, low=0, high=1, n=61) for name, mean in (("a", 0.4), ("b", 0.35))}
    >>> sentence(figures, set(), {"a": "EASE", "b": "PureSVD"}, "nDCG@100")
    'EASE has the highest nDCG@100, but these 61 test users do not tell it apart from PureSVD.'
    """
    if not figures:
        return "No model of this data set has been measured."
    first = (min if lowest else max)(figures, key=lambda name: figures[name].mean)
    most = "lowest" if lowest else "highest"
    if len(figures) == 1:
        return f"{titles[first]} is the only model that has been measured."
    users = f"these {figures[first].n:,} test users"
    told = {first} | {name for name in figures if (first, name) in pairs or (name, first) in pairs}
    rivals = [titles[name] for name in figures if name not in told]
    if not rivals:
        return f"{titles[first]} has the {most} {metric}, and {users} tell it apart from every other one."
    return f"{titles[first]} has the {most} {metric}, but {users} do not tell it apart from {listed(rivals)}."
