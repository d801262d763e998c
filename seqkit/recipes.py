"""Config files by path or by name, checked whole before any data is read."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from .config import COMMON, RunConfig, build, from_plain, plain, read
from .data.corpora import Card, Corpora
from .errors import ConfigError, hint
from .parsing import path_of
from .plugins import components
from .registry import Entry

_ONCE_COMMON = ("data", "text", "search")  # sections of every config file in earlier versions


def names() -> list[str]:
    """Names of the recipes of seqkit and of its plugins, such as "multi30k/de-en"."""
    return sorted(_files())


def _files() -> dict[str, Path]:
    """{name: file}; where two plugins have a name, the first keeps it; seqkit comes before all."""
    files: dict[str, Path] = {}
    for entry in sorted(components().recipes, key=_own_first):
        folder: Path = entry.load()()
        for path in sorted(folder.glob("*/*.toml")):
            if path.name != "card.toml":
                files.setdefault(f"{path.parent.name}/{path.stem}", path)
    return files


def _own_first(entry: Entry) -> tuple[bool, str]:
    return entry.provider != "seqkit", entry.name


def find(name: str | Path) -> Path:
    """The TOML file of that path, or of the recipe of that name; raises `ConfigError`."""
    path, files = path_of(name, "config file or recipe"), _files()
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


def task_of(name: str | Path, overrides: Mapping[str, Any] | None = None) -> Any:
    """The task class of a recipe, whose own sections need not be right yet."""
    path = find(name)
    config = from_plain(read(path, overrides), str(path))
    return components().tasks.load(config.task)


def complete(raw: Mapping[str, Any], where: str) -> RunConfig:
    """Check plain data section by section and fill in all defaults; `where` is named in errors."""
    raw = _without_unused_sections(raw)
    _check_section_names(raw, where)
    config = from_plain(raw, where)
    classes = components().tasks.load(config.task).sections

    sections: dict[str, dict[str, Any]] = {}
    for name, cls in classes.items():
        given = config.sections.get(name, {})
        sections[name] = plain(build(cls, given, f"{where}: [{name}]"))

    model = plain_model(config.model, where)
    return dataclasses.replace(config, sections=sections, model=model)


def _without_unused_sections(raw: Mapping[str, Any]) -> dict[str, Any]:
    """`raw` without the empty sections that earlier versions wrote for every task."""
    return {name: value for name, value in raw.items() if value != {} or name not in _ONCE_COMMON}


def _check_section_names(raw: Mapping[str, Any], where: str) -> None:
    """Raise `ConfigError` for a section that the task does not have, such as a misspelt one."""
    task = raw.get("task")
    if not isinstance(task, str):
        return  # `from_plain` refuses it

    known = [*components().tasks.load(task).sections, *COMMON]
    for name, value in raw.items():
        if name in known:
            continue
        if isinstance(value, Mapping):
            raise ConfigError(f"{where}: task {task!r} has no section [{name}].{hint(name, known)}")
        raise ConfigError(f"{where}: unknown key {name!r}.{hint(name, known)}")


def plain_model(section: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The [model] section with its preset and defaults filled in."""
    settings = dict(section)
    name = settings.pop("name", None)
    preset = settings.pop("preset", None)
    if not isinstance(name, str):
        known = ", ".join(entry.name for entry in components().models)
        raise ConfigError(f"{where}: [model] needs a name. Known: {known}.")

    cls = components().models.load(name)
    if preset is not None:
        if preset not in cls.presets:
            known = hint(str(preset), cls.presets)
            raise ConfigError(f"{where}: [model] {name} has no preset {preset!r}.{known}")
        settings = {**cls.presets[preset], **settings}

    config = build(cls.Config, settings, f"{where}: [model] {name}")
    return {"name": name, **plain(config)}


def corpora() -> Corpora:
    """The shipped corpora and those of plugins."""
    return Corpora({entry.name: partial(_card_of, entry) for entry in components().corpora})


def _card_of(entry: Entry) -> Card:
    card: Card = entry.load()()
    return card
