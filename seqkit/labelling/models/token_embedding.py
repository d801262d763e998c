"""What a tagger sees of a word: its embedding, its letters, its features.

Shapes: B sentences, T words, F features of a word, U different spellings, L letters, D width.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from ...config import section, setting
from ...nn.dropout import Dropout
from ...nn.recurrent import Recurrent
from ...text.vocab import PAD
from ..tagging.encoding import Tokens

Spelling = Literal["cnn", "lstm", "none"]
_REACH = 3  # letters that a filter sees


@section
class TokenEmbeddingConfig:
    """What every tagger asks of it."""

    embedding: int = setting("size of word embeddings", default=100, ge=1)
    spelling: Spelling = setting("how letters are read: cnn, lstm or none", default="cnn")
    letter_embedding: int = setting("size of letter embeddings", default=30, ge=1)
    spelling_width: int = setting("size of what letters make of a word; even", default=50, ge=2)
    feature_embedding: int = setting("size of the embedding of each feature", default=16, ge=1)

    def __post_init__(self) -> None:
        if self.spelling_width % 2:
            raise ValueError(f"spelling_width = {self.spelling_width} must be even")


class TokenEmbedding(nn.Module):
    """The embeddings of a word, side by side."""

    def __init__(
        self,
        config: TokenEmbeddingConfig,
        *,
        words: int,
        letters: int,
        features: int,
        per_word: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.words = _embedding(words, config.embedding)
        self.width = config.embedding

        self.features: nn.Embedding | None = None
        if per_word:
            self.features = _embedding(features, config.feature_embedding)
            self.width += per_word * config.feature_embedding

        self.spelling: SpellingCNN | SpellingLSTM | None = None
        if letters and config.spelling != "none":
            cls = SpellingCNN if config.spelling == "cnn" else SpellingLSTM
            width = config.spelling_width
            self.spelling = cls(letters, config.letter_embedding, width, dropout=dropout)
            self.width += width
        self.dropout = Dropout(dropout)

    def forward(self, tokens: Tokens) -> Tensor:
        """(B, T) words -> (B, T, D)"""
        parts = [self.words(tokens.words)]
        if self.features is not None:
            parts.append(self.features(tokens.features).flatten(2))
        if self.spelling is not None:
            by_spelling = self.spelling(tokens.spellings)  # (U, D)
            parts.append(by_spelling[tokens.spelling_of])
        embedded: Tensor = self.dropout(torch.cat(parts, -1))
        return embedded


def _embedding(size: int, width: int) -> nn.Embedding:
    """Uniform within sqrt(3 / D), so that a value has variance 1 / D, as in Ma & Hovy 2016."""
    embedding = nn.Embedding(size, width, padding_idx=PAD)
    bound = (3 / width) ** 0.5
    nn.init.uniform_(embedding.weight, -bound, bound)
    with torch.no_grad():
        embedding.weight[PAD].zero_()
    return embedding


class SpellingCNN(nn.Module):
    """The strongest answer of each filter anywhere in a word (Ma & Hovy 2016, section 2.1)."""

    def __init__(self, letters: int, letter_width: int, width: int, *, dropout: float) -> None:
        super().__init__()
        self.letters = _embedding(letters, letter_width)
        self.dropout = Dropout(dropout)
        self.filters = nn.Conv1d(letter_width, width, _REACH, padding=_REACH - 1)

    def forward(self, spellings: Tensor) -> Tensor:
        """(U, L) -> (U, D)"""
        embedded = self.dropout(self.letters(spellings)).transpose(1, 2)  # (U, D, L)
        answers = self.filters(embedded)  # (U, D, L + reach - 1)

        # A window that sees padding alone says nothing: those of a longer batch have more of them.
        ends = (spellings != PAD).sum(1) + _REACH - 1
        places = torch.arange(answers.size(2), device=answers.device)
        outside = places >= ends[:, None]
        inside: Tensor = answers.masked_fill(outside[:, None], float("-inf"))
        return inside.amax(2)


class SpellingLSTM(nn.Module):
    """The last states of both directions over the letters (Lample et al. 2016, section 4.1)."""

    def __init__(self, letters: int, letter_width: int, width: int, *, dropout: float) -> None:
        super().__init__()
        self.letters = _embedding(letters, letter_width)
        self.dropout = Dropout(dropout)
        self.recurrent = Recurrent("lstm", letter_width, width // 2, bidirectional=True)

    def forward(self, spellings: Tensor) -> Tensor:
        """(U, L) -> (U, D)"""
        lengths = (spellings != PAD).sum(1)
        embedded = self.dropout(self.letters(spellings)).transpose(0, 1)
        states, _ = self.recurrent(embedded, lengths=lengths)  # (L, U, D)

        forward, backward = states.chunk(2, -1)
        every = torch.arange(len(lengths), device=states.device)
        at_end = forward[lengths - 1, every]
        return torch.cat([at_end, backward[0]], -1)
