"""Looking n-grams up on a GPU, through torch. The numbers are those of the CPU."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..errors import ConfigError
from .sorting import Longs
from .tables import Grams


class DeviceLookup:
    """Keeps the keys of n-grams on a device, and searches them there."""

    def __init__(self, grams: Sequence[Grams], device: str) -> None:
        """`device` as torch names it: "cuda", "cuda:1", "mps", "cpu"."""
        try:
            self.device = torch.device(device)
            self._keys: list[Tensor] = [
                torch.tensor(level.keys, device=self.device) for level in grams
            ]
        except (RuntimeError, AssertionError) as error:
            first = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ConfigError(f"device {device!r} cannot be used: {first}") from None

    def find(self, k: int, keys: Longs) -> Longs:
        """The index of each key among the k-grams, or -1. (n,) -> (n,)"""
        table = self._keys[k - 1]
        if not len(table):
            return np.full(len(keys), -1, np.int64)

        queries = torch.from_numpy(keys).to(self.device)
        at = torch.searchsorted(table, queries).clamp_(max=len(table) - 1)
        found: Longs = torch.where(table[at] == queries, at, -1).cpu().numpy()
        return found
