"""A trainer run event by event: what it does is logged, reported and saved."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from ..errors import Interrupted
from ..training.trainer import Evaluated, Trainer
from .events import Listener, Saved, Started
from .folder import RunFolder


def lead(
    trainer: Trainer,
    run: RunFolder,
    listener: Listener,
    stop: threading.Event,
    notes: Sequence[str] = (),
) -> None:
    """Run the trainer in the first process: log, save and report every event."""
    metrics: dict[str, float] = {}

    def save_now() -> None:
        run.save(trainer, metrics, best=False)

    listener(_started(trainer, run, notes))
    for event in trainer.run():
        run.log.write({"event": type(event).__name__.lower(), **asdict(event)})
        listener(event)

        if isinstance(event, Evaluated):
            metrics = event.metrics
            step_folder = run.save(trainer, metrics, best=event.best)
            listener(Saved(event.step, step_folder))
            _stop_together(trainer, run.path, stop)
        else:
            _stop_together(trainer, run.path, stop, save_now)


def follow(trainer: Trainer, folder: Path, stop: threading.Event) -> None:
    """Run the trainer in any other process."""
    for _ in trainer.run():
        _stop_together(trainer, folder, stop)


def _started(trainer: Trainer, run: RunFolder, notes: Sequence[str]) -> Started:
    return Started(
        run.path,
        trainer.state.step,
        run.config,
        parameters=sum(p.numel() for p in trainer.parameters),
        device=str(trainer.device),
        precision=trainer.precision,
        description=trainer.task.describe(),
        notes=list(notes),
    )


def _stop_together(
    trainer: Trainer,
    folder: Path,
    stop: threading.Event,
    save_now: Callable[[], None] | None = None,
) -> None:
    """Raise `Interrupted` in every process once one of them was asked to stop.

    The first process saves before.
    """
    if trainer.finished or not trainer.processes.any(stop.is_set()):
        return
    if save_now:
        save_now()
    trainer.processes.wait()
    raise Interrupted(
        f"stopped at step {trainer.state.step}, saved in {folder}: "
        "rerun the same command with --resume to continue"
    )
