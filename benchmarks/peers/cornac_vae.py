"""Cornac's VAECF: epochs over users, and what it then scores.

Run by benchmarks/train_neural.py, in Cornac's environment:

python cornac_vae.py train.npz BATCH EPOCHS LEARNING_RATE [fold_in.npz scores.npy]
"""

import sys

import numpy as np
import scipy.sparse as sp
import torch
from cornac.data import Dataset
from cornac.models.vaecf.vaecf import VAE, learn
from measured import answer, measured

HIDDEN, FACTORS, BETA = 600, 200, 0.2


def main():
    train, batch, epochs, rate, *quality = sys.argv[1:]
    X = sp.load_npz(train).tocoo()
    users, items = ({i: i for i in range(n)} for n in X.shape)
    data = Dataset(*X.shape, users, items, (X.row, X.col, X.data.astype(np.float64)))
    n_users = data.matrix.shape[0]  # made before the clock starts
    torch.manual_seed(0)
    vae = VAE(FACTORS, [X.shape[1], HIDDEN], "tanh", "mult")
    with measured() as cost:
        learn(vae, data, int(epochs), int(batch), float(rate), BETA, verbose=False)
    if quality:
        fold_in, scores = quality
        with torch.no_grad():
            np.save(scores, vae.decode(vae.encode(torch.from_numpy(sp.load_npz(fold_in).toarray()))[0]).numpy())
    answer(cost, users=n_users * int(epochs))


main()
