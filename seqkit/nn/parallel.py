"""Calls of the compiled library in several threads: it leaves Python to others meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import TypeVar

import torch

ResultT = TypeVar("ResultT")

# Rows from which a thread more is worth it: one takes 50 microseconds to begin, eight rows of a
# small network as long.
ROWS_OF_A_THREAD = 32


def parts_of(
    rows: int, borders: Sequence[int] | None = None, *, least: int = ROWS_OF_A_THREAD
) -> list[tuple[int, int]]:
    """Rows, each part from one to another, for as many threads as torch has and are worth it.

    Each has at least `least` rows, where there are as many, and ends at `borders` only (ascending,
    from 0 to `rows`), if there are any.
    """
    count = max(1, min(torch.get_num_threads(), rows // least))
    ends = [rows * number // count for number in range(count + 1)]
    if borders is not None and count > 1:
        ends = sorted({_nearest(borders, end) for end in ends})
    return list(pairwise(ends))


def _nearest(borders: Sequence[int], end: int) -> int:
    return min(borders, key=lambda border: abs(border - end))


def in_threads(
    function: Callable[[int, int], ResultT], parts: Sequence[tuple[int, int]]
) -> list[ResultT]:
    """What a function makes of each part, all at the same time; this thread does the first."""
    if len(parts) == 1:
        return [function(*parts[0])]
    waiting = [_threads(len(parts) - 1).submit(function, *part) for part in parts[1:]]
    first = function(*parts[0])
    return [first, *(each.result() for each in waiting)]


@cache
def _threads(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, "seqkit-layers")


os.register_at_fork(after_in_child=_threads.cache_clear)  # which has none of them
