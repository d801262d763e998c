"""Start or resume a training run: from a config to a run folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

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
from .initial import (
    INITIAL,
    Origin,
    is_trained,
    load_recipe,
    origin_of,
    start_from,
    write_card,
)
from .log import Log
from .loop import follow, lead
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
    the CPU with the same number of threads; `overwrite` replaces it. `init` starts from the
    weights, the tokenizers and the [model] section of another run, of a shipped model by name, or
    of another program's model; these are evaluated before they are trained. With `task`, a recipe
    for another task is refused. `listener` is called with every event; with `progress`, stderr
    shows how far it is, and `logging.getLogger("seqkit.training")` hears of it in any case. Raises
    `SeqkitError` for anything the caller can fix.

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
    folder = path_of(out, "folder for the run", is_run=True)
    origin = origin_of(init, _resumed(folder, resume))
    settings, notes = load_recipe(config, overrides or {}, origin, task=task)
    check_installed(settings.train)
    _check_task(config, settings.task, task)

    processes = Processes.join(pick_device(device))
    with entered(folder, settings, processes, resume=resume, overwrite=overwrite) as entry:
        if entry.last is None:
            entry.notes += notes
        trainer, initial, card = _begin(entry, origin, settings, device)

        # When this run is resumed, what it starts from may be gone or changed.
        save_first = bool(card)
        with stop_requests(processes.world) as stop:
            if processes.first:
                with _opened(entry, trainer, settings, initial) as run:
                    if card:
                        write_card(folder, card)
                    lead(trainer, run, tell, stop, entry.notes, save_first=save_first)
            else:
                follow(trainer, folder, stop, save_first=save_first)

        processes.wait()  # until the first one has written the last checkpoint
        best = checkpoint.metrics(checkpoint.resolve(folder))
        return Run(folder, trainer.state.step, best)


class _Begun(NamedTuple):
    trainer: Trainer
    initial: Mapping[str, Any] | None = None  # what checkpoints say of where the run started
    card: str = ""  # what the run folder says of it, for one that starts now


def _begin(entry: Entry, origin: Origin | None, settings: RunConfig, device: str) -> _Begun:
    """The trainer, with the weights of the last checkpoint, of another model, or new ones."""
    if entry.last is not None:
        trainer = make_trainer(settings, device=device, folder=entry.last)
        initial = checkpoint.read_meta(entry.last).get(INITIAL)
        trainer.evaluates_first = is_trained(settings.task, initial)
        _resume(trainer, entry.last)
        return _Begun(trainer, initial)

    if origin is None:
        return _Begun(make_trainer(settings, device=device))

    trainer = make_trainer(settings, device=device, folder=origin.folder)
    record = origin.start_record(settings)
    trainer.evaluates_first = is_trained(settings.task, record)
    entry.notes += _fill(trainer, origin, settings.task)
    card = origin.card_of_run(entry.lock.folder, trainer.task.describe())
    return _Begun(trainer, record, card)


def _resumed(folder: Path, resume: bool) -> Path | None:
    """The step folder that will be resumed, before the run has entered its folder."""
    if resume or launch.is_of_this_launch(folder):
        return checkpoint.newest(folder)
    return None


@contextmanager
def _opened(
    entry: Entry, trainer: Trainer, config: RunConfig, initial: Mapping[str, Any] | None
) -> Iterator[RunFolder]:
    """The run folder, ready to be written to, in the first process."""
    folder = entry.lock.folder
    if entry.overwrites:
        set_aside(folder)
    with Log(folder, config, trainer.state.step) as log:
        launch.mark(folder)
        if entry.last is not None:
            finish_saving(folder, entry.last, config.train.keep)
        yield RunFolder(folder, config, entry.lock, log, replaces=entry.overwrites, initial=initial)


def _check_task(config: str | Path, found: str, wanted: str | None) -> None:
    if wanted is not None and found != wanted:
        raise ConfigError(
            f"{config} is a recipe for {found!r}; this command trains {wanted!r}, "
            "`seqkit train` any task"
        )


def _fill(trainer: Trainer, origin: Origin, task: str) -> list[str]:
    """Fill the model with another run's weights; returns what a person should know of it.

    A task that has a `start_from` decides what is kept, such as all but the last layer.
    """
    notes: list[str] = []
    from_other = None if task == origin.config.task else start_from(origin.config.task, task)
    from_same = getattr(trainer.task, "start_from", None)
    if from_other is not None:
        notes = from_other.fill(trainer.model, origin.folder)
    elif from_same is not None:
        notes = from_same(origin.folder, trainer.model)
    else:
        checkpoint.load_model(origin.folder, trainer.model)
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
