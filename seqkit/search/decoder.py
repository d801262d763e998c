"""The three functions through which search talks to a model, and what it returns.

Shapes: B sentences, S source positions, R rows (hypotheses), V vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Protocol, TypeVar

import torch
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


class Normalize(NamedTuple):
    """How a score is made of a log probability, so that outputs of different lengths compare."""

    alpha: float = 1.0  # 0: not at all
    kind: Literal["length", "gnmt"] = "length"

    def __call__(self, log_probability: float, length: int) -> float:
        """Nats and tokens, `<eos>` included -> score.

        "length" divides by length ** alpha, which at 1 is the average log probability; "gnmt" by
        ((5 + length) / 6) ** alpha (Wu et al. 2016, arXiv:1609.08144, equation 14).
        """
        divisor: float = ((5 + length) / 6 if self.kind == "gnmt" else length) ** self.alpha
        return log_probability / divisor


AVERAGE, PLAIN = Normalize(), Normalize(0.0)


class Hypothesis(NamedTuple):
    ids: list[int]  # without <bos> and <eos>
    log_probability: float  # nats: the plain sum over all tokens, <eos> included
    score: float  # what hypotheses are ranked by

    @classmethod
    def of(cls, ids: list[int], log_probability: float, normalize: Normalize) -> Hypothesis:
        return cls(ids, log_probability, normalize(log_probability, len(ids) + 1))


class Ensemble:
    """Several models with the same vocabularies as one: the mean of their probabilities. Follows `StepDecoder`."""

    def __init__(self, models: Sequence[StepDecoder[Any]]) -> None:
        self.models = list(models)

    def start(self, source: Tensor) -> list[Any]:
        return [model.start(source) for model in self.models]

    def step(self, ids: Tensor, state: list[Any]) -> tuple[Tensor, list[Any]]:
        steps = [model.step(ids, part) for model, part in zip(self.models, state, strict=True)]
        logs = torch.stack([logits.float().log_softmax(-1) for logits, _ in steps])
        return logs.logsumexp(0) - math.log(len(steps)), [after for _, after in steps]

    def select(self, state: list[Any], rows: Tensor) -> list[Any]:
        return [model.select(part, rows) for model, part in zip(self.models, state, strict=True)]
