"""Image files and their labels, as a folder or a CSV file names them; no image is read."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seqkit.data.files import read_lines
from seqkit.errors import ConfigError, DataError, hint, reason

from .corpora import CLASSES, TEST, TRAIN
from .decoding import find_images

_FOLDERS = {TRAIN: ("train", "training"), TEST: ("test", "testing", "val", "valid", "validation")}
_COLUMNS = (("path", "file", "image", "filename"), ("label", "class"))


@dataclass(frozen=True)
class Listing:
    """The files of a folder or a CSV file, with their labels: numbers of `classes`."""

    where: str
    paths: list[Path]
    labels: list[int]
    classes: list[str]


def list_images(name: str, part: str, known: Sequence[str]) -> Listing:
    """The files that a folder or a CSV file names for "train" or "test".

    `known` are the classes of a model, () = none yet. Raises `DataError` or `ConfigError`.
    """
    if not name:
        raise ConfigError(
            "[data]: no images: set data.source, or --data, to a corpus, a folder or a CSV file"
        )

    path = Path(name)
    if path.is_dir():
        return _list_folder(path, part, known)
    if path.suffix.lower() == ".csv":
        return _list_csv(path, known)
    raise DataError(
        f"no images at {name!r}: give a corpus ({', '.join(CLASSES)}), "
        "a folder with a folder of images per class, or a CSV file of paths and labels"
    )


def has_test_folder(folder: Path) -> bool:
    """Whether a folder keeps images apart for testing."""
    return folder.is_dir() and _part(folder, TEST) is not None


def check_classes(found: Sequence[str], known: Sequence[str], where: str) -> None:
    """Raise `DataError` for a class that the model does not know, or a single class to learn."""
    if not known:
        if len(found) < 2:
            raise DataError(
                f"{where} has a single class, {found[0]!r}: there is nothing to tell apart"
            )
        return

    for name in found:
        if name not in known:
            raise DataError(f"{where}: the model knows no class {name!r}.{hint(name, known)}")


# Folders


def _list_folder(folder: Path, part: str, known: Sequence[str]) -> Listing:
    inside = _part(folder, part) or folder
    names = sorted(path.name for path in _folders(inside))
    if not names:
        raise DataError(
            f"{inside} has no folders: put the images of each class into a folder named for it"
        )
    for name in names:
        if not _is_utf8(name):
            raise DataError(
                f"{inside}: the name of the class folder {name!r} is not UTF-8: rename it"
            )
    check_classes(names, known, str(inside))

    classes = list(known) or names
    paths: list[Path] = []
    labels: list[int] = []
    for name in names:
        found = find_images(inside / name)
        if not found:
            raise DataError(
                f"{inside / name} holds no images: fill or remove the folder of that class"
            )
        paths += found
        labels += [classes.index(name)] * len(found)
    return Listing(str(inside), paths, labels, classes)


def _is_utf8(name: str) -> bool:
    """Python reads other bytes of a file name as lone surrogates."""
    return name == name.encode(errors="replace").decode()


def _part(folder: Path, part: str) -> Path | None:
    """The folder inside `folder` that is named for a part, if there is a training folder.

    Among other folders, a folder "train" without folders in it is a class: of vehicles.
    """
    by_name = {path.name.lower(): path for path in _folders(folder)}
    training = _first(by_name, _FOLDERS[TRAIN])
    if training is None:
        return None

    usual = {name for names in _FOLDERS.values() for name in names}
    has_other_folders = not by_name.keys() <= usual
    if has_other_folders and not _folders(training):
        return None
    return _first(by_name, _FOLDERS[part])


def _first(by_name: dict[str, Path], names: Sequence[str]) -> Path | None:
    return next((by_name[name] for name in names if name in by_name), None)


def _folders(folder: Path) -> list[Path]:
    """The folders inside `folder`, without hidden ones."""
    try:
        inside = list(folder.iterdir())
    except OSError as error:
        raise DataError(f"cannot read {folder}: {reason(error)}") from None
    return [path for path in inside if path.is_dir() and not path.name.startswith(".")]


# CSV files


def _list_csv(path: Path, known: Sequence[str]) -> Listing:
    rows = _rows(path)
    if not rows or len(rows[0][1]) < 2:
        raise DataError(f"{path}:1: the first line must name the columns, such as path,label")
    path_column, label_column = _columns(rows[0][1], path)

    paths: list[Path] = []
    labels: list[str] = []
    for number, row in rows[1:]:
        if not row:
            continue
        cells = [cell.strip() for cell in row]
        complete = len(cells) > max(path_column, label_column)
        if not complete or not cells[path_column] or not cells[label_column]:
            raise DataError(f"{path}:{number}: the path or the label is missing")
        paths.append(path.parent / cells[path_column])
        labels.append(cells[label_column])
    if not paths:
        raise DataError(f"{path} names no image")

    names = sorted(set(labels), key=_numbers_first)
    check_classes(names, known, str(path))
    classes = list(known) or names
    return Listing(str(path), paths, [classes.index(label) for label in labels], classes)


def _columns(header: Sequence[str], path: Path) -> list[int]:
    """Where the paths and the labels are."""
    names = [name.strip().lower() for name in header]
    columns: list[int] = []
    for usual in _COLUMNS:
        found = [names.index(name) for name in usual if name in names]
        if not found:
            raise DataError(
                f"{path}:1: no column {' or '.join(map(repr, usual))}; there are {', '.join(names)}"
            )
        columns.append(found[0])
    return columns


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """The rows of a CSV file with the numbers of their (last) lines."""
    # Excel writes a byte order mark at the beginning.
    lines = (line.removeprefix("\ufeff") for line in read_lines(path))
    reader = csv.reader(lines)
    try:
        return [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: {error}") from None


def _numbers_first(label: str) -> tuple[bool, int, str]:
    """The key that sorts labels: 2 before 10, numbers before names."""
    is_number = label.isdecimal() and len(label) < 20
    return not is_number, int(label) if is_number else 0, label
