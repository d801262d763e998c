"""Zip archives: packed the same way each time, unpacked without trust.

What is in an archive may come from anywhere. Nothing is written outside of the folder it is
unpacked into, no link is followed, and nothing unpacks to far more than its size.
"""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from ..errors import DataError, reason
from .unpacking import ENVIRONMENT, limits_are_on

_RATIO = 200  # a file may unpack to so many times its size
_FREE = 1 << 20  # bytes that any file may unpack to
_ENCRYPTED = 0x1  # of the flags of a member
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same content gives the same archive
_MODE = (stat.S_IFREG | 0o644) << 16


def names_in(path: Path) -> list[str]:
    """The names of what is in a zip archive; none if `path` is no zip archive."""
    if not path.is_file() or not zipfile.is_zipfile(path):
        return []
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, NotImplementedError, UnicodeDecodeError):
        return []


def pack(folder: Path, archive: Path, *, inside: str = "") -> None:
    """Write all files below `folder` into the new zip file `archive`, below `inside`.

    Raises OSError.
    """
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            if not path.is_file():
                continue
            name = PurePosixPath(inside, path.relative_to(folder).as_posix())
            member = zipfile.ZipInfo(str(name), _EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = _MODE
            member.file_size = path.stat().st_size
            with path.open("rb") as source, packed.open(member, "w") as target:
                shutil.copyfileobj(source, target)


def unpack(path: Path, folder: Path, *, place: Callable[[str], str] = lambda name: name) -> None:
    """Unpack a zip archive into `folder`, which exists.

    `place` says for the name of a file where it goes below `folder`, "" to leave it out. Raises
    `DataError` for what is damaged, encrypted or too large, for links and for names that lead
    outside; some files may be unpacked by then.
    """
    with _reading(path), zipfile.ZipFile(path) as archive:
        left = None
        if limits_are_on():
            left = max(_FREE, _RATIO * path.stat().st_size)
        for member in archive.infolist():
            if member.is_dir():
                continue
            _check(member, path)
            name = place(member.filename)
            if not name:
                continue

            if left is not None:
                left -= member.file_size
                _check_size(member, left, path)
            _extract(archive, member, folder / name)


def _check(member: zipfile.ZipInfo, path: Path) -> None:
    """Raise `DataError` for a member that is no plain file inside of the archive."""
    name = member.filename
    parts = PurePosixPath(name).parts
    is_outside = not parts or name.startswith("/") or ".." in parts
    if is_outside or "\\" in name or ":" in parts[0]:
        raise DataError(f"{path}: {name!r} leads outside of the archive, which is not unpacked")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise DataError(f"{path}: {name} is a link; pack the file that it leads to")
    if member.flag_bits & _ENCRYPTED:
        raise DataError(f"{path}: {name} is encrypted: unpack it with its password first")


def _check_size(member: zipfile.ZipInfo, left: int, path: Path) -> None:
    is_bomb = member.file_size > max(_FREE, _RATIO * member.compress_size)
    if is_bomb or left < 0:
        raise DataError(
            f"{path}: {member.filename} unpacks to more than {_RATIO} times its size, which no "
            f"model does: look at what it is; {ENVIRONMENT}=off reads it all the same"
        )


def _extract(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    """Write a member's content, of which zipfile gives no more than its header says."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member) as source, target.open("xb") as file:
        shutil.copyfileobj(source, file)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        name = Path(error.filename).name
        raise DataError(f"{path} is damaged: it has two files named {name}") from None
    except OSError as error:
        raise DataError(f"cannot unpack {path}: {reason(error)}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, UnicodeDecodeError):
        raise DataError(f"{path} is damaged: it is not a whole zip file") from None
    except (NotImplementedError, RuntimeError):
        raise DataError(
            f"{path} is packed in a way that is not read here: unpack it first (unzip {path})"
        ) from None
