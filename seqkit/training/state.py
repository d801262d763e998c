"""What the training loop remembers between updates, apart from tensors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .task import Goal

_OLD_NAMES = {"stale": "evaluations_since_best", "drops": "evaluations_without_improvement"}


@dataclass
class State:
    """The loop's counters; a checkpoint holds them as plain data."""

    step: int = 0  # updates done
    epoch: int = 0
    batch: int = 0  # batches of this epoch already used, over all processes
    best: float | None = None
    best_loss: float | None = None  # of the best, where the task tells its loss
    evaluations_since_best: int = 0
    evaluations_without_improvement: int = 0  # in all
    averaged_since: int = -1  # step of the first of them, for train.average = 1
    evaluated: int = -1  # step of the last evaluation
    seconds: float = 0.0  # of training, counted for train.minutes

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> State:
        """The state in a checkpoint, also of an earlier version; raises TypeError if it is none."""
        state = cls(**{_OLD_NAMES.get(name, name): value for name, value in dict(record).items()})
        if isinstance(state.best, float) and not math.isfinite(state.best):
            state.best = None  # an earlier version took any first figure for the best
        return state

    def record_evaluation(self, value: float, goal: Goal, loss: float | None = None) -> bool:
        """Record an evaluation; return whether it is the best so far.

        Of equally good ones it is that with the lowest `loss`: few validation examples give the
        same accuracy often. Patience, plateau decay and averaging go by what is recorded.
        """
        improved = goal.improves(value, self.best)
        if value == self.best and loss is not None and self.best_loss is not None:
            improved = loss < self.best_loss

        if improved:
            self.best = value
            self.best_loss = None if loss is None or not math.isfinite(loss) else loss
            self.evaluations_since_best = 0
        else:
            self.evaluations_since_best += 1
            self.evaluations_without_improvement += 1
            if self.averaged_since < 0:
                self.averaged_since = self.step

        self.evaluated = self.step
        return improved

    def next_epoch(self) -> None:
        self.epoch += 1
        self.batch = 0
