"""Weights of a Transformer as the compiled library reads them (see products.h, eight_bits.h).

Shapes: I inputs, O outputs, R rows, D width, H heads, E = D / H, E' = E filled up to whole vectors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..errors import ConfigError, WrongType
from ..native import layers as native
from .arranged import check_hooks, is_layer_norm
from .products import check_plain, has_hooks
from .transformer import DecoderLayer, EncoderLayer

_AT_ONCE = 128  # panels that are made integers together: all would take five times their memory


class Linear(NamedTuple):
    """What a layer multiplies by."""

    weight: Tensor  # (O, I)
    bias: Tensor | None  # (O,)


class Norm(NamedTuple):
    weight: Tensor  # (D,)
    bias: Tensor  # (D,)
    eps: float


class CrossWeights(NamedTuple):
    """What a decoder's layer reads the source by."""

    query: Linear
    key_value: Linear  # keys before values
    out: Linear
    norm: Norm


class LayerWeights(NamedTuple):
    own: Linear  # queries, keys and values, one after the other
    own_out: Linear
    own_norm: Norm
    cross: CrossWeights | None
    up: Linear
    down: Linear
    last_norm: Norm


class SideWeights(NamedTuple):
    """An encoder or a decoder."""

    layers: Iterable[LayerWeights]  # gone through once
    norm: Norm | None  # after them
    width: int
    heads: int
    hidden: int
    prenorm: bool
    activation: str


# Of the modules of torch


def side_of(layers: Sequence[EncoderLayer | DecoderLayer], norm: nn.Module) -> SideWeights:
    """Raises `WrongType` for modules that do more than their weights say."""
    first = layers[0]
    return SideWeights(
        layers=map(_layer_of, layers),
        norm=None if is_nothing(norm) else _norm_of(norm),
        width=first.attention.out.in_features,
        heads=first.attention.heads,
        hidden=first.feed_forward.up.out_features,
        prenorm=first.around_attention.prenorm,
        activation=first.feed_forward.activation,
    )


def is_nothing(norm: nn.Module) -> bool:
    """Whether it stands in the place of a norm that there is not."""
    return type(norm) is nn.Identity and not has_hooks(norm)


def _layer_of(layer: EncoderLayer | DecoderLayer) -> LayerWeights:
    check_hooks(layer)
    own = layer.attention
    cross = None
    if isinstance(layer, DecoderLayer):
        source = layer.cross_attention
        cross = CrossWeights(
            _joined(source.query),
            _joined(source.key_value),
            _joined(source.out),
            _norm_of(layer.around_cross_attention.norm),
        )
    return LayerWeights(
        own=_joined(own.query, own.key_value),
        own_out=_joined(own.out),
        own_norm=_norm_of(layer.around_attention.norm),
        cross=cross,
        up=_joined(layer.feed_forward.up),
        down=_joined(layer.feed_forward.down),
        last_norm=_norm_of(layer.around_feed_forward.norm),
    )


def _joined(*linears: nn.Linear) -> Linear:
    """Layers side by side."""
    for linear in linears:
        check_plain(linear)
    if len(linears) == 1:
        return Linear(linears[0].weight.detach(), linears[0].bias.detach())
    weight = torch.cat([linear.weight for linear in linears])
    return Linear(weight.detach(), torch.cat([linear.bias for linear in linears]).detach())


def _norm_of(norm: nn.Module) -> Norm:
    if not is_layer_norm(norm):
        raise WrongType(f"a plain nn.LayerNorm is packed, and {norm} is none")
    return Norm(norm.weight.detach(), norm.bias.detach(), norm.eps)


# Packed


