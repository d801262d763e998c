"""Slots for keys and values that the rows of a search share.

Shapes: R rows, t positions so far, W numbers in a slot.
"""

from __future__ import annotations

from threading import Lock

import torch
from torch import Tensor

_STEPS = 8  # of each row, that there is room for at least
_LEAST_ROOM = 64  # slots
_RESERVING = Lock()


class Store:
    """Each slot is written once."""

    def __init__(self, pool: Tensor, taken: int) -> None:
        self.pool = pool  # (layers, slots, W)
        self.taken = taken

    def reserve(self, rows: int) -> int | None:
        """The first of so many new slots; None if there is no room for them."""
        with _RESERVING:  # two threads may go on from one state
            slot = self.taken
            if slot + rows > self.pool.size(1):
                return None
            self.taken += rows
            return slot

    def moved(self, paths: Tensor, rows: int) -> tuple[Store, Tensor, int]:
        """Another store with the slots of `paths` (R, t) only, and with `rows` new ones taken.

        -> the store, the paths in it (R, t), the first of the new slots
        """
        layers, _, width = self.pool.shape
        used, renamed = paths.unique(return_inverse=True)
        taken = len(used)
        room = max(_STEPS * len(paths), taken, _LEAST_ROOM)
        larger = self.pool.new_empty(layers, taken + rows + room, width)
        for before, after in zip(self.pool, larger, strict=True):
            torch.index_select(before, 0, used, out=after[:taken])
        return Store(larger, taken + rows), renamed.to(torch.int32), taken
