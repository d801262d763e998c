"""A trainer run event by event: what it does is logged, reported and saved.

Whatever ends training, the last whole update is saved first.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import torch

from ..errors import Diverged, Interrupted, SeqkitError, StopTraining, TrainingError
from ..training.events import Evaluated, Event
from ..training.processes import LostTouch
from ..training.trainer import Trainer
from .events import Listener, Saved, Started
from .folder import RunFolder
from .signals import StopRequest
from .tensorboard import event_files

# What a process votes for after an event; between them are the numbers of signals.
_GO_ON, _END, _FAIL = 0, 1000, 1001

_FIRST_FAILED = "the first process stopped with an error, which it names"


def lead(
    trainer: Trainer,
    run: RunFolder,
    listener: Listener,
    stop: StopRequest,
    notes: Sequence[str] = (),
    *,
    save_first: bool = False,
) -> None:
    """Run the trainer in the first process: log, save and report every event."""
    config = run.config.train
    with event_files(run.path, config, trainer.state.step) as record:

        def hear(event: Started | Event | Saved) -> None:
            record(event)
            listener(event)

        loop = _Loop(trainer, run.path, stop, run, hear)
        loop.run(_started(trainer, run, notes), save_first=save_first)


def follow(trainer: Trainer, folder: Path, stop: StopRequest, *, save_first: bool) -> None:
    """Run the trainer in any other process."""
    _Loop(trainer, folder, stop).run(save_first=save_first)


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


class _Loop:
    """One process's part in a run. Without `run` and `listener`, it is not the first."""

    def __init__(
        self,
        trainer: Trainer,
        folder: Path,
        stop: StopRequest,
        run: RunFolder | None = None,
        listener: Listener | None = None,
    ) -> None:
        self._trainer = trainer
        self._folder = folder
        self._stop = stop
        self._run = run
        self._listener = listener
        self._metrics: dict[str, float] = {}
        self._saved = self._point()  # a new run has nothing to lose, a resumed one is saved
        self._is_saving = False

    def run(self, started: Started | None = None, *, save_first: bool) -> None:
        """Train to the end; with `save_first`, there is something to keep already."""
        try:
            if save_first:
                self._save(best=False)
            self._decide(self._tell(started))
            for event in self._trainer.run():
                self._take(event)
        except BaseException as error:
            self._rescue(error)
            raise

    def _point(self) -> tuple[int, int]:
        """Where training is: a checkpoint is of one such point."""
        state = self._trainer.state
        return state.step, state.evaluated

    def _take(self, event: Event) -> None:
        """Log, report and save one event, then do what the processes agree on."""
        error = self._note(event)
        if isinstance(event, Evaluated):
            self._metrics = event.metrics
            folder = self._save(best=event.best)
            if folder is not None and error is None:
                note = "" if self._run is None else self._run.note
                error = self._tell(Saved(event.step, folder, note))
        self._decide(error)

    def _note(self, event: Event) -> BaseException | None:
        """Log and report an event; returns what went wrong."""
        if self._run is None:
            return None
        try:
            self._run.log.write({"event": type(event).__name__.lower(), **asdict(event)})
        except Exception as error:
            return error
        return self._tell(event)

    def _tell(self, event: Started | Event | Saved | None) -> BaseException | None:
        """Report an event; returns what the listener raised, to be raised once all is saved."""
        if self._listener is None or event is None:
            return None
        try:
            self._listener(event)
        except BaseException as error:
            return error
        return None

    def _decide(self, error: BaseException | None) -> None:
        """Go on, end or stop: all processes do the same."""
        trainer = self._trainer
        verdict = trainer.processes.largest(self._vote(error))

        if verdict == _FAIL:
            self._save_what_is_not()
            raise error or TrainingError(_FIRST_FAILED)
        if verdict == _END:
            trainer.end()
        elif verdict != _GO_ON and not trainer.finished:
            self._save_what_is_not()
            trainer.processes.wait()
            raise Interrupted(
                f"stopped at step {trainer.state.step}, saved in {self._folder}: "
                "rerun the same command with --resume to continue",
                signal=verdict,
            )

    def _vote(self, error: BaseException | None) -> int:
        if isinstance(error, StopTraining):
            return _END
        return self._stop.signal if error is None else _FAIL

    def _save_what_is_not(self) -> None:
        if self._point() != self._saved:
            self._trainer.average.between_evaluations()
            self._save(best=False)

    def _save(self, *, best: bool) -> Path | None:
        """Save in the first process, with what the others tell it; returns the step folder there.

        Raises in all of them if it cannot.
        """
        trainer = self._trainer
        self._is_saving = True
        folder = None
        error = None
        if self._run is None:
            trainer.average.weights(trainer.processes)
            trainer.tensors()
        else:
            try:
                folder = self._run.save(self._trainer, self._metrics, best=best)
            except Exception as failure:
                error = failure

        self._trainer.processes.fail_together(error, self._trainer.processes.largest(bool(error)))
        self._saved = self._point()
        self._is_saving = False
        return folder

    def _rescue(self, error: BaseException) -> None:
        """Save what an error would lose, and have it say so."""
        trainer = self._trainer
        told_twice = isinstance(error, KeyboardInterrupt) and bool(self._stop)
        may_save = not told_twice and not self._is_saving and trainer.processes.all_know(error)

        if isinstance(error, Interrupted) and self._point() == self._saved:
            return  # it says so itself
        if may_save and self._point() != self._saved:
            with suppress(Exception):  # the first error matters
                if trainer.rewind():
                    self._save_what_is_not()
        self._explain(error)

    def _explain(self, error: BaseException) -> None:
        """Have an error say what is saved; one of memory becomes a clear line."""
        if self._is_saving or isinstance(error, LostTouch):
            return  # it says so itself

        saved = self._what_is_saved()
        start = f" into another --out, with --init {self._folder}" if saved else ""
        if _is_of_memory(error):
            step = self._trainer.state.step + 1
            raise TrainingError(
                f"out of memory at step {step} ({_first_line(error)}): free some, or train with "
                f"smaller batches{start}{saved}"
            ) from None
        if isinstance(error, Diverged):
            error.args = (f"{error}{start}{saved}",)
        elif isinstance(error, SeqkitError):
            error.args = (f"{error}{saved}",)
        elif saved:
            error.add_note(saved.removeprefix("; "))

    def _what_is_saved(self) -> str:
        """The end of a message; empty if nothing is."""
        saved, _ = self._saved
        if not saved:
            return ""
        if saved == self._trainer.state.step:
            return f"; step {saved} is saved in {self._folder}: --resume goes on from there"
        return (
            f"; the last checkpoint in {self._folder} is that of step {saved}: "
            "--resume goes on from there"
        )


def _is_of_memory(error: BaseException) -> bool:
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error)  # of torch's allocator for the CPU, by system
    return isinstance(error, RuntimeError) and (
        "can't allocate memory" in text or "not enough memory" in text
    )


def _first_line(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0]
