"""What `--overwrite` replaces is kept, in `.replaced`, until the new run has a checkpoint."""

from __future__ import annotations

from pathlib import Path

from ..training.checkpoint import PART, POINTERS, is_whole, step_folders
from ..training.disk import move, remove
from .launch import LAUNCH
from .log import CONFIG, LOG, unwritable
from .tensorboard import FOLDER as TENSORBOARD

REPLACED = ".replaced"
_DELETED = ".replaced.part"


def set_aside(run: Path) -> None:
    """Move what a run wrote, and nothing else, into a folder inside; its config comes last."""
    aside = run / REPLACED
    try:
        _remove_parts(run)
        for path in _written_by_a_run(run):
            aside.mkdir(exist_ok=True)
            move(path, aside / path.name)
        if aside.exists():
            (aside / CONFIG).touch()  # what was lost before: it says that all is here
    except OSError as error:
        raise unwritable(run, error) from None


def restore(run: Path) -> bool:
    """Bring back what was set aside, unless the new run has a checkpoint; return whether it did.

    Goes on where a kill has interrupted `set_aside`, `discard` or itself.
    """
    aside = run / REPLACED
    try:
        if not aside.is_dir():
            remove(run / _DELETED)
            return False

        if (aside / CONFIG).exists():  # everything was set aside: what is here is new
            if any(map(is_whole, step_folders(run))):
                discard(run)
                return False
            _remove_parts(run)
            for path in _written_by_a_run(run):
                remove(path)

        for path in sorted(aside.iterdir(), key=lambda path: path.name != CONFIG):
            move(path, run / path.name)
        aside.rmdir()
    except OSError as error:
        raise unwritable(run, error) from None
    return True


def discard(run: Path) -> None:
    """Delete what was set aside: the new run has a checkpoint."""
    try:
        remove(run / _DELETED)
        if (run / REPLACED).exists():
            move(run / REPLACED, run / _DELETED)  # what is half deleted is never brought back
            remove(run / _DELETED)
    except OSError as error:
        raise unwritable(run, error) from None


def _written_by_a_run(run: Path) -> list[Path]:
    paths = [*step_folders(run)]
    for name in (*POINTERS, LAUNCH, TENSORBOARD, LOG, CONFIG):
        path = run / name
        if path.exists() or path.is_symlink():
            paths.append(path)
    return paths


def _remove_parts(run: Path) -> None:
    """Delete what a kill left half written or half deleted."""
    for path in run.iterdir():
        if PART.fullmatch(path.name):
            remove(path)
