"""The requests of all clients, computed together.

Each model has a `Batcher`: a queue of tickets, one for each request, and as many threads as the
model computes batches at once. A batch is filled by turns, one item of each waiting request, with
items of the same kind and of similar length: so a long text does not hold up a short one, nor a
long sentence those that would be padded to it.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..services import Pieces, Work
from .errors import Overloaded, Stopping

LINGER = 0.003  # seconds that a batch with room waits for more
SLICE = 0.05  # seconds that pieces of one request are computed before others have their turn
_SIMILAR = 2.0  # how many times as long as each other the items of a batch may be
_LOOK = 32  # waiting items of a request among which one that fits is looked for


@dataclass(frozen=True)
class Bounds:
    """What may wait for one model."""

    requests: int = 1000
    tokens: int = 400_000


class Ticket:
    """A request that waits for its answer, or gets it piece by piece."""

    def __init__(self, work: Work | Pieces, loop: asyncio.AbstractEventLoop) -> None:
        self.work = work
        self.results: list[Any] = []  # of pieces: those so far
        self.ready = 0  # how many of the first results are there
        self.answer: Any = None
        self.error: BaseException | None = None
        self.is_done = False
        self.is_gone = False
        self._loop = loop
        self._changed = asyncio.Event()
        self.waiting: deque[int] = deque()  # items that no batch has taken yet
        self._missing = 0
        if isinstance(work, Work):
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
        """Make the answer of all results."""
        try:
            self.answer = self.work.answer(self.results)
        except Exception as error:
            self.error = error
        self.is_done = True

    def put_away(self) -> None:
        """End what would compute more pieces."""
        if isinstance(self.work, Pieces):
            self.work.pieces.close()

    def fail(self, error: BaseException) -> None:
        self.error = error
        self.is_done = True

    def changed(self) -> None:
        """In the loop of the server: wake whoever waits."""
        self._changed.set()


class _Missing:
    """The place of a result that is not there yet."""


_MISSING = _Missing()


class _Taken(NamedTuple):
    ticket: Ticket
    number: int  # of its item


Observer = Callable[[int, int, float], None]
"""(items, tokens, seconds) of a batch."""


class Batcher:
    """Computes the requests for one model; `submit` and `Ticket.wait` are for one event loop."""

    def __init__(
        self,
        *,
        threads: int = 1,
        batch_tokens: int = 1500,
        bounds: Bounds | None = None,
        observe: Observer | None = None,
        name: str = "model",
    ) -> None:
        self.bounds = bounds or Bounds()
        self._batch_tokens = batch_tokens
        self._observe = observe
        self._queue: deque[Ticket] = deque()
        self._queued_tokens = 0
        self._changed = threading.Condition()
        self._is_closed = False
        self._rate = 0.0  # tokens a second, of late
        self._threads = [
            threading.Thread(target=self._run, name=f"seqkit {name} {i}", daemon=True)
            for i in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, work: Work | Pieces) -> Ticket:
        """Queue a request; raises `Overloaded` if too much is waiting, `Stopping` once closed."""
        ticket = Ticket(work, asyncio.get_running_loop())
        if isinstance(work, Work) and not work.items:
            ticket.finish()
            ticket.changed()
            return ticket

        cost = ticket.cost
        with self._changed:
            if self._is_closed:
                raise Stopping
            self._check_room(cost)
            self._queue.append(ticket)
            self._queued_tokens += cost
            self._changed.notify()
        return ticket

    @property
    def queued(self) -> tuple[int, int]:
        """How many requests are waiting, and how many tokens."""
        with self._changed:
            return len(self._queue), self._queued_tokens

    def close(self) -> None:
        """Answer what is queued, take no more, and end the threads."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _check_room(self, cost: int) -> None:
        self._drop_gone()
        is_full = len(self._queue) >= self.bounds.requests
        is_long = self._queue and self._queued_tokens + cost > self.bounds.tokens
        if is_full or is_long:
            seconds = self._queued_tokens / self._rate if self._rate else 1.0
            raise Overloaded(seconds=min(60, max(1, math.ceil(seconds))))

    # In the threads

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._queue and not self._is_closed:
                    self._changed.wait()
                if not self._queue:
                    return
                self._linger()
                batch = self._pick()
            if isinstance(batch, Ticket):
                self._compute_pieces(batch)
            elif batch:
                self._compute(batch)

    def _linger(self) -> None:
        """Wait a moment for more, while a batch has room."""
        until = time.monotonic() + LINGER
        while self._queued_tokens < self._batch_tokens and not self._is_closed:
            left = until - time.monotonic()
            if left <= 0:
                return
            self._changed.wait(left)

    def _drop_gone(self) -> None:
        """Forget requests whose clients have left, or that have failed."""
        over = [ticket for ticket in self._queue if ticket.is_over]
        for ticket in over:
            ticket.put_away()
        if over:
            self._queue = deque(ticket for ticket in self._queue if not ticket.is_over)
            self._queued_tokens = sum(ticket.cost for ticket in self._queue)

    def _pick(self) -> list[_Taken] | Ticket:
        """The next batch: the first request's next item, and those that go with it, by turns."""
        self._drop_gone()
        if not self._queue:
            return []
        first = self._queue[0]
        if isinstance(first.work, Pieces):
            self._queue.popleft()
            self._queued_tokens -= first.cost
            return first

        like = _Like(first.work.kind, first.work.costs[first.waiting[0]], self._batch_tokens)
        batch: list[_Taken] = []
        turn = list(self._queue)
        while turn:
            turn = [ticket for ticket in turn if self._take(ticket, like, batch)]

        taken = {id(one.ticket) for one in batch}
        before = [ticket for ticket in self._queue if id(ticket) not in taken]
        after = [ticket for ticket in self._queue if id(ticket) in taken and ticket.waiting]
        self._queue = deque([*before, *after])
        return batch

    def _take(self, ticket: Ticket, like: _Like, batch: list[_Taken]) -> bool:
        """Add an item of a request to a batch, if one fits."""
        work = ticket.work
        if not isinstance(work, Work) or work.kind != like.kind:
            return False
        for place, index in enumerate(ticket.waiting):
            if place == _LOOK:
                return False
            if like.takes(work.costs[index]):
                del ticket.waiting[place]
                self._queued_tokens -= work.costs[index]
                batch.append(_Taken(ticket, index))
                return True
        return False

    def _compute(self, batch: Sequence[_Taken]) -> None:
        """Compute a batch and hand out its results."""
        began = time.monotonic()
        tickets = list({id(one.ticket): one.ticket for one in batch}.values())
        try:
            results = _results(batch)
        except Exception as error:
            if len(tickets) > 1:  # each by itself: what is wrong with one request is not others'
                for ticket in tickets:
                    self._compute([one for one in batch if one.ticket is ticket])
                return
            tickets[0].fail(error)
        else:
            with self._changed:  # other threads may have other items of the same request
                for one, result in zip(batch, results, strict=True):
                    one.ticket.put(one.number, result)
                complete = [ticket for ticket in tickets if ticket.is_complete]
            for ticket in complete:
                ticket.finish()

        tokens = sum(_work(one).costs[one.number] for one in batch)
        self._measure(len(batch), tokens, time.monotonic() - began)
        self._wake(tickets)

    def _compute_pieces(self, ticket: Ticket) -> None:
        """Compute pieces of a request for a while; then others have their turn."""
        work = ticket.work
        assert isinstance(work, Pieces)
        until = time.monotonic() + SLICE
        try:
            while time.monotonic() < until and not ticket.is_gone:
                ticket.results.append(next(work.pieces))
        except StopIteration:
            ticket.finish()
        except Exception as error:
            ticket.fail(error)

        ticket.ready = len(ticket.results)
        self._wake([ticket])
        if ticket.is_over:
            ticket.put_away()
        else:
            with self._changed:
                self._queue.append(ticket)
                self._queued_tokens += ticket.cost
                self._changed.notify()

    def _measure(self, items: int, tokens: int, seconds: float) -> None:
        rate = tokens / max(seconds, 1e-6) * len(self._threads)
        self._rate = 0.8 * self._rate + 0.2 * rate if self._rate else rate
        if self._observe is not None:
            self._observe(items, tokens, seconds)

    def _wake(self, tickets: Iterable[Ticket]) -> None:
        """Tell the loops of these tickets, each once."""
        by_loop: dict[int, list[Ticket]] = {}
        for ticket in tickets:
            by_loop.setdefault(id(ticket.loop), []).append(ticket)
        for some in by_loop.values():
            try:
                some[0].loop.call_soon_threadsafe(_changed, some)
            except RuntimeError:  # the loop has ended, and whoever waited with it
                continue


def _work(taken: _Taken) -> Work:
    work = taken.ticket.work
    assert isinstance(work, Work)
    return work


def _results(batch: Sequence[_Taken]) -> Sequence[Any]:
    """What the items of a batch become, in order."""
    items = [_work(one).items[one.number] for one in batch]
    return _work(batch[0]).compute(items)


def _changed(tickets: Sequence[Ticket]) -> None:
    for ticket in tickets:
        ticket.changed()


class _Like:
    """What may join a batch: items of a kind and of similar length, while there is room."""

    def __init__(self, kind: Any, cost: int, budget: int) -> None:
        self.kind = kind
        self._least = cost / _SIMILAR
        self._most = cost * _SIMILAR
        self._budget = budget
        self._longest = 0
        self._items = 0

    def takes(self, cost: int) -> bool:
        """Whether an item of this cost fits; if so, it is counted."""
        longest = max(self._longest, cost)
        padded = longest * (self._items + 1)
        if not self._least <= cost <= self._most or (self._items and padded > self._budget):
            return False
        self._longest = longest
        self._items += 1
        return True
