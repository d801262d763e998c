"""The encoder of a Transformer, and its output pooled over the text.

Vaswani et al. 2017, arXiv:1706.03762, section 3.1.

Shapes: B texts, T tokens of the longest, D width, K classes.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from torch import Tensor, nn

from ...config import dropout_rate, section, setting
from ...nn.dropout import Dropout
from ...nn.transformer import Embedding, EncoderLayer, check_width, initialise
from ...text.vocab import PAD
from .pooling import Pooling
from .words import drop_tokens


@section
class TransformerClassifierConfig:
    width: int = setting("size of embeddings and layers, D", default=128, ge=2)
    hidden: int = setting("size inside the feed-forward networks", default=256, ge=1)
    heads: int = setting("attention heads; divides width", default=4, ge=1)
    layers: int = setting("layers", default=2, ge=1)
    causal: bool = setting(
        "a token attends to those before it alone, as in a language model", default=False
    )
    pooling: Literal["max", "mean", "attention", "concat"] = setting(
        "how the vectors of a text become one; concat: last, max and mean side by side "
        "(arXiv:1801.06146)",
        default="mean",
        with_init="own",
    )
    word_dropout: float = dropout_rate(
        "share of the words that are unknown in a step of the training", default=0.0
    )
    dropout: float = dropout_rate(
        "dropout of embeddings, sublayers, and of the pooled vector", default=0.3
    )

    def __post_init__(self) -> None:
        check_width(self.width, self.heads)


class TransformerClassifier(nn.Module):
    """Embedding with positions, layers of self-attention, pooling, output."""

    Config = TransformerClassifierConfig
    presets: ClassVar[dict[str, dict[str, Any]]] = {}

    def __init__(self, config: TransformerClassifierConfig, *, vocab: int, classes: int) -> None:
        super().__init__()
        self.causal = config.causal
        self.word_dropout = config.word_dropout
        self.words = Embedding(vocab, config.width, dropout=config.dropout, padding=PAD)
        self.embedding = self.words.tokens

        layers = [
            EncoderLayer(
                config.width,
                config.heads,
                config.hidden,
                dropout=config.dropout,
                attention_dropout=0.0,
                prenorm=True,
            )
            for _ in range(config.layers)
        ]
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(config.width)
        self.pooling = Pooling(config.pooling, config.width)
        self.dropout = Dropout(config.dropout)
        self.output = nn.Linear(self.pooling.width, classes)
        initialise(self)

    def forward(self, ids: Tensor) -> Tensor:
        """(B, T) -> (B, K)"""
        return self.classify(self.embed(ids), ids)

    def embed(self, ids: Tensor) -> Tensor:
        """(B, T) -> (B, T, D), with positions"""
        known = drop_tokens(ids, self.word_dropout, training=self.training)
        vectors: Tensor = self.words(known)
        return vectors

    def classify(self, vectors: Tensor, ids: Tensor) -> Tensor:
        """(B, T, D), (B, T) -> (B, K)"""
        mask = ids != PAD
        pooled = self.pooling(self._encoded(vectors, mask), mask)
        logits: Tensor = self.output(self.dropout(pooled))
        return logits

    def attention(self, vectors: Tensor, ids: Tensor) -> Tensor | None:
        """(B, T, D), (B, T) -> (B, T), if it pools by attention"""
        if self.pooling.kind != "attention":
            return None
        mask = ids != PAD
        return self.pooling.weights(self._encoded(vectors, mask), mask)

    def _encoded(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """(B, T, D), (B, T) -> (B, T, D)"""
        # Padding is behind the text, where a causal layer does not look.
        attended = None if self.causal else mask[:, None, None]

        x = vectors
        for layer in self.layers:
            x = layer(x, attended, causal=self.causal)
        normed: Tensor = self.norm(x)
        return normed
