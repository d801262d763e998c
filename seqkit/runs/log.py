"""config.toml and log.jsonl of a run folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomli_w

from ..config import RunConfig, to_plain
from ..errors import CheckpointError, reason
from ..training.disk import replace

LOG = "log.jsonl"
CONFIG = "config.toml"

Write = Callable[[dict[str, Any]], None]


@contextmanager
def opened_log(folder: Path, config: RunConfig, step: int) -> Iterator[Write]:
    """Write config.toml, then yield a function that appends an event to the log.

    Lines after `step` are dropped: they belong to updates that a resumed run makes again.
    """
    path = folder / LOG
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace(folder / CONFIG, tomli_w.dumps(to_plain(config)))
        kept = _lines_up_to(path, step) if step else []
        replace(path, "".join(kept))
        log = path.open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        raise unwritable(folder, error) from None

    def write(event: dict[str, Any]) -> None:
        try:
            log.write(json.dumps(event) + "\n")
        except OSError as error:
            raise unwritable(folder, error) from None

    with log:
        yield write


def _lines_up_to(path: Path, step: int) -> list[str]:
    """The lines of a log up to `step`, without those that a crash has torn."""
    if not path.exists():
        return []
    lines = path.read_bytes().splitlines(keepends=True)
    return [line.decode("utf-8") for line in lines if _is_whole(line) and _step_of(line) <= step]


def _is_whole(line: bytes) -> bool:
    if not line.endswith(b"\n"):
        return False
    try:
        return isinstance(_step_of(line), int)
    except (ValueError, KeyError, TypeError):
        return False


def _step_of(line: bytes) -> int:
    step: int = json.loads(line)["step"]
    return step


def unwritable(folder: Path, error: OSError) -> CheckpointError:
    return CheckpointError(f"cannot write to {folder}: {reason(error)}")
