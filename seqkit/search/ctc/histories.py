"""The complete words of hypotheses: each sequence once, with its score.

Letters: R rows of the language model's states.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from .words import WordModel

_NATS = math.log(10)


@dataclass(frozen=True)
class Weights:
    """How a language model counts, with the names and values of pyctcdecode.

    score = acoustic + alpha * (lm + ln 10 * unk_score_offset * unknown words) + beta * words +
    the weights of hotwords, in nats.
    """

    alpha: float = 0.5
    beta: float = 1.5
    unk_score_offset: float = -10.0

    @property
    def unknown(self) -> float:
        """What an unknown word costs, besides what the model says of it."""
        return self.alpha * _NATS * self.unk_score_offset

    def score(self, lm: float, words: int, unknown: int) -> float:
        """What `lm` nats, and this many words, of which some are unknown, are worth."""
        return self.alpha * lm + self.beta * words + self.unknown * unknown


class History(NamedTuple):
    """Some words, as the one before the last and the last."""

    previous: int
    word: str
    words: int  # how many
    unknown: int  # how many of them the language model does not know
    lm: float  # log probability of the language model, in nats
    hot: float  # the weights of the hotwords among them
    score: float  # of all that, weighted


EMPTY = 0  # the history of no words


class Histories:
    """Grows by a word at a time; the same words are the same number, whatever spelled them."""

    def __init__(
        self, model: WordModel | None, weights: Weights, hotwords: Mapping[str, float]
    ) -> None:
        self._model = model
        self._weights = weights
        self._hotwords = hotwords
        self._every = {EMPTY: History(EMPTY, "", 0, 0, 0.0, 0.0, 0.0)}
        self._next = EMPTY + 1
        self._number: dict[tuple[int, str], int] = {}

        self._states: Any = model.begin() if model else None
        self._row = {EMPTY: 0}  # of `_states`, by history
        self._rows = 1

    def __len__(self) -> int:
        return len(self._every)

    def __getitem__(self, number: int) -> History:
        return self._every[number]

    @property
    def rows(self) -> int:
        """How many states of the language model are kept."""
        return self._rows

    def extend(self, numbers: Sequence[int], words: Sequence[str]) -> list[int]:
        """The histories with a word more each."""
        pairs = list(zip(numbers, words, strict=True))
        new = [pair for pair in dict.fromkeys(pairs) if self._is_new(pair)]
        if new:
            self._add(new)
        return [self._number[pair] for pair in pairs]

    def _is_new(self, pair: tuple[int, str]) -> bool:
        number = self._number.get(pair)
        if number is None:
            return True
        return self._model is not None and number not in self._row  # it was forgotten

    def _add(self, pairs: list[tuple[int, str]]) -> None:
        model = self._model
        if model is None:
            for previous, word in pairs:
                self._append(previous, word, 0.0, 0)
            return

        tokens = [model.tokens(word, is_first=number == EMPTY) for number, word in pairs]
        rows = [self._row[number] for number, _ in pairs]
        scores, after = model.step(model.select(self._states, rows), tokens)
        self._states = model.join(self._states, after)

        for (previous, word), score, ids in zip(pairs, scores, tokens, strict=True):
            number = self._append(previous, word, score, int(model.is_unknown(ids)))
            self._row[number] = self._rows
            self._rows += 1

    def _append(self, previous: int, word: str, lm: float, unknown: int) -> int:
        before = self._every[previous]
        lm += before.lm
        unknown += before.unknown
        words = before.words + 1
        hot = before.hot + self._hotwords.get(word, 0.0)
        score = hot + (self._weights.score(lm, words, unknown) if self._model else 0.0)

        number = self._number.setdefault((previous, word), self._next)
        self._every[number] = History(previous, word, words, unknown, lm, hot, score)
        self._next = max(self._next, number + 1)
        return number

    def finish(self, numbers: Sequence[int]) -> list[float]:
        """The log probability that the line ends after each history; 0 without a model."""
        if self._model is None:
            return [0.0] * len(numbers)
        rows = [self._row[number] for number in numbers]
        return self._model.finish(self._model.select(self._states, rows))

    def keep(self, numbers: Iterable[int]) -> None:
        """Forget all histories but some, and those that they begin with.

        The model's states of the latter are forgotten as well, until they are reached again.
        """
        live = sorted({EMPTY, *numbers})
        needed: dict[int, History] = {}
        for number in live:
            while number not in needed:
                needed[number] = self._every[number]
                number = needed[number].previous

        self._every = needed
        self._number = {(each.previous, each.word): number for number, each in needed.items()}
        if self._model:
            rows = [self._row[number] for number in live]
            self._states = self._model.select(self._states, rows)
            self._row = {number: row for row, number in enumerate(live)}
            self._rows = len(live)
