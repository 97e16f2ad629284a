"""The sentence that says how lists differ, against figures that are counted here anew."""

import re
from statistics import median

import numpy as np
import polars as pl
import pytest

from zoo.compare import Character, Traits, character
from zoo.differing import MIN_POPULARITY, MIN_YEARS, differing


def of(n: int = 20, popularity: float | None = 0.2, year: float | None = 1990.0, **genres: float) -> Character:
    return Character(n, popularity, year, 0 if year is None else n, genres, n if genres else 0)


def two(a: Character, b: Character, shared: int = 11, hidden: tuple[int, ...] = ()) -> str:
    rankings = [list(range(a.n)), list(range(a.n - shared, a.n - shared + b.n))]
    return differing(["EASE", "VAE"], rankings, [a, b], hidden)


def test_two_lists_are_told_apart_by_age_popularity_and_genre():
    said = two(of(Horror=0.2, Drama=0.8, War=0.3), of(year=2004.0, popularity=0.1, Horror=0.6, Drama=0.1, War=0.3))
    assert said == (
        "EASE and VAE share 11 of 20 items; those of VAE are 14 years newer and half as popular, with more Horror and "
        "less Drama."
    )


def test_what_hardly_differs_is_not_mentioned():
    assert two(of(), of(year=1991.9, popularity=0.21)).endswith("; by year and popularity they are much alike.")
    assert "year" not in two(of(), of(year=1991.0, popularity=0.4))
    assert two(of(), of(year=1992.0)).endswith("those of VAE are 2 years newer.")
    assert two(of(Drama=0.5), of(Drama=0.9)).endswith("those of VAE have more Drama.")


def test_a_catalogue_without_years_and_genres_leaves_popularity_and_one_without_all_of_it_nothing():
    assert two(of(year=None), of(year=None, popularity=0.6)).endswith("those of VAE are 3.0 times as popular.")
    assert two(of(year=None, popularity=None), of(year=None)).endswith("nothing else is known of them.")


def test_lists_that_are_the_same_share_nothing_or_are_empty_say_so():
    same = [of(3), of(3)]
    assert differing(["A", "B"], [[1, 2, 3], [1, 2, 3]], same) == "A and B list the same 3 items in the same order."
    assert differing(["A", "B"], [[1, 2, 3], [3, 2, 1]], same) == "A and B list the same 3 items in another order."
    assert differing(["A", "B"], [[1, 2, 3], []], [of(3), of(0, None, None)]) == "A lists 3 items, B nothing."
    assert differing(["A", "B"], [[], []], [of(0, None, None)] * 2) == "A lists nothing, B nothing."
    assert two(of(), of(), shared=0).startswith("EASE and VAE share none of their 20 items;")
    assert differing(["A", "B"], [[1], [1]], [of(1), of(1)]) == "A and B list the same 1 item in the same order."
    assert two(of(20), of(5), shared=2).startswith("EASE and VAE share 2 of 20 and 5 items;")


def test_who_found_what_a_test_user_really_chose_is_counted():
    assert two(of(), of(), hidden=(0, 1, 10, 99)).endswith(" Of 4 hidden choices, EASE lists 3 and VAE lists 1.")
    assert " Of 1 hidden choice, EASE lists 1 and VAE lists 0." in two(of(), of(), hidden=(0,))


def test_of_many_lists_the_ends_are_named_and_a_tie_has_none():
    rankings = [[0, 1, 2, 3, 4], [0, 1, 2, 3, 9], [0, 5, 6, 7, 8]]
    lists = [of(5, 0.1, 1980.0, Drama=0.8), of(5, 0.3, 1999.5, Drama=0.2), of(5, 0.2, 1990.0, Drama=0.4)]
    assert differing(["A", "B", "C"], rankings, lists) == (
        "All three lists share 1 of 5 items. A and B share the most: 4. Items are newest in B (median 1999.5) and "
        "oldest in A (1980), most popular in B (chosen by 30 % on average) and least in A (10 %); Drama differs most: "
        "80 % of A, 20 % of B."
    )
    level = differing(["A", "B", "C"], rankings, [lists[0], lists[0], lists[2]])
    assert level == "All three lists share 1 of 5 items. A and B share the most: 4."
    apart = differing(["A", "B", "C"], [[1], [2], [3]], [of(1)] * 3)
    assert apart == "No item stands in all lists."


def test_years_before_christ_are_years():
    said = differing(["A", "B", "C"], [[1], [2], [3]], [of(1, year=-750.0), of(1, year=1605.0), of(1, year=100.0)])
    assert "newest in B (median 1605) and oldest in A (750 BC)" in said


@pytest.mark.parametrize("seed", range(40))
def test_the_sentence_is_true_to_the_numbers_of_any_two_lists(seed):
    """Every claim of it is read back, and counted again from the items alone."""
    rng = np.random.default_rng(seed)
    n, n_users = 80, 500
    years = [None if rng.random() < 0.2 else int(rng.integers(1920, 2024)) for _ in range(n)]
    genres = [
        [str(g) for g in rng.choice(["Drama", "War", "Horror", "Comedy"], rng.integers(0, 3), False)] for _ in range(n)
    ]
    users = rng.integers(1, n_users, n).tolist()
    items = pl.DataFrame({"year": years, "genres": genres, "n_users": users}, schema_overrides={"year": pl.Int32})
    a, b = (rng.choice(n, rng.integers(5, 21), replace=False).tolist() for _ in range(2))
    said = differing(["A", "B"], [a, b], [character(one, Traits.of(items, n_users)) for one in (a, b)])

    shared = len([item for item in a if item in b])
    assert ("none of their" in said) if shared == 0 else (f"share {shared} of" in said)
    of_a, of_b = ([years[i] for i in one if years[i] is not None] for one in (a, b))
    later = median(of_b) - median(of_a)
    told = re.search(r"([\d.]+) years (newer|older)", said)
    assert (told is not None) == (abs(later) >= MIN_YEARS)
    if told:
        assert float(told[1]) * (1 if told[2] == "newer" else -1) == later
    ratio = (sum(users[i] for i in b) / len(b)) / (sum(users[i] for i in a) / len(a))
    told = re.search(
        r"(?:(\d+) % (more|less)|(half|twice)|([\d.]+) times) (?:as )?popular|(half|twice) as popular", said
    )
    assert (told is not None) == (abs(ratio - 1) >= MIN_POPULARITY)
    if told and told[1]:
        assert int(told[1]) == round(100 * abs(ratio - 1))
        assert (told[2] == "more") == (ratio > 1)
    elif told and told[4]:
        assert float(told[4]) == pytest.approx(ratio, abs=0.051)
    elif told:
        assert ratio == pytest.approx({"half": 0.5, "twice": 2.0}[told[3] or told[5]], abs=0.05)

    def share(one: list[int], genre: str) -> float:
        known = [i for i in one if genres[i]]
        return sum(genre in genres[i] for i in known) / len(known)

    for word in ("more", "less"):
        named = re.search(rf"{word} ((?:Drama|War|Horror|Comedy)(?: and (?:Drama|War|Horror|Comedy))?)", said)
        for genre in named[1].split(" and ") if named else []:
            assert (share(b, genre) > share(a, genre)) == (word == "more")
            assert abs(share(b, genre) - share(a, genre)) >= 0.0999
