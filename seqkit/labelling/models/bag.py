"""A bag of n-grams: their embeddings averaged, then one linear layer.

Joulin et al. 2017, "Bag of tricks for efficient text classification", E17-2068 (fastText).

Shapes: B texts, T tokens of the longest, D width, V words, K classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...config import dropout_rate, section, setting
from ...nn.dropout import Dropout
from ...text.vocab import PAD
from .words import drop_tokens

_MULTIPLIER = 116_049_371  # fastText's
_MODULUS = (1 << 31) - 1  # so that a product stays below 2^63


@section
class BagConfig:
    width: int = setting("size of embeddings, D", default=32, ge=1)
    ngrams: int = setting(
        "longest n-grams, tokens: 2 of words, about 6 of characters", default=2, ge=1, le=8
    )
    buckets: int = setting(
        "vectors that n-grams of two words and more share by their hash", default=1 << 18, ge=1
    )
    word_dropout: float = dropout_rate(
        "share of the words that are unknown in a step of the training", default=0.0
    )
    dropout: float = dropout_rate("dropout of the text's vector", default=0.0)


class Bag(nn.Module):
    """The mean of the vectors of all n-grams of a text, and a linear layer."""

    Config = BagConfig
    presets: ClassVar[dict[str, dict[str, Any]]] = {}

    def __init__(self, config: BagConfig, *, vocab: int, classes: int) -> None:
        super().__init__()
        self.longest = config.ngrams
        self.buckets = config.buckets
        self.word_dropout = config.word_dropout

        self.embedding = nn.Embedding(vocab, config.width, padding_idx=PAD)
        self.ngrams: nn.Embedding | None = None
        if config.ngrams > 1:
            self.ngrams = nn.Embedding(config.buckets, config.width)
        self.dropout = Dropout(config.dropout)
        self.output = nn.Linear(config.width, classes)
        self._initialise(config.width)

    def _initialise(self, width: int) -> None:
        """Small vectors, as fastText has them, and an output that begins with equal classes."""
        nn.init.uniform_(self.embedding.weight, -1 / width, 1 / width)
        with torch.no_grad():
            self.embedding.weight[PAD].zero_()
        if self.ngrams is not None:
            nn.init.uniform_(self.ngrams.weight, -1 / width, 1 / width)

    def forward(self, ids: Tensor) -> Tensor:
        """(B, T) -> (B, K)

        The same as `classify(embed(ids), ids)`, without the vectors of single words in between.
        """
        known = drop_tokens(ids, self.word_dropout, training=self.training)
        total = _summed(self.embedding, known, known != PAD)

        if self.ngrams is not None:
            for _, hashed, is_whole in self._hashed(known):
                total = total + _summed(self.ngrams, hashed, is_whole)
        return self._from_sums(total, ids)

    def embed(self, ids: Tensor) -> Tensor:
        """(B, T) -> (B, T, D): a word's vector and its share of the n-grams that it is part of.

        The sum over a text is that of all its n-grams.
        """
        ids = drop_tokens(ids, self.word_dropout, training=self.training)
        vectors: Tensor = self.embedding(ids)
        if self.ngrams is None:
            return vectors

        for length, hashed, is_whole in self._hashed(ids):
            found = self.ngrams(hashed) * is_whole[..., None]
            share = found / length
            for place in range(length):
                behind = length - 1 - place
                vectors = vectors + F.pad(share, (0, 0, place, behind))
        return vectors

    def classify(self, vectors: Tensor, ids: Tensor) -> Tensor:
        """(B, T, D), (B, T) -> (B, K)"""
        is_token = (ids != PAD)[..., None]
        return self._from_sums((vectors * is_token).sum(1), ids)

    def _hashed(self, ids: Tensor) -> Iterator[tuple[int, Tensor, Tensor]]:
        """The n-grams of two words and more: n, buckets and which are whole, (B, T - n + 1) each"""
        tokens = ids.size(1)
        hashed = ids
        for length in range(2, min(self.longest, tokens) + 1):
            last = ids[:, length - 1 :]
            hashed = _with_next(hashed[:, : tokens - length + 1], last)
            yield length, hashed % self.buckets, last != PAD

    def _from_sums(self, total: Tensor, ids: Tensor) -> Tensor:
        """The sums over all n-grams (B, D), the words (B, T) -> (B, K)"""
        lengths = (ids != PAD).sum(1, keepdim=True)  # (B, 1)
        count = sum((lengths - n).clamp(min=0) for n in range(self.longest))
        mean = total / torch.as_tensor(count).clamp(min=1)
        logits: Tensor = self.output(self.dropout(mean))
        return logits

    def attention(self, vectors: Tensor, ids: Tensor) -> None:
        """It has none."""


def _summed(table: nn.Embedding, ids: Tensor, counted: Tensor) -> Tensor:
    """The sum of the vectors of each row's ids that are counted: (B, N), (B, N) -> (B, D)"""
    sizes = counted.sum(1)
    starts = sizes.cumsum(0) - sizes
    return F.embedding_bag(ids[counted], table.weight, starts, mode="sum")


def _with_next(hashed: Tensor, ids: Tensor) -> Tensor:
    """The hashes of n-grams and of the words after them as those of n-grams one longer."""
    return (hashed % _MODULUS) * _MULTIPLIER + ids
