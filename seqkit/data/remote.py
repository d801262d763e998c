"""Files at addresses such as s3://bucket/train.tsv.gz, read through fsspec and kept in the cache.

A copy is known by the address and by what the server says of the file: ETag, date, size. Another
file at the same address is another entry of the cache.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import ConfigError, DataError, SeqkitError
from ..progress import doing
from .cache import Cache, Facts
from .files import is_copy_of, shown

_VERSIONS = ("ETag", "etag", "Content-MD5", "versionId", "md5Hash", "generation")
_DATES = ("LastModified", "Last-Modified", "last_modified", "mtime", "updated", "created")
_CONNECTING = 30  # seconds; a download itself may take as long as it likes
_SILENCE = 60  # seconds until a server that sends nothing is given up
_FOLDER = "file"  # of an entry: a file may have any name, also that of the facts


def local_copy(address: str) -> Path:
    """The file at an address, copied into the user's cache unless that was done before.

    Its checksum is compared each time. Raises `DataError` if the file cannot be had, and
    `ConfigError` if something to read such addresses with is not installed.
    """
    with _reaching(address):
        system, path = _system_of(address)
        found: Mapping[str, Any] = system.info(path)
        if found.get("type") == "directory":
            raise DataError(f"{shown(address)} is a folder: name the files in it")

    version = _version_of(found)
    cache = Cache.of_user()
    if not version:
        cache = Cache.temporary(f"{shown(address)} does not say when it changes")

    name = _name_of(path)
    key = {"address": address, "size": found.get("size"), "version": version}
    make = partial(_download, system, path, address, found.get("size"), name)
    entry = cache.entry("remote", key, make, about=shown(address))
    _keep(entry.folder, cache)
    copy = entry.folder / _FOLDER / name
    is_copy_of(copy, address)
    return copy


def files_at(address: str) -> list[tuple[PurePosixPath, str]]:
    """The file at an address, or all files below it: their names there, and their addresses.

    Raises as `local_copy`.
    """
    with _reaching(address):
        system, path = _system_of(address)
        if system.info(path).get("type") != "directory":
            return [(PurePosixPath(_name_of(path)), address)]

        root = PurePosixPath(path)
        below = [PurePosixPath(found) for found in sorted(system.find(path))]
        return [(found.relative_to(root), system.unstrip_protocol(str(found))) for found in below]


_kept: list[Cache] = []  # those that end with the process


def _keep(folder: Path, cache: Cache) -> None:
    if cache.note:
        _kept.append(cache)


def _name_of(path: str) -> str:
    name = PurePosixPath(path.partition("?")[0]).name
    return "file" if name in ("", "..") else name


def _system_of(address: str) -> tuple[Any, str]:
    """The file system that knows an address, and the path there."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise ConfigError(
            f"{shown(address)}: reading from addresses needs fsspec: pip install 'seqkit[remote]'"
        ) from None

    try:
        system, path = url_to_fs(address, **_options_of(address))
    except ImportError as error:  # of one protocol
        raise ConfigError(
            f"{shown(address)}: {error}. For s3:// and https://, pip install 'seqkit[remote]'"
        ) from None
    except ValueError as error:
        raise ConfigError(f"{shown(address)}: {error}") from None
    return system, str(path)


def _options_of(address: str) -> dict[str, Any]:
    """HTTP's library gives up whatever takes longer than five minutes, unless it is told."""
    if not address.lower().startswith(("http://", "https://")):
        return {}

    import aiohttp

    timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECTING, sock_read=_SILENCE)
    return {"client_kwargs": {"timeout": timeout, "trust_env": True}}  # with ~/.netrc and proxies


def _version_of(found: Mapping[str, Any]) -> list[str]:
    """What tells a file from a later one at its address; nothing if the server does not say."""
    for names in (_VERSIONS, _DATES):
        said = [str(found[name]) for name in names if found.get(name)]
        if said:
            return said
    return []


def _download(
    system: Any, path: str, address: str, size: int | None, name: str, folder: Path
) -> Facts:
    """Fill an entry of the cache with the file."""
    copy = folder / _FOLDER / name
    copy.parent.mkdir()
    with doing(f"fetching {shown(address)}"), _reaching(address):
        system.get_file(path, str(copy))

    done = copy.stat().st_size
    if size is not None and done != size:
        raise DataError(
            f"{shown(address)}: the connection ended after {done:,} of {size:,} bytes: run it again"
        )
    return {}


@contextmanager
def _reaching(address: str) -> Iterator[None]:
    """Turn whatever goes wrong on the way to a server into a `DataError`."""
    try:
        yield
    except SeqkitError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):  # here, not there
            raise
        raise _unreadable(address, error) from None
    except Exception as error:  # each protocol's library has errors of its own
        raise _unreadable(address, error) from None


def _unreadable(address: str, error: Exception) -> DataError:
    cause = error.__cause__ or error  # HTTP's library says "no such file" of anything
    status, message = getattr(cause, "status", ""), getattr(cause, "message", "")
    if isinstance(cause, FileNotFoundError):
        why = "there is no such file"
    elif isinstance(cause, TimeoutError):
        why = _too_late(cause)
    elif status:
        why = f"{status} {message}"
    else:
        why = str(cause).strip().split("\n")[0] or type(cause).__name__
    return DataError(f"cannot read {shown(address)}: {why.replace(address, shown(address))}")


def _too_late(error: TimeoutError) -> str:
    if "connect" in str(error).lower():
        return f"the server was not reached within {_CONNECTING} seconds"
    return f"the server sent nothing for {_SILENCE} seconds: run it again"
