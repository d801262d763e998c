"""Which columns say something, and whether they hold numbers or categories.

All of it is decided by the training rows alone.

Shapes: N rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqkit.errors import ConfigError, DataError, hint

from .data_config import TableData
from .reading import Table

_NEARLY_ALL = 0.95  # of the values are numbers: the others look like mistakes
_NAN = r"(?i)^[+-]?nan$"
_OTHERWISE = (  # how people write numbers, too: $1,500.5, 1.500,5 €
    r"^[$€£¥]?\s?[+-]?(\d[\d,]*(\.\d+)?|\d{1,3}(\.\d{3})+,\d+)\s?[%$€£¥]?$"
)
_MANY_NAMES = 20  # distinct texts in as many rows are names of the rows

Rows = NDArray[np.int64]


class Columns(NamedTuple):
    """The columns that a model reads, and what is to be said of the others."""

    numbers: list[str]
    categories: list[str]
    left_out: dict[str, str]  # {column: why}
    ids: list[str]  # of these, the ones that number or name the rows


def cells(table: Table, column: str, missing: Sequence[str]) -> pl.Series:
    """A column with null for what looks like a missing value."""
    values = table.column(column, ", which the model reads")
    if values.dtype != pl.String:
        return values
    is_missing = values.is_in(list(missing)) | values.str.contains(_NAN)
    return values.set(is_missing.fill_null(False), None)


def numbers_of(values: pl.Series) -> pl.Series:
    """Text as numbers, null where it is none."""
    return values if values.dtype != pl.String else values.cast(pl.Float64, strict=False)


def names_of(values: pl.Series) -> pl.Series:
    """The values of a column of categories, as text: 60 and 60.0 are one."""
    if values.dtype == pl.String:
        return values
    whole = values.is_not_null() & (values == values.round())
    texts = values.cast(pl.String)
    return texts.zip_with(
        ~whole.fill_null(False), values.cast(pl.Int64, strict=False).cast(pl.String)
    )


def nearly_numbers(values: pl.Series) -> bool:
    """Whether hardly any of these values is no number; "1,5" and "$1,200" count as numbers."""
    given = values.drop_nulls()
    if given.dtype != pl.String or not len(given):
        return bool(len(given))
    is_number = numbers_of(given).is_not_null() | given.str.contains(_OTHERWISE)
    return int(is_number.sum()) >= _NEARLY_ALL * len(given)


def way_to_number(value: str) -> str:
    """How to mend a cell that should be a number, if it is one that people can read; else ""."""
    if not pl.Series([value]).str.contains(_OTHERWISE).item():
        return ""
    return "write numbers with a decimal point and nothing else, such as 1234.5"


def choose_columns(table: Table, rows: Rows, target: str, data: TableData) -> Columns:
    """Sort the columns of a table by its training rows.

    Raises `ConfigError` for settings that name a column that is not there, and `DataError` for
    values that are hardly meant, or if no column is left.
    """
    for key in ("columns", "ignore", "categories"):
        _check_names(table, getattr(data, key), f"data.{key}")

    found = Columns([], [], {}, [])
    for name in table.frame.columns:
        asked = name in data.columns
        if name == target or name in data.ignore or (data.columns and not asked):
            continue

        values = cells(table, name, data.missing)[rows]
        is_number = name not in data.categories and _is_number(table, name, values, rows)
        says_nothing, is_id = _says_nothing(values, is_number)
        if says_nothing and not (asked and is_id):
            found.left_out[name] = says_nothing
            if is_id:
                found.ids.append(name)
            continue
        (found.numbers if is_number else found.categories).append(name)

    if not found.numbers and not found.categories:
        why = "; ".join(f"{name!r} {reason}" for name, reason in found.left_out.items())
        raise DataError(f"{table.name} has no column to predict {target!r} from{why and ': '}{why}")
    return found


def _check_names(table: Table, names: Sequence[str], where: str) -> None:
    for name in names:
        if name not in table.frame.columns:
            known = hint(name, table.frame.columns)
            raise ConfigError(f"{where}: {table.name} has no column {name!r}.{known}")


def _is_number(table: Table, name: str, values: pl.Series, rows: Rows) -> bool:
    """Whether all values are numbers.

    Raises `DataError` naming the first that is none, or not finite, among many that are.
    """
    if values.dtype != pl.String:
        _check_finite(table, name, values, rows)
        return True

    given = values.is_not_null()
    numbers = numbers_of(values)
    wrong = given & numbers.is_null()
    if not wrong.any():
        _check_finite(table, name, numbers, rows)
        return True

    if not nearly_numbers(values):
        return False

    place = int(wrong.arg_true()[0])
    mend = way_to_number(values[place]) or "mend it, add it to data.missing"
    raise DataError(
        f"{table.where(int(rows[place]))}: {name} is {values[place]!r}, and nearly all of its "
        f"values are numbers: {mend}, or name the column in data.categories"
    )


def _check_finite(table: Table, name: str, numbers: pl.Series, rows: Rows) -> None:
    infinite = numbers.is_infinite().fill_null(False)
    if infinite.any():
        place = int(infinite.arg_true()[0])
        raise DataError(
            f"{table.where(int(rows[place]))}: {name} is {numbers[place]}: mend it, or add it to "
            "data.missing as it is written"
        )


def _says_nothing(values: pl.Series, is_number: bool) -> tuple[str, bool]:
    """Why a column is left out, or ""; and whether because it is an id."""
    distinct = values.drop_nulls().n_unique()
    if distinct == 0:
        return "has no value in the training rows", False
    if distinct == 1 and not values.null_count():
        return f"is {values[0]!r} in all training rows", False

    everywhere = distinct == len(values) and len(values) > 2
    if is_number and everywhere and _counts(numbers_of(values)):
        return "numbers the rows", True
    if not is_number and everywhere and len(values) >= _MANY_NAMES:
        return "is another text in each row", True
    return "", False


def _counts(numbers: pl.Series) -> bool:
    """Whether these distinct numbers are whole and count on, as a sample of such numbers does.

    Rows that are not for training leave gaps: up to one in two numbers may be missing.
    """
    if (numbers != numbers.round()).any():
        return False
    values: NDArray[np.float64] = numbers.to_numpy()
    span = float(values.max() - values.min()) + 1
    return len(values) >= _MANY_NAMES and span <= 2 * len(values)


def said(columns: Columns) -> Iterator[str]:
    """A line for each column that is left out, and how to have it."""
    for name, why in columns.left_out.items():
        way = ": name it in data.columns to use it" if name in columns.ids else ""
        yield f"left out: {name!r} {why}{way}"
