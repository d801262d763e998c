"""That work goes on: a bar by rich on a terminal, elsewhere a plain line every half minute.

Nothing here is shown unasked: the command line asks, and `seqkit.train(…, progress=True)`.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.progress import Progress

Clock = Callable[[], float]

SECONDS = 30.0  # between plain lines


class _Spoken:
    """When something was last shown, by whatever part of the program."""

    at = -SECONDS


def say(text: str) -> None:
    """Write a plain line to stderr."""
    click.echo(text, err=True)
    mark_shown()


def mark_shown() -> None:
    """Something was shown: the next sign of life can wait."""
    _Spoken.at = time.monotonic()


class _Doing:
    """What long work is at, if it says so."""

    now = ""


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Name a part of long work; signs of life tell of it as long as it lasts."""
    before, _Doing.now = _Doing.now, what
    try:
        yield
    finally:
        _Doing.now = before


class Timer:
    """Tells when it is time for the next plain line."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()

    def is_due(self) -> bool:
        """True once `SECONDS` have passed since the last line; then a new wait begins."""
        if self._clock() - self._last < SECONDS:
            return False
        self.restart()
        return True

    def restart(self) -> None:
        self._last = self._clock()


def make_progress() -> Progress:
    """A bar with a count, the time left, and room for a few words; hidden without a terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Description(TextColumn):
        """What the work is at, where it says so."""

        def render(self, task: Task) -> Text:
            return Text(_Doing.now) if _Doing.now else super().render(task)

    columns = (
        Description("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(compact=True),
    )
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not on_terminal())


def on_terminal() -> bool:
    return sys.stderr.isatty()


@contextmanager
def working(what: str) -> Iterator[None]:
    """Give a sign of life every half minute in which nothing else is shown: "evaluating: 1:30".

    For work that cannot be counted. What `doing` names is said in place of `what`.
    """
    done = threading.Event()
    thread = threading.Thread(target=_beat, args=(what, done), name="seqkit progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _beat(what: str, done: threading.Event) -> None:
    began = time.monotonic()
    wait = SECONDS
    while not done.wait(wait):
        now = time.monotonic()
        quiet = now - max(began, _Spoken.at)
        if quiet < SECONDS:
            wait = SECONDS - quiet
            continue

        minutes, seconds = divmod(round(now - began), 60)
        say(f"{_Doing.now or what}: {minutes}:{seconds:02} so far")
        wait = SECONDS


def figures(metrics: Mapping[str, float]) -> str:
    """Named figures in a line: four places up to 1, such as an accuracy; two for larger ones."""
    shown: list[str] = []
    for name, value in metrics.items():
        places = 2 if abs(value) > 1 else 4
        shown.append(f"{name} {value:.{places}f}")
    return " · ".join(shown)
