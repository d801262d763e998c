"""Batches that are searched at the same time, each in a thread of its own.

The compiled library leaves Python to other threads while it computes, which is nine tenths of a
beam search: two threads take little more than half of the time of one. Dividing the rows of each
step among them, as `nn.parallel` does, brings less: all of them wait for the step's Python.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, as_completed, wait
from functools import partial
from threading import Event
from typing import TypeVar

from ..nn.parallel import begin
from ..wanted import while_wanted

BatchT = TypeVar("BatchT")
ResultT = TypeVar("ResultT")


def side_by_side(
    search: Callable[[BatchT], ResultT], batches: Sequence[BatchT], threads: int
) -> list[ResultT]:
    """What is found for each batch, in order, by so many threads.

    Those who call it at the same time take turns, batch by batch. What one batch raises is raised
    here, and the others stop at their next step; so they do if this thread is interrupted.
    """
    at_once = min(threads, len(batches))
    if at_once < 2:
        return [search(batch) for batch in batches]

    is_over = Event()

    def search_on(batch: BatchT) -> ResultT:
        with while_wanted(lambda: not is_over.is_set()):
            return search(batch)

    begun: list[Future[ResultT]] = []
    running: set[Future[ResultT]] = set()
    try:
        for batch in batches:
            if len(running) == at_once:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for one in done:
                    one.result()  # which raises what it has met
            begun.append(begin(partial(search_on, batch)))
            running.add(begun[-1])
        for one in as_completed(running):
            one.result()
    finally:
        is_over.set()
        wait([one for one in begun if not one.cancel()])
    return [one.result() for one in begun]
