"""A run folder as a whole: who may train into it, what a checkpoint records, what is deleted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from .. import __version__, recipes
from ..config import RunConfig, quiet_renames, to_plain
from ..errors import CheckpointError, ConfigError
from ..plugins import components
from ..training import checkpoint
from ..training.trainer import Trainer
from .log import CONFIG, LOG, unwritable

# When a run is resumed: how long, how often.
_MAY_CHANGE = ("train.steps", "train.epochs", "train.eval_every", "train.patience", "train.keep")


def check_folder(folder: Path, config: RunConfig, *, resume: bool, overwrite: bool) -> Path | None:
    """Check that `config` may train into `folder`; return the step folder to resume, or None."""
    if resume and overwrite:
        raise ConfigError("choose one of resume and overwrite")

    used = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    if used:
        _check_is_ours(folder, may_change=resume or overwrite)
    elif resume:
        raise CheckpointError(f"nothing to resume at {folder}: train without --resume")
    if not resume:
        return None

    last = checkpoint.newest(folder)
    if last is None:
        return None  # stopped before its first checkpoint: begin again
    with quiet_renames():
        before = recipes.load(folder / CONFIG)
    _check_unchanged(to_plain(before), to_plain(config), folder)
    return checkpoint.resolve(last)


def _check_is_ours(folder: Path, *, may_change: bool) -> None:
    """Refuse a folder that no run wrote, and a run's folder without --resume or --overwrite."""
    if not may_change:
        raise CheckpointError(
            f"{folder} exists: continue it with --resume, replace it with --overwrite, "
            "or choose another --out"
        )
    if not (folder / CONFIG).exists():
        raise CheckpointError(
            f"{folder} is not a run folder (it has no {CONFIG}), leaving it untouched"
        )


def _check_unchanged(before: dict[str, Any], now: dict[str, Any], folder: Path) -> None:
    """Refuse to resume with another config, except for how long and how often."""
    for key, old, new in _differences(before, now):
        if key not in _MAY_CHANGE:
            raise ConfigError(
                f"cannot resume {folder}: {key} was {old!r} and is now {new!r}. "
                "Set it back, or train into another --out."
            )


def _differences(before: dict[str, Any], now: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """("section.key", old value, new value) of every key that differs."""
    for name in sorted(before.keys() | now.keys()):
        old = before.get(name)
        new = now.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            for key, was, is_now in _differences(old, new):
                yield f"{name}.{key}", was, is_now
        elif old != new:
            yield name, old, new


def save(
    trainer: Trainer, config: RunConfig, run: Path, metrics: dict[str, float], *, best: bool
) -> Path:
    """Write a step folder and return it; point `best` and `last` to it, delete old ones."""
    meta = {
        "seqkit": __version__,
        "torch": torch.__version__,
        "plugins": _installed_plugins(),
        "device": str(trainer.device),
        "precision": trainer.precision,
        "config": to_plain(config),
        "dims": trainer.task.dims(),
        "about": trainer.task.describe(),
        "state": trainer.loop_state(),
        "metrics": metrics,
    }
    step = trainer.state.step
    tensors = trainer.tensors()
    folder = checkpoint.write(run, step, trainer.averaged, tensors, meta, trainer.task.save)

    if best:
        checkpoint.point(run, "best", folder)
    finish_saving(run, folder, config.train.keep)
    return folder


def finish_saving(run: Path, last: Path, keep: int) -> None:
    """The last steps of saving; done again on resume, since a kill may have come between them."""
    checkpoint.point(run, "last", last)
    checkpoint.prune(run, keep)


def _installed_plugins() -> dict[str, str]:
    """Version of every plugin that registered a name.

    Opening the run on another machine can then name what is missing.
    """
    entries = (entry for registry in components().registries() for entry in registry)
    providers = sorted({entry.provider for entry in entries} - {"seqkit"})
    return {provider: version(provider) for provider in providers}


def clear(folder: Path) -> None:
    """Delete what a run wrote, and nothing else."""
    try:
        for name in ("best", "last", CONFIG, LOG):
            (folder / name).unlink(missing_ok=True)
        steps = [*folder.glob("step-*"), *folder.glob(".step-*.part")]
        for step in steps:
            shutil.rmtree(step)
    except OSError as error:
        raise unwritable(folder, error) from None
