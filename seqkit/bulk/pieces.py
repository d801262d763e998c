"""Hands pieces of work to worker processes, and outlives the deaths of these.

Every worker has a second piece waiting, so that none is idle. When one dies, the piece that it was
at is cut in two and given to others, until a single row is left: where that ends a second worker,
it is to blame, and set aside. The piece that only waited is given to another as it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from ..errors import SeqkitError
from .formats import Answer, Failure, Texts

AT_ONCE = 2  # pieces that a worker has: one to do, one to do next
_MOST_DEATHS = 20  # one after another, or twice all workers: none of which brought an answer
_DEADLY = "it ends the worker process that reads it, by a crash or for want of memory"


class Piece(NamedTuple):
    """Rows of a shard, for one worker."""

    shard: Any
    indices: Sequence[int]  # in the shard
    rows: Sequence[Texts]
    deaths: int = 0  # of workers that were at it, once it is a single row

    def halves(self) -> list[Piece]:
        middle = len(self.indices) // 2
        return [
            Piece(self.shard, self.indices[:middle], self.rows[:middle]),
            Piece(self.shard, self.indices[middle:], self.rows[middle:]),
        ]


class Done(NamedTuple):
    piece: Piece
    answers: Sequence[Answer | Failure]


class Died(Exception):
    """The worker process is gone."""


class Pool(Protocol):
    """How workers are started, asked, waited for and ended; a ticket stands for answers to come."""

    def start(self) -> Any: ...

    def ask(self, handle: Any, rows: Sequence[Texts]) -> Any: ...

    def wait(self, tickets: Sequence[Any]) -> Sequence[Any]:
        """Those of the tickets that are answered, waiting a moment for the first."""

    def answers(self, ticket: Any) -> Sequence[Answer | Failure]:
        """Raises `Died`."""

    def end(self, handle: Any) -> None: ...


@dataclass
class _Member:
    """A worker, and what it has to do, first things first."""

    handle: Any
    waiting: deque[tuple[Any, Piece]] = field(default_factory=deque)


def answered(
    pieces: Iterator[Piece], pool: Pool, workers: int, note: Callable[[str], None]
) -> Iterator[Done]:
    """The answers of all pieces, in the order in which they are there.

    Pieces are taken as they are needed. Raises `SeqkitError` if workers only die, and whatever
    `pieces` raises, once all that was begun is done.
    """
    again: deque[Piece] = deque()
    source = _Source(pieces)
    members: list[_Member] = []
    deaths = 0
    try:
        while True:
            _hand_out(source, again, members, pool, workers)
            tickets = [member.waiting[0][0] for member in members if member.waiting]
            if not tickets:
                source.raise_error()
                return

            ready = set(pool.wait(tickets))
            for member in list(members):
                if not member.waiting or member.waiting[0][0] not in ready:
                    continue
                ticket, piece = member.waiting[0]
                try:
                    answers = pool.answers(ticket)
                except Died as death:
                    deaths += 1
                    members.remove(member)
                    pool.end(member.handle)
                    yield from _after_death(member, again)
                    _check_deaths(deaths, workers, piece, death)
                    note(f"a worker died ({death}); another does its work")
                    continue
                deaths = 0
                member.waiting.popleft()
                yield Done(piece, answers)
    finally:
        for member in members:
            pool.end(member.handle)


class _Source:
    """Pieces until there are no more; an error is kept until the others are answered."""

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self._pieces = pieces
        self._error: SeqkitError | None = None
        self._is_over = False

    def next(self) -> Piece | None:
        if self._is_over:
            return None
        try:
            piece = next(self._pieces, None)
        except SeqkitError as error:
            self._error = error
            piece = None
        self._is_over = piece is None
        return piece

    def raise_error(self) -> None:
        if self._error is not None:
            raise self._error


def _hand_out(
    source: _Source, again: deque[Piece], members: list[_Member], pool: Pool, workers: int
) -> None:
    """Fill the workers, the least busy first; new ones start while there is work for them."""
    while True:
        room = min(members, key=lambda member: len(member.waiting), default=None)
        may_start = len(members) < workers
        if not may_start and (room is None or len(room.waiting) >= AT_ONCE):
            return

        piece = again.popleft() if again else source.next()
        if piece is None:
            return
        if may_start and (room is None or room.waiting):
            room = _Member(pool.start())
            members.append(room)
        assert room is not None
        room.waiting.append((pool.ask(room.handle, piece.rows), piece))


def _after_death(member: _Member, again: deque[Piece]) -> Iterator[Done]:
    """Put back what a dead worker had to do; a row that has ended two of them is done with."""
    (_, piece), *innocent = member.waiting
    again.extend(other for _, other in innocent)

    if len(piece.indices) > 1:
        again.extendleft(reversed(piece.halves()))
    elif piece.deaths:
        yield Done(piece, [Failure(_DEADLY)])
    else:
        again.appendleft(piece._replace(deaths=1))


def _check_deaths(deaths: int, workers: int, piece: Piece, death: Died) -> None:
    if deaths >= max(_MOST_DEATHS, 2 * workers):  # a machine takes all of its own along
        raise SeqkitError(
            f"{deaths} workers died one after another, the last at {piece.shard.place}: {death}. "
            "Perhaps memory does not last for that many: fewer --workers need less. The same "
            "command goes on with what is not done"
        )
