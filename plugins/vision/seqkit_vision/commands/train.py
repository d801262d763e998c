from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seqkit import recipes
from seqkit.cli.options import PATH, RunOptions, training_options
from seqkit.cli.train import run_training, speaks
from seqkit.errors import ConfigError

if TYPE_CHECKING:
    from ..report import Report

DEFAULT = "vision/default"


@click.command()
@click.argument("config", default=DEFAULT)
@click.option("--model", help="The network; see `seqkit vision models`. Default: the recipe's.")
@click.option(
    "--data",
    help="mnist, fashion-mnist, cifar10, a folder with a folder per class, or a CSV (path,label).",
)
@click.option("--pretrained", is_flag=True, help="Start from the weights torchvision publishes.")
@click.option(
    "--weights",
    "--init",
    "weights",
    type=PATH,
    help="Start from such weights in this file, *.pth or *.safetensors, or from this run.",
)
@click.option(
    "--freeze",
    multiple=True,
    metavar="LAYER",
    help="Do not train these layers; all = every layer but the last.",
)
@click.option("--head-rate", type=float, help="Multiply the learning rate of the last layer.")
@click.option(
    "--folds", type=click.IntRange(min=2), help="Cross-validate in N runs below --out.", metavar="N"
)
@click.option("--skip-bad", is_flag=True, help="Skip images that cannot be read, and say which.")
@training_options
def train(
    config: str,
    model: str | None,
    data: str | None,
    pretrained: bool,
    weights: Path | None,
    freeze: tuple[str, ...],
    head_rate: float | None,
    folds: int | None,
    skip_bad: bool,
    options: RunOptions,
) -> None:
    """Train a network by CONFIG, a recipe or a TOML file. The default settings suit most images.

    Your own images:

        seqkit vision train --model resnet18 --data photos --set data.size=64 --out runs/photos
    """
    path = recipes.find(config)
    settings = _settings(model, data, freeze, head_rate, skip_bad)
    settings |= options.settings()
    folder = options.out or Path("runs") / _name(config, model, data)

    with ExitStack() as stack:
        start = None
        if weights and not pretrained and weights.is_dir():
            start = weights
            settings = _model_of(weights, config, settings) | settings
        elif pretrained or weights:
            # A resumed run, too, may have been stopped before its first checkpoint.
            spare = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            settings, start = _published(path, settings, weights, spare)

        def run(to: Path, fold: dict[str, Any]) -> None:
            resume = options.resume and (to.exists() or not folder.exists())
            placed = replace(options, out=to, resume=resume)
            run_training(str(path), placed, overrides=settings | fold, init=start, task="vision")

        if folds is None:
            run(folder, {})
        else:
            _cross_validate(run, folder, folds, options.device)


def _settings(
    model: str | None,
    data: str | None,
    freeze: tuple[str, ...],
    head_rate: float | None,
    skip_bad: bool,
) -> dict[str, Any]:
    """What the options say, as config keys."""
    settings: dict[str, Any] = {}
    if model is not None:
        settings["model.name"] = model
    if data is not None:
        settings["data.source"] = data
    if head_rate is not None:
        settings["optim.output_rate"] = head_rate
    if freeze:
        settings["optim.freeze"] = list(freeze)
    if skip_bad:
        settings["data.skip_bad"] = True
    return settings


def _name(config: str, model: str | None, data: str | None) -> str:
    """The name of the run folder, where --out gives none."""
    if config != DEFAULT:
        return config.replace("/", "-").removesuffix(".toml")
    parts = [part for part in ("vision", data, model) if part]
    return "-".join(Path(part).stem for part in parts)


def _published(
    path: Path, settings: dict[str, Any], weights: Path | None, spare: Path
) -> tuple[dict[str, Any], Path]:
    """The settings and the checkpoint, written into `spare`, that published weights start from."""
    from ..pretrained import needs, starting_point

    if weights and not weights.is_file():
        raise ConfigError(f"--weights {weights}: there is no such file")
    settings |= needs(recipes.load(path, settings))
    return settings, starting_point(recipes.load(path, settings), weights, spare)


def _model_of(run: Path, config: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The network of the run to start from, unless one is asked for."""
    from seqkit.runs.open import config_of

    asked = config != DEFAULT or any(key.partition(".")[0] == "model" for key in settings)
    if asked:
        return {}
    model = config_of(run)[0].model
    return {f"model.{key}": value for key, value in model.items()}


def _cross_validate(
    run: Callable[[Path, dict[str, Any]], None], folder: Path, folds: int, device: str
) -> None:
    from ..folds import cross_validate

    def show(out: Path, report: Report) -> None:
        if speaks():
            count = len(report.labels)
            click.echo(f"{out}: accuracy {report.accuracy:.4f} on the {count:,} images of its fold")

    found = cross_validate(run, folder, folds, device=device, listener=show)
    if speaks():
        click.echo(found)
