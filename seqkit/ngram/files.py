"""n-gram models on disk: the format follows from the name when writing, from the content when reading."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError

from ..errors import DataError, reason
from ..permissions import open_up
from . import arpa, binary
from .model import Model


def save(model: Model, path: str | Path) -> None:
    """Write ARPA for *.arpa and *.arpa.gz, seqkit's binary for any other name. The file is whole or not there."""
    path = Path(path)
    part = path.with_name(f".part.{path.name}")
    writer = arpa if path.name.endswith((".arpa", ".arpa.gz")) else binary
    try:
        if path.is_dir():
            raise IsADirectoryError(21, "Is a directory")
        writer.write(model, part)
        open_up(part)
        part.replace(path)
    except (OSError, SafetensorError) as error:
        raise DataError(f"cannot write {path}: {reason(error) if isinstance(error, OSError) else error}") from None
    finally:
        part.unlink(missing_ok=True)


def load(path: str | Path, *, device: str = "cpu") -> Model:
    """Read an ARPA file (plain or .gz) or seqkit's binary; raises `DataError` for anything else.

    On a `device` other than "cpu", n-grams are looked up there by torch, with the same numbers.
    """
    path = Path(path)
    model = binary.read(path) if binary.is_binary(path) else arpa.read(path)
    if device == "cpu":
        return model
    from .device import DeviceModel

    return DeviceModel(model, device)
