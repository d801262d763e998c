"""Products with weights that stay as they are, as in a search without the compiled library.

On CPUs, oneDNN multiplies in an arrangement of the weights that it chooses itself: on an AMD EPYC
(AVX-512) twice as fast as MKL, which `F.linear` calls; with a few rows and a small weight it gains
nothing (benchmarks/HISTORY.md). To arrange them takes time, too, so it is for weights that many
products share. torch has no public function for it: where its own is missing or refuses, the
product is that of `F.linear`.

Shapes: R rows, I inputs, O outputs.
"""

from __future__ import annotations

from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import WrongType

_STEPS = 8  # numbers of rows from a power of two to the next

# Multiplications from which oneDNN gains. A call of it takes 10 microseconds more than one of MKL:
# 5 x 192 -> 192 takes 14 and 10 on an AMD EPYC (Zen 5), 5 x 192 -> 512 takes 16 and 22.
_ENOUGH = 400_000

_multiply = torch.ops.mkldnn._linear_pointwise


class Product:
    """x W' + b, without gradients: (R, I) -> (R, O).

    The weight, (O, I), must stay as it is while the product is used. Raises `WrongType` for a
    layer that is no plain `nn.Linear`, which has more to it than a weight.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        self.weight = weight.detach()
        self.bias = None if bias is None else bias.detach()
        self._size = weight.numel()

    @cached_property
    def _packed(self) -> Tensor | None:
        return _packed(self.weight)

    @classmethod
    def of(cls, linear: nn.Linear) -> Product:
        check_plain(linear)
        return cls(linear.weight, linear.bias)

    @classmethod
    def joining(cls, first: nn.Linear, second: nn.Linear) -> Product:
        """What both make of the same rows, one beside the other."""
        check_plain(first)
        check_plain(second)
        weight = torch.cat([first.weight, second.weight])
        return cls(weight, torch.cat([first.bias, second.bias]))

    def rows(self, outputs: Tensor) -> Product:
        """The product that makes these outputs (O',) only."""
        bias = None if self.bias is None else self.bias[outputs]
        return Product(self.weight[outputs], bias)

    def __call__(self, x: Tensor) -> Tensor:
        rows = x.size(0)
        is_small = rows * self._size < _ENOUGH
        if is_small or x.dtype != self.weight.dtype or self._packed is None:
            return F.linear(x, self.weight, self.bias)

        whole = rounded_up(rows)
        if whole > rows:
            padded = x.new_empty(whole, x.size(1))
            padded[:rows] = x
            x = padded
        output: Tensor = _multiply(x, self._packed, self.bias, "none", [], "")
        return output[:rows] if whole > rows else output


def rounded_up(rows: int) -> int:
    """A number of rows, or the next of few numbers, an eighth more at most.

    oneDNN makes code for each number of rows that it meets, in about a millisecond, which is longer
    than a product of small models takes.
    """
    step = max(1, (1 << rows.bit_length()) // 2 // _STEPS)
    return -(-rows // step) * step


def check_plain(linear: nn.Module) -> None:
    """Raise `WrongType` for a layer that has more to it than a weight and a bias."""
    if type(linear) is not nn.Linear:
        raise WrongType(
            f"a search multiplies by the weights of nn.Linear layers, and {type(linear).__name__} "
            "stands in the place of one: decode with the model as it was made"
        )


def has_hooks(module: nn.Module) -> bool:
    """Whether a call of a module does more than its `forward`."""
    return bool(module._forward_hooks or module._forward_pre_hooks)


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
