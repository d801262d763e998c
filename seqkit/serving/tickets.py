"""A request in the queue of a model: its items, their results, and whoever waits for them."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Any

from ..services import Pieces, Work
from ..wanted import while_wanted
from .errors import where

LOG = logging.getLogger("seqkit.serving")


class Ticket:
    """A request that waits for its answer, or gets it piece by piece."""

    def __init__(self, work: Work | Pieces, loop: asyncio.AbstractEventLoop) -> None:
        self.work = work
        self.results: list[Any] = []  # of pieces: those so far
        self.ready = 0  # how many of the first results are there
        self.answer: Any = None
        self.error: Exception | None = None
        self.is_done = False
        self.is_gone = False
        self._loop = loop
        self._changed = asyncio.Event()
        self.waiting: deque[int] = deque()  # items that no batch has taken yet
        self._missing = 0
        if isinstance(work, Work):
            _check(work)
            self.results = [_MISSING] * len(work.items)
            self.waiting.extend(range(len(work.items)))
            self._missing = len(work.items)

    # In the loop of the server

    async def wait(self) -> Any:
        """The answer; raises what went wrong."""
        while not self.is_done:
            await self.change()
        if self.error is not None:
            raise self.error
        return self.answer

    async def change(self) -> None:
        """Return once there are more results, or the end."""
        await self._changed.wait()
        self._changed.clear()

    def leave(self) -> None:
        """The client has gone: what waits is dropped."""
        self.is_gone = True

    # In a thread of the model

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Of the server, where `changed` is to be called."""
        return self._loop

    @property
    def cost(self) -> int:
        """Tokens that are still waiting."""
        if isinstance(self.work, Pieces):
            return self.work.cost
        return sum(self.work.costs[i] for i in self.waiting)

    def put(self, index: int, result: Any) -> None:
        """The result of an item."""
        self.results[index] = result
        self._missing -= 1
        while self.ready < len(self.results) and self.results[self.ready] is not _MISSING:
            self.ready += 1

    @property
    def is_over(self) -> bool:
        return self.is_gone or self.is_done

    @property
    def is_complete(self) -> bool:
        """Whether all results are there, and no answer yet."""
        return not self._missing and not self.is_done

    def finish(self) -> None:
        """Make the answer of all results, which are `ready`: who reads `is_done` counts on that."""
        try:
            with while_wanted(lambda: not self.is_gone):
                self.answer = self.work.answer(self.results)
        except Exception as error:
            self.error = error
        self.is_done = True

    def put_away(self) -> None:
        """End what would compute more pieces."""
        if not isinstance(self.work, Pieces):
            return
        try:
            self.work.pieces.close()
        except Exception as error:  # nobody is left to be told
            LOG.error("a request did not end well: %s", where(error))

    def fail(self, error: Exception) -> None:
        self.error = error
        self.is_done = True

    def changed(self) -> None:
        """In the loop of the server: wake whoever waits."""
        self._changed.set()


def _check(work: Work) -> None:
    """What would break a batch, and with it the requests of others, breaks this one alone."""
    hash(work.kind)
    if len(work.costs) != len(work.items):
        raise ValueError(f"{len(work.items)} items have {len(work.costs)} costs")


class _Missing:
    """The place of a result that is not there yet."""


_MISSING = _Missing()
