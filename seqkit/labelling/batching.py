"""Which texts share a batch: those of similar length, so that little of it is padding.

Shapes: N texts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

_POOL = 50  # batches whose texts are sorted by length together


def training_order(lengths: Ints, size: int, *, seed: int, epoch: int) -> list[Ints]:
    """The texts of an epoch in batches of `size` (the last may be smaller), by place in (N,).

    The texts are shuffled and sorted by length in pools of some batches, so that a batch has little
    padding and is still a different one in each epoch. A pure function of its arguments.
    """
    rng = np.random.default_rng((seed, epoch))
    shuffled = rng.permutation(len(lengths))

    batches: list[Ints] = []
    for start in range(0, len(shuffled), size * _POOL):
        pool = shuffled[start : start + size * _POOL]
        by_length = pool[np.argsort(lengths[pool], kind="stable")]
        batches += _cut(by_length, size)

    order = rng.permutation(len(batches))
    return [batches[place] for place in order]


def reading_order(lengths: Ints, size: int) -> list[Ints]:
    """All texts in batches of `size`, the shortest first; the same every time."""
    by_length = np.argsort(lengths, kind="stable")
    return _cut(by_length, size)


def _cut(order: Ints, size: int) -> list[Ints]:
    return [order[start : start + size] for start in range(0, len(order), size)]
