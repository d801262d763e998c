"""The three functions through which search talks to a model, and what it returns.

Shapes: B sentences, S source positions, R rows (hypotheses), V vocabulary.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, TypeVar

from torch import Tensor

StateT = TypeVar("StateT")


class StepDecoder(Protocol[StateT]):
    """A model that can be searched. A state is anything: an LSTM's (h, c), keys, a key/value cache."""

    def start(self, source: Tensor) -> StateT:
        """(B, S) ids -> the state before the first token, one row a sentence."""

    def step(self, ids: Tensor, state: StateT) -> tuple[Tensor, StateT]:
        """(R,) last tokens -> logits (R, V) of the next ones, the state after the last ones."""

    def select(self, state: StateT, rows: Tensor) -> StateT:
        """The state of rows `rows` (R',), in that order; a row may be taken several times, or not at all."""


class Hypothesis(NamedTuple):
    ids: list[int]  # without <bos> and <eos>
    log_probability: float  # nats: the plain sum over all tokens, <eos> included
    score: float  # what hypotheses are ranked by: log_probability / length ** length_penalty

    @classmethod
    def of(cls, ids: list[int], log_probability: float, length_penalty: float) -> Hypothesis:
        """Score by length normalisation; the length counts `<eos>`."""
        return cls(ids, log_probability, log_probability / (len(ids) + 1) ** length_penalty)
