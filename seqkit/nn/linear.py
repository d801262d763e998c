"""Linear layers of a training in bf16 on the CPU.

Batches of text have ever new numbers of rows, and oneDNN makes code for each (see `rounded_up`):
rows are filled up with zeros to the next of few numbers, while they are cast. The twin is
`nn.Linear` under autocast.

In float32 they are torch's own. For a while they went around MKL through its private operator
`mkldnn._linear_pointwise` (oneDNN). With torch 2.13 it did not pay any more (target tokens per CPU
second, one core, multi30k/de-en, updates with and without it in turns): 1,354 with it and 1,453
without on an AMD EPYC of the first generation (AVX2), 2,744 and 2,892 on one with AVX-512 and bf16.

Shapes: I inputs, O outputs, R rows, R' of them with those of zeros.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from .products import has_hooks, rounded_up


def linear(x: Tensor, layer: nn.Module) -> Tensor:
    """What a linear layer makes of x, in whatever type it computes: (…, I) -> (…, O)"""
    if is_cast_to_bf16(x) and torch.is_grad_enabled() and _is_plain(layer):
        output = _Linear.apply(x, layer.weight, layer.bias)  # type: ignore[no-untyped-call]
    else:
        output = layer(x)
    return cast(Tensor, output)


def is_cast_to_bf16(x: Tensor) -> bool:
    """Whether autocast has products of x in bf16 on the CPU, and torch does not compile them."""
    if x.device.type != "cpu" or x.dtype not in (torch.float32, torch.bfloat16):
        return False
    if torch.compiler.is_compiling():
        return False
    return torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") == torch.bfloat16


def _is_plain(layer: nn.Module) -> bool:
    """Whether a layer does what its float32 weight and bias say, and nothing else."""
    if type(layer) is not nn.Linear or layer.bias is None:
        return False
    if has_hooks(layer) or layer._backward_hooks or layer._backward_pre_hooks:
        return False
    return layer.weight.dtype == layer.bias.dtype == torch.float32


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        rows = filled_up(x.reshape(-1, x.size(-1)))  # (R', I)
        half = weight.to(torch.bfloat16)
        y = torch.addmm(bias.to(torch.bfloat16), rows, half.t())

        ctx.save_for_backward(rows, half)
        ctx.dtype = weight.dtype
        return _unfilled(y, x)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_y: Tensor) -> tuple[Tensor | None, ...]:
        rows, half = ctx.saved_tensors
        of_rows = filled_up(of_y.reshape(-1, of_y.size(-1)))  # (R', O)
        of_x, of_weight, of_bias = ctx.needs_input_grad
        return (
            _unfilled(of_rows @ half, of_y) if of_x else None,
            (of_rows.t() @ rows).to(ctx.dtype) if of_weight else None,
            of_rows.sum(0).to(ctx.dtype) if of_bias else None,
        )


def filled_up(rows: Tensor) -> Tensor:
    """Rows in bf16, and rows of zeros up to one of few numbers: (R, I) -> (R', I)"""
    count, width = rows.shape
    filled = torch.empty(rounded_up(count), width, dtype=torch.bfloat16, device="cpu")
    filled[:count] = rows
    filled[count:].zero_()
    return filled


def _unfilled(rows: Tensor, like: Tensor) -> Tensor:
    """(R', O), (…, I) of R rows -> (…, O)"""
    shape = like.shape[:-1]
    return rows[: shape.numel()].view(*shape, rows.size(1))
