from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from seqkit.cli.options import PATH, RunOptions
from seqkit.cli.train import run_training

from .settings import Asked, table_options


@click.command()
@table_options
@click.option("--init", type=PATH, help="Start from the weights and columns of this run.")
def train(
    asked: Asked,
    init: Path | None,
    options: RunOptions,
) -> None:
    """Train a model by CONFIG, a recipe or a TOML file, or on a table of your own.

    Your own table:

        seqkit tabular train --data prices.csv --target price --log --out runs/prices
    """
    recipe, settings = asked.chosen(options)
    placed = replace(options, out=options.out or asked.folder)
    run_training(recipe, placed, overrides=settings, init=init)
