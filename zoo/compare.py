"""How alike two ranked lists are."""

from collections.abc import Sequence

Ranking = Sequence[int]  # item columns, best first, none twice


def common_items(lists: Sequence[Ranking]) -> set[int]:
    """Items that stand in every list; of no list or one, none (there is nothing to share)."""
    if len(lists) < 2:
        return set()
    return set.intersection(*(set(ranking) for ranking in lists))


def jaccard(a: Ranking, b: Ranking) -> float:
    """Shared items / all items of both lists, in 0..1, whatever their order. Two empty lists have 1."""
    union = set(a) | set(b)
    return len(set(a) & set(b)) / len(union) if union else 1.0


def rank_biased_overlap(a: Ranking, b: Ranking, p: float = 0.9) -> float:
    """Rank-biased overlap in 0..1: agreement at every depth, the top counted most. 1 = the same order.

    Parameters
    ----------
    p : in 0..1 exclusive; the chance that a reader goes on to the next rank. With 0.9 the first 10 ranks weigh 86 %

    Notes
    -----
    Extrapolated from the lists' common depth k: with X_d the items shared by the first d of both,
    RBO = X_k / k p^k + (1 - p) / p sum over d = 1..k of X_d / d p^d.
    Webber, Moffat and Zobel 2010, ACM TOIS 28(4), equation 23. The longer list is cut to the length of the shorter.
    Two empty lists have 1; an empty and a filled one 0.
    """
    k = min(len(a), len(b))
    if k == 0:
        return float(len(a) == len(b))
    seen_a: set[int] = set()
    seen_b: set[int] = set()
    total = 0.0
    overlap = 0
    for depth, (x, y) in enumerate(zip(a[:k], b[:k], strict=True), start=1):
        overlap += (x == y) + (x in seen_b) + (y in seen_a)
        seen_a.add(x)
        seen_b.add(y)
        total += overlap / depth * p**depth
    return overlap / k * p**k + (1 - p) / p * total
