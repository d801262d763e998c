"""Cross-entropy straight from hidden states: the logits of all targets never exist at once.

Shapes: N targets, D width, V vocabulary.
"""

from __future__ import annotations

import math
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from .linear import onednn, use_fast

_ROWS = 512  # logits of so many targets at a time on the CPU: 16 MB for 8,000 words
_ROWS_ELSEWHERE = 8192


def _product(x: Tensor, weight: Tensor, dtype: torch.dtype) -> Tensor:
    """(N, I), (O, I) -> (N, O) without a graph: the product is in `dtype`, what it gives at least in float32."""
    if use_fast(x) and dtype == torch.float32:
        return onednn(x, weight, None)
    product = F.linear(x.to(dtype), weight.to(dtype))
    return product.float() if dtype.itemsize < 4 else product


class _LinearCrossEntropy(torch.autograd.Function):
    """The gradient is computed together with the loss, chunk by chunk, while the logits are at hand."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        targets: Tensor,
        smoothing: float,
        dtype: torch.dtype,
    ) -> tuple[Tensor, Tensor]:
        vocab, cast_weight = weight.size(0), weight.to(dtype)
        transposed = cast_weight.t()
        needs_grad = any(ctx.needs_input_grad)
        grad_hidden = torch.empty_like(hidden) if needs_grad else None
        grad_weight = torch.zeros_like(weight) if needs_grad else None
        grad_bias = torch.zeros_like(bias) if needs_grad and bias is not None else None
        wide = torch.float32 if hidden.device.type == "mps" else torch.float64
        loss, nll = hidden.new_zeros((), dtype=wide), hidden.new_zeros((), dtype=wide)
        size = _ROWS if hidden.device.type == "cpu" else _ROWS_ELSEWHERE
        for start in range(0, hidden.size(0), size):
            rows, picks = hidden[start : start + size], targets[start : start + size, None]
            logits = _product(rows, cast_weight, dtype)
            if bias is not None:
                logits += bias
            logp = logits.log_softmax(-1)  # (n, V)
            gold = logp.gather(-1, picks).sum(dtype=wide)
            nll -= gold
            loss -= (1 - smoothing) * gold
            if smoothing:
                loss -= smoothing / vocab * logp.sum(-1).sum(dtype=wide)
            if grad_hidden is not None and grad_weight is not None:
                grad = logp.exp_()  # d loss / d logits = softmax - smoothed target
                if smoothing:
                    grad -= smoothing / vocab
                grad.scatter_add_(-1, picks, grad.new_full((), smoothing - 1).expand(picks.shape))
                grad_hidden[start : start + size] = _product(grad, transposed, dtype)
                grad_weight += _product(grad.t(), rows.t(), dtype)
                if grad_bias is not None:
                    grad_bias += grad.sum(0)
        ctx.save_for_backward(grad_hidden, grad_weight, grad_bias)
        ctx.mark_non_differentiable(nll)
        return loss, nll

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad_loss: Tensor, _: Any
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None, None, None, None]:
        hidden, weight, bias = (
            None if grad is None else grad * grad_loss.to(grad.dtype) for grad in ctx.saved_tensors
        )
        return hidden, weight, bias, None, None, None


def linear_cross_entropy(
    hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, *, smoothing: float = 0.0
) -> tuple[Tensor, Tensor]:
    """(N, D), (V, D), (V), (N) ids -> summed loss, summed negative log-likelihood: nats, scalars (float64 but on MPS).

    With label smoothing (Szegedy et al. 2016, arXiv:1512.00567, section 7) the loss is taken against
    (1 - smoothing) of the target plus smoothing / V of every word; the negative log-likelihood is never smoothed.
    Under autocast the products are of its type, softmax and sums stay float32.
    """
    kind = hidden.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else hidden.dtype
    found = _LinearCrossEntropy.apply(hidden, weight, bias, targets, smoothing, dtype)  # type: ignore[no-untyped-call]
    return cast(tuple[Tensor, Tensor], found)


def sample_words(
    weight: Tensor, bias: Tensor, targets: Tensor, count: int
) -> tuple[Tensor, Tensor, Tensor]:
    """(V, D), (V), (N) ids -> the same for a part of the vocabulary, U words: (U, D), (U), (N) ids among those.

    The part is every word among the targets and `count` of the others, drawn evenly from torch's generator. Each of
    these stands for all that were not drawn, so its bias is raised by the logarithm of how many it stands for: the sum
    of exponentials that softmax divides by is then right on average (importance sampling: Jean et al. 2015,
    arXiv:1412.2007, section 3). Where `count` covers the others, nothing is left out.
    """
    present, places = targets.unique(return_inverse=True)
    others = weight.size(0) - len(present)
    if count >= others:
        return weight, bias, targets
    chances = torch.rand(weight.size(0), device=weight.device).index_fill_(0, present, -1.0)
    words = torch.cat([present, chances.topk(count, sorted=False).indices])
    raised = bias.new_zeros(len(words))
    raised[len(present) :] = math.log(others / count)
    return weight.index_select(0, words), bias.index_select(0, words) + raised, places
