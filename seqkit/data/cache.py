"""What was made of data once and is used again: text read, tokenizers trained, texts as ids.

An entry is a folder of files and of facts about them. Its name is a digest of all that it depends
on, so that nothing in it can be out of date. It is written aside, flushed and renamed: half an
entry is never used. Processes that need the same one wait for the one that makes it.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
import time
import weakref
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from .. import __version__
from ..errors import DataError, reason
from ..parsing import json_of, to_json
from ..progress import doing
from .aside import size_of
from .file_lock import file_lock
from .files import reading
from .folders import caches, named_folder

ENVIRONMENT = "SEQKIT_CACHE"
_FORMAT = 1  # another one makes all entries anew
_FACTS = "entry.json"
_PART = ".part"
_CHUNK = 1 << 20
_NAME = re.compile(r"\.?[a-z]+-[0-9a-f]{32}(\.part)?")  # of an entry, whole or not

Key = Mapping[str, Any]  # JSON
Facts = dict[str, Any]  # JSON


@dataclass(frozen=True)
class Entry:
    """A folder of the cache, complete and as it was written."""

    folder: Path
    facts: Facts
    about: str = ""  # what a person should know it by

    @property
    def name(self) -> str:
        return self.folder.name


class Listed:
    """What `seqkit cache list` shows of an entry, whole or not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.is_whole = not folder.name.startswith(".")
        self.bytes = size_of(folder)
        self.used = folder.stat().st_mtime  # seconds since the epoch
        self.about = _about(folder)


class Cache:
    """The entries in a folder: that of the user, or one that ends with the process."""

    def __init__(self, root: Path, *, note: str = "") -> None:
        """`note` is what a person should know about it."""
        self.root = root
        self.note = note

    def __repr__(self) -> str:
        return f"<Cache: {self.root}>"

    @classmethod
    def of_user(cls) -> Cache:
        """The user's cache; one that ends with the process if it cannot be written to."""
        root = cache_folder()
        try:
            root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=root):
                pass
        except OSError as error:
            if os.path.isdir(root) and _is_full(error):
                raise _unwritable(root, error) from None
            return cls.temporary(f"cannot write {root}: {reason(error)}; set {ENVIRONMENT}")
        return cls(root)

    @classmethod
    def temporary(cls, why: str) -> Cache:
        """A cache that is deleted with the process."""
        try:
            folder = tempfile.mkdtemp(prefix="seqkit-")
        except OSError as error:
            raise DataError(f"cannot prepare the data anywhere: {reason(error)} ({why})") from None

        cache = cls(Path(folder), note=f"what is made of the data is not kept for next time: {why}")
        owner = os.getpid()
        weakref.finalize(cache, _remove_of, owner, folder)
        return cache

    def entry(
        self, kind: str, key: Key, make: Callable[[Path], Facts], *, about: str = ""
    ) -> Entry:
        """The entry of that kind and key; where there is none yet, `make` fills its folder.

        `make` returns facts, as JSON. An entry that is damaged is made anew. Raises `DataError` if
        the disk is full, and whatever `make` raises; nothing is left then.
        """
        folder = self.root / f"{kind}-{_digest_of(key)}"
        found = _read(folder)
        if found:
            return found

        try:
            with file_lock(self.root / f".{folder.name}.lock"):
                return _read(folder) or self._made(folder, make, about)
        except OSError as error:
            raise _unwritable(self.root, error) from None

    def _made(self, folder: Path, make: Callable[[Path], Facts], about: str) -> Entry:
        part = folder.with_name(f".{folder.name}{_PART}")
        for old in (part, folder):  # of a process that was killed; damaged
            shutil.rmtree(old, ignore_errors=True)
        try:
            part.mkdir()
            facts = make(part)
            _write_facts(part, facts, about)
            part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return Entry(folder, facts, about)

    def listed(self) -> list[Listed]:
        """All entries, the one last used first; what else lies in the folder is none."""
        found: list[Listed] = []
        if self.root.is_dir():
            for path in self.root.iterdir():
                with suppress(OSError):  # it may be finished, or deleted, meanwhile
                    if _NAME.fullmatch(path.name) and path.is_dir():
                        found.append(Listed(path))
        return sorted(found, key=lambda one: -one.used)

    def clear(self, *, unused_days: float = 0) -> list[Listed]:
        """Delete what was not used for so many days; returns what was deleted.

        What another process is making is left alone. One that has an entry open keeps it.
        """
        latest = time.time() - unused_days * 24 * 3600
        removed: list[Listed] = []
        for one in self.listed():
            if one.used <= latest and self._remove(one):
                removed.append(one)
        return removed

    def _remove(self, one: Listed) -> bool:
        name = one.folder.name.removeprefix(".").removesuffix(_PART)
        lock = self.root / f".{name}.lock"
        with reading(one.folder), file_lock(lock, wait=False) as is_ours:
            if is_ours:
                shutil.rmtree(one.folder)
        return is_ours


