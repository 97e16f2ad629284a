"""Which item leads to which, under any model, by the one question that every model answers.

    S_ij = f_j({i}) - f_j(nothing)                what a history of item i alone adds to the score of item j    [I, I]

Row i: what i leads to. Column i: because of which items i is recommended. A linear model answers x with x S, so this S
is its own: EASE's matrix, W_i W_o of a linear autoencoder, V V^T of PureSVD (V times its transpose). Of the others it
is the answer to a history of one item, and says nothing of how items act together.

A memory-based model answers no history. Where scores are user vector times item vector (`item_vectors`), the cosines
of the item vectors take the place of S; any two-tower model has them, too.

S is never held: its rows are made some at a time, and of each block the largest entries by row and by column, the
norms, and what the map needs are kept. Above EXACT items two figures come from sketches with P random signs Z [I, P]:

    |S - S^T|^2 = E |S z - S^T z|^2       Hutchinson 1990, Communications in Statistics 19(2), 433-450
    the map     principal axes of S Z, whose distances are those of S to some 1 / sqrt(P)
                Achlioptas 2003, "Database-friendly random projections", JCSS 66(4), 671-687
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from scipy.sparse import csr_array

from zoo.card import About
from zoo.errors import ModelError
from zoo.largest import LargestOfColumns, largest_of_rows
from zoo.runtime import Model

N = 20  # items kept of each row and of each column
EXACT = 2048  # items up to which nothing is estimated
PROBES = 64  # random signs per item above that
READ_AHEAD = range(EXACT + 1, 20_001)  # items of catalogues that are read when a model is published: it takes seconds
FILE = "similar.npz"  # in the model's folder
BLOCK_BYTES = 16 * 2**20  # of S at once
FITS = 1e-3  # how far scores may be from user vector times item vector, relative to their range


class Likeness(Protocol):
    """Where the rows of an item-item matrix come from."""

    n_items: int

    def rows(self, items: np.ndarray) -> np.ndarray:
        """Rows of S, float32 [n, I]. items : int64 [n]"""

    def of_people(self, histories: csr_array) -> np.ndarray:
        """What the same makes of whole histories, float32 [n, I]. histories : csr [n, I]"""


class Answers:
    """S = f({i}) - f(nothing), asked of a model that reads histories."""

    def __init__(self, model: Model) -> None:
        if not model.card.about.serves_new_profiles:
            raise ModelError(f"{model.card.about.title} is memory-based: it has no answer to a history.")
        self.n_items = model.card.n_items
        self._model = model
        self._nothing = self._ask(csr_array((1, self.n_items), dtype=np.float32))  # [1, I]

    def rows(self, items: np.ndarray) -> np.ndarray:
        ones = np.ones(len(items), dtype=np.float32)
        return self.of_people(csr_array((ones, items, np.arange(len(items) + 1)), shape=(len(items), self.n_items)))

    def of_people(self, histories: csr_array) -> np.ndarray:
        scores = self._ask(histories)
        scores -= self._nothing
        return scores

    def _ask(self, histories: csr_array) -> np.ndarray:
        return self._model.run(histories, k=1, outputs=("all_scores",))["all_scores"]


class Cosines:
    """S = cosine of the angle between item vectors: symmetric."""

    def __init__(self, vectors: np.ndarray, model: Model | None = None) -> None:
        """vectors : float32 [I, K]; model : whose user vectors stand in the same space, for `of_people`"""
        self.n_items = len(vectors)
        self._unit = unit(vectors)
        self._model = model

    def rows(self, items: np.ndarray) -> np.ndarray:
        return self._unit[items] @ self._unit.T

    def of_people(self, histories: csr_array) -> np.ndarray:
        if self._model is None or not self._model.card.about.serves_new_profiles:
            raise ModelError("A memory-based model has no vector for people whom it was not trained on.")
        vectors = self._model.run(histories, k=1, outputs=("embedding",))["embedding"]
        return unit(vectors) @ self._unit.T


@dataclass(frozen=True, eq=False)
class Similar:
    """What is kept of S [I, I]. n = min(N, I - 1). An item never stands in a list of its own."""

    leads_to: np.ndarray  # int32 [I, n], the largest of row i, largest first; -1 where no more are above 0
    leads_by: np.ndarray  # float32 [I, n], these entries of S; 0 there
    because_of: np.ndarray  # int32 [I, n], the same of column i
    because_by: np.ndarray  # float32 [I, n]
    norm: float  # |S|, the root of the sum of squares of all entries (Frobenius)
    asymmetry: float  # |S - S^T| / |S|: 0 symmetric, 1.41 where of i and j one leads to the other alone; nan if S = 0
    asymmetry_error: float  # its standard error; 0.0: counted, not estimated
    places: np.ndarray  # float32 [I, 2], where each item lies on the first two principal axes of the rows of length 1
    axes: np.ndarray  # float32 [I, 2], takes a row of length 1 there, save for `centre`
    centre: np.ndarray  # float32 [2]
    explained: float  # the two axes' share of all squared distances from the centre, 0..1

    def place(self, answers: np.ndarray) -> np.ndarray:
        """Where people lie among the items, float32 [n, 2]. answers : float32 [n, I], `Likeness.of_people`"""
        return unit(answers) @ self.axes - self.centre

    def write(self, folder: Path) -> None:
        """Into a model's folder; numbers only, and nothing that would be run when it is read."""
        np.savez(folder / FILE, **{field.name: getattr(self, field.name) for field in fields(self)})


