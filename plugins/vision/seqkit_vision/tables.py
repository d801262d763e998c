"""CSV files of images: a path, a label and, if there is such a column, a part on each line."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from seqkit.data.files import read_lines
from seqkit.errors import DataError

from .parts import NAMES, Part, part_named

SUFFIXES = (".csv", ".csv.gz", ".csv.bz2", ".csv.xz")
_PATHS = ("path", "file", "image", "filename")
_LABELS = ("label", "class")
_SPLIT = "split"
_MAY_BE_SPLITS = ("set", "subset", "part", "partition", "phase", "usage")

Lines = list[tuple[int, list[str]]]


@dataclass(frozen=True)
class Row:
    """An image of a CSV file; `part` is None if the file has no column for it."""

    path: Path
    label: str
    part: Part | None


@dataclass(frozen=True)
class _Columns:
    path: int
    label: int
    split: int | None

    @property
    def last(self) -> int:
        return max(self.path, self.label, self.split or 0)


def is_table(path: Path) -> bool:
    """Whether the name is that of a CSV file, plain or packed."""
    return path.name.lower().endswith(SUFFIXES)


def read_table(path: Path) -> list[Row]:
    """The images of a CSV file, in order; paths are looked for from its own folder.

    Raises `DataError` naming the line.
    """
    lines = _lines(path)
    if not lines or len(lines[0][1]) < 2:
        raise DataError(f"{path}:1: the first line must name the columns, such as path,label")

    header, *body = lines
    columns = _columns(header[1], body, path)
    rows = list(_rows(path, body, columns))
    if not rows:
        raise DataError(f"{path} names no image")
    return rows


def _rows(path: Path, lines: Lines, columns: _Columns) -> Iterator[Row]:
    for number, row in lines:
        if not row:
            continue

        cells = [cell.strip() for cell in row]
        if len(cells) <= columns.last or not cells[columns.path] or not cells[columns.label]:
            raise DataError(f"{path}:{number}: the path or the label is missing")
        if "\0" in cells[columns.path]:
            raise DataError(f"{path}:{number}: the path holds a NUL character")

        part = None
        if columns.split is not None:
            part = part_named(cells[columns.split])
            if part is None:
                raise DataError(_unknown_part(path, number, cells[columns.split]))
        yield Row(path.parent / cells[columns.path], cells[columns.label], part)


def _unknown_part(path: Path, number: int, cell: str) -> str:
    names = [name for names in NAMES.values() for name in names]
    return (
        f"{path}:{number}: {_SPLIT} is {cell!r}: it can be {', '.join(names)}; "
        "if that column means something else, call it something else"
    )


def _columns(header: Sequence[str], body: Lines, path: Path) -> _Columns:
    names = [name.strip().lower() for name in header]
    return _Columns(
        path=_find(names, _PATHS, path),
        label=_find(names, _LABELS, path),
        split=_split_column(names, body),
    )


def _find(names: Sequence[str], usual: Sequence[str], path: Path) -> int:
    for name in usual:
        if name in names:
            return names.index(name)
    raise DataError(
        f"{path}:1: no column {' or '.join(map(repr, usual))}; there are {', '.join(names)}"
    )


def _split_column(names: Sequence[str], body: Lines) -> int | None:
    """The column named "split", or another that says train, valid or test on every line."""
    if _SPLIT in names:
        return names.index(_SPLIT)

    rows = [row for _, row in body if row]
    for column, name in enumerate(names):
        if name in _MAY_BE_SPLITS:
            cells = [row[column] if column < len(row) else "" for row in rows]
            if all(part_named(cell) for cell in cells):
                return column
    return None


def _lines(path: Path) -> Lines:
    """The rows of a CSV file with the numbers of their (last) lines."""
    reader = csv.reader(read_lines(path))
    try:
        return [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: {error}") from None
