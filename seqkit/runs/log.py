"""config.toml and log.jsonl of a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TextIO

import tomli_w

from ..config import RunConfig, to_plain
from ..errors import CheckpointError, reason
from ..parsing import json_of, to_json
from ..training.disk import replace

LOG = "log.jsonl"
CONFIG = "config.toml"


class Log:
    """The open log of a run; its config.toml is written with it."""

    def __init__(self, folder: Path, config: RunConfig, step: int) -> None:
        """Lines after `step` are dropped: they belong to updates that a resumed run makes again."""
        self._folder = folder
        self._config = tomli_w.dumps(to_plain(config))
        path = folder / LOG
        try:
            folder.mkdir(parents=True, exist_ok=True)
            replace(folder / CONFIG, self._config)
            kept = _lines_up_to(path, step) if step else []
            replace(path, "".join(kept))
            self._file = _opened(path)
        except OSError as error:
            raise unwritable(folder, error) from None

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __repr__(self) -> str:
        return f"<Log of {self._folder}>"

    def write(self, event: dict[str, Any]) -> None:
        """Append an event, a line of JSON."""
        try:
            self._file.write(to_json(event, ascii_only=True) + "\n")
        except OSError as error:
            raise unwritable(self._folder, error) from None

    def is_there(self) -> bool:
        """Whether the log and the config still have their names."""
        return (self._folder / LOG).exists() and (self._folder / CONFIG).exists()

    def replaced_by_another(self) -> bool:
        """Whether the folder holds another run's config by now."""
        try:
            return (self._folder / CONFIG).read_text(encoding="utf-8") != self._config
        except (OSError, UnicodeDecodeError):
            return False

    def restore(self) -> None:
        """Write log and config again after the folder has been deleted or moved.

        A deleted file can be read as long as it is open.
        """
        try:
            self._file.seek(0)
            text = self._file.read()
            replace(self._folder / CONFIG, self._config)
            replace(self._folder / LOG, text)
            self._file.close()
            self._file = _opened(self._folder / LOG)
        except OSError as error:
            raise unwritable(self._folder, error) from None


def _opened(path: Path) -> TextIO:
    return path.open("a+", encoding="utf-8", newline="\n", buffering=1)


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
    step: int = json_of(line)["step"]
    return step


def unwritable(folder: Path, error: OSError) -> CheckpointError:
    return CheckpointError(f"cannot write to {folder}: {reason(error)}")
