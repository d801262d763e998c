"""The texts of a run: training, validation and test text, read from files and cut apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np

from ..data.records import holds_records, read_fields
from ..data.windows import Ids
from ..errors import DataError
from ..ngram.text import text_lines
from ..text.normalize import Normalizer
from .data_config import LanguageData


def cut_off(lines: list[str], share: float) -> tuple[list[str], list[str]]:
    """The text without the last `share` of its characters, and that part.

    Only whole lines are cut off, unless the text is a single line.
    """
    if not share or not lines:
        return lines, []

    if len(lines) == 1:
        (line,) = lines
        at = round(len(line) * (1 - share))
        return [line[:at]], [line[at:]]

    lengths = [len(line) + 1 for line in lines]  # line breaks included
    at = lines_before_cut(np.array(lengths), share)
    return lines[:at], lines[at:]


def lines_before_cut(lengths: Ids, share: float) -> int:
    """How many lines come before the last `share` of a text's characters, at most all but one.

    `lengths` are those of the lines, in characters, line breaks included.
    """
    if not share or not len(lengths):
        return len(lengths)

    ends = np.cumsum(lengths, dtype=np.int64)
    before = np.searchsorted(ends, ends[-1] * (1 - share), side="right")
    return min(int(before), len(lengths) - 1)


def read_lines_of(
    data: LanguageData, files: Sequence[Path], column: int | str, normalizer: Normalizer
) -> Iterator[str]:
    """The lines of files, one after the other, as `data` says; a single one if they are joined."""
    every = (line for path in files for line in _read(path, column))
    lines: Iterator[str] = (line.removesuffix("\r") for line in every)
    if data.unique:
        lines = _first_of_equal(lines)
    if data.lines == "join":
        return iter([normalizer(" ".join(lines))])
    return lines


def _first_of_equal(lines: Iterable[str]) -> Iterator[str]:
    """Each line once: of 16 bytes of a hash of each, none is taken for another."""
    known: set[bytes] = set()
    for line in lines:
        found = blake2b(line.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if found not in known:
            known.add(found)
            yield line


def _read(path: Path, column: int | str) -> Iterator[str]:
    if holds_records(path):
        return _read_field(path, column)
    if isinstance(column, str):
        raise DataError(
            f"data.column of {path} is a number, not {column!r}: only JSON lines (*.jsonl) and "
            "Parquet (*.parquet) have names"
        )
    return _read_column(path, column) if column else text_lines(path)


def _read_field(path: Path, column: int | str) -> Iterator[str]:
    if not isinstance(column, str):
        raise DataError(
            f"{path} has fields with names: set data.column to that of the text, such as 'text'"
        )
    return (text for (text,) in read_fields(path, [column]))


def _read_column(path: Path, column: int) -> Iterator[str]:
    """One column of a TSV file, counted from 1."""
    for number, line in enumerate(text_lines(path), 1):
        columns = line.split("\t")
        if len(columns) < column:
            raise DataError(f"{path}:{number}: {len(columns)} columns, so no column {column}")
        yield columns[column - 1]
