"""From state to state in a mixture that runs: its models go word by word, each in its own states.

Letters: M models, V words of all of them, B states of a beam.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .sorting import Longs
from .states import NOTHING, State, States, Step, check_state
from .stepping import PlainSteps, Steps
from .tables import Floats, Tables
from .text import BOS, Ids

Doubles = NDArray[np.float64]


class Part(Protocol):
    """A model that is mixed."""

    @property
    def steps(self) -> Steps:
        """Its states, with its own ids."""


class MixedState(State):
    """The words that any of the models depends on, and the state of each model.

    Equal words are equal states of all models.
    """

    __slots__ = ("parts",)

    def __init__(self, owner: MixedSteps, words: tuple[int, ...], parts: Sequence[State]) -> None:
        super().__init__(owner, words)
        self.parts = parts


class MixedSteps(PlainSteps):
    """The steps of a mixture; beams are scored by its tables, as are whole texts."""

    def __init__(
        self,
        tables: Tables,
        models: Sequence[Part],
        weights: Sequence[float],
        ids: Sequence[Ids],
        shares: Sequence[Doubles],
    ) -> None:
        """`ids` (M, V) are those of each word in each model, that of `<unk>` for one it lacks.

        `shares` (M, V) are log10 of what each model's probability of a word is multiplied by.
        """
        super().__init__(tables)
        self._models = models
        self._weights = weights
        self._ids = ids
        self._shares = shares

    @cached_property
    def _columns(self) -> list[tuple[Steps, list[int], list[float]]]:
        """For each model: its steps, its ids, and what its probabilities are multiplied by."""
        found = []
        rows = zip(self._models, self._weights, self._ids, self._shares, strict=True)
        for model, weight, own, share in rows:
            factors = weight * np.power(10.0, share)
            found.append((model.steps, own.tolist(), factors.tolist()))
        return found

    def start(self, words: Sequence[int]) -> MixedState:
        parts = [steps.start([own[word] for word in words]) for steps, own, _ in self._columns]
        return self._after(tuple(reversed(words)), parts)

    def step(self, state: State, word: int) -> Step:
        check_state(state, self)
        total = 0.0
        longest = 1
        parts = []
        for (steps, own, factors), part in zip(self._columns, self._parts(state), strict=True):
            score, length, after = steps.step(part, own[word])
            parts.append(after)
            total += factors[word] * 10.0**score
            longest = max(longest, length)

        score = math.log10(total) if total else -math.inf
        return Step(score, longest, self._after((word, *state._words), parts))

    def step_batch(self, states: States, words: Ids) -> tuple[Floats, States]:
        scores, after = super().step_batch(states, words)
        is_cut = np.arange(self.longest) >= self._kept(states, words)[:, None]
        newest = np.where(is_cut, NOTHING, after.words)
        return scores, States(self, newest, after.backoffs)

    def _kept(self, states: States, words: Ids) -> Longs:
        """How many words after these any of the models depends on. -> (B,)"""
        longest = np.zeros(len(words), np.int64)
        for model, own in zip(self._models, self._ids, strict=True):
            steps = model.steps
            before = np.where(states.words == NOTHING, NOTHING, own[states.words])
            history = before[:, : steps.longest]
            weights = np.zeros(history.shape, np.float32)  # which lengths do not depend on
            _, after = steps.step_batch(States(steps, history, weights), own[words])
            longest = np.maximum(longest, (after.words != NOTHING).sum(axis=1))
        return longest

    def score_all(self, state: State) -> Doubles:
        check_state(state, self)
        total = np.zeros(self.tables.size)
        rows = zip(self._columns, self._parts(state), self._ids, self._shares, strict=True)
        for weight, ((steps, _, _), part, own, share) in zip(self._weights, rows, strict=True):
            total += weight * np.power(10.0, steps.score_all(part)[own] + share)

        with np.errstate(divide="ignore"):
            found: Doubles = np.log10(total)
        found[BOS] = -np.inf
        return found

    def _after(self, newest: tuple[int, ...], parts: Sequence[State]) -> MixedState:
        longest = max(map(len, parts))
        return MixedState(self, newest[:longest], parts)

    def _parts(self, state: State) -> Sequence[State]:
        """The states of the models; anew from the words of a state that has come without them."""
        if isinstance(state, MixedState):
            return state.parts
        return self.start(tuple(reversed(state._words))).parts
