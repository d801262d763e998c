"""Pictures of an evaluation: which class is taken for which, and how far it is to be trusted."""

from __future__ import annotations

from pathlib import Path

from ...drawing import confusion
from ...drawing.canvas import figure, save
from ...errors import ConfigError
from ...metrics.classification import Classification
from .report import ClassificationReport

NO_CONFUSION = "a model that gives a text several labels has no confusion matrix"


def draw_confusion(report: ClassificationReport, path: Path) -> None:
    """Rows are the true classes: how their texts are shared out among the predicted ones.

    Raises `ConfigError` for a model that gives a text several labels: none is taken for another.
    """
    figures = report.figures
    if not isinstance(figures, Classification):
        raise ConfigError(NO_CONFUSION)

    title = f"accuracy {report.accuracy:.4f}"
    confusion.draw_confusion(figures.confusion, report.classes, path, title=title)


def draw_reliability(report: ClassificationReport, path: Path) -> None:
    """Accuracy by confidence (Guo et al. 2017, figure 1); the diagonal is perfect calibration.

    The share of the predictions in each bin is drawn behind it.
    """
    found = report.calibration
    filled = [one for one in found.bins if one.count]
    picture, axes = figure(5.5, 5.0)

    lows = [one.low for one in found.bins]
    widths = [one.high - one.low for one in found.bins]
    shares = [one.count / max(1, found.count) for one in found.bins]
    axes.bar(lows, shares, widths, align="edge", color="lightgrey", label="share of predictions")

    confidences = [one.confidence for one in filled]
    accuracies = [one.accuracy for one in filled]
    axes.plot([0, 1], [0, 1], linestyle=":", color="grey", label="perfect calibration")
    axes.plot(confidences, accuracies, marker="o", label="accuracy")

    axes.set_xlabel("probability of what is predicted")
    axes.set_ylabel("share that is right")
    axes.set_title(f"expected calibration error {found.error:.4f}, {found.count:,} predictions")
    axes.legend()
    save(picture, path)