def read_similar(folder: Path) -> Similar | None:
    """What was read when the model of this folder was published; None where nothing was."""
    if not (folder / FILE).is_file():
        return None
    with np.load(folder / FILE, allow_pickle=False) as arrays:
        found: dict[str, Any] = {name: arrays[name] for name in arrays.files}
    numbers = {name: float(array) for name, array in found.items() if not array.ndim}
    return Similar(**(found | numbers))


def is_read_ahead(about: About, n_items: int) -> bool:
    """Whether all rows are read when the model is published, so that nobody waits for it on a page.

    Smaller catalogues are read in tenths of a second; larger ones would take longer than many a training.
    """
    return n_items in READ_AHEAD and about.serves_new_profiles and about.dislikes != "exempt"


def similar(likeness: Likeness, *, block: int | None = None, exact: int = EXACT, probes: int = PROBES) -> Similar:
    """Reads all rows of S once.

    block : rows at once; None: as many as BLOCK_BYTES hold
    exact : items up to which the asymmetry and the map come from S itself, and not from `probes` sketches
    """
    n_items = likeness.n_items
    block = block or max(1, BLOCK_BYTES // (4 * n_items))
    n = min(N, n_items - 1)
    signs = None if n_items <= exact else _signs(n_items, probes)  # Z                              [I, P]
    width = n_items if signs is None else probes
    ahead = np.empty((n_items, width), dtype=np.float32)  # S Z, or S                               [I, P]
    behind = np.zeros((n_items, width), dtype=np.float32)  # S^T Z, or S^T                          [I, P]
    squares = np.empty(n_items)  # |S_i|^2                                                          [I]
    leads = (np.empty((n_items, n), dtype=np.int32), np.empty((n_items, n), dtype=np.float32))
    because = LargestOfColumns(n_items, n)
    for items, S in _blocks(likeness, block):  # [b, I]
        squares[items] = np.einsum("bi,bi->b", S, S)
        if signs is None:
            ahead[items], behind[:, items] = S, S.T
        else:
            ahead[items] = S @ signs
            behind += S.T @ signs[items]
        S[np.arange(len(items)), items] = 0.0  # from here on, an item is not near itself
        leads[0][items], leads[1][items] = largest_of_rows(S, n)
        because.see(items, S)
    norm = float(np.sqrt(squares.sum()))
    asymmetry, error = _asymmetry(ahead - behind, norm, counted=signs is None)
    places, axes, centre, explained = _principal(ahead, np.sqrt(squares), signs)
    return Similar(*leads, *because.settle(), norm, asymmetry, error, places, axes, centre, explained)


def item_vectors(model: Model, users: np.ndarray | None = None) -> np.ndarray:
    """float32 [I, K], the item vectors of a model whose scores are user vector times item vector.

    They are read off its answers: more of them than there are factors, and the shortest solution by least squares; the
    answers that were left out must fit it. What of an item vector no user vector reaches is not told: no score has it.

    users : int64, rows of the training data, for a memory-based model

    Raises
    ------
    ModelError if the model gives no user vectors, or its scores are not such products
    """
    title = model.card.about.title
    if "embedding" not in model.card.outputs:
        raise ModelError(f"{title} has no user vectors.")
    nobody = csr_array((1, model.card.n_items), dtype=np.float32)
    one = None if users is None else users[:1]
    factors = model.run(nobody, users=one, k=1, outputs=("embedding",))["embedding"].shape[1]
    rng = np.random.default_rng(0)
    n = 2 * factors + 32
    if users is not None:
        users = rng.permutation(users)[:n]
        histories = csr_array((len(users), model.card.n_items), dtype=np.float32)
    else:
        histories = _some_histories(rng, n, model.card.n_items)
    answer = model.run(histories, users=users, k=1, outputs=("embedding", "all_scores"))
    E, scores = answer["embedding"], answer["all_scores"]  # [n, K], [n, I]
    asked = max(1, len(E) * 3 // 4)
    W = np.linalg.pinv(E[:asked].astype(np.float64), rcond=1e-6) @ scores[:asked]  # [K, I]
    if asked == len(E) or np.abs(E[asked:] @ W - scores[asked:]).max() > FITS * np.ptp(scores):
        raise ModelError(f"The scores of {title} are not user vector times item vector.")
    return W.T.astype(np.float32)


def unit(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1; what is 0 stays 0.

    >>> unit(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    length = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)


def _blocks(likeness: Likeness, block: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Items and their rows of S, block by block; the model answers the next one while this one is read."""
    starts = range(0, likeness.n_items, block)
    parts = [np.arange(start, min(start + block, likeness.n_items)) for start in starts]
    with ThreadPoolExecutor(1) as asking:
        coming = asking.submit(likeness.rows, parts[0])
        for items, after in zip(parts, [*parts[1:], None], strict=True):
            S = coming.result()
            if after is not None:
                coming = asking.submit(likeness.rows, after)
            yield items, S


def _signs(n_items: int, probes: int) -> np.ndarray:
    return np.random.default_rng(0).choice(np.array([-1.0, 1.0], dtype=np.float32), (n_items, probes))


def _asymmetry(A: np.ndarray, norm: float, counted: bool) -> tuple[float, float]:
    """|S - S^T| / |S| and its standard error, from A = (S - S^T) Z [I, P], or S - S^T itself."""
    if norm == 0:
        return float("nan"), 0.0
    squares = np.einsum("ip,ip->p", A, A, dtype=np.float64)
    if counted:
        return float(np.sqrt(squares.sum()) / norm), 0.0
    root = float(np.sqrt(squares.mean()))
    error = float(squares.std(ddof=1) / np.sqrt(len(squares)))
    return root / norm, error / (2 * root * norm) if root else 0.0


def _principal(
    sketch: np.ndarray, lengths: np.ndarray, signs: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """places, axes, centre and explained of `Similar`, from S Z [I, P] and |S_i| [I]."""
    scale = 1.0 if signs is None else 1.0 / np.sqrt(signs.shape[1])
    length = lengths.astype(np.float32)[:, None]
    rows = np.divide(scale * sketch, length, out=np.zeros_like(sketch), where=length > 0)  # [I, P]
    middle = rows.mean(axis=0)
    rows -= middle
    directions, lengths_along = _axes_of(rows)
    places = rows @ directions
    furthest = places[np.abs(places).argmax(axis=0), [0, 1]]
    turn = np.where(furthest < 0, -1.0, 1.0).astype(np.float32)  # an axis has no direction of its own
    directions, places = directions * turn, places * turn
    axes = directions if signs is None else (scale * signs) @ directions
    total = float(np.einsum("ip,ip->", rows, rows, dtype=np.float64))
    explained = lengths_along / total if total > 0 else 0.0
    return places, axes.astype(np.float32), (middle @ directions).astype(np.float32), explained


def _axes_of(rows: np.ndarray) -> tuple[np.ndarray, float]:
    """The two directions of the largest sums of squares of centred rows [I, P], float32 [P, 2], and these sums' sum."""
    width = rows.shape[1]
    directions = np.zeros((width, 2), dtype=np.float32)
    if width <= PROBES:
        values, vectors = np.linalg.eigh(rows.T @ rows)
        values, vectors = values[-2:], vectors[:, -2:]
    elif rows.any():  # only two of many: by products with vectors alone
        from scipy.sparse.linalg import LinearOperator, eigsh  # 8 MB and a tenth of a second, which few visitors need

        times = LinearOperator((width, width), matvec=lambda v: rows.T @ (rows @ v), dtype=np.float32)
        values, vectors = eigsh(times, k=2, which="LA", v0=np.ones(width, dtype=np.float32), tol=1e-5)
    else:
        return directions, 0.0
    order = np.argsort(-values)
    directions[:, : len(order)] = vectors[:, order]
    return directions, float(values.clip(0).sum())


def _some_histories(rng: np.random.Generator, n: int, n_items: int) -> csr_array:
    """n histories of one to five items, drawn at random."""
    lengths = rng.integers(1, min(5, n_items) + 1, n)
    items = np.concatenate([rng.choice(n_items, length, replace=False) for length in lengths])
    weights = np.ones(len(items), dtype=np.float32)
    return csr_array((weights, items, np.concatenate([[0], np.cumsum(lengths)])), shape=(n, n_items))
