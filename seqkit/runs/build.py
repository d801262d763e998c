"""From a complete config to a task, a model and a trainer."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..config import RunConfig, build
from ..errors import ConfigError
from ..plugins import components
from ..recipes import models_for
from ..training.contract import missing_members
from ..training.devices import keep_freed_memory, limit_kept_kernels, pick_device
from ..training.forks import survive_forks
from ..training.trainer import Trainer


def make_trainer(config: RunConfig, *, device: str = "auto", folder: Path | None = None) -> Trainer:
    """Task, model and trainer of a complete config.

    With a checkpoint's `folder`, tokenizers and the like come from there.
    """
    task_class = components().tasks.load(config.task)
    check_model_class(config.model["name"], config.task)
    place = pick_device(device)
    if place.type == "cpu":
        keep_freed_memory()

    torch.manual_seed(config.train.seed)
    task = task_class(config, folder)
    model = make_model(config.model, task.dims(), config.task)
    prepare = getattr(task, "prepare", None)
    if folder is None and prepare is not None:
        prepare(model)
    return Trainer(task, model, config.train, config.optim, place)


def make_model(section: Mapping[str, Any], dims: Mapping[str, int], task: str) -> nn.Module:
    """The model of a complete [model] section, with the sizes that the task derived from its data.

    Raises `ConfigError` if the model takes other sizes, or lacks something that the task asks of
    its models.
    """
    survive_forks()
    limit_kept_kernels()
    name = section["name"]
    model_class = components().models.load(name, task)
    _check_dims(name, model_class, dims)

    settings = {key: value for key, value in section.items() if key != "name"}
    config = build(model_class.Config, settings, f"[model] {name}")
    model: nn.Module = model_class(config, **dims)

    contract = components().tasks.load(task).contract
    missing = missing_members(model, contract)
    if missing:
        raise ConfigError(_lacks(name, task, missing, contract))
    return model


def check_model_class(name: str, task: str) -> None:
    """Raise `ConfigError` if the model's class alone shows that it is not for this task.

    Reads no data.
    """
    contract = components().tasks.load(task).contract
    missing = missing_members(components().models.load(name, task), contract)
    if missing:
        known = ", ".join(models_for(task)) or "none"
        lacks = _lacks(name, task, missing, contract)
        raise ConfigError(f"{lacks} Models for this task: {known}.")


def _lacks(name: str, task: str, missing: list[str], contract: type) -> str:
    return (
        f"[model] {name!r} is not a model for the task {task!r}: it lacks {', '.join(missing)}; "
        f"see {contract.__module__}.{contract.__qualname__}."
    )


def _check_dims(name: str, model_class: type, dims: Mapping[str, int]) -> None:
    """Refuse a model whose constructor takes other sizes than the data gives."""
    call = signature(model_class)
    try:
        call.bind(None, **dims)
    except TypeError:
        _, *wanted = call.parameters
        raise ConfigError(
            f"[model] {name!r} is not a model for this task: it takes {', '.join(wanted)}, "
            f"the data gives {', '.join(dims)}; `seqkit models` says what each model is for"
        ) from None
