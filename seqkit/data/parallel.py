"""Parallel text: two files of equal line count, or one of pairs: TSV, JSON lines, Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

from ..errors import DataError
from ..text.lines import check_many
from .files import name_of, read_lines
from .records import holds_records, read_fields

Pair = tuple[str, str]
Columns = tuple[int | str, int | str]  # numbers from 1, or names


@dataclass
class Skipped:
    """How many pairs were left out, and why."""

    empty: int = 0
    long: int = 0

    def __str__(self) -> str:
        reasons: list[str] = []
        if self.empty:
            reasons.append(f"{self.empty:,} with an empty side")
        if self.long:
            reasons.append(f"{self.long:,} over-long")
        return f"skipped {' and '.join(reasons)}" if reasons else ""


@dataclass
class ParallelText:
    """Raw sentence pairs: `sources[i]` translates to `targets[i]`. In memory, or in files."""

    sources: Sequence[str] = field(default_factory=list)
    targets: Sequence[str] = field(default_factory=list)
    skipped: Skipped = field(default_factory=Skipped)

    def __len__(self) -> int:
        return len(self.sources)

    def __repr__(self) -> str:
        skipped = f", {self.skipped}" if str(self.skipped) else ""
        return f"<ParallelText: {len(self):,} pairs{skipped}>"


def read_parallel(paths: Sequence[Path], columns: Columns = (1, 2)) -> ParallelText:
    """Pairs from [source file, target file], or from [a file of pairs] and its two `columns`.

    Columns of a TSV are counted from 1; those of JSON lines and Parquet are names. Pairs with an
    empty side are left out and counted. Raises `DataError` for files of unequal length, and for
    lines without these columns.
    """
    skipped = Skipped()
    pairs = list(read_pairs(paths, columns, skipped))
    return ParallelText([left for left, _ in pairs], [right for _, right in pairs], skipped)


def read_pairs(paths: Sequence[Path], columns: Columns, skipped: Skipped) -> Iterator[Pair]:
    """As `read_parallel`, one pair after the other; what is left out is counted in `skipped`."""
    check_many(paths, "paths")
    for source, target in _all_pairs(paths, columns):
        if source.strip() and target.strip():
            yield source, target
        else:
            skipped.empty += 1


def _all_pairs(paths: Sequence[Path], columns: Columns) -> Iterator[Pair]:
    match paths:
        case [path] if holds_records(path):
            return _from_records(path, columns)
        case [tsv]:
            return _from_tsv(tsv, columns)
        case [source, target]:
            return _from_two(source, target)
        case _:
            names = f" ({', '.join(map(name_of, paths))})" if paths else ""
            raise DataError(f"parallel text is one TSV or two files, not {len(paths)}{names}")


def _from_two(source: Path, target: Path) -> Iterator[Pair]:
    sources = read_lines(source)
    targets = read_lines(target)
    for number, (left, right) in enumerate(zip_longest(sources, targets)):
        if left is not None and right is not None:
            yield left, right
            continue

        source_is_shorter = left is None
        longer = targets if source_is_shorter else sources
        lines = number + 1 + sum(1 for _ in longer)
        if source_is_shorter:
            raise _unequal(source, number, target, lines)
        raise _unequal(source, lines, target, number)


def _unequal(source: Path, sources: int, target: Path, targets: int) -> DataError:
    """The error for two files of which one is shorter; it is named first."""
    sizes = sorted([(sources, name_of(source)), (targets, name_of(target))])
    (few, short), (many, long) = sizes
    return DataError(f"not parallel: {short} has {few:,} lines, {long} has {many:,}")


def _from_records(path: Path, columns: Columns) -> Iterator[Pair]:
    names = [column for column in columns if isinstance(column, str)]
    if len(names) < 2:
        raise DataError(
            f"{name_of(path)} has fields with names: set data.columns (of several sources, the "
            "`columns` of its [[data.sources]]) to those of source and target, such as "
            "['en', 'de'] or ['translation.en', 'translation.de']"
        )
    first, second = names
    for record in read_fields(path, [first, second]):
        yield record[0], record[1]


def _from_tsv(path: Path, columns: Columns) -> Iterator[Pair]:
    first, second = columns
    if isinstance(first, str) or isinstance(second, str):
        raise DataError(
            f"columns of {name_of(path)} are numbers, not names: only JSON lines (*.jsonl) and "
            "Parquet (*.parquet) have names"
        )
    if min(first, second) < 1:
        raise DataError(f"columns of {name_of(path)} are counted from 1, not {min(first, second)}")

    for number, line in enumerate(read_lines(path), 1):
        cells = line.split("\t")
        if len(cells) < max(first, second):
            found = "1 column" if len(cells) == 1 else f"{len(cells)} columns"
            raise DataError(
                f"{name_of(path)}:{number}: expected tab-separated columns {first} and {second}, "
                f"found {found}"
            )
        yield cells[first - 1], cells[second - 1]


def read_references(
    paths: Sequence[Path], columns: tuple[int, int] = (1, 2)
) -> tuple[list[str], list[list[str | None]]]:
    """Sources, and columns of references to score their translations against.

    From [source file, reference file, …]: one column a reference file. From [TSV file]: equal
    sources become one, and their translations its references; `None` where a source has fewer than
    others. Raises `DataError` as `read_parallel` does, and if there is nothing to score.
    """
    check_many(paths, "paths")
    first, *rest = paths
    sources, rows = _from_files(first, rest) if rest else _grouped(first, columns)
    if not sources:
        raise DataError(f"{name_of(first)} is empty: there is nothing to score")
    return sources, list(map(list, zip_longest(*rows)))


def _from_files(source: Path, references: Sequence[Path]) -> tuple[list[str], list[list[str]]]:
    """Sources, and the references of each; the source file is read once, as it may be stdin."""
    first, *others = references
    pairs = list(_from_two(source, first))
    sources = [left for left, _ in pairs]
    columns = [[right for _, right in pairs]]
    for path in others:
        columns.append(list(read_lines(path)))
        if len(columns[-1]) != len(sources):
            raise _unequal(source, len(sources), path, len(columns[-1]))
    return sources, list(map(list, zip(*columns, strict=True)))


def _grouped(path: Path, columns: tuple[int, int]) -> tuple[list[str], list[list[str]]]:
    """Sources without repetitions, and the references of each."""
    references: dict[str, list[str]] = {}
    for source, target in _from_tsv(path, columns):
        references.setdefault(source, []).append(target)
    return list(references), list(references.values())
