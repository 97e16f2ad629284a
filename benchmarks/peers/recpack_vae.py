"""RecPack's MultVAE: epochs over users, and what it then scores.

Run by benchmarks/train_neural.py, in RecPack's environment:

python recpack_vae.py train.npz BATCH EPOCHS LEARNING_RATE [fold_in.npz scores.npy]
"""

import sys

import numpy as np
import scipy.sparse as sp
import torch
from measured import answer, measured
from recpack.algorithms import MultVAE

HIDDEN, FACTORS, BETA, ANNEALED = 600, 200, 0.2, 20  # epochs until beta is reached


def main():
    train, batch, epochs, rate, *quality = sys.argv[1:]
    X = sp.csr_matrix(sp.load_npz(train))
    steps = ANNEALED * -(-X.shape[0] // int(batch))
    vae = MultVAE(
        batch_size=int(batch), learning_rate=float(rate), seed=0, dim_bottleneck_layer=FACTORS,
        dim_hidden_layer=HIDDEN, max_beta=BETA, anneal_steps=int(steps / BETA),  # until then it adds 1 / anneal_steps
    )  # fmt: skip
    vae._init_model(X)
    vae.model_.train()
    with measured() as cost:
        for _ in range(int(epochs)):
            vae._train_epoch(X)
    if quality:
        fold_in, scores = quality
        vae.model_.eval()
        with torch.no_grad():
            np.save(scores, vae.model_(torch.from_numpy(sp.load_npz(fold_in).toarray()))[0].numpy())
    answer(cost, users=X.shape[0] * int(epochs))


main()
