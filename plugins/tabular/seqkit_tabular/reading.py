"""Tables as they stand in CSV and Parquet files.

polars reads them: it can hand over every cell of a CSV file as the text that it is, so that what is
a number is decided here, where an error can name the line; it reads Parquet without pyarrow; and it
is one wheel. pandas guesses types while it reads, and would need pyarrow.

Shapes: N rows.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqkit.data.csv_cells import long_cells
from seqkit.data.digest import of_lines
from seqkit.data.files import name_of, open_bytes, reading
from seqkit.errors import DataError, hint
from seqkit.text.decoding import HEAD, check_encoding, decode, without_mark

_PARQUET = b"PAR1"
_SEPARATORS = ",;\t|"
_FRACTION = re.compile(r"[+-]?\d*[.,]\d+")  # no name of a column
_LONGEST_CELL = 1 << 24  # characters, of a quoted one


@dataclass(frozen=True)
class Table:
    """The cells of a file: text (CSV), or text and numbers (Parquet); null where there is none."""

    name: str  # what errors call it
    frame: pl.DataFrame
    lines: NDArray[np.int64] | None = None  # (N,) line of each row; None of what has no lines
    first: int = 0  # rows that come before these, of what has no lines

    def __len__(self) -> int:
        return len(self.frame)

    def where(self, row: int) -> str:
        """Where a row is: "prices.csv:12"."""
        if self.lines is None:
            return f"{self.name}, row {self.first + row + 1}"
        return f"{self.name}:{self.lines[row]}"

    def column(self, name: str, what: str = "") -> pl.Series:
        """A column by its name; raises `DataError` with a suggestion if there is none.

        `what` says what it is needed for.
        """
        if name not in self.frame.columns:
            known = hint(name, self.frame.columns)
            raise DataError(f"{self.name} has no column {name!r}{what}.{known}")
        return self.frame[name]

    def digest(self) -> str:
        """The same for the same table, whatever its file is called."""
        return of_lines(self.frame.write_csv().splitlines())


def read_table(path: Path) -> Table:
    """Read a CSV file, plain or packed, or a Parquet file; which, says its content.

    The cells of CSV are separated by commas, semicolons, tabs or bars, whichever the first line has
    most of. Raises `DataError` naming file and line.
    """
    name = name_of(path)
    with reading(path), open_bytes(path) as file:
        data = file.read()
    if data.startswith(_PARQUET):
        return _of_parquet(data, name)

    check_encoding(data[:HEAD], name)
    return of_csv(without_mark(data), name)


def of_rows(rows: Sequence[dict[str, object]], name: str = "rows", first: int = 0) -> Table:
    """A table of rows given in Python, each {column: value}; a value is text, a number or None.

    `first` rows came before these.
    """
    names = dict.fromkeys(key for row in rows for key in row)
    columns: dict[str, pl.Series] = {}
    for column in names:
        values = [row.get(column) for row in rows]
        columns[column] = pl.Series(column, [_as_text(value) for value in values], pl.String)
    return Table(name, pl.DataFrame(columns), first=first)


def _as_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else str(value)


# Parquet


def _of_parquet(data: bytes, name: str) -> Table:
    try:
        frame = pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{name} is damaged: {_first_line(error)}") from None
    if not len(frame):
        raise DataError(f"{name} has no rows")

    columns = [_plain(frame[column], name) for column in frame.columns]
    return Table(name, pl.DataFrame(columns))


def _plain(column: pl.Series, name: str) -> pl.Series:
    """A column as numbers or text; raises `DataError` for one of lists, bytes and the like."""
    kind = column.dtype
    if kind.is_numeric():
        return column.cast(pl.Float64).fill_nan(None)
    if kind.is_nested() or kind in (pl.Binary, pl.Object):
        raise DataError(f"{name}: column {column.name!r} holds {kind}: leave it out of the file")
    return column.cast(pl.String)


# CSV


@long_cells(_LONGEST_CELL)
def of_csv(data: bytes, name: str) -> Table:
    """The table in the bytes of a CSV file; raises `DataError` naming line and column."""
    decode(data, name)
    if not data.strip():
        raise DataError(f"{name} is empty: the first line must name the columns")

    separator = _separator(data)
    is_quoted = b'"' in data
    widths, lines = (_widths_quoted if is_quoted else _widths)(data, separator, name)
    names = _header(data, separator, name)

    wrong = np.flatnonzero((widths != len(names)) & (widths != 0))
    if len(wrong):
        row = wrong[0]
        raise DataError(
            f"{name}:{lines[row]}: {widths[row]} cells, and the first line names "
            f"{len(names)} columns"
        )
    is_blank = widths == 0
    if is_blank.any():
        data = (_without_blank_quoted if is_quoted else _without_blank)(data, separator)
    lines = lines[~is_blank][1:]
    if not len(lines):
        raise DataError(f"{name} has no rows below the names of its columns")

    return Table(name, _frame(data, separator, names, lines, name), lines)


def _separator(data: bytes) -> str:
    first = data.lstrip().partition(b"\n")[0].decode("utf-8")
    counts = {separator: first.count(separator) for separator in _SEPARATORS}
    return max(counts, key=lambda separator: counts[separator])


def _header(data: bytes, separator: str, name: str) -> list[str]:
    """The names of the columns; one without a name, as pandas writes its index, is `column_1`."""
    text = io.StringIO(data.decode("utf-8"), newline="")
    rows = csv.reader(text, delimiter=separator)
    first = next(row for row in rows if row)
    names = [cell.strip() or f"column_{place}" for place, cell in enumerate(first, 1)]

    column, times = Counter(names).most_common(1)[0]
    if times > 1:
        raise DataError(f"{name}:1: {times} columns are called {column!r}: rename them")

    fractions = [cell for cell in names if _FRACTION.fullmatch(cell)]
    if 2 * len(fractions) > len(names):
        raise DataError(
            f"{name}:1: the first line must name the columns, and holds numbers such as "
            f"{fractions[0]}"
        )
    return names


def _widths(data: bytes, separator: str, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many cells each line has, 0 for a blank one, and its number; for a file without quotes.

    -> (lines,), (lines,)
    """
    characters = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(characters == ord("\n"))
    if not len(ends) or ends[-1] != len(data) - 1:
        ends = np.append(ends, len(data))
    starts = np.concatenate([[0], ends[:-1] + 1])

    separators = np.flatnonzero(characters == ord(separator))
    counts = np.searchsorted(separators, ends) - np.searchsorted(separators, starts)
    lengths = ends - starts
    only_return = (lengths == 1) & (characters[np.minimum(starts, len(data) - 1)] == ord("\r"))
    is_blank = (lengths == 0) | only_return
    return np.where(is_blank, 0, counts + 1), np.arange(1, len(ends) + 1)


