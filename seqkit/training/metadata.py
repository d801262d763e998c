"""What a checkpoint records of its data beside the weights, as a section of JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, TypeVar

from ..config import build, plain
from ..errors import CheckpointError, ConfigError
from ..parsing import json_of, to_json
from . import checkpoint


class Metadata(Protocol):
    """A section (`seqkit.config.section`) that knows the sizes that its model is made with."""

    @property
    def dims(self) -> dict[str, int]: ...


M = TypeVar("M", bound=Metadata)


def write_metadata(path: Path, metadata: Any) -> None:
    """Write a section into the file `path` of a step folder."""
    path.write_text(to_json(plain(metadata), indent=2) + "\n", encoding="utf-8")


def read_metadata(cls: type[M], path: Path, holds: str) -> M:
    """What `write_metadata` wrote, checked against the sizes of the model beside it.

    Raises `CheckpointError` if it is missing or damaged, which says what it `holds`.
    """
    dims = checkpoint.read_meta(path.parent).get("dims")
    try:
        found = build(cls, json_of(path.read_text(encoding="utf-8")), path.name)
    except (OSError, TypeError, ValueError, ConfigError):
        found = None

    if found is None or found.dims != dims:
        raise CheckpointError(f"{path} is missing or damaged: it holds {holds}")
    return found
