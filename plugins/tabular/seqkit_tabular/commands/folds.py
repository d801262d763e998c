from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seqkit.cli.options import RunOptions
from seqkit.cli.train import speaks
from seqkit.parsing import to_json

from .settings import Asked, table_options

if TYPE_CHECKING:
    from ..folds import FoldScore


@click.command()
@table_options
@click.option(
    "--folds", "count", default=5, show_default=True, type=click.IntRange(min=2), metavar="N",
    help="How many parts.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def folds(
    asked: Asked,
    count: int,
    as_json: bool,
    options: RunOptions,
) -> None:
    """Cross-validate: training and validation error of N runs, each without one part of the rows.

    `seqkit plot` draws the curves of the folder with all runs.
    """
    from seqkit.runs.start import train as train_run

    from ..folds import cross_validate

    recipe, settings = asked.chosen(options)
    folder = options.out or asked.folder

    def run(to: Path, fold: dict[str, Any]) -> None:
        train_run(
            recipe,
            out=to,
            overrides=settings | fold,
            resume=options.resume and (to.exists() or not folder.exists()),
            overwrite=options.overwrite,
            device=options.device,
            progress=True,
        )

    def show(to: Path, score: FoldScore) -> None:
        if speaks():
            click.echo(f"{to}: {score}", err=as_json)

    found = cross_validate(run, folder, count, listener=show)
    if speaks():
        click.echo(to_json(found.record()) if as_json else found)
