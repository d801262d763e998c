"""A Transformer that tags: the translator's encoder, a layer on top (Vaswani et al. 2017).

Shapes: B sentences, T words, D width, K tags.
"""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor, nn

from ...config import dropout_rate, section, setting
from ...nn.crf import LinearChainCRF
from ...nn.dropout import Dropout
from ...nn.transformer import EncoderLayer, check_width, initialise, sinusoids
from ..tagging.encoding import Tokens
from .token_embedding import TokenEmbedding, TokenEmbeddingConfig


@section
class TransformerTaggerConfig(TokenEmbeddingConfig):
    width: int = setting("size of layers, D", default=192, ge=2)
    hidden: int = setting("size inside the feed-forward networks", default=384, ge=1)
    heads: int = setting("attention heads; divides width", default=4, ge=1)
    layers: int = setting("layers", default=2, ge=1)
    dropout: float = dropout_rate("dropout of embeddings, sublayers and of the output", default=0.2)
    prenorm: bool = setting("layer norm before each sublayer, or after it", default=True)
    crf: bool = setting("score the order of tags by a conditional random field", default=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_width(self.width, self.heads)


class TransformerTagger(nn.Module):
    Config = TransformerTaggerConfig
    fast_bf16: ClassVar[bool] = True
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "small": {"embedding": 50, "width": 64, "hidden": 128, "layers": 1},
        "characters": {"embedding": 64, "feature_embedding": 64},
    }

    def __init__(
        self,
        config: TransformerTaggerConfig,
        *,
        words: int,
        letters: int,
        features: int,
        per_word: int,
        tags: int,
    ) -> None:
        super().__init__()
        self.embedding = TokenEmbedding(
            config,
            words=words,
            letters=letters,
            features=features,
            per_word=per_word,
            dropout=config.dropout,
        )
        self.project = nn.Linear(self.embedding.width, config.width)

        layers = [
            EncoderLayer(
                config.width,
                config.heads,
                config.hidden,
                dropout=config.dropout,
                attention_dropout=0.0,
                prenorm=config.prenorm,
            )
            for _ in range(config.layers)
        ]
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(config.width) if config.prenorm else nn.Identity()
        self.dropout = Dropout(config.dropout)
        self.output = nn.Linear(config.width, tags)
        self.crf = LinearChainCRF(tags) if config.crf else None
        for part in (self.project, self.layers, self.output):
            initialise(part)

    @property
    def word_embedding(self) -> nn.Embedding:
        return self.embedding.words

    def forward(self, tokens: Tokens) -> Tensor:
        """-> emissions (B, T, K)"""
        x = self.project(self.embedding(tokens))
        positions = sinusoids(x.size(1), x.size(2))
        x = x + positions.to(x)

        seen = tokens.real[:, None, None, :]  # (B, 1, 1, T)
        for layer in self.layers:
            x = layer(x, seen)
        emissions: Tensor = self.output(self.dropout(self.norm(x)))
        return emissions
