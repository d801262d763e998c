"""What a run starts from, what it keeps of that, and what of its own recipe is not used.

The weights come with a tokenizer, a vocabulary and a [model] section. All of these are kept, but
for what matters only while training, such as dropout: that is the recipe's. Of a model for another
task, the recipe's task says what is kept (`training.task.StartsFromOtherTask`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from .. import recipes
from ..config import RunConfig, describe, with_init
from ..errors import CheckpointError, ConfigError, reason
from ..plugins import components
from ..training import checkpoint
from ..training.task import StartsFromOtherTask
from .card import CARD, card_of
from .open import config_of

INITIAL = "initial"  # in the metadata of a step
_SHOWN = 4  # settings in a note


@dataclass(frozen=True)
class Origin:
    """A trained model whose weights and settings a run starts from."""

    name: str  # as it was given
    folder: Path  # its step folder
    config: RunConfig
    decided: Mapping[str, Any] | None = None
    """Of [model], as `start_record` has it; for a resumed run."""

    @classmethod
    def of(cls, model: str | Path) -> Origin:
        """The origin in a run folder, a step folder, a shipped or another program's model."""
        config, folder = config_of(model)
        return cls(str(model), folder, config)

    @cached_property
    def record(self) -> dict[str, Any]:
        """What a checkpoint says of this model."""
        meta = checkpoint.read_meta(self.folder)
        weights = self.folder / checkpoint.MODEL
        try:
            with weights.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise CheckpointError(f"cannot read {weights}: {reason(error)}") from None

        before = {key: meta[key] for key in ("imported", INITIAL) if key in meta}
        return {"model": self.name, "sha256": digest, **before}

    def start_record(self, run: RunConfig) -> dict[str, Any]:
        """What the checkpoints of a run say of where it started.

        "task" and "decided" are there for a model for another task: what it decides of [model].
        """
        if run.task == self.config.task:
            return self.record

        decided = self.decisions(run.task, run.model["name"])
        return {**self.record, "task": self.config.task, "decided": decided}

    def decisions(self, task: str, name: Any) -> Mapping[str, Any]:
        """What is decided of the [model] of a run for `task` whose model is to be `name`, or None.

        Raises `ConfigError` if such a run cannot start here.
        """
        if self.decided is not None:
            return self.decided
        if task == self.config.task:
            return self.config.model

        start = start_from(self.config.task, task)
        if start is None:
            raise ConfigError(
                f"--init {self.name} is a model for {self.config.task!r}; this recipe trains "
                f"{task!r}"
            )
        try:
            return start.settings(self.config.model, name if isinstance(name, str) else None)
        except ConfigError as error:
            raise ConfigError(f"--init {self.name}: {error}") from None

    def kept_differences(self, other: Origin) -> list[tuple[str, Any, Any]]:
        """(key, value here, value there) of what in [model] matters beyond training."""
        here = _kept_model(self, self.config.task, None)
        there = other.config.model
        keys = [key for key in {**here.values, **there} if with_init(here.cls, key) != "own"]
        found = [(key, here.values.get(key), there.get(key)) for key in keys]
        return [(key, ours, theirs) for key, ours, theirs in found if ours != theirs]

    def card_of_run(self, run: Path, description: Sequence[str]) -> str:
        """What a run folder that starts here says of it, in Markdown.

        `description` is that of the task's data.
        """
        imported = self.record.get("imported")
        program = f", {imported['format']}" if isinstance(imported, dict) else ""
        what = f"{self.config.model['name']}, {self.config.task}"
        lines = [
            f"# {run.resolve().name}",
            "",
            "| | |",
            "|---|---|",
            f"| from | {self.name} ({what}{program}) |",
            f"| sha256 of its weights | {self.record['sha256']} |",
            *(f"| trained on | {line} |" for line in description),
            "",
            "## What the model it came from says of itself",
            "",
            self._card() or "It says nothing of its licence: ask where it is from.",
            "",
        ]
        return "\n".join(lines)

    def _card(self) -> str:
        """The model's own card, with its licence; empty if it has none."""
        card = card_of(self.folder)
        if card is None:
            return ""
        try:
            return card.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""


def origin_of(init: str | Path | None, last: Path | None) -> Origin | None:
    """Where a run starts, or started if it is resumed from the step folder `last`.

    What it started from may be gone or changed by then: the run's own checkpoint has what is kept.
    """
    if last is None:
        return None if init is None else Origin.of(init)

    meta = checkpoint.read_meta(last)
    if INITIAL not in meta:
        return None
    record = meta[INITIAL] if isinstance(meta[INITIAL], dict) else {}
    decided = record.get("decided")
    return replace(
        Origin.of(last),
        name=str(record.get("model", "it")),
        decided=decided if isinstance(decided, dict) else None,
    )


def load_recipe(
    name: str | Path,
    overrides: Mapping[str, Any],
    origin: Origin | None,
    *,
    task: str | None = None,
) -> tuple[RunConfig, list[str]]:
    """The complete config of a run, and notes on what it keeps of its `origin`.

    Raises `ConfigError` for a model for another task, and for a setting in `overrides` that cannot
    be had; one that a recipe brings along is named in a note.
    """
    path = recipes.find(name, task)
    raw, notes = recipes.read_recipe(path, overrides)
    if origin is None and "model" not in raw:
        raise ConfigError(
            f"{name} has no [model], as it goes on from a trained one: give --init MODEL"
        )
    if origin is None or not isinstance(raw.get("task"), str):
        return recipes.complete(raw, str(path)), notes

    kept, on_kept = _merged(raw, overrides, origin)
    return recipes.complete(kept, str(path)), notes + on_kept


