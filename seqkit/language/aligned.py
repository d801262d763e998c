"""Texts that are read again and again: one file, files line by line, or columns of a table.

A text has sides, such as its languages; some of them are scored, and all are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ..data.unpacking import PACKED
from ..errors import ConfigError, DataError
from ..ngram.text import text_lines

_LINES = 1 << 13  # at a time
_NAMES = (".tsv", *(f".tsv{ending}" for ending in sorted(PACKED)))


class Chunk(NamedTuple):
    """Some lines that follow each other; lists by file, and by scored side."""

    lines: Sequence[Sequence[str]]  # as they stand
    texts: Sequence[Sequence[str]]  # what is scored of them

    def __len__(self) -> int:
        return len(self.lines[0])


Source = Callable[[], Iterator[Chunk]]  # the whole text, from its beginning, at every call


def is_table(path: Path) -> bool:
    """Whether a file of that name has columns."""
    return path.name.endswith(_NAMES)


def columns_of(path: Path, columns: Sequence[int]) -> list[list[str]]:
    """The text of some columns, from 1, of a table, or that of a plain file: a list for each."""
    if not is_table(path):
        return [list(text_lines(path))]

    found: list[list[str]] = [[] for _ in columns]
    for number, line in enumerate(text_lines(path), 1):
        parts = _parts(path, number, line, columns)
        for text, part in zip(found, parts, strict=True):
            text.append(part)
    return found


@dataclass(frozen=True)
class AlignedFiles:
    """Files whose lines belong together, or one table; called for the chunks of its text."""

    paths: Sequence[Path]
    sides: int  # how many of the files are scored, the first ones
    columns: Sequence[int] = ()  # that are scored instead, of a table

    def __call__(self) -> Iterator[Chunk]:
        """Raises `DataError` where one file has fewer lines than another, or a line no column."""
        before = 0
        for lines in _in_step(self.paths):
            yield Chunk(lines, self._scored(lines, before))
            before += len(lines[0])

    def _scored(self, lines: Sequence[Sequence[str]], before: int) -> Sequence[Sequence[str]]:
        if not self.columns:
            return lines[: self.sides]

        path = self.paths[0]
        numbered = enumerate(lines[0], before + 1)
        rows = [_parts(path, number, line, self.columns) for number, line in numbered]
        return list(zip(*rows, strict=True))


def in_chunks(rows: Iterable[Sequence[str]]) -> Iterator[Chunk]:
    """Rows in memory, of all sides each."""
    remaining = iter(rows)
    while some := list(islice(remaining, _LINES)):
        sides = list(zip(*some, strict=True))
        yield Chunk(sides, sides)


def _in_step(paths: Sequence[Path]) -> Iterator[list[list[str]]]:
    """Some lines of each file at a time; raises `DataError` unless all have as many."""
    files = [text_lines(path) for path in paths]
    before = 0
    while True:
        found = [list(islice(file, _LINES)) for file in files]
        lengths = [len(lines) for lines in found]
        if len(set(lengths)) > 1:
            totals = [
                before + length + sum(1 for _ in file)
                for length, file in zip(lengths, files, strict=True)
            ]
            raise _misaligned(paths, totals)
        if not lengths[0]:
            return
        yield found
        before += lengths[0]


def _misaligned(paths: Sequence[Path], totals: Sequence[int]) -> DataError:
    pairs = zip(paths, totals, strict=True)
    shown = ", ".join(f"{path} has {total:,} lines" for path, total in pairs)
    return DataError(f"the sides of a parallel text have as many lines as each other: {shown}")


def _parts(path: Path, number: int, line: str, columns: Sequence[int]) -> list[str]:
    parts = line.split("\t")
    if len(parts) < max(columns):
        raise DataError(f"{path}:{number}: {len(parts)} columns, so no column {max(columns)}")
    return [parts[column - 1] for column in columns]


def check_columns(columns: Sequence[int], paths: Sequence[Path], tables: Sequence[Path]) -> None:
    """Raise `ConfigError` unless there are columns just where there are tables.

    `paths` are those of the text to read, `tables` all files of tables.
    """
    if columns and not tables:
        raise ConfigError(f"--columns is for tables, but no file is called *{_NAMES[0]}")
    if not columns and tables:
        raise ConfigError(f"{tables[0]} has columns: name those to score by --columns 1, or 1,2")
    if len(paths) > 1 and any(map(is_table, paths)):
        raise ConfigError("a table has all sides of a text: give it alone")
