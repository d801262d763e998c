"""Which tag is taken for which, as a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...drawing.heatmaps import HeatMap, draw_heat_maps
from .report import TaggingReport


def draw_confusion(report: TaggingReport, path: Path) -> None:
    """Rows are the right tags: how their words are shared out among the predicted ones."""
    classes = report.by_tag.classes
    table = report.by_tag.confusion
    of_row = np.maximum(table.sum(1, keepdims=True), 1)
    shares = (table / of_row).tolist()

    title = f"right tag (row), predicted tag (column); accuracy {report.accuracy:.4f}"
    draw_heat_maps(path, HeatMap(title, shares), row_labels=classes, column_labels=classes)
