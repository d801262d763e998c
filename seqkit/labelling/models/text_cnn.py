"""Convolutions over words, and the highest value of each over the text.

Kim 2014, "Convolutional neural networks for sentence classification", D14-1181 (CNN-rand).

Shapes: B texts, T tokens of the longest, D width, F maps, W words of a window, K classes.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...config import dropout_rate, section, setting
from ...nn.dropout import Dropout
from ...text.vocab import PAD
from .beside import Beside
from .words import Words


@section
class TextCNNConfig:
    width: int = setting("size of word embeddings, D", default=300, ge=1)
    windows: list[int] = setting("words that a convolution sees at once", default=[3, 4, 5])
    maps: int = setting("convolutions of each window, F", default=100, ge=1)
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
    dropout: float = dropout_rate("dropout of the text's vector", default=0.5)

    def __post_init__(self) -> None:
        if not self.windows or min(self.windows) < 1:
            raise ValueError(f"windows = {self.windows}: name the sizes of windows, from 1 word")


class TextCNN(nn.Module):
    """Each window sees the text with zeros around it, so that a word at its end counts too."""

    Config = TextCNNConfig
    presets: ClassVar[dict[str, dict[str, Any]]] = {}

    def __init__(self, config: TextCNNConfig, *, vocab: int, classes: int) -> None:
        super().__init__()
        self.words = Words(
            vocab,
            config.width,
            dropout=config.embedding_dropout,
            word_dropout=config.word_dropout,
        )
        self.embedding = self.words.embedding
        self.windows = config.windows
        self.convolutions = nn.ModuleList(
            nn.Conv1d(config.width, config.maps, size, padding=size - 1) for size in config.windows
        )
        self.dropout = Dropout(config.dropout)
        self.output = nn.Linear(config.maps * len(config.windows), classes)
        self.beside = Beside(
            config.bag,
            config.width,
            vocab=vocab,
            classes=classes,
            dropout=config.dropout,
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

    def _logits(self, vectors: Tensor, ids: Tensor) -> Tensor:
        """Of the network alone: (B, T, D), (B, T) -> (B, K)"""
        mask = ids != PAD
        x = (vectors * mask[..., None]).transpose(1, 2)  # (B, D, T)
        lengths = mask.sum(1, keepdim=True)

        found = [
            _highest(convolution(x), lengths + size - 1)
            for convolution, size in zip(self.convolutions, self.windows, strict=True)
        ]
        logits: Tensor = self.output(self.dropout(torch.cat(found, -1)))
        return logits

    def attention(self, vectors: Tensor, ids: Tensor) -> None:
        """It has none."""


def _highest(values: Tensor, windows: Tensor) -> Tensor:
    """The highest value over the first `windows` of each text, at least 0: (B, F, …) -> (B, F)

    Those behind them see no word of the text.
    """
    places = torch.arange(values.size(2), device=values.device)
    sees_words = places < windows  # (B, …)
    highest: Tensor = (F.relu(values) * sees_words[:, None]).amax(-1)
    return highest
