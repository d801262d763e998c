"""Progress on stderr, by rich; nothing at all where stderr is not a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sized
from typing import TYPE_CHECKING, TypeVar

import click

from ..config import TrainConfig

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from ..runs.events import Saved, Started
    from ..training.trainer import Evaluated, Updated

C = TypeVar("C", bound=Sized)


def make_progress() -> Progress:
    """A bar with a count, a rate of time left, and room for a word on how it goes."""
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
    return Progress(
        *columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
    )


def counted(chunks: Iterable[C], what: str, *, show: bool = True) -> Iterator[C]:
    """Pass `chunks` on and show how many of their items are done."""
    if not show or not sys.stderr.isatty():
        yield from chunks
        return
    with make_progress() as progress:
        bar = progress.add_task(what, total=None)
        for chunk in chunks:
            yield chunk
            progress.advance(bar, len(chunk))


def figures(metrics: Mapping[str, float]) -> str:
    """Named figures in a line; four places for shares such as an accuracy, two for all that is larger."""
    return " · ".join(
        f"{name} {value:.{2 if abs(value) > 1 else 4}f}" for name, value in metrics.items()
    )


class TrainingProgress:
    """A listener for `seqkit.train`: a line for each evaluation, and a bar in between."""

    def __init__(self) -> None:
        self._progress = make_progress()
        self._bar: TaskID | None = None
        self._config: TrainConfig | None = None
        self._seconds = 0.0
        self._targets = 0

    def __enter__(self) -> TrainingProgress:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, event: Started | Updated | Evaluated | Saved) -> None:
        getattr(self, f"_{type(event).__name__.lower()}")(event)

    def _say(self, text: str) -> None:
        if self._progress.disable:
            click.echo(text, err=True)
        else:
            self._progress.console.print(text, highlight=False, markup=False)

    def _started(self, event: Started) -> None:
        for line in event.description:
            self._say(line)
        name, config = event.config.model["name"], event.config.train
        begin = f"going on at step {event.step:,}" if event.step else "training"
        self._say(
            f"{name}, {event.parameters:,} parameters, {begin} on {event.device} ({event.precision}) "
            f"into {event.folder}"
        )
        self._config = config
        self._bar = self._progress.add_task(
            "training", total=config.steps or None, completed=event.step
        )

    def _updated(self, event: Updated) -> None:
        self._seconds += event.seconds
        self._targets += event.targets
        if self._bar is not None:
            rate = self._targets / self._seconds
            self._progress.update(
                self._bar,
                completed=event.step,
                description=f"epoch {event.epoch} · loss {event.loss:.3f} · {rate:,.0f} targets/s",
            )

    def _evaluated(self, event: Evaluated) -> None:
        rate = f" · {self._targets / self._seconds:,.0f} targets/s" if self._seconds else ""
        best = " · best" if event.best else ""
        self._say(
            f"step {event.step:>6,} · epoch {event.epoch} · {figures(event.metrics)}{best}{rate}"
        )
        self._seconds, self._targets = 0.0, 0

    def _saved(self, event: Saved) -> None:
        """The line of the evaluation before it says enough."""
