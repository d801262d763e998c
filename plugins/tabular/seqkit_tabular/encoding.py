"""From cells to features: numbers standardised, categories as indicators, missing values as such.

Everything that is computed from data comes of the training rows alone. A row is kept as numbers and
codes of categories; its features are spread out only when it is used, in a batch.

Shapes: N rows, B rows of a batch, C columns of numbers, M of these that have missing values, K
columns of categories, D features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from seqkit.config import required, section, setting
from seqkit.errors import DataError

from .columns import Columns, Rows, cells, names_of, numbers_of, way_to_number
from .data_config import TableData
from .reading import Table

MISSING, OTHER = "(missing)", "(other)"


@section
class NumberColumn:
    """A column of numbers: (value - mean) / std."""

    name: str = required("of the column")
    mean: float = required("of the training rows, which a missing value counts as")
    std: Annotated[float, Field(gt=0)] = required("standard deviation; 1 if there is none")
    missing: bool = setting("whether an indicator says where values are missing", default=False)


@section
class CategoryColumn:
    """A column of categories: an indicator for each that training knows."""

    name: str = required("of the column")
    values: list[str] = required("categories with an indicator, the commonest first")
    missing: bool = setting("whether a missing value has one, too", default=False)
    folded: int = setting("rare categories that share one, with the unknown", default=0, ge=0)

    @property
    def labels(self) -> list[str]:
        missing = [MISSING] if self.missing else []
        other = [OTHER] if self.folded else []
        return [*self.values, *missing, *other]


@dataclass(frozen=True)
class Encoded:
    """Rows as the model will see them."""

    numbers: Tensor  # (N, C + M) float32: standardised, then the indicators of missing values
    codes: Tensor  # (N, K) int32: which indicator of the column, -1 for none

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, rows: Tensor | slice) -> Encoded:
        return Encoded(self.numbers[rows], self.codes[rows])

    def prints(self, targets: Tensor) -> list[str]:
        """A text for each row: equal for rows that a model cannot tell apart. `targets` (N,)"""
        parts = [
            np.ascontiguousarray(self.numbers.numpy()).view(np.uint8).reshape(len(self), -1),
            np.ascontiguousarray(self.codes.numpy()).view(np.uint8).reshape(len(self), -1),
            targets.double().numpy()[:, None].view(np.uint8),
        ]
        rows = np.concatenate(parts, axis=1)
        return [row.tobytes().hex() for row in rows]


@dataclass(frozen=True)
class Encoding:
    """How cells become features."""

    numbers: Sequence[NumberColumn]
    categories: Sequence[CategoryColumn]
    missing: Sequence[str]  # what a missing value looks like
    clip: float = 0.0

    @classmethod
    def fit(cls, table: Table, rows: Rows, columns: Columns, data: TableData) -> Encoding:
        """Learn means, deviations and categories from these rows of a table."""
        numbers = [
            _fit_number(name, numbers_of(cells(table, name, data.missing)[rows]))
            for name in columns.numbers
        ]
        categories = [
            _fit_category(name, names_of(cells(table, name, data.missing)[rows]), data)
            for name in columns.categories
        ]
        return cls(numbers, categories, data.missing, data.clip)

    @cached_property
    def features(self) -> list[str]:
        """The name of each feature, in order: GrLivArea, Alley = Pave, … (D)"""
        plain = [column.name for column in self.numbers]
        missing = [f"{column.name} {MISSING}" for column in self.numbers if column.missing]
        indicators = [
            f"{column.name} = {label}" for column in self.categories for label in column.labels
        ]
        return [*plain, *missing, *indicators]

    @cached_property
    def _starts(self) -> Tensor:
        """The first feature of each column of categories. (K,)"""
        sizes = [len(column.labels) for column in self.categories]
        first = len(self.features) - sum(sizes)
        return torch.tensor([first, *sizes[:-1]], dtype=torch.long)[: len(sizes)].cumsum(0)

    def encode(self, table: Table) -> Encoded:
        """Rows of any table that has the columns.

        Raises `DataError` naming the column that is not there, or the row in which a number is
        none.
        """
        plain = [self._standardised(table, column) for column in self.numbers]
        marks = [
            np.isnan(values)
            for values, column in zip(plain, self.numbers, strict=True)
            if column.missing
        ]
        parts = [*(np.nan_to_num(values, nan=0.0) for values in plain), *marks]
        codes = [self._codes(table, column) for column in self.categories]
        return Encoded(
            torch.from_numpy(_stacked(parts, len(table), np.float32)),
            torch.from_numpy(_stacked(codes, len(table), np.int32)),
        )

    def spread(self, rows: Encoded) -> Tensor:
        """The features of a batch, on its device. (B, D)"""
        width = len(self.features)
        features = rows.numbers.new_zeros(len(rows), width + 1)  # the last is for no indicator
        features[:, : rows.numbers.size(1)] = rows.numbers
        if self.categories:
            starts = self._starts.to(rows.codes.device)
            places = torch.where(rows.codes < 0, width, rows.codes + starts)
            features.scatter_(1, places, 1.0)
        return features[:, :width]

    def columns_of(self, rows: Encoded) -> dict[str, list[Tensor]]:
        """The columns of encoded rows by name, as views: what belongs together is in one list."""
        marked = [column.name for column in self.numbers if column.missing]
        names = [*(column.name for column in self.numbers), *marked]
        found: dict[str, list[Tensor]] = {}
        for place, name in enumerate(names):
            found.setdefault(name, []).append(rows.numbers[:, place])
        for place, column in enumerate(self.categories):
            found[column.name] = [rows.codes[:, place]]
        return found

    def notes_on(self, table: Table) -> list[str]:
        """What is new in a table, and what the model makes of it."""
        notes: list[str] = []
        for column in self.numbers:
            empty = cells(table, column.name, self.missing).null_count()
            if empty and not column.missing:
                notes.append(
                    f"{column.name} is missing in {empty:,} rows, and never was in training: they "
                    f"count as its mean, {column.mean:.4g}"
                )
        unknown = [self._unknown(table, column) for column in self.categories]
        return notes + [note for note in unknown if note]

    def _unknown(self, table: Table, column: CategoryColumn) -> str:
        if column.folded:
            return ""
        values = names_of(cells(table, column.name, self.missing)).drop_nulls()
        new = values.filter(~values.is_in(column.values))
        if not len(new):
            return ""
        return (
            f"{column.name} is {new[0]!r} in a row, which training did not know, and so in "
            f"{len(new):,} rows in all: none of its indicators is set there"
        )

    def _standardised(self, table: Table, column: NumberColumn) -> NDArray[np.float64]:
        """(N,), nan for what is missing"""
        values = cells(table, column.name, self.missing)
        numbers = numbers_of(values)
        wrong = values.is_not_null() & (numbers.is_null() | numbers.is_infinite().fill_null(False))
        if wrong.any():
            row = int(wrong.arg_true()[0])
            raise DataError(
                f"{table.where(row)}: {column.name} is {values[row]!r}, and the model reads a "
                f"number there: {way_to_number(str(values[row])) or 'mend it'}, or leave the cell "
                "empty"
            )

        scaled = (numbers.to_numpy() - column.mean) / column.std
        return np.clip(scaled, -self.clip, self.clip) if self.clip else scaled

    def _codes(self, table: Table, column: CategoryColumn) -> NDArray[np.int64]:
        """(N,), the place of each value among the labels, -1 for none"""
        values = names_of(cells(table, column.name, self.missing))
        labels = column.labels
        other = len(labels) - 1 if column.folded else -1
        empty = len(column.values) if column.missing else -1

        places = {value: place for place, value in enumerate(column.values)}
        known = values.replace_strict(places, default=other, return_dtype=pl.Int64)
        return known.set(values.is_null(), empty).to_numpy()


def _fit_number(name: str, values: pl.Series) -> NumberColumn:
    given: NDArray[np.float64] = values.drop_nulls().to_numpy()
    std = float(given.std())
    return NumberColumn(
        name=name,
        mean=float(given.mean()),
        std=std if std > 0 else 1.0,
        missing=len(given) < len(values),
    )


def _fit_category(name: str, values: pl.Series, data: TableData) -> CategoryColumn:
    counts = values.drop_nulls().value_counts()
    pairs = sorted(counts.iter_rows(), key=lambda pair: (-pair[1], pair[0]))
    kept = [value for value, count in pairs[: data.most] if count >= data.rare]
    return CategoryColumn(
        name=name,
        values=kept,
        missing=values.null_count() > 0,
        folded=len(pairs) - len(kept),
    )


def _stacked(columns: Sequence[NDArray[np.generic]], rows: int, dtype: type) -> NDArray[np.generic]:
    """(N, columns)"""
    if not columns:
        return np.zeros((rows, 0), dtype)
    return np.stack(columns, axis=1).astype(dtype)
