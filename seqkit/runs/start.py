"""Start or resume a training run: from a config to a run folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import recipes
from ..config import RunConfig
from ..errors import CheckpointError, ConfigError
from ..training import checkpoint
from ..training.devices import pick_device
from ..training.processes import Processes
from ..training.trainer import Trainer
from .build import make_trainer
from .entry import Entry, entered
from .events import Listener
from .folder import RunFolder, finish_saving
from .log import Log
from .loop import follow, lead
from .open import config_of
from .replaced import set_aside
from .signals import stop_requests


@dataclass(frozen=True)
class Run:
    """A finished training run; `seqkit.load(run.folder)` opens its best model."""

    folder: Path
    step: int
    metrics: dict[str, float]  # of the best checkpoint

    def __repr__(self) -> str:
        figures = ", ".join(f"{name} {value:.4g}" for name, value in self.metrics.items())
        return f"Run({str(self.folder)!r}, {self.step:,} steps, best: {figures})"


def train(
    config: str | Path,
    *,
    out: str | Path,
    overrides: Mapping[str, Any] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    init: str | Path | None = None,
    device: str = "auto",
    task: str | None = None,
    listener: Listener = lambda event: None,
) -> Run:
    """Train by a TOML file or a shipped recipe into the folder `out`.

    `overrides` maps "section.key" to a value. `resume` continues the run in `out`, bit for bit on
    the CPU with the same number of threads; `overwrite` replaces it; `init` starts from the weights
    and tokenizers of another run, or of a shipped model by name. With `task`, a recipe for another
    task is refused. `listener` is called with every event. Raises `SeqkitError` for anything the
    caller can fix.

    Effects on the process: in the main thread, SIGINT and SIGTERM save and raise `Interrupted`
    while it trains; on the CPU, the C library keeps freed memory from then on
    (`seqkit.training.devices.keep_freed_memory`). On a busy machine, set GOMP_SPINCOUNT=1000 before
    Python imports torch, as the command line does (`seqkit.cli.openmp`).
    """
    settings = recipes.load(config, overrides)
    _check_task(config, settings.task, task)

    folder = Path(out)
    processes = Processes.join(pick_device(device))
    with entered(folder, settings, processes, resume=resume, overwrite=overwrite) as entry:
        initial = None
        if init is not None and entry.last is None:
            initial = config_of(init)[1]

        trainer = make_trainer(settings, device=device, folder=entry.last or initial)
        if entry.last is not None:
            _resume(trainer, entry.last)
        elif initial is not None:
            entry.notes += _start_from(initial, trainer)

        with stop_requests(processes.world) as stop:
            if processes.first:
                with _opened(entry, trainer, settings, overwrite=overwrite) as run:
                    if entry.last is None and initial is not None:
                        # When this run is resumed, what it starts from may be gone or changed.
                        run.save(trainer, {}, best=False)
                    lead(trainer, run, listener, stop, entry.notes)
            else:
                follow(trainer, folder, stop)

        processes.wait()  # until the first one has written the last checkpoint
        best = checkpoint.read_meta(checkpoint.resolve(folder))
        return Run(folder, trainer.state.step, best["metrics"])


@contextmanager
def _opened(
    entry: Entry, trainer: Trainer, config: RunConfig, *, overwrite: bool
) -> Iterator[RunFolder]:
    """The run folder, ready to be written to, in the first process."""
    folder = entry.lock.folder
    if overwrite:
        set_aside(folder)
    with Log(folder, config, trainer.state.step) as log:
        if entry.last is not None:
            finish_saving(folder, entry.last, config.train.keep)
        yield RunFolder(folder, config, entry.lock, log, replaces=overwrite)


def _check_task(config: str | Path, found: str, wanted: str | None) -> None:
    if wanted is not None and found != wanted:
        raise ConfigError(
            f"{config} is a recipe for {found!r}; this command trains {wanted!r}, "
            "`seqkit train` any task"
        )


def _start_from(initial: Path, trainer: Trainer) -> list[str]:
    """Fill the model with another run's weights; returns what a person should know of it.

    A task that has a `start_from` decides what is kept, such as all but the last layer.
    """
    notes: list[str] = []
    start = getattr(trainer.task, "start_from", None)
    if start is not None:
        notes = start(initial, trainer.model)
    else:
        checkpoint.load_model(initial, trainer.model)
    trainer.averaged.load_state_dict(trainer.model.state_dict())
    return notes


def _resume(trainer: Trainer, last: Path) -> None:
    """Bring the trainer to the state of the checkpoint `last`; refuses changed data."""
    checkpoint.load_model(last, trainer.averaged)
    tensors = checkpoint.load_tensors(last / checkpoint.TRAINER)
    meta = checkpoint.read_meta(last)
    _check_same_data(trainer, last, meta)

    try:
        trainer.restore(tensors, meta["state"])
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError):
        raise CheckpointError(
            f"cannot resume {last}: {checkpoint.TRAINER} or the state in {checkpoint.META} "
            "is damaged"
        ) from None


def _check_same_data(trainer: Trainer, last: Path, meta: Mapping[str, Any]) -> None:
    """Refuse data with other numbers; an earlier version may have put them in other words."""
    description = trainer.task.describe()
    before = meta.get("about", description)
    if not isinstance(before, list) or not all(isinstance(line, str) for line in before):
        raise CheckpointError(f"cannot resume {last}: `about` in {checkpoint.META} is damaged")
    if _numbers(before) != _numbers(description):
        raise CheckpointError(
            f"cannot resume {last.parent}: the data has changed. It was {'; '.join(before)}; "
            f"it is {'; '.join(description)}. Train into another --out, with --init {last.parent}."
        )


def _numbers(description: list[str]) -> list[str]:
    """The numbers in the lines of `Task.describe`, in order."""
    return re.findall(r"\d+", " ".join(description))
