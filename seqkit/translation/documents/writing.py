"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from ...errors import DataError, reason


def check_writable(path: Path) -> None:
    """Raise `DataError` if a file cannot be written there: before work is done for it."""
    if path.is_dir():
        raise DataError(f"cannot write {path}: it is a folder")
    if not path.parent.is_dir():
        raise DataError(f"cannot write {path}: there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise DataError(f"cannot write {path}: the folder {path.parent} is not yours to write to")


def write_whole(path: Path, data: bytes) -> None:
    """Write a file aside and move it into place. Raises `DataError`."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DataError(f"cannot write {path}: {reason(error)}") from None
