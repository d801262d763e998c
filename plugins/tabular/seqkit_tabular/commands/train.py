from __future__ import annotations

from pathlib import Path

import click

from seqkit.cli.options import PATH
from seqkit.cli.train import run_training

from .settings import Asked, table_options


@click.command()
@table_options
@click.option("--init", type=PATH, help="Start from the weights and columns of this run.")
def train(
    asked: Asked,
    init: Path | None,
    out: Path | None,
    resume: bool,
    overwrite: bool,
    device: str,
) -> None:
    """Train a model by CONFIG, a recipe or a TOML file, or on a table of your own.

    Your own table:

        seqkit tabular train --data prices.csv --target price --log --out runs/prices
    """
    recipe, settings = asked.chosen()
    run_training(
        recipe,
        out=out or asked.folder,
        overrides=settings,
        resume=resume,
        overwrite=overwrite,
        init=init,
        device=device,
    )
