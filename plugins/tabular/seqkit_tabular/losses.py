"""Losses by their equations, with their gradients by hand.

torch's own are the oracle in the tests. Each is a sum over targets, never a mean.

Shapes: B rows of a batch, K classes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class Loss(NamedTuple):
    """A loss of each row, and its gradient by the prediction of that row."""

    value: Callable[[Tensor, Tensor], Tensor]  # predictions, targets -> (B,)
    gradient: Callable[[Tensor, Tensor], Tensor]  # -> like the predictions

    def __call__(
        self, predictions: Tensor, targets: Tensor, weights: Tensor | None = None
    ) -> Tensor:
        """The sum over the rows, each times its weight (B,) if there are weights: a scalar."""
        total = _ByHand.apply(predictions, targets, weights, self)  # type: ignore[no-untyped-call]
        return cast(Tensor, total)


class _ByHand(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, predictions: Tensor, targets: Tensor, weights: Tensor | None, loss: Loss
    ) -> Tensor:
        ctx.save_for_backward(predictions, targets, weights)
        ctx.loss = loss
        values = loss.value(predictions, targets)
        return values.sum() if weights is None else (values * weights).sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor) -> tuple[Tensor | None, ...]:
        predictions, targets, weights = ctx.saved_tensors
        gradient = ctx.loss.gradient(predictions, targets)
        if weights is not None:
            gradient = gradient * weights.reshape(-1, *[1] * (gradient.dim() - 1))
        return outer * gradient, None, None, None


def mse() -> Loss:
    """Squared error: (p - y)², with gradient 2 (p - y)."""
    return Loss(
        value=lambda p, y: (p - y).square(),
        gradient=lambda p, y: 2 * (p - y),
    )


def l1() -> Loss:
    """Absolute error: |p - y|, with gradient sign(p - y), 0 where they are equal."""
    return Loss(
        value=lambda p, y: (p - y).abs(),
        gradient=lambda p, y: (p - y).sign(),
    )


def huber(delta: float = 1.0) -> Loss:
    """(p - y)² / 2 up to a distance of `delta`, delta (|p - y| - delta / 2) beyond (Huber 1964).

    Its gradient is p - y, clipped to -delta … delta: an outlier pulls no harder than that.
    """

    def value(p: Tensor, y: Tensor) -> Tensor:
        distance = (p - y).abs()
        inside = distance.square() / 2
        outside = delta * (distance - delta / 2)
        return torch.where(distance <= delta, inside, outside)

    return Loss(value, gradient=lambda p, y: (p - y).clamp(-delta, delta))


def cross_entropy(smoothing: float = 0.0) -> Loss:
    """-log softmax(z)[y] of logits z (B, K) and classes y (B,), in nats.

    Its gradient is softmax(z) - onehot(y). With label smoothing (Szegedy et al. 2016,
    arXiv:1512.00567, section 7), (1 - smoothing) of the one and smoothing / K of every class take
    the place of onehot(y).
    """

    def log_softmax(z: Tensor) -> Tensor:
        shifted = z - z.amax(-1, keepdim=True)  # or exp may overflow
        return shifted - shifted.exp().sum(-1, keepdim=True).log()

    def wanted(z: Tensor, y: Tensor) -> Tensor:
        shares = torch.full_like(z, smoothing / z.size(-1))
        rest = torch.full_like(z[:, :1], 1 - smoothing)
        return shares.scatter_add(-1, y[:, None], rest)

    return Loss(
        value=lambda z, y: -(wanted(z, y) * log_softmax(z)).sum(-1),
        gradient=lambda z, y: log_softmax(z).exp() - wanted(z, y),
    )
