"""RecTools' EASE. Run by benchmarks/train_ease.py in RecTools' environment: rectools_ease.py TRAIN L2 FOLD_IN SCORES

It ranks with the transposed matrix; here its weights are multiplied the right way round.
"""

import sys

import numpy as np
import pandas as pd
import scipy.sparse as sp
from measured import answer, measured
from rectools.dataset import Dataset
from rectools.models import EASEModel


def main():
    train, l2, fold_in, scores = sys.argv[1:]
    X = sp.load_npz(train).tocoo()
    table = pd.DataFrame({"user_id": X.row, "item_id": X.col, "weight": 1.0, "datetime": pd.Timestamp("2020-01-01")})
    data = Dataset.construct(table)
    model = EASEModel(regularization=float(l2))
    with measured() as cost:
        model.fit(data)
    known = data.item_id_map.external_ids.astype(int)
    shown = sp.load_npz(fold_in).tocsr()
    found = np.zeros((shown.shape[0], X.shape[1]), dtype=np.float32)
    found[:, known] = shown[:, known] @ model.weight
    np.save(scores, found)
    answer(cost)


main()
