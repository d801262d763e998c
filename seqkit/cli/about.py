"""Commands that list what there is: models, plugins, config, doctor."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from ..plugins import components
from ..registry import told
from .options import key_values

if TYPE_CHECKING:
    from ..config import RunConfig


@click.command()
def models() -> None:
    """List the models that can be trained."""
    for entry in components().models:
        click.echo(f"{entry.name:24} {entry.provider:16} {entry.help}")


@click.command()
def plugins() -> None:
    """List every registered name, who provides it, and plugins that did not load."""
    for registry in components().registries():
        for entry in registry:
            click.echo(f"{registry.kind:10} {entry.name:20} {entry.provider:16} {entry.help}")

    for provider, error in components().broken.items():
        click.echo(f"{'broken':10} {provider:16} {told(error)}")


@click.command()
@click.argument("name", required=False)
@click.option(
    "--set", "overrides", multiple=True, metavar="SECTION.KEY=VALUE", help="Override a setting."
)
def config(name: str | None, overrides: tuple[str, ...]) -> None:
    """Print the recipe NAME (or a TOML file): every key, its value, what it does.

    Without NAME, list the recipes.
    """
    from .. import recipes

    if name is None:
        for recipe in recipes.names():
            click.echo(recipe)
        return

    settings = recipes.load(name, key_values(overrides, "--set"), needs_model=False)
    click.echo("\n".join(_annotated(settings)))


def _annotated(config: RunConfig) -> Iterator[str]:
    """The lines of a config as TOML, each key with a comment."""
    from ..config import OptimConfig, RunConfig, TrainConfig, describe, to_plain

    values = to_plain(config)
    task = components().tasks.load(config.task)
    sections = {**task.sections, "optim": OptimConfig, "train": TrainConfig}
    model = None
    if config.model:
        model = components().models.load(config.model["name"], config.task)
        sections = {**task.sections, "model": model.Config, **sections}

    docs = {key: doc for key, _, doc in describe(RunConfig)}
    docs |= {name: _first_line(section) for name, section in task.sections.items()}
    yield _line("task", config.task, docs["task"])
    for name, section in sections.items():
        yield ""
        yield f"[{name}]  # {docs[name]}"
        if name == "model" and model is not None:
            presets = ", ".join(model.presets)
            doc = f"`seqkit models` lists them; preset = … sets the sizes below: {presets}"
            yield _line("name", config.model["name"], doc)
        for key, default, doc in describe(section):
            yield _line(key, values[name].get(key), doc, default)


def _first_line(section: type) -> str:
    """What a section is for, from its docstring, in the style of the keys' descriptions."""
    first = (section.__doc__ or "").partition("\n")[0].rstrip(".")
    return first[:1].lower() + first[1:]


def _line(key: str, value: Any, doc: str, default: Any = ...) -> str:
    """A TOML line; the comment gives the default if the value differs from it."""
    text = f"{key} = {_toml(value)}"
    if default in (None, ..., value):
        return f"{text:32}  # {doc}"
    return f"{text:32}  # {doc} (default {_toml(default)})"


def _toml(value: Any) -> str:
    """A value as TOML, on one line."""
    import tomli_w

    if isinstance(value, dict):
        pairs = [f"{_toml(key)} = {_toml(part)}" for key, part in value.items()]
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list) and any(isinstance(part, dict) for part in value):
        return f"[ {', '.join(map(_toml, value))} ]"
    text = tomli_w.dumps({"v": value}).strip().removeprefix("v = ")
    return text.replace("\n    ", " ").replace(",\n]", " ]")


@click.command()
def doctor() -> None:
    """Check this machine and installation; exits with 1 if something is broken."""
    healthy = True
    for entry in components().checks:
        try:
            click.echo(f"ok      {entry.name:14} {entry.load()()}")
        except (Exception, SystemExit) as error:
            healthy = False
            click.echo(f"broken  {entry.name:14} {told(error)}")

    for provider, why in [*components().broken.items(), *_not_loading()]:
        healthy = False
        click.echo(f"broken  {provider:14} {told(why)}")
    sys.exit(0 if healthy else 1)


def _not_loading() -> Iterator[tuple[str, BaseException]]:
    """Plugins, and what is wrong with each of their names that cannot be used."""
    for registry in components().registries():
        for entry in registry:
            if entry.provider == "seqkit":
                continue
            try:
                target = entry.load()
                if registry.kind in ("corpus", "recipes"):
                    target()
            except (Exception, SystemExit) as error:
                yield entry.provider, error
