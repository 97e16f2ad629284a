"""Our metrics beside trec_eval's, through pytrec_eval, on random lists and on scores with ties.

Known differences, stated where they are: recall_at_k_capped, average_precision_at_k_capped and our nDCG's cut have no
measure of their own there or agree; trec_eval's recip_rank and Rprec look at the whole list, so it is given lists of k.
"""

import numpy as np
import pytest
import pytrec_eval
from scipy.sparse import csr_array

from zoo.metrics import accuracy

K = 20
PAIRS = {
    accuracy.recall_at_k: f"recall_{K}",
    accuracy.precision_at_k: f"P_{K}",
    accuracy.hit_rate_at_k: f"success_{K}",
    accuracy.ndcg_at_k: f"ndcg_cut_{K}",
    accuracy.average_precision_at_k: f"map_cut_{K}",
    accuracy.reciprocal_rank_at_k: "recip_rank",
    accuracy.r_precision_at_k: "Rprec",
}


def world(seed, n_users=200, n_items=60, ties=False):
    """Scores [U, I] and held-out choices; with ties only a handful of different scores."""
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 4, (n_users, n_items)) if ties else rng.random((n_users, n_items))
    chosen = rng.random((n_users, n_items)) < rng.choice([0.02, 0.1, 0.6], (n_users, 1))
    chosen[np.arange(n_users), rng.integers(0, n_items, n_users)] = True
    return scores.astype(np.float64), csr_array(chosen.astype(np.float32))


def trec_eval(scores, held_out, k):
    """Each user's measures. Of equal scores trec_eval takes the later document id, our graphs the earlier column."""
    n_items = scores.shape[1]
    name = [f"{n_items - item:05d}" for item in range(n_items)]  # so that both orders are one
    order = np.lexsort((np.arange(n_items)[None, :].repeat(len(scores), 0), -scores))[:, :k]
    truth = {
        str(u): {name[i]: 1 for i in held_out.indices[held_out.indptr[u] : held_out.indptr[u + 1]]}
        for u in range(len(scores))
    }
    run = {str(u): {name[i]: float(scores[u, i]) for i in order[u]} for u in range(len(scores))}
    measured = pytrec_eval.RelevanceEvaluator(truth, set(PAIRS.values())).evaluate(run)
    return order, {of: np.array([measured[str(u)][of] for u in range(len(scores))]) for of in PAIRS.values()}


@pytest.mark.parametrize("ties", [False, True], ids=["random", "tied"])
@pytest.mark.parametrize("metric", PAIRS, ids=PAIRS.values())
def test_a_metric_agrees_with_trec_eval(metric, ties):
    for seed in range(3):
        scores, held_out = world(seed, ties=ties)
        ranked, theirs = trec_eval(scores, held_out, K)
        np.testing.assert_allclose(metric(ranked, held_out, K), theirs[PAIRS[metric]], rtol=0, atol=1e-9)


def test_capped_metrics_are_the_plain_ones_with_another_denominator():
    scores, held_out = world(7)
    ranked, theirs = trec_eval(scores, held_out, K)
    n = np.diff(held_out.indptr)
    capped = n / np.minimum(n, K)
    for ours, plain in (
        (accuracy.recall_at_k_capped, f"recall_{K}"),
        (accuracy.average_precision_at_k_capped, f"map_cut_{K}"),
    ):
        np.testing.assert_allclose(ours(ranked, held_out, K), theirs[plain] * capped, rtol=0, atol=1e-9)
