"""Work that can be given up half-way, when whoever asked for it has left.

A thread says whether what it does is still wanted; loops that may take long look between two steps.
Where nobody has said anything, as in a command, everything is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_is_wanted: ContextVar[Callable[[], bool] | None] = ContextVar("is_wanted", default=None)


class Unwanted(Exception):
    """Nobody waits for the result any longer."""


@contextmanager
def while_wanted(is_wanted: Callable[[], bool]) -> Iterator[None]:
    """Inside, in this thread, `check_wanted` raises once `is_wanted` says no, or an outer one."""
    before = _is_wanted.get()
    token = _is_wanted.set(lambda: is_wanted() and (before is None or before()))
    try:
        yield
    finally:
        _is_wanted.reset(token)


def check_wanted() -> None:
    """Raise `Unwanted` if what this thread does is not wanted any longer."""
    is_wanted = _is_wanted.get()
    if is_wanted is not None and not is_wanted():
        raise Unwanted
