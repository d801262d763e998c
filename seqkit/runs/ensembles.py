"""Several models as one: "A+B" wherever a model is named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import ConfigError

PLUS = "+"


def members_of(model: str | Path | None) -> list[str]:
    """The models that "A+B" names; none for what names one model, as does a path with a "+"."""
    name = "" if model is None else str(model)
    names = name.split(PLUS)
    return names if len(names) > 1 and all(names) and not Path(name).exists() else []


def first_of(model: str) -> str:
    """The first of the models that are named, which tells the task of all."""
    members = members_of(model)
    return members[0] if members else model


def joined(models: Sequence[Any], names: Sequence[str]) -> Any:
    """The ensemble of opened models, by the mean of their probabilities.

    Raises `ConfigError` for models that are of different tasks, of a task without ensembles, or
    whose answers do not mean the same.
    """
    kind = type(models[0])
    for model, name in zip(models, names, strict=True):
        if type(model) is not kind:
            raise ConfigError(
                f"{names[0]} and {name} are no ensemble: one is a {kind.__name__}, the other a "
                f"{type(model).__name__}"
            )
    make = getattr(kind, "ensemble", None)
    if make is None:
        raise ConfigError(
            f"{PLUS.join(names)}: there are no ensembles of models like {names[0]} (a "
            f"{kind.__name__}); give one model"
        )
    return make(models)
