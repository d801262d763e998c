"""Read text files, plain or packed, with errors that name file and line.

A text is UTF-8. A byte-order mark at its beginning is no part of it. gzip, bzip2, xz and zstd are
known by their content, whatever the name of the file. "-" is stdin.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import DataError, WrongType, reason
from ..parsing import path_of
from ..text.decoding import HEAD, MARK, check_encoding, decode, without_mark
from ..text.surrogates import without_halves
from .unpacking import ENVIRONMENT, MAGIC, kind_of, limits_are_on, refuse_others, unpacked

BinaryFile = io.BufferedReader
STDIN = Path("-")
LONGEST_LINE = 1 << 28  # bytes
_CHUNK = 1 << 16  # bytes read at once: some 1,000 sentences
_FIRST_CHUNK = 1 << 13  # of what is answered at once; each is twice as large as the one before
_MEGABYTE = 1 << 20
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # not a drive of Windows
_PASSWORD = re.compile(r"://[^/?#]*:[^/?#]*@")
_HIDDEN = re.compile(r"(?<=://)[^/?#]*@|(?<=[?#]).*", re.DOTALL)  # passwords and signatures
_addresses: dict[Path, str] = {}  # that files here are copies of, as messages have them


def read_lines(path: str | Path) -> Iterator[str]:
    """The lines of a UTF-8 file without their ends; plain, or packed by gzip, bzip2, xz or
    zstd.

    Only "\\n" ends a line. "-" is stdin. Raises `DataError` for a missing file, a folder, a damaged
    archive, or a line that is not UTF-8.
    """
    if not isinstance(path, str | os.PathLike):
        raise WrongType(f"give the name of a file, not {type(path).__name__}")
    for lines in read_chunks(Path(path)):
        yield from lines


def read_chunks(path: Path | None) -> Iterator[list[str]]:
    """Lists of lines, as many as can be had without waiting, so that a pipe is answered at once.

    The first lists are short, so that long texts are answered soon, too. None is stdin. Lines
    before a damaged one are given first. Raises as `read_lines`.
    """
    name = name_of(path)
    before = 0  # lines of the blocks before
    for block in _blocks(path, _CHUNK, full=False):
        good = _good_lines(block)
        if good:
            yield good.decode("utf-8").removesuffix("\n").split("\n")
        if len(good) < len(block):
            decode(block, name, before)  # raises
        before += block.count(b"\n")


def read_blocks(
    path: Path | None,
    size: int,
    *,
    full: bool = True,
    check: Callable[[bytes, str], object] = lambda block, name: None,
) -> Iterator[bytes]:
    """The text as bytes of whole lines, some `size` bytes at a time; each ends in a line break.

    With `full`, waits until there are so many; without, gives what is there. None is stdin. `check`
    is called with the first block as it stands, and the name of the file. Lines before a damaged
    one are given first. Raises as `read_lines`.
    """
    name = name_of(path)
    before = 0
    for number, block in enumerate(_blocks(path, size, full=full)):
        if number == 0:
            check(block, name)
        good = _good_lines(block)
        if good:
            yield good if good.endswith(b"\n") else good + b"\n"
        if len(good) < len(block):
            decode(block, name, before)  # raises
        before += block.count(b"\n")


def _good_lines(block: bytes) -> bytes:
    """The lines of a block before the first that is not UTF-8."""
    try:
        block.decode("utf-8")
    except UnicodeDecodeError as error:
        end = block.rfind(b"\n", 0, error.start) + 1
        return block[:end]
    return block


def _blocks(path: Path | None, size: int, *, full: bool) -> Iterator[bytes]:
    """Whole lines, not decoded; the last one of the file may have no end."""
    with reading(path), open_text(path) as file:
        read = file.read if full else file.read1
        asked = size if full else min(size, _FIRST_CHUNK)
        rest: list[bytes] = []  # of a line whose end is not read yet
        length = 0
        while data := read(asked):
            is_last = full and len(data) < asked
            asked = min(size, 2 * asked)
            end = len(data) if is_last else data.rfind(b"\n") + 1
            tail = data[end:]
            if end:
                block = b"".join([*rest, data[:end]])
                rest = []
                length = 0
                yield block

            if tail:
                rest.append(tail)
                length += len(tail)
                _check_length(length, path)

        if rest:
            yield b"".join(rest)


def _check_length(length: int, path: Path | None) -> None:
    """Raise `DataError` for a line without end, before it fills the memory."""
    if length > LONGEST_LINE and limits_are_on():
        raise DataError(
            f"{name_of(path)} has a line of more than {LONGEST_LINE // _MEGABYTE} MB: if it is "
            f"text, break its lines (fold -s -w 10000); {ENVIRONMENT}=off reads it all the same"
        )


# Opening


def is_address(path: str) -> bool:
    """Whether this names a file elsewhere: s3://…, https://…, memory://…"""
    return _ADDRESS.match(path) is not None


