"""Pictures, by matplotlib, which is imported when the first one is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .errors import ConfigError, DataError, reason

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FORMATS = (".png", ".svg", ".pdf")


def figure(width: float = 7.0, height: float = 4.5) -> tuple[Figure, Axes]:
    """An empty picture of that many inches, drawn without a display."""
    from matplotlib.figure import Figure

    picture = Figure(figsize=(width, height), layout="constrained")
    axes = picture.add_subplot()
    axes.grid(visible=True, alpha=0.3)
    return picture, axes


def save(picture: Figure, path: Path) -> None:
    """Write a PNG, SVG or PDF, by the name; raises `ConfigError` or `DataError` naming the file."""
    if path.suffix.lower() not in _FORMATS:
        raise ConfigError(f"cannot draw {path}: name it *.png, *.svg or *.pdf")
    try:
        picture.savefig(path, dpi=150)
    except OSError as error:
        raise DataError(f"cannot write {path}: {reason(error)}") from None
