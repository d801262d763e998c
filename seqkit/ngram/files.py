"""n-gram models on disk: the name decides the format when writing, the content when reading."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.aside import replacing
from ..errors import ConfigError, WrongType
from ..parsing import path_of
from ..text import TokenizerLookup, built_in
from . import arpa, binary
from .model import Model
from .tables import Kind

if TYPE_CHECKING:
    from .mixed_model import MixedModel


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

    with replacing(path) as part:
        if is_arpa(path):
            arpa.write(model, part)
        else:
            binary.write(model, part, packed=bits == 8)


def load(path: str | Path, *, device: str = "cpu", tokenizers: TokenizerLookup = built_in) -> Model:
    """Read an ARPA file (plain or .gz), seqkit's binary, or the .toml of a mixture.

    Raises `DataError` for anything else.

    On a `device` other than "cpu", n-grams are looked up there by torch, with the same numbers.
    """
    path = path_of(path, "file of an n-gram model")
    if path.suffix == ".toml":
        found = load_any(path, device=device, tokenizers=tokenizers, open_network=_refuse_network)
        assert isinstance(found, Model)  # there is no network in it
        return found
    is_ours = binary.is_binary(path)
    model = binary.read(path, tokenizers) if is_ours else arpa.read(path)
    if device != "cpu":
        from .device import DeviceLookup  # imports torch, which the CPU does without

        model.tables.lookup = DeviceLookup(model.grams, device)
    return model


def load_any(
    path: Path,
    *,
    device: str,
    tokenizers: TokenizerLookup,
    open_network: Callable[[Path], Any],
) -> Model | MixedModel:
    """`load` for mixtures with trained networks, too, which `open_network` opens."""
    if path.suffix != ".toml":
        return load(path, device=device, tokenizers=tokenizers)

    from .mixture_files import is_network, load_mixture  # imports much that a model does not need

    def open_part(part: Path) -> Any:
        if is_network(part):
            return open_network(part)
        return load(part, device=device, tokenizers=tokenizers)

    return load_mixture(path, open_part)


def _refuse_network(path: Path) -> Model:
    raise ConfigError(f"{path} is a trained network, not an n-gram model: seqkit.load opens both")
