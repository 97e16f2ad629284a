"""PureSVD: the best approximation of the data by a few factors, used as a tied linear autoencoder. Closed form.

Cremonesi, Koren, Turrin 2010, "Performance of Recommender Algorithms on Top-N Recommendation Tasks", RecSys,
doi 10.1145/1864708.1864721.

    X ~ U diag(s) V^T, the K largest singular values          V = argmin ||X - X V V^T||_F, V^T V = I  (Eckart-Young)
    embedding e = x V          scores = e V^T = x S,   S = V V^T: symmetric, S S = S, rank K

Shapes: X [U, I], V [I, K], x [1, I]. S is never formed.

Differs from the paper:
1. Zeros are "not chosen", as there; but X holds 1 (or a count) in place of a rating from 1 to 5.

    menagerie train pure_svd --data interactions.parquet --out zoo --set n_factors=64
    python -m training.pure_svd --help

Expected: nDCG@100 0.398 on MovieLens latest-small (61 test users of strong:98765; 95 % interval 0.339 to 0.454).
On Gowalla's published split: Recall@20 0.1127, nDCG@20 0.0903 (popularity 0.0416, 0.0317).
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_array
from scipy.sparse.linalg import svds

from training.model import Fitted, Run, setting
from training.scorers import LinearAutoencoder
from zoo.card import About
from zoo.errors import ModelError

ABOUT = About(
    name="pure_svd",
    title="PureSVD",
    family="linear autoencoder",
    summary="Squeezes your history through a few tastes found in everybody's histories, and reads it back out.",
    equation=r"S = V V^\top, \quad X \approx U \operatorname{diag}(\sigma) V^\top",
    paper="Cremonesi, Koren, Turrin 2010, doi:10.1145/1864708.1864721",
    dislikes="linear",
)


MOST_FACTORS = 512  # chosen when n_factors is 0; more only cost time and memory


@dataclass(frozen=True)
class Config:
    n_factors: int = setting(0, f"Factors kept (K); 0: a fifth of the users or items, at most {MOST_FACTORS}.", low=0)


def right_singular_vectors(X: csr_array, n_factors: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """V float64 [I, K'] and s [K'], largest first; K' < K where the data have only rank K'. The sign is fixed."""
    if 3 * n_factors >= min(X.shape):  # Lanczos' basis would be (nearly) the whole space: then the exact way is cheaper
        _, s, Vt = np.linalg.svd(X.toarray().astype(np.float64), full_matrices=False)
    else:
        start = np.random.default_rng(seed).standard_normal(min(X.shape))
        _, s, Vt = svds(X.astype(np.float64), k=n_factors, v0=start, return_singular_vectors="vh")
    largest = np.argsort(-s, kind="stable")[:n_factors]
    largest = largest[s[largest] > s.max() * 1e-8]  # directions in which there are no data
    V, s = Vt[largest].T, s[largest]
    V *= np.sign(V[np.abs(V).argmax(axis=0), np.arange(V.shape[1])])  # the largest entry of each column is positive
    return V, s


def fit(X: csr_array, config: Config, run: Run) -> Fitted:
    X = X[np.diff(X.indptr) > 0]  # users held out whole have no row to learn from
    n_factors = config.n_factors or min(MOST_FACTORS, math.ceil(min(X.shape) / 5))
    if n_factors > min(X.shape):
        raise ModelError(
            f"PureSVD cannot find {config.n_factors} factors in {X.shape[0]} users and {X.shape[1]} items; "
            f"set n_factors to at most {min(X.shape)}."
        )
    V, s = right_singular_vectors(X, n_factors, run.seed)
    details = {"rank": V.shape[1], "explained": float((s**2).sum() / (X.data.astype(np.float64) ** 2).sum())}
    return Fitted(LinearAutoencoder(torch.from_numpy(V.astype(np.float32))), curve=[], details=details)


def main() -> None:
    from training import command

    command.main(ABOUT.name)


if __name__ == "__main__":
    main()
