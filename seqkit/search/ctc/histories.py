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

    def score(self, lm: float, words: int, unknown: int) -> float:
        """What `lm` nats, and this many words, of which some are unknown, are worth."""
        penalty = _NATS * self.unk_score_offset * unknown
        return self.alpha * (lm + penalty) + self.beta * words


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
_FORGOTTEN = -1  # row of a history that nothing extends


class Histories:
    """Grows by a word at a time; the same words are the same number, whatever spelled them."""

    def __init__(
        self, model: WordModel | None, weights: Weights, hotwords: Mapping[str, float]
    ) -> None:
        self._model = model
        self._weights = weights
        self._hotwords = hotwords
        self._every = [History(EMPTY, "", 0, 0, 0.0, 0.0, 0.0)]
        self._number: dict[tuple[int, str], int] = {}

        self._states: Any = model.begin() if model else None
        self._row = [0]  # of `_states`, by history
        self._rows = 1

    def __len__(self) -> int:
        return len(self._every)

    def __getitem__(self, number: int) -> History:
        return self._every[number]

    @property
    def rows(self) -> int:
        """How many states of the language model are kept."""
        return self._rows

    def words(self, number: int) -> list[str]:
        """The words of a history."""
        found = []
        while number != EMPTY:
            found.append(self._every[number].word)
            number = self._every[number].previous
        return found[::-1]

    def extend(self, numbers: Sequence[int], words: Sequence[str]) -> list[int]:
        """The histories with a word more each."""
        pairs = list(zip(numbers, words, strict=True))
        new = [pair for pair in dict.fromkeys(pairs) if pair not in self._number]
        if new:
            self._add(new)
        return [self._number[pair] for pair in pairs]

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
            self._append(previous, word, score, int(model.is_unknown(ids)))
            self._row.append(self._rows)
            self._rows += 1

    def _append(self, previous: int, word: str, lm: float, unknown: int) -> None:
        before = self._every[previous]
        lm += before.lm
        unknown += before.unknown
        words = before.words + 1
        hot = before.hot + self._hotwords.get(word, 0.0)
        score = hot + (self._weights.score(lm, words, unknown) if self._model else 0.0)

        self._number[previous, word] = len(self._every)
        self._every.append(History(previous, word, words, unknown, lm, hot, score))

    def finish(self, numbers: Sequence[int]) -> list[float]:
        """The log probability that the line ends after each history; 0 without a model."""
        if self._model is None:
            return [0.0] * len(numbers)
        rows = [self._row[number] for number in numbers]
        return self._model.finish(self._model.select(self._states, rows))

    def keep(self, numbers: Iterable[int]) -> dict[int, int]:
        """Forget all histories but some, and those that they begin with. -> old to new numbers

        The model's states of the latter are forgotten as well: nothing extends them any more.
        """
        live = sorted({EMPTY, *numbers})
        needed = set(live)
        for number in live:
            previous = self._every[number].previous
            while previous not in needed:
                needed.add(previous)
                previous = self._every[previous].previous

        new = {old: place for place, old in enumerate(sorted(needed))}
        every = [self._every[old] for old in new]
        self._every = [each._replace(previous=new[each.previous]) for each in every]
        self._number = {
            (each.previous, each.word): place for place, each in enumerate(self._every) if place
        }
        if self._model:
            self._keep_states(live, new)
        return new

    def _keep_states(self, live: list[int], new: dict[int, int]) -> None:
        assert self._model
        rows = [self._row[old] for old in live]
        self._states = self._model.select(self._states, rows)
        self._rows = len(live)
        self._row = [_FORGOTTEN] * len(new)
        for row, old in enumerate(live):
            self._row[new[old]] = row