def keeps_all(task: str) -> bool:
    """Whether weights are taken as they are; other tasks say so with a `start_from`."""
    return not hasattr(components().tasks.load(task), "start_from")


def start_from(trained: str, task: str) -> StartsFromOtherTask | None:
    """How a run for `task` starts from a model for the task `trained`, another one, if it can."""
    known: Mapping[str, StartsFromOtherTask]
    known = getattr(components().tasks.load(task), "starts_from", {})
    return known.get(trained)


def is_trained(task: str, record: Mapping[str, Any] | None) -> bool:
    """Whether a run for `task` with this `start_record` has a figure to beat before it trains."""
    return record is not None and "task" not in record and keeps_all(task)


def _merged(
    raw: Mapping[str, Any], overrides: Mapping[str, Any], origin: Origin
) -> tuple[dict[str, Any], list[str]]:
    """`raw` with what is kept of `origin`, and notes on it."""
    task = raw["task"]
    merged = dict(raw)
    unused: list[str] = []
    for kept in _kept_sections(origin, task, raw.get("model")):
        given = raw.get(kept.name, {})
        if not isinstance(given, Mapping):
            continue  # refused when the config is completed

        merged[kept.name], misfits = kept.merge(given)
        for key, value in misfits.items():
            if _is_asked_for(kept.name, key, overrides):
                raise ConfigError(kept.refusal(key, value, origin.name))
            unused.append(f"{kept.name}.{key} = {value!r} ({kept.values.get(key)!r} is kept)")

    notes = _what_is_kept(origin, task)
    if unused:
        more = len(unused) - _SHOWN
        shown = unused[:_SHOWN] + ([f"and {more} more"] if more > 0 else [])
        notes.append(f"not used of the recipe: {', '.join(shown)}")
    if task == origin.config.task:
        notes += _inherit(merged, origin)
    return merged, notes


def _what_is_kept(origin: Origin, task: str) -> list[str]:
    """A note; of weights that are not all kept, the task says more."""
    parts: list[str] = []
    if task == origin.config.task and keeps_all(task):
        parts.append("the weights")
    if "text" in origin.config.sections:
        parts += ["the tokenizer", "the vocabulary"]
    if not parts:
        return []

    *others, last = parts
    named = f"{', '.join(others)} and {last}" if others else last
    return [f"{named} of {origin.name} are kept"]


def _is_asked_for(section: str, key: str, overrides: Mapping[str, Any]) -> bool:
    """Whether the user has set this key, and not only a recipe."""
    return bool({section, f"{section}.{key}", f"{section}.preset"} & overrides.keys())


@dataclass(frozen=True)
class _Kept:
    """A section of which a trained model decides all but what matters only while training."""

    name: str
    values: Mapping[str, Any]
    cls: Any  # its config dataclass
    presets: Mapping[str, Mapping[str, Any]]

    def merge(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The section as it is trained with, and what was `given` and cannot be had."""
        name = given.get("name", self.values.get("name"))
        if name != self.values.get("name"):
            return dict(self.values), {"name": name}  # the rest is for another model

        given = dict(given)
        if given.get("preset") in self.presets:
            given = {**self.presets[given.pop("preset")], **given}

        merged = dict(self.values)
        misfits: dict[str, Any] = {}
        for key, value in given.items():
            is_unknown = key not in self.values  # refused when the config is completed
            if is_unknown or with_init(self.cls, key) == "own":
                merged[key] = value
            elif value != self.values[key]:
                misfits[key] = value
        return merged, misfits

    def refusal(self, key: str, value: Any, init: str) -> str:
        kept = "model" if self.name == "model" else "tokenizer and the vocabulary"
        return (
            f"{self.name}.{key} = {value!r} cannot be had: --init keeps the {kept} of {init} "
            f"({self.name}.{key} = {self.values.get(key)!r}). Leave one of the two out."
        )


def _kept_sections(origin: Origin, task: str, model: Any) -> Iterator[_Kept]:
    """Those of a run for `task`, whose recipe has this [model], if any."""
    text = origin.config.sections.get("text")
    is_of_another = origin.decided is not None or task != origin.config.task
    if is_of_another or keeps_all(task):
        yield _kept_model(origin, task, model)

    text_class = components().tasks.load(task).sections.get("text")
    if text is not None and text_class is not None:
        yield _Kept("text", text, text_class, {})


def _kept_model(origin: Origin, task: str, model: Any) -> _Kept:
    name = model.get("name") if isinstance(model, Mapping) else None
    decided = origin.decisions(task, name)
    cls = components().models.load(decided["name"], task)
    return _Kept("model", decided, cls.Config, cls.presets)


def _inherit(merged: dict[str, Any], origin: Origin) -> list[str]:
    """Fill in what a recipe leaves open and `origin` knows, such as the languages of its text.

    Returns a note on each value that both give, and in which they differ.
    """
    notes: list[str] = []
    for section, cls in components().tasks.load(origin.config.task).sections.items():
        for key, _, _ in describe(cls):
            before = origin.config.sections[section].get(key)
            if with_init(cls, key) != "inherited" or not before:
                continue
            values = merged.setdefault(section, {})
            if not isinstance(values, dict):
                continue
            now = values.get(key)
            if not now:
                merged[section] = {**values, key: before}
            elif now != before:
                notes.append(f"{section}.{key} was {before!r} in {origin.name} and is now {now!r}")
    return notes


def write_card(run: Path, card: str) -> None:
    """Write what `Origin.card_of_run` returned; raises `CheckpointError` if it cannot."""
    try:
        (run / CARD).write_text(card, encoding="utf-8")
    except OSError as error:
        raise CheckpointError(f"cannot write {run / CARD}: {reason(error)}") from None
