"""implicit's item-item recommender on an EASE matrix: lists for a batch of users.

Run by benchmarks/serve.py, in implicit's environment:

python implicit_recommend.py S.npy histories.npz K lists.npy
"""

import sys
import time

import numpy as np
import scipy.sparse as sp
from implicit.nearest_neighbours import ItemItemRecommender, NearestNeighboursScorer
from measured import answer, measured

weights, histories, k, lists = sys.argv[1:]
S, X = np.load(weights, mmap_mode="r"), sp.load_npz(histories).astype(np.float64)
n_items = len(S)
model = ItemItemRecommender(K=n_items)
indptr = np.arange(n_items + 1, dtype=np.int64) * n_items
columns = np.tile(np.arange(n_items, dtype=np.int32), n_items)
# its scorer adds up rows of `similarity`, in float64; every weight is stored, as EASE has them all
model.similarity = sp.csr_matrix((S.astype(np.float64).ravel(), columns, indptr), shape=S.shape)
model.scorer = NearestNeighboursScorer(model.similarity)  # as its `fit` ends
users = np.arange(X.shape[0])
model.recommend(users[:8], X[:8], N=int(k))
best = float("inf")
with measured() as cost:
    for _ in range(3):
        start = time.perf_counter()
        ids, _ = model.recommend(users, X, N=int(k), filter_already_liked_items=True)
        best = min(best, time.perf_counter() - start)
np.save(lists, ids)
answer(cost, best=best)
