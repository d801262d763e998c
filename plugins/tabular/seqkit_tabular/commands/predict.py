from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from seqkit.cli.options import (
    PATH,
    device_options,
    json_option,
    one_model_option,
    opened,
    refuse_input,
)
from seqkit.errors import ConfigError
from seqkit.parsing import to_json

from .settings import open_model


@click.command()
@click.argument("table", required=False, type=PATH)
@one_model_option("A run folder.", required=True, type=PATH)
@click.option("-o", "--output", type=PATH, help="Write to this file; else stdout.")
@click.option(
    "--submission",
    type=PATH,
    metavar="FILE",
    help="Write a CSV for a contest: the id of each row, and its prediction.",
)
@click.option("--id", "ids", metavar="COLUMN", help="The column of ids; else the run's own.")
@device_options
@json_option
def predict(
    table: Path | None,
    model: Path,
    output: Path | None,
    submission: Path | None,
    ids: str | None,
    device: str,
    as_json: bool,
) -> None:
    """Predict the target of each row of TABLE, a CSV or Parquet file; a line for each, in order.

    Without TABLE, of the test table of the run. Of classes, the likeliest with its probability;
    with --json, all probabilities.
    """
    if ids and not submission:
        raise click.UsageError("--id goes with --submission")
    for path in (output, submission):
        refuse_input(path, [table] if table else [])

    predictor = open_model(model, device)
    rows = predictor.read_test_data([table] if table else [])
    for note in predictor.reader.encoding.notes_on(rows):
        click.echo(f"note: {note}", err=True)
    predictions = list(predictor.predict_table(rows))

    if submission:
        lines = _submission(predictor, rows, predictions, ids)
        with opened(submission) as write:
            for line in lines:
                write(line)
    if submission and not output:
        return
    with opened(output) as write:
        for prediction in predictions:
            write(to_json(prediction.record()) if as_json else str(prediction))


def _submission(
    predictor: Any, rows: Any, predictions: list[Any], ids: str | None
) -> Iterator[str]:
    """The lines of a contest's CSV: the column of ids, then the target."""
    known = predictor.reader.metadata.ids
    name = ids or next((column for column in known if column in rows.frame.columns), None)
    if name is None:
        raise ConfigError(
            f"{rows.name} has no column that numbers the rows, as training found one: "
            "name it with --id"
        )

    import csv
    import io

    from ..columns import names_of

    values = names_of(rows.column(name, ", the ids")).to_list()
    for first, second in [(name, predictor.target), *zip(values, predictions, strict=True)]:
        cell = second if isinstance(second, str) else second.value
        row = io.StringIO()
        csv.writer(row, lineterminator="").writerow([first, cell])
        yield row.getvalue()
