"""Linear layers and dropout, as fast as the CPU allows.

Shapes: N rows, I inputs, O outputs.

On x86 CPUs torch sends float32 products to MKL, which on AMD reaches half of what oneDNN does with the same
result; byte-wide dropout masks cost a seventh of torch's. Both are used on the CPU only, and only where torch
offers what they need (`FAST_LINEAR`); everywhere else these are `torch.nn`'s layers.
"""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

_FEW_ROWS = 32  # below, as when one sentence is decoded, MKL is the faster one


def onednn(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """X @ weight.T + bias through oneDNN's float32 kernel."""
    return cast(Tensor, torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], ""))


def _onednn_pays() -> bool:
    """True on an AMD CPU whose torch has the private operator, if it computes what `F.linear` computes.

    Decided by the maker, not by a stopwatch, so that a resumed run takes the same kernels.
    """
    if not _amd() or not torch.backends.mkldnn.is_available():
        return False
    x, weight, bias = (
        torch.linspace(-1, 1, 12).view(3, 4),
        torch.linspace(1, -2, 8).view(4, 2).t(),
        torch.tensor([0.5, 2.0]),
    )
    try:
        return torch.allclose(onednn(x, weight, bias), F.linear(x, weight, bias), atol=1e-6)
    except (RuntimeError, AttributeError, NotImplementedError):
        return False


def _amd() -> bool:
    try:
        return (
            "AuthenticAMD"
            in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")[:1000]
        )
    except OSError:
        return "AuthenticAMD" in platform.processor()


FAST_LINEAR = _onednn_pays()


class _FastLinear(torch.autograd.Function):
    """All three products of a linear layer through oneDNN."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.has_bias = bias is not None
        return onednn(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        rows = grad.reshape(-1, grad.size(-1))  # (N, O)
        grad_x = onednn(grad, weight.t(), None) if ctx.needs_input_grad[0] else None
        grad_weight = (
            onednn(rows.t(), x.reshape(-1, x.size(-1)).t(), None)
            if ctx.needs_input_grad[1]
            else None
        )
        return (
            grad_x,
            grad_weight,
            rows.sum(0) if ctx.has_bias and ctx.needs_input_grad[2] else None,
        )


def use_fast(x: Tensor) -> bool:
    """Whether `x` (…, I) is worth oneDNN's kernel: float32 on the CPU, outside autocast, more than a few rows."""
    return (
        FAST_LINEAR
        and x.device.type == "cpu"
        and x.dtype == torch.float32
        and x.numel() >= _FEW_ROWS * x.size(-1)
        and not torch.is_autocast_enabled("cpu")
    )


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """(…, I), (O, I), (O) -> (…, O)"""
    if not use_fast(x):
        return F.linear(x, weight, bias)
    if torch.is_grad_enabled():
        return cast(Tensor, _FastLinear.apply(x, weight, bias))  # type: ignore[no-untyped-call]
    return onednn(x, weight, bias)


class Linear(nn.Linear):
    """`torch.nn.Linear` through `linear`: (…, I) -> (…, O)."""

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight, self.bias)


class _ByteDropout(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, dropped: int) -> Tensor:
        words = torch.empty((x.numel() + 7) // 8, dtype=torch.int64)
        noise = words.random_(-(2**63), None).view(torch.uint8)[: x.numel()].view(x.shape)
        mask = (noise >= dropped).to(x.dtype).mul_(256 / (256 - dropped))
        ctx.save_for_backward(mask)
        return x * mask

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (mask,) = ctx.saved_tensors
        return grad * mask, None


class Dropout(nn.Module):
    """Dropout (Srivastava et al. 2014); on the CPU the rate is rounded to 1/256, one random byte an element."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """(…) -> (…)"""
        if not self.training or self.rate == 0:
            return x
        if x.device.type == "cpu":
            return cast(Tensor, _ByteDropout.apply(x, min(255, round(self.rate * 256))))  # type: ignore[no-untyped-call]
        return F.dropout(x, self.rate)

    def extra_repr(self) -> str:
        return f"rate={self.rate}"
