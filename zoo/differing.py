"""How two or more lists differ, in words that are true to the numbers.

>>> like = {"n": 20, "n_years": 20, "genres": {}, "n_genres": 20}
>>> old, new = Character(popularity=0.30, year=1977.5, **like), Character(popularity=0.15, year=1991.5, **like)
>>> differing(["EASE", "Mult-VAE"], [list(range(20)), list(range(9, 29))], [old, new])
'EASE and Mult-VAE share 11 of 20 items; those of Mult-VAE are 14 years newer and half as popular.'
"""

from collections.abc import Callable, Collection, Sequence
from itertools import combinations

from zoo.compare import Character, Ranking, common_items, genres_apart, jaccard

MIN_YEARS = 2.0  # a smaller difference of the medians is not worth a word
MIN_POPULARITY = 0.1  # the same of popularity: a tenth more or less
NAMED_GENRES = 2  # each way
_ALL = {2: "Both", 3: "All three", 4: "All four"}


def differing(
    titles: Sequence[str],
    rankings: Sequence[Ranking],
    characters: Sequence[Character],
    hidden: Collection[int] = (),
    genre_text: Callable[[str], str] = str,
) -> str:
    """How two or more lists differ, in a sentence that is true to the numbers.

    Parameters
    ----------
    titles, rankings, characters : of each list; titles differ from each other
    hidden : what a test user chose and no model was shown; then it says who found how many
    genre_text : a genre as it is written
    """
    of_kind = _two if len(titles) == 2 else _many
    said = of_kind(titles, rankings, characters, genre_text)
    return f"{said} {_found(titles, rankings, hidden)}" if hidden else said


def _found(titles: Sequence[str], rankings: Sequence[Ranking], hidden: Collection[int]) -> str:
    """Who lists how many of the hidden choices."""
    found = [sum(item in hidden for item in ranking) for ranking in rankings]
    counts = [f"{title} lists {n}" for title, n in zip(titles, found, strict=True)]
    return f"Of {len(hidden)} hidden {'choice' if len(hidden) == 1 else 'choices'}, {listed(counts)}."


def _many(
    titles: Sequence[str],
    rankings: Sequence[Ranking],
    characters: Sequence[Character],
    genre_text: Callable[[str], str],
) -> str:
    """Three lists and more: what they share, and who is at either end."""
    ends = "; ".join(filter(None, [", ".join(_ends(titles, characters)), _widest(titles, characters, genre_text)]))
    shared = _shared(titles, rankings)
    return f"{shared} {ends[:1].upper()}{ends[1:]}." if ends else shared


def _two(
    titles: Sequence[str],
    rankings: Sequence[Ranking],
    characters: Sequence[Character],
    genre_text: Callable[[str], str],
) -> str:
    (a, b), (in_a, in_b) = titles, rankings
    shared = len(common_items(rankings))
    if not in_a or not in_b:
        listing = {
            title: _items([ranking]) if ranking else "nothing" for title, ranking in zip(titles, rankings, strict=True)
        }
        return f"{a} lists {listing[a]}, {b} {listing[b]}."
    if shared == len(in_a) == len(in_b):
        same_order = list(in_a) == list(in_b)
        return f"{a} and {b} list the same {_items(rankings[:1])} in {'the same' if same_order else 'another'} order."
    sharing = f"{a} and {b} share {f'{shared} of' if shared else 'none of their'} {_items(rankings)}"
    of_a, of_b = characters
    return f"{sharing}; {_shift(b, of_a, of_b, genre_text)}."


def _shift(title: str, a: Character, b: Character, genre_text: Callable[[str], str]) -> str:
    """What the second list is like beside the first."""
    years = _years(b.year - a.year) if a.year is not None and b.year is not None else None
    popularity = _popularity(b.popularity / a.popularity) if a.popularity and b.popularity else None
    adjectives = " and ".join(filter(None, [years, popularity]))
    apart = genres_apart([a, b])
    kinds = [
        f"{word} {listed([genre_text(genre) for genre in some[:NAMED_GENRES]])}"
        for word, some in (
            ("more", [genre for genre in apart if b.genres.get(genre, 0.0) > a.genres.get(genre, 0.0)]),
            ("less", [genre for genre in apart if b.genres.get(genre, 0.0) < a.genres.get(genre, 0.0)]),
        )
        if some
    ]
    genres = " and ".join(kinds)
    if adjectives:
        return f"those of {title} are {adjectives}" + (f", with {genres}" if genres else "")
    if genres:
        return f"those of {title} have {genres}"
    known = {
        "year": (a.year, b.year),
        "popularity": (a.popularity, b.popularity),
        "genre": (a.n_genres or None, b.n_genres or None),
    }
    alike = [name for name, both in known.items() if None not in both]
    return f"by {listed(alike)} they are much alike" if alike else "nothing else is known of them"


def _years(later: float) -> str | None:
    """
    >>> _years(14.0), _years(-2.5), _years(1.0)
    ('14 years newer', '2.5 years older', None)
    """
    return f"{abs(later):g} years {'newer' if later > 0 else 'older'}" if abs(later) >= MIN_YEARS else None


