"""A causal Transformer: the translator's encoder layers, attending to earlier tokens only.

Radford et al. 2018.

Shapes: B sequences, T positions, t of them new, D width, H heads, E = D / H, V vocabulary.
"""

from __future__ import annotations

from typing import Any, ClassVar, cast

from torch import Tensor, nn

from ...config import dropout_rate, section, setting
from ...nn.transformer import (
    WIDE_ENOUGH_FOR_BF16,
    Embedding,
    EncoderLayer,
    check_width,
    initialise,
)
from ...text.vocab import PAD


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

    def extend(
        self, ids: Tensor, past: tuple[Tensor, ...] | None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The next ids of a window, (B, t) -> hidden states (B, t, D) and the past with them.

        The past is keys and values of each layer, (2, B, H, positions, E).
        """
        start = past[0].size(3) if past else 0
        x = self.embedding(ids, start)

        extended = []
        for number, layer in enumerate(cast(list[EncoderLayer], list(self.layers))):
            x, seen = layer.extend(x, past[number] if past else None)
            extended.append(seen)
        return self.norm(x), tuple(extended)
