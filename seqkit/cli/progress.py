"""What the commands show while they work: how much of their input is done."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sized
from typing import TYPE_CHECKING, TypeVar

from ..progress import Clock, Timer, make_progress, mark_shown, on_terminal, say

if TYPE_CHECKING:
    from rich.progress import TaskID

C = TypeVar("C", bound=Sized)


def counted(
    chunks: Iterable[C], what: str, *, show: bool = True, clock: Clock = time.monotonic
) -> Iterator[C]:
    """Pass `chunks` on and show how many of their items are done: "1,200 lines translated"."""
    if not show:
        yield from chunks
    elif on_terminal():
        yield from _with_bar(chunks, what)
    else:
        yield from _with_lines(chunks, what, Timer(clock))


def _with_bar(chunks: Iterable[C], what: str) -> Iterator[C]:
    with make_progress() as progress:
        bar = progress.add_task(what, total=None)
        for chunk in chunks:
            yield chunk
            progress.advance(bar, len(chunk))
            mark_shown()


def _with_lines(chunks: Iterable[C], what: str, timer: Timer) -> Iterator[C]:
    done = 0
    for chunk in chunks:
        yield chunk
        done += len(chunk)
        if timer.is_due():
            say(f"{done:,} {what}")


class FileProgress:
    """A bar for each file that is worked on; called with the file, what is done, and all of it."""

    def __init__(self, what: str, clock: Clock = time.monotonic) -> None:
        self._what = what  # is counted
        self._progress = make_progress()
        self._bars: dict[str, TaskID] = {}
        self._timer = Timer(clock)

    def __enter__(self) -> FileProgress:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, file: str, done: int, total: int) -> None:
        if self._progress.disable:
            if self._timer.is_due():
                size = f" of {total:,}" if total else ""
                say(f"{file}: {done:,}{size} {self._what}")
            return

        if file not in self._bars:
            self._bars[file] = self._progress.add_task(file, total=total or None)
        self._progress.update(self._bars[file], completed=done)
