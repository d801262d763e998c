"""`seqkit average`: one model from several, by the mean of their weights."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import ConfigError
from .options import PATH


@click.command()
@click.argument("models", nargs=-1, required=True, type=PATH)
@click.option("-o", "--out", type=PATH, required=True, help="The run folder to write, or X.zip.")
@click.option(
    "--weights", metavar="W,W…", help="How much each model counts, in their order; default: alike."
)
def average(models: tuple[Path, ...], out: Path, weights: str | None) -> None:
    """Make one model of several: the mean of their weights.

    MODELS are run folders, step folders or what else -m takes, with the same layers and the same
    vocabulary: checkpoints of a run, or a fine-tuned model and the one that it came from. Settings
    and tokenizers are those of the first.
    """
    from ..runs.weight_average import write_average

    used = write_average(models, out, _numbers(weights))
    parts = " + ".join(f"{weight:.4g} {model}" for weight, model in zip(used, models, strict=True))
    click.echo(f"{out}: {parts}")


def _numbers(text: str | None) -> list[float]:
    if text is None:
        return []
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise ConfigError(f"--weights {text}: give numbers with commas, such as 0.7,0.3") from None
