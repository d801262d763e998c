"""n-gram models on disk: the name decides the format when writing, the content when reading."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError

from ..data.files import open_up
from ..errors import ConfigError, DataError, WrongType, reason
from ..parsing import path_of
from ..text import TokenizerLookup, built_in
from . import arpa, binary
from .model import Model
from .tables import Kind


def is_arpa(path: Path) -> bool:
    """Whether a file of that name is written as ARPA."""
    return path.name.endswith((".arpa", ".arpa.gz"))


def check_format(path: Path, kind: Kind, smoothing: str) -> None:
    """Raise `ConfigError` if the format of that name cannot hold a model of that kind."""
    if is_arpa(path) and kind != "backoff":
        raise ConfigError(
            f"{smoothing} cannot be written as ARPA, which knows backoff weights only: "
            "name the file without .arpa to get seqkit's binary"
        )


def save(model: Model, path: str | Path) -> None:
    """Write ARPA for `*.arpa` and `*.arpa.gz`, seqkit's binary for any other name.

    An existing file is replaced only when the new one is complete. Raises `ConfigError` for
    smoothings whose scores ARPA cannot express, and `DataError` where the file cannot be written.
    """
    if not isinstance(model, Model):
        raise WrongType(f"give an n-gram model to save, not {type(model).__name__}")
    path = path_of(path, "file name")
    check_format(path, model.kind, model.smoothing)
    part = path.with_name(f".part.{path.name}")
    writer = arpa if is_arpa(path) else binary

    try:
        if path.is_dir():
            raise DataError(f"cannot write {path}: Is a directory")
        writer.write(model, part)
        open_up(part)
        part.replace(path)
    except OSError as error:
        raise DataError(f"cannot write {path}: {reason(error)}") from None
    except SafetensorError as error:
        raise DataError(f"cannot write {path}: {error}") from None
    finally:
        part.unlink(missing_ok=True)


def load(path: str | Path, *, device: str = "cpu", tokenizers: TokenizerLookup = built_in) -> Model:
    """Read an ARPA file (plain or .gz) or seqkit's binary; raises `DataError` for anything else.

    On a `device` other than "cpu", n-grams are looked up there by torch, with the same numbers.
    """
    path = path_of(path, "file of an n-gram model")
    is_ours = binary.is_binary(path)
    model = binary.read(path, tokenizers) if is_ours else arpa.read(path)
    if device != "cpu":
        from .device import DeviceLookup  # imports torch, which the CPU does without

        model.tables.lookup = DeviceLookup(model.grams, device)
    return model
