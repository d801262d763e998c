"""A language model asked for whole words, of however many tokens.

Letters: R rows (hypotheses).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import numpy as np

from ..scorer import LanguageScorer

_BEFORE = "a"  # a word before another, for models whose tokens say where words begin
_ONE_WORD = "a'b-c."  # to a model whose words are what stands between spaces


class LanguageModel(Protocol):
    """A counted or a trained language model, as `seqkit.load` opens it."""

    @property
    def token_kind(self) -> Literal["word", "character", "subword"]:
        """What a token is."""

    @property
    def known_words(self) -> frozenset[str]:
        """The tokens that it can predict."""

    def scorer(self) -> LanguageScorer[Any]:
        """Its states and scores, for many hypotheses at once."""


class WordModel:
    """The states and scores of a language model, word by word."""

    def __init__(self, model: LanguageModel) -> None:
        self._scorer = model.scorer()
        self._ids: dict[tuple[str, bool], list[int]] = {}
        self._before = self._scorer.encode(_BEFORE)

        self.known_words = self._known_words(model)
        """All words that it knows; none if its tokens are others than the words as they stand."""

    def _known_words(self, model: LanguageModel) -> frozenset[str]:
        known = model.known_words
        if model.token_kind != "word" or len(self._scorer.encode(_ONE_WORD)) != 1:
            return frozenset()

        cased = next((word for word in known if word.upper() != word.lower()), "")
        encode = self._scorer.encode
        is_normalized = cased and encode(cased.upper()) == encode(cased.lower())
        return frozenset() if is_normalized else known

    def begin(self) -> Any:
        """The state at the beginning of a line, as one row."""
        return self._scorer.begin(1)

    def tokens(self, word: str, *, is_first: bool) -> list[int]:
        """The tokens of a word at the beginning of a line, or after another."""
        key = word, is_first
        found = self._ids.get(key)
        if found is None:
            found = self._ids[key] = self._encode(word, is_first)
        return found

    def is_unknown(self, tokens: Sequence[int]) -> bool:
        return self._scorer.unknown in tokens

    def step(self, states: Any, words: Sequence[list[int]]) -> tuple[list[float], Any]:
        """The tokens of a word after each of R states: log probabilities, and the states after."""
        scores = np.zeros(len(words))
        longest = max(map(len, words), default=0)

        for place in range(longest):
            rows = [row for row, tokens in enumerate(words) if len(tokens) > place]
            ids = [words[row][place] for row in rows]
            if len(rows) == len(words):
                found, states = self._scorer.step(states, ids)
            else:
                found, after = self._scorer.step(self.select(states, rows), ids)
                order = np.arange(len(words))
                order[rows] = len(words) + np.arange(len(rows))
                states = self.select(self.join(states, after), order.tolist())
            scores[rows] += found

        added: list[float] = scores.tolist()
        return added, states

    def finish(self, states: Any) -> list[float]:
        """The log probability that the line ends after each of R states."""
        found: list[float] = self._scorer.finish(states).tolist()
        return found

    def select(self, states: Any, rows: Sequence[int]) -> Any:
        """The states of `rows`."""
        return self._scorer.select(states, rows)

    def join(self, first: Any, second: Any) -> Any:
        """The rows of both."""
        return self._scorer.join([first, second])

    def _encode(self, word: str, is_first: bool) -> list[int]:
        size = len(self._before)
        both = self._scorer.encode(f"{_BEFORE} {word}")
        if is_first or both[:size] != self._before:
            return self._scorer.encode(word)
        return both[size:]
