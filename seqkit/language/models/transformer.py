"""A causal Transformer: the translator's encoder layers, attending to earlier tokens only.

Radford et al. 2018.

Shapes: B sequences, T positions, t of them new, D width, H heads, E = D / H, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn

from ...config import dropout_rate, section, setting
from ...errors import WrongType
from ...nn.arrangements import Arrangements, weights_of
from ...nn.causal import CausalLayers, CausalPast
from ...nn.packed import compiled_for
from ...nn.packing import Linear
from ...nn.products import has_hooks
from ...nn.transformer import (
    WIDE_ENOUGH_FOR_BF16,
    Embedding,
    EncoderLayer,
    check_width,
    initialise,
)
from ...text.vocab import PAD

Past = tuple[Tensor, ...] | CausalPast

_ARRANGED: Arrangements[CausalLayers | None] = Arrangements()  # for texts that grow


@section
class TransformerLMConfig:
    width: int = setting("size of embeddings and layers, D", default=256, ge=2)
    hidden: int = setting("size inside the feed-forward networks", default=1024, ge=1)
    heads: int = setting("attention heads; divides width", default=4, ge=1)
    layers: int = setting("layers", default=4, ge=1)
    dropout: float = dropout_rate(
        "dropout of embeddings, sublayers and inside feed-forward networks", default=0.1
    )
    attention_dropout: float = dropout_rate(
        "dropout of attention weights; slow on the CPU", default=0.0
    )
    prenorm: bool = setting("layer norm before each sublayer, or after it", default=True)

    def __post_init__(self) -> None:
        check_width(self.width, self.heads)


class TransformerLM(nn.Module):
    """Embedding and output share one matrix."""

    Config = TransformerLMConfig
    carries_state: ClassVar[bool] = False
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "tiny": {"width": 128, "hidden": 512, "heads": 4, "layers": 4, "dropout": 0.1},
        "small": {"width": 256, "hidden": 1024, "heads": 4, "layers": 6, "dropout": 0.2},
    }

    def __init__(self, config: TransformerLMConfig, *, vocab: int) -> None:
        super().__init__()
        self.fast_bf16 = config.width >= WIDE_ENOUGH_FOR_BF16
        self.embedding = Embedding(vocab, config.width, dropout=config.dropout, padding=PAD)

        layers = [
            EncoderLayer(
                config.width,
                config.heads,
                config.hidden,
                dropout=config.dropout,
                attention_dropout=config.attention_dropout,
                prenorm=config.prenorm,
            )
            for _ in range(config.layers)
        ]
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(config.width) if config.prenorm else nn.Identity()
        initialise(self)

        self.output = self.embedding.tokens.weight
        self.bias = nn.Parameter(self.output.new_zeros(vocab))

    def forward(self, ids: Tensor, state: None = None) -> tuple[Tensor, None]:
        """Ids (B, T) -> hidden states (B, T, D); no state: every window stands alone."""
        x = self.embedding(ids)
        for layer in self.layers:
            x = layer(x, None, causal=True)
        return self.norm(x), None

    def extend(self, ids: Tensor, past: Past | None) -> tuple[Tensor, Past]:
        """The next ids of a window, (B, t) -> hidden states (B, t, D) and the past with them.

        The past is keys and values of each layer, (2, B, H, positions, E); without gradients, in
        float32 on the CPU, it is what the compiled library has read.
        """
        if past is None:
            compiled = self._compiled()
            past = () if compiled is None else compiled.begin(len(ids))
        if isinstance(past, CausalPast):
            return past.layers.extend(ids, past)

        start = past[0].size(3) if past else 0
        x = self.embedding(ids, start)

        extended = []
        for number, layer in enumerate(self._encoder_layers):
            x, seen = layer.extend(x, past[number] if past else None)
            extended.append(seen)
        return self.norm(x), tuple(extended)

    @property
    def _encoder_layers(self) -> list[EncoderLayer]:
        return cast(list[EncoderLayer], list(self.layers))

    def train(self, mode: bool = True) -> TransformerLM:
        """Also forgets what was arranged for texts that grow, which is a copy of the weights."""
        _ARRANGED.forget(self)
        return super().train(mode)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> TransformerLM:
        """Forgets it, too: the weights go elsewhere, or get another type."""
        _ARRANGED.forget(self)
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self

    def _compiled(self) -> CausalLayers | None:
        """The layers by the compiled library; None where torch has to run them."""
        if self.training or torch.is_grad_enabled() or any(map(has_hooks, self.modules())):
            return None
        weights = [self.embedding.tokens.weight, self.output, self.bias]
        weights += [weight for part in (self.layers, self.norm) for weight in weights_of(part)]
        compiled = compiled_for([*weights, self.embedding.positions])
        if compiled is None:
            return None

        def make() -> CausalLayers | None:
            output = Linear(self.output, self.bias)
            try:
                return CausalLayers(
                    compiled, self._encoder_layers, self.norm, output, self.embedding
                )
            except WrongType:  # there is more to a module than its weights
                return None

        return _ARRANGED.get(self, weights, compiled, make)
