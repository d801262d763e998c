"""A run folder as a whole: who may train into it, what a checkpoint records, what is deleted."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from .. import __version__
from ..config import RunConfig, to_plain
from ..errors import CheckpointError, ConfigError
from ..plugins import components
from ..training import checkpoint
from ..training.trainer import Trainer
from .changes import DIGESTS, check_same_config, digests_of
from .initial import INITIAL
from .lock import LOCK, Lock
from .log import CONFIG, Log
from .open import config_of
from .replaced import REPLACED, discard

logger = logging.getLogger("seqkit.training")  # as runs.progress


def check_usable(folder: Path, *, resume: bool, overwrite: bool) -> None:
    """Refuse a folder that training must not even lock: one that no run wrote."""
    if resume and overwrite:
        raise ConfigError("choose one of resume and overwrite")

    used = _is_used(folder)
    if used and not _is_a_run(folder):
        if not resume and not overwrite:
            raise _exists(folder)
        raise CheckpointError(
            f"{folder} is not a run folder (it has no {CONFIG}), leaving it untouched"
        )
    if resume and not used:
        raise CheckpointError(f"nothing to resume at {folder}: train without --resume")


def check_folder(
    folder: Path, config: RunConfig, *, resume: bool, overwrite: bool
) -> tuple[Path | None, list[str]]:
    """Check that `config` may train into `folder`, which is locked.

    Returns the step folder to resume or None, and what a person should know of it.
    """
    check_usable(folder, resume=resume, overwrite=overwrite)
    if not resume:
        if _is_used(folder) and not overwrite:
            raise _exists(folder)
        return None, []

    last = checkpoint.newest(folder)
    if last is None:
        _check_nothing_is_lost(folder)
        return None, []  # stopped before its first checkpoint: begin again

    before, _ = config_of(last)  # config.toml may be lost
    notes = check_same_config(before, config, last)
    return checkpoint.resolve(last), _notes(folder, last) + notes


def _is_used(folder: Path) -> bool:
    """Whether there is anything but the lock of a run, or the one that it replaces."""
    if not folder.is_dir():
        return folder.exists() or folder.is_symlink()
    return any(path.name != LOCK for path in folder.iterdir())


def _is_a_run(folder: Path) -> bool:
    steps = checkpoint.step_folders(folder)
    saved = any((step / checkpoint.META).exists() for step in steps)
    return saved or (folder / CONFIG).exists() or (folder / REPLACED).is_dir()


def _exists(folder: Path) -> CheckpointError:
    return CheckpointError(
        f"{folder} exists: continue it with --resume, replace it with --overwrite, "
        "or choose another --out"
    )


def _check_nothing_is_lost(folder: Path) -> None:
    """Refuse to begin again where there have been checkpoints."""
    traces = [path.name for path in checkpoint.step_folders(folder)]
    traces += [name for name in checkpoint.POINTERS if (folder / name).exists()]
    if traces:
        raise CheckpointError(
            f"cannot resume {folder}: there was a checkpoint ({traces[0]}), and no whole one is "
            "left; leaving it untouched. Begin again with --overwrite, or choose another --out."
        )


def _notes(folder: Path, last: Path) -> list[str]:
    named = checkpoint.target(folder, "last")
    if named is not None and (named / checkpoint.META).exists():
        return []
    return [f"`last` of {folder} leads nowhere: resuming from {last.name}, the newest whole one"]


@dataclass
class RunFolder:
    """The folder that a run trains into, and what it holds of it: the lock and the open log."""

    path: Path
    config: RunConfig
    lock: Lock
    log: Log
    replaces: bool = False  # a run that is set aside until this one has a checkpoint
    initial: Mapping[str, Any] | None = None  # what it started from; see `initial.Origin.record`
    note: str = ""  # what is unusual about the last save

    def save(self, trainer: Trainer, metrics: dict[str, float], *, best: bool) -> Path:
        """Write a step folder and return it; point `best` and `last` to it, delete old ones."""
        weights = trainer.average.weights(trainer.processes)  # the other processes give theirs
        tensors = trainer.tensors()
        self._keep_whole()
        step = trainer.state.step
        meta = self._meta(trainer, metrics)
        folder = checkpoint.write(self.path, step, weights, tensors, meta, trainer.task.save)

        if best:
            checkpoint.point(self.path, "best", folder)
        finish_saving(self.path, folder, self.config.train.keep)
        if self.replaces:
            discard(self.path)
            self.replaces = False
        return folder

    def _keep_whole(self) -> None:
        """Make it a run folder again if somebody has deleted or moved it while it trains."""
        was_lost = self.lock.keep()
        if was_lost and self.log.replaced_by_another():
            raise CheckpointError(
                f"cannot save: {self.path} was deleted, and another run has trained into it since"
            )
        self.note = ""
        if self.log.is_there():
            return
        self.log.restore()
        self.note = (
            f"{self.path} was deleted or moved while it trains: it is saved again, "
            "without its earlier checkpoints"
        )
        logger.warning("%s", self.note)

    def _meta(self, trainer: Trainer, metrics: dict[str, float]) -> dict[str, Any]:
        initial = {} if self.initial is None else {INITIAL: self.initial}
        return {
            "seqkit": __version__,
            "torch": torch.__version__,
            "plugins": _installed_plugins(),
            **initial,
            "device": str(trainer.device),
            "precision": trainer.precision,
            "config": to_plain(self.config),
            "dims": trainer.task.dims(),
            "about": trainer.task.describe(),
            DIGESTS: digests_of(trainer.task),
            "state": trainer.loop_state(),
            "metrics": metrics,
        }


def finish_saving(run: Path, last: Path, keep: int) -> None:
    """The last steps of saving; done again on resume, since a kill may have come between them."""
    _mend_best(run, last)
    checkpoint.point(run, "last", last)
    checkpoint.prune(run, keep)


def _mend_best(run: Path, last: Path) -> None:
    """Point "best" to the best step up to `last` if it leads nowhere or was not moved there."""
    named = checkpoint.target(run, "best")
    if named is not None and not (named / checkpoint.META).exists():
        named = None
    if named is not None and checkpoint.age(named) > checkpoint.age(last):
        return

    best = checkpoint.best_so_far(run, last)
    if best is not None and (named is None or checkpoint.age(best) > checkpoint.age(named)):
        checkpoint.point(run, "best", best)


def _installed_plugins() -> dict[str, str]:
    """Version of every plugin that registered a name.

    Opening the run on another machine can then name what is missing.
    """
    entries = (entry for registry in components().registries() for entry in registry)
    providers = sorted({entry.provider for entry in entries} - {"seqkit"})
    return {provider: version(provider) for provider in providers}
