"""Pictures: worst mistakes, Grad-CAM, filters and activations.

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

from seqkit.drawing.canvas import figures, save

from .report import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .images import ImageSet

_MOST_MAPS = 64  # drawn of a layer
_MAPS_PER_ROW = 16
_MISTAKES_PER_ROW = 5


def draw_mistakes(report: Report, images: ImageSet, path: Path, *, count: int = 25) -> None:
    """The mistakes that the model was surest of: predicted class, confidence, true class."""
    mistakes = report.worst(count)
    shown = max(1, len(mistakes))
    columns = min(_MISTAKES_PER_ROW, shown)
    rows = ceil(shown / columns)

    title = f"{report.data}: the surest mistakes"
    picture, axes = figures(rows, columns, title=title)
    width = 2.4 * columns
    height = 2.7 * rows + 0.5
    picture.set_size_inches(width, height)
    for part in axes:
        part.set_axis_off()

    pixels = images.pixels(torch.from_numpy(mistakes))
    for part, mistake, image in zip(axes, mistakes.tolist(), pixels, strict=False):
        show(part, image)
        text = _describe_mistake(report, mistake)
        part.set_title(text, fontsize=8, parse_math=False)

    save(picture, path)


def _describe_mistake(report: Report, row: int) -> str:
    predicted = report.figures.predicted[row]
    confidence = report.probabilities[row, predicted]
    true = report.labels[row]

    predicted_name = report.classes[predicted]
    true_name = report.classes[true]
    return f"{predicted_name} {confidence:.0%}\ntrue: {true_name}"


def draw_heat(pixels: Tensor, heat: Tensor, path: Path, *, title: str) -> None:
    """An image (C, S, S) of bytes, alone and under its Grad-CAM (S, S)."""
    picture, axes = figures(1, 2, title=title)
    picture.set_size_inches(8, 4.4)
    for part in axes:
        part.set_axis_off()
        show(part, pixels)

    values = heat.cpu().numpy()
    axes[1].imshow(values, cmap="jet", alpha=0.45, vmin=0, vmax=1)
    save(picture, path)


def draw_maps(groups: Mapping[str, Tensor], path: Path, *, title: str) -> None:
    """Groups of small pictures by name: each (maps, h, w) or, in colour, (maps, 3, h, w)."""
    picture, axes = figures(len(groups), 1, title=title)
    height = 0.8  # inches

    for part, (name, every) in zip(axes, groups.items(), strict=True):
        maps = every[:_MOST_MAPS].float()
        rows = ceil(len(maps) / _MAPS_PER_ROW)
        height += 0.6 + 8.5 * rows / _MAPS_PER_ROW

        sheet = contact_sheet(maps.cpu().numpy())
        colours = "viridis" if sheet.ndim == 2 else None
        part.imshow(sheet, cmap=colours)
        part.set_axis_off()
        part.set_title(f"{name}: {len(maps)} of {len(every)}", fontsize=9)

    picture.set_size_inches(9, height)
    save(picture, path)


def show(axes: Axes, pixels: Tensor) -> None:
    """An image (C, S, S) of bytes."""
    image = pixels.cpu().numpy()
    is_grey = len(image) == 1
    shown = image[0] if is_grey else image.transpose(1, 2, 0)

    axes.grid(visible=False)
    axes.imshow(shown, cmap="gray", vmin=0, vmax=255)


def contact_sheet(maps: NDArray[np.float32]) -> NDArray[np.float64]:
    """Maps side by side, each scaled to 0 to 1, with gaps of nan between them.

    (N, h, w) or, in colour, (N, 3, h, w) -> one picture (height, width) or (height, width, 3)
    """
    scaled = _scaled_to_one(maps)
    if maps.ndim == 4:
        scaled = scaled.transpose(0, 2, 3, 1)

    count, height, width, *colours = scaled.shape
    columns = min(_MAPS_PER_ROW, count)
    rows = ceil(count / _MAPS_PER_ROW)
    row_height = height + 1
    column_width = width + 1
    shape = (rows * row_height, columns * column_width, *colours)
    sheet = np.full(shape, np.nan)

    for i, image in enumerate(scaled):
        row, column = divmod(i, _MAPS_PER_ROW)
        top = row * row_height
        left = column * column_width
        bottom = top + height
        right = left + width
        sheet[top:bottom, left:right] = image
    return sheet


def _scaled_to_one(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each map scaled to 0 to 1 by its own least and greatest value."""
    of_a_map = tuple(range(1, maps.ndim))
    low = maps.min(of_a_map, keepdims=True)
    high = maps.max(of_a_map, keepdims=True)

    span = np.maximum(high - low, 1e-12)
    scaled: NDArray[np.float32] = (maps - low) / span
    return scaled
