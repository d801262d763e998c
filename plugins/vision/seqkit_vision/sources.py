"""Where images come from: a corpus, a folder with a folder of images per class, or a CSV file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from seqkit import recipes
from seqkit.errors import ConfigError, DataError

from . import corpora, fingerprints, formats
from .corpora import CLASSES
from .decoding import SIXTEEN_BITS, GreyRange
from .images import ImageSet
from .listing import Listing, check_classes, list_classes, list_images, parts_apart
from .parts import TEST, TRAIN, Part
from .prepared import PreparedImages
from .shapes import Wanted


@dataclass(frozen=True)
class Source:
    """Images with the names of their classes, and what a person should know of them."""

    images: ImageSet
    classes: list[str]
    notes: list[str]
    prints: Tensor  # (N,) what the images are, whatever they are called
    deep: GreyRange = SIXTEEN_BITS

    @property
    def content(self) -> str:
        """A digest of the images and their classes, whatever they are called and in any order."""
        return fingerprints.digest(self.prints, self.images.labels, self.classes)


_kept: ContextVar[dict[tuple[str, str, Wanted], Source] | None] = ContextVar("kept", default=None)


def open_source(name: str, part: Part, wanted: Wanted) -> Source:
    """The images of a corpus, a folder or a CSV file for a part.

    A source without parts is all training data; as test data it is read whole. Raises `DataError`
    or `ConfigError`.
    """
    kept = _kept.get()
    if kept is None:
        return _open(name, part, wanted)

    key = (name, part, wanted)
    if key not in kept:
        source = _open(name, part, wanted)
        kept |= {key: source, (name, part, _as_opened(source, wanted)): source}
    return kept[key]


@contextmanager
def keep_open() -> Iterator[None]:
    """Within the block, a source is read once: the folds of a cross-validation share it."""
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def classes_of(name: str) -> list[str]:
    """The classes of what `open_source` opens for training, without reading an image.

    Raises the same errors.
    """
    if name in CLASSES:
        return CLASSES[name]
    return list_classes(name)


def parts_of(name: str) -> set[Part]:
    """The parts for which the source has images of their own; none if it is to be split."""
    return {TRAIN, TEST} if name in CLASSES else parts_apart(name)


def _open(name: str, part: Part, wanted: Wanted) -> Source:
    if name in CLASSES:
        return _open_corpus(name, part, wanted)
    return _open_files(list_images(name, part, wanted.classes), wanted)


def _as_opened(source: Source, wanted: Wanted) -> Wanted:
    """The same in full, as a checkpoint of a model asks for it."""
    images = source.images
    return replace(
        wanted,
        size=images.size,
        channels=images.channels,
        classes=tuple(source.classes),
        deep=source.deep,
    )


# Corpora


def _open_corpus(name: str, part: Part, wanted: Wanted) -> Source:
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

    as_stored = torch.from_numpy(pixels.copy())
    store = _fit(as_stored, wanted)
    names = [f"{name} {part} {i}" for i in range(len(labels))]
    images = ImageSet(store, torch.from_numpy(labels.astype(np.int64)), names)
    return Source(images, classes, [], prints=fingerprints.of_pixels(as_stored))


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
    found = PreparedImages(listing, wanted)
    rows = found.rows
    places = torch.tensor(rows)
    images = ImageSet(
        found.pixels(),
        torch.tensor(listing.labels)[places],
        [str(listing.paths[row]) for row in rows],
        places=places,
        memory=wanted.memory,
    )
    return Source(
        images,
        listing.classes,
        listing.notes + found.notes,
        prints=found.prints()[places],
        deep=found.shape.deep,
    )
