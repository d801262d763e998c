"""A recurrent network that reads a text, and the pooled states of all its steps.

Hochreiter & Schmidhuber 1997; Cho et al. 2014, arXiv:1406.1078; attention over the states: Yang et
al. 2016, N16-1174.

Shapes: B texts, T tokens of the longest, D width, H states of all directions, K classes.
"""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor, nn

from ...config import section, setting
from ...nn.dropout import Dropout
from ...nn.recurrent import Cell, Recurrent
from ...text.vocab import PAD
from .pooling import Kind, Pooling
from .words import Words


@section
class RecurrentClassifierConfig:
    cell: Cell = setting("rnn, gru or lstm", default="lstm")
    width: int = setting("size of word embeddings, D", default=100, ge=1)
    hidden: int = setting("hidden units of each layer and direction", default=128, ge=1)
    layers: int = setting("layers", default=1, ge=1)
    bidirectional: bool = setting("read the text backwards, too", default=True)
    pooling: Kind = setting(
        "last: the state after the last word; max, mean or attention: over all states; concat: "
        "last, max and mean side by side (arXiv:1801.06146)",
        default="max",
        with_init="own",
    )
    word_dropout: float = setting(
        "share of the words that are unknown in a step of the training",
        default=0.0,
        ge=0,
        lt=1,
        with_init="own",
    )
    embedding_dropout: float = setting(
        "dropout of word embeddings", default=0.0, ge=0, lt=1, with_init="own"
    )
    dropout: float = setting(
        "dropout between layers and of the pooled state", default=0.5, ge=0, lt=1, with_init="own"
    )


class RecurrentClassifier(nn.Module):
    """Embedding, recurrent stack, pooling, output."""

    Config = RecurrentClassifierConfig
    presets: ClassVar[dict[str, dict[str, Any]]] = {}
    fast_bf16: ClassVar[bool] = True

    def __init__(self, config: RecurrentClassifierConfig, *, vocab: int, classes: int) -> None:
        super().__init__()
        self.words = Words(
            vocab,
            config.width,
            dropout=config.embedding_dropout,
            word_dropout=config.word_dropout,
        )
        self.embedding = self.words.embedding
        self.recurrent = Recurrent(
            config.cell,
            config.width,
            config.hidden,
            layers=config.layers,
            bidirectional=config.bidirectional,
            dropout=config.dropout,
        )

        width = config.hidden * self.recurrent.directions
        self.pooling = Pooling(config.pooling, width, bidirectional=config.bidirectional)
        self.dropout = Dropout(config.dropout)
        self.output = nn.Linear(self.pooling.width, classes)

    def forward(self, ids: Tensor) -> Tensor:
        """(B, T) -> (B, K)"""
        return self.classify(self.embed(ids), ids)

    def embed(self, ids: Tensor) -> Tensor:
        """(B, T) -> (B, T, D)"""
        vectors: Tensor = self.words(ids)
        return vectors

    def classify(self, vectors: Tensor, ids: Tensor) -> Tensor:
        """(B, T, D), (B, T) -> (B, K)"""
        pooled = self.pooling(self._states(vectors, ids), ids != PAD)
        logits: Tensor = self.output(self.dropout(pooled))
        return logits

    def attention(self, vectors: Tensor, ids: Tensor) -> Tensor | None:
        """(B, T, D), (B, T) -> (B, T), if it pools by attention"""
        if self.pooling.kind != "attention":
            return None
        return self.pooling.weights(self._states(vectors, ids), ids != PAD)

    def _states(self, vectors: Tensor, ids: Tensor) -> Tensor:
        """(B, T, D), (B, T) -> (B, T, H)"""
        lengths = (ids != PAD).sum(1)
        states: Tensor
        states, _ = self.recurrent(vectors.transpose(0, 1), lengths=lengths)
        return states.transpose(0, 1)
