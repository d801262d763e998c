"""What a checkpoint records of the images of its run, by content: names and places may change.

An evaluation can say which of its images the model has seen, and a resumed run finds its images
again, wherever they are and whatever they are called.

Shapes: N images.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import save_file
from torch import Tensor

from seqkit.data.files import open_up
from seqkit.errors import CheckpointError
from seqkit.training import checkpoint

RECORD = "images.safetensors"
GONE = -1
_APART = "valid_"  # before the names of the tensors of images kept apart for validation

UNUSED, TRAINED, VALIDATED = range(3)


@dataclass(frozen=True)
class ImageRecord:
    """The images of a run in the order of its rows."""

    prints: Tensor  # (N,) int64, of seqkit_vision.fingerprints
    labels: Tensor  # (N,)
    uses: Tensor  # (N,)

    def __len__(self) -> int:
        return len(self.prints)

    def prints_of_use(self, use: int) -> set[int]:
        """The fingerprints of the images with this use."""
        return set(self.prints[self.uses == use].tolist())

    def find(self, prints: Tensor, labels: Tensor) -> Tensor | None:
        """Where each recorded image is among these, `GONE` if nowhere: (M,), (M,) -> (N,)

        None if one of these is not recorded, or under another class.
        """
        if torch.equal(prints, self.prints) and torch.equal(labels, self.labels):
            return torch.arange(len(self))

        waiting = _rows_by_image(self.prints, self.labels)
        found = torch.full((len(self),), GONE)
        for row, image in enumerate(zip(prints.tolist(), labels.tolist(), strict=True)):
            if not waiting[image]:
                return None
            found[waiting[image].popleft()] = row
        return found


class Records(NamedTuple):
    """Of the training images, and of those for validation if they are kept apart."""

    source: ImageRecord
    valid: ImageRecord | None = None

    def prints_of_use(self, use: int) -> set[int]:
        """The fingerprints of the images with this use."""
        prints = self.source.prints_of_use(use)
        return prints if self.valid is None else prints | self.valid.prints_of_use(use)


def write_records(folder: Path, records: Records) -> None:
    """Write `records` into a step folder, in one move: an older file is there until it is done."""
    tensors = _tensors(records.source, "")
    if records.valid is not None:
        tensors |= _tensors(records.valid, _APART)

    part = folder / f".{RECORD}.part"
    save_file(tensors, part)
    open_up(part)
    part.replace(folder / RECORD)


def read_records(folder: Path, classes: int | None = None) -> Records | None:
    """What `write_records` wrote; None in a checkpoint from before there were records.

    Raises `CheckpointError` if it is damaged, or has labels beyond a number of `classes`.
    """
    path = folder / RECORD
    if not path.exists():
        return None

    tensors = checkpoint.load_tensors(path)
    try:
        source = _record(tensors, "", classes)
        valid = None
        if f"{_APART}prints" in tensors:
            valid = _record(tensors, _APART, classes)
    except (KeyError, ValueError, RuntimeError):
        raise CheckpointError(
            f"{path} is damaged: it records which images a run was trained on"
        ) from None
    return Records(source, valid)


def _tensors(record: ImageRecord, prefix: str) -> dict[str, Tensor]:
    most = int(record.labels.max())
    kind = torch.uint8 if most < 256 else torch.int32
    return {
        f"{prefix}prints": record.prints,
        f"{prefix}labels": record.labels.to(kind),
        f"{prefix}uses": record.uses.to(torch.uint8),
    }


def _record(tensors: Mapping[str, Tensor], prefix: str, classes: int | None) -> ImageRecord:
    prints, labels, uses = (tensors[f"{prefix}{name}"] for name in ("prints", "labels", "uses"))
    shape = prints.shape
    if len(shape) != 1 or labels.shape != shape or uses.shape != shape:
        raise ValueError("the tensors differ in size")
    if not len(labels) or int(labels.min()) < 0:
        raise ValueError("labels are missing")
    if classes is not None and int(labels.max()) >= classes:
        raise ValueError("there are labels beyond the classes")
    # Earlier runs added 16 to the use of an image that turned out to be damaged.
    return ImageRecord(prints.long(), labels.long(), uses.long() % 16)


def _rows_by_image(prints: Tensor, labels: Tensor) -> defaultdict[tuple[int, int], deque[int]]:
    rows: defaultdict[tuple[int, int], deque[int]] = defaultdict(deque)
    for row, image in enumerate(zip(prints.tolist(), labels.tolist(), strict=True)):
        rows[image].append(row)
    return rows
