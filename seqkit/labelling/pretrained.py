"""Pretrained vectors in the place of random ones.

Shapes: V words of the vocabulary, N of them with a vector, D numbers of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ..data.vectors import read_vectors
from ..errors import ConfigError
from ..text.tokenizer import Tokenizer
from ..text.tokenizer_models import is_trained
from ..text.vocab import SPECIALS
from ..text.words import JOINER


@dataclass(frozen=True)
class Pretrained:
    """The vectors of the words of a vocabulary."""

    ids: Tensor  # (N,)
    table: Tensor  # (N, D)
    words: int  # of the vocabulary, specials aside
    name: str  # of the file

    @classmethod
    def read(cls, path: Path, tokenizer: Tokenizer) -> Pretrained:
        """The vectors of the tokens, as they are or else in lower case.

        Raises `ConfigError` for subwords, and `DataError` naming the file.
        """
        if is_trained(tokenizer.model):
            raise ConfigError(
                f"data.vectors are of words, and text.tokenizer = {tokenizer.name!r} makes "
                "subwords: set it to word, whitespace or char"
            )

        tokens = tokenizer.vocab.tokens[len(SPECIALS) :]
        return cls.of_words(path, [token.replace(JOINER, "") or token for token in tokens])

    @classmethod
    def of_words(cls, path: Path, spelt: Sequence[str]) -> Pretrained:
        """The vectors of the words of a vocabulary, specials aside; raises `DataError`."""
        wanted = {*spelt, *(word.lower() for word in spelt)}
        found = read_vectors(path, wanted.__contains__)

        row_of = {word: row for row, word in enumerate(found.words)}
        ids: list[int] = []
        rows: list[int] = []
        for number, word in enumerate(spelt, len(SPECIALS)):
            row = row_of.get(word, row_of.get(word.lower()))
            if row is not None:
                ids.append(number)
                rows.append(row)
        table = torch.from_numpy(found.table[rows])
        return cls(torch.tensor(ids), table, len(spelt), path.name)

    def note(self) -> str:
        share = len(self.ids) / self.words
        return (
            f"vectors of {self.name}: {len(self.ids):,} of {self.words:,} words ({share:.2%}) have "
            "one; the others begin at random"
        )

    @torch.no_grad()
    def fill(self, embedding: nn.Embedding, setting: str = "width") -> None:
        """Write the vectors into an embedding (V, D); raises `ConfigError` for another width.

        `setting` is what the model calls D.
        """
        width = self.table.size(1)
        if embedding.weight.size(1) != width:
            raise ConfigError(
                f"{self.name} has {width} numbers for each word, and the model's vectors "
                f"{embedding.weight.size(1)}: set model.{setting} = {width}"
            )
        embedding.weight[self.ids] = self.table.to(embedding.weight)
