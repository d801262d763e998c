"""A counted model as searches ask it: the scores of many hypotheses in one array call.

Shapes: R rows (hypotheses), V words of the model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .following import Following
from .states import States
from .stepping import BackoffSteps, Steps, as_batch
from .tables import Floats
from .text import BOS, EOS, UNK, PreTokenizer, Vocabulary, block_of

_NATS = math.log(10)
_AT_ONCE = 1 << 20  # scores computed in one go by models without an index of histories


class ModelScorer:
    """The states and scores of a `Model`; see `seqkit.search.scorer.LanguageScorer`."""

    unknown = UNK

    def __init__(
        self, steps: Steps, vocabulary: Vocabulary, pre_tokenizer: PreTokenizer, *, order: int
    ) -> None:
        self.steps = steps
        self.vocabulary = vocabulary
        self.pre_tokenizer = pre_tokenizer
        self.order = order

    def __repr__(self) -> str:
        return f"<ModelScorer: order {self.order}, {len(self.vocabulary):,} words>"

    @cached_property
    def tokens(self) -> Sequence[str]:
        """(V,) The words by id, as they are written in a text."""
        words = [word.decode("utf-8", "replace") for word in self.vocabulary.words]
        return self.pre_tokenizer.readable(words)

    def encode(self, text: str) -> list[int]:
        """The ids of the words of a text, that of `<unk>` for unknown ones."""
        block = self.pre_tokenizer.segment(block_of([text]))
        return [max(word, UNK) for word in self.vocabulary.encode_line(block)]

    def begin(self, rows: int) -> States:
        """The states at the beginning of a line, R times."""
        first = as_batch([self.steps.start([BOS])], self.steps, self.order - 1)
        return self.select(first, [0] * rows)

    def step(
        self, states: States, ids: Sequence[int] | NDArray[np.integer[Any]]
    ) -> tuple[Floats, States]:
        """A word after each state: its log probability (R,), and the states after it."""
        scores, after = self.steps.step_batch(states, np.asarray(ids, np.int32))
        return scores * np.float32(_NATS), after

    def following(self, states: States) -> Floats:
        """The log probabilities of every word after each state. -> (R, V)

        `<s>` never follows.
        """
        first, which = states.distinct()
        some = states[first]
        scores = self._following.scores(some) if self._following else self._of_every_word(some)
        scores *= np.float32(_NATS)
        scores[:, BOS] = -np.inf
        found: Floats = scores[which]
        return found

    @cached_property
    def _following(self) -> Following | None:
        """What is quicker than scoring every word, for models that have states of back-off."""
        return Following(self.steps.tables) if isinstance(self.steps, BackoffSteps) else None

    def _of_every_word(self, states: States) -> Floats:
        """log10 probabilities, (R, V)"""
        size = len(self.vocabulary)
        scores = np.empty((len(states), size), np.float32)
        words = np.arange(size, dtype=np.int32)

        at_once = max(1, _AT_ONCE // size)
        for begin in range(0, len(states), at_once):
            some = np.arange(begin, min(begin + at_once, len(states)))
            repeated = states[np.repeat(some, size)]
            found, _ = self.steps.step_batch(repeated, np.tile(words, len(some)))
            scores[some] = found.reshape(len(some), size)
        return scores

    def finish(self, states: States) -> Floats:
        """The log probability that the line ends after each state. -> (R,)"""
        ends = np.full(len(states), EOS)
        scores, _ = self.step(states, ends)
        return scores

    def select(self, states: States, rows: Sequence[int] | NDArray[np.integer[Any]]) -> States:
        """The states of `rows`, in that order."""
        return states[np.asarray(rows, np.int64)]

    def join(self, states: Sequence[States]) -> States:
        """The rows of several states, one after the other."""
        words = np.concatenate([each.words for each in states])
        backoffs = np.concatenate([each.backoffs for each in states])
        return States(states[0].owner, words, backoffs)
