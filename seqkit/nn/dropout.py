"""Dropout of single values, of values over time, and of words.

Linear layers are torch's own. For a while they went around MKL through torch's private operator
`mkldnn._linear_pointwise` (oneDNN). With torch 2.13 it did not pay any more (target tokens per CPU
second, one core, multi30k/de-en, updates with and without it in turns): 1,354 with it and 1,453
without on an AMD EPYC of the first generation (AVX2), 2,744 and 2,892 on one with AVX-512 and bf16.

Shapes: T steps, B sequences, V words, D width.
"""

from __future__ import annotations

from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from . import passes
from .checks import check_rates

_BYTE = 256  # values of a random byte


class Dropout(nn.Module):
    """Dropout (Srivastava et al. 2014).

    On the CPU, where drawing the mask is what costs, a value takes one random byte: the rate is
    rounded to 1/256. Training multi30k/de-en is 7 % faster than with torch's dropout (AMD, AVX2).
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        check_rates(rate=rate)
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """(…) -> (…)"""
        if not self.training or self.rate == 0:
            return x
        if x.device.type != "cpu":
            return F.dropout(x, self.rate)

        output = _ByteDropout.apply(x, self._dropped)  # type: ignore[no-untyped-call]
        return cast(Tensor, output)

    def add(self, given: Tensor, x: Tensor) -> Tensor:
        """What a sublayer was given, and its output x after dropout: (…), (…) -> (…)"""
        is_plain = not self.training or self.rate == 0 or given.dtype != torch.float32
        if is_plain or given.shape != x.shape or not passes.usable(given, x):
            dropped: Tensor = self(x)
            return given + dropped
        output = _AddedDropout.apply(given, x, self._dropped)  # type: ignore[no-untyped-call]
        return cast(Tensor, output)

    @property
    def _dropped(self) -> int:
        """Of the 256 values of a byte, how many drop a number."""
        return min(_BYTE - 1, round(self.rate * _BYTE))

    def extra_repr(self) -> str:
        return f"rate={self.rate}"


class _ByteDropout(torch.autograd.Function):
    """Drop each value whose random byte is one of the first `dropped` of 256."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, dropped: int) -> Tensor:
        noise = _random_bytes(x.numel()).view(x.shape)
        ctx.save_for_backward(noise)
        ctx.dropped = dropped
        return _drop(x, noise, dropped)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (noise,) = ctx.saved_tensors
        return _drop(grad, noise, ctx.dropped), None


def _drop(x: Tensor, noise: Tensor, dropped: int) -> Tensor:
    if passes.usable(x):
        return passes.drop(x, noise, dropped, _scale(dropped))
    kept = noise.ge(dropped)
    return (x * kept).mul_(_scale(dropped))


def _scale(dropped: int) -> float:
    """Of what stays, so that the mean does."""
    return _BYTE / (_BYTE - dropped)


class _AddedDropout(torch.autograd.Function):
    """The same, added to float32 numbers, by the compiled library."""

    @staticmethod
    def forward(ctx: Any, given: Tensor, x: Tensor, dropped: int) -> Tensor:
        noise = _random_bytes(x.numel())
        ctx.save_for_backward(noise)
        ctx.drawn = dropped, _scale(dropped)
        ctx.dtype = x.dtype
        return passes.drop_and_add(given, x, noise, *ctx.drawn)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        (noise,) = ctx.saved_tensors
        return grad, passes.drop_gradient(grad, ctx.dtype, noise, *ctx.drawn), None


def _random_bytes(count: int) -> Tensor:
    """Drawn eight at a time, on the CPU whatever torch's default is: (count,) uint8"""
    eights = (count + 7) // 8
    words = torch.empty(eights, dtype=torch.int64, device="cpu")
    words.random_(-(2**63), None)

    single = words.view(torch.uint8)
    return single[:count]


class LockedDropout(nn.Module):
    """Variational dropout: one mask for all steps (Gal & Ghahramani 2016, arXiv:1512.05287)."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        check_rates(rate=rate)
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """(T, B, …) -> (T, B, …)"""
        if not self.training or self.rate == 0:
            return x

        first_step = torch.ones_like(x[:1])
        mask = F.dropout(first_step, self.rate)
        return x * mask


def drop_words(weight: Tensor, rate: float, *, training: bool) -> Tensor:
    """Embedding dropout: leave whole words out of this batch (Gal & Ghahramani 2016).

    (V, D) -> (V, D)
    """
    if not training or rate == 0:
        return weight

    words = weight.new_ones(weight.size(0), 1)
    mask = F.dropout(words, rate)
    return weight * mask
