"""From a run folder, a step folder or the name of a shipped model to a predictor."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from .. import recipes
from ..config import RunConfig, quiet_renames
from ..errors import CheckpointError, ConfigError, UnknownName
from ..plugins import components
from ..training import checkpoint
from ..training.devices import pick_device
from ..training.weights import as_large_as, size_of
from .build import make_model
from .finding import find

_LARGEST_SIZE = 2**31 - 1  # that data can give a model


def config_of(model: str | Path) -> tuple[RunConfig, Path]:
    """The config and the step folder of a run folder, a step folder or a shipped model."""
    opened = _read(model)
    return opened.config, opened.folder


def open_run(
    model: str | Path | None = None, *, device: str = "auto", task: str | None = None
) -> Any:
    """The predictor of a run folder, a step folder or a shipped model; see `seqkit.load`."""
    opened = _read(model, task)
    config, folder = opened.config, opened.folder
    if task is not None and config.task != task:
        raise CheckpointError(
            f"{opened.path} is a model for {config.task!r}; this command needs one for {task!r}"
        )

    place = pick_device(device)
    size = size_of(folder / checkpoint.MODEL)
    with _kept_generators():
        try:
            with as_large_as(size):
                built = make_model(config.model, opened.dims, config.task)
        except ConfigError as error:
            raise CheckpointError(f"{folder / checkpoint.META} is damaged: {error}") from None
        checkpoint.load_model(folder, built)

        try:
            task_class = components().tasks.load(config.task)
            return task_class.open(built.to(place).eval(), folder, config)
        except UnknownName as error:
            raise _explained(error, opened.path, opened.plugins) from None


@contextmanager
def _kept_generators() -> Iterator[None]:
    """The generators of Python, numpy and torch (on the CPU) are afterwards as they were before.

    Layers draw initial weights when they are made, even if they are filled at once with others.
    """
    of_python = random.getstate()
    of_numpy = np.random.get_state()
    of_torch = torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(of_python)
        np.random.set_state(of_numpy)
        torch.set_rng_state(of_torch)


class _Opened(NamedTuple):
    path: Path  # what was asked for
    folder: Path  # its step folder
    config: RunConfig
    dims: dict[str, int]
    plugins: dict[str, str]  # that were installed when it was trained, and their versions


def _read(model: str | Path | None, task: str | None = None) -> _Opened:
    """Find the step folder that `model` means, and read what its metadata says of the model."""
    path, folder, meta = find(model, task)
    plugins = _strings(meta.get("plugins"))
    try:
        with quiet_renames():
            config = recipes.complete(meta["config"], str(folder / checkpoint.META))
        dims = _sizes(meta["dims"], folder)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise CheckpointError(
            f"{folder / checkpoint.META} is damaged: it lacks the config or the dims"
        ) from None
    except UnknownName as error:
        raise _explained(error, path, plugins) from None
    return _Opened(path, folder, config, dims, plugins)


def _strings(plugins: Any) -> dict[str, str]:
    """Plugins and their versions; none if what says so is damaged."""
    if not isinstance(plugins, dict):
        return {}
    return {name: version for name, version in plugins.items() if isinstance(version, str)}


def _sizes(dims: Mapping[str, Any], folder: Path) -> dict[str, int]:
    """The sizes that the data gave the model; raises `CheckpointError` for what is no size."""
    for name, value in dims.items():
        is_size = isinstance(value, int) and not isinstance(value, bool)
        if not is_size or not 0 <= value <= _LARGEST_SIZE:
            raise CheckpointError(
                f"{folder / checkpoint.META} is damaged: {name} = {value!r} in `dims` is no size"
            )
    return dict(dims)


def _explained(
    error: UnknownName, path: Path, plugins: dict[str, str]
) -> UnknownName | CheckpointError:
    """The error of an unregistered name, naming the plugins that the run had and that are absent.

    Unchanged if all of them are installed.
    """
    missing = [name for name in plugins if not _is_installed(name)]
    if not missing:
        return error
    versions = ", ".join(f"{name} {plugins[name]}" for name in missing)
    return CheckpointError(
        f"{path} was trained with a plugin that is not installed here ({versions}): "
        f"`pip install {' '.join(missing)}`. {error}"
    )


def _is_installed(distribution: str) -> bool:
    try:
        version(distribution)
    except (PackageNotFoundError, ValueError):
        return False
    return True