def shown(address: str) -> str:
    """An address as messages have it, without a password or a signature; a path as it is."""
    return _HIDDEN.sub("…", address) if is_address(address) else address


def is_copy_of(path: Path, address: str) -> None:
    """From now on messages name the address of a file, and not its copy at `path`."""
    _addresses[path] = shown(address)


def lasting(path: str) -> str:
    """The absolute path of a file that a run reads again, from anywhere; ValueError for stdin.

    An address such as s3://bucket/train.tsv stays as it is; one with a password is a ValueError,
    too, since the run would keep it in its folder.
    """
    if path == str(STDIN):
        raise ValueError(
            "- is stdin, which a run cannot read again when it is resumed: save it to a file"
        )
    if not is_address(path):
        return str(Path(path).absolute())
    if _PASSWORD.search(path):
        raise ValueError(
            f"{shown(path)} has a password in it, which the run would keep in its folder: leave it "
            "out, and name it in ~/.netrc (http, https) or in the environment "
            "(AWS_SECRET_ACCESS_KEY …)"
        )
    return path


def lasting_all(paths: list[str], corpus: str | None) -> list[str]:
    """The files of a run's data so that its config.toml repeats the run from anywhere.

    Files of a corpus keep their names within it; others become absolute paths.
    """
    return paths if corpus else [lasting(path) for path in paths]


def name_of(path: Path | None) -> str:
    """What errors call a file."""
    if path is None or path == STDIN:
        return "stdin"
    if path in _addresses:
        return _addresses[path]
    return without_halves(str(path)).replace("\0", "\\0")


def open_text(path: Path | None) -> BinaryFile:
    """As `open_bytes`, after the byte-order mark; raises `DataError` for UTF-16 and UTF-32."""
    with _closed_on_error(open_bytes(path)) as opened:
        head, file = _look(opened, HEAD, enough=len(MARK))
        check_encoding(head, name_of(path))

    mark = len(head) - len(without_mark(head))
    file.read(mark)
    return file


def open_bytes(path: Path | None) -> BinaryFile:
    """A file open for reading bytes, unpacked if its content is gzip, bzip2, xz or zstd.

    None and "-" are stdin, which stays open. Raises OSError and `DataError`.
    """
    name = name_of(path)
    is_given = path is not None and path != STDIN
    raw = path_of(path, "file").open("rb") if path is not None and is_given else _stdin()
    with _closed_on_error(raw):
        head, file = _look(raw, MAGIC, enough=MAGIC)
        refuse_others(head, name)

    kind = kind_of(head)
    return unpacked(file, kind, name) if kind else file


@contextmanager
def _closed_on_error(file: BinaryFile) -> Iterator[BinaryFile]:
    try:
        yield file
    except BaseException:
        file.close()
        raise


def _look(file: BinaryFile, size: int, *, enough: int) -> tuple[bytes, BinaryFile]:
    """The first bytes of a file, up to `size`, and the file as if they had not been read.

    From a pipe come those that are there, but `enough`, or a line, or all.
    """
    if file.seekable():
        return file.peek(size)[:size], file

    head = b""
    while len(head) < enough and b"\n" not in head:
        data = file.read1(_CHUNK)
        if not data:
            break
        head += data
    return head[:size], io.BufferedReader(_Again(head, file), _CHUNK)


class _Again(io.RawIOBase):
    """A file after bytes that were read from it."""

    def __init__(self, head: bytes, file: BinaryFile) -> None:
        self._head = head
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = len(buffer)
        data = self._head[:size] or self._file.read1(size)
        self._head = self._head[size:]
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def _stdin() -> BinaryFile:
    """What is left of stdin, which is not ours to close."""
    return io.BufferedReader(_Stdin(), _CHUNK)


class _Stdin(io.RawIOBase):
    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        stdin: Any = sys.stdin.buffer
        read = getattr(stdin, "read1", stdin.read)  # what is there, without waiting for more
        data: bytes = read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


# Errors, permissions


@contextmanager
def reading(path: Path | None) -> Iterator[None]:
    """Turn whatever can go wrong while reading `path` into a `DataError`."""
    try:
        yield
    except OSError as error:
        raise DataError(f"cannot read {name_of(path)}: {reason(error)}") from None


def open_up(path: Path) -> None:
    """Give a file the permissions of any new file; safetensors lets only the owner read its own."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)
