"""Figures by matplotlib, which is imported when the first one is drawn."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigError, DataError, reason

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FORMATS = (".png", ".svg", ".pdf")


def figure(width: float = 7.0, height: float = 4.5) -> tuple[Figure, Axes]:
    """An empty figure, sizes in inches; it needs no display."""
    from matplotlib.figure import Figure

    picture = Figure(figsize=(width, height), layout="constrained")
    axes = picture.add_subplot()
    axes.grid(visible=True, alpha=0.3)
    return picture, axes


def figures(rows: int, columns: int, *, title: str) -> tuple[Figure, list[Axes]]:
    """A figure with a grid of axes under one title; the axes come row by row."""
    from matplotlib.figure import Figure

    picture = Figure(figsize=(5.5 * columns, 3.5 * rows), layout="constrained")
    shown = title.encode("utf-8", "replace").decode()  # a folder's name need not be UTF-8
    picture.suptitle(shown, parse_math=False)

    axes = [picture.add_subplot(rows, columns, i + 1) for i in range(rows * columns)]
    for part in axes:
        part.grid(visible=True, alpha=0.3)
    return picture, axes


def check_name(path: Path) -> None:
    """Raise `ConfigError` unless `path` is named as a PNG, SVG or PDF, and `DataError` unless its
    folder exists.
    """
    if path.suffix.lower() not in _FORMATS:
        raise ConfigError(f"cannot draw {path}: name it *.png, *.svg or *.pdf")
    if not path.absolute().parent.is_dir():
        raise DataError(f"cannot write {path}: No such file or directory")


def save(picture: Figure, path: Path) -> None:
    """Write a PNG, SVG or PDF, by the file's name.

    Raises `ConfigError` or `DataError` naming the file.
    """
    check_name(path)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing")  # it is drawn as a box
            picture.savefig(path, dpi=150)
    except OSError as error:
        raise DataError(f"cannot write {path}: {reason(error)}") from None
