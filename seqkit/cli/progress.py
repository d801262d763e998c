"""Progress on stderr: a bar by rich on a terminal, elsewhere a plain line every half minute."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from ..runs.events import Saved, Started
    from ..training.events import Evaluated, Updated

C = TypeVar("C", bound=Sized)
Clock = Callable[[], float]

SECONDS = 30.0  # between plain lines


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
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(compact=True),
    )
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not on_terminal())


def on_terminal() -> bool:
    return sys.stderr.isatty()


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


def _with_lines(chunks: Iterable[C], what: str, timer: Timer) -> Iterator[C]:
    done = 0
    for chunk in chunks:
        yield chunk
        done += len(chunk)
        if timer.is_due():
            click.echo(f"{done:,} {what}", err=True)


def figures(metrics: Mapping[str, float]) -> str:
    """Named figures in a line: four places up to 1, such as an accuracy; two for larger ones."""
    shown: list[str] = []
    for name, value in metrics.items():
        places = 2 if abs(value) > 1 else 4
        shown.append(f"{name} {value:.{places}f}")
    return " · ".join(shown)


class DownloadProgress:
    """A bar for each file that is downloaded; called with the file, bytes done and bytes in all."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._progress = make_progress()
        self._bars: dict[str, TaskID] = {}
        self._timer = Timer(clock)

    def __enter__(self) -> DownloadProgress:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, file: str, done: int, total: int) -> None:
        if self._progress.disable:
            if self._timer.is_due():
                size = f" of {total:,}" if total else ""
                click.echo(f"{file}: {done:,}{size} bytes", err=True)
            return

        if file not in self._bars:
            self._bars[file] = self._progress.add_task(file, total=total or None)
        self._progress.update(self._bars[file], completed=done)


class TrainingProgress:
    """A listener for `seqkit.train`: a line for each evaluation, and a bar in between."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._progress = make_progress()
        self._timer = Timer(clock)
        self._bar: TaskID | None = None
        self._seconds = 0.0
        self._targets = 0

    def __enter__(self) -> TrainingProgress:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, event: Started | Updated | Evaluated | Saved) -> None:
        from ..runs.events import Started
        from ..training.events import Evaluated, Updated

        match event:
            case Started():
                self._started(event)
            case Updated():
                self._updated(event)
            case Evaluated():
                self._evaluated(event)
        # Saved: the line of the evaluation before it says enough.

    def _say(self, text: str) -> None:
        self._timer.restart()
        if self._progress.disable:
            click.echo(text, err=True)
        else:
            self._progress.console.print(text, highlight=False, markup=False)

    def _started(self, event: Started) -> None:
        for line in [*event.notes, *event.description]:
            self._say(line)

        name = event.config.model["name"]
        action = f"resuming at step {event.step:,}" if event.step else "training"
        self._say(
            f"{name}, {event.parameters:,} parameters, {action} on {event.device} "
            f"({event.precision}) into {event.folder}"
        )

        total = event.config.train.steps or None
        self._bar = self._progress.add_task("training", total=total, completed=event.step)

    def _updated(self, event: Updated) -> None:
        self._seconds += event.seconds
        self._targets += event.targets

        state = f"epoch {event.epoch} · loss {event.loss:.3f} · {self._rate()}"
        if self._bar is not None:
            self._progress.update(self._bar, completed=event.step, description=state)
        if self._progress.disable and self._timer.is_due():
            self._say(f"step {event.step:>6,} · {state}")

    def _evaluated(self, event: Evaluated) -> None:
        parts = [f"step {event.step:>6,}", f"epoch {event.epoch}", figures(event.metrics)]
        if event.best:
            parts.append("best")
        if self._seconds:
            parts.append(self._rate())
        self._say(" · ".join(parts))

        self._seconds, self._targets = 0.0, 0

    def _rate(self) -> str:
        return f"{self._targets / self._seconds:,.0f} targets/s"
