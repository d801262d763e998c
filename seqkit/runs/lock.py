"""One owner of a run folder at a time, by a lock of the system's that ends with its process.

The file `.lock` in the folder says who holds it. One that a dead process left locks nothing.
"""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..data.file_lock import is_at
from ..errors import CheckpointError, reason
from .log import unwritable

LOCK = ".lock"
_HELD = {errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK, errno.EDEADLK}  # by another process
_FAR_AWAY = 1 << 30  # Windows keeps others from reading a byte that is locked

try:
    import fcntl
except ImportError:  # Windows
    import msvcrt

    def _lock(opened: int) -> None:
        os.lseek(opened, _FAR_AWAY, os.SEEK_SET)
        msvcrt.locking(opened, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
else:

    def _lock(opened: int) -> None:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)


_open_locks: set[int] = set()


def _close_in_child() -> None:
    """A forked process, such as one that loads data, must not hold the lock of its parent."""
    for opened in _open_locks:
        os.close(opened)
    _open_locks.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)


class Lock:
    """The lock of a run folder. `note` says if the folder's disk has no locks."""

    def __init__(self, folder: Path, *, doing: str = "training", other: str = "--out") -> None:
        """`doing` is what its owner does there, `other` what names another folder."""
        self.folder = folder
        self._doing = doing
        self._other = other
        self.note = ""
        self._path = folder / LOCK
        self._opened: int | None = None
        self._made: list[Path] = []  # folders, the innermost first

    def __repr__(self) -> str:
        state = "held" if self.held else "free"
        return f"<Lock of {self.folder}: {state}>"

    @property
    def held(self) -> bool:
        return self._opened is not None

    def acquire(self) -> None:
        """Make the folder and take its lock; raises `CheckpointError` at once if another has it."""
        try:
            self._make_folder()
            while not self._try_to_acquire():
                pass
        except OSError as error:
            raise unwritable(self.folder, error) from None

    def keep(self) -> bool:
        """Take the lock anew if the folder has been deleted or moved; return whether it had been.

        Raises `CheckpointError` if another process has it now.
        """
        if self._opened is None or is_at(self._opened, self._path):
            return False
        self._close()
        self.acquire()
        return True

    def release(self) -> None:
        """Give the lock up, and leave no folder behind that nothing was written into."""
        is_ours = self._opened is not None and is_at(self._opened, self._path)
        if is_ours and os.name != "nt":  # before it is given up: afterwards, another may have it
            _try(self._path.unlink)
        self._close()
        if is_ours and os.name == "nt":  # where a file that is open cannot be deleted
            _try(self._path.unlink)
        for folder in self._made:
            _try(folder.rmdir)
        self._made = []

    def _make_folder(self) -> None:
        for folder in (self.folder, *self.folder.parents):
            if folder.exists():
                break
            self._made.append(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def _try_to_acquire(self) -> bool:
        """False if the file that was locked had just been deleted by the one who held it."""
        opened = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        _open_locks.add(opened)
        self._opened = opened
        try:
            _lock(opened)
        except OSError as error:
            if error.errno in _HELD:
                self._close()
                raise self._refusal() from None
            self.note = (
                f"{self.folder} is on a disk without locks ({reason(error)}): "
                "see to it that no other process writes there"
            )

        if not is_at(opened, self._path):
            self._close()
            return False
        os.ftruncate(opened, 0)
        os.lseek(opened, 0, os.SEEK_SET)
        os.write(opened, _this_process(self._doing).encode())
        return True

    def _refusal(self) -> CheckpointError:
        try:
            text = self._path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            text = ""
        holder = " ".join(text[:200].split())
        holder = holder if holder.isprintable() and holder else "another process"
        return CheckpointError(
            f"{self.folder} is in use by {holder}: stop it, wait until it ends, "
            f"or choose another {self._other}"
        )

    def _close(self) -> None:
        if self._opened is not None:
            _open_locks.discard(self._opened)
            os.close(self._opened)
            self._opened = None


def _this_process(doing: str) -> str:
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    return f"process {os.getpid()} on {socket.gethostname()}, {doing} since {since}\n"


def _try(action: Callable[[], None]) -> None:
    with suppress(OSError):
        action()
