"""Files and folders that are there whole or not at all: written aside, moved in one step."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import CheckpointError, DataError, reason
from .archives import pack
from .files import open_up

ARCHIVE = ".zip"


@contextmanager
def written_aside(out: Path) -> Iterator[Path]:
    """A path beside `out` to make a file or a folder at; it becomes `out` when the block ends.

    Whatever goes wrong, nothing is left. Raises `CheckpointError` if `out` exists or the disk is
    full.
    """
    check_is_new(out)
    part = out.with_name(f".{out.name}.part")
    try:
        _remove(part)
        part.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.rename(out)
    except OSError as error:
        raise CheckpointError(f"cannot write {out}: {reason(error)}") from None
    finally:
        _remove(part)


@contextmanager
def new_folder(out: Path, *, packed_as: str = "") -> Iterator[Path]:
    """An empty folder to fill, which becomes `out` when the block ends.

    Where the name of `out` ends in ".zip", it is a zip file with that folder in it. With
    `packed_as`, it always is, and the folder in it has that name. Raises as `written_aside`.
    """
    if not packed_as and out.suffix.lower() == ARCHIVE:
        packed_as = out.stem
    with written_aside(out) as part:
        folder = part.with_name(f"{part.name}.folder") if packed_as else part
        try:
            _remove(folder)
            folder.mkdir()
            yield folder
            if packed_as:
                pack(folder, part, inside=packed_as)
        finally:
            if packed_as:
                _remove(folder)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """The path of a part file to write, which becomes `path` afterwards; an older one is replaced.

    Raises `DataError` where it cannot be written; the part file is deleted whatever happens.
    """
    part = path.with_name(f".part.{path.name}")  # the same ending, by which some know the format
    try:
        if path.is_dir():
            raise DataError(f"cannot write {path}: Is a directory")
        yield part
        open_up(part)
        part.replace(path)
    except OSError as error:
        raise DataError(f"cannot write {path}: {reason(error)}") from None
    finally:
        part.unlink(missing_ok=True)


def check_is_new(out: Path) -> None:
    """Raise `CheckpointError` if there is something at `out`."""
    if out.exists() or out.is_symlink():
        raise CheckpointError(f"{out} exists: choose another --out")


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    files = [path, *path.rglob("*")]
    return sum(file.stat().st_size for file in files if file.is_file())


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
