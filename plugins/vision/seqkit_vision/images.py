"""Labelled images: small sets are one tensor on the training device, large ones stream from files.

Shapes: N images, B images of a batch, C channels, S side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from seqkit.data.workers import from_workers, leave_signals_to_parent
from seqkit.errors import DataError

from .decoding import SIXTEEN_BITS, GreyRange, decode

View = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""(B, C, S, S) uint8, (B,) labels -> (B, C, S, S) float, targets.

Targets are (B,) labels or (B, classes) shares of them.
"""

FIX_OR_SKIP = "fix or remove it, or skip such files with --skip-bad"


class Shape(NamedTuple):
    """What files are decoded to."""

    size: int
    channels: int
    deep: GreyRange = SIXTEEN_BITS


@dataclass(frozen=True)
class Prepared:
    """A batch as the model and the loss take it."""

    images: Tensor  # (B, C, S, S) float, normalised
    labels: Tensor  # (B,)
    targets: Tensor  # (B,) labels, or (B, classes) shares of them


@dataclass(frozen=True)
class ImageBatch:
    """Rows of a set of images; `to` gathers, changes and normalises them on the device."""

    images: Tensors
    rows: Tensor  # (B,)
    view: View

    @property
    def count(self) -> int:
        return len(self.rows)

    def to(self, device: torch.device) -> Prepared:
        all_pixels, all_labels = self.images.on(device)
        rows = self.rows.to(device)
        labels = all_labels[rows]
        images, targets = self.view(all_pixels[rows], labels)
        return Prepared(images, labels, targets)


class ImageSet(Protocol):
    """Labelled images of one size."""

    labels: Tensor  # (N,)
    names: Sequence[str]  # what each is called in reports: a path, or "mnist train 17"
    channels: int
    size: int

    def batches(self, rows: Sequence[Tensor], view: View, workers: int) -> Iterator[ImageBatch]:
        """One batch for each of `rows`, in order."""

    def pixels(self, rows: Tensor) -> Tensor:
        """Those images, (B, C, S, S) uint8 on the CPU."""

    def select(self, rows: Tensor) -> ImageSet:
        """Those images as a set of their own."""


class Tensors:
    """All images in one tensor, which moves to the device of the first batch and stays there."""

    def __init__(self, store: Tensor, labels: Tensor, names: Sequence[str] = ()) -> None:
        self.store = store
        self.labels = labels
        self.names = names
        self.channels, self.size = store.shape[1:3]
        self._moved = store, labels

    def on(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Images and labels on that device."""
        store, labels = self._moved
        self._moved = store.to(device), labels.to(device)
        return self._moved

    def batches(self, rows: Sequence[Tensor], view: View, workers: int) -> Iterator[ImageBatch]:
        for part in rows:
            yield ImageBatch(self, part, view)

    def pixels(self, rows: Tensor) -> Tensor:
        return self.store[rows]

    def select(self, rows: Tensor) -> Tensors:
        names = [self.names[row] for row in rows.tolist()]
        return Tensors(self.store[rows], self.labels[rows], names)


class Files:
    """Images that worker processes decode when they are needed."""

    def __init__(self, paths: Sequence[Path], labels: Tensor, shape: Shape) -> None:
        self.paths = paths
        self.labels = labels
        self.shape = shape
        self.size = shape.size
        self.channels = shape.channels
        self.names: Sequence[str] = [str(path) for path in paths]
        self.damaged: set[int] = set()  # rows of files that could not be read

    def batches(self, rows: Sequence[Tensor], view: View, workers: int) -> Iterator[ImageBatch]:
        loader = DataLoader(
            _Decoded(self),
            batch_sampler=[part.tolist() for part in rows],
            num_workers=workers,
            worker_init_fn=leave_signals_to_parent,
            collate_fn=_stacked_or_error,
            # Without one, it draws a seed from torch's generator: a resumed run would differ.
            generator=torch.Generator(),
        )
        for part, images in zip(rows, from_workers(loader), strict=True):
            batch = Tensors(self._checked(images), self.labels[part])
            yield ImageBatch(batch, torch.arange(len(part)), view)

    def pixels(self, rows: Tensor) -> Tensor:
        if not len(rows):
            return torch.empty(0, self.channels, self.size, self.size, dtype=torch.uint8)

        decoded = _Decoded(self)
        images = [decoded[row] for row in rows.tolist()]
        return self._checked(_stacked_or_error(images))

    def select(self, rows: Tensor) -> Files:
        paths = [self.paths[row] for row in rows.tolist()]
        return Files(paths, self.labels[rows], self.shape)

    def _checked(self, images: Tensor | _Unread) -> Tensor:
        if isinstance(images, _Unread):
            self.damaged.add(images.row)
            raise DataError(f"{images.why}; {FIX_OR_SKIP}")
        return images


class _Unread(NamedTuple):
    """A file that cannot be read."""

    row: int
    why: str


class _Decoded(Dataset["Tensor | _Unread"]):
    """What a worker process is given. An error comes out as plain data, to be raised outside."""

    def __init__(self, files: Files) -> None:
        self.paths = files.paths
        self.shape = files.shape

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, row: int) -> Tensor | _Unread:
        try:
            pixels = decode(self.paths[row], **self.shape._asdict())
        except DataError as error:
            return _Unread(row, str(error))
        return torch.from_numpy(np.ascontiguousarray(pixels))


def _stacked_or_error(images: Sequence[Tensor | _Unread]) -> Tensor | _Unread:
    """Images of a batch as one tensor, or the first error.

    One tensor, because each that a worker hands over is an open file.
    """
    stack: list[Tensor] = []
    for image in images:
        if isinstance(image, _Unread):
            return image
        stack.append(image)
    return torch.stack(stack)
