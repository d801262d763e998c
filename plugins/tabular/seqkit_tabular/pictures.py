"""Pictures: predictions and residuals, the confusion of classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from seqkit.drawing.canvas import figure, figures, save

from .report import ClassReport, NumberReport

_MOST_NUMBERED = 30  # with more classes, no numbers are written into the confusion matrix
_LARGE = 20.0  # times the smallest target: the axes are logarithmic


def draw_residuals(report: NumberReport, path: Path) -> None:
    """Predicted against true, and what is left over against the prediction.

    Points on the line are right. A bow in the residuals is something that the model does not see; a
    funnel says that its errors grow with the prediction, as a logarithm of the target would mend.
    """
    true, predicted = report.errors.true, report.errors.predicted
    title = f"{report.data}: RMSE {report.figures['rmse']:.4g}, R² {report.figures['r2']:.4f}"
    picture, (left, right) = figures(1, 2, title=title)

    lowest = min(true.min(), predicted.min())
    highest = max(true.max(), predicted.max())
    left.plot([lowest, highest], [lowest, highest], color="grey", linewidth=0.8)
    left.scatter(true, predicted, s=8, alpha=0.5, linewidths=0)
    left.set_xlabel(f"true {report.target}", parse_math=False)
    left.set_ylabel(f"predicted {report.target}", parse_math=False)

    right.axhline(0, color="grey", linewidth=0.8)
    right.scatter(predicted, predicted - true, s=8, alpha=0.5, linewidths=0)
    right.set_xlabel(f"predicted {report.target}", parse_math=False)
    right.set_ylabel("predicted - true")

    if lowest > 0 and highest > _LARGE * lowest:
        left.set_xscale("log")
        left.set_yscale("log")
        right.set_xscale("log")
    save(picture, path)


def draw_confusion(report: ClassReport, path: Path) -> None:
    """True classes against predicted ones; shades are shares of the row."""
    classes = list(report.classes)
    table = report.by_class.confusion
    shares = table / table.sum(1, keepdims=True).clip(min=1)

    side = min(20.0, 2.5 + 0.45 * len(classes))  # inches
    picture, axes = figure(side + 1, side)
    shades = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    picture.colorbar(shades, ax=axes, shrink=0.8, label="share of the true class")
    axes.grid(visible=False)

    places = range(len(classes))
    axes.set_xticks(places, classes, rotation=90, parse_math=False)
    axes.set_yticks(places, classes, parse_math=False)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(f"{report.data}: accuracy {report.figures['accuracy']:.4f}", parse_math=False)

    if len(classes) <= _MOST_NUMBERED:
        for row, column in np.argwhere(table).tolist():
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(
                column,
                row,
                str(table[row, column]),
                color=colour,
                ha="center",
                va="center",
                fontsize=7,
            )
    save(picture, path)
