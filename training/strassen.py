"""C + alpha A B in fewer operations than 2 m k n: of halved matrices seven products do for eight, again and again.

Strassen 1969, "Gaussian elimination is not optimal", Numerische Mathematik 13; in Winograd's form, which has the fewest
additions, ordered so that three temporaries do (Boyer, Dumas, Pernet and Zhou 2009, "Memory efficient scheduling of
Strassen-Winograd's matrix multiplication algorithm", ISSAC, arXiv:0707.2347).

    S1 = A21 + A22      T1 = B12 - B11      P1 = A11 B11    P5 = S1 T1      U2 = P1 + P6
    S2 = S1 - A11       T2 = B22 - T1       P2 = A12 B21    P6 = S2 T2      U3 = U2 + P7
    S3 = A11 - A21      T3 = B22 - B12      P3 = S4 B22     P7 = S3 T3
    S4 = A12 - S2       T4 = T2 - B21       P4 = A22 T4
    A B = [P1 + P2         U2 + P5 + P3]
          [U3 - P4         U3 + P5     ]

A halving saves an eighth of the operations and costs fourteen passes over a quarter of a matrix. Each makes the error
larger by a small factor, and it is one of the whole matrix, not of its entry (Higham 2002, Accuracy and Stability of
Numerical Algorithms, chapter 23): rows and columns should be scaled alike, as training/inverse.py does.
"""

from collections.abc import Callable

import torch
from torch import Tensor

LEAST = 600  # rows, columns and terms of a half: below, the additions cost more than they save
LINE = 16  # numbers of a line of the cache: quarters that begin with one are multiplied up to a fifth faster
SIDE = 6000  # of a product made at once at most: what bounds the temporaries, and the wait for a word of progress


def room(m: int, k: int, n: int) -> int:
    """Numbers in the temporaries of [m, k] [k, n] at most: of squares, about as many as one of them has."""
    m, k, n = (half(min(side, SIDE + LINE)) for side in (m, k, n))  # a piece ends with a line
    return 0 if min(m, k, n) < LEAST else m * k + k * n + m * n + room(m, k, n)


def half(n: int) -> int:
    """Of n rows: whole lines of the cache where there is one."""
    return n // 2 // LINE * LINE or n // 2


def add_product(
    C: Tensor,
    A: Tensor,
    B: Tensor,
    alpha: float,
    temporaries: Tensor,
    told: Callable[[int], None] | None = None,
) -> None:
    """C + alpha A B in the memory of C. A [m, k]; B [k, n]; C [m, n], which shares nothing with A or B.

    temporaries : [room(m, k, n)] or more, of the same type
    told : called with the operations that a plain product would have taken, 2 m k n in all, piece by piece
    """
    for r in pieces(C.shape[0]):
        for c in pieces(C.shape[1]):
            for inner in pieces(A.shape[1]):
                _add(C[r, c], A[r, inner], B[inner, c], alpha, temporaries)
                if told is not None:
                    told(2 * (r.stop - r.start) * (c.stop - c.start) * (inner.stop - inner.start))


def pieces(n: int) -> list[slice]:
    """0 .. n in as few pieces of SIDE as there can be, about equal: none is longer than SIDE and a line."""
    n_pieces = max(1, -(-n // SIDE))
    cuts = [n * i // n_pieces // LINE * LINE for i in range(n_pieces)]
    return [slice(start, stop) for start, stop in zip(cuts, [*cuts[1:], n], strict=True)]


def _add(C: Tensor, A: Tensor, B: Tensor, alpha: float, temporaries: Tensor) -> None:
    m, k, n = half(C.shape[0]), half(A.shape[1]), half(C.shape[1])
    if min(m, k, n) < LEAST:
        C.addmm_(A, B, alpha=alpha)
        return
    if C.shape[0] > 2 * m:  # what is left of rows, columns and terms is added by itself
        C[2 * m :].addmm_(A[2 * m :], B, alpha=alpha)
    if C.shape[1] > 2 * n:
        C[: 2 * m, 2 * n :].addmm_(A[: 2 * m], B[:, 2 * n :], alpha=alpha)
    if A.shape[1] > 2 * k:
        C[: 2 * m, : 2 * n].addmm_(A[: 2 * m, 2 * k :], B[2 * k :, : 2 * n], alpha=alpha)
    A11, A12, A21, A22 = _quarters(A, m, k)
    B11, B12, B21, B22 = _quarters(B, k, n)
    C11, C12, C21, C22 = _quarters(C, m, n)
    S, T, P, rest = _three(temporaries, A, B, m, k, n)

    torch.add(A21, A22, out=S)  # S1
    torch.sub(B12, B11, out=T)  # T1
    _add(P.zero_(), S, T, alpha, rest)  # P5
    C22 += P
    C12 += P
    S -= A11  # S2
    torch.sub(B22, T, out=T)  # T2
    _add(P.zero_(), A11, B11, alpha, rest)  # P1
    C11 += P
    _add(P, S, T, alpha, rest)  # U2 = P1 + P6
    C12 += P
    _add(C11, A12, B21, alpha, rest)  # P2
    torch.sub(A12, S, out=S)  # S4
    _add(C12, S, B22, alpha, rest)  # P3
    T -= B21  # T4
    _add(C21, A22, T, -alpha, rest)  # - P4
    torch.sub(A11, A21, out=S)  # S3
    torch.sub(B22, B12, out=T)  # T3
    _add(P, S, T, alpha, rest)  # U3 = U2 + P7
    C21 += P
    C22 += P


def _quarters(M: Tensor, m: int, n: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return M[:m, :n], M[:m, n : 2 * n], M[m : 2 * m, :n], M[m : 2 * m, n : 2 * n]


def _three(temporaries: Tensor, A: Tensor, B: Tensor, m: int, k: int, n: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """[m, k] and [k, n], each in memory as A and B lie (additions across rows would crawl); [m, n]; and what is left"""
    S, T, P, rest = temporaries.split([m * k, k * n, m * n, len(temporaries) - m * k - k * n - m * n])
    S = S.view(m, k) if A.stride(1) == 1 else S.view(k, m).T
    T = T.view(k, n) if B.stride(1) == 1 else T.view(n, k).T
    return S, T, P.view(m, n), rest
