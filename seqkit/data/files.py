"""Read text files, plain or gzip, with errors that name file and line."""

from __future__ import annotations

import gzip
import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..errors import DataError, reason

BinaryFile = BinaryIO | gzip.GzipFile


def read_lines(path: str | Path) -> Iterator[str]:
    """The lines of a UTF-8 file without their ends; plain, or gzip if it is named `*.gz`.

    Only "\\n" ends a line. Raises `DataError` for a missing file, a folder, a damaged archive, or a
    line that is not UTF-8.
    """
    path = Path(path)
    with reading(path), open_bytes(path) as file:
        for number, line in enumerate(file, 1):
            yield _decode(line, path, number)


def _decode(line: bytes, path: Path, number: int) -> str:
    try:
        return line.decode("utf-8").removesuffix("\n")
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        column = error.start + 1
        raise DataError(
            f"{path}:{number}: not UTF-8: byte {byte:#04x} at column {column}"
        ) from None


def open_bytes(path: Path | None) -> BinaryFile:
    """A file open for reading bytes, uncompressed if it is named `*.gz`; stdin for None."""
    if path is None:
        return sys.stdin.buffer
    if path.suffix == ".gz":
        return gzip.open(path, "rb")
    return path.open("rb")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever can go wrong while reading `path` into a `DataError`."""
    try:
        yield
    except OSError as error:
        raise DataError(f"cannot read {path}: {reason(error)}") from None
    except (EOFError, zlib.error):
        raise DataError(f"{path} is damaged: it is not a whole gzip file") from None


def open_up(path: Path) -> None:
    """Give a file the permissions of any new file; safetensors lets only the owner read its own."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)
