"""Labelled images: a small set is one tensor on the training device, a large one read by batches.

Shapes: N images, B images of a batch, C channels, S side.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

View = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""(B, C, S, S) uint8, (B,) labels -> (B, C, S, S) float, targets.

Targets are (B,) labels or (B, classes) shares of them.
"""

MEMORY = 2_000_000_000  # bytes; a larger set does not move to the device


@dataclass(frozen=True)
class Prepared:
    """A batch as the model and the loss take it."""

    images: Tensor  # (B, C, S, S) float, normalised
    labels: Tensor  # (B,)
    targets: Tensor  # (B,) labels, or (B, classes) shares of them


@dataclass(frozen=True)
class ImageBatch:
    """Rows of a set of images; `to` gathers, changes and normalises them on the device."""

    images: ImageSet
    rows: Tensor  # (B,)
    view: View

    @property
    def count(self) -> int:
        return len(self.rows)

    def to(self, device: torch.device) -> Prepared:
        pixels, labels = self.images.on(device, self.rows)
        images, targets = self.view(pixels, labels)
        return Prepared(images, labels, targets)


class ImageSet:
    """Labelled images of one size, in memory or in a file that is mapped into it."""

    def __init__(
        self,
        store: Tensor,
        labels: Tensor,
        names: Sequence[str] = (),
        *,
        places: Tensor | None = None,
        memory: int = MEMORY,
    ) -> None:
        """`store`: (M, C, S, S) uint8, `labels`: (N,).

        `names` are what the images are called in reports: a path, or "mnist train 17". `places`
        (N,) says where each is in the store. A store of at most `memory` bytes moves to the device
        of the first batch and stays there; of a larger one, a batch is read when it is needed.
        """
        self.labels = labels
        self.names = names
        self.channels, self.size = store.shape[1:3]
        self._store = store
        self._places = torch.arange(len(labels)) if places is None else places
        self._memory = memory
        self._moved = store, self._places, labels

    def __repr__(self) -> str:
        images = f"{len(self.labels):,} images of {self.size}x{self.size}"
        return f"<ImageSet: {images}{', read batch by batch' if self.is_large else ''}>"

    @property
    def is_large(self) -> bool:
        return self._store.nbytes > self._memory

    def on(self, device: torch.device, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Those images (B, C, S, S) and their labels on that device, with all others."""
        store, places, labels = (part.to(device) for part in self._moved)
        self._moved = store, places, labels
        rows = rows.to(device)
        # On a CPU, seven times as fast as store[places[rows]] where images are of some size.
        return store.index_select(0, places[rows]), labels[rows]

    def batches(self, rows: Sequence[Tensor], view: View, threads: int) -> Iterator[ImageBatch]:
        """One batch for each of `rows`, in order; `threads` read those of a large set ahead."""
        if not self.is_large:
            for part in rows:
                yield ImageBatch(self, part, view)
            return

        for part, pixels in zip(rows, _read_ahead(self.pixels, rows, threads), strict=True):
            batch = ImageSet(pixels, self.labels[part])
            yield ImageBatch(batch, torch.arange(len(part)), view)

    def pixels(self, rows: Tensor) -> Tensor:
        """Those images, (B, C, S, S) uint8 on the CPU."""
        places = self._places[rows].numpy()
        # numpy's, which lets other threads work meanwhile, and does not start some of its own.
        return torch.from_numpy(self._store.numpy().take(places, axis=0))

    def select(self, rows: Tensor) -> ImageSet:
        """Those images as a set of their own."""
        labels = self.labels[rows]
        names = [self.names[row] for row in rows.tolist()]
        if self.is_large:
            places = self._places[rows]
            return ImageSet(self._store, labels, names, places=places, memory=self._memory)
        return ImageSet(self.pixels(rows), labels, names)


def _read_ahead(
    read: Callable[[Tensor], Tensor], parts: Sequence[Tensor], threads: int
) -> Iterator[Tensor]:
    """`read` of each part, in order: each thread is at most a part ahead."""
    if not threads:
        yield from map(read, parts)
        return

    waiting: deque[Future[Tensor]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for part in parts:
            waiting.append(pool.submit(read, part))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
