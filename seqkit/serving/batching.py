"""The requests of all clients, computed together.

Each model has a `Batcher`: a queue of tickets, one for each request, and as many threads as the
model computes batches at once. A batch is filled by turns, one item of each request that has waited
longest, with items of the same kind and of similar length: so a long text does not hold up a short
one, nor a long sentence those that would be padded to it, and no client waits much longer than
others.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from ..services import Pieces, Work
from ..wanted import Unwanted, check_wanted, while_wanted
from .errors import Overloaded, Stopping, where
from .tickets import Ticket

LOG = logging.getLogger("seqkit.serving")

LINGER = 0.003  # seconds that a batch with room waits for more, at least,
LONGEST_LINGER = 0.02  # and at most; between them,
_LINGER_SHARE = 0.05  # of what a batch took of late: clients that were answered come again
SLICE = 0.05  # seconds that pieces of one request are computed before others have their turn
_SIMILAR = 2.0  # how many times as long as each other the items of a batch may be
_LOOK = 32  # waiting items of a request among which one that fits is looked for


@dataclass(frozen=True)
class Bounds:
    """What may wait for one model."""

    requests: int = 500
    tokens: int = 400_000


class _Taken(NamedTuple):
    ticket: Ticket
    number: int  # of its item

    @property
    def work(self) -> Work:
        work = self.ticket.work
        assert isinstance(work, Work)
        return work

    @property
    def cost(self) -> int:
        return self.work.costs[self.number]


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
        self._is_closed = False  # takes no more,
        self._is_over = False  # and computes no more
        self._rate = 0.0  # tokens a second, of late
        self._batch_seconds = 0.0  # that a batch took, of late
        self._threads = [
            threading.Thread(target=self._run, name=f"seqkit {name} {i}", daemon=True)
            for i in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, work: Work | Pieces) -> Ticket:
        """Queue a request; raises `Overloaded` if too much is waiting, `Stopping` once closed.

        Raises `ValueError` or `TypeError` for work that breaks its contract.
        """
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

    def close(self, seconds: float | None = None) -> None:
        """Answer what is queued, take no more, and end the threads.

        After so many `seconds` what is still queued is refused, and a thread that computes is left
        to itself: it is a daemon, which ends with the process.
        """
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        until = None if seconds is None else time.monotonic() + seconds
        for thread in self._threads:
            thread.join(None if until is None else max(0.0, until - time.monotonic()))

        with self._changed:
            self._is_over = True
            left, self._queue = self._queue, deque()
            self._queued_tokens = 0
        self._give_up(left, Stopping())

    def _check_room(self, cost: int) -> None:
        self._drop_gone()
        is_full = len(self._queue) >= self.bounds.requests
        is_long = self._queue and self._queued_tokens + cost > self.bounds.tokens
        if is_full or is_long:
            seconds = self._queued_tokens / self._rate if self._rate else 1.0
            raise Overloaded(seconds=min(60, max(1, math.ceil(seconds))))

    # In the threads

    def _run(self) -> None:
        while (batch := self._next()) is not None:
            try:
                if isinstance(batch, Ticket):
                    self._compute_pieces(batch)
                else:
                    self._compute(batch)
            except Exception as error:  # of ours: without this thread, the model would hang
                LOG.error("a batch failed: %s", where(error))
                self._give_up([batch] if isinstance(batch, Ticket) else _tickets(batch), error)

    def _next(self) -> list[_Taken] | Ticket | None:
        """What is to be computed now, as soon as there is something; None at the end."""
        with self._changed:
            while not self._is_over:
                if not self._queue:
                    if self._is_closed:
                        return None
                    self._changed.wait()
                    continue
                self._linger()
                batch = self._pick()
                if self._queue:  # work for another thread
                    self._changed.notify()
                if batch:
                    return batch
        return None

    def _linger(self) -> None:
        """Wait a moment for more, while a batch has room."""
        patience = min(LONGEST_LINGER, max(LINGER, _LINGER_SHARE * self._batch_seconds))
        until = time.monotonic() + patience
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
        turn = list(like.oldest(self._candidates(self._queue, like)))
        while turn:
            turn.sort(key=like.distance)
            chosen = [one for one in turn if like.takes(one.cost)]
            for one in chosen:
                one.ticket.waiting.remove(one.number)
                self._queued_tokens -= one.cost
            batch += chosen
            turn = list(self._candidates([one.ticket for one in chosen], like))

        taken = {id(one.ticket) for one in batch}
        before = [ticket for ticket in self._queue if id(ticket) not in taken]
        after = [ticket for ticket in self._queue if id(ticket) in taken and ticket.waiting]
        self._queue = deque([*before, *after])
        return batch

    def _candidates(self, tickets: Iterable[Ticket], like: _Like) -> Iterator[_Taken]:
        """Of each request, the first of its waiting items that may join a batch."""
        for ticket in tickets:
            work = ticket.work
            if isinstance(work, Work) and work.kind == like.kind:
                near = (i for i in islice(ticket.waiting, _LOOK) if like.fits(work.costs[i]))
                yield from (_Taken(ticket, number) for number in islice(near, 1))

    def _compute(self, batch: Sequence[_Taken]) -> None:
        """Compute a batch and hand out its results; give it up once all its clients have left."""
        began = time.monotonic()
        tickets = _tickets(batch)
        try:
            with while_wanted(lambda: not all(ticket.is_gone for ticket in tickets)):
                results = _results(batch)
        except Unwanted:
            return
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

        self._wake(tickets)
        tokens = sum(one.cost for one in batch)
        self._measure(len(batch), tokens, time.monotonic() - began)

    def _compute_pieces(self, ticket: Ticket) -> None:
        """Compute pieces of a request for a while; then others have their turn."""
        work = ticket.work
        assert isinstance(work, Pieces)
        until = time.monotonic() + SLICE
        try:
            with while_wanted(lambda: not ticket.is_gone):
                while time.monotonic() < until and not ticket.is_gone:
                    ticket.results.append(next(work.pieces))
                    ticket.ready += 1
        except StopIteration:
            ticket.finish()
        except Exception as error:
            ticket.fail(error)

        self._wake([ticket])
        if ticket.is_over:
            ticket.put_away()
        elif self._is_over:
            self._give_up([ticket], Stopping())
        else:
            with self._changed:
                self._queue.append(ticket)
                self._queued_tokens += ticket.cost
                self._changed.notify()

    def _measure(self, items: int, tokens: int, seconds: float) -> None:
        rate = tokens / max(seconds, 1e-6) * len(self._threads)
        self._rate = _smoothed(self._rate, rate)
        self._batch_seconds = _smoothed(self._batch_seconds, seconds)
        if self._observe is None:
            return
        try:
            self._observe(items, tokens, seconds)
        except Exception as error:
            LOG.error("a batch was not counted: %s", where(error))

    def _give_up(self, tickets: Iterable[Ticket], error: Exception) -> None:
        """Tell whoever waits for these tickets that they get nothing more."""
        waiting = [ticket for ticket in tickets if not ticket.is_done]
        for ticket in waiting:
            ticket.fail(error)
            ticket.put_away()
        self._wake(waiting)

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


def _smoothed(before: float, now: float) -> float:
    return 0.8 * before + 0.2 * now if before else now


def _results(batch: Sequence[_Taken]) -> Sequence[Any]:
    """What the items of a batch become, in order; raises whatever is wrong with that."""
    items = [one.work.items[one.number] for one in batch]
    results: list[Any] = []
    for result in batch[0].work.compute(items):
        results.append(result)
        check_wanted()
    if len(results) != len(items):
        raise RuntimeError(f"{len(items)} items gave {len(results)} results")
    return results


def _tickets(batch: Iterable[_Taken]) -> list[Ticket]:
    """Whose items a batch has, each once."""
    return list({id(one.ticket): one.ticket for one in batch}.values())


def _changed(tickets: Sequence[Ticket]) -> None:
    for ticket in tickets:
        ticket.changed()


class _Like:
    """What may join a batch: items of a kind and of similar length, while there is room."""

    def __init__(self, kind: Any, cost: int, budget: int) -> None:
        self.kind = kind
        self._cost = cost
        self._budget = budget
        self._longest = 0
        self._items = 0

    def fits(self, cost: int) -> bool:
        """Whether an item is of similar length."""
        return self._cost / _SIMILAR <= cost <= self._cost * _SIMILAR

    def oldest(self, waiting: Iterable[_Taken]) -> Iterator[_Taken]:
        """Of what waits, in its order, as much as fills a batch: who came later passes nobody.

        Among these, length decides who goes together; who is left is among the first next time.
        """
        total = 0
        for one in waiting:
            if total > self._budget:
                return
            total += one.cost
            yield one

    def distance(self, one: _Taken) -> int:
        """How far an item is from the length that the batch is of: the nearest are taken first."""
        return abs(one.cost - self._cost)

    def takes(self, cost: int) -> bool:
        """Whether there is room for an item; if so, it is counted."""
        longest = max(self._longest, cost)
        padded = longest * (self._items + 1)
        if self._items and padded > self._budget:
            return False
        self._longest = longest
        self._items += 1
        return True
