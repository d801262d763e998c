"""What tells translations apart in a memory: the files of models, the settings, the glossary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...data.files import reading
from ...parsing import to_json
from ...runs.finding import place_of
from ..glossary import Glossary

_FORMAT = 4  # goes up when translations are kept in another way: older ones are not used


def model_key(models: Sequence[str], engine: str, compute: str) -> str:
    """A choice of models by their files, names, sizes and times, and what computes them."""
    names: list[str | None] = [*models] or [None]
    places = [place_of(name, "translation").path.resolve() for name in names]
    files = [_files_of(place) for place in places]
    return to_json({"format": _FORMAT, "files": files, "engine": engine, "compute": compute})


def settings_key(settings: Mapping[str, Any], glossary: Glossary | None) -> str:
    """Settings that differ from the model's defaults, and the glossary."""
    key: dict[str, Any] = {"settings": dict(settings)}
    if settings.get("lm"):
        key["lm"] = _language_model(place_of(settings["lm"], "language-modelling").path.resolve())
    if glossary is not None:
        key["glossary"] = [[term.source, term.target] for term in glossary.terms]
    return to_json(key)


def _language_model(place: Path) -> list[list[Any]]:
    """Its files; those of a mixture are its own and its models'."""
    from ...ngram.mixture_files import models_of  # here: translators without one need none

    models = models_of(place) if place.suffix == ".toml" else []
    return [file for each in [place, *models] for file in _files_of(each)]


def _files_of(place: Path) -> list[list[Any]]:
    paths = sorted(place.rglob("*")) if place.is_dir() else [place]
    found: list[list[Any]] = []
    with reading(place):
        for path in paths:
            if path.is_file():
                state = path.stat()
                found.append([str(path), state.st_size, state.st_mtime_ns])
    return found
