"""What may be minimised: how far scores are from giving back the profiles, for scores s and a profile x, per user.

    multinomial   - sum_i x_i log softmax_i(s)                    items compete for one user's choices
                  Liang, Krishnan, Hoffman, Jebara 2018, arXiv:1802.05814
    bce           sum_i log(1 + e^{s_i}) - x_i s_i                each item is a question of its own; x is 0/1
    mse           sum_i (s_i - x_i)^2

All three are over all items, chosen or not, and are computed from the stored entries of x, without a dense one.

Scores [B, I] are the largest thing in a training step: 40 MB for 500 users and 20,000 items, and each pass over them
counts. The multinomial likelihood has its gradient, n softmax(s) - x with n = sum_i x_i, written where the scores were
(`in_place`): no second matrix of that size is made.
"""

import torch
from scipy.sparse import csr_array
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from training.batches import Batch

LOSSES = ("multinomial", "bce", "mse")


def negative_log_likelihood(scores: Tensor, X: csr_array | Batch, in_place: bool = False) -> Tensor:
    """- sum_i x_i log softmax_i(scores) per user [B], without a dense target.

    in_place : the scores [B, I] are overwritten, by their softmax and then by the gradient. For scores that
        nobody reads again, also not the operation that made them (a product of matrices does not)
    """
    x = Batch.of(X, scores.device)
    return _SoftmaxLoss.apply(scores, x.rows, x.columns, x.weights, in_place)


class _SoftmaxLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, scores, rows, columns, weights, in_place):
        chosen = scores[rows, columns].float()  # [n]
        highest = scores.amax(dim=1).float()  # [B]
        p = torch.softmax(scores, dim=1, out=scores) if in_place else torch.softmax(scores, dim=1)
        log_sum = highest - p.amax(dim=1).float().log()  # the highest has p = e^(s - log_sum)
        zeros = torch.zeros(len(p), device=p.device)
        ctx.save_for_backward(rows, columns, weights, zeros.index_add(0, rows, weights))
        ctx.p = p
        return zeros.index_add(0, rows, weights * (log_sum[rows] - chosen))

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        rows, columns, weights, n = ctx.saved_tensors
        if ctx.p is None:
            raise RuntimeError("this gradient was written where the softmax was: it can be asked for once")
        p, ctx.p = ctx.p, None
        p.mul_((g * n)[:, None])  # n softmax(s) ...
        p.view(-1).index_add_(0, rows * p.shape[1] + columns, (-g[rows] * weights).to(p.dtype))  # ... - x
        return p, None, None, None, None


def binary_cross_entropy(scores: Tensor, X: csr_array | Batch) -> Tensor:
    """- sum_i x_i log p_i + (1 - x_i) log(1 - p_i) with p = sigmoid(scores), per user [B]; any count is a 1."""
    x = Batch.of(X, scores.device)
    return F.softplus(scores).sum(dim=1).index_add(0, x.rows, -scores[x.rows, x.columns])


def squared_error(scores: Tensor, X: csr_array | Batch) -> Tensor:
    """sum_i (s_i - x_i)^2 per user [B], as sum_i s_i^2 + sum over the chosen of x_i^2 - 2 x_i s_i."""
    x = Batch.of(X, scores.device)
    chosen = x.weights * (x.weights - 2 * scores[x.rows, x.columns])
    return scores.square().sum(dim=1).index_add(0, x.rows, chosen)


def reconstruction_loss(loss: str, scores: Tensor, X: csr_array | Batch, in_place: bool = False) -> Tensor:
    """How far scores [B, I] are from giving back the profiles X [B, I]: one of `LOSSES`, per user [B].

    in_place : the scores may be overwritten
    """
    if loss == "multinomial":
        return negative_log_likelihood(scores, X, in_place)
    return {"bce": binary_cross_entropy, "mse": squared_error}[loss](scores, X)
