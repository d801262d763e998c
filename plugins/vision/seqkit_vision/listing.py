"""Image files and their labels, as a folder or a CSV file names them; no image is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from seqkit.errors import ConfigError, DataError, hint, reason
from seqkit.runs.lock import LOCK
from seqkit.runs.log import CONFIG

from .corpora import CLASSES
from .finding import Found, files_beside, find_images, left_out_note
from .parts import NAMES, TEST, TRAIN, VALID, Part, part_named
from .tables import is_table, read_table

# Where the images of a part are looked for; the first that is there is taken.
_INSTEAD: Mapping[Part, Sequence[Part]] = {
    TRAIN: (TRAIN,),
    VALID: (VALID,),
    TEST: (TEST, VALID, TRAIN),
}


@dataclass(frozen=True)
class Listing:
    """The files of a folder or a CSV file, with their labels: numbers of `classes`."""

    where: str
    paths: list[Path]
    labels: list[int]
    classes: list[str]
    notes: list[str] = field(default_factory=list)  # what was left out


def list_images(name: str, part: Part, known: Sequence[str]) -> Listing:
    """The files that a folder or a CSV file names for a part.

    As test data, a source without any is read for its validation images, or whole. `known` are the
    classes of a model, () = none yet. Raises `DataError` or `ConfigError`.
    """
    path = _path(name)
    if path.is_dir():
        return _list_folder(path, part, known)
    if is_table(path):
        return _list_csv(path, part, known)
    raise DataError(
        f"no images at {name!r}: give a corpus ({', '.join(CLASSES)}), "
        "a folder with a folder of images per class, or a CSV file of paths and labels"
    )


def list_classes(name: str) -> list[str]:
    """The classes that a folder or a CSV file has for training; no image is looked for.

    Raises the errors of `list_images` for a source that names none.
    """
    path = _path(name)
    if not path.is_dir():
        return list_images(name, TRAIN, ()).classes

    part_folders = _part_folders(path)
    inside = part_folders.get(TRAIN, path)
    names = _class_names(inside)
    check_classes(names, (), str(inside))
    return names


def parts_apart(name: str) -> set[Part]:
    """The parts for which a folder or a CSV file has images of their own; none if it has no parts.

    Raises `DataError` if it cannot be read.
    """
    path = _path(name)
    if path.is_dir():
        return set(_part_folders(path))
    if is_table(path) and path.exists():
        return {row.part for row in read_table(path) if row.part is not None}
    return set()


def part_taken(part: Part, apart: set[Part]) -> Part | None:
    """The part whose images stand for `part`, or None if a source is read whole."""
    return next((each for each in _INSTEAD[part] if each in apart), None)


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


def _path(name: str) -> Path:
    if not name:
        raise ConfigError(
            "[data]: no images: set data.source, or --data, to a corpus, a folder or a CSV file"
        )
    if "\0" in name:
        raise DataError(f"no images at {name!r}: a path holds no NUL character")
    return Path(name)


# Folders


def _list_folder(folder: Path, part: Part, known: Sequence[str]) -> Listing:
    part_folders = _part_folders(folder)
    taken = part_taken(part, set(part_folders))
    inside = part_folders[taken] if taken else folder
    names = _class_names(inside)
    check_classes(names, known, str(inside))

    classes = list(known) or names
    paths: list[Path] = []
    labels: list[int] = []
    left_out = files_beside(inside).left_out
    left_out["folder of runs"] = sum(_is_of_runs(path) for path in _folders(inside))
    for name in names:
        found = find_images(inside / name)
        if not found.images:
            raise _no_images(inside / name, found)
        paths += found.images
        labels += [classes.index(name)] * len(found.images)
        left_out += found.left_out

    notes = left_out_note(left_out, str(inside))
    if taken:
        notes += _beside_parts(folder, part_folders)
    return Listing(str(inside), paths, labels, classes, notes)


def _class_names(inside: Path) -> list[str]:
    names = sorted(path.name for path in _folders(inside) if not _is_of_runs(path))
    if not names:
        raise DataError(
            f"{inside} has no folders: put the images of each class into a folder named for it"
        )
    for name in names:
        if not _is_utf8(name):
            raise DataError(
                f"{inside}: the name of the class folder {name!r} is not UTF-8: rename it"
            )
    return names


def _is_of_runs(folder: Path) -> bool:
    """Whether it is a run folder, or holds run folders: `--data . --out runs/mine`."""
    if (folder / CONFIG).exists() or (folder / LOCK).exists():
        return True

    holds_some = False
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if not path.is_dir() or not _is_of_runs(path):
            return False  # at the first image of many
        holds_some = True
    return holds_some


def _no_images(folder: Path, found: Found) -> DataError:
    said = f"{folder} holds no images: fill or remove the folder of that class"
    if found.pictures:
        said += f"; {left_out_note(found.left_out, 'it')[0]}"
    return DataError(said)


def _beside_parts(folder: Path, part_folders: Mapping[Part, Path]) -> list[str]:
    """What is said of files and folders beside those of the parts: nobody reads them."""
    used = set(part_folders.values())
    others = Counter(
        {
            f"in the folder {path.name!r}": sum(1 for file in path.rglob("*") if file.is_file())
            for path in sorted(_folders(folder))
            if path not in used
        }
    )
    return left_out_note(files_beside(folder).left_out + others, str(folder))


def _is_utf8(name: str) -> bool:
    """Python reads other bytes of a file name as lone surrogates."""
    return name == name.encode(errors="replace").decode()


def _part_folders(folder: Path) -> dict[Part, Path]:
    """The folders inside `folder` that are named for parts, if there is a training folder.

    Among other folders, a folder "train" without folders in it is a class: of vehicles.
    """
    by_name = {path.name.lower(): path for path in sorted(_folders(folder))}
    found: dict[Part, Path] = {}
    for part, names in NAMES.items():
        for name in names:
            if name in by_name:
                found.setdefault(part, by_name[name])

    if TRAIN not in found:
        return {}
    has_other_folders = any(part_named(name) is None for name in by_name)
    if has_other_folders and not _folders(found[TRAIN]):
        return {}
    return found


def _folders(folder: Path) -> list[Path]:
    """The folders inside `folder`, without hidden ones."""
    try:
        inside = list(folder.iterdir())
    except OSError as error:
        raise DataError(f"cannot read {folder}: {reason(error)}") from None
    return [path for path in inside if path.is_dir() and not path.name.startswith(".")]


# CSV files


def _list_csv(path: Path, part: Part, known: Sequence[str]) -> Listing:
    rows = read_table(path)
    apart = {row.part for row in rows if row.part is not None}
    taken = part_taken(part, apart)
    if apart and taken is None:
        raise DataError(f"{path} names no image for {part}: none of its lines says so")

    chosen = [row for row in rows if row.part == taken]
    labels = [row.label for row in chosen]
    names = sorted(set(labels), key=_numbers_first)
    check_classes(names, known, str(path))

    classes = list(known) or names
    number_of = {name: number for number, name in enumerate(classes)}
    paths = [row.path for row in chosen]
    return Listing(str(path), paths, [number_of[label] for label in labels], classes)


def _numbers_first(label: str) -> tuple[bool, int, str]:
    """The key that sorts labels: 2 before 10, numbers before names."""
    is_number = label.isdecimal() and len(label) < 20
    return not is_number, int(label) if is_number else 0, label
