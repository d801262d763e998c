"""The model that is evaluated and kept: the one that is trained, or a mean of its weights."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

import torch
from torch import Tensor, nn

from ..config import TrainConfig
from .checkpoint import unique_tensors
from .snapshot import check_shape, under
from .state import State


class Average:
    """The mean that `train.average` or `train.average_last` asks for, else `model` itself."""

    def __init__(self, model: nn.Module, config: TrainConfig) -> None:
        self.share = config.average
        self.last = config.average_last
        self.is_apart = bool(self.share or self.last)

        self.model = deepcopy(model).requires_grad_(False) if self.is_apart else model
        self._weights = _floats(model)
        self._averages = _floats(self.model)
        self._evaluated: list[dict[str, Tensor]] = []  # weights at evaluations, the oldest first

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
            flat |= {f"{number}.{name}": value for name, value in weights.items()}
        return flat

    def restore(self, flat: Mapping[str, Tensor]) -> None:
        """Go back to what `tensors` returned; raises LookupError or ValueError if it is not."""
        count = len({name.partition(".")[0] for name in flat})
        restored = [under(str(number), flat) for number in range(count)]
        for weights in restored:
            for name, value in self._weights.items():
                check_shape(name, weights[name], value)
        self._evaluated = restored


def _floats(model: nn.Module) -> dict[str, Tensor]:
    """The weights and buffers that can be averaged."""
    tensors = unique_tensors(model)
    return {name: value for name, value in tensors.items() if value.is_floating_point()}


def _values(tensors: Mapping[str, Tensor]) -> list[Tensor]:
    return list(tensors.values())
