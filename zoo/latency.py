"""How soon models answer one person, here and now: asked in turn on one machine, so that they can be compared.

No promise of milliseconds anywhere else: another machine, another load, other numbers, mostly in the same order.
"""

import time
from collections.abc import Callable
from functools import partial

import numpy as np

from zoo.dataset import Dataset
from zoo.runtime import Model

N_ASKED = 25
WARM_UP = 3


def milliseconds(model: Model, dataset: Dataset, k: int = 20) -> np.ndarray:
    """float64 [25 or fewer]: the time of one list of k for each of some test users, one after the other."""
    fold = dataset.test
    rows = np.linspace(0, len(fold) - 1, min(N_ASKED, len(fold))).astype(np.int64)
    by_number = model.card.about.input == "users"

    def ask(row: int) -> None:
        part = fold.part(np.array([row]))
        model.run(part.fold_in, users=part.user_idx if by_number else None, k=k, outputs=("ranked",))

    for row in rows[:WARM_UP]:
        ask(int(row))
    return np.array([_timed(partial(ask, int(row))) for row in rows])


def _timed(what: Callable[[], None]) -> float:
    start = time.perf_counter()
    what()
    return 1000 * (time.perf_counter() - start)
