"""Loss scaling for fp16 (Micikevicius et al. 2018, arXiv:1710.03740, section 3.2)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

_FIRST = 2.0**16
_LARGEST = 2.0**24
_UPDATES = 2000  # without an overflow before the scale is doubled


class LossScale:
    """What losses are multiplied by, so that small gradients are not zero in fp16."""

    def __init__(self, *, on: bool) -> None:
        self._on = on
        self._updates = 0  # since the scale was changed
        self.value = _FIRST if on else 1.0

    def lower(self) -> bool:
        """Halve it after an overflow; False if that has been done as often as makes sense."""
        if not self._on or self.value <= 1:
            return False
        self.value /= 2
        self._updates = 0
        return True

    def advance(self) -> None:
        """Count an update without overflow; after many of them, try a scale twice as large."""
        if not self._on:
            return
        self._updates += 1
        if self._updates >= _UPDATES:
            self.value = min(2 * self.value, _LARGEST)
            self._updates = 0

    def tensors(self) -> dict[str, Tensor]:
        """Scale and count, for a checkpoint."""
        if not self._on:
            return {}
        state = [self.value, self._updates]
        return {"state": torch.tensor(state, dtype=torch.float64)}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Go back to what `tensors` returned; a run may change its precision on the way."""
        if self._on and "state" in tensors:
            value, updates = tensors["state"].tolist()
            self.value = value
            self._updates = int(updates)
