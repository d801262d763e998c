"""The three functions through which search talks to a model.

Shapes: B sentences, S source positions, R rows (hypotheses), V vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

StateT = TypeVar("StateT")


class StepDecoder(Protocol[StateT]):
    """A model that can be searched.

    A state is anything: an LSTM's (h, c), a key/value cache.
    """

    def start(self, source: Tensor) -> StateT:
        """(B, S) ids -> the state before the first token, one row for each sentence"""

    def step(self, ids: Tensor, state: StateT) -> tuple[Tensor, StateT]:
        """(R,) last tokens -> logits (R, V) of the next ones, the state after the last ones"""

    def select(self, state: StateT, rows: Tensor) -> StateT:
        """The state of `rows` (R',), in that order; a row may be taken several times, or never."""


class Ensemble:
    """Several models with the same vocabularies as one `StepDecoder`.

    Its probabilities are the mean of theirs.
    """

    def __init__(self, models: Sequence[StepDecoder[Any]]) -> None:
        self.models = list(models)

    def __repr__(self) -> str:
        return f"Ensemble({len(self.models)} models)"

    def start(self, source: Tensor) -> list[Any]:
        """(B, S) ids -> the state of each model"""
        return [model.start(source) for model in self.models]

    def step(self, ids: Tensor, state: list[Any]) -> tuple[Tensor, list[Any]]:
        """(R,) last tokens -> log probabilities (R, V) of the next ones, the states after"""
        logp = []
        after = []
        for model, own_state in zip(self.models, state, strict=True):
            logits, own_after = model.step(ids, own_state)
            own_logp = logits.float().log_softmax(-1)
            logp.append(own_logp)
            after.append(own_after)

        total = torch.stack(logp).logsumexp(0)
        mean = total - math.log(len(self.models))
        return mean, after

    def select(self, state: list[Any], rows: Tensor) -> list[Any]:
        """The states of `rows` (R',)"""
        return [
            model.select(own_state, rows)
            for model, own_state in zip(self.models, state, strict=True)
        ]