def _popularity(ratio: float) -> str | None:
    """
    >>> [_popularity(ratio) for ratio in (0.2, 0.5, 1.05, 1.4, 2.0, 3.14)]
    ['80 % less popular', 'half as popular', None, '40 % more popular', 'twice as popular', '3.1 times as popular']
    """
    if abs(ratio - 1) < MIN_POPULARITY:
        return None
    if abs(ratio - 0.5) < 0.025:
        return "half as popular"
    if ratio < 1:
        return f"{100 * (1 - ratio):.0f} % less popular"
    if abs(ratio - 2) < 0.05:
        return "twice as popular"
    return f"{100 * (ratio - 1):.0f} % more popular" if ratio < 2 else f"{ratio:.1f} times as popular"


def _shared(titles: Sequence[str], rankings: Sequence[Ranking]) -> str:
    """Of three lists and more: what all of them share, and who shares the most."""
    shared = len(common_items(rankings))
    if not shared:
        first = "No item stands in all lists."
    else:
        first = f"{_ALL.get(len(titles), f'All {len(titles)}')} lists share {shared} of {_items(rankings)}."
    pairs = {pair: jaccard(rankings[pair[0]], rankings[pair[1]]) for pair in combinations(range(len(titles)), 2)}
    most = [pair for pair, share in pairs.items() if share == max(pairs.values())]
    if len(most) > 1 or not pairs[most[0]]:
        return first
    a, b = most[0]
    return f"{first} {titles[a]} and {titles[b]} share the most: {len(common_items([rankings[a], rankings[b]]))}."


def _ends(titles: Sequence[str], characters: Sequence[Character]) -> list[str]:
    """Of three lists and more: whose items are newest and oldest, most and least popular; where that is one list."""
    said = []
    years = {title: one.year for title, one in zip(titles, characters, strict=True) if one.year is not None}
    if (ends := _extremes(years)) and years[ends[1]] - years[ends[0]] >= MIN_YEARS:
        old, new = ends
        said.append(
            f"items are newest in {new} (median {year_text(years[new])}) and oldest in {old} ({year_text(years[old])})"
        )
    popular = {
        title: one.popularity for title, one in zip(titles, characters, strict=True) if one.popularity is not None
    }
    if (ends := _extremes(popular)) and popular[ends[1]] >= (1 + MIN_POPULARITY) * popular[ends[0]]:
        least, most = ends
        words = "most popular" if said else "items are most popular"
        shares = percent(popular[most]), percent(popular[least])
        said.append(f"{words} in {most} (chosen by {shares[0]} on average) and least in {least} ({shares[1]})")
    return said


def _extremes(values: dict[str, float]) -> tuple[str, str] | None:
    """Who has the least and the most; None where several have either."""
    if len(values) < 2 or any(list(values.values()).count(end(values.values())) > 1 for end in (min, max)):
        return None
    return min(values, key=values.__getitem__), max(values, key=values.__getitem__)


def _widest(titles: Sequence[str], characters: Sequence[Character], genre_text: Callable[[str], str]) -> str | None:
    """Of three lists and more: the genre whose shares are furthest apart."""
    for genre in genres_apart(characters)[:1]:
        shares = {title: one.share(genre) for title, one in zip(titles, characters, strict=True)}
        known = {title: share for title, share in shares.items() if share is not None}
        if ends := _extremes(known):
            few, many = ends
            return f"{genre_text(genre)} differs most: {percent(known[many])} of {many}, {percent(known[few])} of {few}"
    return None


def percent(share: float) -> str:
    """
    >>> percent(0.4), percent(0.0312), percent(0.05), percent(0.00012), percent(0.0)
    ('40 %', '3.1 %', '5 %', '0.012 %', '0 %')
    """
    places = 0 if share >= 0.0995 else 1
    return f"{100 * share:.{places}f}".removesuffix(".0") + " %" if share >= 0.00995 else f"{100 * share:.2g} %"


def year_text(year: float) -> str:
    """
    >>> year_text(1994.0), year_text(1987.5), year_text(-750.0)
    ('1994', '1987.5', '750 BC')
    """
    return f"{year:g}" if year > 0 else f"{-year:g} BC"


def lengths(rankings: Sequence[Ranking]) -> str:
    """How many items they have: one number, or each one's.

    >>> lengths([[1, 2], [3, 4]]), lengths([[1], [2, 3], [4, 5]])
    ('2', '1, 2 and 2')
    """
    numbers = [str(len(ranking)) for ranking in rankings]
    return numbers[0] if len(set(numbers)) == 1 else listed(numbers)


def _items(rankings: Sequence[Ranking]) -> str:
    """
    >>> _items([[1, 2], [3, 4]]), _items([[7]])
    ('2 items', '1 item')
    """
    return f"{(text := lengths(rankings))} {'item' if text == '1' else 'items'}"


def listed(names: Sequence[str]) -> str:
    """
    >>> listed([]), listed(["EASE"]), listed(["EASE", "PureSVD", "ItemKNN"])
    ('', 'EASE', 'EASE, PureSVD and ItemKNN')
    """
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
