"""A training run as lines: for people to watch, and for `logging` to keep."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from ..progress import Clock, Timer, figures, make_progress, mark_shown, say, working
from ..training.events import Evaluated, Updated
from .events import Listener, Saved, Started

if TYPE_CHECKING:
    from rich.progress import TaskID

_LOG = logging.getLogger("seqkit.training")


@contextmanager
def told(listener: Listener, *, show: bool) -> Iterator[Listener]:
    """`listener`, before which every event goes to the log and, with `show`, to stderr.

    Under torchrun, the first process speaks for all.
    """
    is_first = os.environ.get("RANK", "0") == "0"
    with ExitStack() as stack:
        progress = stack.enter_context(TrainingProgress()) if show and is_first else None

        def tell(event: Started | Updated | Evaluated | Saved) -> None:
            log(event)
            if progress is not None:
                progress(event)
            listener(event)

        yield tell


def log(event: Started | Updated | Evaluated | Saved) -> None:
    """Hand an event to `logging.getLogger("seqkit.training")`; single updates are for debugging."""
    match event:
        case Started():
            for line in _opening(event):
                _LOG.info("%s", line)
        case Updated():
            _LOG.debug("step %d, epoch %d, loss %.4f", event.step, event.epoch, event.loss)
        case Evaluated():
            _LOG.info("%s", " · ".join(_evaluation(event)))
        case Saved():
            _LOG.info("saved %s", event.folder)


def _opening(event: Started) -> list[str]:
    name = event.config.model["name"]
    action = f"resuming at step {event.step:,}" if event.step else "training"
    return [
        *event.notes,
        *event.description,
        f"{name}, {event.parameters:,} parameters, {action} on {event.device} "
        f"({event.precision}) into {event.folder}",
    ]


def _evaluation(event: Evaluated) -> list[str]:
    parts = [f"step {event.step:>6,}", f"epoch {event.epoch}", figures(event.metrics)]
    return [*parts, "best"] if event.best else parts


class TrainingProgress:
    """A listener for `seqkit.train`: a line for each evaluation, and a bar in between."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._progress = make_progress()
        self._timer = Timer(clock)
        self._alive = ExitStack()
        self._bar: TaskID | None = None
        self._seconds = 0.0
        self._targets = 0

    def __enter__(self) -> TrainingProgress:
        if self._progress.disable:
            self._alive.enter_context(working("reading, evaluating or saving"))
        else:
            self._bar = self._progress.add_task("reading data", total=None)
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._alive.close()
        self._progress.stop()

    def __call__(self, event: Started | Updated | Evaluated | Saved) -> None:
        match event:
            case Started():
                self._started(event)
            case Updated():
                self._updated(event)
            case Evaluated():
                self._evaluated(event)
            case Saved(note=note) if note:  # else the evaluation's line says enough
                self._say(note)

    def _say(self, text: str) -> None:
        self._timer.restart()
        if self._progress.disable:
            say(text)
        else:
            self._progress.console.print(text, highlight=False, markup=False)

    def _started(self, event: Started) -> None:
        for line in _opening(event):
            self._say(line)

        if self._bar is not None:
            self._progress.remove_task(self._bar)
        total = event.config.train.steps or None
        self._bar = self._progress.add_task("training", total=total, completed=event.step)

    def _updated(self, event: Updated) -> None:
        self._seconds += event.seconds
        self._targets += event.targets
        mark_shown()  # as long as there are updates, lines of their own say so

        state = f"epoch {event.epoch} · loss {event.loss:.3f} · {self._rate()}"
        if self._bar is not None:
            self._progress.update(self._bar, completed=event.step, description=state)
        if self._progress.disable and self._timer.is_due():
            self._say(f"step {event.step:>6,} · {state}")

    def _evaluated(self, event: Evaluated) -> None:
        parts = _evaluation(event)
        if self._seconds:
            parts.append(self._rate())
        self._say(" · ".join(parts))

        self._seconds, self._targets = 0.0, 0

    def _rate(self) -> str:
        return f"{self._targets / self._seconds:,.0f} targets/s"
