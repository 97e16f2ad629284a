"""Who watches which film, and when: a seeded simulator whose true probabilities are known.

Real recommenders are measured on what people happened to watch, and nobody knows what they would have watched. Here
both are known. The films are real; the viewers are not.

    i  a film        G_i genres (length 1), C_i countries (sum 1), D_i directors (0/1), y_i year, r_i release,
                     z_i ~ N(0, I_K) hidden qualities, half of them its director's
    a  a person      theta_a, theta'_a ~ N(0, genre^2 I), h_a, h'_a ~ N(0, hidden^2 / K I), c_a ~ N(0, country^2 I),
                     favourite year m_a, intensity b_a ~ Exp(mean era), favourite directors F_a, n_favourites on average
    v  an account    one person, or with probability `household` two: the first chooses a share pi_v of the films

Preference, which turns slowly (w = drift, t in years), so that tastes keep their variance:

    u_ai(t) = G_i . (cos(wt) theta_a + sin(wt) theta'_a) + z_i . (cos(wt) h_a + sin(wt) h'_a)
              + b_a exp(-(y_i - m_a)^2 / (2 era_width^2)) + director |D_i & F_a| + C_i . c_a

Exposure: log-normal over films (long tail), more for a new film, none for one that is not out:

    e_i(t) = exp(fame g_i) (1 + novelty exp(-(t - r_i) / novelty_years)) [t >= r_i],    g_i ~ N(0, 1) in rank order

What is seen is chosen by both: a film is watched with probability exposure x preference. With a share `noise` of the
choices by exposure alone:

    q_vi(t) = (1 - noise) sum_a pi_va e_i exp(u_ai) / sum_j e_j exp(u_aj)  +  noise e_i / sum_j e_j
    P(next film of v is i | seen S, time t) = [i not in S] q_vi(t) / sum_{j not in S} q_vj(t)                        (1)

Activity: n_v = least_films + log-normal, spread evenly over the account's stay. Nobody watches a film twice.

The draw is exact and needs no loop over choices: within a season q stays as at its beginning, and the order in which
independent clocks ring, film i after Exp(1) / q_vi, is that of drawing by (1) one by one (Plackett 1975, Luce 1959).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from zoo.datasets.films.viewers import Config, Films, People

BLOCK = 256  # accounts drawn together: their tables stay within the processor's cache
YEAR = 365.25 * 86400  # seconds
TINY = 1e-300  # where no film is out yet nothing is divided by nothing


@dataclass(frozen=True)
class Simulation:
    """What was watched, and what was true. V accounts, I films, S seasons."""

    config: Config
    films: Films
    people: People  # the first V are the accounts' first people, then come the second ones of households
    second: np.ndarray  # int64 [V], row of the second person in `people`; -1 for those who live alone
    share: np.ndarray  # [V], what the first person chooses; 1.0 for those who live alone
    interactions: (
        pl.DataFrame
    )  # user_id Int64 (1..V), item_id str, timestamp Int64 (seconds since 1970), by user and time

    def season(self, timestamp: np.ndarray) -> np.ndarray:
        """The season in which something happened, 0..S-1."""
        years = (np.asarray(timestamp, dtype=float) - start_of(self.config)) / YEAR
        season = np.floor(years * self.config.seasons_per_year).astype(np.int64)
        return np.clip(season, 0, self.config.n_seasons - 1)

    def next_probability(self, viewers: np.ndarray, when: np.ndarray, seen: csr_array) -> np.ndarray:
        """P(next observed film), equation (1): the best that any recommender could know.

        Parameters
        ----------
        viewers : int [n], account numbers (user_id - 1)
        when : float [n, S], how much each season counts: one 1.0 per row for one moment, or a spread over several
        seen : csr [n, I], non-zero where the film was watched already; columns as in `films`

        Returns
        -------
        float64 [n, I], rows sum to 1 (or are 0 where nothing was on offer)
        """
        return _unseen(self._mean(viewers, when, exposed=True), seen)

    def preference(self, viewers: np.ndarray, when: np.ndarray, seen: csr_array) -> np.ndarray:
        """What they would like if every film that is out were equally visible; arguments as above. float64 [n, I]."""
        return _unseen(self._mean(viewers, when, exposed=False), seen)

    def _mean(self, viewers: np.ndarray, when: np.ndarray, exposed: bool) -> np.ndarray:
        mean = np.zeros((len(viewers), len(self.films.item_ids)))
        for start in range(0, len(viewers), BLOCK):
            block = Block(self, np.asarray(viewers)[start : start + BLOCK])
            for season in range(self.config.n_seasons):
                rows = np.flatnonzero(when[start : start + BLOCK, season])
                if len(rows):
                    mean[start + rows] += when[start + rows, season, None] * block.choice(season, rows, exposed)
        return mean


class Block:
    """Some accounts, with the preferences of their people worked out."""

    def __init__(self, simulation: Simulation, viewers: np.ndarray) -> None:
        self.config, self.films = simulation.config, simulation.films
        self.share = simulation.share[viewers]
        self.partner = np.full(len(viewers), -1)  # row of the second person among the block's preferences
        households = np.flatnonzero(simulation.second[viewers] >= 0)
        self.partner[households] = len(viewers) + np.arange(len(households))
        people = np.concatenate([viewers, simulation.second[viewers[households]]])
        self.preferences = simulation.people.preference(people, self.films, self.config)

    def choice(self, season: int, rows: np.ndarray, exposed: bool = True) -> np.ndarray:
        """q(t) [len(rows), I] of some accounts at the beginning of a season; without exposure: of preference alone."""
        time = season / self.config.seasons_per_year
        e = self.films.exposure(time, self.config)
        if not exposed:
            e = (e > 0).astype(float)
        q = self.share[rows, None] * self._taste(time, rows, e)
        shared = np.flatnonzero(self.partner[rows] >= 0)
        q[shared] += (1 - self.share[rows[shared], None]) * self._taste(time, self.partner[rows[shared]], e)
        return (1 - self.config.noise) * q + self.config.noise * e / max(e.sum(), TINY) if exposed else q

    def _taste(self, time: float, people: np.ndarray, e: np.ndarray) -> np.ndarray:
        """e exp(u) / sum [len(people), I]."""
        weight = e * np.exp(self.preferences.at(time, people))
        return weight / np.maximum(weight.sum(axis=1, keepdims=True), TINY)


def simulate(catalogue: pl.DataFrame, config: Config | None = None, seed: int = 0) -> Simulation:
    """Draw viewers for a table of films (item_id, year, genres, directors, countries; the best known first).

    The same table, config and seed give the same viewers and choices.
    """
    config, rng = config or Config(), np.random.default_rng(seed)
    films = Films.draw(catalogue, config, rng)
    lives_alone = rng.random(config.n_viewers) >= config.household
    share = np.where(lives_alone, 1.0, rng.uniform(0.5, 0.85, config.n_viewers))
    second = np.where(lives_alone, -1, config.n_viewers + np.cumsum(~lives_alone) - 1)
    people = People.draw(config.n_viewers + int((~lives_alone).sum()), films, config, rng)
    empty = Simulation(config, films, people, second, share, pl.DataFrame())
    counts = _counts(config, len(films.item_ids), rng)
    viewer, film, time = (np.concatenate(part) for part in zip(*_watched(empty, counts, rng), strict=True))
    order = np.lexsort((time, viewer))
    columns = {
        "user_id": pl.Series(viewer[order] + 1, dtype=pl.Int64),
        "item_id": pl.Series(films.item_ids).gather(film[order]),
        "timestamp": pl.Series(start_of(config) + YEAR * time[order]).cast(pl.Int64),
    }
    return Simulation(config, films, people, second, share, pl.DataFrame(columns))


def start_of(config: Config) -> float:
    """When the record begins, in seconds since 1970."""
    return datetime(config.first_year, 1, 1, tzinfo=UTC).timestamp()


def _counts(config: Config, n_films: int, rng: np.random.Generator) -> np.ndarray:
    """int [V, S]: how many films each account watches in each season."""
    V, S = config.n_viewers, config.n_seasons
    more = config.typical_films * np.exp(config.activity_spread * rng.standard_normal(V))
    n = np.minimum(config.least_films + np.floor(more), config.largest_share * n_films).astype(np.int64)
    stay = config.typical_stay * np.exp(config.stay_spread * rng.standard_normal(V))
    stay = np.minimum(stay * config.seasons_per_year, S)  # seasons
    begins = rng.random(V) * (S - stay)
    viewer = np.repeat(np.arange(V), n)
    season = np.floor(begins[viewer] + stay[viewer] * rng.random(len(viewer))).astype(np.int64)
    return np.bincount(viewer * S + np.minimum(season, S - 1), minlength=V * S).reshape(V, S)


def _watched(
    simulation: Simulation, counts: np.ndarray, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(account, film, years since the record began) of all choices, a block of accounts and a season at a time."""
    n_films = len(simulation.films.item_ids)
    for start in range(0, len(counts), BLOCK):
        viewers = np.arange(start, min(start + BLOCK, len(counts)))
        block, seen = Block(simulation, viewers), np.zeros((len(viewers), n_films), dtype=bool)
        for season in range(counts.shape[1]):
            rows = np.flatnonzero(counts[viewers, season])
            if not len(rows):
                continue
            wanted = counts[viewers[rows], season]
            row, film, place = _first_to_ring(block.choice(season, rows), seen[rows], wanted, rng)
            seen[rows[row], film] = True
            within = np.sort(rng.random((len(rows), wanted.max())), axis=1)[row, place]  # the order of the clocks
            yield viewers[rows[row]], film, (season + within) / simulation.config.seasons_per_year


def _first_to_ring(
    q: np.ndarray, seen: np.ndarray, wanted: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(row, film, place in its row) of the films drawn from q [n, I] one after another, as many as wanted [n]."""
    with np.errstate(divide="ignore"):
        clock = rng.standard_exponential(q.shape) / np.where(seen, 0.0, q)  # never, for what is seen or not yet out
    most = min(int(wanted.max()), q.shape[1])
    first = np.argpartition(clock, most - 1, axis=1)[:, :most]
    times = np.take_along_axis(clock, first, axis=1)
    order = np.argsort(times, axis=1)
    first, times = np.take_along_axis(first, order, axis=1), np.take_along_axis(times, order, axis=1)
    row, place = np.nonzero((np.arange(most) < wanted[:, None]) & np.isfinite(times))
    return row, first[row, place], place


def _unseen(q: np.ndarray, seen: csr_array) -> np.ndarray:
    rows = np.repeat(np.arange(seen.shape[0]), np.diff(seen.indptr))
    q[rows, seen.indices] = 0.0
    total = q.sum(axis=1, keepdims=True)
    return np.divide(q, total, out=np.zeros_like(q), where=total > 0)
