"""Start or resume a training run: from a config to a run folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from .. import recipes
from ..config import RunConfig
from ..errors import CheckpointError, ConfigError, WrongType
from ..parsing import path_of
from ..training import checkpoint
from ..training.devices import pick_device
from ..training.processes import Processes
from ..training.trainer import Trainer
from . import launch
from .build import make_trainer
from .changes import check_same_data
from .entry import Entry, entered
from .events import Listener
from .folder import RunFolder, finish_saving
from .initial import check_kept
from .log import Log
from .loop import follow, lead
from .open import config_of
from .progress import told
from .replaced import set_aside
from .signals import stop_requests
from .tensorboard import check_installed


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
    progress: bool = False,
) -> Run:
    """Train by a TOML file or a shipped recipe into the folder `out`.

    `overrides` maps "section.key" to a value. `resume` continues the run in `out`, bit for bit on
    the CPU with the same number of threads; `overwrite` replaces it; `init` starts from the weights
    and tokenizers of another run, or of a shipped model by name. With `task`, a recipe for another
    task is refused. `listener` is called with every event; with `progress`, stderr shows how far it
    is, and `logging.getLogger("seqkit.training")` hears of it in any case. Raises `SeqkitError` for
    anything the caller can fix.

    When the listener raises `seqkit.errors.StopTraining`, the run is evaluated, saved and returned
    as if it were finished. Whatever else it raises comes out of `train`, and so does any error
    while training; before, the last whole update is saved, from which `resume` goes on.

    Effects on the process: in the main thread, SIGINT, SIGTERM and SIGHUP save and raise
    `Interrupted` while it trains; on the CPU, the C library keeps freed memory from then on
    (`seqkit.training.devices.keep_freed_memory`). On a busy machine, set GOMP_SPINCOUNT=1000 before
    Python imports torch, as the command line does (`seqkit.cli.openmp`).
    """
    if not callable(listener):
        raise WrongType(f"give a function as listener, not {type(listener).__name__}")

    how = _How(overrides, resume, overwrite, init, device, task)
    with told(listener, show=progress) as tell:
        return _train(config, out, how, tell)


class _How(NamedTuple):
    """How a run starts; see `train`."""

    overrides: Mapping[str, Any] | None
    resume: bool
    overwrite: bool
    init: str | Path | None
    device: str
    task: str | None


def _train(config: str | Path, out: str | Path, how: _How, tell: Listener) -> Run:
    overrides, resume, overwrite, init, device, task = how
    settings = recipes.load(config, overrides, task=task)
    check_installed(settings.train)
    _check_task(config, settings.task, task)

    folder = path_of(out, "folder for the run", is_run=True)
    processes = Processes.join(pick_device(device))
    with entered(folder, settings, processes, resume=resume, overwrite=overwrite) as entry:
        initial = None
        if init is not None and entry.last is None:
            before, initial = config_of(init)
            entry.notes += check_kept(init, before, settings, overrides or {})

        trainer = make_trainer(settings, device=device, folder=entry.last or initial)
        if entry.last is not None:
            _resume(trainer, entry.last)
        elif initial is not None:
            entry.notes += _start_from(initial, trainer)

        # When this run is resumed, what it starts from may be gone or changed.
        starts_elsewhere = entry.last is None and initial is not None
        with stop_requests(processes.world) as stop:
            if processes.first:
                with _opened(entry, trainer, settings) as run:
                    lead(trainer, run, tell, stop, entry.notes, save_first=starts_elsewhere)
            else:
                follow(trainer, folder, stop, save_first=starts_elsewhere)

        processes.wait()  # until the first one has written the last checkpoint
        best = checkpoint.metrics(checkpoint.resolve(folder))
        return Run(folder, trainer.state.step, best)


@contextmanager
def _opened(entry: Entry, trainer: Trainer, config: RunConfig) -> Iterator[RunFolder]:
    """The run folder, ready to be written to, in the first process."""
    folder = entry.lock.folder
    if entry.overwrites:
        set_aside(folder)
    with Log(folder, config, trainer.state.step) as log:
        launch.mark(folder)
        if entry.last is not None:
            finish_saving(folder, entry.last, config.train.keep)
        yield RunFolder(folder, config, entry.lock, log, replaces=entry.overwrites)


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
    meta = checkpoint.read_meta(last)
    check_same_data(trainer, last, meta)
    try:
        checkpoint.load_model(last, trainer.averaged)
        tensors = checkpoint.load_tensors(last / checkpoint.TRAINER)
        trainer.restore(tensors, meta["state"])
    except CheckpointError as error:
        raise CheckpointError(f"{error}{_way_back(last)}") from None
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError):
        raise CheckpointError(
            f"cannot resume {last}: {checkpoint.TRAINER} or the state in {checkpoint.META} "
            f"is damaged{_way_back(last)}"
        ) from None


def _way_back(last: Path) -> str:
    """The end of a message on a damaged checkpoint: how to resume an older one."""
    steps = checkpoint.step_folders(last.parent)
    older = [step for step in steps if step != last and checkpoint.is_whole(step)]
    if not older:
        return ""
    return f". Delete {last} to go on from {older[-1].name} with --resume."
