"""The model that is evaluated and kept: the one that is trained, or a mean of its weights.

With `train.shard`, a process holds its parts of the weights only, and of their mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ..config import TrainConfig
from .batch_norm import share_statistics
from .checkpoint import unique_tensors
from .divided import local, part_of, put
from .processes import Processes
from .snapshot import check_shape, under
from .state import State

if TYPE_CHECKING:
    from .sharding import Sharded


class Average:
    """The mean that `train.average` or `train.average_last` asks for, else `model` itself."""

    def __init__(self, model: nn.Module, config: TrainConfig) -> None:
        self.share = config.average
        self.last = config.average_last
        self.is_apart = bool(self.share or self.last)

        self.model = deepcopy(model).requires_grad_(False) if self.is_apart else model
        self._trained = model
        self._weights = _floats(unique_tensors(model))
        self._averages = _floats(unique_tensors(self.model))
        self._evaluated: list[dict[str, Tensor]] = []  # weights at evaluations, the oldest first
        self._sharded: Sharded | None = None

    def divide(self, sharded: Sharded) -> None:
        """Hold parts only from now on; `model` becomes the replica, which is mostly empty."""
        self._sharded = sharded
        own = {name: local(value) for name, value in sharded.tensors().items()}
        self._weights = _floats(own)

        averages = sharded.parts_of(self._averages) if self.is_apart else self._weights
        self._averages = averages
        self.model = sharded.replica
        sharded.empty()

    def filled(self) -> AbstractContextManager[None]:
        """The context in which `model` can be used; all processes enter it."""
        if self._sharded is None:
            return nullcontext()
        return self._sharded.filled(self._kept_parts())

    def weights(self, processes: Processes) -> dict[str, Tensor]:
        """The tensors of the averaged model by name, in the first process; all of them call it."""
        if self._sharded is None:
            return unique_tensors(self.model)

        kept: dict[str, Tensor] = {}
        for name, value in self._sharded.whole(self._kept_parts()):
            if processes.first:
                kept[name] = value.cpu()
        return kept

    def trained(self) -> dict[str, Tensor]:
        """The tensors of the model that is trained; with `train.shard`, divided ones."""
        if self._sharded is None:
            return unique_tensors(self._trained)
        return self._sharded.tensors()

    def restore_trained(self, tensors: Mapping[str, Tensor]) -> None:
        """Give `trained` its values; raises LookupError or ValueError for what does not fit."""
        for name, value in self.trained().items():
            check_shape(name, tensors[name], value)
            put(value, tensors[name])

    def _kept_parts(self) -> dict[str, Tensor]:
        """This process's parts of the averaged model."""
        return {name: local(value) for name, value in self.trained().items()} | self._averages

    def share_statistics(self, processes: Processes) -> None:
        """Give all processes the same running statistics of batch norm."""
        share_statistics(self._weights, processes)
        if self.is_apart:
            share_statistics(self._averages, processes)

    @torch.no_grad()
    def follow(self, state: State) -> None:
        """Take an update into a mean over updates."""
        if self.share:
            weights, averages = _values(self._weights), _values(self._averages)
            torch._foreach_lerp_(averages, weights, 1 - self._decay(state))

    def _decay(self, state: State) -> float:
        """The share of the averaged weights that this update keeps."""
        step = state.step
        since = state.averaged_since
        if self.share < 1:
            return min(self.share, (1 + step) / (10 + step))
        if since < 0:
            return 0.0
        return 1 - 1 / (step - since + 1)

    @torch.no_grad()
    def before_evaluation(self) -> list[dict[str, Tensor]]:
        """Make a mean over evaluations that of the last ones and the weights of now.

        Returns these, to be kept with `after_evaluation`.
        """
        if not self.last:
            return []
        now = {name: value.detach().cpu().clone() for name, value in self._weights.items()}
        kept = [*self._evaluated, now][-self.last :]

        for name, average in self._averages.items():
            total = torch.zeros_like(now[name], dtype=torch.float64)
            for weights in kept:
                total += weights[name]
            average.copy_(total / len(kept))
        return kept

    def after_evaluation(self, kept: list[dict[str, Tensor]]) -> None:
        """Keep what `before_evaluation` returned: the evaluation has come to its end."""
        self._evaluated = kept

    @torch.no_grad()
    def between_evaluations(self) -> None:
        """Make a mean over evaluations the weights of now: it will be saved before the next one."""
        if self.last:
            torch._foreach_copy_(_values(self._averages), _values(self._weights))

    def tensors(self) -> dict[str, Tensor]:
        """The weights at earlier evaluations, by a flat name: "0.WEIGHT", "1.WEIGHT", …"""
        flat: dict[str, Tensor] = {}
        for number, weights in enumerate(self._evaluated):
            put_together = weights.items()
            if self._sharded is not None:
                put_together = dict(self._sharded.whole(weights)).items()
            flat |= {f"{number}.{name}": value for name, value in put_together}
        return flat

    def restore(self, flat: Mapping[str, Tensor]) -> None:
        """Go back to what `tensors` returned; raises LookupError or ValueError if it is not."""
        count = len({name.partition(".")[0] for name in flat})
        restored = [under(str(number), flat) for number in range(count)]
        trained = _floats(self.trained())
        for weights in restored:
            for name, value in trained.items():
                check_shape(name, weights[name], value)
        if self._sharded is not None:
            restored = [
                {name: part_of(weights[name], value).cpu() for name, value in trained.items()}
                for weights in restored
            ]
        self._evaluated = restored


def _floats(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights and buffers that can be averaged."""
    return {name: value for name, value in tensors.items() if value.is_floating_point()}


def _values(tensors: Mapping[str, Tensor]) -> list[Tensor]:
    return list(tensors.values())
