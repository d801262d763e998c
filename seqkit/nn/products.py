"""Products with weights that stay as they are, as in a search.

On CPUs, oneDNN multiplies in an arrangement of the weights that it chooses itself: on an AMD EPYC
(AVX-512) twice as fast as MKL, which `F.linear` calls; with a few rows and a small weight it gains
nothing (benchmarks/RESULTS.md). To arrange them takes time, too, so it is for weights that many
products share. torch has no public function for it: where its own is missing or refuses, the
product is that of `F.linear`.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_ROWS = 32  # numbers of rows are rounded up to it: oneDNN makes code for each number that it meets
_multiply = torch.ops.mkldnn._linear_pointwise


class Product:
    """x W' + b, without gradients: (R, I) -> (R, O).

    The weight, (O, I), is that of the moment when the product is made.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        self.weight = weight.detach()
        self.bias = None if bias is None else bias.detach()
        self._packed = _packed(self.weight)

    @classmethod
    def of(cls, linear: nn.Linear) -> Product:
        return cls(linear.weight, linear.bias)

    def __call__(self, x: Tensor) -> Tensor:
        if self._packed is None or x.dtype != self.weight.dtype:
            return F.linear(x, self.weight, self.bias)

        rows = x.size(0)
        whole = -(-rows // _ROWS) * _ROWS
        if rows <= _ROWS:
            whole = rows
        elif rows < whole:
            padded = x.new_empty(whole, x.size(1))
            padded[:rows] = x
            x = padded
        output: Tensor = _multiply(x, self._packed, self.bias, "none", [], "")
        return output[:rows] if whole > rows else output


def _packed(weight: Tensor) -> Tensor | None:
    """A weight as oneDNN arranges it; None where that cannot be had."""
    if weight.device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return None
    try:
        if weight.dtype == torch.bfloat16 and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
            return None
        if weight.dtype not in (torch.float32, torch.bfloat16):
            return None
        packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), None)
        sample = weight.new_zeros(1, weight.size(1))
        _multiply(sample, packed, None, "none", [], "")
    except (AttributeError, RuntimeError, TypeError):
        return None
    return packed
