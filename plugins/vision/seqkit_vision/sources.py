"""Where images come from: a corpus, a folder with a folder of images per class, or a CSV file."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from seqkit import recipes
from seqkit.errors import ConfigError, DataError

from . import corpora, formats
from .corpora import CLASSES
from .decoding import Pixels, decode, probe
from .images import FIX_OR_SKIP, Files, ImageSet, Tensors
from .listing import Listing, check_classes, has_test_folder, list_images

MEMORY = 2_000_000_000  # bytes; larger sets stream from their files


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
    """The "train" or "test" part of a corpus, a folder or a CSV file.

    A folder without a folder named for the part is all training data; as test data it is read
    whole. Raises `DataError` or `ConfigError`.
    """
    if name in CLASSES:
        return _open_corpus(name, part, wanted)
    return _open_files(list_images(name, part, wanted.classes), wanted)


def classes_of(name: str) -> list[str]:
    """The classes of what `open_source` opens for training, without reading an image.

    Raises the same errors.
    """
    if name in CLASSES:
        return CLASSES[name]
    return list_images(name, corpora.TRAIN, ()).classes


def has_test_part(name: str) -> bool:
    """Whether the source keeps images apart for testing."""
    return name in CLASSES or has_test_folder(Path(name))


# Corpora


def _open_corpus(name: str, part: str, wanted: Wanted) -> Source:
    classes = CLASSES[name]
    check_classes(classes, wanted.classes, name)

    if name == "cifar10":
        (path,) = recipes.corpora().locate(name, [corpora.CIFAR10_FILE])
        labels_path = path
        pixels, labels = formats.read_cifar10(path, part)
    else:
        path, labels_path = recipes.corpora().locate(name, corpora.IDX[part])
        pixels, labels = formats.read_idx_pair(path, labels_path)

    if labels.max(initial=0) >= len(classes):
        raise DataError(
            f"{labels_path}: label {labels.max()} is outside the range 0 to {len(classes) - 1}"
        )
    if not len(labels):
        raise DataError(f"{path} holds no images")

    store = _fit(torch.from_numpy(pixels.copy()), wanted)
    names = [f"{name} {part} {i}" for i in range(len(labels))]
    images = Tensors(store, torch.from_numpy(labels.astype(np.int64)), names)
    return Source(images, classes, notes=[])


def _fit(store: Tensor, wanted: Wanted) -> Tensor:
    """(N, C, S, S) with the size and the channels that are wanted."""
    channels = store.shape[1]
    if wanted.channels == 3 and channels == 1:
        store = store.expand(-1, 3, -1, -1)
    elif wanted.channels == 1 and channels == 3:
        store = _luma(store)

    if wanted.size and wanted.size != store.shape[-1]:
        store = _scale(store, wanted.size, wanted.memory)
    return store.contiguous()


def _luma(store: Tensor) -> Tensor:
    """Grey by ITU-R 601-2, as Pillow has it: (N, 3, S, S) -> (N, 1, S, S)"""
    red, green, blue = store.float().unbind(1)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return luma.round().to(torch.uint8)[:, None]


def _scale(store: Tensor, size: int, memory: int) -> Tensor:
    needed = len(store) * store.shape[1] * size**2
    if needed > memory:
        raise ConfigError(
            f"{len(store):,} images at data.size = {size} take {needed / 1e9:.1f} GB: "
            "set data.memory higher or data.size lower"
        )

    scaled = [
        F.interpolate(part, (size, size), mode="bilinear", antialias=True)
        for part in store.split(1000)
    ]
    return torch.cat(scaled)


# Folders and CSV files


def _open_files(listing: Listing, wanted: Wanted) -> Source:
    """Files as one tensor if that fits into `wanted.memory`, else to be streamed."""
    size, channels = _common_shape(listing, wanted)
    bytes_needed = len(listing.paths) * channels * size**2
    fits = bytes_needed <= wanted.memory
    if not fits and not wanted.skip_bad:
        files = Files(listing.paths, torch.tensor(listing.labels), size=size, channels=channels)
        return Source(files, listing.classes, notes=[])

    rows: list[int] = []
    pixels: list[Pixels] = []
    notes: list[str] = []
    with ThreadPoolExecutor() as pool:  # Pillow works outside the interpreter's lock
        attempts = pool.map(lambda path: _attempt(path, size, channels), listing.paths)
        for row, found in enumerate(attempts):
            if isinstance(found, DataError):
                if not wanted.skip_bad:
                    raise _with_advice(found)
                notes.append(f"skipped: {found}")
                continue
            rows.append(row)
            if fits:
                pixels.append(found)

    if not rows:
        raise DataError(f"{listing.where} holds no image that can be read")
    paths = [listing.paths[row] for row in rows]
    labels = torch.tensor([listing.labels[row] for row in rows])
    if not fits:
        files = Files(paths, labels, size=size, channels=channels)
        return Source(files, listing.classes, notes)

    store = torch.from_numpy(np.stack(pixels))
    names = [str(path) for path in paths]
    return Source(Tensors(store, labels, names), listing.classes, notes)


def _attempt(path: Path, size: int, channels: int) -> Pixels | DataError:
    try:
        return decode(path, size=size, channels=channels)
    except DataError as error:
        return error


def _with_advice(error: DataError) -> DataError:
    return DataError(f"{error}; {FIX_OR_SKIP}")


def _common_shape(listing: Listing, wanted: Wanted) -> tuple[int, int]:
    """Size and channels that all images have, unless they are given; colour if any image is.

    Raises `DataError` if the sizes differ or are not square.
    """
    if wanted.size and wanted.channels:
        return wanted.size, wanted.channels

    first, channels = None, 1
    for path in listing.paths:
        try:
            width, height, of_this_image = probe(path)
        except DataError as error:
            if wanted.skip_bad:
                continue
            raise _with_advice(error) from None

        channels = max(channels, of_this_image)
        first = first or (path, width, height)
        if wanted.size and channels == 3:  # there is nothing else to find out
            break
        if not wanted.size and (width, height) != first[1:]:
            raise _different_sizes(listing.where, first, (path, width, height))

    if first is None:
        raise DataError(f"{listing.where} holds no image that can be read")
    _, width, height = first
    if not wanted.size and width != height:
        raise DataError(
            f"{listing.where}: images are {width}x{height}, not square: "
            f"set data.size, such as {min(width, height)}"
        )
    return wanted.size or width, wanted.channels or channels


def _different_sizes(
    where: str, one: tuple[Path, int, int], other: tuple[Path, int, int]
) -> DataError:
    examples = [f"{path.name} is {width}x{height}" for path, width, height in (one, other)]
    return DataError(
        f"{where}: images of different sizes ({', '.join(examples)}): "
        "set data.size to the side of the square that they should become, such as 64"
    )
