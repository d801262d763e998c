"""Parallel text: two files of equal line count, or one TSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

from ..errors import DataError
from .files import read_lines


@dataclass
class Skipped:
    """How many pairs were left out, and why."""

    empty: int = 0
    long: int = 0

    def __str__(self) -> str:
        parts = [
            f"{n:,} {why}"
            for n, why in ((self.empty, "with an empty side"), (self.long, "over-long"))
            if n
        ]
        return "skipped " + " and ".join(parts) if parts else ""


@dataclass
class ParallelText:
    """Raw sentence pairs: `sources[i]` translates to `targets[i]`."""

    sources: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    skipped: Skipped = field(default_factory=Skipped)

    def __len__(self) -> int:
        return len(self.sources)


def read_parallel(paths: Sequence[Path], columns: tuple[int, int] = (1, 2)) -> ParallelText:
    """Pairs of [source file, target file], or of [TSV file] and its 1-based source and target `columns`.

    Pairs with an empty side are left out and counted. Raises `DataError` for files of unequal length and
    TSV lines without these columns.
    """
    text = ParallelText()
    if len(paths) not in (1, 2):
        raise DataError(f"parallel text is one TSV or two files, not {len(paths)}")
    pairs = _from_tsv(paths[0], columns) if len(paths) == 1 else _from_two(paths[0], paths[1])
    for source, target in pairs:
        if source.strip() and target.strip():
            text.sources.append(source)
            text.targets.append(target)
        else:
            text.skipped.empty += 1
    return text


def _from_two(source: Path, target: Path) -> Iterator[tuple[str, str]]:
    sources, targets = read_lines(source), read_lines(target)
    for number, (left, right) in enumerate(zip_longest(sources, targets)):
        if left is None or right is None:
            short, long = (source, target) if left is None else (target, source)
            rest = number + 1 + sum(1 for _ in (targets if left is None else sources))
            raise DataError(f"not parallel: {short} has {number:,} lines, {long} has {rest:,}")
        yield left, right


def _from_tsv(path: Path, columns: tuple[int, int]) -> Iterator[tuple[str, str]]:
    if min(columns) < 1:
        raise DataError(f"columns of {path} are counted from 1, not {min(columns)}")
    for number, line in enumerate(read_lines(path), 1):
        cells = line.split("\t")
        if max(columns) > len(cells):
            found = f"{len(cells)} column{'s' if len(cells) > 1 else ''}"
            raise DataError(
                f"{path}:{number}: expected tab-separated columns {columns[0]} and {columns[1]}, found {found}"
            )
        yield cells[columns[0] - 1], cells[columns[1] - 1]


def read_references(
    paths: Sequence[Path], columns: tuple[int, int] = (1, 2)
) -> tuple[list[str], list[list[str | None]]]:
    """Sources and columns of references to score translations against.

    Of [source file, reference file, …]: one column a reference file. Of [TSV file]: equal sources are one,
    and their translations its references, `None` where a source has fewer than others. Raises `DataError`
    as `read_parallel` does, and if there is nothing to score.
    """
    if len(paths) == 1:
        grouped: dict[str, list[str]] = {}
        for source, target in _from_tsv(paths[0], columns):
            grouped.setdefault(source, []).append(target)
        sources, rows = list(grouped), list(grouped.values())
    else:
        pairs = [list(_from_two(paths[0], path)) for path in paths[1:]]
        sources = [source for source, _ in pairs[0]]
        rows = [[column[i][1] for column in pairs] for i in range(len(sources))]
    if not sources:
        raise DataError(f"{paths[0]} is empty: there is nothing to score")
    width = max(map(len, rows))
    return sources, [[row[i] if i < len(row) else None for row in rows] for i in range(width)]
