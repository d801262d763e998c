"""Words as ids: of themselves, of their letters, of features of theirs.

Shapes: B sentences, T words, F features of a word, U different spellings, L letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor

from ...data.batching import pad
from ...text.vocab import PAD, UNK, Vocab
from .data_config import Feature, TaggingData

LONGEST_SPELLING = 40  # letters of a word that are read: its beginning and its end
_AFFIXES = (1, 2, 3, 4)  # letters
_DIGITS = re.compile(r"\d")
_RUNS = re.compile(r"(.)\1{2,}")  # three or more of a kind
_EDGE = "\n"  # stands beside the first and the last word


@dataclass(frozen=True)
class Tokens:
    """What a tagger reads: sentences, padded with `PAD`."""

    words: Tensor  # (B, T) ids
    features: Tensor  # (B, T, F) ids
    spellings: Tensor  # (U, L) ids of letters; (0, 0) for a model that reads none
    spelling_of: Tensor  # (B, T) places in `spellings`

    @property
    def real(self) -> Tensor:
        """(B, T) bool: False where there is padding."""
        return self.words != PAD

    def row(self, i: int) -> Tokens:
        """One sentence, with its padding."""
        own = slice(i, i + 1)
        return Tokens(self.words[own], self.features[own], self.spellings, self.spelling_of[own])

    def to(self, device: torch.device) -> Tokens:
        return Tokens(
            self.words.to(device),
            self.features.to(device),
            self.spellings.to(device),
            self.spelling_of.to(device),
        )


class Encoder:
    """The vocabularies of a tagger: of words, of letters, of features."""

    def __init__(
        self,
        words: Vocab,
        letters: Vocab,
        features: Vocab,
        *,
        names: Sequence[Feature],
        unit: str,
    ) -> None:
        self.words = words
        self.letters = letters
        self.features = features
        self.names = tuple(names)
        self.unit = unit
        self._letters_of = lru_cache(1 << 16)(self.letter_ids)

    def __repr__(self) -> str:
        return (
            f"<Encoder: {len(self.words):,} {self.unit}, {len(self.letters):,} letters, "
            f"{len(self.features):,} features>"
        )

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in vars(self).items() if name != "_letters_of"}

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state)
        self._letters_of = lru_cache(1 << 16)(self.letter_ids)

    @classmethod
    def build(
        cls, sentences: Iterable[Sequence[str]], data: TaggingData, known: Vocab | None = None
    ) -> Encoder:
        """Count training sentences, going through them three times.

        `known` takes the place of their words, if given.
        """
        if data.unit == "characters":
            no_letters: list[str] = []
            letters = Vocab(no_letters)
        else:
            letters = Vocab.build(list("".join(words)) for words in sentences)

        words = known or Vocab.build(
            (folded(words, data.unit) for words in sentences), min_freq=data.min_freq
        )
        features = Vocab.build(
            (_features(words, data.features, data.unit) for words in sentences),
            min_freq=max(data.min_freq, 2),
        )
        return cls(words, letters, features, names=data.features, unit=data.unit)

    @property
    def per_word(self) -> int:
        """F"""
        return len(_features(["x"], self.names, self.unit))

    def dims(self) -> dict[str, int]:
        """The sizes of a model that follow from the vocabularies."""
        return {
            "words": len(self.words),
            "letters": 0 if self.unit == "characters" else len(self.letters),
            "features": len(self.features),
            "per_word": self.per_word,
        }

    def word_ids(self, words: Sequence[str]) -> list[int]:
        spelt = map(self._spelt, words, folded(words, self.unit))
        return [i or UNK for i in self.words.encode(spelt)]  # a word "<pad>" is no padding

    def _spelt(self, word: str, fold: str) -> str:
        """How a word is looked up: as it is, in lower case, or folded.

        A vocabulary of our own has folded words alone; that of a language model has what it read.
        """
        if word in self.words:
            return word
        lower = word.lower()
        return lower if self.unit == "words" and lower in self.words else fold

    def feature_ids(self, words: Sequence[str]) -> list[int]:
        """Those of the first word, those of the second, …"""
        return self.features.encode(_features(words, self.names, self.unit))

    def encode(self, sentences: Sequence[Sequence[str]]) -> Tokens:
        """Sentences, none of them empty, as a model reads them."""
        ids = pad([self.word_ids(words) for words in sentences])
        features = pad([self.feature_ids(words) for words in sentences])
        features = features.view(*ids.shape, self.per_word)
        if self.unit == "characters":
            none = torch.zeros(0, 0, dtype=torch.long)
            return Tokens(ids, features, none, torch.zeros_like(ids))

        place_of: dict[str, int] = {}
        places = [
            [place_of.setdefault(word, len(place_of)) for word in words] for words in sentences
        ]
        spellings = pad([self._letters_of(word) for word in place_of])
        return Tokens(ids, features, spellings, pad(places))

    def letter_ids(self, word: str) -> list[int]:
        """Those of its letters; of a long word, of its beginning and its end."""
        if len(word) > LONGEST_SPELLING:
            half = LONGEST_SPELLING // 2
            word = word[:half] + word[-half:]
        return self.letters.encode(list(word))

    def save(self, folder: Path) -> None:
        self.words.save(folder / "words.tsv")
        self.letters.save(folder / "letters.tsv")
        self.features.save(folder / "features.tsv")

    @classmethod
    def load(cls, folder: Path, data: TaggingData) -> Encoder:
        names = ("words.tsv", "letters.tsv", "features.tsv")
        vocabularies = [Vocab.load(folder / name) for name in names]
        return cls(*vocabularies, names=data.features, unit=data.unit)


def folded(words: Iterable[str], unit: str) -> list[str]:
    """What is looked up: words in lower case with 0 for every digit, characters of normal width."""
    if unit == "characters":
        return [_narrow(character) for character in words]
    return [_DIGITS.sub("0", word.lower()) for word in words]


@lru_cache(1 << 14)
def _narrow(character: str) -> str:
    """A letter or digit of full width as the ordinary one: corpora have those, users type these."""
    return unicodedata.normalize("NFKC", character) or character


def _features(words: Sequence[str], names: Sequence[Feature], unit: str) -> list[str]:
    """The features of all words, one word after the other, each with its kind in front."""
    columns: list[Iterator[str] | list[str]] = []
    for name in names:
        columns += _OF_NAME[name](words, unit)
    return [value for row in zip(*columns, strict=True) for value in row]


def _affixes(words: Sequence[str], unit: str) -> list[list[str]]:
    lower = [word.lower() for word in words]
    columns: list[list[str]] = []
    for size in _AFFIXES:
        columns.append([f"{size}-{word[:size]}" for word in lower])
        columns.append([f"-{size}{word[-size:]}" for word in lower])
    return columns


def _shapes(words: Sequence[str], unit: str) -> list[list[str]]:
    return [[f"shape {_shape(word)}" for word in words]]


@lru_cache(1 << 16)
def _shape(word: str) -> str:
    """Of "McDonald-1998" XxXxx-dd: runs of more than two are cut to two (Collins 2002)."""
    kinds = [_kind(letter) for letter in word[:LONGEST_SPELLING]]
    return _RUNS.sub(r"\1\1", "".join(kinds))


def _kind(letter: str) -> str:
    if letter.isdecimal():
        return "d"
    if letter.isupper():
        return "X"
    if letter.isalpha():
        return "x"
    return letter


def _bigrams(words: Sequence[str], unit: str) -> list[list[str]]:
    """With the left neighbour, with the right one."""
    pairs = [f"{left} {right}" for left, right in pairwise(_padded(words, unit))]
    return [pairs[:-1], pairs[1:]]


def _trigrams(words: Sequence[str], unit: str) -> list[list[str]]:
    """With both neighbours; the neighbours without the word itself (Tseng et al. 2005)."""
    padded = _padded(words, unit)
    lefts, rights = padded[:-2], padded[2:]
    around = [f"{left} {_EDGE} {right}" for left, right in zip(lefts, rights, strict=True)]
    whole = [" ".join(three) for three in zip(lefts, padded[1:-1], rights, strict=True)]
    return [whole, around]


def _padded(words: Sequence[str], unit: str) -> list[str]:
    return [_EDGE, *folded(words, unit), _EDGE]


_OF_NAME = {
    "affixes": _affixes,
    "shape": _shapes,
    "bigrams": _bigrams,
    "trigrams": _trigrams,
}
