from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from ..errors import ConfigError
from .options import PATH, key_values, set_threads, training_options


@click.command()
@click.argument("config")
@click.option("--source", type=PATH, help="Train on this text …")
@click.option("--target", type=PATH, help="… and its translation, line by line.")
@click.option("--init", type=PATH, help="Start from the weights and tokenizers of this run.")
@training_options
def train(
    config: str,
    out: Path | None,
    source: Path | None,
    target: Path | None,
    resume: bool,
    overwrite: bool,
    init: Path | None,
    overrides: tuple[str, ...],
    device: str,
    threads: int | None,
) -> None:
    """Train a model by CONFIG: a TOML file, or the name of a shipped recipe.

    Your own text: `seqkit train multi30k/de-en --source my.de --target my.en --out runs/mine`.
    """
    run_training(
        config,
        out=out,
        overrides=_own_text(source, target) | key_values(overrides, "--set"),
        resume=resume,
        overwrite=overwrite,
        init=init,
        device=device,
        threads=threads,
    )


def run_training(
    config: str,
    *,
    out: Path | None,
    overrides: dict[str, Any],
    resume: bool,
    overwrite: bool,
    device: str,
    threads: int | None,
    init: Path | None = None,
    task: str | None = None,
) -> None:
    """Train, show how it goes, and say what came of it."""
    folder = out or Path("runs") / config.replace("/", "-").removesuffix(".toml")

    from ..runs.start import train as train_run
    from .progress import TrainingProgress, figures

    set_threads(threads)
    with TrainingProgress() as progress:
        run = train_run(
            config, out=folder, overrides=overrides, resume=resume, overwrite=overwrite,
            init=init, device=device, task=task, listener=progress,
        )  # fmt: skip
    if os.environ.get("RANK", "0") != "0":  # under torchrun, the first process speaks for all
        return
    click.echo(f"{run.folder}: {run.step:,} steps, best {figures(run.metrics)}")


def _own_text(source: Path | None, target: Path | None) -> dict[str, Any]:
    """Overrides that put a user's files in place of the recipe's corpus."""
    if (source is None) != (target is None):
        raise ConfigError(
            "--source and --target go together: two files, line by line each other's translation"
        )
    if source is None:
        return {}
    return {
        "data.corpus": "",
        "data.train": [str(source), str(target)],
        "data.valid": [],
        "data.limit": 0,
    }
