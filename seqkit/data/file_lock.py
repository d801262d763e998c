"""A lock by a file, which ends with the process that holds it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..progress import doing

try:
    import fcntl
except ImportError:  # Windows
    import msvcrt

    def _lock(opened: int) -> None:
        msvcrt.locking(opened, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
else:

    def _lock(opened: int) -> None:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)


_SECONDS = 0.05  # between two tries


@contextmanager
def file_lock(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold the lock of the file at `path`; without `wait`, False if another process has it.

    A disk without locks locks nothing. Raises OSError if the file cannot be written.
    """
    opened = _locked(path)
    if wait and opened is None:
        opened = _waited(path)
    if opened is None:
        yield False
        return

    try:
        yield True
    finally:
        path.unlink(missing_ok=True)  # while it is ours: others then lock a new file
        os.close(opened)


def _waited(path: Path) -> int:
    with doing("waiting for another process that prepares the same"):
        while (opened := _locked(path)) is None:
            time.sleep(_SECONDS)
    return opened


def _locked(path: Path) -> int | None:
    """The file, open and locked; None if another process has it, or has just deleted it."""
    opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    if _try(opened) and is_at(opened, path):
        return opened
    os.close(opened)
    return None


def is_at(opened: int, path: Path) -> bool:
    """Whether an open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(opened), path.stat())
    except OSError:
        return False


def _try(opened: int) -> bool:
    try:
        _lock(opened)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # no locks on this disk
        return True
    return True
