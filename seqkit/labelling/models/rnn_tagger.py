"""Recurrent taggers: BiLSTM-CRF and its relatives.

Huang, Xu & Yu 2015, arXiv:1508.01991; letters by a CNN: Ma & Hovy 2016, arXiv:1603.01354, by an
LSTM: Lample et al. 2016, arXiv:1603.01360; for segmentation with bigrams, Chen et al. 2015.

Shapes: B sentences, T words, D width, H hidden units, K tags.
"""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor, nn

from ...config import dropout_rate, section, setting
from ...nn.crf import LinearChainCRF
from ...nn.dropout import Dropout
from ...nn.recurrent import Cell, Recurrent
from ..tagging.encoding import Tokens
from .token_embedding import TokenEmbedding, TokenEmbeddingConfig


@section
class RNNTaggerConfig(TokenEmbeddingConfig):
    cell: Cell = setting("rnn, gru or lstm", default="lstm")
    hidden: int = setting("hidden units of each layer and direction, H", default=200, ge=1)
    layers: int = setting("layers", default=1, ge=1)
    bidirectional: bool = setting("read backwards, too", default=True)
    dropout: float = dropout_rate(
        "dropout of embeddings, between layers and of the output", default=0.5
    )
    crf: bool = setting("score the order of tags by a conditional random field", default=True)


class RNNTagger(nn.Module):
    Config = RNNTaggerConfig
    fast_bf16: ClassVar[bool] = True
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "small": {"embedding": 50, "spelling_width": 30, "hidden": 64},
        "deep": {"layers": 2},
        "characters": {"embedding": 64, "feature_embedding": 64},
    }

    def __init__(
        self,
        config: RNNTaggerConfig,
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
        self.recurrent = Recurrent(
            config.cell,
            self.embedding.width,
            config.hidden,
            layers=config.layers,
            bidirectional=config.bidirectional,
            dropout=config.dropout,
        )
        self.dropout = Dropout(config.dropout)
        self.output = nn.Linear(config.hidden * self.recurrent.directions, tags)
        self.crf = LinearChainCRF(tags) if config.crf else None

    @property
    def word_embedding(self) -> nn.Embedding:
        return self.embedding.words

    def forward(self, tokens: Tokens) -> Tensor:
        """-> emissions (B, T, K)"""
        embedded = self.embedding(tokens).transpose(0, 1)  # (T, B, D)
        lengths = tokens.real.sum(1)
        states, _ = self.recurrent(embedded, lengths=lengths)
        emissions: Tensor = self.output(self.dropout(states)).transpose(0, 1)
        return emissions
