"""Batches that are searched at the same time, each in a thread of its own.

The compiled library leaves Python to other threads while it computes, which is nine tenths of a
beam search: two threads take little more than half of the time of one. Dividing the rows of each
step among them, as `nn.parallel` does, brings less: all of them wait for the step's Python.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from threading import Event
from typing import TypeVar

from ..nn.parallel import started
from ..wanted import while_wanted

BatchT = TypeVar("BatchT")
ResultT = TypeVar("ResultT")


def side_by_side(
    search: Callable[[BatchT], ResultT], batches: Sequence[BatchT], threads: int
) -> list[ResultT]:
    """What is found for each batch, in order, by so many threads.

    What one of them raises is raised here, and the others stop at their next step; so they do if
    this thread is interrupted.
    """
    count = min(threads, len(batches))
    if count < 2:
        return [search(batch) for batch in batches]

    left = deque(enumerate(batches))
    found: dict[int, ResultT] = {}
    is_over = Event()

    def work() -> None:
        with while_wanted(lambda: not is_over.is_set()):
            while left:
                try:
                    number, batch = left.popleft()
                except IndexError:  # another thread was faster
                    return
                found[number] = search(batch)

    helpers: list[Future[None]] = []
    try:
        helpers.extend(started(work, count))
        if not helpers:
            work()
        done, _ = wait(helpers, return_when=FIRST_EXCEPTION)
        for helper in done:
            helper.result()  # which raises what it has met
    finally:
        is_over.set()
        left.clear()
        wait([helper for helper in helpers if not helper.cancel()])
    return [found[number] for number in range(len(batches))]
