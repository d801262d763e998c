"""Packed files, known by their first bytes, unpacked as they are read and never beyond reason."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import zlib
from typing import IO, Any

from ..errors import ConfigError, DataError
from ..switches import is_on

PACKED = frozenset({".gz", ".bz2", ".xz", ".zst"})  # endings of names; the content decides
ENVIRONMENT = "SEQKIT_LIMITS"  # "off" lifts the limits on what is unpacked and on long lines
MAGIC = 6  # bytes that tell how a file is packed
_BUFFER = 1 << 18
_FREE = 1 << 26  # bytes that any file may unpack to
_ZSTD_INPUT = 1 << 11  # bytes unpacked at once: at most 90 MB, and of text some KB
_LARGEST_RATIO = 300  # beyond that; text is packed to a third or a tenth of its size

_GZIP = b"\x1f\x8b"
_BZIP2 = b"BZh"
_XZ = b"\xfd7zXZ\0"
_ZSTD = b"\x28\xb5\x2f\xfd"
_OTHERS = {
    b"PK\x03\x04": ("zip", "unzip"),
    b"7z\xbc\xaf\x27\x1c": ("7z", "7z x"),
}


def limits_are_on() -> bool:
    return is_on(ENVIRONMENT)


def kind_of(head: bytes) -> str:
    """How a file that begins with `head` is packed: gzip, bzip2, xz, zstd, or not at all ("")."""
    if head.startswith(_GZIP):
        return "gzip"
    if head.startswith(_ZSTD):
        return "zstd"
    if head.startswith(_BZIP2) and head[3:4].isdigit():
        return "bzip2"
    return "xz" if head.startswith(_XZ) else ""


def refuse_others(head: bytes, name: str) -> None:
    """Raise `DataError` for a file that is packed in a way that is not read here."""
    for magic, (kind, command) in _OTHERS.items():
        if head.startswith(magic):
            raise DataError(f"{name} is a {kind} archive: unpack it first ({command} {name})")


def unpacked(packed: IO[bytes], kind: str, name: str) -> io.BufferedReader:
    """The content of a file that is packed as `kind`.

    Raises `ConfigError` if the library for zstd is not there.
    """
    return io.BufferedReader(_Unpacked(packed, kind, name), _BUFFER)


class _Unpacked(io.RawIOBase):
    """The content of a packed file; it notices in time that it grows without end."""

    def __init__(self, packed: IO[bytes], kind: str, name: str) -> None:
        self._packed = _Counted(packed)
        self._content = _opened(self._packed, kind, name)
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


class _Zstd(io.RawIOBase):
    """The content of frames of zstd, one after the other.

    The library's own reader takes a file that is cut off for one that has ended.
    """

    def __init__(self, packed: _Counted, name: str) -> None:
        try:
            import zstandard
        except ImportError:
            raise ConfigError(
                f"{name} is packed by zstd: pip install 'seqkit[zstd]', or unpack it first "
                f"(zstd -d {name})"
            ) from None

        self._packed = packed
        self._library = zstandard
        self._frame: Any = None  # the one that is being read
        self._input = b""
        self._output = memoryview(b"")
        self._place = 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: Any) -> int:
        while not self._output:
            if not self._unpack():
                return 0

        size = min(len(buffer), len(self._output))
        buffer[:size] = self._output[:size]
        self._output = self._output[size:]
        self._place += size
        return size

    def _unpack(self) -> bool:
        """Unpack a little more; False at the end of the file."""
        data = self._input or self._packed.read(_ZSTD_INPUT)
        if not data:
            if self._frame:
                raise EOFError
            return False

        frame = self._frame or self._library.ZstdDecompressor().decompressobj()
        try:
            self._output = memoryview(frame.decompress(data))
        except self._library.ZstdError:
            raise EOFError from None
        self._input = frame.unused_data if frame.eof else b""
        self._frame = None if frame.eof else frame
        return True


def _opened(packed: _Counted, kind: str, name: str) -> Any:
    file: Any = packed
    match kind:
        case "gzip":
            return gzip.GzipFile(fileobj=file, mode="rb")
        case "bzip2":
            return bz2.BZ2File(file)
        case "xz":
            return lzma.LZMAFile(file)
        case _:
            return _Zstd(packed, name)
