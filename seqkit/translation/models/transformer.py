"""The encoder-decoder Transformer. Vaswani et al. 2017, "Attention Is All You Need", arXiv:1706.03762.

Shapes: B sentences, S source positions, T target positions, D width, V target vocabulary, R rows of a search.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple, cast

import torch
from torch import Tensor, nn

from ...config import section, setting
from ...nn.attention import KeyValue
from ...nn.linear import linear
from ...nn.memory import sentences_to_keep
from ...nn.transformer import DecoderLayer, Embedding, EncoderLayer, check_width, initialise
from ...text.vocab import PAD


@section
class TransformerConfig:
    width: int = setting("size of embeddings and layers, D", default=512, ge=2)
    hidden: int = setting("size inside the feed-forward networks", default=2048, ge=1)
    heads: int = setting("attention heads; divides width", default=8, ge=1)
    encoder_layers: int = setting("layers of the encoder", default=6, ge=1)
    decoder_layers: int = setting("layers of the decoder", default=6, ge=1)
    dropout: float = setting(
        "dropout of embeddings, sublayers and inside feed-forward networks", default=0.1, ge=0, lt=1
    )
    attention_dropout: float = setting(
        "dropout of attention weights; slow on the CPU", default=0.0, ge=0, lt=1
    )
    prenorm: bool = setting(
        "layer norm before each sublayer (trains stably) or, as in the paper, after it",
        default=True,
    )
    tie: bool = setting(
        "one matrix for target embedding and output, and for the source if the vocabulary is shared",
        default=True,
    )

    def __post_init__(self) -> None:
        check_width(self.width, self.heads)


class DecoderState(NamedTuple):
    """State of a search: what the decoder keeps between steps."""

    rows: int  # R
    length: int  # positions decoded so far, t
    layers: tuple[Tensor | None, ...]  # keys and values of each layer: (2, R, H, t, E)
    kept: (
        Tensor | None
    )  # rows of `layers` that rows go on from, (R,), for the next step to pick; None: as they are
    memory: tuple[KeyValue, ...]  # each (B, H, S, E); B divides R
    mask: Tensor | None  # (B, 1, 1, S), True where the source has a token; None if everywhere


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
        """Without `source_vocab`, source and target share one vocabulary of `target_vocab` tokens."""
        super().__init__()
        c = config
        self.source_vocab = source_vocab or target_vocab
        self.target_embedding = Embedding(target_vocab, c.width, dropout=c.dropout, padding=PAD)
        if source_vocab or not c.tie:
            self.source_embedding = Embedding(
                self.source_vocab, c.width, dropout=c.dropout, padding=PAD
            )
        else:
            self.source_embedding = self.target_embedding
        sizes: dict[str, Any] = {
            "dropout": c.dropout,
            "attention_dropout": c.attention_dropout,
            "prenorm": c.prenorm,
        }
        self.encoder = nn.ModuleList(
            EncoderLayer(c.width, c.heads, c.hidden, **sizes) for _ in range(c.encoder_layers)
        )
        self.decoder = nn.ModuleList(
            DecoderLayer(c.width, c.heads, c.hidden, **sizes) for _ in range(c.decoder_layers)
        )
        self.encoder_norm = nn.LayerNorm(c.width) if c.prenorm else nn.Identity()
        self.decoder_norm = nn.LayerNorm(c.width) if c.prenorm else nn.Identity()
        initialise(self)
        self.output = self.target_embedding.tokens.weight if c.tie else nn.Parameter(
            torch.empty(target_vocab, c.width).normal_(std=c.width**-0.5)
        )  # fmt: skip

    @property
    def decoder_layers(self) -> list[DecoderLayer]:
        return cast(list[DecoderLayer], list(self.decoder))

    def forward(self, source: Tensor, inputs: Tensor) -> Tensor:
        """(B, S), (B, T) ids -> hidden states (B, T, D); `logits` makes words of them."""
        memory, mask = self.encode(source)
        x = self.target_embedding(inputs)
        for layer in self.decoder_layers:
            x = layer(x, layer.cross_attention.project(memory), mask)
        return self.decoder_norm(x)  # type: ignore[no-any-return]

    def encode(self, source: Tensor) -> tuple[Tensor, Tensor | None]:
        """(B, S) ids -> (B, S, D), mask (B, 1, 1, S) or None where nothing is padded"""
        real = source != PAD
        mask = None if bool(real.all()) else real[:, None, None, :]
        x = self.source_embedding(source)
        for layer in self.encoder:
            x = layer(x, mask)
        return self.encoder_norm(x), mask

    def cross_attention_weights(self, source: Tensor, inputs: Tensor) -> Tensor:
        """How much each target position looks at each source position: (B, S), (B, T) -> (B, layers, H, T, S)"""
        memory, mask = self.encode(source)
        x = self.target_embedding(inputs)
        looked = []
        for layer in self.decoder_layers:
            projected = layer.cross_attention.project(memory)
            looked.append(layer.cross_attention_weights(x, projected, mask))
            x = layer(x, projected, mask)
        return torch.stack(looked, 1)

    def logits(self, hidden: Tensor) -> Tensor:
        """(…, D) -> (…, V)"""
        return linear(hidden, self.output)

    # search.StepDecoder:

    def start(self, source: Tensor) -> DecoderState:
        """(B, S) ids -> the state before the first step, B rows"""
        memory, mask = self.encode(source)
        return DecoderState(
            source.size(0),
            0,
            (None,) * len(self.decoder),
            None,
            tuple(layer.cross_attention.project(memory) for layer in self.decoder_layers),
            mask,
        )

    def step(self, ids: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """(R,) ids of the last tokens -> logits (R, V), the state after them"""
        x = self.target_embedding(ids[:, None], state.length)
        layers = []
        for layer, past, memory in zip(
            self.decoder_layers, state.layers, state.memory, strict=True
        ):
            x, now = layer.step(x, past, memory, state.mask, rows=state.kept)
            layers.append(now)
        after = state._replace(length=state.length + 1, layers=tuple(layers), kept=None)
        return self.logits(self.decoder_norm(x)[:, 0]), after

    def select(self, state: DecoderState, rows: Tensor) -> DecoderState:
        """The state with rows `rows` (R',) of the old one, in that order.

        Sentences whose rows stay together in equal number keep one copy of their memory between them.
        """
        kept = rows if state.kept is None else state.kept[rows]
        owner = sentences_to_keep(rows, state.rows, state.memory[0].keys.size(0))
        state = state._replace(rows=rows.numel(), kept=kept)
        if owner is None:
            return state
        memory = tuple(KeyValue(kv.keys[owner], kv.values[owner]) for kv in state.memory)
        return state._replace(memory=memory, mask=None if state.mask is None else state.mask[owner])
