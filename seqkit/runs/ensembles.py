"""Several models as one, named "A+B" where models are opened."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import ConfigError

PLUS = "+"


def members_of(model: str | Path | None) -> list[str]:
    """The models that "A+B" names; none for what names one model, as does a path with a "+".

    Of pieces between the "+", as many as are a path together are one model.
    """
    name = "" if model is None else str(model)
    pieces = name.split(PLUS)
    members: list[str] = []
    while pieces:
        count = _longest_path(pieces)
        members.append(PLUS.join(pieces[:count]).strip())
        pieces = pieces[count:]
    return members if len(members) > 1 and all(members) else []


def _longest_path(pieces: Sequence[str]) -> int:
    """How many of the first pieces are a path together; 1 if none are."""
    for count in range(len(pieces), 1, -1):
        if Path(PLUS.join(pieces[:count]).strip()).exists():
            return count
    return 1


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
    try:
        return make(models)
    except ConfigError as error:
        raise ConfigError(f"{PLUS.join(names)}: {error}") from None
