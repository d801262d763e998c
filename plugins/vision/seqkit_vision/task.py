"""Image classification as a task of seqkit: the trainer is seqkit's.

Shapes: B images, C channels, S side.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from pydantic import Field, field_validator
from torch import Tensor, nn

from seqkit.config import RunConfig, build, plain, required, section, setting
from seqkit.errors import CheckpointError, ConfigError, DataError
from seqkit.training import checkpoint
from seqkit.training.task import Goal, Step, Task, Totals

from .contract import ImageModel
from .corpora import CLASSES, TRAIN
from .images import ImageBatch, ImageSet, Prepared, Tensors
from .report import accuracy
from .sources import MEMORY, Wanted, open_source
from .views import Augmentation, Augmented, Normalisation, Plain

if TYPE_CHECKING:
    from .classifier import Classifier

IMAGES = "images.json"
_SPLIT_SEED = 0  # the validation images are the same whatever the seed of a run
_SAMPLE = 2000  # images of a streamed set from which mean and deviation are taken


@section
class ImageData:
    source: str = setting(
        "mnist, fashion-mnist, cifar10, a folder with a folder of images per class, or a CSV file (path,label)",
        default="",
    )
    test: str = setting(
        "test images, likewise, for `seqkit vision evaluate`; '' = the source's own", default=""
    )
    size: int = setting(
        "side of the square that images become; 0 = they all have one size", default=0, ge=0
    )
    channels: Literal[0, 1, 3] = setting("1 grey, 3 colour, 0 as the images are", default=0)
    limit: int = setting("use that many training images, drawn at random; 0 = all", default=0, ge=0)
    valid_share: float = setting(
        "share of the training images that validate", default=0.1, gt=0, lt=1
    )
    folds: int = setting("cut the training images into that many parts instead …", default=0, ge=0)
    fold: int = setting("… of which this one, counted from 0, validates", default=0, ge=0)
    batch: int = setting("images of a batch", default=64, ge=1)
    crop: int = setting("move each image by up to so many pixels", default=0, ge=0)
    flip: bool = setting("mirror half of the images", default=False)
    colour: float = setting(
        "change brightness, contrast and saturation by up to this share", default=0.0, ge=0, le=1
    )
    erase: float = setting(
        "share of the images that lose a rectangle (arXiv:1708.04896)", default=0.0, ge=0, le=1
    )
    mixup: float = setting("alpha of mixtures of two images (arXiv:1710.09412)", default=0.0, ge=0)
    cutmix: float = setting(
        "alpha of images pasted into images (arXiv:1905.04899)", default=0.0, ge=0
    )
    class_weights: bool = setting(
        "rare classes count more: by the inverse of their number", default=False
    )
    skip_bad: bool = setting(
        "leave out files that cannot be read, and say so, instead of stopping", default=False
    )
    memory: int = setting(
        "bytes; a larger set is read from its files while it trains", default=MEMORY, ge=0
    )
    workers: int = setting("processes that read files of such a set", default=2, ge=0)

    def __post_init__(self) -> None:
        if self.folds == 1 or (self.folds and self.fold >= self.folds):
            raise ValueError(
                f"folds = {self.folds}, fold = {self.fold}: fold is 0 to folds - 1, folds at least 2"
            )

    @field_validator("source", "test")
    @classmethod
    def _absolute(cls, name: str) -> str:
        """So that a run's config.toml repeats the run from anywhere."""
        return name if not name or name in CLASSES else str(Path(name).absolute())


@section
class ImageMetadata:
    """What a checkpoint says of its images."""

    classes: list[str] = required("names, in the order of the outputs", min_length=2)
    size: int = required("side", ge=1)
    channels: int = required("1 grey, 3 colour", ge=1, le=3)
    mean: list[float] = required("of each channel, of values between 0 and 1")
    std: list[Annotated[float, Field(gt=0)]] = required("standard deviation, likewise")

    def __post_init__(self) -> None:
        if not len(self.mean) == len(self.std) == self.channels:
            raise ValueError(f"mean and std are of {self.channels} channels")

    @property
    def normalise(self) -> Normalisation:
        return Normalisation(self.mean, self.std)


