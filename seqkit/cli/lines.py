"""Lines of a file or of stdin, as soon as they are there."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..errors import DataError, reason

_CHUNK = 1 << 16  # bytes read at once: some 1,000 sentences
STDIN = Path("-")


def read_chunks(path: Path | None) -> Iterator[list[str]]:
    """Lists of lines, as many as can be had without waiting, so that a pipe is answered at once.

    None and "-" are stdin. Raises `DataError` naming the line that is not UTF-8.
    """
    is_stdin = path is None or path == STDIN
    name = "stdin" if is_stdin else str(path)
    number, rest = 0, b""

    with sys.stdin.buffer if path is None or is_stdin else _open(path) as file:
        while data := _read(file):
            *lines, rest = (rest + data).split(b"\n")
            if lines:
                yield [_decode(line, name, number + i) for i, line in enumerate(lines, 1)]
                number += len(lines)

    if rest:
        yield [_decode(rest, name, number + 1)]


def check_readable(path: Path) -> None:
    """Raise `DataError` if the file cannot be read."""
    if path != STDIN:
        _open(path).close()


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb", buffering=0)
    except OSError as error:
        raise DataError(f"cannot read {path}: {reason(error)}") from None


def _read(file: BinaryIO) -> bytes:
    """What is there, up to a chunk; waits only if there is nothing."""
    try:
        return os.read(file.fileno(), _CHUNK)
    except OSError:  # not a real file, as under a test runner
        return file.read(_CHUNK)


def _decode(line: bytes, name: str, number: int) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = line[error.start]
        column = error.start + 1
        raise DataError(
            f"{name}:{number}: not UTF-8: byte {byte:#04x} at column {column}"
        ) from None
