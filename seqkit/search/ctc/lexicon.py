"""Which words can be spelled, and what the letters of an unfinished word are worth.

Letters: n hypotheses, S states of a trie.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
from numpy.typing import NDArray

from ...errors import ConfigError, DataError, shortened
from ...text.lines import check_many, check_texts
from .alphabet import Alphabet
from .trie import OFF, Trie

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

_USUAL_LENGTH = 6  # letters of an unknown word, from which longer ones cost more: pyctcdecode's


class Beginnings:
    """What the unfinished word of a hypothesis is worth, whatever words are before it."""

    def __init__(self, alphabet: Alphabet, words: Trie | None, *, penalty: float) -> None:
        """`words` are all that may be spelled, or all that the language model knows.

        `penalty` is what letters cost that begin none of them: -inf where nothing else may be
        spelled.
        """
        self._alphabet = alphabet
        self._words = words
        self._penalty = penalty
        self.is_closed = words is not None and penalty == -np.inf

    def walk(self, states: Longs, tokens: Longs) -> Longs:
        """The state after the letters of a token each. (n,), (n,) -> (n,)"""
        return states if self._words is None else self._words.walk(states, self.letters(tokens))

    def letters(self, tokens: Longs) -> Longs:
        """The letters of these tokens, then -1. -> (n, longest)"""
        spelled = self._alphabet.spelled
        if spelled.shape[1] > 1 and len(tokens):
            longest = self._alphabet.lengths[tokens].max()
            spelled = spelled[:, :longest]
        return spelled[tokens]

    def scores(self, states: Longs, lengths: Longs) -> Floats:
        """What unfinished words of `lengths` letters are worth. (n,), (n,) -> (n,)"""
        if self._words is None:
            return np.zeros(len(states))
        costs = self._penalty * np.maximum(lengths / _USUAL_LENGTH, 1.0)
        return np.where(states == OFF, costs, 0.0)

    def is_word(self, states: Longs) -> NDArray[np.bool_]:
        """Whether a word may end here. (n,) -> (n,)"""
        if not self.is_closed or self._words is None:
            return np.ones(len(states), np.bool_)
        return (states != OFF) & self._words.is_word[states]


def closed_lexicon(words: Iterable[str], alphabet: Alphabet) -> Trie:
    """The trie of a lexicon; raises `DataError` if it is empty or holds what cannot be spelled."""
    check_many(words, "words of the lexicon")
    listed = list(words)
    check_texts(listed, "words of the lexicon")
    if alphabet.kind == "tokens":
        raise ConfigError(
            "a lexicon needs labels that mark where words end: none of these is ' ' or '|', and "
            "none begins with '▁' or '##'"
        )
    if not listed:
        raise DataError("the lexicon is empty")

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


