"""Layers of a Transformer as the compiled library computes them (seqkit/native/layers.c).

On an AMD EPYC (AVX-512) its products are quicker than those of oneDNN and of MKL at any number of
rows, and one call does all layers (benchmarks/HISTORY.md).

Shapes: B sentences, T tokens, R rows, V vocabulary, D width, H heads, E = D / H, E' = E filled up
to whole vectors, W = 2 H E'.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Sequence
from copy import copy
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..errors import WrongType
from ..native import layers as native
from ..native.library import library
from .packing import Linear, PackedProduct, Packing, SideWeights
from .parallel import in_threads, parts_of
from .transformer import DecoderLayer, Embedding, EncoderLayer


class Compiled(NamedTuple):
    """The library, and the instructions of the processor that weights are packed for."""

    library: ctypes.CDLL
    instructions: int


def compiled_for(weights: Sequence[Tensor], *, eight_bits: bool = False) -> Compiled | None:
    """None if there is no library, or none for weights like these.

    With `eight_bits`, products are of integers; None if the processor is not quicker at them.
    """
    opened = library()
    if opened is None or not all(map(is_plain, weights)):
        return None
    asked = opened.seqkit_instructions_of_eight_bits if eight_bits else opened.seqkit_instructions
    instructions = asked()
    return None if instructions == native.NOTHING else Compiled(opened, instructions)


def norms_of(layer: EncoderLayer | DecoderLayer) -> list[nn.Module]:
    """The norms within a layer."""
    around = [layer.around_attention, layer.around_feed_forward]
    if isinstance(layer, DecoderLayer):
        around.append(layer.around_cross_attention)
    return [residual.norm for residual in around]


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
    vectors: Tensor | PackedProduct  # (V, D), or such weights in 8 bits
    position: Tensor  # (D,); kept, because another thread may make the table of positions anew
    zero: int | None

    @classmethod
    def of(cls, embedding: Embedding, ids: Tensor, position: int) -> Tokens:
        """Raises `WrongType` if the embedding is no longer one that the library can read."""
        vectors, added = embedding.tokens.weight, embedding.position(position)
        if not is_plain(vectors) or not is_plain(added):
            raise WrongType(
                "a search that began in float32 on the CPU cannot go on with embeddings in "
                f"{vectors.dtype} on {vectors.device}: begin it again"
            )
        return cls(_as_ids(ids), vectors, added, embedding.zero)

    def structure(self) -> native.Tokens:
        tokens = native.Tokens(
            ids=self.ids.data_ptr(),
            position=self.position.data_ptr(),
            zero=-1 if self.zero is None else self.zero,
            scale=math.sqrt(len(self.position)),
        )
        if isinstance(self.vectors, Tensor):
            tokens.vectors, tokens.vocab = self.vectors.data_ptr(), len(self.vectors)
        else:
            tokens.packed, tokens.vocab = self.vectors.structure(), self.vectors.outputs
        return tokens


def _as_ids(ids: Tensor) -> Tensor:
    """As the library reads them."""
    if not ids.is_cpu or ids.dtype != torch.int64 or not ids.is_contiguous():
        ids = ids.to("cpu", torch.int64).contiguous()
    return ids


class PackedEmbedding(NamedTuple):
    """What `transformer.Embedding` does in a search, by weights in 8 bits."""

    tokens: PackedProduct
    positions: Callable[[int], Tensor]  # as many as are asked for, (at least so many, D)
    zero: int | None

    def __call__(self, ids: Tensor) -> Tensor:
        """(B, T) ids at positions 0, 1, … -> (B, T, D)"""
        positions = self.positions(ids.size(1))[: ids.size(1)]
        vectors = self.tokens.rows_in_eight_bits(ids.flatten()) * math.sqrt(positions.size(1))
        if self.zero is not None:
            vectors[ids.flatten() == self.zero] = 0.0
        return vectors.view(*ids.shape, -1) + positions

    def at(self, ids: Tensor, position: int) -> Tokens:
        """(R,) ids, all at this position"""
        added = self.positions(position + 1)[position]
        return Tokens(_as_ids(ids), self.tokens, added, self.zero)


class PackedNetwork:
    """Layers, a norm after them, and a product with an output (V, D), if any.

    The weights are those that the layers have when it is made.
    """

    def __init__(self, compiled: Compiled, side: SideWeights, output: Linear | None = None) -> None:
        self.compiled = compiled
        self._packing = packing = Packing(compiled.instructions, width=side.width, heads=side.heads)
        self.slot_width = 2 * packing.heads * packing.padded
        self.output = None if output is None else PackedProduct.of(output, compiled.instructions)

        layers: list[native.Layer] = []
        self._source_slots: list[native.Product] = []
        for layer in side.layers:
            layers.append(packing.layer(layer))
            if layer.cross is not None:
                self._source_slots.append(packing.product_by_heads(layer.cross.key_value))

        self._layers = (native.Layer * len(layers))(*layers)
        self._network = native.Network(
            layers=ctypes.addressof(self._layers),
            count=len(layers),
            width=side.width,
            heads=side.heads,
            head=packing.padded,
            hidden=side.hidden,
            prenorm=side.prenorm,
            activation=native.ACTIVATIONS[side.activation],
            scale=packing.head**-0.5,
            norm=native.Norm() if side.norm is None else packing.norm(side.norm),
            output=native.Product() if self.output is None else self.output.structure(),
            instructions=compiled.instructions,
        )

    def __repr__(self) -> str:
        return f"<PackedNetwork of {len(self._layers)} layers>"

    def over(self, outputs: Tensor) -> PackedNetwork:
        """The same layers, with these outputs (U,) only."""
        assert self.output is not None
        changed = copy(self)
        changed.output = self.output.over(outputs)
        changed._network = native.Network.from_buffer_copy(self._network)
        changed._network.output = changed.output.structure()
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
        outputs = self._packing.width if self.output is None else self.output.outputs
        y = own.pool.new_empty(rows, outputs)
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
            done: int = self.compiled.library.seqkit_run_layers(network, step_at, start, end)
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
        multiply(self.compiled, self._source_slots, x, y)
        return y


def multiply(compiled: Compiled, products: Sequence[native.Product], x: Tensor, y: Tensor) -> None:
    """The same rows by each of P products: x (R, I) -> y (P, R, O), which is written to."""

    def part(start: int, end: int) -> None:
        for product, of_product in zip(products, y, strict=True):
            compiled.library.seqkit_multiply(
                ctypes.byref(product),
                compiled.instructions,
                end - start,
                x[start:].data_ptr(),
                of_product[start:].data_ptr(),
            )

    in_threads(part, parts_of(len(x)))
