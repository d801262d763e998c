"""Reading text files, plain or gzip, with errors that name file and line."""

from __future__ import annotations

import gzip
import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from ..errors import DataError, reason


def read_lines(path: str | Path) -> Iterator[str]:
    """The lines of a UTF-8 file, without their ends; only "\\n" ends a line. Plain, or gzip if named *.gz.

    Raises `DataError` for a missing file, a folder, a damaged archive, or a line that is not UTF-8.
    """
    path, number = Path(path), 0
    with reading(path), open_bytes(path) as file:
        for number, line in enumerate(file, 1):
            try:
                yield line.decode("utf-8").removesuffix("\n")
            except UnicodeDecodeError as error:
                byte = error.object[error.start]
                raise DataError(
                    f"{path}:{number}: not UTF-8: byte {byte:#04x} at column {error.start + 1}"
                ) from None


def open_bytes(path: Path | None) -> BinaryIO:
    """A file open for reading bytes, unpacked if named *.gz; stdin for None."""
    if path is None:
        return sys.stdin.buffer
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what can go wrong while reading `path` into a `DataError`."""
    try:
        yield
    except OSError as error:
        raise DataError(f"cannot read {path}: {reason(error)}") from None
    except (EOFError, zlib.error):
        raise DataError(f"{path} is damaged: it is not a whole gzip file") from None


def open_up(path: Path) -> None:
    """Give a file that only its owner may read (as safetensors writes them) the permissions of any new file."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)
