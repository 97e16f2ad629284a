"""RecPack's EASE. Run by benchmarks/train_ease.py in RecPack's environment: recpack_ease.py TRAIN L2 FOLD_IN SCORES"""

import sys

import numpy as np
import scipy.sparse as sp
from measured import answer, measured
from recpack.algorithms import EASE


def main():
    train, l2, fold_in, scores = sys.argv[1:]
    X = sp.csr_matrix(sp.load_npz(train))
    model = EASE(l2=float(l2))
    with measured() as cost:
        model.fit(X)
    shown = sp.csr_matrix(sp.load_npz(fold_in))
    found = np.empty(shown.shape, dtype=np.float32)
    for start in range(0, shown.shape[0], 100):  # its weights are sparse rows, with every entry there
        found[start : start + 100] = (shown[start : start + 100] @ model.similarity_matrix_).toarray()
    np.save(scores, found)
    answer(cost)


main()
