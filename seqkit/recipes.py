"""Config files by path or by name, checked whole before any data is read."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .config import RunConfig, build, from_plain, plain, read
from .errors import ConfigError, hint
from .plugins import components


def names() -> list[str]:
    """Names of the recipes of seqkit and of its plugins, such as "multi30k/de-en"."""
    return sorted(_files())


def _files() -> dict[str, Path]:
    """{name: file}; a plugin cannot replace a recipe of seqkit's, nor one of a plugin before it in the alphabet."""
    files: dict[str, Path] = {}
    for entry in sorted(
        components().recipes, key=lambda entry: (entry.provider != "seqkit", entry.name)
    ):
        for path in sorted(entry.load()().glob("*/*.toml")):
            if path.name != "card.toml":
                files.setdefault(f"{path.parent.name}/{path.stem}", path)
    return files


def find(name: str | Path) -> Path:
    """The TOML file of that path, or of the recipe of that name; raises `ConfigError`."""
    path, files = Path(name), _files()
    if str(name) in files:
        return files[str(name)]
    if path.exists():
        return path
    if path.suffix == ".toml":
        raise ConfigError(f"no config file {path}")
    raise ConfigError(f"no config file or recipe {str(name)!r}.{hint(str(name), files)}")


def load(name: str | Path, overrides: Mapping[str, Any] | None = None) -> RunConfig:
    """The recipe with every key filled in, after `overrides`, such as {"train.steps": 1000}.

    Raises `ConfigError` for any mistake in any section.
    """
    path = find(name)
    return complete(read(path, overrides), str(path))


def complete(raw: Mapping[str, Any], where: str) -> RunConfig:
    """Check plain data section by section and fill in all defaults; `where` is named in errors."""
    config = from_plain(raw, where)
    classes = components().tasks.load(config.task).sections

    for name in config.sections:
        if name not in classes:
            known = hint(name, [*classes, "model", "optim", "train"])
            raise ConfigError(f"{where}: task {config.task!r} has no section [{name}].{known}")

    sections = {
        name: plain(build(cls, config.sections.get(name, {}), f"{where}: [{name}]"))
        for name, cls in classes.items()
    }
    model = plain_model(config.model, where)
    return dataclasses.replace(config, sections=sections, model=model)


def plain_model(section: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The [model] section with its preset and defaults filled in."""
    settings = dict(section)
    name = settings.pop("name", None)
    if not isinstance(name, str):
        raise ConfigError(
            f"{where}: [model] needs a name. Known: {', '.join(e.name for e in components().models)}."
        )
    cls = components().models.load(name)
    preset = settings.pop("preset", None)
    if preset is not None and preset not in cls.presets:
        raise ConfigError(
            f"{where}: [model] {name} has no preset {preset!r}.{hint(str(preset), cls.presets)}"
        )
    chosen = cls.presets[preset] if preset is not None else {}
    return {
        "name": name,
        **plain(build(cls.Config, {**chosen, **settings}, f"{where}: [model] {name}")),
    }
