"""Heat maps: a table of weights from 0 to 1 with labels, and smaller ones below it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .canvas import save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

Weights = Sequence[Sequence[float]]
"""Rows from top to bottom, each from left to right."""

_PER_ROW = 4  # small maps
_CELL = 0.32  # inches
_SMALL_MAP = 2.0  # inches, the height of a small map
_LARGEST = 60.0  # inches; more cells become smaller ones


class HeatMap(NamedTuple):
    title: str
    weights: Weights


def draw_heat_maps(
    path: Path,
    main: HeatMap,
    *,
    row_labels: Sequence[str],
    column_labels: Sequence[str],
    parts: Sequence[HeatMap] = (),
) -> None:
    """Draw `main` with labels, and below it the maps it was made of, without."""
    from matplotlib.figure import Figure

    height = _inches(row_labels)
    rows_of_parts = math.ceil(len(parts) / _PER_ROW)
    height_of_parts = _SMALL_MAP * rows_of_parts

    least_width = 9.0 if parts else 6.0
    width = max(least_width, _inches(column_labels))
    size = (width, height + height_of_parts)
    figure = Figure(figsize=size, layout="constrained")

    if parts:
        heights = [height, height_of_parts]
        halves = figure.subfigures(2, 1, height_ratios=heights, squeeze=False)
        upper, lower = halves[:, 0]
        _draw_main(upper, main, row_labels, column_labels)
        _draw_parts(lower, parts)
    else:
        _draw_main(figure, main, row_labels, column_labels)

    save(figure, path)


def _inches(labels: Sequence[str]) -> float:
    wanted = 1.5 + _CELL * len(labels)
    at_least = max(2.5, wanted)
    return min(_LARGEST, at_least)


def _draw_main(
    figure: Figure | SubFigure,
    heat_map: HeatMap,
    row_labels: Sequence[str],
    column_labels: Sequence[str],
) -> None:
    axes = figure.add_subplot()
    _draw_cells(axes, heat_map.weights)
    axes.set_title(heat_map.title, fontsize=10)

    columns = range(len(column_labels))
    axes.set_xticks(columns, column_labels, rotation=60, ha="right", parse_math=False)
    rows = range(len(row_labels))
    axes.set_yticks(rows, row_labels, parse_math=False)

    cells = axes.images[0]
    figure.colorbar(cells, ax=axes, shrink=0.8)


def _draw_parts(figure: Figure | SubFigure, parts: Sequence[HeatMap]) -> None:
    rows = math.ceil(len(parts) / _PER_ROW)
    for place, heat_map in enumerate(parts, 1):
        axes = figure.add_subplot(rows, _PER_ROW, place)
        _draw_cells(axes, heat_map.weights)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_title(heat_map.title, fontsize=8)


def _draw_cells(axes: Axes, weights: Weights) -> None:
    axes.imshow(
        weights,
        cmap="Blues",
        vmin=0,
        vmax=1,
        aspect="auto",
        interpolation="nearest",
    )
