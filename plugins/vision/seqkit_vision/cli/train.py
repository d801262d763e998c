from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from seqkit import recipes
from seqkit.cli.options import PATH, key_values, training_options
from seqkit.cli.train import run_training
from seqkit.errors import ConfigError

DEFAULT = "vision/default"


@click.command()
@click.argument("config", default=DEFAULT)
@click.option("--model", help="The network; `seqkit vision models` lists them. Else the recipe's.")
@click.option(
    "--data",
    help="mnist, fashion-mnist, cifar10, a folder of a folder per class, or a CSV (path,label).",
)
@click.option(
    "--pretrained", is_flag=True, help="Start from the weights that torchvision publishes."
)
@click.option(
    "--weights", type=PATH, help="Start from such weights in this file: *.pth or *.safetensors."
)
@click.option(
    "--freeze",
    multiple=True,
    metavar="LAYER",
    help="Leave these layers as they are; all = but the last.",
)
@click.option(
    "--head-rate", type=float, help="What multiplies the learning rate of the last layer."
)
@click.option(
    "--folds", type=click.IntRange(min=2), help="Cross-validate: that many runs below --out."
)
@click.option(
    "--skip-bad", is_flag=True, help="Leave out images that cannot be read, and say which."
)
@training_options
def train(
    config: str,
    model: str | None,
    data: str | None,
    out: Path | None,
    pretrained: bool,
    weights: Path | None,
    freeze: tuple[str, ...],
    head_rate: float | None,
    folds: int | None,
    skip_bad: bool,
    resume: bool,
    overwrite: bool,
    overrides: tuple[str, ...],
    device: str,
    threads: int | None,
) -> None:
    """Train a network by CONFIG: a recipe or a TOML file; without one, by settings that suit most.

    Your own images: `seqkit vision train --model resnet18 --data photos --set data.size=64 --out runs/photos`.
    """
    path = recipes.find(config)
    settings: dict[str, Any] = {}
    for key, value in (
        ("model.name", model),
        ("data.source", data),
        ("optim.output_rate", head_rate),
    ):
        if value is not None:
            settings[key] = value
    if freeze:
        settings["optim.freeze"] = list(freeze)
    if skip_bad:
        settings["data.skip_bad"] = True
    settings |= key_values(overrides, "--set")
    folder = out or Path("runs") / _name(config, model, data)

    with ExitStack() as stack:
        start = None
        if (
            pretrained or weights
        ):  # when a run is resumed, too: it may have been stopped before its first checkpoint
            spare = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            settings, start = _published(path, settings, weights, spare)

        def run(to: Path, more: dict[str, Any]) -> None:
            run_training(
                str(path), out=to, overrides=settings | more, resume=resume and (to.exists() or not folder.exists()),
                overwrite=overwrite, init=start, device=device, threads=threads, task="vision",
            )  # fmt: skip

        if folds is None:
            run(folder, {})
            return
        from ..folds import cross_validate

        found = cross_validate(run, folder, folds)
        click.echo(
            f"{folds} folds: accuracy {found.mean:.4f} ± {found.deviation:.4f} (standard deviation)"
        )


def _name(config: str, model: str | None, data: str | None) -> str:
    if config != DEFAULT:
        return config.replace("/", "-").removesuffix(".toml")
    return "-".join(Path(part).stem for part in ("vision", data, model) if part)


def _published(
    path: Path, settings: dict[str, Any], weights: Path | None, spare: Path
) -> tuple[dict[str, Any], Path]:
    """Settings and checkpoint to start from."""
    from ..pretrained import needs, starting_point

    if weights and not weights.is_file():
        raise ConfigError(f"--weights {weights}: there is no such file")
    settings |= needs(recipes.load(path, settings))
    return settings, starting_point(recipes.load(path, settings), weights, spare)
