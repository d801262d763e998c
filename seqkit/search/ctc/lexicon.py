"""Which words can be spelled, and what the letters of an unfinished word are worth.

Letters: n hypotheses, S states of a trie.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from ...errors import ConfigError, DataError, shortened
from .alphabet import Alphabet
from .trie import OFF, Trie

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

_USUAL_LENGTH = 6  # letters of an unknown word, from which longer ones cost more: pyctcdecode's


class Beginnings:
    """What the unfinished word of a hypothesis is worth, whatever words are before it."""

    def __init__(
        self, words: Trie | None, *, penalty: float = 0.0, unknown: float = 0.0, bonus: float = 0.0
    ) -> None:
        """`words` are all that may be spelled, or all that the language model knows.

        `penalty` is what letters cost that begin none of them, and `unknown` what another word
        costs when it ends, at least: -inf where nothing else may be spelled. `bonus` is what every
        word gains.
        """
        self.words = words
        self.penalty = penalty
        self.unknown = unknown
        self.bonus = bonus

    def walk(self, states: Longs, letters: Longs) -> Longs:
        """The states after some letters more, which are -1 where there are none. (n,), (n, L)"""
        return states if self.words is None else self.words.walk(states, letters)

    def scores(self, states: Longs, lengths: Longs) -> Floats:
        """What unfinished words of `lengths` letters are worth. (n,), (n,) -> (n,)"""
        if self.words is None:
            return np.zeros(len(states))
        costs = self.penalty * np.maximum(lengths / _USUAL_LENGTH, 1.0)
        return np.where(states == OFF, costs, 0.0)

    def most(self, states: Longs) -> Floats:
        """The most that a word may add to the score by ending here, hotwords aside. (n,) -> (n,)

        -inf where no word may end.
        """
        if self.words is None:
            return np.full(len(states), self.bonus)
        is_word = (states != OFF) & self.words.is_word[states]
        return np.where(is_word, self.bonus, self.bonus + self.unknown)


def closed_lexicon(words: Collection[str], alphabet: Alphabet) -> Trie:
    """The trie of a lexicon; raises `DataError` if it is empty or holds what cannot be spelled."""
    if alphabet.kind == "tokens":
        raise ConfigError(
            "a lexicon needs labels that mark where words end: none of these is ' ' or '|', and "
            "none begins with '▁' or '##'"
        )
    if not words:
        raise DataError("the lexicon is empty")

    listed = sorted(words)
    unspelled = list(alphabet.misspelled(listed))
    if unspelled:
        named = shortened([repr(word) for word in unspelled], 3)
        raise DataError(
            f"lexicon: the labels cannot spell {named}: remove them, or write words as labels do"
        )
    return Trie(listed, alphabet.letters)


def known_words(words: Collection[str], alphabet: Alphabet) -> Trie | None:
    """The trie of the words of a language model that can be spelled, None if it has no words.

    Raises `DataError` if it has, but none that the labels can spell.
    """
    if not words or alphabet.kind == "tokens":
        return None
    letters = set(alphabet.letters)
    spelled = sorted(word for word in words if letters.issuperset(word))
    if not spelled:
        example = min(words)
        raise DataError(
            f"the labels can spell none of the language model's {len(words):,} words, such as "
            f"{example!r}: do they differ in case?"
        )
    return Trie(spelled, alphabet.letters)
