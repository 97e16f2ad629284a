"""Cornac's EASE. Run by benchmarks/train_ease.py in Cornac's environment: cornac_ease.py TRAIN L2 FOLD_IN SCORES"""

import sys

import numpy as np
import scipy.sparse as sp
from cornac.data import Dataset
from cornac.models import EASE
from measured import answer, measured


def main():
    train, l2, fold_in, scores = sys.argv[1:]
    X = sp.load_npz(train).tocoo()
    users, items = ({i: i for i in range(n)} for n in X.shape)
    data = Dataset(*X.shape, users, items, (X.row, X.col, X.data.astype(np.float64)))
    assert data.matrix.nnz == X.nnz  # made before the clock starts
    model = EASE(lamb=float(l2), posB=False, verbose=False)
    with measured() as cost:
        model.fit(data)
    np.save(scores, (sp.load_npz(fold_in) @ model.B).astype(np.float32))
    answer(cost)


main()
