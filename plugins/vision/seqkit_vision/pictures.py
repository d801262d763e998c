"""Pictures: confusion matrix, worst mistakes, Grad-CAM, filters and activations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from seqkit.drawing.canvas import figure, figures, save

from .report import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .images import ImageSet

_MOST_MAPS = 64
_WRITTEN = 30  # up to so many classes, numbers are written into the confusion matrix


def draw_confusion(report: Report, path: Path) -> None:
    """Classes against what they were taken for; shades are shares of the row."""
    table, names = report.confusion, list(report.classes)
    side = min(20.0, 2.5 + 0.45 * len(names))
    picture, axes = figure(side + 1, side)
    shares = table / table.sum(1, keepdims=True).clip(min=1)
    picture.colorbar(axes.imshow(shares, cmap="Blues", vmin=0, vmax=1), ax=axes, shrink=0.8)
    axes.grid(visible=False)
    axes.set_xticks(range(len(names)), names, rotation=90, parse_math=False)
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.set_xlabel("taken for")
    axes.set_ylabel("class")
    axes.set_title(f"{report.data}: accuracy {report.accuracy:.4f}", parse_math=False)
    if len(names) <= _WRITTEN:
        for row, column in zip(*table.nonzero(), strict=True):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(
                column,
                row,
                f"{table[row, column]}",
                ha="center",
                va="center",
                color=colour,
                fontsize=7,
            )
    save(picture, path)


def draw_mistakes(report: Report, images: ImageSet, path: Path, *, count: int = 25) -> None:
    """The mistakes that the model was surest of: what it saw, how sure it was, and the class."""
    import torch

    rows = report.worst(count)
    columns = max(1, min(5, len(rows)))
    picture, axes = figures(
        max(1, -(-len(rows) // columns)), columns, title=f"{report.data}: the surest mistakes"
    )
    picture.set_size_inches(2.4 * columns, 2.7 * max(1, -(-len(rows) // columns)) + 0.5)
    for part in axes:
        part.set_axis_off()
    for part, row, pixels in zip(axes, rows, images.pixels(torch.from_numpy(rows)), strict=False):
        seen = report.predicted[row]
        show(part, pixels)
        part.set_title(
            f"{report.classes[seen]} {report.probabilities[row, seen]:.0%}\nis {report.classes[report.labels[row]]}",
            fontsize=8,
            parse_math=False,
        )
    save(picture, path)


def draw_heat(pixels: Tensor, heat: Tensor, path: Path, *, title: str) -> None:
    """An image (C, S, S) of bytes beside itself under its Grad-CAM (S, S)."""
    picture, axes = figures(1, 2, title=title)
    picture.set_size_inches(8, 4.4)
    for part in axes:
        part.set_axis_off()
        show(part, pixels)
    axes[1].imshow(heat.cpu().numpy(), cmap="jet", alpha=0.45, vmin=0, vmax=1)
    save(picture, path)


def draw_maps(groups: dict[str, Tensor], path: Path, *, title: str) -> None:
    """Groups of small pictures: name -> (maps, h, w) or, in colour, (maps, 3, h, w)."""
    shown = {name: maps[:_MOST_MAPS].float().cpu().numpy() for name, maps in groups.items()}
    picture, axes = figures(len(shown), 1, title=title)
    picture.set_size_inches(
        9, 0.8 + sum(0.6 + 8.5 * -(-len(maps) // 16) / 16 for maps in shown.values())
    )
    for part, (name, maps) in zip(axes, shown.items(), strict=True):
        part.set_axis_off()
        part.set_title(f"{name}: {len(maps)} of {len(groups[name])}", fontsize=9)
        sheet = _sheet(maps)
        part.imshow(sheet, cmap="viridis" if sheet.ndim == 2 else None)
    save(picture, path)


def show(axes: Axes, pixels: Tensor) -> None:
    """An image (C, S, S) of bytes."""
    image = pixels.cpu().numpy()
    axes.grid(visible=False)
    axes.imshow(
        image[0] if len(image) == 1 else image.transpose(1, 2, 0), cmap="gray", vmin=0, vmax=255
    )


def _sheet(maps: np.ndarray, columns: int = 16) -> np.ndarray:
    """Maps side by side, each scaled to 0 to 1, with a gap between them: (N, h, w) or (N, 3, h, w) -> one picture."""
    tall = tuple(range(1, maps.ndim))
    low, high = maps.min(tall, keepdims=True), maps.max(tall, keepdims=True)
    maps = (maps - low) / np.maximum(high - low, 1e-12)
    if maps.ndim == 4:
        maps = maps.transpose(0, 2, 3, 1)
    height, width = maps.shape[1] + 1, maps.shape[2] + 1
    sheet = np.full(
        (-(-len(maps) // columns) * height, min(columns, len(maps)) * width, *maps.shape[3:]),
        np.nan,
    )
    for i, image in enumerate(maps):
        row, column = divmod(i, columns)
        sheet[row * height : (row + 1) * height - 1, column * width : (column + 1) * width - 1] = (
            image
        )
    return sheet
