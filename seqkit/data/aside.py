"""Files and folders that are there whole or not at all: written aside, moved in one step."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import CheckpointError, reason


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


def check_is_new(out: Path) -> None:
    """Raise `CheckpointError` if there is something at `out`."""
    if out.exists() or out.is_symlink():
        raise CheckpointError(f"{out} exists: choose another --out")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
