"""Layers by their equations, with their gradients by hand: what torch's own compute, to be read.

They have the names and shapes of torch's parameters, so that a checkpoint of one form opens in the
other.

Shapes: B rows of a batch, I inputs, O outputs of a layer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

_EPSILON = 1e-5  # of batch norm
_MOMENTUM = 0.1  # of its running statistics


class Linear(nn.Module):
    """y = x Wᵀ + b: (B, I) -> (B, O)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        bound = 1 / math.sqrt(inputs)
        self.weight = nn.Parameter(torch.empty(outputs, inputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(outputs).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        product = _Linear.apply(x, self.weight, self.bias)  # type: ignore[no-untyped-call]
        return cast(Tensor, product)


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return x @ weight.T + bias

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """With g = dL/dy: dL/dx = g W, dL/dW = gᵀ x, dL/db = the sum of g over the rows."""
        x, weight = ctx.saved_tensors
        return outer @ weight, outer.T @ x, outer.sum(0)


class Curve(NamedTuple):
    """An activation and its derivative, of each number by itself."""

    value: Callable[[Tensor], Tensor]
    derivative: Callable[[Tensor], Tensor]


def _sigmoid_derivative(x: Tensor) -> Tensor:
    s = _sigmoid(x)
    return s * (1 - s)


def _sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + e^-x), by e^-|x|, which cannot overflow."""
    small = (-x.abs()).exp()
    return torch.where(x >= 0, 1, small) / (1 + small)


def _tanh(x: Tensor) -> Tensor:
    """2 sigmoid(2 x) - 1"""
    return 2 * _sigmoid(2 * x) - 1


def _normal(x: Tensor) -> Tensor:
    """The distribution function of the standard normal."""
    return (1 + torch.erf(x / math.sqrt(2))) / 2


def _gelu_derivative(x: Tensor) -> Tensor:
    density = (-x.square() / 2).exp() / math.sqrt(2 * math.pi)
    return _normal(x) + x * density


CURVES = {
    "relu": Curve(lambda x: x.clamp(min=0), lambda x: (x > 0).to(x.dtype)),
    "sigmoid": Curve(_sigmoid, _sigmoid_derivative),
    "tanh": Curve(_tanh, lambda x: 1 - _tanh(x).square()),
    "gelu": Curve(lambda x: x * _normal(x), _gelu_derivative),
}


class Activation(nn.Module):
    """One of `CURVES`."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def extra_repr(self) -> str:
        return self.name

    def forward(self, x: Tensor) -> Tensor:
        shaped = _Activation.apply(x, CURVES[self.name])  # type: ignore[no-untyped-call]
        return cast(Tensor, shaped)


class _Activation(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, curve: Curve) -> Tensor:
        ctx.save_for_backward(x)
        ctx.curve = curve
        return curve.value(x)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        return outer * ctx.curve.derivative(x), None


class Dropout(nn.Module):
    """Each number is zero with this probability, else divided by the rest (Srivastava et al. 2014).

    In evaluation nothing changes.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def extra_repr(self) -> str:
        return f"p={self.rate}"

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.rate:
            return x
        kept = (torch.rand_like(x) >= self.rate).to(x.dtype)
        return x * kept / (1 - self.rate)


class BatchNorm(nn.Module):
    """(x - mean) / sqrt(variance + ε) · γ + β over the batch (Ioffe & Szegedy 2015, alg. 1).

    In evaluation, mean and variance are moving averages over the batches of training.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))
        self.register_buffer("running_mean", torch.zeros(width))
        self.register_buffer("running_var", torch.ones(width))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, x: Tensor) -> Tensor:
        """(B, I) -> (B, I); raises ValueError for a batch of one row in training, as torch does."""
        if not self.training:
            scale = (self.running_var + _EPSILON).rsqrt()
            return (x - self.running_mean) * scale * self.weight + self.bias

        if len(x) < 2:
            raise ValueError(f"Expected more than 1 value per channel when training, got {len(x)}")
        self._follow(x.detach())
        normed = _BatchNorm.apply(x, self.weight, self.bias)  # type: ignore[no-untyped-call]
        return cast(Tensor, normed)

    def _follow(self, x: Tensor) -> None:
        self.num_batches_tracked += 1
        self.running_mean.lerp_(x.mean(0), _MOMENTUM)
        self.running_var.lerp_(x.var(0), _MOMENTUM)


class _BatchNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        scale = (x.var(0, correction=0) + _EPSILON).rsqrt()
        normed = (x - x.mean(0)) * scale
        ctx.save_for_backward(normed, scale, weight)
        return normed * weight + bias

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Mean and variance depend on x as well: their share of the gradient is taken off.

        With g = dL/dy · γ and x̂ the normed input, dL/dx = (g - mean g - x̂ · mean (g x̂)) · scale.
        """
        normed, scale, weight = ctx.saved_tensors
        inner = outer * weight
        through_mean = inner.mean(0)
        through_variance = normed * (inner * normed).mean(0)
        by_input = (inner - through_mean - through_variance) * scale
        return by_input, (outer * normed).sum(0), outer.sum(0)
