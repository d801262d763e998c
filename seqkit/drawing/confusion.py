"""Which class is taken for which, as a picture.

Shapes: K classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .canvas import figure, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_NUMBERED = 30  # with more classes, no numbers are written into the cells
_LARGEST = 20.0  # inches; more classes get smaller cells


def draw_confusion(
    table: NDArray[np.int64], classes: Sequence[str], path: Path, *, title: str
) -> None:
    """Draw counts (K, K) of true classes (rows) and predicted ones; shades are shares of the row.

    Raises `ConfigError` or `DataError` naming the file.
    """
    row_sums = table.sum(1, keepdims=True)
    shares = table / row_sums.clip(min=1)

    wanted = 2.5 + 0.45 * len(classes)  # inches
    side = min(_LARGEST, wanted)
    picture, axes = figure(side + 1, side)
    shades = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    picture.colorbar(shades, ax=axes, shrink=0.8, label="share of the true class")

    axes.grid(visible=False)
    places = range(len(classes))
    axes.set_xticks(places, list(classes), rotation=90, parse_math=False)
    axes.set_yticks(places, list(classes), parse_math=False)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")

    axes.set_title(title, parse_math=False)
    if len(classes) <= _MOST_NUMBERED:
        _write_counts(axes, table, shares)

    save(picture, path)


def _write_counts(axes: Axes, table: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    """Write the number of examples into each cell that has some."""
    cells = np.argwhere(table).tolist()
    for row, column in cells:
        is_dark = shares[row, column] > 0.5
        axes.text(
            column,
            row,
            str(table[row, column]),
            color="white" if is_dark else "black",
            ha="center",
            va="center",
            fontsize=7,
        )
