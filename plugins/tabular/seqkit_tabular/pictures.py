"""Pictures of predicted numbers: against true ones, and what is left over."""

from __future__ import annotations

from pathlib import Path

from seqkit.drawing.canvas import figures, save

from .report import NumberReport

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
