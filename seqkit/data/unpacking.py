"""Packed files, known by their first bytes, unpacked as they are read and never beyond reason."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import zlib
from typing import IO, Any

from ..errors import DataError

ENVIRONMENT = "SEQKIT_LIMITS"  # "off" lifts the limits on what is unpacked and on long lines
MAGIC = 6  # bytes that tell how a file is packed
_BUFFER = 1 << 18
_FREE = 1 << 26  # bytes that any file may unpack to
_LARGEST_RATIO = 300  # beyond that; text is packed to a third or a tenth of its size

_GZIP = b"\x1f\x8b"
_BZIP2 = b"BZh"
_XZ = b"\xfd7zXZ\0"
_OTHERS = {
    b"\x28\xb5\x2f\xfd": ("zstd", "zstd -d"),
    b"PK\x03\x04": ("zip", "unzip"),
    b"7z\xbc\xaf\x27\x1c": ("7z", "7z x"),
}


def limits_are_on() -> bool:
    return os.environ.get(ENVIRONMENT, "").lower() not in ("off", "0", "no", "false")


def kind_of(head: bytes) -> str:
    """How a file that begins with `head` is packed: gzip, bzip2, xz, or not at all ("")."""
    if head.startswith(_GZIP):
        return "gzip"
    if head.startswith(_BZIP2) and head[3:4].isdigit():
        return "bzip2"
    return "xz" if head.startswith(_XZ) else ""


def refuse_others(head: bytes, name: str) -> None:
    """Raise `DataError` for a file that is packed in a way that is not read here."""
    for magic, (kind, command) in _OTHERS.items():
        if head.startswith(magic):
            raise DataError(f"{name} is a {kind} archive: unpack it first ({command} {name})")


def unpacked(packed: IO[bytes], kind: str, name: str) -> io.BufferedReader:
    """The content of a file that is packed as `kind`."""
    return io.BufferedReader(_Unpacked(packed, kind, name), _BUFFER)


class _Unpacked(io.RawIOBase):
    """The content of a packed file; it notices in time that it grows without end."""

    def __init__(self, packed: IO[bytes], kind: str, name: str) -> None:
        self._packed = _Counted(packed)
        self._content = _opened(self._packed, kind)
        self._kind = kind
        self._name = name
        self._is_limited = limits_are_on()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._packed.seekable()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        place: int = self._content.seek(offset, whence)
        return place

    def tell(self) -> int:
        place: int = self._content.tell()
        return place

    def readinto(self, buffer: Any) -> int:
        try:
            size: int = self._content.readinto(buffer)
        except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's, not the content's
            raise DataError(
                f"{self._name} is damaged: it is not a whole {self._kind} file"
            ) from None

        if self._is_limited:
            self._check()
        return size

    def readall(self) -> bytes:
        parts: list[bytes] = []
        while data := self.read(_BUFFER):
            parts.append(data)
        return b"".join(parts)

    def close(self) -> None:
        self._content.close()
        self._packed.close()
        super().close()

    def _check(self) -> None:
        size = self._content.tell()
        if size > _FREE and size > _LARGEST_RATIO * self._packed.count:
            raise DataError(
                f"{self._name} unpacks to more than {_LARGEST_RATIO} times its size, which no "
                f"text does: look at what it is; {ENVIRONMENT}=off reads it all the same"
            )


class _Counted(io.RawIOBase):
    """A packed file that counts the bytes read from it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.count = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._file.seekable()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def _opened(packed: _Counted, kind: str) -> Any:
    file: Any = packed
    if kind == "gzip":
        return gzip.GzipFile(fileobj=file, mode="rb")
    return bz2.BZ2File(file) if kind == "bzip2" else lzma.LZMAFile(file)
