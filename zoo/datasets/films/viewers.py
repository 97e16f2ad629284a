"""Who watches in the simulation, and what they would like: the parameters, films as numbers, and tastes.

The equations stand in zoo/datasets/films/simulator.py; the names here are its letters.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import polars as pl


@dataclass(frozen=True)
class Config:
    """Every parameter of the simulator. What acts on log preference is given as the standard deviation it causes."""

    n_viewers: int = 8000  # V, accounts
    first_year: int = 2015  # the record begins on 1 January
    n_years: int = 10
    seasons_per_year: int = 4  # within a season tastes and films on offer stay as at its beginning

    least_films: int = 5  # films that even the idlest account watched
    typical_films: float = 25.0  # median of what comes on top of it
    activity_spread: float = 0.9  # standard deviation of its logarithm: the long tail of viewers
    largest_share: float = 0.5  # share of the catalogue that nobody exceeds
    typical_stay: float = 2.0  # years from the first to the last film, median
    stay_spread: float = 0.7  # standard deviation of its logarithm

    fame: float = 1.1  # standard deviation of log exposure: the long tail of films
    fame_noise: float = 0.5  # how much of a film's place in the order of fame is chance; 0 = none
    novelty: float = 3.0  # a new film is 1 + novelty times as visible as it will be
    novelty_years: float = 1.0  # years after which that has fallen to 1/e

    genre: float = 2.2  # tastes over genres
    hidden: float = 1.4  # tastes over qualities that no column of the catalogue tells
    n_hidden: int = 4  # how many of them
    country: float = 0.8  # tastes over countries
    era: float = 2.0  # mean height of the bump around one's favourite year
    era_width: float = 12.0  # years
    director: float = 2.0  # what a favourite director adds
    n_favourites: float = 3.0  # favourite directors of a person, mean
    drift: float = 0.2  # radians per year by which tastes over genres and hidden qualities turn

    household: float = 0.2  # share of accounts that are two people
    noise: float = 0.06  # share of choices made by exposure alone: a gift, a rainy evening, somebody else's turn

    @property
    def n_seasons(self) -> int:
        return self.n_years * self.seasons_per_year


@dataclass(frozen=True)
class Films:
    """The catalogue as numbers. I films, G genres, C countries, D directors, K hidden qualities."""

    item_ids: list[str]
    year: np.ndarray  # [I] float
    genres: np.ndarray  # [I, G], rows of length 1
    countries: np.ndarray  # [I, C], rows sum to 1
    directors: np.ndarray  # [I, D] 0/1
    hidden: np.ndarray  # [I, K]
    fame: np.ndarray  # [I] log exposure of a film that is no longer new
    release: np.ndarray  # [I] years since the record began (negative: before)

    @classmethod
    def draw(cls, catalogue: pl.DataFrame, config: Config, rng: np.random.Generator) -> "Films":
        """From a table of films in the order of their fame; what the table does not tell is drawn."""
        n = catalogue.height
        genres, countries, directors = (_indicators(catalogue[name]) for name in ("genres", "countries", "directors"))
        year = catalogue["year"].to_numpy().astype(float)
        order = NormalDist().inv_cdf
        known = np.array([order(1 - (place + 0.5) / n) for place in range(n)])  # normal scores of the order of fame
        fame = known + config.fame_noise * rng.standard_normal(n)
        own, of_director = rng.standard_normal((n, config.n_hidden)), directors / np.sqrt(directors.sum(1))[:, None]
        shared = of_director @ rng.standard_normal((directors.shape[1], config.n_hidden))
        return cls(
            catalogue["item_id"].to_list(),
            year,
            genres / np.sqrt(genres.sum(axis=1))[:, None],
            countries / countries.sum(axis=1)[:, None],
            directors,
            (own + shared) / np.sqrt(2.0),
            config.fame * fame / np.sqrt(1.0 + config.fame_noise**2),
            year + rng.random(n) - config.first_year,  # some day of its year
        )

    def exposure(self, time: float, config: Config) -> np.ndarray:
        """e(t) [I]: how visible each film is; 0 before its release. time: years since the record began."""
        age = time - self.release
        fresh = 1.0 + config.novelty * np.exp(-np.maximum(age, 0.0) / config.novelty_years)
        return np.where(age < 0, 0.0, np.exp(self.fame) * fresh)


@dataclass(frozen=True)
class People:
    """P people and their tastes; the two tables of genres and hidden qualities are where taste turns from and to."""

    genres: np.ndarray  # [P, 2, G]
    hidden: np.ndarray  # [P, 2, K]
    countries: np.ndarray  # [P, C]
    favourite_year: np.ndarray  # [P]
    era: np.ndarray  # [P] height of the bump
    favourites: np.ndarray  # [P, D] bool

    @classmethod
    def draw(cls, n: int, films: Films, config: Config, rng: np.random.Generator) -> "People":
        n_genres, n_countries, n_directors = (
            table.shape[1] for table in (films.genres, films.countries, films.directors)
        )
        prominence = films.directors.sum(axis=0) / films.directors.sum()  # those with many films have many followers
        return cls(
            config.genre * rng.standard_normal((n, 2, n_genres)),
            config.hidden / np.sqrt(config.n_hidden) * rng.standard_normal((n, 2, config.n_hidden)),
            config.country * rng.standard_normal((n, n_countries)),
            rng.choice(films.year, n) + rng.normal(0.0, config.era_width / 2, n),
            rng.exponential(config.era, n),
            rng.random((n, n_directors)) < config.n_favourites * prominence,
        )

    def preference(self, rows: np.ndarray, films: Films, config: Config) -> "Preference":
        """u of some people over all films, ready to be asked at any time."""
        bump = np.exp(-0.5 * ((self.favourite_year[rows, None] - films.year) / config.era_width) ** 2)
        constant = (
            self.era[rows, None] * bump
            + config.director * (self.favourites[rows].astype(float) @ films.directors.T)
            + self.countries[rows] @ films.countries.T
        )
        first, second = (
            self.genres[rows, end] @ films.genres.T + self.hidden[rows, end] @ films.hidden.T for end in (0, 1)
        )
        return Preference(constant, first, second, config.drift)


@dataclass(frozen=True)
class Preference:
    """u(t) = constant + cos(drift t) first + sin(drift t) second, each [n, I]."""

    constant: np.ndarray
    first: np.ndarray
    second: np.ndarray
    drift: float

    def at(self, time: float, rows: np.ndarray) -> np.ndarray:
        """u(t) of some of the rows [len(rows), I]."""
        turned = np.cos(self.drift * time) * self.first[rows] + np.sin(self.drift * time) * self.second[rows]
        return self.constant[rows] + turned


def _indicators(lists: pl.Series) -> np.ndarray:
    """float [n, number of distinct names], 1.0 where a row's list holds the name; a row without any has the last."""
    rows = lists.to_list()
    names = sorted({name for of_row in rows for name in of_row or ()})
    column = {name: number for number, name in enumerate(names)}
    table = np.zeros((len(rows), len(names) + 1))
    for row, of_row in enumerate(rows):
        table[row, [column[name] for name in of_row or ()] or [-1]] = 1.0
    return table if table[:, -1].any() else table[:, :-1]
