"""What a run that starts from another one keeps of it, and what of its own recipe is not used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..config import RunConfig
from ..errors import ConfigError

_TEXT = "text"
_OF_TRAINING = {"subword_regularization"}  # used whatever tokenizer is kept


def check_kept(
    init: str | Path, before: RunConfig, config: RunConfig, overrides: Mapping[str, Any]
) -> list[str]:
    """Notes on the tokenizer that is kept of `init`, whose config is `before`.

    Raises `ConfigError` for a model for another task, and for a setting of the tokenizer that was
    asked for and cannot be had; one that a recipe brings along is named in a note.
    """
    if before.task != config.task:
        raise ConfigError(
            f"--init {init} is a model for {before.task!r}; this recipe trains {config.task!r}"
        )
    if _TEXT not in before.sections:
        return []

    kept = before.sections[_TEXT]
    wanted = config.sections[_TEXT]
    unused = [
        key
        for key, value in wanted.items()
        if key not in _OF_TRAINING and key in kept and kept[key] != value
    ]
    for key in unused:
        if f"{_TEXT}.{key}" in overrides:
            raise ConfigError(
                f"text.{key} = {wanted[key]!r} cannot be had: --init keeps the tokenizer and the "
                f"vocabulary of {init} (text.{key} = {kept[key]!r}). Leave one of the two out."
            )

    notes = [f"the weights, the tokenizer and the vocabulary of {init} are kept"]
    if unused:
        shown = ", ".join(f"text.{key} = {wanted[key]!r} ({kept[key]!r} is kept)" for key in unused)
        notes.append(f"not used of the recipe: {shown}")
    return notes
