"""`seqkit train`: train a model for any task."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ..errors import ConfigError
from .options import DATA, PATH, RunOptions, training_options


@click.command()
@click.argument("config")
@click.option(
    "--data",
    "data",
    type=DATA,
    multiple=True,
    metavar="FILE",
    help="Train on your own file or folder; again for a second one, such as the other language.",
)
@click.option(
    "--valid",
    type=DATA,
    multiple=True,
    metavar="FILE",
    help="Validate on this, as --data; else a part of the training data is held out.",
)
@click.option("--source", type=DATA, help="The same as --data for the first of two files …")
@click.option("--target", type=DATA, help="… and for its translation, line by line.")
@click.option("--init", type=PATH, help="Start from the weights and tokenizers of this model.")
@training_options
def train(
    config: str,
    data: tuple[Path, ...],
    valid: tuple[Path, ...],
    source: Path | None,
    target: Path | None,
    init: Path | None,
    options: RunOptions,
) -> None:
    """Train a model by CONFIG: a TOML file, or the name of a shipped recipe.

    Your own text: `seqkit train multi30k/de-en --data my.de --data my.en --out runs/mine`.
    """
    files = _own_files(data, source, target)
    given = options.settings()
    overrides = _own_data(config, files, valid, given) | given
    run_training(config, options, overrides=overrides, init=init)


def run_training(
    config: str,
    options: RunOptions,
    *,
    overrides: dict[str, Any],
    init: Path | None = None,
    task: str | None = None,
) -> None:
    """Train with `overrides`, those of `options` included, show progress, and print the result."""
    from ..progress import figures
    from ..runs.start import train as train_run

    folder = options.out or Path("runs") / config.replace("/", "-").removesuffix(".toml")
    run = train_run(
        config,
        out=folder,
        overrides=overrides,
        resume=options.resume,
        overwrite=options.overwrite,
        init=init,
        device=options.device,
        task=task,
        progress=True,
    )

    if speaks():
        click.echo(f"{run.folder}: {run.step:,} steps, best {figures(run.metrics)}")


def speaks() -> bool:
    """Whether this process says what came of a run: under torchrun, the first one, for all."""
    return os.environ.get("RANK", "0") == "0"


def _own_files(data: Sequence[Path], source: Path | None, target: Path | None) -> Sequence[Path]:
    """The user's training files, by whichever options they were given."""
    if source is None and target is None:
        return data
    if source is None or target is None:
        raise ConfigError(
            "--source and --target go together: two files, line by line each other's translation"
        )
    if data:
        raise ConfigError("give --data, or --source and --target, not both")
    return source, target


def _own_data(
    config: str, train: Sequence[Path], valid: Sequence[Path], overrides: dict[str, Any]
) -> dict[str, Any]:
    """Overrides that put a user's files in place of the recipe's corpus; its task knows them."""
    if not train and not valid:
        return {}
    if not train:
        raise ConfigError("--valid goes with --data: without it, the recipe's own data is used")

    from .. import recipes

    task = recipes.task_of(config, overrides)
    own: dict[str, Any] = task.own_data(train, valid)
    return own