def _widths_quoted(
    data: bytes, separator: str, name: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The same for a file with quotes, in which a cell may hold separators and line breaks."""
    text = io.StringIO(data.decode("utf-8"), newline="")
    rows = csv.reader(text, delimiter=separator, strict=True)

    widths: list[int] = []
    lines: list[int] = []
    line = 1
    try:
        for row in rows:
            widths.append(len(row))
            lines.append(line)
            line = rows.line_num + 1
    except csv.Error as error:
        raise DataError(f"{name}:{line}: the quotes of this row do not match: {error}") from None
    return np.array(widths), np.array(lines)


def _without_blank(data: bytes, separator: str) -> bytes:
    lines = data.split(b"\n")
    return b"\n".join(line for line in lines if line not in (b"", b"\r"))


def _without_blank_quoted(data: bytes, separator: str) -> bytes:
    text = io.StringIO(data.decode("utf-8"), newline="")
    kept = io.StringIO(newline="")
    writer = csv.writer(kept, delimiter=separator, lineterminator="\n")
    writer.writerows(row for row in csv.reader(text, delimiter=separator) if row)
    return kept.getvalue().encode("utf-8")


def _frame(
    data: bytes, separator: str, names: Sequence[str], lines: NDArray[np.int64], name: str
) -> pl.DataFrame:
    """All cells as text, without blanks around them."""
    try:
        frame = pl.read_csv(
            data, separator=separator, has_header=False, skip_rows=1, infer_schema=False
        )
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{name} cannot be read as CSV: {_first_line(error)}") from None

    if frame.shape != (len(lines), len(names)):
        rows, columns = frame.shape
        raise DataError(f"{name} cannot be read as CSV: {rows:,} rows of {columns:,} cells")
    frame.columns = list(names)
    return frame.with_columns(pl.all().str.strip_chars())


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0]
