"""LensKit's EASE. Run by benchmarks/train_ease.py in LensKit's environment: lenskit_ease.py TRAIN L2 FOLD_IN SCORES"""

import sys

import numpy as np
import pandas as pd
import scipy.sparse as sp
from lenskit.data import from_interactions_df
from lenskit.knn.ease import EASEConfig, EASEScorer
from measured import answer, measured


def main():
    train, l2, fold_in, scores = sys.argv[1:]
    X = sp.load_npz(train).tocoo()
    data = from_interactions_df(pd.DataFrame({"user_id": X.row, "item_id": X.col}))
    model = EASEScorer(EASEConfig(regularization=float(l2)))
    with measured() as cost:
        model.train(data)
    known = np.asarray(model.items.ids())  # items that somebody chose; the others are unknown to it
    found = np.zeros((sp.load_npz(fold_in).shape[0], X.shape[1]), dtype=np.float32)
    found[:, known] = sp.load_npz(fold_in).tocsr()[:, known] @ np.asarray(model.weights)
    np.save(scores, found)
    answer(cost)


main()
