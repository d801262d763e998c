"""The encoder-decoder Transformer.

Vaswani et al. 2017, "Attention Is All You Need", arXiv:1706.03762.

Shapes: B sentences, S source positions, T target positions, t of them so far, H heads, E = D / H,
D width, V target vocabulary, R rows of a search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, ClassVar, NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...errors import DataError
from ...nn.arranged import Sides, is_layer_norm
from ...nn.arrangements import Arrangements, weights_of
from ...nn.compiled import CompiledLayers
from ...nn.packed import compiled_for, norms_of
from ...nn.packing import is_nothing
from ...nn.searching import PlainLayers
from ...nn.transformer import (
    WIDE_ENOUGH_FOR_BF16,
    DecoderLayer,
    Embedding,
    EncoderLayer,
    initialise,
)
from ...text.vocab import BOS, EOS, PAD
from .transformer_config import TransformerConfig


class DecoderState(NamedTuple):
    """What the decoder keeps between the steps of a search."""

    layers: Any  # PlainLayers or CompiledLayers
    length: int  # positions decoded so far, t
    past: Any  # what these layers make of it
    memory: Any

    def step(self, ids: Tensor) -> tuple[Tensor, DecoderState]:
        """(R,) ids of the last tokens -> logits (R, V), the state after them"""
        logits, past = self.layers.step(ids, self.length, self.past, self.memory)
        return logits, self._replace(length=self.length + 1, past=past)

    def over(self, tokens: Tensor) -> DecoderState:
        """The state after which steps give the logits of `tokens` (U,) only: (R, U)"""
        return self._replace(layers=self.layers.over(tokens))

    def select(self, rows: Tensor) -> DecoderState:
        """The state with rows `rows` (R',) of this one, in that order."""
        past, memory = self.layers.select(self.past, self.memory, rows)
        return self._replace(past=past, memory=memory)


_ARRANGED: Arrangements[PlainLayers | CompiledLayers] = Arrangements()  # for searches


class Transformer(nn.Module):
    Config = TransformerConfig
    attends: ClassVar[bool] = True
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "tiny": {
            "width": 128,
            "hidden": 256,
            "heads": 4,
            "encoder_layers": 4,
            "decoder_layers": 4,
            "dropout": 0.3,
        },
        "small": {
            "width": 256,
            "hidden": 1024,
            "heads": 4,
            "encoder_layers": 6,
            "decoder_layers": 6,
            "dropout": 0.2,
        },
        "base": {
            "width": 512,
            "hidden": 2048,
            "heads": 8,
            "encoder_layers": 6,
            "decoder_layers": 6,
            "dropout": 0.1,
        },
    }

    def __init__(
        self, config: TransformerConfig, *, target_vocab: int, source_vocab: int = 0
    ) -> None:
        """Without `source_vocab`, both sides share one vocabulary of `target_vocab` tokens."""
        super().__init__()
        c = config
        self.source_vocab = source_vocab or target_vocab
        self.source_eos = c.source_eos
        self.fast_bf16 = c.width >= WIDE_ENOUGH_FOR_BF16

        embedding = partial(
            Embedding,
            width=c.width,
            dropout=c.dropout,
            padding=PAD,
            zero=BOS if c.zero_start else None,
            learned_positions=c.learned_positions,
        )
        self.target_embedding = embedding(target_vocab)
        self.source_embedding = self.target_embedding
        if source_vocab or not c.tie:
            self.source_embedding = embedding(self.source_vocab)

        options: dict[str, Any] = {
            "dropout": c.dropout,
            "attention_dropout": c.attention_dropout,
            "prenorm": c.prenorm,
            "activation": c.activation,
        }
        sizes = c.width, c.heads, c.hidden
        self.encoder = nn.ModuleList(
            EncoderLayer(*sizes, **options) for _ in range(c.encoder_layers)
        )
        self.decoder = nn.ModuleList(
            DecoderLayer(*sizes, **options) for _ in range(c.decoder_layers)
        )
        self.encoder_norm = nn.LayerNorm(c.width) if c.prenorm else nn.Identity()
        self.decoder_norm = nn.LayerNorm(c.width) if c.prenorm else nn.Identity()

        initialise(self)
        self.output = self.target_embedding.tokens.weight
        if not c.tie:
            weight = torch.empty(target_vocab, c.width).normal_(std=c.width**-0.5)
            self.output = nn.Parameter(weight)
        self.output_bias: nn.Parameter | None = None
        if c.output_bias:
            self.output_bias = nn.Parameter(torch.zeros(target_vocab))

    @property
    def decoder_layers(self) -> list[DecoderLayer]:
        return cast(list[DecoderLayer], list(self.decoder))

    def forward(self, source: Tensor, inputs: Tensor) -> Tensor:
        """(B, S), (B, T) ids -> hidden states (B, T, D), which `logits` turns into tokens"""
        memory, source_mask = self.encode(source)
        x = self.target_embedding(inputs)
        for layer in self.decoder_layers:
            x = layer(x, memory, source_mask)

        hidden: Tensor = self.decoder_norm(x)
        return hidden

    def encode(self, source: Tensor) -> tuple[Tensor, Tensor | None]:
        """(B, S) ids -> (B, S, D), mask (B, 1, 1, S) or None where nothing is padded"""
        mask = self._source_mask(source)
        x = self.source_embedding(source)
        for layer in self.encoder:
            x = layer(x, mask)
        return self.encoder_norm(x), mask

    def _source_mask(self, source: Tensor) -> Tensor | None:
        real = source != PAD
        if not self.source_eos:
            real &= source != EOS
        return None if bool(real.all()) else real[:, None, None, :]

    def cross_attention_weights(self, source: Tensor, inputs: Tensor) -> Tensor:
        """What each target position attends to: (B, S), (B, T) ids -> (B, layers, H, T, S)"""
        memory, source_mask = self.encode(source)
        x = self.target_embedding(inputs)

        weights: list[Tensor] = []
        for layer in self.decoder_layers:
            keys_and_values = layer.cross_attention.project(memory)
            weights.append(layer.cross_attention_weights(x, keys_and_values, source_mask))
            x = layer(x, keys_and_values, source_mask)
        return torch.stack(weights, 1)

    def logits(self, hidden: Tensor) -> Tensor:
        """(…, D) -> (…, V)"""
        return F.linear(hidden, self.output, self.output_bias)

    # search.StepDecoder:

    @torch.no_grad()
    def start(self, source: Tensor) -> DecoderState:
        """(B, S) ids -> the state before the first step, B rows

        Raises `DataError` if the sources have no positions.
        """
        if not source.size(1):
            raise DataError("a source without tokens cannot be translated")
        layers = self._arranged()
        mask = self._source_mask(source)
        x = self.source_embedding(source)

        begun = layers.begin(x, mask)
        if begun is None:
            layers = PlainLayers(self._sides())
            begun = layers.begin(x, mask)
        return DecoderState(layers, 0, *begun)

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

    def train(self, mode: bool = True) -> Transformer:
        """Also forgets what a search has arranged, which is a copy of the weights."""
        _ARRANGED.forget(self)
        return super().train(mode)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Transformer:
        """Forgets it, too: the weights go elsewhere, or get another type."""
        _ARRANGED.forget(self)
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self

    @property
    def is_compiled(self) -> bool:
        """Whether its searches are the compiled library's."""
        return isinstance(self._arranged(), CompiledLayers)

    def _arranged(self) -> PlainLayers | CompiledLayers:
        """The layers for a search, made anew when a weight has changed."""
        parts = [self.encoder, self.encoder_norm, self.decoder, self.decoder_norm]
        weights = [self.output, *(weight for part in parts for weight in weights_of(part))]
        if self.output_bias is not None:
            weights.append(self.output_bias)
        plain = self._plain_norms()
        compiled = compiled_for([*weights, *self._embedded_by()]) if all(plain) else None

        def make() -> PlainLayers | CompiledLayers:
            sides = self._sides()
            return PlainLayers(sides) if compiled is None else CompiledLayers.of(compiled, sides)

        return _ARRANGED.get(self, weights, (compiled, plain), make)

    def _embedded_by(self) -> Iterator[Tensor]:
        """What embeds tokens of either side, as it is at each step."""
        for embedding in (self.source_embedding, self.target_embedding):
            yield embedding.tokens.weight
            yield embedding.positions

    def _plain_norms(self) -> list[bool]:
        """Of each norm, whether the library can do without its module."""
        last = [self.encoder_norm, self.decoder_norm]
        layers = cast(list[EncoderLayer | DecoderLayer], [*self.encoder, *self.decoder])
        return [
            *(is_layer_norm(norm) or is_nothing(norm) for norm in last),
            *(is_layer_norm(norm) for layer in layers for norm in norms_of(layer)),
        ]

    def _sides(self) -> Sides:
        return Sides(
            encoder=(cast(list[EncoderLayer], list(self.encoder)), self.encoder_norm),
            decoder=(self.decoder_layers, self.decoder_norm),
            embedding=self.target_embedding,
            output=self.output,
            bias=self.output_bias,
        )
