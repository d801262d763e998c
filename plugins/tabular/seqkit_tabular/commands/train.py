from __future__ import annotations

from pathlib import Path

import click

from seqkit.cli.options import PATH
from seqkit.cli.train import run_training

from .settings import chosen, folder_of, table_options


@click.command()
@table_options
@click.option("--init", type=PATH, help="Start from the weights and columns of this run.")
def train(
    config: str,
    data: Path | None,
    target: str | None,
    task: str | None,
    model: str | None,
    log: bool,
    ignore: tuple[str, ...],
    init: Path | None,
    out: Path | None,
    resume: bool,
    overwrite: bool,
    overrides: tuple[str, ...],
    device: str,
) -> None:
    """Train a model by CONFIG, a recipe or a TOML file, or on a table of your own.

    Your own table:

        seqkit tabular train --data prices.csv --target price --log --out runs/prices
    """
    recipe, settings, note = chosen(config, data, target, task, model, log, ignore, overrides)
    if note:
        click.echo(note, err=True)
    run_training(
        recipe,
        out=folder_of(out, config, data, model),
        overrides=settings,
        resume=resume,
        overwrite=overwrite,
        init=init,
        device=device,
    )
