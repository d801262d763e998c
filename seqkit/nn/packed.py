"""Layers of a Transformer as the compiled library computes them (seqkit/native/layers.c).

On an AMD EPYC (AVX-512) its products are quicker than those of oneDNN and of MKL at any number of
rows, and one call does all layers (benchmarks/HISTORY.md).

Shapes: R rows, I inputs, O outputs, V vocabulary, D width, H heads, E = D / H, E' = E filled up to
whole vectors, W = 2 H E'.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from copy import copy
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..errors import ConfigError, WrongType
from ..native import layers as native
from ..native.library import library
from .arranged import check_hooks, is_layer_norm
from .parallel import in_threads, parts_of
from .products import check_plain, has_hooks
from .transformer import DecoderLayer, Embedding, EncoderLayer


class Compiled(NamedTuple):
    """The library, and the instructions of the processor that weights are packed for."""

    library: ctypes.CDLL
    instructions: int


def compiled_for(weights: Sequence[Tensor], *, eight_bits: bool = False) -> Compiled | None:
    """None if there is no library, or none for weights like these.

    With `eight_bits`, products are of integers, where the processor is quicker at them.
    """
    opened = library()
    if opened is None or not all(map(is_plain, weights)):
        return None
    instructions = opened.seqkit_instructions()
    if eight_bits and opened.seqkit_instructions_of_eight_bits() != native.NOTHING:
        instructions = opened.seqkit_instructions_of_eight_bits()
    return None if instructions == native.NOTHING else Compiled(opened, instructions)


def norms_of(layer: EncoderLayer | DecoderLayer) -> list[nn.Module]:
    """The norms within a layer."""
    around = [layer.around_attention, layer.around_feed_forward]
    if isinstance(layer, DecoderLayer):
        around.append(layer.around_cross_attention)
    return [residual.norm for residual in around]


def is_nothing(norm: nn.Module) -> bool:
    """Whether it stands in the place of a norm that there is not."""
    return type(norm) is nn.Identity and not has_hooks(norm)


def is_plain(weight: Tensor) -> bool:
    """Whether the library can read it."""
    return weight.is_cpu and weight.dtype == torch.float32 and weight.is_contiguous()


class Seen(NamedTuple):
    """Keys and values in slots, and which of them rows attend to.

    Either those of the row in `slots` (R, length), or, where rows have a `group` (R,), those of the
    group, which begin at `first` (groups + 1,) of `slots` (N,).
    """

    pool: Tensor  # (layers, slots, W), or (1, slots, W), which the layers use one after the other
    slots: Tensor  # int32
    group: Tensor | None = None  # int64
    first: Tensor | None = None  # int64

    def structure(self) -> native.Memory:
        return native.Memory(
            self.pool.data_ptr(),
            self.pool.stride(0) if self.pool.size(0) > 1 else 0,
            self.slots.data_ptr(),
            None if self.group is None else self.group.data_ptr(),
            None if self.first is None else self.first.data_ptr(),
            self.slots.size(-1),
        )


class Tokens(NamedTuple):
    """Tokens that all stand at one position, embedded as `Embedding.at` does."""

    ids: Tensor  # (R,) int64
    vectors: Tensor  # (V, D)
    position: Tensor  # (D,); kept, because another thread may make the table of positions anew
    zero: int | None

    @classmethod
    def of(cls, ids: Tensor, embedding: Embedding, position: int) -> Tokens:
        """Raises `WrongType` if the embedding is no longer one that the library can read."""
        vectors, added = embedding.tokens.weight, embedding.position(position)
        if not is_plain(vectors) or not is_plain(added):
            raise WrongType(
                "a search that began in float32 on the CPU cannot go on with embeddings in "
                f"{vectors.dtype} on {vectors.device}: begin it again"
            )
        if not ids.is_cpu or ids.dtype != torch.int64 or not ids.is_contiguous():
            ids = ids.to("cpu", torch.int64).contiguous()
        return cls(ids, vectors, added, embedding.zero)

    def structure(self) -> native.Tokens:
        return native.Tokens(
            self.ids.data_ptr(),
            self.vectors.data_ptr(),
            self.position.data_ptr(),
            self.vectors.size(0),
            -1 if self.zero is None else self.zero,
            math.sqrt(self.vectors.size(1)),
        )


class PackedNetwork:
    """Layers, a norm after them, and a product with `output` (V, D) and `bias` (V,), if any.

    The weights are those that the layers have when it is made.
    """

    def __init__(
        self,
        compiled: Compiled,
        layers: Sequence[EncoderLayer | DecoderLayer],
        norm: nn.Module,
        output: Tensor | None = None,
        bias: Tensor | None = None,
    ) -> None:
        first = layers[0]
        self._library, self._instructions = compiled
        self._packing = packing = _Packing(first, compiled.instructions)
        self._made_of: PackedNetwork | None = None  # has what the structures point to, too
        self.slot_width = 2 * packing.heads * packing.padded
        self.outputs = packing.width if output is None else output.size(0)

        self._layers = (native.Layer * len(layers))(*map(packing.layer, layers))
        self._source_slots = [
            packing.product(*packing.joined_heads(layer.cross_attention.key_value))
            for layer in layers
            if isinstance(layer, DecoderLayer)
        ]
        self._network = native.Network(
            layers=ctypes.addressof(self._layers),
            count=len(layers),
            width=packing.width,
            heads=packing.heads,
            head=packing.padded,
            hidden=first.feed_forward.up.out_features,
            prenorm=first.around_attention.prenorm,
            activation=native.ACTIVATIONS[first.feed_forward.activation],
            scale=packing.head**-0.5,
            norm=native.Norm() if is_nothing(norm) else packing.norm(norm),
            output=native.Product() if output is None else packing.product(output, bias),
            instructions=compiled.instructions,
        )

    def __repr__(self) -> str:
        return f"<PackedNetwork of {len(self._layers)} layers>"

    def with_output(self, output: Tensor, bias: Tensor | None) -> PackedNetwork:
        """The same layers and another product after them."""
        changed = copy(self)
        changed._packing = self._packing.anew()
        changed._network = native.Network.from_buffer_copy(self._network)
        changed._network.output = changed._packing.product(output, bias)
        changed.outputs = output.size(0)
        changed._made_of = self
        return changed

    def run(
        self,
        inputs: Tensor | Tokens,
        slots: Tensor,
        own: Seen,
        source: Seen | None = None,
        *,
        borders: Sequence[int] | None = None,
    ) -> Tensor:
        """(R, D) or R tokens -> hidden states (R, D), or logits (R, V) where there is an output

        Keys and values of the rows go into `slots` (R,) of their `own`. Where rows see slots that
        others of this call write, `borders` are those between groups of them. Raises IndexError for
        a token that there is not, and MemoryError.
        """
        rows = slots.size(0)
        y = own.pool.new_empty(rows, self.outputs)
        step = native.Step(
            slots=slots.data_ptr(),
            slot_stride=slots.stride(0),
            own=own.structure(),
            source=native.Memory() if source is None else source.structure(),
            y=y.data_ptr(),
        )
        if isinstance(inputs, Tensor):
            inputs = inputs.contiguous()
            step.x = inputs.data_ptr()
        else:
            step.tokens = inputs.structure()
        network, step_at = ctypes.byref(self._network), ctypes.byref(step)

        def run(start: int, end: int) -> int:
            done: int = self._library.seqkit_run_layers(network, step_at, start, end)
            return done

        found = in_threads(run, parts_of(rows, borders))
        if native.NO_SUCH_PLACE in found:
            raise IndexError("a token is not in the vocabulary of the model")
        if native.FAILED in found:
            raise MemoryError(f"not enough memory for {rows} rows of the layers")
        return y

    def read(self, x: Tensor) -> Tensor:
        """Keys and values of a source, (R, D), for each layer of a decoder: (layers, R, W)"""
        y = x.new_empty(len(self._source_slots), len(x), self.slot_width)

        def multiply(start: int, end: int) -> None:
            for product, of_layer in zip(self._source_slots, y, strict=True):
                self._library.seqkit_multiply(
                    ctypes.byref(product),
                    self._instructions,
                    end - start,
                    x[start:].data_ptr(),
                    of_layer[start:].data_ptr(),
                )

        in_threads(multiply, parts_of(len(x)))
        return y


class _Packing:
    """Makes the structures of the library, and keeps what they point to."""

    def __init__(self, layer: EncoderLayer | DecoderLayer, instructions: int) -> None:
        """`layer` is one of those that are to be packed, which all have the same sizes."""
        vector = native.WIDTHS[instructions]
        self._in_eight_bits = instructions in native.EIGHT_BITS
        self.panel = 2 * vector
        self.width = layer.attention.out.in_features
        self.heads = layer.attention.heads
        self.head = self.width // self.heads  # E
        self.padded = _whole(self.head, vector)  # E'
        self._kept: list[Tensor] = []

    def anew(self) -> _Packing:
        """The same sizes, and nothing kept yet."""
        other = copy(self)
        other._kept = []
        return other

    def layer(self, layer: EncoderLayer | DecoderLayer) -> native.Layer:
        check_hooks(layer)
        own, feed_forward = layer.attention, layer.feed_forward
        packed = native.Layer(
            own=self.product(*self.joined_heads(own.query, own.key_value)),
            own_out=self._after_heads(own.out),
            up=self._of(feed_forward.up),
            down=self._of(feed_forward.down),
            own_norm=self.norm(layer.around_attention.norm),
            last_norm=self.norm(layer.around_feed_forward.norm),
        )
        if isinstance(layer, DecoderLayer):
            source = layer.cross_attention
            packed.source = self.product(*self.joined_heads(source.query))
            packed.source_out = self._after_heads(source.out)
            packed.source_norm = self.norm(layer.around_cross_attention.norm)
        return packed

    def joined_heads(self, *linears: nn.Linear) -> tuple[Tensor, Tensor]:
        """Weight and bias of layers side by side, each head of their outputs filled up."""
        for linear in linears:
            check_plain(linear)
        weight = torch.cat([linear.weight for linear in linears]).detach()
        bias = torch.cat([linear.bias for linear in linears]).detach()

        heads = len(bias) // self.head
        filled = weight.new_zeros(heads, self.padded, self.width)
        filled[:, : self.head] = weight.view(heads, self.head, self.width)
        filled_bias = bias.new_zeros(heads, self.padded)
        filled_bias[:, : self.head] = bias.view(heads, self.head)
        return filled.flatten(0, 1), filled_bias.flatten()

    def _after_heads(self, linear: nn.Linear) -> native.Product:
        """Of a layer whose inputs are the outputs of heads, each filled up."""
        check_plain(linear)
        weight = linear.weight.detach()
        filled = weight.new_zeros(self.width, self.heads, self.padded)
        filled[:, :, : self.head] = weight.view(self.width, self.heads, self.head)
        return self.product(filled.flatten(1), linear.bias)

    def _of(self, linear: nn.Linear) -> native.Product:
        check_plain(linear)
        return self.product(linear.weight, linear.bias)

    def product(self, weight: Tensor, bias: Tensor | None) -> native.Product:
        """`struct product` of (O, I) and (O,)."""
        outputs, inputs = weight.shape
        bias = weight.new_zeros(outputs) if bias is None else bias.detach()
        pack = packed_in_eight_bits if self._in_eight_bits else packed
        return native.Product(
            self._address(pack(weight.detach(), bias, self.panel)), inputs, outputs
        )

    def norm(self, norm: nn.Module) -> native.Norm:
        if not is_layer_norm(norm):
            raise WrongType(f"a plain nn.LayerNorm is packed, and {norm} is none")
        room = _whole(self.width, self.panel)
        numbers = norm.weight.new_zeros(2, room)
        numbers[0, : self.width] = norm.weight.detach()
        numbers[1, : self.width] = norm.bias.detach()
        return native.Norm(self._address(numbers[0]), self._address(numbers[1]), norm.eps)

    def _address(self, tensor: Tensor) -> int:
        self._kept.append(tensor)
        return tensor.data_ptr()


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
    largest = weight.abs().amax(1)
    rate = 127 / torch.where(largest == 0, 127.0, largest)
    integers = torch.zeros(outputs, _whole(inputs, 4), dtype=torch.int8)
    integers[:, :inputs] = (weight * rate[:, None]).round_()

    start = -128 * integers.sum(1, dtype=torch.int32)
    numbers = [bias, 1 / rate, start.view(torch.float32)]
    rows = torch.cat([torch.stack(numbers, 1), integers.view(torch.float32)], 1)
    return _in_panels(rows, panel)


def _in_panels(rows: Tensor, panel: int) -> Tensor:
    """(O, N) -> (panels, N, panel), the last one filled up with zeros"""
    outputs, count = rows.shape
    panels = -(-outputs // panel)
    filled = rows.new_zeros(panels * panel, count)
    filled[:outputs] = rows
    return filled.view(panels, panel, count).transpose(1, 2).contiguous()


def _whole(count: int, unit: int) -> int:
    return -(-count // unit) * unit