class Classification:
    """The task "vision"; see `seqkit.training.task.Task`."""

    contract: ClassVar[type] = ImageModel
    sections: ClassVar[Mapping[str, type]] = {"data": ImageData}
    goal = Goal("accuracy", "higher")

    def __init__(self, config: RunConfig, folder: Path | None = None) -> None:
        self.data = build(ImageData, config.sections["data"], "[data]")
        self.seed, self.smoothing = config.train.seed, config.optim.label_smoothing
        known = read_metadata(folder) if folder else None
        for name in ("size", "channels") if known else ():
            asked, has = getattr(self.data, name), getattr(known, name)
            if asked and asked != has:
                raise ConfigError(
                    f"data.{name} = {asked}, and the weights to start from are for {has}: leave it out"
                )
        wanted = Wanted(
            known.size if known else self.data.size,
            known.channels if known else self.data.channels,
            known.classes if known else (),
            self.data.skip_bad,
            self.data.memory,
        )
        source = open_source(self.data.source, TRAIN, wanted)
        self.images, self.classes, self.notes = source.images, source.classes, source.notes
        self._train, self._valid = split(len(self.images.labels), self.data)
        normalise = known.normalise if known else channel_statistics(self.images, self._train)
        names = Augmentation.__dataclass_fields__
        how = Augmentation(**{name: getattr(self.data, name) for name in names})
        self.plain, self.augmented = Plain(normalise), Augmented(normalise, how, len(self.classes))
        self._weights = (
            class_weights(self.images.labels[self._train], len(self.classes))
            if self.data.class_weights
            else None
        )

    @classmethod
    def own_data(cls, train: Sequence[Path], valid: Sequence[Path] = ()) -> dict[str, Any]:
        if len(train) != 1 or valid:
            raise ConfigError(
                "images are one folder with a folder per class, or one CSV file (path,label)"
            )
        return {"data.source": str(train[0])}

    def describe(self) -> list[str]:
        counts = torch.bincount(self.images.labels[self._train], minlength=len(self.classes))
        fewest, most = int(counts.argmin()), int(counts.argmax())
        size, channels = self.images.size, self.images.channels
        return [
            *self.notes,
            f"{len(self._train):,} training images, {len(self._valid):,} for validation; {size}x{size}, "
            f"{'colour' if channels == 3 else 'grey'}",
            f"{len(self.classes)} classes, from {int(counts[fewest]):,} ({self.classes[fewest]}) "
            f"to {int(counts[most]):,} images ({self.classes[most]})",
        ]

    def dims(self) -> dict[str, int]:
        return {
            "channels": self.images.channels,
            "size": self.images.size,
            "classes": len(self.classes),
        }

    def train_batches(
        self, epoch: int, *, start: int, rank: int, world: int
    ) -> Iterator[ImageBatch]:
        """The last images of an epoch, too few for a batch, are left out: batch norm needs more than one."""
        order = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        rows = self._train[torch.randperm(len(self._train), generator=order)]
        size = min(self.data.batch, len(rows))
        batches = rows[: len(rows) // size * size].split(size)
        return self.images.batches(
            batches[start + rank :: world], self.augmented, self.data.workers
        )

    def valid_batches(self) -> Iterable[ImageBatch]:
        return self.images.batches(
            self._valid.split(self.data.batch), self.plain, self.data.workers
        )

    def step(self, model: nn.Module, batch: Prepared, carry: Any) -> Step:
        if model.training:
            several: Any = getattr(
                model, "all_logits", None
            )  # auxiliary outputs: (share, logits) of each
            outputs = several(batch.images) if several else [(1.0, model(batch.images))]
            losses = [share * self._loss(logits, batch.targets) for share, logits in outputs]
            return Step(torch.stack(losses).sum())
        logits = model(batch.images).float()
        loss = F.cross_entropy(logits, batch.labels, reduction="sum")
        return Step(loss, sums={"right": (logits.argmax(-1) == batch.labels).sum()})

    def _loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        weights = None if self._weights is None else self._weights.to(logits.device)
        return F.cross_entropy(
            logits.float(), targets, weight=weights, reduction="sum", label_smoothing=self.smoothing
        )

    def metrics(self, model: nn.Module, totals: Totals) -> dict[str, float]:
        return {
            "accuracy": accuracy(totals.sums["right"], totals.count),
            "loss": totals.loss / totals.count,
        }

    def save(self, folder: Path) -> None:
        size, channels, normalise = self.images.size, self.images.channels, self.plain.normalise
        write_metadata(
            folder,
            ImageMetadata(classes=self.classes, size=size, channels=channels, **asdict(normalise)),
        )

    @classmethod
    def open(cls, model: nn.Module, folder: Path, config: RunConfig) -> Classifier:
        from .classifier import Classifier

        facts = read_metadata(folder)
        return Classifier(
            model,
            classes=facts.classes,
            size=facts.size,
            channels=facts.channels,
            normalise=facts.normalise,
            name=config.model["name"],
        )


def write_metadata(folder: Path, facts: ImageMetadata) -> None:
    """Write `facts` into a step folder."""
    (folder / IMAGES).write_text(
        json.dumps(plain(facts), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def read_metadata(folder: Path) -> ImageMetadata:
    """What `write_metadata` wrote, checked against the model beside it; raises `CheckpointError`."""
    dims = checkpoint.read_meta(folder).get("dims")
    try:
        facts = build(
            ImageMetadata, json.loads((folder / IMAGES).read_text(encoding="utf-8")), IMAGES
        )
        if dims == {"channels": facts.channels, "size": facts.size, "classes": len(facts.classes)}:
            return facts
    except (OSError, ValueError, ConfigError):
        pass
    raise CheckpointError(
        f"{folder / IMAGES} is missing or damaged: it holds the class names and sizes of a model"
    )


def split(count: int, data: ImageData) -> tuple[Tensor, Tensor]:
    """Rows that train and rows that validate; raises `DataError` if there are too few."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(_SPLIT_SEED))
    order = order[: data.limit or count]
    parts = [*order.tensor_split(data.folds)] if data.folds else []
    cut = max(1, round(len(order) * data.valid_share))
    valid = parts.pop(data.fold) if parts else order[:cut]
    train = torch.cat(parts) if parts else order[cut:]
    if len(train) < 2 or not len(valid):
        raise DataError(f"{len(order)} images are too few to train on some and validate on others")
    return train, valid


def channel_statistics(images: ImageSet, rows: Tensor) -> Normalisation:
    """Mean and deviation of each channel over the training images, or over some of a set that is streamed."""
    rows = rows if isinstance(images, Tensors) else rows[:_SAMPLE]
    sums = torch.zeros(2, images.channels, dtype=torch.float64)
    for part in rows.split(1000):
        values = images.pixels(part).transpose(0, 1).flatten(1).double() / 255
        sums += torch.stack([values.sum(1), values.square().sum(1)])
    mean, square = sums / (len(rows) * images.size**2)
    deviation = (square - mean.square()).clamp(min=0).sqrt()
    return Normalisation(mean.tolist(), torch.where(deviation > 1e-3, deviation, 1.0).tolist())


def class_weights(labels: Tensor, classes: int) -> Tensor:
    """Weights of the classes, inverse to their number of images; 1 on average over the images."""
    counts = torch.bincount(labels, minlength=classes)
    return len(labels) / ((counts > 0).sum() * counts.clamp(min=1))


if TYPE_CHECKING:
    _: type[Task] = Classification  # or mypy says what is missing
