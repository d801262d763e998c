from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seqkit.cli.options import (
    PATH,
    device_options,
    one_model_option,
    show_notes,
)
from seqkit.parsing import to_json

from .settings import open_model

if TYPE_CHECKING:
    from ..importance import Importance


@click.command()
@click.argument("table", required=False, type=PATH)
@one_model_option("A run folder.", required=True, type=PATH)
@click.option(
    "--residuals", type=PATH, help="Draw predicted against true numbers: *.png, *.svg or *.pdf."
)
@click.option("--confusion", type=PATH, help="Draw the confusion of classes.")
@click.option("--importance", is_flag=True, help="Show which columns the model relies on.")
@click.option(
    "--weights", is_flag=True, help="Show the weights of a linear model, in units of the table."
)
@device_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def evaluate(
    table: Path | None,
    model: Path,
    residuals: Path | None,
    confusion: Path | None,
    importance: bool,
    weights: bool,
    device: str,
    as_json: bool,
) -> None:
    """Measure a model on TABLE, or on the test table of its run, beside simple baselines.

    Regression: RMSE, MAE, MAPE, SMAPE, log-RMSE, R² and MSE. Classification: accuracy, AUC, log
    loss, precision, recall and F1 of each class.
    """
    from seqkit.drawing.canvas import check_name

    from ..measures import importance_of, is_regression
    from ..weights import weights_of

    for path in (residuals, confusion):  # fail before any work
        if path:
            check_name(path)
    predictor = open_model(model, device)
    _check(predictor, is_regression(predictor), residuals, confusion)
    shown = weights_of(predictor.reader) if weights else {}

    rows = predictor.read_test_data([table] if table else [])
    report = predictor.evaluate(rows)
    found = importance_of(predictor, rows) if importance else []

    if as_json:
        record = {**report.record(), **_more(found, shown)}
        click.echo(to_json(record))
    else:
        click.echo(report)
        _show(found, shown, importance)
    show_notes(report)

    if residuals or confusion:
        from seqkit.drawing.confusion import draw_confusion

        from ..pictures import draw_residuals

        if residuals:
            draw_residuals(report, residuals)
        if confusion:
            title = f"{report.data}: accuracy {report.figures['accuracy']:.4f}"
            draw_confusion(report.by_class.confusion, report.classes, confusion, title=title)


def _check(
    predictor: Any, predicts_numbers: bool, residuals: Path | None, confusion: Path | None
) -> None:
    """Refuse the picture that a model of this task does not have."""
    if residuals and not predicts_numbers:
        raise click.UsageError("--residuals is for numbers; this model predicts classes")
    if confusion and predicts_numbers:
        raise click.UsageError("--confusion is for classes; this model predicts numbers")


def _more(found: Sequence[Importance], weights: Mapping[str, list[float]]) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if found:
        more["importance"] = {each.column: each.increase for each in found}
    if weights:
        more["weights"] = dict(weights)
    return more


def _show(found: Sequence[Importance], weights: Mapping[str, list[float]], asked: bool) -> None:
    if found:
        click.echo("\nincrease of the error when a column is shuffled, mean ± deviation:")
    for importance in found:
        click.echo(importance)
    if weights:
        click.echo("\nweights, in units of the table:")
    for name, values in weights.items():
        cells = "".join(f"{value:14.6g}" for value in values)
        click.echo(f"{cells}  {name}")
