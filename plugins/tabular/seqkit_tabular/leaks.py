"""Columns that give the target away, and rows on both sides of a split.

Shapes: N rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqkit.metrics.probabilities import mean_ranks

from .columns import Columns, Rows, cells, names_of, numbers_of
from .reading import Table

_SURE = 0.9995  # correlation of ranks; a column closer to the target than that gives it away
_SORTED = 0.9  # the same of an id: the rows are sorted by the target
_FEW = 20  # rows; of fewer, such a correlation may be chance

Floats = NDArray[np.float64]


def copies_of_target(table: Table, rows: Rows, target: str, missing: Sequence[str]) -> list[str]:
    """Columns that hold what the target holds in every training row."""
    values = cells(table, target, missing)[rows]
    found: list[str] = []
    for name in table.frame.columns:
        if name == target or table.frame[name].dtype != table.frame[target].dtype:
            continue
        if cells(table, name, missing)[rows].eq_missing(values).all():
            found.append(name)
    return found


def notes_on_numbers(
    table: Table, rows: Rows, columns: Columns, targets: Floats, missing: Sequence[str]
) -> list[str]:
    """Columns of numbers that rise or fall with the target (N,), and ids that do."""
    if len(rows) < _FEW:
        return []

    ranks = mean_ranks(targets)
    notes: list[str] = []
    for name in [*columns.numbers, *columns.ids]:
        values = numbers_of(cells(table, name, missing)[rows])
        if values.dtype == pl.String or values.null_count():
            continue
        along = _correlation(mean_ranks(values.to_numpy()), ranks)
        if name in columns.ids and abs(along) >= _SORTED:
            notes.append(
                f"{name!r} gives the target away (rank correlation {along:.3f}): the rows are "
                "sorted by it; it is left out"
            )
        elif abs(along) >= _SURE and name not in columns.ids:
            notes.append(
                f"{name!r} gives the target away (rank correlation {along:.4f}): if it is not "
                "known when predictions are made, leave it out with data.ignore"
            )
    return notes


def notes_on_classes(
    table: Table, rows: Rows, columns: Columns, labels: NDArray[np.int64], missing: Sequence[str]
) -> list[str]:
    """Columns each of whose categories is of one class in all training rows (N,)."""
    if len(rows) < _FEW:
        return []

    notes: list[str] = []
    for name in columns.categories:
        values = names_of(cells(table, name, missing)[rows])
        frame = pl.DataFrame({"value": values, "label": labels})
        groups = frame.group_by("value").agg(pl.col("label").n_unique())
        if len(groups) * 2 <= len(rows) and groups["label"].max() == 1:
            notes.append(
                f"{name!r} gives the target away: each of its {len(groups):,} values is of one "
                "class; if it is not known when predictions are made, leave it out with data.ignore"
            )
    return notes


def _correlation(one: Floats, other: Floats) -> float:
    if not one.std() or not other.std():
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])
