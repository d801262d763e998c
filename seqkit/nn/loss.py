"""Cross-entropy straight from hidden states: the logits of all targets never exist at once.

Shapes: N targets, D width, V vocabulary.
"""

from __future__ import annotations

from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from .linear import onednn, use_fast

_ROWS = 512  # logits of so many targets at a time: 16 MB for 8,000 words


def _product(x: Tensor, weight: Tensor) -> Tensor:
    """(N, I), (O, I) -> (N, O), without a graph"""
    return onednn(x, weight, None) if use_fast(x) else F.linear(x, weight)


class _LinearCrossEntropy(torch.autograd.Function):
    """The gradient is computed together with the loss, chunk by chunk, while the logits are at hand."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, smoothing: float
    ) -> tuple[Tensor, Tensor]:
        vocab = weight.size(0)
        needs_grad = any(ctx.needs_input_grad)
        grad_hidden = torch.empty_like(hidden) if needs_grad else None
        grad_weight = torch.zeros_like(weight) if needs_grad else None
        grad_bias = torch.zeros_like(bias) if needs_grad and bias is not None else None
        wide = torch.float32 if hidden.device.type == "mps" else torch.float64
        loss, nll = hidden.new_zeros((), dtype=wide), hidden.new_zeros((), dtype=wide)
        for start in range(0, hidden.size(0), _ROWS):
            rows, picks = hidden[start : start + _ROWS], targets[start : start + _ROWS, None]
            logits = _product(rows, weight)
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
                grad_hidden[start : start + _ROWS] = _product(grad, weight.t())
                grad_weight += _product(grad.t(), rows.t())
                if grad_bias is not None:
                    grad_bias += grad.sum(0)
        ctx.save_for_backward(grad_hidden, grad_weight, grad_bias)
        ctx.mark_non_differentiable(nll)
        return loss, nll

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_loss: Tensor, _: Any) -> tuple[Tensor | None, Tensor | None, Tensor | None, None, None]:
        hidden, weight, bias = (None if grad is None else grad * grad_loss.to(grad.dtype) for grad in ctx.saved_tensors)
        return hidden, weight, bias, None, None


def linear_cross_entropy(
    hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, *, smoothing: float = 0.0
) -> tuple[Tensor, Tensor]:
    """(N, D), (V, D), (V), (N) ids -> summed loss, summed negative log-likelihood: nats, scalars (float64 but on MPS).

    With label smoothing (Szegedy et al. 2016, arXiv:1512.00567, section 7) the loss is taken against
    (1 - smoothing) of the target plus smoothing / V of every word; the negative log-likelihood is never smoothed.
    """
    if torch.is_autocast_enabled(hidden.device.type):
        dtype = torch.get_autocast_dtype(hidden.device.type)
        logits = F.linear(hidden.to(dtype), weight.to(dtype), None if bias is None else bias.to(dtype)).float()
        loss = F.cross_entropy(logits, targets, reduction="sum", label_smoothing=smoothing)
        nll = loss.detach() if not smoothing else F.cross_entropy(logits.detach(), targets, reduction="sum")
        return loss, nll
    return cast(tuple[Tensor, Tensor], _LinearCrossEntropy.apply(hidden, weight, bias, targets, smoothing))  # type: ignore[no-untyped-call]
