"""The batches of an update, dealt out to processes that train together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .batching import AnyInts

_TARGET = 2  # decoder layers attend twice, and a target token is one of the vocabulary


def costs_of(batches: Sequence[AnyInts], sources: AnyInts, targets: AnyInts) -> AnyInts:
    """About what each batch of pairs costs, in padded source tokens; never 0.

    `sources` and `targets` are the lengths of all pairs.
    """
    sizes = np.array([len(batch) for batch in batches], dtype=np.int64)
    if not len(sizes):
        return sizes

    every = np.concatenate(batches)
    starts = np.cumsum(sizes) - sizes
    longest_source = np.maximum.reduceat(sources[every], starts)
    longest_target = np.maximum.reduceat(targets[every], starts)
    return sizes * (longest_source + _TARGET * longest_target.astype(np.int64))


def dealt(costs: AnyInts, *, start: int, rank: int, world: int, each: int) -> list[int]:
    """The places of this process's batches from `start` on, `each` of them an update.

    An update has the same `each * world` batches in a row however many processes there are, but the
    processes wait for the one with the most work: the dearest batches are dealt out first, each to
    the process that has least so far (Graham 1969, "Bounds on multiprocessing timing anomalies").
    All get as many as if they took turns.
    """
    mine: list[int] = []
    for first in range(start, len(costs), each * world):
        of_update = costs[first : first + each * world]
        mine.extend(first + place for place in _share(of_update, rank, world))
    return mine


def _share(costs: AnyInts, rank: int, world: int) -> list[int]:
    room = [len(range(other, len(costs), world)) for other in range(world)]
    work = [0] * world
    mine = []
    for place in np.argsort(-costs, kind="stable").tolist():
        least = min((other for other in range(world) if room[other]), key=work.__getitem__)
        room[least] -= 1
        work[least] += int(costs[place])
        if least == rank:
            mine.append(place)
    return sorted(mine)
