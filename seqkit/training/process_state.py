"""What each process has of its own: random generators, a carried state, running statistics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from .batch_norm import statistics
from .divided import put
from .moment import generators, set_generators
from .processes import Processes
from .snapshot import flatten, under, unflatten


class ProcessState:
    """That of this process, kept in a checkpoint with those of all others.

    The tensors of the first are under their names, those of the second under "rank1", and so on.
    """

    def __init__(self, processes: Processes, device: torch.device, seed: int) -> None:
        self._processes = processes
        self._device = device
        self._seed = seed

    def __repr__(self) -> str:
        return f"<ProcessState: {self._processes.rank} of {self._processes.world}>"

    def seed(self, step: int) -> None:
        """Give every process random numbers of its own; the first keeps those it has."""
        if self._processes.rank:
            torch.manual_seed(hash((self._seed, self._processes.rank, step)))

    def tensors(self, carry: Any, trained: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Those of all processes; `trained` are the weights and buffers of the model."""
        own = {f"rng.{name}": state for name, state in generators(self._device).items()}
        own |= {f"carry.{name}": value for name, value in flatten(carry).items()}
        if self._processes.world > 1:
            counted = statistics(trained)
            own |= {f"statistics.{name}": value for name, value in counted.items()}

        flat, *others = self._processes.gather(own)
        for rank, of_rank in enumerate(others, 1):
            flat |= {f"rank{rank}.{name}": value for name, value in of_rank.items()}
        return flat

    def restore(
        self, tensors: Mapping[str, Tensor], trained: Mapping[str, Tensor], *, step: int
    ) -> Any:
        """Go back to where `tensors` were taken, at `step`, and return the carried state.

        If another number of processes trained before, the carried states do not fit the new shares
        of the data, and begin anew as None; processes that were not there before are seeded.
        """
        own = tensors
        if not self._processes.first:
            own = under(f"rank{self._processes.rank}", tensors)

        for name, value in under("statistics", own).items():
            put(trained[name], value)

        if own or self._processes.first:
            set_generators(under("rng", own), self._device)
        else:
            self.seed(step)

        ranks = {name.partition(".")[0] for name in tensors if name.startswith("rank")}
        if len(ranks) + 1 != self._processes.world:
            return None
        carried = under("carry", own)
        return unflatten({path: value.to(self._device) for path, value in carried.items()})
