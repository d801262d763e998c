"""Files that survive a crash: written aside, flushed to disk, moved in one step."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def replace(path: Path, text: str) -> None:
    """Make `text` a file's content in one move: a full disk or a kill leaves the old content."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8", newline="\n")
    flush(part)
    move(part, path)


def move(source: Path, target: Path) -> None:
    """Rename within a folder or between two, and flush both: a power cut leaves one of the names.

    A file at `target` is replaced.
    """
    source.replace(target)
    flush_folder(target.parent)
    if source.parent != target.parent:
        flush_folder(source.parent)


def remove(path: Path) -> None:
    """Delete a file, a folder or a link, not what the link leads to; nothing there is fine."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def flush_all(folder: Path) -> None:
    """Flush all files and folders under `folder`, and itself."""
    for path in folder.rglob("*"):
        if path.is_dir():
            flush_folder(path)
        elif path.is_file():
            flush(path)
    flush_folder(folder)


def flush(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder, where the system can: Windows and some network disks cannot."""
    try:
        opened = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(opened)
    except OSError:
        pass
    finally:
        os.close(opened)
