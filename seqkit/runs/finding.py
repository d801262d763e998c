"""Where a model is, and what it says of itself; found without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from ..errors import CheckpointError, hint
from ..parsing import path_of
from ..training import checkpoint
from .ensembles import members_of
from .hub import fetch, is_hub_name
from .imported import run_of

DEFAULT = "en-de"
_WAYS: dict[str | None, str] = {
    "language-modelling": " Give a run folder, an ARPA file, seqkit's binary, or a mixture (.toml)."
}


class Found(NamedTuple):
    """A trained model on disk."""

    path: Path  # what was asked for
    folder: Path  # its step folder
    meta: dict[str, Any]  # as it stands there, unchecked

    @property
    def task(self) -> Any:
        return task_in(self.meta)


def find(model: str | Path | None, task: str | None = None) -> Found:
    """The step folder that `model` means, and its metadata; None is the shipped translator.

    With `task`, the error for a name that does not exist suggests models for that task only. A
    name of the hub (`hf:OWNER/NAME`) is fetched. Raises `CheckpointError`.
    """
    place = place_of(model, task)
    folder = checkpoint.resolve(run_of(place.path, place.source) or place.path)
    return Found(Path(place.source or place.path), folder, checkpoint.read_meta(folder))


class Place(NamedTuple):
    """Where a model is, of whatever kind."""

    path: Path
    source: str  # its name at the hub; "" if it is not from there


def place_of(model: str | Path | None, task: str | None = None) -> Place:
    """What `model` means, as `find` says; one of the hub is fetched."""
    if is_hub_name(model):
        return Place(*fetch(str(model)))
    return Place(_path_of(model, task), "")


def shipped_models() -> Path:
    """The folder of the models that ship with seqkit."""
    return Path(__file__).parent.parent / "pretrained"


def task_in(meta: dict[str, Any]) -> Any:
    """The task that metadata name; None if they are damaged."""
    config = meta.get("config")
    return config.get("task") if isinstance(config, dict) else None


def _path_of(model: str | Path | None, task: str | None) -> Path:
    if model is None:
        return shipped_models() / DEFAULT

    path = path_of(model, "run folder", is_run=True)
    names = _shipped_names()
    if not path.exists() and str(model) in names:
        return shipped_models() / str(model)
    members = [] if path.exists() else members_of(model)
    if any(Path(name).exists() or name in names for name in members):
        raise CheckpointError(f"{model}: several models are not taken here: give one of them")
    if not path.exists() and len(path.parts) == 1 and not path.suffix:
        known = _shipped_names(task)
        suggestion = hint(str(model), known) if known else _WAYS.get(task, " Give a run folder.")
        raise CheckpointError(f"no folder and no shipped model {str(model)!r}.{suggestion}")
    return path


def _shipped_names(task: str | None = None) -> list[str]:
    """The shipped models, or those of them that are for `task`."""
    folders = [meta.parent for meta in shipped_models().glob(f"*/{checkpoint.META}")]
    if task is not None:
        folders = [each for each in folders if task_in(checkpoint.read_meta(each)) == task]
    return sorted(folder.name for folder in folders)
