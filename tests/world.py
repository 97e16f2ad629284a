"""A made-up film world: 60 films of two kinds, 240 people who mostly like one kind. Seeded."""

from pathlib import Path

import numpy as np
import polars as pl

N_USERS, N_ITEMS = 240, 60
ADJECTIVES = ("Amber", "Silent", "Crooked", "Paper", "Distant", "Copper")
NOUNS = ("Harbour", "Orchard", "Signal", "Winter", "Lantern", "Station", "River", "Garden", "Compass", "Window")
ODD_TITLES = {  # what strangers' files hold: nothing of it may break a page or a spreadsheet
    7: "Café Zürich",
    11: "<b>Bold</b> & <script>alert('x')</script>",
    13: "=SUM(A1:A9)",
    17: "Long Title, Very, Which Goes On And On Until It Has Said Everything There Is To Say About A Film",
    19: "**Stars** [link](https://example.org) :red[ink] $x^2$",
    23: "Harbour, The",
}


def titles() -> list[str]:
    made = [f"The {ADJECTIVES[i % 6]} {NOUNS[i // 6]}" for i in range(N_ITEMS)]
    return [ODD_TITLES.get(i, title) for i, title in enumerate(made)]


def write_world(folder: Path) -> None:
    """Writes interactions.csv (userId, movieId, rating, timestamp) and items.csv into a new folder."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(7)
    kind = np.arange(N_ITEMS) % 2  # even films are comedies, odd ones thrillers
    popularity = 1.0 / np.arange(1, N_ITEMS + 1) ** 0.5
    rows = []
    for user in range(N_USERS):
        liking = popularity * np.where(kind == user % 2, 1.0, 0.08)
        chosen = rng.choice(N_ITEMS, size=rng.integers(6, 20), replace=False, p=liking / liking.sum())
        days = np.sort(rng.integers(0, 2000, len(chosen)))
        rows += [
            (user + 1, 100 + 3 * item, int(rng.integers(2, 11)) / 2, 10**9 + 86400 * int(day))
            for item, day in zip(chosen, days, strict=True)
        ]
    pl.DataFrame(rows, schema=["userId", "movieId", "rating", "timestamp"], orient="row").write_csv(
        folder / "interactions.csv"
    )
    genres = [("Comedy", "Thriller")[k] + ("|Drama" if i % 5 == 0 else "") for i, k in enumerate(kind)]
    items = {
        "movieId": [100 + 3 * i for i in range(N_ITEMS)],
        "title": titles(),
        "year": [None if i == 29 else 1950 + i for i in range(N_ITEMS)],
        "genres": genres,
    }
    pl.DataFrame(items).write_csv(folder / "items.csv")
