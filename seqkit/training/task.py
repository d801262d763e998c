"""What the trainer needs to know about a problem, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from ..config import RunConfig


class Batch(Protocol):
    """A batch of training data."""

    @property
    def count(self) -> int:
        """How many targets its loss sums over."""

    def to(self, device: torch.device) -> Any:
        """The same batch on that device, as `Task.step` takes it."""


class Step(NamedTuple):
    loss: Tensor  # SUM over batch.count targets, never a mean
    carry: Any = None  # handed back with the next batch: a recurrent state, or None
    sums: Mapping[str, Tensor] = MappingProxyType({})  # totalled for the metrics: {"nll": …}


@dataclass
class Totals:
    """Sums over the batches of an evaluation."""

    loss: float = 0.0
    count: int = 0
    sums: dict[str, float] = field(default_factory=dict)

    @property
    def mean_loss(self) -> float:
        """The loss per target; nan without targets."""
        return self.loss / self.count if self.count else math.nan

    def add(self, step: Step, count: int) -> None:
        """Add what a batch of `count` targets gave."""
        self.loss += float(step.loss)
        self.count += count
        for name, value in step.sums.items():
            self.sums[name] = self.sums.get(name, 0.0) + float(value)


def sum_of(parts: Iterable[Mapping[str, Any]]) -> Totals:
    """The totals of several processes, each as plain data, in their order."""
    first, *others = (Totals(**part) for part in parts)
    for other in others:
        first.loss += other.loss
        first.count += other.count
        for name, value in other.sums.items():
            first.sums[name] = first.sums.get(name, 0.0) + value
    return first


class Goal(NamedTuple):
    """The metric that decides which checkpoint is best."""

    metric: str
    better: Literal["lower", "higher"]

    def improves(self, new: float, old: float | None) -> bool:
        """Whether `new` is better than `old`, the best so far or None.

        Any number is better than None; nan and infinity are no improvement.
        """
        if not math.isfinite(new):
            return False
        if old is None:
            return True
        return new < old if self.better == "lower" else new > old


class HasDigests(Protocol):
    """A task that knows its data by content: its files may move, and nothing in them may change.

    Of other tasks, the numbers in `describe` are compared when a run is resumed.
    """

    def digests(self) -> Mapping[str, str]:
        """A digest of each source of its data by a name, such as {"training text": "9f…"}.

        Of what is read and kept, in order, by `seqkit.data.digest`; must cost little.
        """


class PreparesModel(Protocol):
    """A task that fills in a part of a new model before it is trained."""

    def prepare(self, model: nn.Module) -> None:
        """Change the weights of a model that was just made, such as to pretrained vectors.

        Not called for a model that starts from a checkpoint.
        """


class StartsFromOtherTask(Protocol):
    """How models of a task start from the weights of a model for another one (`--init`).

    A task says so in a class attribute `starts_from`: {"language-modelling": …}. Its constructor is
    then given the step folder of that model, too.
    """

    def settings(self, trained: Mapping[str, Any], name: str | None) -> dict[str, Any]:
        """What the weights decide of [model], `name` among it.

        `trained` is the complete [model] of the weights. `name` is that of the model that is to be
        trained, None if the recipe leaves it open. Raises `ConfigError`, which is prefixed by where
        the weights are, if the two do not fit together.
        """

    def fill(self, model: nn.Module, folder: Path) -> list[str]:
        """Fill a new model from the step folder; returns what a person should know of it."""


class Task(Protocol):
    """A problem: its data as batches, its loss, its metrics. Registered under `task`.

    Made as `Task(config, folder)`: with a checkpoint's `folder`, tokenizers and the like come from
    there instead of being learned from the training data.
    """

    sections: ClassVar[Mapping[str, type]]
    """Its config sections by name, each a dataclass: {"data": …, "text": …}.

    Any name but model, optim and train.
    """

    contract: ClassVar[type]
    """The Protocol that its models follow; checked when a model is made (training.contract)."""

    goal: Goal

    def __init__(self, config: RunConfig, folder: Path | None = None) -> None: ...

    @classmethod
    def own_data(cls, train: Sequence[Path], valid: Sequence[Path] = ()) -> dict[str, Any]:
        """Overrides of a recipe that put a user's files in place of its corpus.

        For example {"data.train": […]}. Raises `ConfigError` for a number of files that it cannot
        train on.
        """

    def describe(self) -> list[str]:
        """What a person should know about the data before training.

        A line each: sizes, what was skipped, unknown words.
        """

    def dims(self) -> dict[str, int]:
        """The sizes of the model that follow from the data: vocabulary sizes, classes."""

    def train_batches(self, epoch: int, *, start: int, rank: int, world: int) -> Iterable[Batch]:
        """Batches start + rank, start + rank + world, … of the epoch.

        Of the `train.accumulate * world` batches of an update, a process may get others, as many.
        A pure function of its arguments: resuming depends on it.
        """

    def valid_batches(self, *, rank: int = 0, world: int = 1) -> Iterable[Batch]:
        """The validation data, the same every time: batches rank, rank + world, … of it.

        A task whose evaluation carries a state from batch to batch gives all to the first process,
        and so does the trainer for one that does not take these arguments.
        """

    def step(self, model: nn.Module, batch: Any, carry: Any) -> Step:
        """The loss of `batch`; `carry` is that of the step before, or None."""

    def metrics(self, model: nn.Module, totals: Totals) -> dict[str, float]:
        """Named figures from the totals over `valid_batches`; `model` is in evaluation mode.

        Of checkpoints with equal figures of the goal, that with the lowest "loss" is best.
        """

    def save(self, folder: Path) -> None:
        """Write what a model needs to be used without the data: tokenizers, class names."""

    @classmethod
    def open(cls, model: nn.Module, folder: Path, config: RunConfig) -> Any:
        """The `Predictor` (runs.predictor) of a trained `model` and of what `save` wrote."""
