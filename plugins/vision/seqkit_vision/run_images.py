"""The images of a run: which it trains on, which it validates on, under numbers that stay.

A row is the number that an image had when the run began. Files may be moved and renamed, and a
damaged one removed or put back: every other image keeps its row, so that a resumed run trains on
the same images in the same order.

Shapes: N images when the run began.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from seqkit.data.splits import Shares, split
from seqkit.errors import DataError

from . import fingerprints
from .images import ImageSet
from .record import GONE, TRAINED, UNUSED, VALIDATED, ImageRecord, Records
from .sources import Source


@dataclass
class Numbered:
    """The images of a source under their rows."""

    source: Source
    record: ImageRecord
    places: Tensor  # (N,) of each row in `source`, or GONE

    @property
    def images(self) -> ImageSet:
        return self.source.images

    @property
    def gone(self) -> int:
        """How many of the images are not there any more."""
        return int((self.places == GONE).sum())

    def find(self, rows: Tensor) -> Tensor:
        """Where these rows are in the source, without those that are gone."""
        places = self.places[rows]
        return places[places != GONE]

    def used(self, **rows: Tensor) -> ImageRecord:
        """The record with what the rows are used for."""
        uses = torch.full((len(self.record),), UNUSED)
        uses[rows.get("train", uses[:0])] = TRAINED
        uses[rows.get("valid", uses[:0])] = VALIDATED
        return replace(self.record, uses=uses)


class RunImages:
    """The images of a run. Raises `DataError` if there are too few."""

    def __init__(
        self, source: Source, valid: Source | None, shares: Shares, before: Records | None = None
    ) -> None:
        self.source = _numbered(source, before.source if before else None)
        self.valid_source = self.source
        if valid is not None:
            self.valid_source = _numbered(valid, before.valid if before else None)

        rows = split(self.source.record.labels, shares, valid_apart=valid is not None)
        self.train = rows.train
        self.held_out = rows.held_out
        self.valid = rows.valid
        if valid is not None:
            self.valid = torch.arange(len(self.valid_source.record))
        self._check_some_are_left()

    @property
    def train_labels(self) -> Tensor:
        return self.source.record.labels[self.train]

    @property
    def digests(self) -> dict[str, str]:
        """What the images were when the run began, whatever they are called: a line a source."""
        found = {"images": self._digest(self.source)}
        if self.valid_source is not self.source:
            found["validation images"] = self._digest(self.valid_source)
        return found

    def records(self) -> Records:
        """What a checkpoint is to record."""
        if self.valid_source is self.source:
            return Records(self.source.used(train=self.train, valid=self.valid))
        return Records(self.source.used(train=self.train), self.valid_source.used(valid=self.valid))

    def notes(self) -> list[str]:
        """What a person should know of them."""
        notes: list[str] = []
        for numbered in self._sources():
            if numbered.gone:
                notes.append(
                    f"{numbered.gone:,} of the {len(numbered.record):,} images of this run are "
                    "gone: it goes on without them"
                )
        return notes

    def _sources(self) -> list[Numbered]:
        apart = self.valid_source is not self.source
        return [self.source, self.valid_source] if apart else [self.source]

    def _digest(self, numbered: Numbered) -> str:
        record = numbered.record
        return fingerprints.digest(record.prints, record.labels, numbered.source.classes)

    def _check_some_are_left(self) -> None:
        train = self.source.find(self.train)
        valid = self.valid_source.find(self.valid)
        if len(train) < 2 or not len(valid):
            raise DataError("too few images of this run are left: the others are gone")


def _numbered(source: Source, before: ImageRecord | None) -> Numbered:
    labels = source.images.labels
    unused = torch.full_like(labels, UNUSED)
    as_found = Numbered(
        source, ImageRecord(source.prints, labels, unused), torch.arange(len(labels))
    )
    if before is None:
        return as_found

    places = before.find(source.prints, labels)
    return as_found if places is None else Numbered(source, before, places)
