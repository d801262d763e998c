"""What the layers of encoders and decoders have in common in a search.

Shapes: R rows, D width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeGuard

import torch
from torch import Tensor, nn

from ..errors import WrongType
from .products import Product, has_hooks
from .transformer import DecoderLayer, Embedding, EncoderLayer


class Sides(NamedTuple):
    """What a search computes with. A side has its layers, and the norm after them."""

    encoder: tuple[Sequence[EncoderLayer], nn.Module]
    decoder: tuple[Sequence[DecoderLayer], nn.Module]
    embedding: Embedding  # of target tokens, used as it is at each step
    output: Tensor  # (V, D)
    bias: Tensor | None  # (V,)


class ArrangedLayer:
    """The weights of a layer, taken out of its modules: calling those costs time.

    Queries, keys and values are one product.
    """

    def __init__(self, layer: EncoderLayer | DecoderLayer) -> None:
        check_hooks(layer)
        own, feed_forward = layer.attention, layer.feed_forward
        self.heads = own.heads
        self.head = own.out.in_features // own.heads
        self.prenorm = layer.around_attention.prenorm

        self.all = Product.joining(own.query, own.key_value)
        self.out = Product.of(own.out)
        self.up = Product.of(feed_forward.up)
        self.down = Product.of(feed_forward.down)
        self.activate = feed_forward.activate

        self.own_norm = norm_of(layer.around_attention.norm)
        self.last_norm = norm_of(layer.around_feed_forward.norm)

    def enter(self, norm: Norm, x: Tensor) -> Tensor:
        """What goes into a sublayer; see `Residual`."""
        return norm(x) if self.prenorm else x

    def leave(self, norm: Norm, x: Tensor, output: Tensor) -> Tensor:
        """What comes out of a sublayer, joined with what went in. May overwrite `output`."""
        x = output.add_(x)
        return x if self.prenorm else norm(x)

    def feed_forward(self, x: Tensor) -> Tensor:
        """(R, D) -> (R, D)"""
        y = self.enter(self.last_norm, x)
        inside = self.activate(self.up(y))
        return self.leave(self.last_norm, x, self.down(inside))


def check_hooks(layer: EncoderLayer | DecoderLayer) -> None:
    """Raise `WrongType` for a forward hook that would not run: only norms are called as modules."""
    for name, module in layer.named_modules():
        is_called = ".norm." in f"{name}."
        if has_hooks(module) and not is_called:
            raise WrongType(
                f"a search takes the weights out of layers without calling them, and the hook of "
                f"{name or type(layer).__name__} would not run: remove it before the search"
            )


Norm = Callable[[Tensor], Tensor]  # (…, D) -> (…, D)


def norm_of(module: nn.Module) -> Norm:
    """What a norm does: the module itself if it is more than a layer norm."""
    return _LayerNorm(module) if is_layer_norm(module) else module


def is_layer_norm(module: nn.Module) -> TypeGuard[nn.LayerNorm]:
    """Whether a module does what its weight and bias say, and nothing else."""
    if type(module) is not nn.LayerNorm or has_hooks(module):
        return False
    weights = module._parameters  # asked before each search: attributes take longer
    return weights.get("weight") is not None and weights.get("bias") is not None


class _LayerNorm:
    """A layer norm, quicker than its module."""

    def __init__(self, norm: nn.LayerNorm) -> None:
        self.sizes = norm.normalized_shape
        self.weight, self.bias, self.eps = norm.weight, norm.bias, norm.eps

    def __call__(self, x: Tensor) -> Tensor:
        return torch.layer_norm(x, self.sizes, self.weight, self.bias, self.eps)
