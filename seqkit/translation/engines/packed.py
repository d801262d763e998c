"""A Transformer that can be searched and nothing else: its weights in 8 bits, and no others.

As `models.transformer` with its weights in float32 beside it takes five times the memory, this is
what our own search in int8 goes by. What else a model is asked opens it in torch.

Shapes: B sentences, S source positions, R rows of a search, V target vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ...errors import ConfigError, DataError
from ...nn.compiled import CompiledLayers
from ...nn.packed import PackedEmbedding, PackedNetwork, compiled_for
from ...nn.packing import CrossWeights, LayerWeights, Linear, Norm, PackedProduct, SideWeights
from ...text.vocab import BOS, EOS, PAD
from ...training.devices import give_back_freed_memory
from .. import weights as plain
from ..models.transformer import DecoderState
from ..models.transformer_config import TransformerConfig
from ..weights import EPSILON, Array, Weights


class _Packed(NamedTuple):
    embedding: PackedEmbedding  # of source tokens
    layers: CompiledLayers


class PackedTransformer:
    """A `StepDecoder` of weights in 8 bits."""

    def __init__(self, read: Callable[[], Weights], config: TransformerConfig) -> None:
        """`read` reads the weights, which are not kept."""
        self._read = read
        self._config = config
        self._packed: _Packed | None = None
        self._packing = Lock()

    def __getstate__(self) -> dict[str, Any]:
        """Copies, and other processes, read the weights anew."""
        return {**vars(self), "_packed": None, "_packing": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _packing=Lock())

    def __repr__(self) -> str:
        c = self._config
        return f"<PackedTransformer: {c.encoder_layers} + {c.decoder_layers} layers of {c.width}>"

    def load(self) -> _Packed:
        """What is searched with, made when it is first asked for; raises as `read` does."""
        with self._packing:
            if self._packed is None:
                self._packed = self._made()
                give_back_freed_memory()
            return self._packed

    def _made(self) -> _Packed:
        compiled = compiled_for([], eight_bits=True)
        if compiled is None:
            raise ConfigError(
                "compute = 'int8': the compiled library is not there any more, or this is another "
                "processor, without the instructions"
            )
        weights, config = self._read(), self._config

        encoder = PackedNetwork(compiled, _side(weights.encoder, weights.encoder_norm, config))
        decoder = PackedNetwork(
            compiled,
            _side(weights.decoder, weights.decoder_norm, config),
            Linear(_tensor(weights.output), _optional(weights.output_bias)),
        )
        target = _embedding(weights, weights.target_embedding, config, decoder)
        source = target
        if not weights.shared:
            source = _embedding(weights, weights.source_embedding, config, decoder)
        if weights.source_positions is not None:
            source = source._replace(positions=_Positions(weights.source_positions, config.width))
        return _Packed(source, CompiledLayers(encoder, decoder, target.at))

    # search.StepDecoder

    @torch.no_grad()
    def start(self, source: Tensor) -> DecoderState:
        """(B, S) ids -> the state before the first step, B rows

        Raises `DataError` if the sources have no positions.
        """
        if not source.size(1):
            raise DataError("a source without tokens cannot be translated")
        packed = self.load()
        real = source != PAD
        if not self._config.source_eos:
            real &= source != EOS
        real[:, 0] |= ~real.any(1)  # something to attend to

        begun = packed.layers.begin(packed.embedding(source), real[:, None, None])
        assert begun is not None  # what the library reads is float32 on the CPU, and has tokens
        return DecoderState(packed.layers, 0, *begun)

    @torch.no_grad()
    def step(self, ids: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """(R,) ids of the last tokens -> logits (R, V), the state after them"""
        return state.step(ids)

    @torch.no_grad()
    def over(self, state: DecoderState, tokens: Tensor) -> DecoderState:
        """The state after which steps give the logits of `tokens` (U,) only: (R, U)"""
        return state.over(tokens)

    def select(self, state: DecoderState, rows: Tensor) -> DecoderState:
        """The state with rows `rows` (R',) of the old one, in that order."""
        return state.select(rows)


# The weights


def _side(
    layers: Sequence[plain.Layer], norm: plain.Norm | None, c: TransformerConfig
) -> SideWeights:
    return SideWeights(
        layers=map(_layer, layers),
        norm=None if norm is None else _norm(norm),
        width=c.width,
        heads=c.heads,
        hidden=c.hidden,
        prenorm=c.prenorm,
        activation=c.activation,
    )


def _layer(layer: plain.Layer) -> LayerWeights:
    own = layer.attention
    cross = None
    if layer.cross_attention is not None:
        source = layer.cross_attention
        cross = CrossWeights(
            query=_linear(source.query),
            key_value=_linear(plain.joined([source.key, source.value])),
            out=_linear(source.out),
            norm=_norm(source.norm),
        )
    return LayerWeights(
        own=_linear(plain.joined([own.query, own.key, own.value])),
        own_out=_linear(own.out),
        own_norm=_norm(own.norm),
        cross=cross,
        up=_linear(layer.feed_forward.up),
        down=_linear(layer.feed_forward.down),
        last_norm=_norm(layer.feed_forward.norm),
    )


def _linear(linear: plain.Linear) -> Linear:
    return Linear(_tensor(linear.weight), _tensor(linear.bias))


def _norm(norm: plain.Norm) -> Norm:
    return Norm(_tensor(norm.weight), _tensor(norm.bias), EPSILON)


def _optional(array: Array | None) -> Tensor | None:
    return None if array is None else _tensor(array)


def _tensor(array: Array) -> Tensor:
    """The same numbers, which are not written to; copied where they are not in one piece."""
    return torch.from_numpy(np.require(array, np.float32, ["C", "W"]))


def _embedding(
    weights: Weights, rows: Array, c: TransformerConfig, decoder: PackedNetwork
) -> PackedEmbedding:
    """Of tied weights, the output layer has what is needed."""
    tokens = decoder.output
    if tokens is None or rows is not weights.output:
        tokens = PackedProduct.of(Linear(_tensor(rows), None), decoder.compiled.instructions)
    positions = _Positions(weights.positions, c.width)
    return PackedEmbedding(tokens, positions, BOS if c.zero_start else None)


class _Positions:
    """The vectors of positions: (length, D) for a length of at least what is asked for."""

    def __init__(self, learned: Array | None, width: int) -> None:
        self._learned = learned is not None
        self._width = width
        self._table = plain.sinusoids(256, width) if learned is None else learned

    def __call__(self, length: int) -> Tensor:
        """Raises `DataError` for more positions than are learned."""
        table = self._table
        if length > len(table):
            if self._learned:
                raise DataError(
                    f"the model has learned {len(table)} positions, and a text has {length} tokens"
                )
            table = self._table = plain.sinusoids(2 * length, self._width)
        return _tensor(table)
