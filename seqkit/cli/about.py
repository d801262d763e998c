"""Commands that tell what there is: models, plugins, config, doctor."""

from __future__ import annotations

import sys
from typing import Any

import click

from ..plugins import components
from .options import key_values


@click.command()
def models() -> None:
    """List the models that can be trained."""
    for entry in components().models:
        click.echo(f"{entry.name:16} {entry.provider:16} {entry.help}")


@click.command()
def plugins() -> None:
    """List every registered name, who provides it, and plugins that did not load."""
    for registry in components().registries():
        for entry in registry:
            click.echo(f"{registry.kind:10} {entry.name:16} {entry.provider:16} {entry.help}")
    for provider, error in components().broken.items():
        click.echo(f"{'broken':10} {provider:16} {type(error).__name__}: {error}")


@click.command()
@click.argument("name", required=False)
@click.option(
    "--set", "overrides", multiple=True, metavar="SECTION.KEY=VALUE", help="Override a setting."
)
def config(name: str | None, overrides: tuple[str, ...]) -> None:
    """Print the recipe NAME (or a TOML file): every key, its value, a line on it. Without NAME, list recipes."""
    from .. import recipes

    if name is None:
        for recipe in recipes.names():
            click.echo(recipe)
        return
    click.echo(_annotated(recipes.load(name, key_values(overrides, "--set"))))


def _annotated(config: Any) -> str:
    from ..config import OptimConfig, TrainConfig, describe, to_plain

    task, model = (
        components().tasks.load(config.task),
        components().models.load(config.model["name"]),
    )
    classes = {**task.sections, "model": model.Config, "optim": OptimConfig, "train": TrainConfig}
    lines = _entry("task", config.task, "what is learned; `seqkit plugins` lists tasks", None)
    values = to_plain(config)
    for name, section in classes.items():
        lines += ["", f"[{name}]"]
        if name == "model":
            presets = ", ".join(model.presets)
            hint = f"`seqkit models` lists them; preset = … sets the sizes below: {presets}"
            lines += _entry("name", config.model["name"], hint, None)
        for key, default, doc in describe(section):
            lines += _entry(key, values[name].get(key), doc, default)
    return "\n".join(lines)


def _entry(key: str, value: Any, doc: str, default: Any) -> list[str]:
    """A TOML line; the default is said where the value differs from it."""
    import tomli_w

    text = tomli_w.dumps({key: value}).strip().replace("\n    ", " ").replace(",\n]", " ]")
    other = (
        ""
        if default is None or default is ... or default == value
        else f" (default {_toml(default)})"
    )
    return [f"{text:32}  # {doc}{other}"]


def _toml(value: Any) -> str:
    import tomli_w

    return tomli_w.dumps({"v": value}).strip().removeprefix("v = ").replace("\n", "")


@click.command()
def doctor() -> None:
    """Check this machine and installation; exits with 1 if something is broken."""
    wrong = 0
    for entry in components().checks:
        try:
            click.echo(f"ok      {entry.name:14} {entry.load()()}")
        except Exception as error:
            wrong += 1
            click.echo(f"broken  {entry.name:14} {type(error).__name__}: {error}")
    for provider, why in components().broken.items():
        wrong += 1
        click.echo(f"broken  {provider:14} {type(why).__name__}: {why}")
    sys.exit(1 if wrong else 0)
