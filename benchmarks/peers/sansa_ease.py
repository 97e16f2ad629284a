"""SANSA, as its authors' example sets it. Run by benchmarks/train_ease.py: sansa_ease.py TRAIN L2 FOLD_IN SCORES

Spišák, Bartyzal, Hoskovec, Peška, Tůma 2023, "Scalable Approximate NonSymmetric Autoencoder for Collaborative
Filtering", RecSys. Incomplete Cholesky factor and one scan and one finetuning pass of the inverse.
"""

import sys

import numpy as np
import scipy.sparse as sp
from measured import answer, measured
from sansa import SANSA, ICFGramianFactorizerConfig, SANSAConfig, UMRUnitLowerTriangleInverterConfig


def main():
    train, l2, fold_in, scores = sys.argv[1:]
    X = sp.csr_matrix(sp.load_npz(train)).astype(np.float32)
    share = 400 / X.shape[1]  # of all weights, as many as ease_sparse keeps
    config = SANSAConfig(
        l2=float(l2),
        weight_matrix_density=share,
        gramian_factorizer_config=ICFGramianFactorizerConfig(
            factorization_shift_step=1e-3, factorization_shift_multiplier=2.0
        ),
        lower_triangle_inverter_config=UMRUnitLowerTriangleInverterConfig(scans=1, finetune_steps=5),
    )
    model = SANSA(config)
    with measured() as cost:
        model.fit(X)
    shown = sp.csr_matrix(sp.load_npz(fold_in)).astype(np.float32)
    first, second = model.weights
    np.save(scores, np.asarray(((shown @ first) @ second).toarray(), dtype=np.float32))
    answer(cost)


main()