@contextmanager
def caching_in(folder: Path) -> Iterator[None]:
    """Keep in `folder` what is made in the meantime: data in memory is not left on the disk."""
    before = _own_folder.set(folder)
    try:
        yield
    finally:
        _own_folder.reset(before)


_own_folder: ContextVar[Path | None] = ContextVar("_own_folder", default=None)


def cache_folder() -> Path:
    """Where entries are kept; raises `ConfigError` if a file is named for it."""
    own = _own_folder.get()
    if own is not None:
        return own
    given = named_folder(ENVIRONMENT)
    return given.absolute() if given else caches() / "prepared"


# Keys


class Sources:
    """The files that data is read from, known by content; they must not change meanwhile."""

    def __init__(self, paths: list[Path], *, skip_unreadable: bool = False) -> None:
        """Reads all of them.

        Raises `DataError` for one that cannot be read; with `skip_unreadable`, its digest is "".
        """
        self._paths = paths
        with doing("looking whether the data is known"):
            self._known = [_known(path, skip_unreadable) for path in paths]

    def __repr__(self) -> str:
        return f"<Sources: {len(self._paths)} files>"

    @property
    def digests(self) -> list[str]:
        return [digest for _, digest in self._known]

    def check(self) -> None:
        """Raise `DataError` if a file is no longer what it was."""
        for path, (before, _) in zip(self._paths, self._known, strict=True):
            now = _state(path) if before else _known(path, skip_unreadable=True)[0]
            if now != before:
                raise DataError(f"{path} changed while it was read: run it again")


def are_files(paths: list[Path]) -> bool:
    """Whether all can be read twice: a pipe cannot."""
    return all(path.is_file() or not path.exists() for path in paths)


_State = tuple[int, ...]  # () of a file that cannot be read


def _known(path: Path, skip_unreadable: bool) -> tuple[_State, str]:
    """The state of a file, and what tells its content from any other."""
    try:
        return _state(path), _content_digest(path)
    except DataError:
        if not skip_unreadable:
            raise
        return (), ""


def _state(path: Path) -> _State:
    with reading(path):
        found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino


def _content_digest(path: Path) -> str:
    digest = blake2b(digest_size=16)
    with reading(path), path.open("rb", buffering=0) as file:  # which costs small files most
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def folder_digest(folder: Path) -> str:
    """What tells the files in a folder from others."""
    digest = blake2b(digest_size=16)
    for name, path in _files(folder):
        digest.update(f"{name}\0{_content_digest(path)}\0".encode())
    return digest.hexdigest()


def _digest_of(key: Key) -> str:
    content = to_json({"format": _FORMAT, "seqkit": __version__, **key})
    return blake2b(content.encode(), digest_size=16).hexdigest()


# Files


def _write_facts(folder: Path, facts: Facts, about: str) -> None:
    """The last file of an entry: what the others are, so that damage is seen."""
    files = {name: _check_value(path) for name, path in _files(folder)}
    shown = about.encode(errors="replace").decode()  # the name of a folder need not be UTF-8
    content = to_json({"about": shown, "facts": facts, "files": files})
    (folder / _FACTS).write_text(content, encoding="utf-8")
    for _, path in [*_files(folder), (_FACTS, folder / _FACTS)]:
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _read(folder: Path) -> Entry | None:
    """An entry that is whole; None for one that is not there, or damaged."""
    try:
        content = json_of((folder / _FACTS).read_text(encoding="utf-8"))
        with doing("checking what is kept of the data"):
            files = {name: _check_value(path) for name, path in _files(folder)}
        if files != {name: tuple(value) for name, value in content["files"].items()}:
            return None
        facts: Facts = content["facts"]
        about = str(content["about"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None

    with suppress(OSError):
        os.utime(folder)  # when it was last used
    return Entry(folder, facts, about)


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != _FACTS:
            yield name, path


def _check_value(path: Path) -> tuple[int, int]:
    """Size and CRC-32, at some gigabytes a second."""
    size = value = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            value = zlib.crc32(chunk, value)
    return size, value


def _about(folder: Path) -> str:
    try:
        about = json_of((folder / _FACTS).read_text(encoding="utf-8"))["about"]
    except (OSError, ValueError, KeyError, TypeError):
        return "unfinished" if folder.name.startswith(".") else "damaged"
    return str(about)


def _remove_of(owner: int, folder: str) -> None:
    if os.getpid() == owner:  # and not a child of it
        shutil.rmtree(folder, ignore_errors=True)


def _is_full(error: OSError) -> bool:
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def _unwritable(root: Path, error: OSError) -> DataError:
    return DataError(
        f"cannot prepare the data in {root}: {reason(error)}. `seqkit cache clear` deletes what is "
        f"there from before; {ENVIRONMENT} names another folder"
    )
