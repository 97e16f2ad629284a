"""The code of a variational autoencoder: a cloud of tastes instead of one.

    q(e | x) = N(mu, diag(sigma^2))                     what the encoder makes of a history x
    e = mu + t sigma * eps,   eps ~ N(0, I)             a draw; t = 0: the centre, which is what is served; t = 1: q
    KL_k = 1/2 (sigma_k^2 + mu_k^2 - 1 - log sigma_k^2) nats, by which dimension k differs from N(0, 1), which is what
                                                        the code of somebody of whom nothing is known is held to

Liang, Krishnan, Hoffman, Jebara 2018, arXiv:1802.05814; Kingma and Welling 2014, arXiv:1312.6114, appendix B (KL).

Shapes: mu, sigma [K], scores [n, I]. A code is moved through the graph's own input (`Model.moves_code`).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import log_softmax

from zoo.recommend import Taste, all_scores, histories
from zoo.runtime import Model

IN_USE = 0.1  # nats of KL from which on a dimension says something of this taste
ENDS = 3.0  # how far a walk goes either way, in standard deviations of N(0, 1)


@dataclass(frozen=True, eq=False)
class Posterior:
    """q(e | x) of one history. float32 [K] each."""

    mu: np.ndarray
    sigma: np.ndarray

    @property
    def kl(self) -> np.ndarray:
        """float64 [K], nats per dimension; 0 where it is N(0, 1)."""
        mu, sigma = self.mu.astype(np.float64), self.sigma.astype(np.float64)
        return 0.5 * (sigma**2 + mu**2 - 1.0 - 2.0 * np.log(sigma))

    @property
    def order(self) -> np.ndarray:
        """Dimensions, those that say most of this taste first."""
        return np.argsort(-self.kl, kind="stable")

    @property
    def n_in_use(self) -> int:
        return int((self.kl > IN_USE).sum())


def posterior(model: Model, taste: Taste) -> Posterior:
    """What the encoder makes of the likes; a dislike moves no code, its scores are taken off later.

    Raises
    ------
    ModelError if the model's code is no distribution
    """
    answer = model.run(histories([taste.told], model.card.n_items), k=1, outputs=("embedding", "embedding_std"))
    return Posterior(answer["embedding"][0], answer["embedding_std"][0])


def moved(model: Model, taste: Taste, offsets: np.ndarray) -> np.ndarray:
    """Scores float32 [n, I] of one taste, its code moved by each of the offsets float32 [n, K].

    Raises
    ------
    ModelError if the graph has no way to move the code
    """
    one = histories([taste.told], model.card.n_items)
    rows = one[np.zeros(len(offsets), dtype=np.int64)]
    scores = model.run(rows, k=1, outputs=("all_scores",), code_offset=offsets.astype(np.float32))["all_scores"]
    if taste.dislikes:  # what they take away is the same for every code
        likes = Taste(taste.likes, weights=taste.weights)
        scores = scores + (all_scores(model, [taste]) - all_scores(model, [likes]))
    return scores


def draws(model: Model, taste: Taste, of: Posterior, temperature: float, n: int, seed: int) -> np.ndarray:
    """Scores float32 [n, I] under n draws of the code. temperature : t >= 0; the same seed draws the same eps."""
    eps = np.random.default_rng(seed).standard_normal((n, len(of.mu)), dtype=np.float32)
    return moved(model, taste, temperature * of.sigma * eps)


def walk(model: Model, taste: Taste, dimension: int, steps: np.ndarray) -> np.ndarray:
    """Scores float32 [n, I] with one dimension of the code moved from mu by each of n steps, in units of N(0, 1)."""
    n_factors = len(posterior(model, taste).mu)
    offsets = np.zeros((len(steps), n_factors), dtype=np.float32)
    offsets[:, dimension] = steps
    return moved(model, taste, offsets)


def gains(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """How much likelier an item is at one end of a walk than at the other, float64 [I]; they sum to 0.

    low, high : scores [I]; p = softmax(scores), as the model was trained to mean them
    """
    return np.exp(log_softmax(high.astype(np.float64))) - np.exp(log_softmax(low.astype(np.float64)))


def genre_gains(gain: np.ndarray, genres: pl.Series) -> list[tuple[str, float]]:
    """What `gains` come to per genre, the largest first. gain : [I]; genres : list[str] [I]

    An item of several genres counts in each; what has none counts nowhere.
    """
    table = pl.DataFrame({"gain": gain, "genre": genres}).explode("genre").drop_nulls()
    summed = table.group_by("genre", maintain_order=True).agg(pl.col("gain").sum()).sort("gain", descending=True)
    return list(summed.iter_rows())


def shared(first: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Of each list, the share that stands in another one too, in any order: float64 [n], 0..1; nan for an empty list.

    first : int64 [k] or [n, k], others : int64 [n, k], item columns, -1 where a list ends
    """
    lists = np.broadcast_to(first, others.shape)
    there = lists >= 0
    found = (lists[:, :, None] == others[:, None, :]).any(axis=2) & there
    n = there.sum(axis=1)
    return np.divide(found.sum(axis=1), n, out=np.full(len(n), np.nan), where=n > 0)
