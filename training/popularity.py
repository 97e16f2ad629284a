"""Popularity: the baseline that everything must beat.

    score_i = number of training users who chose item i          the same list for everybody

Shapes: X [U, I] -> scores [I]. A user who chose an item ten times counts once, like everybody.

    menagerie train popularity --data interactions.parquet --out zoo
    python -m training.popularity --help

Expected: Recall@20 0.0416, nDCG@20 0.0317 on gowalla (`--split column:part`; recall divided by the number held out).
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_array

from training.model import Fitted, Run
from training.scorers import SameForAll
from zoo.card import About

ABOUT = About(
    name="popularity",
    title="Popularity",
    family="baseline",
    summary="Shows everybody the items that most people chose; it knows nothing of your taste.",
    equation=r"s_i = \left|\{u : x_{ui} > 0\}\right|",
    dislikes="exempt",
)


@dataclass(frozen=True)
class Config:
    """Nothing to set."""


def fit(X: csr_array, config: Config, run: Run) -> Fitted:
    scores = np.bincount(X.indices[X.data > 0], minlength=X.shape[1])  # s_i = |{u : x_ui > 0}|        [I]
    return Fitted(SameForAll(torch.from_numpy(scores.astype(np.float32))), curve=[], details={})


def main() -> None:
    from training import command

    command.main(ABOUT.name)


if __name__ == "__main__":
    main()
