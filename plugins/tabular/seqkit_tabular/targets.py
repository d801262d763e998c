"""What is to be predicted: numbers, scaled and perhaps as logarithms, or classes.

Shapes: N rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqkit.errors import DataError, shortened

from .columns import cells, names_of, nearly_numbers, numbers_of, way_to_number
from .reading import Table

_FEW = 20  # classes
_MOST_CLASSES = 0.5  # classes per row; with more, the target is hardly one of classes


@dataclass(frozen=True)
class Scale:
    """From the target's unit to standard deviations of the training rows, and back."""

    mean: float
    std: float
    log: bool = False  # of the logarithms

    @classmethod
    def of(cls, targets: NDArray[np.float64], *, log: bool = False) -> Scale:
        """The scale of these training targets; raises `DataError` if they are all the same."""
        values = np.log(targets) if log else targets
        std = float(values.std())
        if not std or not math.isfinite(std):
            raise DataError(
                f"the target is {targets[0]:g} in all {len(targets):,} training rows: there is "
                "nothing to learn"
            )
        return cls(float(values.mean()), std, log)

    def scaled(self, targets: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gives nan and -infinity for what has no logarithm."""
        with np.errstate(invalid="ignore", divide="ignore"):
            values = np.log(targets) if self.log else targets
        return (values - self.mean) / self.std

    def original(self, scaled: NDArray[np.floating]) -> NDArray[np.float64]:
        """The way back; a logarithm too large for a number gives infinity."""
        values = scaled.astype(np.float64) * self.std + self.mean
        with np.errstate(over="ignore"):
            return np.exp(values) if self.log else values


def number_targets(
    table: Table, column: str, missing: Sequence[str], *, log: bool = False
) -> NDArray[np.float64]:
    """The numbers to predict. (N,)

    Raises `DataError` naming file and row of a target that is missing, no number, not finite, or
    has no logarithm if that is asked for.
    """
    values = _complete(table, column, missing)
    numbers = numbers_of(values)
    wrong = numbers.is_null()
    if wrong.any():
        row = int(wrong.arg_true()[0])
        mend = way_to_number(values[row]) or "mend it"
        raise DataError(
            f"{table.where(row)}: {column} is {values[row]!r}, and a target of regression is a "
            f"number: {mend}, or take the targets as classes with --task classification"
        )

    found: NDArray[np.float64] = numbers.to_numpy()
    infinite = ~np.isfinite(found)
    if infinite.any():
        row = int(np.flatnonzero(infinite)[0])
        raise DataError(f"{table.where(row)}: {column} is {values[row]}: mend or remove the row")
    if log and (found <= 0).any():
        row = int(np.flatnonzero(found <= 0)[0])
        raise DataError(
            f"{table.where(row)}: {column} is {found[row]:g}, which has no logarithm: "
            "train without data.log"
        )
    return found


def class_targets(
    table: Table, column: str, missing: Sequence[str], classes: Sequence[str] = ()
) -> tuple[NDArray[np.int64], list[str]]:
    """The classes to predict as places in their list, and that list. (N,)

    Without `classes`, they are those of the table, in order. Raises `DataError` naming file and row
    of a target that is missing or not among `classes`, and for a target that has no two classes, or
    nearly as many as rows.
    """
    values = names_of(_complete(table, column, missing))
    names = list(classes) or _classes_in(values, table, column)

    place_of = {name: place for place, name in enumerate(names)}
    places = np.array([place_of.get(value, -1) for value in values])
    unknown = np.flatnonzero(places < 0)
    if len(unknown):
        row = int(unknown[0])
        raise DataError(
            f"{table.where(row)}: {column} is {values[row]!r}, which is none of the model's "
            f"classes: {shortened(names)}"
        )
    return places, names


def _complete(table: Table, column: str, missing: Sequence[str]) -> pl.Series:
    table.column(column, ", the target")
    values = cells(table, column, missing)
    empty = values.is_null()
    if empty.any():
        row = int(empty.arg_true()[0])
        count = int(empty.sum())
        raise DataError(
            f"{table.where(row)}: {column}, the target, is missing in {count:,} of "
            f"{len(table):,} rows: remove them, nothing can be learnt or measured there"
        )
    return values


def _classes_in(values: pl.Series, table: Table, column: str) -> list[str]:
    names = values.unique().to_list()
    if len(names) < 2:
        raise DataError(
            f"{table.name}: {column} is {names[0]!r} in all rows: nothing to tell apart"
        )
    if len(names) > max(_FEW, _MOST_CLASSES * len(values)):
        raise DataError(
            f"{table.name}: {column} has {len(names):,} classes in {len(values):,} rows: if they "
            "are numbers, --task regression predicts them"
        )
    return sorted(names, key=_in_order)


def _in_order(name: str) -> tuple[bool, float, str]:
    """Numbers by size, before words by the alphabet."""
    try:
        return False, float(name), name
    except ValueError:
        return True, 0.0, name


def looks_like(table: Table, column: str, missing: Sequence[str]) -> tuple[str, str]:
    """The task that a target looks made for, and why: text and two numbers are classes."""
    table.column(column, ", the target")
    values = cells(table, column, missing).drop_nulls()
    numbers = numbers_of(values)
    if len(values) and numbers.null_count() and _is_mistaken(values):
        return "regression", "holds numbers, but for a few cells"
    if not len(values) or numbers.null_count():
        return "classification", "holds text"

    distinct = numbers.n_unique()
    if distinct <= 2 and (numbers == numbers.round()).all():
        return "classification", f"holds {distinct} whole numbers only"
    return "regression", f"holds {distinct:,} different numbers"


def _is_mistaken(values: pl.Series) -> bool:
    """Whether text is meant for numbers: nearly all of it is, and it is not a few classes."""
    return nearly_numbers(values) and values.n_unique() > _FEW
