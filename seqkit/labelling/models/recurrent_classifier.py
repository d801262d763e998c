"""A recurrent network that reads a text, and the pooled states of all its steps.

Hochreiter & Schmidhuber 1997; Cho et al. 2014, arXiv:1406.1078; attention over the states: Yang et
al. 2016, N16-1174.

Shapes: B texts, T tokens of the longest, D width, H states of all directions, K classes.
"""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor, nn

from ...config import dropout_rate, section, setting
from ...nn.dropout import Dropout
from ...nn.recurrent import Cell, Recurrent
from ...text.vocab import PAD
from .beside import Beside
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
    bag: int = setting(
        "size of the embeddings of a bag of words and pairs of them whose logits are added; "
        "0 = none",
        default=0,
        ge=0,
        with_init="own",
    )
    word_dropout: float = dropout_rate(
        "share of the words that are unknown in a step of the training", default=0.0
    )
    embedding_dropout: float = dropout_rate("dropout of word embeddings", default=0.0)
    dropout: float = dropout_rate("dropout between layers and of the pooled state", default=0.5)


class RecurrentClassifier(nn.Module):
    """Embedding, recurrent stack, pooling, output; a bag of n-grams beside it, if asked for."""

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
        self.beside = Beside(
            config.bag,
            config.width,
            vocab=vocab,
            classes=classes,
            word_dropout=config.word_dropout,
        )

    def forward(self, ids: Tensor) -> Tensor:
        """(B, T) -> (B, K)"""
        logits: Tensor = self.beside(self._logits(self.words(ids), ids), ids)
        return logits

    def embed(self, ids: Tensor) -> Tensor:
        """(B, T) -> (B, T, D), and the vectors of the bag behind them"""
        return self.beside.embed(self.words(ids), ids)

    def classify(self, vectors: Tensor, ids: Tensor) -> Tensor:
        """(B, T, D), (B, T) -> (B, K)"""
        logits = self._logits(self.beside.of_network(vectors), ids)
        return self.beside.classify(logits, vectors, ids)

    def attention(self, vectors: Tensor, ids: Tensor) -> Tensor | None:
        """(B, T, D), (B, T) -> (B, T), if it pools by attention"""
        if self.pooling.kind != "attention":
            return None
        states = self._states(self.beside.of_network(vectors), ids)
        return self.pooling.weights(states, ids != PAD)

    def _logits(self, vectors: Tensor, ids: Tensor) -> Tensor:
        """Of the network alone: (B, T, D), (B, T) -> (B, K)"""
        pooled = self.pooling(self._states(vectors, ids), ids != PAD)
        logits: Tensor = self.output(self.dropout(pooled))
        return logits

    def _states(self, vectors: Tensor, ids: Tensor) -> Tensor:
        """(B, T, D), (B, T) -> (B, T, H)"""
        lengths = (ids != PAD).sum(1)
        states: Tensor
        states, _ = self.recurrent(vectors.transpose(0, 1), lengths=lengths)
        return states.transpose(0, 1)
