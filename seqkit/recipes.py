"""Config files by path or by name, checked whole before any data is read."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from .config import COMMON, RunConfig, build, from_plain, keys_of, override, plain, read
from .data.corpora import Card, Corpora
from .errors import ConfigError, SeqkitError, UnknownName, hint
from .parsing import path_of
from .plugins import components
from .registry import Entry, told

_ONCE_COMMON = ("data", "text", "search")  # sections of every config file in earlier versions


def names() -> list[str]:
    """Names of the recipes of seqkit and of its plugins, such as "multi30k/de-en"."""
    files, _ = _files()
    return sorted(files)


def _files() -> tuple[dict[str, Path], list[str]]:
    """{name: file}, and what is wrong with plugins whose recipes cannot be listed.

    Where two plugins have a name, the first keeps it; seqkit comes before all.
    """
    files: dict[str, Path] = {}
    broken: list[str] = []
    for entry in sorted(components().recipes, key=_own_first):
        try:
            folder = Path(entry.load()())
            found = sorted(folder.glob("*/*.toml"))
        except (Exception, SystemExit) as error:
            if entry.provider == "seqkit":
                raise
            broken.append(f"the recipes of plugin {entry.provider} cannot be listed: {told(error)}")
            continue

        for path in found:
            if path.name != "card.toml":
                files.setdefault(f"{path.parent.name}/{path.stem}", path)
    return files, broken


def _own_first(entry: Entry) -> tuple[bool, str]:
    return entry.provider != "seqkit", entry.name


def find(name: str | Path, task: str | None = None) -> Path:
    """The TOML file of that path, or of the recipe of that name; raises `ConfigError`.

    With `task`, the error names recipes for that task only.
    """
    path = path_of(name, "config file or recipe")
    files, broken = _files()
    if str(name) in files:
        return files[str(name)]
    if path.is_dir():
        raise ConfigError(_no_folder(path))
    if path.exists():
        return path
    if path.suffix == ".toml":
        raise ConfigError(f"no config file {path}")
    known = " ".join([hint(str(name), _for_task(files, task)), *broken])
    raise ConfigError(f"no config file or recipe {str(name)!r}.{known}")


def _no_folder(path: Path) -> str:
    """What to say of a folder in place of a config file."""
    config = path / "config.toml"
    if config.exists():
        return f"{path} is a run folder: its config file is {config}"
    return (
        f"{path} is a folder: CONFIG is a TOML file, or a recipe that `seqkit config` lists. Give "
        f"a folder of data as --data {path}"
    )


def _for_task(files: Mapping[str, Path], task: str | None) -> list[str]:
    """The names of the recipes for a task; of all without one."""
    return [name for name, path in files.items() if task in (None, _written_task(path))]


def _written_task(path: Path) -> Any:
    try:
        return read(path).get("task")
    except ConfigError:
        return None


def load(
    name: str | Path,
    overrides: Mapping[str, Any] | None = None,
    *,
    task: str | None = None,
    needs_model: bool = True,
) -> RunConfig:
    """The recipe with every key filled in, after `overrides`, such as {"train.steps": 1000}.

    Raises `ConfigError` for any mistake in any section; `task` is what its suggestions are for.
    `needs_model` is as in `complete`.
    """
    path = find(name, task)
    raw, _ = read_recipe(path, overrides)
    return complete(raw, str(path), needs_model=needs_model)


def read_recipe(
    path: Path, overrides: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], list[str]]:
    """The plain data of a TOML file after `overrides`, and notes on what is not used of it.

    Where another model is asked for, keys in the file's [model] that it does not have are dropped.
    """
    given = overrides or {}
    raw = read(path)
    section = raw.get("model")
    before = dict(section) if isinstance(section, dict) else {}
    override(raw, given)
    if "model" in given:  # nothing of the file's section is left
        return raw, []

    name = given.get("model.name")
    model = _model_for(raw.get("task"), name)
    if model is None or name == before.get("name"):
        return raw, []

    unused = _unused(before, model, given)
    for key in unused:
        del raw["model"][key]
    if not unused:
        return raw, []
    return raw, [f"[model] of the recipe is for another model; not used: {', '.join(unused)}"]


def _unused(section: Mapping[str, Any], model: Any, overrides: Mapping[str, Any]) -> list[str]:
    """The keys of a file's [model] that `model`, another one, does not have.

    All of them if a preset of it is asked for, which sets its sizes.
    """
    known = keys_of(model.Config) | {"name"}
    if section.get("preset") in model.presets:
        known.add("preset")
    if "model.preset" in overrides:
        known = {"name"}
    return [key for key in section if key not in known and f"model.{key}" not in overrides]


def _model_for(task: Any, name: Any) -> Any:
    """The class of a model that has what the task asks for; None if there is none of the name."""
    is_known = isinstance(name, str) and isinstance(task, str) and task in components().tasks
    if not is_known or components().models.full_name(name, task) not in components().models:
        return None

    from .training.contract import missing_members

    model = components().models.load(name, task)
    return None if missing_members(model, components().tasks.load(task).contract) else model


def task_of(name: str | Path, overrides: Mapping[str, Any] | None = None) -> Any:
    """The task class of a recipe, whose own sections need not be right yet."""
    path = find(name)
    config = from_plain(read(path, overrides), str(path))
    return components().tasks.load(config.task)


def complete(raw: Mapping[str, Any], where: str, *, needs_model: bool = True) -> RunConfig:
    """Check plain data section by section and fill in all defaults; `where` is named in errors.

    Unless it `needs_model`, [model] may be missing, and stays empty: that of a recipe which goes on
    from a trained model.
    """
    raw = _without_unused_sections(raw)
    _check_section_names(raw, where)
    config = from_plain(raw, where)
    classes = components().tasks.load(config.task).sections

    sections: dict[str, dict[str, Any]] = {}
    for name, cls in classes.items():
        given = config.sections.get(name, {})
        sections[name] = plain(build(cls, given, f"{where}: [{name}]"))

    model: dict[str, Any] = {}
    if needs_model or "model" in raw:
        model = plain_model(config.model, where, config.task)
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


def plain_model(section: Mapping[str, Any], where: str, task: str | None = None) -> dict[str, Any]:
    """The [model] section with its preset and defaults filled in.

    Raises `UnknownName` and `ConfigError` naming models for the task.
    """
    settings = dict(section)
    name = settings.pop("name", None)
    preset = settings.pop("preset", None)
    if not isinstance(name, str):
        raise ConfigError(f"{where}: [model] needs a name.{hint('', models_for(task))}")
    if components().models.full_name(name, task) not in components().models:
        raise UnknownName(f"no model {name!r}.{hint(name, models_for(task))}")

    cls = components().models.load(name, task)
    if preset is not None:
        if not isinstance(preset, str) or preset not in cls.presets:
            known = hint(str(preset), cls.presets)
            raise ConfigError(f"{where}: [model] {name} has no preset {preset!r}.{known}")
        settings = {**cls.presets[preset], **settings}

    try:
        config = build(cls.Config, settings, f"{where}: [model] {name}")
    except ConfigError:
        fitting = models_for(task)
        if name in fitting:
            raise
        raise ConfigError(
            f"{where}: [model] {name!r} is not a model for the task {task!r}.{hint(name, fitting)}"
        ) from None
    return {"name": name, **plain(config)}


def models_for(task: str | None) -> list[str]:
    """The names of models whose class has what the task asks for; of all without a task.

    Of a task that has models of its own, registered as "TASK/NAME", these alone.
    """
    names = [entry.name for entry in components().models]
    if task is None or task not in components().tasks:
        return names

    start = f"{task}/"
    own = [name.removeprefix(start) for name in names if name.startswith(start)]
    names = sorted(own or [name for name in names if "/" not in name])

    from .training.contract import missing_members  # imports torch, as every model does

    contract = components().tasks.load(task).contract
    fitting: list[str] = []
    for name in names:
        try:
            missing = missing_members(components().models.load(name, task), contract)
        except SeqkitError:  # of a plugin that does not load
            continue
        if not missing:
            fitting.append(name)
    return fitting


def corpora(task: str | None = None) -> Corpora:
    """The shipped corpora and those of plugins.

    With `task`, errors suggest those that have a recipe for it.
    """
    further = {entry.name: partial(_card_of, entry) for entry in components().corpora}
    if task is None:
        return Corpora(further)
    return Corpora(further, suggested=partial(_corpora_for, task))


def _corpora_for(task: str) -> list[str]:
    files, _ = _files()
    return sorted({name.partition("/")[0] for name in _for_task(files, task)})


def _card_of(entry: Entry) -> Card:
    """A plugin's card; raises `SeqkitError` naming the plugin that cannot give it."""
    try:
        card = entry.load()()
    except SeqkitError:
        raise
    except (Exception, SystemExit) as error:
        raise SeqkitError(
            f"plugin {entry.provider} has no card of corpus {entry.name!r}: {told(error)}"
        ) from error

    if not isinstance(card, Card):
        raise SeqkitError(f"plugin {entry.provider}: {entry.target} gives no card of a corpus")
    return card
