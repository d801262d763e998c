"""Pictures: confusion matrix, worst mistakes, Grad-CAM, filters and activations.

Shapes: C channels, S side, h x w a map.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqkit.drawing.canvas import figure, figures, save

from .report import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .images import ImageSet

_MOST_MAPS = 64  # drawn of a layer
_MAPS_PER_ROW = 16
_MISTAKES_PER_ROW = 5
_MOST_NUMBERED = 30  # with more classes, no numbers are written into the confusion matrix


def draw_confusion(report: Report, path: Path) -> None:
    """True classes against predicted ones; shades are shares of the row."""
    classes = list(report.classes)
    table = report.figures.confusion
    shares = table / table.sum(1, keepdims=True).clip(min=1)

    side = min(20.0, 2.5 + 0.45 * len(classes))
    picture, axes = figure(side + 1, side)
    shades = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    picture.colorbar(shades, ax=axes, shrink=0.8, label="share of the true class")

    axes.grid(visible=False)
    axes.set_xticks(range(len(classes)), classes, rotation=90, parse_math=False)
    axes.set_yticks(range(len(classes)), classes, parse_math=False)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(f"{report.data}: accuracy {report.accuracy:.4f}", parse_math=False)
    if len(classes) <= _MOST_NUMBERED:
        _write_counts(axes, table, shares)

    save(picture, path)


def _write_counts(axes: Axes, table: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    """Write the number of examples into each cell that has some."""
    for row, column in np.argwhere(table).tolist():
        colour = "white" if shares[row, column] > 0.5 else "black"
        count = str(table[row, column])
        axes.text(column, row, count, ha="center", va="center", color=colour, fontsize=7)


def draw_mistakes(report: Report, images: ImageSet, path: Path, *, count: int = 25) -> None:
    """The mistakes that the model was surest of: predicted class, confidence, true class."""
    mistakes = report.worst(count)
    columns = max(1, min(_MISTAKES_PER_ROW, len(mistakes)))
    rows = max(1, ceil(len(mistakes) / columns))

    picture, axes = figures(rows, columns, title=f"{report.data}: the surest mistakes")
    picture.set_size_inches(2.4 * columns, 2.7 * rows + 0.5)
    for part in axes:
        part.set_axis_off()

    pixels = images.pixels(torch.from_numpy(mistakes))
    for part, mistake, image in zip(axes, mistakes.tolist(), pixels, strict=False):
        show(part, image)
        part.set_title(_describe_mistake(report, mistake), fontsize=8, parse_math=False)

    save(picture, path)


def _describe_mistake(report: Report, row: int) -> str:
    predicted = report.figures.predicted[row]
    confidence = report.probabilities[row, predicted]
    true = report.labels[row]
    return f"{report.classes[predicted]} {confidence:.0%}\ntrue: {report.classes[true]}"


def draw_heat(pixels: Tensor, heat: Tensor, path: Path, *, title: str) -> None:
    """An image (C, S, S) of bytes, alone and under its Grad-CAM (S, S)."""
    picture, axes = figures(1, 2, title=title)
    picture.set_size_inches(8, 4.4)
    for part in axes:
        part.set_axis_off()
        show(part, pixels)

    axes[1].imshow(heat.cpu().numpy(), cmap="jet", alpha=0.45, vmin=0, vmax=1)
    save(picture, path)


def draw_maps(groups: Mapping[str, Tensor], path: Path, *, title: str) -> None:
    """Groups of small pictures by name: each (maps, h, w) or, in colour, (maps, 3, h, w)."""
    shown = {name: maps[:_MOST_MAPS].float().cpu().numpy() for name, maps in groups.items()}

    rows = [ceil(len(maps) / _MAPS_PER_ROW) for maps in shown.values()]
    height = sum(0.6 + 8.5 * count / _MAPS_PER_ROW for count in rows)
    picture, axes = figures(len(shown), 1, title=title)
    picture.set_size_inches(9, 0.8 + height)

    for part, (name, maps) in zip(axes, shown.items(), strict=True):
        sheet = contact_sheet(maps)
        part.set_axis_off()
        part.set_title(f"{name}: {len(maps)} of {len(groups[name])}", fontsize=9)
        part.imshow(sheet, cmap="viridis" if sheet.ndim == 2 else None)

    save(picture, path)


def show(axes: Axes, pixels: Tensor) -> None:
    """An image (C, S, S) of bytes."""
    image = pixels.cpu().numpy()
    axes.grid(visible=False)
    shown = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
    axes.imshow(shown, cmap="gray", vmin=0, vmax=255)


def contact_sheet(maps: NDArray[np.float32]) -> NDArray[np.float64]:
    """Maps side by side, each scaled to 0 to 1, with gaps of nan between them.

    (N, h, w) or, in colour, (N, 3, h, w) -> one picture (height, width) or (height, width, 3)
    """
    of_a_map = tuple(range(1, maps.ndim))
    low = maps.min(of_a_map, keepdims=True)
    high = maps.max(of_a_map, keepdims=True)
    scaled = (maps - low) / np.maximum(high - low, 1e-12)
    if maps.ndim == 4:
        scaled = scaled.transpose(0, 2, 3, 1)

    count, height, width, *colours = scaled.shape
    columns = min(_MAPS_PER_ROW, count)
    rows = ceil(count / _MAPS_PER_ROW)
    sheet = np.full((rows * (height + 1), columns * (width + 1), *colours), np.nan)
    for i, image in enumerate(scaled):
        row, column = divmod(i, _MAPS_PER_ROW)
        top = row * (height + 1)
        left = column * (width + 1)
        sheet[top : top + height, left : left + width] = image
    return sheet
