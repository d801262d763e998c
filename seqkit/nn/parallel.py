"""Calls of the compiled library in several threads: it leaves Python to others meanwhile."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from contextvars import copy_context
from functools import cache
from itertools import pairwise
from threading import Barrier
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
    """What a function makes of each part, all at the same time.

    This thread takes parts, too: all of them if no other has time. It never leaves before the
    others are done, since what they write to is freed then.
    """
    if len(parts) == 1:
        return [function(*parts[0])]

    left = deque(enumerate(parts))
    made: dict[int, ResultT] = {}

    def work() -> None:
        while True:
            try:
                number, part = left.popleft()
            except IndexError:
                return
            made[number] = function(*part)

    begun: list[Future[None]] = []
    try:
        begun.extend(begin(work) for _ in parts[1:])
        work()
    finally:
        left.clear()
        begun = [helper for helper in begun if not helper.cancel()]
        wait(begun)
    for helper in begun:
        helper.result()  # which raises what it has met
    return [made[number] for number in range(len(parts))]


def begin(work: Callable[[], ResultT]) -> Future[ResultT]:
    """In another thread; done in this one if no other can be had: there are none at exit."""
    with suppress(RuntimeError):
        return helpers().submit(copy_context().run, work)

    here: Future[ResultT] = Future()
    here.set_result(work())
    return here


@cache
def helpers() -> ThreadPoolExecutor:
    """The threads of the process: as many as the machine can run, however much there is to do.

    Torch computes with one thread in each, so that what they call is not divided once more. Raises
    RuntimeError where threads can no longer be had.
    """
    count = os.cpu_count() or 1
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(count, "seqkit-layers")
    all_here = Barrier(count)

    def compute_alone() -> None:
        all_here.wait()  # or one thread would take the place of several
        torch.get_num_threads()  # torch gives a thread its number when it is first asked
        torch.set_num_threads(1)  # here, and in threads that torch does not know yet

    try:
        begun = [pool.submit(compute_alone) for _ in range(count)]
    except RuntimeError:
        all_here.abort()
        raise
    wait(begun)
    torch.set_num_threads(threads)
    return pool


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=helpers.cache_clear)  # which has none of them
