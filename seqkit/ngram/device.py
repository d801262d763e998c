"""Looking n-grams up on a GPU, through torch. The numbers are those of the CPU."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from ..errors import ConfigError
from .sorting import Longs
from .tables import Grams


class DeviceLookup:
    """Keeps the keys of n-grams on a device, and searches them there."""

    def __init__(self, grams: Sequence[Grams], device: str) -> None:
        """`device` as torch names it: "cuda", "cuda:1", "mps", "cpu"."""
        try:
            self.device = torch.device(device)
            keys = [level.keys for level in grams]
            self._tables = [torch.tensor(array, device=self.device) for array in keys]
        except (RuntimeError, AssertionError) as error:
            first_line, *_ = str(error).split("\n")
            problem = first_line or type(error).__name__
            raise ConfigError(f"device {device!r} cannot be used: {problem}") from None

    def find(self, k: int, keys: Longs, *, ordered: bool = False) -> Longs:
        """See `Lookup`; the order is no matter here."""
        table = self._tables[k - 1]
        if not len(table):
            return np.full(len(keys), -1, np.int64)

        on_host = torch.from_numpy(keys)
        queries = on_host.to(self.device)
        last = len(table) - 1
        index = torch.searchsorted(table, queries)
        index.clamp_(max=last)

        is_missing = table[index] != queries
        index[is_missing] = -1
        found: Longs = index.cpu().numpy()
        return found
