"""A flat map of a catalogue in which neighbours stay neighbours, and an order in which blocks of a matrix show.

The map is a Laplacian eigenmap (Belkin, Niyogi 2003, "Laplacian Eigenmaps for Dimensionality Reduction and Data
Representation", Neural Computation 15(6), 1373-1396): every item is tied to its nearest ones, W_ij = 1 where i is among
the nearest of j or j among those of i, and the coordinates y minimise

    sum_ij W_ij (y_i - y_j)^2        with y^T D y = 1, y^T D 1 = 0, D_ii = sum_j W_ij

which are the eigenvectors of D^-1/2 W D^-1/2 with the largest eigenvalues below the first, times D^-1/2.

Differs from the paper:
1. A graph in pieces has one such vector per piece, and the map would show these and nothing else. So every pair is tied
   by a little more, tau / I with tau a tenth of the mean degree (Amini, Chen, Bickel, Levina 2013, Annals of Statistics
   41(4), 2097-2122).
2. Drawn are ranks: along each axis the items stand in the order of y, evenly spaced. Eigenvectors crowd most items into
   one point; distances mean nothing here but near and far.
"""

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.sparse import coo_array
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh
from scipy.spatial.distance import squareform

NEAREST = 10  # items that each one is tied to
TIE = 0.1  # of the mean degree, spread over all pairs
SMALL = 64  # items below which the eigenvectors are computed in full


def neighbour_map(nearest: np.ndarray) -> np.ndarray:
    """float32 [I, 2] in -1..1. nearest : int [I, n], the nearest items of each, nearest first; -1 for none"""
    n_items = len(nearest)
    if n_items < 3:
        return np.zeros((n_items, 2), dtype=np.float32)
    W = _graph(nearest[:, :NEAREST], n_items)
    degree = np.asarray(W.sum(axis=1)).ravel()
    tau = max(TIE * float(degree.mean()), 1e-3)
    root = 1.0 / np.sqrt(degree + tau)  # D^-1/2

    def times(y: np.ndarray) -> np.ndarray:
        y = y.ravel() * root
        return root * (W @ y + tau / n_items * y.sum())

    if n_items < SMALL:
        dense = np.column_stack([times(one) for one in np.eye(n_items)])
        vectors = np.linalg.eigh(dense)[1][:, -3:-1]
    else:
        vectors = _leading(LinearOperator((n_items, n_items), matvec=times, dtype=np.float64), n_items)
    return _ranks(vectors[:, ::-1] * root[:, None])


def seriation(M: np.ndarray) -> np.ndarray:
    """An order of the n items of a matrix [n, n] that puts like beside like: int64 [n], a permutation.

    Average linkage on the larger of both directions, the leaves turned so that neighbours are as near as can be
    (Bar-Joseph, Gifford, Jaakkola 2001, "Fast optimal leaf ordering for hierarchical clustering", Bioinformatics 17).
    The diagonal does not count.
    """
    n = len(M)
    if n < 3:
        return np.arange(n)
    near = np.maximum(M, M.T).astype(np.float64)
    far = near.max() - near
    np.fill_diagonal(far, 0.0)
    return leaves_list(linkage(squareform(far, checks=False), "average", optimal_ordering=True)).astype(np.int64)


def _graph(nearest: np.ndarray, n_items: int) -> coo_array:
    """W: 1 where one of the two is among the other's nearest."""
    rows, places = np.nonzero(nearest >= 0)
    columns = nearest[rows, places]
    one_way = coo_array((np.ones(len(rows)), (rows, columns)), shape=(n_items, n_items)).tocsr()
    return one_way.maximum(one_way.T).tocsr()


def _leading(operator: LinearOperator, n_items: int) -> np.ndarray:
    """The second and the third eigenvector, by growing eigenvalue, float64 [I, 2]."""
    start = np.random.default_rng(0).standard_normal(n_items)  # the same map at every start
    try:
        vectors = eigsh(operator, k=3, which="LA", v0=start, tol=1e-3, maxiter=2000)[1]
    except ArpackNoConvergence as error:
        vectors = error.eigenvectors
        vectors = np.hstack([np.zeros((n_items, 3 - vectors.shape[1])), vectors])
    return vectors[:, :2]


def _ranks(places: np.ndarray) -> np.ndarray:
    """Each column's values replaced by their order, evenly from -1 to 1."""
    order = np.argsort(np.argsort(places, axis=0, kind="stable"), axis=0, kind="stable")
    return (2 * order / max(1, len(places) - 1) - 1).astype(np.float32)
