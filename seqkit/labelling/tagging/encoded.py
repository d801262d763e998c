"""Tagged sentences as ids, from which batches are taken: mapped files of the cache.

Shapes: B sentences, T words, F features of a word, U different spellings, L letters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ...data.batching import Rows
from ...data.pool import map_in_order
from ...data.stored import IdWriter, StoredTexts, blocks_of, id_type, packed_ids, stored_ids
from ...progress import doing
from ...text.vocab import PAD, UNK
from ..numbered import Ints
from .encoding import Encoder, Tokens
from .reading import Sentence
from .sentences import MANY, Sentences
from .tags import TagSet

_BLOCK = 2_000  # sentences that a process encodes at once


@dataclass(frozen=True)
class TaggedBatch:
    """Sentences and their tags, padded."""

    tokens: Tokens
    tags: Tensor  # (B, T); any tag where there is padding
    count: int  # words

    def to(self, device: torch.device) -> TaggedBatch:
        return TaggedBatch(self.tokens.to(device), self.tags.to(device), self.count)

    def rows(self) -> list[TaggedBatch]:
        """Each sentence alone, with its padding."""
        counts = self.tokens.real.sum(1).tolist()
        return [
            TaggedBatch(self.tokens.row(i), self.tags[i : i + 1], count)
            for i, count in enumerate(counts)
        ]


class EncodedSentences:
    """The sentences of a part, as `write_encoded` wrote them."""

    def __init__(self, folder: Path, part: str, encoder: Encoder, tags: TagSet) -> None:
        def rows(name: str, size: int) -> Rows:
            return Rows.of_arrays(*stored_ids(folder, name, size))

        self._tag_set = tags
        self._per_word = encoder.per_word
        self._words = rows(f"{part}.ids", len(encoder.words))
        self._features = rows(f"{part}.features", len(encoder.features))
        self._tags = rows(f"{part}.tags", MANY)
        self._numbers = rows(f"{part}.words", MANY)
        self._letters = rows("letters", len(encoder.letters))
        self._texts = StoredTexts(folder, "words")
        self.lengths = self._words.lengths

    def __len__(self) -> int:
        return len(self.lengths)

    def __repr__(self) -> str:
        return f"<EncodedSentences: {len(self):,} of {self.count:,} words>"

    def __iter__(self) -> Iterator[Sentence]:
        """The sentences themselves, as they are learned."""
        texts = list(self._texts)
        for row in range(len(self)):
            words = [texts[number] for number in self._numbers[row]]
            yield Sentence(words, self._tag_set.decode(self._tags[row]))

    @property
    def count(self) -> int:
        """Of words."""
        return self._words.total

    @property
    def unknown_share(self) -> float:
        return self._words.share(UNK)

    def batch(self, rows: Ints) -> TaggedBatch:
        words = self._words.padded(rows)
        features = self._features.padded(rows).view(*words.shape, self._per_word)
        spelt = self._spelt(rows, words)
        tokens = Tokens(words, features, *spelt)
        return TaggedBatch(tokens, self._tags.padded(rows), int(self.lengths[rows].sum()))

    def _spelt(self, rows: Ints, words: Tensor) -> tuple[Tensor, Tensor]:
        """The spellings (U, L) of a batch, in the order in which they come, and places (B, T)."""
        places = torch.zeros_like(words)
        if not len(self._letters):
            return torch.zeros(0, 0, dtype=torch.long), places

        real = words != PAD
        numbers = self._numbers.padded(rows)[real].numpy()
        found, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
        order = np.argsort(first)
        place_of = np.empty_like(order)
        place_of[order] = np.arange(len(order))
        places[real] = torch.from_numpy(place_of[inverse])
        return self._letters.padded(found[order]), places


def write_encoded(folder: Path, parts: dict[str, Sentences], encoder: Encoder) -> None:
    """Write the ids of parts whose words are numbered alike, beside what `SentenceWriter` wrote."""
    words = next(iter(parts.values())).words.names
    _write_letters(folder, words, encoder)

    ids = np.array(encoder.word_ids(words), id_type(len(encoder.words)))
    for part, sentences in parts.items():
        with IdWriter(folder, f"{part}.ids") as writer:
            for block in blocks_of(len(sentences), _BLOCK):
                own = sentences.words[block]
                writer.add((ids[own.ids].tobytes(), own.lengths.tobytes()))

        encode = partial(_encode_features, sentences, encoder)
        with IdWriter(folder, f"{part}.features") as writer, doing("encoding text"):
            for packed in map_in_order(encode, blocks_of(len(sentences), _BLOCK)):
                writer.add(packed)


def _write_letters(folder: Path, words: Sequence[str], encoder: Encoder) -> None:
    """How each different word is spelt; nothing for characters."""
    spelt = words if encoder.unit == "words" else []
    with IdWriter(folder, "letters") as writer:
        for block in blocks_of(len(spelt), _BLOCK):
            rows = [encoder.letter_ids(word) for word in spelt[block]]
            writer.add(packed_ids(rows, len(encoder.letters)))


def _encode_features(sentences: Sentences, encoder: Encoder, places: slice) -> tuple[bytes, bytes]:
    rows = [encoder.feature_ids(words) for words in sentences.words[places]]
    return packed_ids(rows, len(encoder.features))
