"""The file of a mixture that runs: TOML that names its models, relative to its own folder.

type = "n-gram mixture"
unknown = "share"

[[models]]
path = "news.lm"
weight = 0.7
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tomli_w

from ..data.aside import replacing
from ..data.files import reading
from ..errors import ConfigError, DataError, SeqkitError, WrongType
from ..parsing import toml_of
from .dynamic import log_probabilities as of_counted
from .dynamic import mixture
from .mixed_model import Doubles, MixedModel, Part
from .mixing import Unknown
from .model import Model

_COUNTED = "n-gram mixture"  # the type of the file
_ANY = "language model mixture"  # that of one with trained networks, which older seqkits lack


def save_mixture(
    paths: Sequence[Path], weights: Sequence[float], path: Path, *, unknown: Unknown
) -> None:
    """Write the file of a mixture of the models at `paths`.

    Raises `ConfigError` for one that is itself a mixture.
    """
    nested = [each for each in paths if each.suffix == ".toml"]
    if nested:
        raise ConfigError(f"{nested[0]} is itself a mixture: name its models")

    folder = path.absolute().parent
    parts = []
    for each, weight in zip(paths, weights, strict=True):
        relative = os.path.relpath(each.absolute(), folder)
        parts.append({"path": relative, "weight": weight})

    kind = _ANY if any(map(is_network, paths)) else _COUNTED
    text = tomli_w.dumps({"type": kind, "unknown": unknown, "models": parts})
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def load_mixture(path: Path, open_part: Callable[[Path], Any]) -> Model | MixedModel:
    """The mixture in a file, whose models `open_part` opens.

    Raises `DataError` naming the file, and the model in it, for whatever is wrong.
    """
    parts, unknown = _read(path)
    models = []
    for number, (name, _) in enumerate(parts, 1):
        if name.endswith(".toml"):
            raise DataError(f"{path}: model {number}, {name}, is itself a mixture: name its models")
        try:
            models.append(open_part(path.parent / name))
        except SeqkitError as error:
            raise DataError(f"{path}: model {number}: {error}") from None
    try:
        return mixture_of(models, [weight for _, weight in parts], unknown=unknown)
    except ConfigError as error:
        raise DataError(f"{path}: {error}") from None


def models_of(path: Path) -> list[Path]:
    """Where the models of the mixture in a file are; raises `DataError` naming the file."""
    parts, _ = _read(path)
    return [path.parent / name for name, _ in parts]


def _read(path: Path) -> tuple[list[tuple[str, float]], Any]:
    """The names and weights of the models in a file, and what it says of unknown words."""
    with reading(path):
        text = path.read_text(encoding="utf-8", errors="replace")
    try:
        content = toml_of(text)
        if content.get("type") not in (_COUNTED, _ANY):
            raise ValueError(f'it does not say type = "{_COUNTED}"')
        parts = [(str(part["path"]), float(part["weight"])) for part in content["models"]]
    except (ValueError, TypeError) as error:
        raise DataError(f"{path} is not the file of a mixture: {error}") from None
    except KeyError as error:
        raise DataError(f"{path} is not the file of a mixture: {error} is missing") from None
    return parts, content.get("unknown", "share")


def mixture_of(
    models: Sequence[Any], weights: Sequence[float], *, unknown: Unknown = "share"
) -> Model | MixedModel:
    """The mixture of models, which runs; raises as `mixture` and `MixedModel`."""
    for number, model in enumerate(models, 1):
        if not isinstance(model, Part):
            raise WrongType(
                f"model {number} of the mixture is {type(model).__name__}: give n-gram models and "
                "trained language models, as seqkit.load opens them"
            )

    counted = [model for model in models if isinstance(model, Model)]
    if len(counted) == len(models):
        return mixture(counted, weights, unknown=unknown)
    return MixedModel(models, weights, unknown=unknown)


def is_network(path: Path) -> bool:
    """Whether the model at `path` can only be a trained network: a run folder, or a zip of one."""
    return path.is_dir() or path.suffix == ".zip"


def log_probabilities(mixed: Model | MixedModel, blocks: Sequence[bytes]) -> list[Doubles]:
    """Log probabilities (nats) that each model of a mixture gives to every token. M x (T,)"""
    if isinstance(mixed, MixedModel):
        return mixed.log_probabilities(blocks)
    return of_counted(mixed, blocks)