class PackedProduct(NamedTuple):
    """Numbers of each output, in panels of outputs side by side."""

    panels: Tensor  # (panels, I + 1 or 3 + I / 4, panel)
    inputs: int
    outputs: int

    @classmethod
    def of(cls, linear: Linear, instructions: int) -> PackedProduct:
        """Raises `ConfigError` for more inputs than products of integers have."""
        weight, bias = linear
        outputs, inputs = weight.shape
        bias = weight.new_zeros(outputs) if bias is None else bias.detach()
        pack = packed_in_eight_bits if instructions in native.EIGHT_BITS else packed
        panel = 2 * native.WIDTHS[instructions]
        return cls(pack(weight.detach(), bias, panel), inputs, outputs)

    def structure(self) -> native.Product:
        """It lives as long as the panels do."""
        return native.Product(self.panels.data_ptr(), self.inputs, self.outputs)

    def numbers_of(self, outputs: Tensor) -> Tensor:
        """(R,) -> what is packed of each, (R, numbers)"""
        by_output = self.panels.transpose(1, 2)
        panel = by_output.size(1)
        return by_output[outputs // panel, outputs % panel]

    def over(self, outputs: Tensor) -> PackedProduct:
        """The product that makes these outputs (O',) only."""
        panels = _in_panels(self.numbers_of(outputs), self.panels.size(2))
        return PackedProduct(panels, self.inputs, len(outputs))

    def rows_in_eight_bits(self, outputs: Tensor) -> Tensor:
        """The weights of these outputs, of a product in 8 bits: (R,) -> (R, I)"""
        numbers = self.numbers_of(outputs)
        integers = numbers[:, 3:].contiguous().view(torch.int8)[:, : self.inputs]
        return integers * numbers[:, 1:2]


class Packing:
    """Makes the structures of the library, and keeps what they point to."""

    def __init__(self, instructions: int, *, width: int, heads: int) -> None:
        self._instructions = instructions
        self._vector = native.WIDTHS[instructions]
        self.width = width
        self.heads = heads
        self.head = width // heads  # E
        self.padded = _whole(self.head, self._vector)  # E'
        self._kept: list[Tensor] = []

    def layer(self, layer: LayerWeights) -> native.Layer:
        packed = native.Layer(
            own=self.product_by_heads(layer.own),
            own_out=self._product_after_heads(layer.own_out),
            up=self._product(layer.up),
            down=self._product(layer.down),
            own_norm=self.norm(layer.own_norm),
            last_norm=self.norm(layer.last_norm),
        )
        if layer.cross is not None:
            packed.source = self.product_by_heads(layer.cross.query)
            packed.source_out = self._product_after_heads(layer.cross.out)
            packed.source_norm = self.norm(layer.cross.norm)
        return packed

    def product_by_heads(self, linear: Linear) -> native.Product:
        """Each head of the outputs is filled up."""
        weight, bias = linear
        assert bias is not None
        heads = len(bias) // self.head
        filled = weight.new_zeros(heads, self.padded, self.width)
        filled[:, : self.head] = weight.view(heads, self.head, self.width)
        filled_bias = bias.new_zeros(heads, self.padded)
        filled_bias[:, : self.head] = bias.view(heads, self.head)
        return self._product(Linear(filled.flatten(0, 1), filled_bias.flatten()))

    def _product_after_heads(self, linear: Linear) -> native.Product:
        """The inputs are the outputs of heads, each filled up."""
        filled = linear.weight.new_zeros(self.width, self.heads, self.padded)
        filled[:, :, : self.head] = linear.weight.view(self.width, self.heads, self.head)
        return self._product(Linear(filled.flatten(1), linear.bias))

    def _product(self, linear: Linear) -> native.Product:
        product = PackedProduct.of(linear, self._instructions)
        self._kept.append(product.panels)
        return product.structure()

    def norm(self, norm: Norm) -> native.Norm:
        room = _whole(self.width, 2 * self._vector)
        numbers = norm.weight.new_zeros(2, room)
        numbers[0, : self.width] = norm.weight
        numbers[1, : self.width] = norm.bias
        self._kept.append(numbers)
        return native.Norm(numbers[0].data_ptr(), numbers[1].data_ptr(), norm.eps)


def packed(weight: Tensor, bias: Tensor, panel: int) -> Tensor:
    """A weight (O, I), a bias (O,) as products.h reads them: (panels, I + 1, panel)"""
    return _in_panels(torch.cat([bias[:, None], weight], 1), panel)


def packed_in_eight_bits(weight: Tensor, bias: Tensor, panel: int) -> Tensor:
    """The same, as eight_bits.h reads them: (panels, 3 + I / 4, panel), where I is filled up.

    Each row of the weight becomes integers of -127 to 127; one that has been such integers times a
    number, as those of a model stored in 8 bits, gets the same again.
    """
    outputs, inputs = weight.shape
    if inputs > native.MOST_INPUTS:
        raise ConfigError(
            f"compute = 'int8' is for layers of at most {native.MOST_INPUTS:,} inputs, and one of "
            f"this model has {inputs:,}: leave it out"
        )
    panels = weight.new_empty(-(-outputs // panel), 3 + _whole(inputs, 4) // 4, panel)
    for first in range(0, len(panels), _AT_ONCE):
        rows = slice(first * panel, (first + _AT_ONCE) * panel)
        part = _in_panels(_integers(weight[rows], bias[rows]), panel)
        panels[first : first + len(part)] = part
    return panels


def _integers(weight: Tensor, bias: Tensor) -> Tensor:
    """(O, I), (O,) -> of each output its bias, its step, its start, its integers by fours"""
    outputs, inputs = weight.shape
    largest = weight.abs().amax(1)
    rate = 127 / torch.where(largest == 0, 127.0, largest)
    integers = torch.zeros(outputs, _whole(inputs, 4), dtype=torch.int8)
    integers[:, :inputs] = (weight * rate[:, None]).round_()

    start = -128 * integers.sum(1, dtype=torch.int32)
    numbers = [bias, 1 / rate, start.view(torch.float32)]
    return torch.cat([torch.stack(numbers, 1), integers.view(torch.float32)], 1)


def _in_panels(rows: Tensor, panel: int) -> Tensor:
    """(O, N) -> (panels, N, panel), the last one filled up with zeros"""
    outputs, count = rows.shape
    panels = -(-outputs // panel)
    filled = rows
    if outputs < panels * panel:
        filled = rows.new_zeros(panels * panel, count)
        filled[:outputs] = rows
    return filled.view(panels, panel, count).transpose(1, 2).contiguous()


def _whole(count: int, unit: int) -> int:
    return -(-count // unit) * unit
