"""n-gram models on disk: the name decides the format when writing, the content when reading."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tomli_w
from safetensors import SafetensorError

from ..data.aside import replacing
from ..data.files import reading
from ..errors import ConfigError, DataError, WrongType
from ..parsing import path_of, toml_of
from ..text import TokenizerLookup, built_in
from . import arpa, binary
from .dynamic import mixture
from .mixing import Unknown
from .model import Model
from .tables import Kind

_MIXTURE = "n-gram mixture"  # the type of its file


def is_arpa(path: Path) -> bool:
    """Whether a file of that name is written as ARPA."""
    return path.name.endswith((".arpa", ".arpa.gz"))


def check_format(path: Path, kind: Kind, smoothing: str) -> None:
    """Raise `ConfigError` if the format of that name cannot hold a model of that kind."""
    if kind == "mixture":
        raise ConfigError(
            f"a mixture that runs has no n-grams to write into {path.name}: "
            "`seqkit lm mix` makes one model of it"
        )
    if is_arpa(path) and kind != "backoff":
        raise ConfigError(
            f"{smoothing} cannot be written as ARPA, which knows backoff weights only: "
            "name the file without .arpa to get seqkit's binary"
        )


def check_bits(bits: int, path: Path, model: Model) -> None:
    """Raise `ConfigError` for numbers that cannot be written in so many bits."""
    if bits not in (8, 32):
        raise ConfigError(f"probabilities are written in 8 or 32 bits, not {bits!r}")
    if bits == 32:
        return
    if is_arpa(path):
        raise ConfigError(f"{path}: only seqkit's binary has 8 bits: name the file without .arpa")
    if model.kind != "backoff" or any(np.isinf(level.scores).any() for level in model.grams):
        raise ConfigError(f"{model.smoothing} cannot be written in 8 bits: leave them at 32")


def save(model: Model, path: str | Path, *, bits: int = 32) -> None:
    """Write ARPA for `*.arpa` and `*.arpa.gz`, seqkit's binary for any other name.

    With `bits` = 8, a binary of a third of the size or less, whose probabilities are rounded to 255
    values an order; see `packing`. An existing file is replaced only when the new one is complete.
    Raises `ConfigError` for smoothings whose scores ARPA or 8 bits cannot express, and `DataError`
    where the file cannot be written.
    """
    if not isinstance(model, Model):
        raise WrongType(f"give an n-gram model to save, not {type(model).__name__}")
    path = path_of(path, "file name")
    check_format(path, model.kind, model.smoothing)
    check_bits(bits, path, model)

    try:
        with replacing(path) as part:
            if is_arpa(path):
                arpa.write(model, part)
            else:
                binary.write(model, part, packed=bits == 8)
    except SafetensorError as error:
        raise DataError(f"cannot write {path}: {error}") from None


def load(path: str | Path, *, device: str = "cpu", tokenizers: TokenizerLookup = built_in) -> Model:
    """Read an ARPA file (plain or .gz), seqkit's binary, or the .toml of a mixture.

    Raises `DataError` for anything else.

    On a `device` other than "cpu", n-grams are looked up there by torch, with the same numbers.
    """
    path = path_of(path, "file of an n-gram model")
    if path.suffix == ".toml":
        return _load_mixture(path, device, tokenizers)
    is_ours = binary.is_binary(path)
    model = binary.read(path, tokenizers) if is_ours else arpa.read(path)
    if device != "cpu":
        from .device import DeviceLookup  # imports torch, which the CPU does without

        model.tables.lookup = DeviceLookup(model.grams, device)
    return model


def save_mixture(
    paths: Sequence[Path], weights: Sequence[float], path: Path, *, unknown: Unknown
) -> None:
    """Write the file of a mixture of the models at `paths`, which are named relative to it.

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

    text = tomli_w.dumps({"type": _MIXTURE, "unknown": unknown, "models": parts})
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def _load_mixture(path: Path, device: str, tokenizers: TokenizerLookup) -> Model:
    """Raises `DataError` naming the file, and the model in it, for whatever is wrong."""
    with reading(path):
        text = path.read_text(encoding="utf-8", errors="replace")
    try:
        content = toml_of(text)
        if content.get("type") != _MIXTURE:
            raise ValueError(f'it does not say type = "{_MIXTURE}"')
        parts = [(str(part["path"]), float(part["weight"])) for part in content["models"]]
        unknown = content.get("unknown", "share")
    except (ValueError, TypeError) as error:
        raise DataError(f"{path} is not the file of a mixture: {error}") from None
    except KeyError as error:
        raise DataError(f"{path} is not the file of a mixture: {error} is missing") from None

    models = []
    for number, (name, _) in enumerate(parts, 1):
        if name.endswith(".toml"):
            raise DataError(f"{path}: model {number}, {name}, is itself a mixture: name its models")
        try:
            models.append(load(path.parent / name, device=device, tokenizers=tokenizers))
        except DataError as error:
            raise DataError(f"{path}: model {number}: {error}") from None
    try:
        return mixture(models, [weight for _, weight in parts], unknown=unknown)
    except ConfigError as error:
        raise DataError(f"{path}: {error}") from None
