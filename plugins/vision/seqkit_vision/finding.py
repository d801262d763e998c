"""Image files below a folder; what is left out is counted, so that it can be said."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from seqkit.errors import DataError, reason

from . import readable

_MOST_KINDS = 8  # named in a sentence
_USUAL_SUFFIX = re.compile(r"\.[a-z0-9_+-]{1,12}")

Folder = tuple[int, int]  # device and inode: what a folder is, however it is called


@dataclass
class Found:
    """The images in a folder and below, and what was passed over."""

    images: list[Path] = field(default_factory=list)  # sorted
    left_out: Counter[str] = field(default_factory=Counter)  # by suffix, or by what is odd
    pictures: list[Path] = field(default_factory=list)  # those left out that are pictures

    def note_on_others(self, where: Path) -> list[str]:
        """What was left out and is no picture, in a line for a person; none if nothing was."""
        others = self.left_out - Counter(path.suffix.lower() for path in self.pictures)
        return left_out_note(others, str(where))


def find_images(folder: Path) -> Found:
    """Image files in `folder` and below, without hidden ones.

    Links to folders are followed, after all else; each folder is entered once, those above `folder`
    never. Raises `DataError` for a folder that cannot be read.
    """
    found = Found()
    above = {*folder.absolute().parents, *folder.resolve().parents}
    entered = {_identity(each) for each in above}

    links = [folder]
    while links:
        links.sort(reverse=True)
        path = links.pop()
        if _identity(path) in entered:
            found.left_out["behind a link to a folder that is read anyway"] += 1
        else:
            links += _search(path, found, entered)

    found.images.sort(key=_in_order)
    found.pictures.sort(key=_in_order)
    return found


def files_beside(folder: Path) -> Found:
    """What lies in `folder` itself, all of it left out: its images are in folders."""
    found = Found()
    for entry in _entries(folder):
        if not _is_folder(entry):
            _leave_out(entry, found)
        elif entry.name.startswith("."):
            found.left_out["hidden"] += _count_files(Path(entry.path))
    return found


def left_out_note(left_out: Counter[str], where: str) -> list[str]:
    """`["left out of photos: 40 .heic, 2 hidden (`pip install …)"]`, or nothing."""
    counts = {kind: count for kind, count in left_out.items() if count}
    if not counts:
        return []

    commonest_first = sorted(counts, key=lambda kind: (-counts[kind], kind))
    kinds = [f"{counts[kind]:,} {kind}" for kind in commonest_first[:_MOST_KINDS]]
    rest = sum(counts[kind] for kind in commonest_first[_MOST_KINDS:])
    if rest:
        kinds.append(f"{rest:,} of other kinds")

    advice = {kind: readable.advice(kind) for kind in sorted(counts)}
    ways_out = [f"{kind}: {way_out}" for kind, way_out in advice.items() if way_out]
    explained = f" ({'; '.join(ways_out)})" if ways_out else ""
    return [f"left out of {where}: {', '.join(kinds)}{explained}"]


def _search(folder: Path, found: Found, entered: set[Folder]) -> list[Path]:
    """Add what is in `folder` and below to `found`; return the links to other folders."""
    links: list[Path] = []
    waiting = [folder]
    while waiting:
        inside = waiting.pop()
        entered.add(_identity(inside))
        for entry in _entries(inside):
            path = Path(entry.path)
            if not _is_folder(entry):
                _sort_in(entry, path, found)
            elif entry.name.startswith("."):
                found.left_out["hidden"] += _count_files(path)
            elif entry.is_symlink():
                links.append(path)
            else:
                waiting.append(path)
    return links


def _count_files(folder: Path) -> int:
    """The files in a hidden folder and below."""
    return sum(len(names) for _, _, names in os.walk(folder))


def _in_order(path: Path) -> list[str]:
    """As paths are compared, in a third of the time."""
    return str(path).split(os.sep)


def _sort_in(entry: os.DirEntry[str], path: Path, found: Found) -> None:
    is_hidden = entry.name.startswith(".")
    if not is_hidden and _suffix(entry.name) in readable.suffixes() and _is_file(entry):
        found.images.append(path)
    else:
        _leave_out(entry, found)


def _leave_out(entry: os.DirEntry[str], found: Found) -> None:
    kind = _kind(entry)
    found.left_out[kind] += 1
    if kind.startswith(".") and readable.is_picture(kind):
        found.pictures.append(Path(entry.path))


def _kind(entry: os.DirEntry[str]) -> str:
    """What is said of a file that is left out: its suffix, or what is odd about it."""
    if entry.name.startswith("."):
        return "hidden"
    if not _is_file(entry):
        return "behind a broken link" if entry.is_symlink() else "not a regular file"

    suffix = _suffix(entry.name)
    if not suffix:
        return "without a suffix"
    return suffix if _USUAL_SUFFIX.fullmatch(suffix) else "with an odd suffix"


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError as error:
        raise DataError(f"cannot read {folder}: {reason(error)}") from None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False


def _identity(folder: Path) -> Folder:
    try:
        status = folder.stat()
    except OSError as error:
        raise DataError(f"cannot read {folder}: {reason(error)}") from None
    return status.st_dev, status.st_ino
