"""Where images come from: a corpus, a folder with a folder of images per class, or a CSV file of paths and labels."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from seqkit.data.corpora import locate
from seqkit.data.files import read_lines
from seqkit.errors import ConfigError, DataError, hint, reason

from . import corpora, formats
from .corpora import CLASSES, TEST, TRAIN
from .decoding import Pixels, decode, find_images, probe
from .images import Files, ImageSet, Tensors

MEMORY = 2_000_000_000  # bytes; larger sets stream from their files
_PARTS = {TRAIN: ("train", "training"), TEST: ("test", "testing", "val", "valid", "validation")}


@dataclass(frozen=True)
class Wanted:
    """What the images must become; 0 and () = whatever they are."""

    size: int = 0
    channels: int = 0
    classes: Sequence[str] = ()
    skip_bad: bool = False
    memory: int = MEMORY


@dataclass(frozen=True)
class Source:
    """Images with the names of their classes, and what a person should know of them."""

    images: ImageSet
    classes: list[str]
    notes: list[str]


def open_source(name: str, part: str, wanted: Wanted) -> Source:
    """The "train" or "test" part of a corpus, a folder or a CSV file; raises `DataError` or `ConfigError`.

    A folder without a folder named for the part is all training data; as test data it is read whole.
    """
    return (
        _corpus(name, part, wanted)
        if name in CLASSES
        else _read(_list(name, part, wanted.classes), wanted)
    )


def classes_of(name: str) -> list[str]:
    """The classes of what `open_source` would open for training; no image is read. Raises the same errors."""
    return CLASSES[name] if name in CLASSES else _list(name, TRAIN, ()).classes


def has_test_part(name: str) -> bool:
    """Whether the source keeps images apart for testing."""
    return name in CLASSES or (Path(name).is_dir() and _part(Path(name), TEST) is not None)


def _corpus(name: str, part: str, wanted: Wanted) -> Source:
    classes = CLASSES[name]
    _same_classes(classes, wanted.classes, name)
    if name == "cifar10":
        (path,) = locate(name, [corpora.CIFAR10_FILE])
        labelled = path
        pixels, labels = formats.read_cifar10(path, part)
    else:
        path, labelled = locate(name, corpora.IDX[part])
        pixels, labels = formats.read_idx_pair(path, labelled)
    if labels.max(initial=0) >= len(classes):
        raise DataError(
            f"{labelled}: label {labels.max()} is outside the range 0 to {len(classes) - 1}"
        )
    if not len(labels):
        raise DataError(f"{path} holds no images")
    store = _fit(torch.from_numpy(pixels.copy()), wanted)
    names = [f"{name} {part} {i}" for i in range(len(labels))]
    return Source(Tensors(store, torch.from_numpy(labels.astype(np.int64)), names), classes, [])


def _fit(store: Tensor, wanted: Wanted) -> Tensor:
    """(N, C, S, S) at the size and with the channels that are wanted."""
    if wanted.channels == 3 and store.shape[1] == 1:
        store = store.expand(-1, 3, -1, -1)
    if wanted.channels == 1 and store.shape[1] == 3:  # ITU-R 601-2 luma, as Pillow has it
        red, green, blue = store.float().unbind(1)
        store = (0.299 * red + 0.587 * green + 0.114 * blue).round().to(torch.uint8)[:, None]
    if wanted.size and wanted.size != store.shape[-1]:
        bytes_needed = len(store) * store.shape[1] * wanted.size**2
        if bytes_needed > wanted.memory:
            raise ConfigError(
                f"{len(store):,} images at data.size = {wanted.size} take {bytes_needed / 1e9:.1f} GB: "
                "set data.memory higher or data.size lower"
            )
        parts = [
            torch.nn.functional.interpolate(
                part, (wanted.size, wanted.size), mode="bilinear", antialias=True
            )
            for part in store.split(1000)
        ]
        store = torch.cat(parts)
    return store.contiguous()


@dataclass(frozen=True)
class _Listing:
    """The files of a folder or a CSV file, with their labels: numbers of `classes`."""

    where: str
    paths: list[Path]
    labels: list[int]
    classes: list[str]


def _list(name: str, part: str, known: Sequence[str]) -> _Listing:
    """What a folder or a CSV file names; `known` are the classes of a model, () = none yet."""
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
        f"no images at {name!r}: give a corpus ({', '.join(CLASSES)}), a folder with a folder of images per class, "
        "or a CSV file of paths and labels"
    )


def _list_folder(folder: Path, part: str, known: Sequence[str]) -> _Listing:
    inside = _part(folder, part) or folder
    names = sorted(path.name for path in _folders(inside))
    for name in names:
        if name != name.encode(errors="replace").decode():
            raise DataError(
                f"{inside}: the name of the class folder {name!r} is not UTF-8: rename it"
            )
    if not names:
        raise DataError(
            f"{inside} has no folders: put the images of each class into a folder named for it"
        )
    _same_classes(names, known, str(inside))
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
    return _Listing(str(inside), paths, labels, classes)


def _part(folder: Path, part: str) -> Path | None:
    """The folder inside `folder` that is named for a part, if there is a training folder.

    A folder "train" without folders, among others, is a class: of vehicles.
    """
    here = {path.name.lower(): path for path in _folders(folder)}
    training = next((here[name] for name in _PARTS[TRAIN] if name in here), None)
    others = here.keys() - {name for names in _PARTS.values() for name in names}
    if training is None or (others and not _folders(training)):
        return None
    return next((here[name] for name in _PARTS[part] if name in here), None)


def _folders(folder: Path) -> list[Path]:
    """The folders inside `folder`, without hidden ones."""
    try:
        return [
            path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")
        ]
    except OSError as error:
        raise DataError(f"cannot read {folder}: {reason(error)}") from None


def _list_csv(path: Path, known: Sequence[str]) -> _Listing:
    rows = _rows(path)
    if not rows or len(rows[0][1]) < 2:
        raise DataError(f"{path}:1: the first line must name the columns, such as path,label")
    header = [name.strip().lower() for name in rows[0][1]]
    columns = []
    for usual in (("path", "file", "image", "filename"), ("label", "class")):
        column = next((header.index(name) for name in usual if name in header), None)
        if column is None:
            raise DataError(
                f"{path}:1: no column {' or '.join(map(repr, usual))}; there are {', '.join(header)}"
            )
        columns.append(column)
    paths, given = [], []
    for number, row in rows[1:]:
        if not row:
            continue
        if len(row) <= max(columns) or not row[columns[0]].strip() or not row[columns[1]].strip():
            raise DataError(f"{path}:{number}: the path or the label is missing")
        paths.append(path.parent / row[columns[0]].strip())
        given.append(row[columns[1]].strip())
    if not paths:
        raise DataError(f"{path} names no image")
    names = sorted(set(given), key=_numbers_first)
    _same_classes(names, known, str(path))
    classes = list(known) or names
    return _Listing(str(path), paths, [classes.index(label) for label in given], classes)


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """The rows of a CSV file with the numbers of their (last) lines."""
    lines = (
        line.removeprefix("\ufeff") for line in read_lines(path)
    )  # Excel writes this mark at the beginning
    reader = csv.reader(lines)
    try:
        return [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: {error}") from None


def _numbers_first(label: str) -> tuple[bool, int, str]:
    """The key that sorts labels: 2 before 10, numbers before names."""
    number = label.isdecimal() and len(label) < 20
    return not number, int(label) if number else 0, label


def _same_classes(found: Sequence[str], known: Sequence[str], where: str) -> None:
    """Refuse data with a class that the model does not know."""
    for name in found if known else ():
        if name not in known:
            raise DataError(f"{where}: the model knows no class {name!r}.{hint(name, known)}")
    if not known and len(found) < 2:
        raise DataError(f"{where} has a single class, {found[0]!r}: there is nothing to tell apart")


def _read(listing: _Listing, wanted: Wanted) -> Source:
    """Files as one tensor if that fits into `wanted.memory`, else to be streamed."""
    paths, labels, classes = listing.paths, listing.labels, listing.classes
    size, channels = _common_shape(paths, wanted, listing.where)
    notes: list[str] = []
    if len(paths) * channels * size**2 > wanted.memory and not wanted.skip_bad:
        return Source(
            Files(paths, torch.tensor(labels), size=size, channels=channels), classes, notes
        )
    good: list[int] = []
    images: list[Pixels] = []
    with ThreadPoolExecutor() as pool:  # Pillow works outside the interpreter's lock
        for row, found in enumerate(pool.map(lambda path: _attempt(path, size, channels), paths)):
            if isinstance(found, DataError):
                if not wanted.skip_bad:
                    raise _mend(found)
                notes.append(f"skipped: {found}")
                continue
            good.append(row)
            if len(paths) * found.size <= wanted.memory:
                images.append(found)
    if not good:
        raise DataError(f"{listing.where} holds no image that can be read")
    kept, paths = torch.tensor([labels[row] for row in good]), [paths[row] for row in good]
    if not images:
        return Source(Files(paths, kept, size=size, channels=channels), classes, notes)
    return Source(
        Tensors(torch.from_numpy(np.stack(images)), kept, [str(path) for path in paths]),
        classes,
        notes,
    )


def _attempt(path: Path, size: int, channels: int) -> Pixels | DataError:
    try:
        return decode(path, size=size, channels=channels)
    except DataError as error:
        return error


def _mend(error: DataError) -> DataError:
    return DataError(f"{error}; mend or remove it, or skip such files with --skip-bad")


def _common_shape(paths: list[Path], wanted: Wanted, where: str) -> tuple[int, int]:
    """Size and channels that all images have, as far as they are not given; colour if only some are grey."""
    if wanted.size and wanted.channels:
        return wanted.size, wanted.channels
    first, channels = None, 1
    for path in paths:
        try:
            width, height, colours = probe(path)
        except DataError as error:
            if wanted.skip_bad:
                continue
            raise _mend(error) from None
        channels = max(channels, colours)
        first = first or (path, width, height)
        if wanted.size and channels == 3:  # nothing else is to be found out
            break
        if not wanted.size and (width, height) != first[1:]:
            raise DataError(
                f"{where}: images of different sizes ({first[0].name} is {first[1]}x{first[2]}, {path.name} is "
                f"{width}x{height}): set data.size to the side of the square that they are to become, such as 64"
            )
    if first is None:
        raise DataError(f"{where} holds no image that can be read")
    if not wanted.size and first[1] != first[2]:
        raise DataError(
            f"{where}: images are {first[1]}x{first[2]}, not square: set data.size, such as {min(first[1:])}"
        )
    return wanted.size or first[1], wanted.channels or channels
