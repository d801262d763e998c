"""What else an update changes than weights and optimizer, to go back to after one that failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn


class Moment:
    """The random generators, the carried state and the buffers of a model after a whole update."""

    def __init__(self, model: nn.Module, device: torch.device) -> None:
        self._device = device
        self._buffers = list(model.buffers())
        self._kept = [buffer.clone() for buffer in self._buffers]
        self._carry: Any = None
        self._random: dict[str, Tensor] = {}
        self.mark(None)

    def mark(self, carry: Any) -> None:
        """Make it the moment to go back to."""
        self._carry = carry
        self._random = generators(self._device)
        if self._buffers:
            torch._foreach_copy_(self._kept, self._buffers)

    def rewind(self) -> Any:
        """Go back to the last `mark`, and return its carry."""
        set_generators(self._random, self._device)
        if self._buffers:
            torch._foreach_copy_(self._buffers, self._kept)
        return self._carry


def generators(device: torch.device) -> dict[str, Tensor]:
    """The states of the random generators that training draws from, by name."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    if device.type == "mps":
        states["mps"] = torch.mps.get_rng_state()
    return states


def set_generators(states: Mapping[str, Tensor], device: torch.device) -> None:
    """Give the generators the states that `generators` returned; raises LookupError for others."""
    torch.set_rng_state(states["cpu"])
    if "cuda" in states and device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)
    if "mps" in states and device.type == "mps":
        torch.mps.set_rng_state(states["mps"])
