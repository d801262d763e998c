"""Image classification as a task of seqkit: the trainer is seqkit's.

Shapes: B images, C channels, S side, K classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seqkit.config import RunConfig, build
from seqkit.errors import ConfigError, shortened
from seqkit.metrics.classification import accuracy
from seqkit.runs.open import open_run
from seqkit.training import checkpoint
from seqkit.training.batch_norm import batch_norm_explained
from seqkit.training.class_weights import class_weights
from seqkit.training.output_layer import keep_all_but_output
from seqkit.training.task import Goal, Step, Task, Totals

from .classifier import Classifier
from .data_config import ImageData
from .decoding import SIXTEEN_BITS
from .held_out import HeldOut, RunData
from .images import ImageBatch, Prepared
from .metadata import ImageMetadata, read_metadata, write_metadata
from .models.contract import HasAuxiliaryOutputs, ImageModel
from .parts import TRAIN, VALID
from .record import read_records, write_records
from .run_images import RunImages
from .shapes import Wanted
from .sources import Source, classes_of, open_source, parts_of
from .statistics import channel_statistics
from .views import Augmented, Plain


class ImageClassification:
    """The task "vision"; see `seqkit.training.task.Task`."""

    contract: ClassVar[type] = ImageModel
    sections: ClassVar[Mapping[str, type]] = {"data": ImageData}
    goal = Goal("accuracy", "higher")

    def __init__(self, config: RunConfig, folder: Path | None = None) -> None:
        values = config.sections["data"]
        self.data = build(ImageData, values, "[data]")
        self.seed = config.train.seed
        self.smoothing = config.optim.label_smoothing

        known = read_metadata(folder) if folder else None
        keeps_classes = known is not None and _are_known(self.data.source, known)
        wanted_images = wanted(self.data, known, keep_classes=keeps_classes)
        source = open_source(self.data.source, TRAIN, wanted_images)
        valid = self._open_valid(source)
        self.images = source.images
        self.classes = source.classes
        self.deep = source.deep

        before = None
        if folder and known and _same_run(folder, values):
            before = read_records(folder, len(known.classes))
        self.rows = RunImages(source, valid, self.data, before)
        self.notes = [*source.notes, *(valid.notes if valid else ()), *self.rows.notes()]

        train_images = self.rows.source.find(self.rows.train)
        normalise = known.normalise if known else channel_statistics(self.images, train_images)
        self.plain = Plain(normalise)
        self.augmented = Augmented(normalise, self.data.augmentation, len(self.classes))

        self._weights: Tensor | None = None
        if self.data.class_weights:
            self._weights = class_weights(self._counts())

    def _open_valid(self, source: Source) -> Source | None:
        """The images for validation, if the source keeps them apart; they become as the others."""
        if VALID not in parts_of(self.data.source):
            return None
        like_the_others = Wanted(
            size=source.images.size,
            channels=source.images.channels,
            classes=tuple(source.classes),
            skip_bad=self.data.skip_bad,
            memory=self.data.memory,
            deep=source.deep,
        )
        return open_source(self.data.source, VALID, like_the_others)

    @classmethod
    def own_data(cls, train: Sequence[Path], valid: Sequence[Path] = ()) -> dict[str, Any]:
        if len(train) != 1 or valid:
            raise ConfigError(
                "images are one folder with a folder per class, or one CSV file (path,label)"
            )
        return {"data.source": str(train[0])}

    def describe(self) -> list[str]:
        counts = self._counts()
        rarest = int(counts.argmin())
        commonest = int(counts.argmax())

        size = self.images.size
        colour = "colour" if self.images.channels == 3 else "grey"
        lines = [
            *self.notes,
            f"{len(self.rows.train):,} training images, {len(self.rows.valid):,} for validation; "
            f"{size}x{size}, {colour}",
            f"{len(self.classes)} classes, "
            f"from {int(counts[rarest]):,} ({self.classes[rarest]}) "
            f"to {int(counts[commonest]):,} images ({self.classes[commonest]})",
        ]
        if self.deep != SIXTEEN_BITS:
            lines.append(
                f"of images with more than 8 bits, {self.deep.black:,} becomes black and "
                f"{self.deep.white:,} white"
            )
        return lines

    def _counts(self) -> Tensor:
        """Training images of each class: (K,)"""
        return torch.bincount(self.rows.train_labels, minlength=len(self.classes))

    def digests(self) -> dict[str, str]:
        return self.rows.digests

    def dims(self) -> dict[str, int]:
        return {
            "channels": self.images.channels,
            "size": self.images.size,
            "classes": len(self.classes),
        }

    def train_batches(
        self, epoch: int, *, start: int, rank: int, world: int
    ) -> Iterator[ImageBatch]:
        """Images left over at the end of an epoch are dropped: batch norm needs more than one."""
        seed = self.seed * 1_000_003 + epoch
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(self.rows.train), generator=generator)
        rows = self.rows.source.find(self.rows.train[order])

        size = min(self.data.batch, len(rows))
        whole_batches = len(rows) // size * size
        batches = rows[:whole_batches].split(size)
        mine = batches[start + rank :: world]
        return self.images.batches(mine, self.augmented, self.data.workers)

    def valid_batches(self, *, rank: int = 0, world: int = 1) -> Iterable[ImageBatch]:
        rows = self.rows.valid_source.find(self.rows.valid)
        batches = rows.split(self.data.batch)[rank::world]
        images = self.rows.valid_source.images
        return images.batches(batches, self.plain, self.data.workers)

    def fold(self) -> HeldOut:
        """The images of this fold of a cross-validation, on which nothing was chosen."""
        rows = self.rows.source.find(self.rows.held_out)
        return HeldOut(f"fold {self.data.fold}", self.images.select(rows), notes=[])

    def step(self, model: nn.Module, batch: Prepared, carry: Any) -> Step:
        if model.training:
            with batch_norm_explained(len(batch.labels), "image"):
                return Step(self._training_loss(model, batch))

        logits = model(batch.images).float()
        loss = F.cross_entropy(logits, batch.labels, reduction="sum")
        correct = logits.argmax(-1) == batch.labels
        return Step(loss, sums={"right": correct.sum()})

    def _training_loss(self, model: nn.Module, batch: Prepared) -> Tensor:
        if not isinstance(model, HasAuxiliaryOutputs):
            return self._loss(model(batch.images), batch.targets)

        outputs = model.all_logits(batch.images)
        losses = [weight * self._loss(logits, batch.targets) for weight, logits in outputs]
        return torch.stack(losses).sum()

    def _loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        weights = None if self._weights is None else self._weights.to(logits.device)
        return F.cross_entropy(
            logits.float(),
            targets,
            weight=weights,
            reduction="sum",
            label_smoothing=self.smoothing,
        )

    def metrics(self, model: nn.Module, totals: Totals) -> dict[str, float]:
        return {
            "accuracy": accuracy(totals.sums["right"], totals.count),
            "loss": totals.loss / totals.count,
        }

    def save(self, folder: Path) -> None:
        metadata = ImageMetadata(
            classes=self.classes,
            size=self.images.size,
            channels=self.images.channels,
            **asdict(self.plain.normalise),
            **self.deep._asdict(),
        )
        write_metadata(folder, metadata)
        write_records(folder, self.rows.records())

    def start_from(self, folder: Path, model: nn.Module) -> list[str]:
        """Fill `model` from another run's checkpoint; other classes get a new last layer.

        Returns what a person should know of it. Raises `CheckpointError` if it does not fit.
        """
        before = read_metadata(folder)
        if before.classes == self.classes:
            checkpoint.load_model(folder, model)
            return self._without_images(folder)

        trained = open_run(folder, device="cpu", task="vision").model
        new = keep_all_but_output(trained, model, folder)
        return [
            f"from {folder}: the last layer is new ({', '.join(new)}), for the classes "
            f"{shortened(self.classes)} in place of {shortened(before.classes)}; "
            "the other layers and the normalisation are kept"
        ]

    def _without_images(self, folder: Path) -> list[str]:
        """A note on classes that the model keeps, and of which there are no images."""
        present = set(self.images.labels.tolist())
        absent = [name for number, name in enumerate(self.classes) if number not in present]
        if not absent:
            return []
        return [
            f"from {folder}: the model keeps its {len(self.classes):,} classes; there are no "
            f"images of {shortened(absent)}"
        ]

    @classmethod
    def open(cls, model: nn.Module, folder: Path, config: RunConfig) -> Classifier:
        metadata = read_metadata(folder)
        values = config.sections["data"]
        data = build(ImageData, values, "[data]")
        run = RunData(source=data.source, test=data.test, folder=folder)

        name = config.model["name"]
        return Classifier(model, metadata, name=name, run=run)


def _are_known(source: str, known: ImageMetadata) -> bool:
    """Whether the model of a checkpoint has all classes of the images."""
    return set(classes_of(source)) <= set(known.classes)


def wanted(data: ImageData, known: ImageMetadata | None, *, keep_classes: bool = True) -> Wanted:
    """What training images must become, with or without the `known` images of a checkpoint.

    Without `keep_classes`, the classes are those of the images.

    Raises `ConfigError` if the settings ask for something else than the checkpoint's model takes.
    """
    if known is None:
        return Wanted(
            size=data.size, channels=data.channels, skip_bad=data.skip_bad, memory=data.memory
        )

    for name in ("size", "channels"):
        asked = getattr(data, name)
        fixed = getattr(known, name)
        if asked and asked != fixed:
            raise ConfigError(
                f"data.{name} = {asked}, and the weights to start from are for {fixed}: "
                "leave it out"
            )
    return Wanted(
        size=known.size,
        channels=known.channels,
        classes=tuple(known.classes) if keep_classes else (),
        skip_bad=data.skip_bad,
        memory=data.memory,
        deep=known.deep,
    )


def _same_run(folder: Path, data: Mapping[str, Any]) -> bool:
    """Whether a checkpoint is of a run that splits its images by these settings."""
    before = checkpoint.read_meta(folder).get("config", {}).get("data", {})
    decisive = ("limit", "valid_share", "folds", "fold")
    return all(before.get(key) == data.get(key) for key in decisive)


if TYPE_CHECKING:
    _: type[Task] = ImageClassification  # or mypy says what is missing
